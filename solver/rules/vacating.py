"""How much instances can be worth that budgets of moves allow to empty: a counting bound of tiers that count those in use.

An instance is empty once each of its tasks has moved or is lost. So the tasks of all that are emptied are no more than the moves
allowed and the tasks lost: a knapsack, of instances by their tasks.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from solver.domain.counts import Bools, Ints
from solver.rules.base import Counting

MOST_CELLS = 20_000_000
"""Instances times budget: above, instances may be taken in part, which bounds the same, a little less well."""


def most_vacated(facts: Counting, groups: Sequence[int], worth: Ints) -> int:
    """The most that the instances are worth together which tasks of ``groups`` keep in use and a plan may empty of them.

    Parameters
    ----------
    groups
        Those whose tasks keep an instance in use.
    worth
        ``int64[I]``: zero or more.
    """
    problem = facts.problem
    freedom, operation, size = problem.freedom, problem.operation, problem.cluster.size
    held = np.zeros(len(problem.groups), np.bool_)
    held[list(groups)] = True
    stoppable = operation.stoppable
    here = held[stoppable.group]
    group, instance, count = stoppable.group[here], stoppable.instance[here], stoppable.count[here]
    lost = _lost(facts)
    most = np.array([_most_moves(facts, g) for g in range(len(problem.groups))], np.int64)
    stays = facts.base.held_by(groups) > 0
    stays[instance[count > most[group] + lost[group]]] = True
    tasks = np.bincount(instance, weights=count, minlength=size).astype(np.int64)
    chosen = np.flatnonzero((tasks > 0) & ~stays & (worth > 0))
    every = int(worth[chosen].sum())
    all_lost = int(min(lost.sum(), _lost_together(facts)))
    found = [every]
    if freedom.max_moves is not None:
        found.append(_knapsack(worth[chosen], tasks[chosen], freedom.max_moves + all_lost))
    if freedom.max_move_cost is not None:
        price = np.array([one.move_cost for one in problem.groups], np.int64)
        cost = np.bincount(instance, weights=count * price[group], minlength=size).astype(np.int64)
        spared = all_lost * int(price[held].max(initial=0))
        found.append(_knapsack(worth[chosen], cost[chosen], freedom.max_move_cost + spared))
    return min(found)


def _most_moves(facts: Counting, group: int) -> int:
    """Tasks of the group that may move."""
    own, whole = facts.problem.groups[group].max_moves, facts.problem.freedom.max_moves
    tasks = int(facts.problem.operation.stoppable.cells_of(group)[1].sum())
    if not facts.problem.operation.moving[group]:
        return 0
    return min(most for most in (own, whole, tasks) if most is not None)


def _lost(facts: Counting) -> Ints:
    """``int64[G]``: tasks that a plan may stop without starting one of the group elsewhere, at most."""
    lost: Ints = np.maximum(facts.problem.operation.stoppable.totals() - facts.least, 0)
    return lost


def _lost_together(facts: Counting) -> int:
    """The same of all groups, by what is known of several together."""
    now, single = facts.problem.operation.stoppable.totals(), _lost(facts)
    alone: Bools = np.ones(len(now), np.bool_)
    total = 0
    for members, least in facts.together:
        groups = list(members)
        most = np.array([facts.most(g) for g in groups], np.int64)
        missing = max(int(most.sum()) - least, 0)
        total += min(int(np.maximum(now[groups] - most, 0).sum()) + missing, int(single[groups].sum()))
        alone[groups] = False
    return total + int(single[alone].sum())


def _knapsack(worth: Ints, weight: Ints, capacity: int) -> int:
    """The most that some are worth whose weights together are within the capacity; or a little more than that."""
    free = weight == 0
    given, worth, weight = int(worth[free].sum()), worth[~free], weight[~free]
    capacity = min(capacity, int(weight.sum()))
    if len(worth) * capacity > MOST_CELLS:
        order = np.argsort(-worth / weight, kind="stable")
        fits = np.cumsum(weight[order]) <= capacity
        whole, rest = int(fits.sum()), capacity - int(weight[order][fits].sum())
        part = int(worth[order[whole]]) * rest // int(weight[order[whole]]) if whole < len(order) else 0
        return given + int(worth[order][fits].sum()) + part
    best = np.zeros(capacity + 1, np.int64)
    for value, need in zip(worth.tolist(), weight.tolist(), strict=True):
        if need <= capacity:
            np.maximum(best[need:], best[: capacity + 1 - need] + value, out=best[need:])
    return given + int(best[-1])


__all__ = ["most_vacated"]
