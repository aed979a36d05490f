"""The question behind every reason: can one more task of a group be placed, and nobody at or above it lose one?"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from solver.domain.counts import Counts, Ints
from solver.domain.problem import Problem
from solver.rules.bound import Rules
from solver.rules.unplaced import Unplaced


def placed(problem: Problem, tasks: Counts) -> Ints:
    """``int64[G]``: new tasks of each group in a plan."""
    return (tasks - problem.running).positive().totals()


def goal(problem: Problem, tasks: Counts, group: int, *, together: bool = True) -> Ints:
    """``int64[G]``: the starts that a plan with one more task of ``group`` needs.

    Every group of the same class or a higher one keeps what the plan ``tasks`` gave it; lower classes give way (§5.1).
    Where tasks go together (§6.3) one more means all of them; ``together`` false leaves that out.
    """
    groups = problem.groups
    own = groups[group]
    wanted = problem.wanted
    if problem.all_or_nothing and together:
        return wanted.copy()
    had = placed(problem, tasks)
    keeps = np.array([other.priority >= own.priority for other in groups], np.bool_)
    needed = np.where(keeps & (not problem.all_or_nothing), had, 0)
    gang = own.all_or_nothing and (together or problem.all_or_nothing)
    needed[group] = wanted[group] if gang else had[group] + 1
    return needed.astype(np.int64)


def restated(problem: Problem, needed: Ints, optional: Ints | None = None) -> Problem:
    """The problem of placing ``needed`` of each group, all of it or nothing.

    ``optional`` tasks may start as well, where they help; then it is no longer all or nothing.
    """
    starts = needed if optional is None else needed + optional
    groups = tuple(
        replace(group, start=start, all_or_nothing=False) if group.start != start or group.all_or_nothing else group
        for group, start in zip(problem.groups, starts.tolist(), strict=True)
    )
    helped = optional is not None and bool(optional.any())
    return replace(problem, groups=groups, all_or_nothing=not helped)


def asked(rules: Rules, problem: Problem, needed: Ints) -> Rules:
    """Rules whose one objective is that nothing of ``needed`` is missing in ``problem``."""
    starting = tuple(np.flatnonzero(needed).tolist())
    return Rules(problem, rules.constraints, rules.strategies, (Unplaced(0, starting),))
