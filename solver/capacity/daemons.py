"""DAEMON services follow the instances: what they want of a cluster in which some were bought and some given up (§2.2)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from solver.domain.counts import Bools, Counts
from solver.domain.problem import Problem
from solver.domain.request import Scheduling
from solver.rules.bind import bind


def following(problem: Problem) -> Problem:
    """The same where they want no more tasks than there are instances that lack one and take new tasks."""
    starts = {g: min(problem.groups[g].start, int(lacking.sum())) for g, lacking in _lacking(problem).items()}
    return _starting(problem, starts)


def without_starts(problem: Problem) -> Problem:
    """The same where they want nothing; the room that they are owed is held back still."""
    return _starting(problem, dict.fromkeys(_wanting(problem), 0))


def with_starts(problem: Problem, tasks: Counts) -> Counts:
    """The plan with as many of their tasks as they want, one on each instance that lacks one, the first ones first."""
    for g, lacking in _lacking(problem).items():
        chosen = np.flatnonzero(lacking)[: problem.groups[g].start]
        shape = (tasks.groups, tasks.instances)
        tasks = tasks + Counts.of(shape, np.full(len(chosen), g), chosen, np.ones(len(chosen), np.int64))
    return tasks


def _wanting(problem: Problem) -> list[int]:
    return [g for g, one in enumerate(problem.groups) if one.scheduling is Scheduling.DAEMON and one.start]


def _lacking(problem: Problem) -> dict[int, Bools]:
    """``bool[I]`` for each that wants tasks: instances that may take its task and have none of its family."""
    wanting = _wanting(problem)
    rules = bind(problem) if wanting else None
    return {
        g: rules.usable(g) & problem.open_to_change & (problem.running_of(problem.groups[g].family) == 0)
        for g in wanting
        if rules is not None
    }


def _starting(problem: Problem, starts: dict[int, int]) -> Problem:
    """The problem with other numbers of new tasks of some groups."""
    if all(problem.groups[g].start == start for g, start in starts.items()):
        return problem
    groups = [
        replace(group, start=starts.get(g, group.start), all_or_nothing=group.all_or_nothing and starts.get(g, 1) > 0)
        for g, group in enumerate(problem.groups)
    ]
    return replace(problem, groups=tuple(groups))
