"""The checker: no plan leaves without passing it (§6.4).

It judges counts by each rule's ``violations`` alone, on the request as it came, and never by ``admits``, ``room`` or
``compile``; the engines and their reductions share nothing with it but the rules' plain form. (Which tier moves must gain in
is fixed by counting, before any search.)
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from solver.domain.counts import Counts, Ints
from solver.domain.explanation import Violation
from solver.domain.placement import Placement
from solver.domain.problem import Problem
from solver.rules.bind import bind
from solver.rules.bound import Rules


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
    rules = rules or bind(problem)
    for constraint in rules.constraints:
        found_here += constraint.violations(placement)
    if rules.gain is not None:
        found_here += rules.gain.violations(placement)
    return tuple(found_here)


def broken(problem: Problem, tasks: Counts, rules: Rules) -> tuple[Violation, ...]:
    """What a state breaks, whoever broke it (§8)."""
    placement = Placement(problem, tasks)
    return tuple(found for constraint in rules.constraints for found in constraint.broken(placement))


def _counts(problem: Problem, tasks: Counts) -> list[Violation]:
    """The operation itself: what may stop and what must, how many tasks there may be, gangs whole, budgets (§1.3, §6.3)."""
    change = tasks - problem.running
    started, stopped = change.positive(), (problem.running - tasks).positive()
    if found := list(_stops(problem, stopped)):
        # What else is wrong with the numbers of tasks follows from it.
        return found
    return [
        *_totals(problem, tasks),
        *_gangs(problem, change.totals()),
        *_moves(problem, np.minimum(started.totals(), stopped.totals())),
    ]


def _stops(problem: Problem, stopped: Counts) -> Iterator[Violation]:
    """Only what may stop does, and what is to leave has left."""
    groups, label, operation = problem.groups, problem.cluster.label, problem.operation
    for g, i, count in stopped - operation.stoppable:
        if count > 0:
            may = int(operation.stoppable.row(g)[i])
            yield Violation("tasks that may stop", groups[g].name, label(i), may, may + count, "tasks stopped")
    for g, i, count in operation.leaving - stopped:
        if count > 0:
            yield Violation("drained", groups[g].name, label(i), 0, count, "tasks that should have left")


def _totals(problem: Problem, tasks: Counts) -> Iterator[Violation]:
    """No more tasks than there should be, and no fewer than must be kept."""
    after, operation = tasks.totals(), problem.operation
    for g in np.flatnonzero(after > operation.desired).tolist():
        yield Violation(
            "tasks wanted", problem.groups[g].name, "cluster", int(operation.desired[g]), int(after[g]), "tasks"
        )
    for g in np.flatnonzero(after < operation.kept).tolist():
        unit = "tasks stopped though nobody asked"
        lost = int(operation.kept[g] - after[g])
        yield Violation("tasks kept", problem.groups[g].name, "cluster", 0, lost, unit)


def _gangs(problem: Problem, more: Ints) -> Iterator[Violation]:
    """All new tasks of a gang, or none."""
    for g, group in enumerate(problem.groups):
        if group.all_or_nothing and 0 < more[g] < problem.wanted[g]:
            unit = f"new tasks of the {int(problem.wanted[g])} that go together"
            yield Violation("all or nothing", group.name, "cluster", 0, int(more[g]), unit)
    gained = np.maximum(more, 0)
    if problem.all_or_nothing and gained.any() and (more < problem.wanted)[problem.wanted > 0].any():
        unit = f"new tasks of the {int(problem.wanted.sum())} that go together"
        yield Violation("all or nothing", "", "cluster", 0, int(gained.sum()), unit)


def _moves(problem: Problem, moved: Ints) -> Iterator[Violation]:
    """Within the budgets."""
    for g, group in enumerate(problem.groups):
        most = group.max_moves if problem.operation.moving[g] else 0
        if most is not None and moved[g] > most:
            yield Violation("tasks that may move", group.name, "cluster", most, int(moved[g]), "tasks moved")
    freedom = problem.freedom
    if freedom.max_moves is not None and moved.sum() > freedom.max_moves:
        yield Violation("moves", "", "cluster", freedom.max_moves, int(moved.sum()), "tasks moved")
    cost = int(sum(group.move_cost * int(moved[g]) for g, group in enumerate(problem.groups)))
    if freedom.max_move_cost is not None and cost > freedom.max_move_cost:
        yield Violation("cost of moves", "", "cluster", freedom.max_move_cost, cost, "cost of the moves")
