"""What an operation cannot do, whatever the engines find: tasks that were to stop and may not."""

from __future__ import annotations

import numpy as np

from solver.domain.problem import Problem
from solver.domain.request import Scheduling

BLOCKED = "DEPLOYMENT_BLOCKED"
"""ECS's word where protection keeps more tasks than there should be (ECS API, UpdateTaskProtection)."""


def blocked_stops(problem: Problem) -> dict[str, tuple[int, int]]:
    """By family, how many tasks were asked to stop and may not, and how many were asked to."""
    found = {}
    for family, members in problem.families.items():
        wanted = sum(problem.groups[g].stop for g in members)
        stays = wanted - sum(int(problem.operation.asked[g]) for g in members)
        if stays:
            found[family] = (stays, wanted)
    return found


def held_on_drained(problem: Problem) -> dict[str, int]:
    """By family, the tasks of REPLICA services that stay on instances being drained."""
    found: dict[str, int] = {}
    if not problem.drained.any():
        return found
    for g, i, count in problem.running - problem.operation.leaving:
        group = problem.groups[g]
        if count > 0 and problem.drained[i] and group.scheduling is Scheduling.REPLICA:
            found[group.family] = found.get(group.family, 0) + count
    return found


def blocked_warnings(problem: Problem) -> tuple[str, ...]:
    """A sentence for each family that protection, or what is frozen, keeps from doing what was asked."""
    said = []
    for family, (stays, wanted) in blocked_stops(problem).items():
        said.append(f"{family}: {BLOCKED}: {stays:,} of {wanted:,} tasks to stop are protected or frozen, and stay")
    for family, stays in held_on_drained(problem).items():
        said.append(f"{family}: {BLOCKED}: {stays:,} on instances being drained are protected or frozen, and stay")
    return tuple(said)


def is_blocked(problem: Problem) -> bool:
    """Whether something that was asked for cannot be, since tasks are protected or frozen."""
    stops = np.array([group.stop for group in problem.groups], np.int64)
    return bool((stops > problem.operation.asked).any()) or bool(held_on_drained(problem))
