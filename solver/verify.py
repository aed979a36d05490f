"""The checker: no plan leaves without passing it (§6.4).

It judges counts by each rule's ``violations`` alone, on the request as it came, and never by ``admits``, ``room`` or
``compile``; the engines and their reductions share nothing with it but the rules' plain form.
"""

from __future__ import annotations

import numpy as np

from solver.domain.counts import Counts
from solver.domain.explanation import Violation
from solver.domain.placement import Placement
from solver.domain.problem import Problem
from solver.rules.bind import Rules, bind


def check(problem: Problem, tasks: Counts, rules: Rules | None = None) -> tuple[Violation, ...]:
    """Everything that is wrong with the state ``tasks`` as an answer to ``problem``; empty if nothing is.

    Raises
    ------
    InvalidRequest
        If the rules of the problem cannot be read.
    """
    shape = (len(problem.groups), problem.cluster.size)
    if (tasks.groups, tasks.instances) != shape:
        found = tasks.groups * tasks.instances
        return (Violation("shape of the plan", "", "plan", shape[0] * shape[1], found, "cells"),)
    found_here = _counts(problem, tasks)
    if (tasks.count < 0).any():
        return tuple(found_here)
    placement = Placement(problem, tasks)
    for constraint in (rules or bind(problem)).constraints:
        found_here += constraint.violations(placement)
    return tuple(found_here)


def broken(problem: Problem, tasks: Counts, rules: Rules) -> tuple[Violation, ...]:
    """What a state breaks, whoever broke it (§8)."""
    placement = Placement(problem, tasks)
    return tuple(found for constraint in rules.constraints for found in constraint.broken(placement))


def _counts(problem: Problem, tasks: Counts) -> list[Violation]:
    """The operation itself: nothing negative, nothing stopped, not more started than wanted, gangs whole (§1.3, §6.3)."""
    found = []
    change = tasks - problem.running
    label = problem.cluster.label
    for g, i, count in zip(change.group.tolist(), change.instance.tolist(), change.count.tolist(), strict=True):
        if count < 0:
            found.append(Violation("nothing stops", problem.groups[g].name, label(i), 0, -count, "tasks stopped"))
    started = change.positive().totals()
    for g in np.flatnonzero(started > problem.wanted).tolist():
        wanted, unit = int(problem.wanted[g]), "new tasks"
        found.append(Violation("tasks wanted", problem.groups[g].name, "cluster", wanted, int(started[g]), unit))
    for g, group in enumerate(problem.groups):
        if group.all_or_nothing and 0 < started[g] < problem.wanted[g]:
            unit = f"new tasks of the {int(problem.wanted[g])} that go together"
            found.append(Violation("all or nothing", group.name, "cluster", 0, int(started[g]), unit))
    if problem.all_or_nothing and 0 < started.sum() < problem.wanted.sum():
        unit = f"new tasks of the {int(problem.wanted.sum())} that go together"
        found.append(Violation("all or nothing", "", "cluster", 0, int(started.sum()), unit))
    return found
