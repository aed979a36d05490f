"""Families spread more evenly over the values of a field, one task after the other from the fullest value to the emptiest."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from solver.domain.counts import Bools, Counts, Ints
from solver.domain.placement import Placement
from solver.engines.deadline import Deadline
from solver.engines.refilling import fullest_first
from solver.rules.bound import Rules
from solver.rules.buckets import Buckets
from solver.rules.largest_skew import LargestSkew


def evened(rules: Rules, tasks: Counts, cost: LargestSkew, deadline: Deadline) -> Counts:
    """Counts after as many moves as it takes until no family is beyond the skew that the cost allows, as far as tasks find room.

    Tasks leave the instances with the fewest, and go where something runs already. Budgets of moves, and what rules say of a
    stop, are the checker's to judge.
    """
    state = Placement(rules.problem, tasks)
    in_use = rules.problem.in_use(tasks)
    for family, buckets in cost.families:
        while not deadline.passed():
            counts = buckets.count_of(state, family)
            # One task more than in the emptiest is as even as it gets: the next move would only swap the two.
            if int(np.ptp(counts)) <= max(cost.beyond, 1) or not _move_one(
                rules, state, family, buckets, counts, in_use
            ):
                break
    return state.tasks


def _move_one(rules: Rules, state: Placement, family: str, buckets: Buckets, counts: Ints, in_use: Bools) -> bool:
    """Move one task from the fullest bucket to the emptiest; whether there was one that could."""
    full, empty = int(counts.argmax()), int(counts.argmin())
    for g, source in _movers(rules, state, family, buckets.of == full):
        state.start(g, np.array([source]), np.array([-1]))
        room = np.where(buckets.of == empty, rules.room(state, g), 0)
        order = fullest_first(state, np.flatnonzero(room > 0))
        if len(order):
            used = order[in_use[order]]
            state.start(g, used[:1] if len(used) else order[:1], np.array([1]))
            return True
        state.start(g, np.array([source]), np.array([1]))
    return False


def _movers(rules: Rules, state: Placement, family: str, inside: Bools) -> Iterator[tuple[int, int]]:
    """Groups, and for each the instance there with the fewest tasks that one of its tasks may leave."""
    operation = rules.problem.operation
    for g in rules.problem.families[family]:
        if operation.moving[g]:
            may = state.row(g) - operation.fixed.row(g)
            here = np.flatnonzero(inside & (may > 0))
            if len(here):
                yield g, int(here[np.argmin(state.running_tasks[here])])
