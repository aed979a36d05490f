"""How much instances can be worth that budgets of moves allow to empty: a counting bound of tiers that count those in use.

An instance is empty once each of its tasks has moved or is lost. So the tasks of all that are emptied are no more than the moves
allowed and the tasks lost: a knapsack, of instances by their tasks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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
    freedom = facts.problem.freedom
    some = _Emptying.of(facts, groups, worth)
    found = [int(some.worth.sum())]
    if freedom.max_moves is not None:
        found.append(_knapsack(some.worth, some.tasks, freedom.max_moves + some.lost))
    if freedom.max_move_cost is not None:
        found.append(_knapsack(some.worth, some.cost, freedom.max_move_cost + some.spared))
    return min(found)


def least_moves(facts: Counting, groups: Sequence[int], worth: Ints, needed: int) -> int:
    """What moves cost at least that empty instances worth so much together; these may be taken in part.

    Parameters
    ----------
    groups, worth
        As for ``most_vacated``.
    """
    if needed <= 0:
        return 0
    some = _Emptying.of(facts, groups, worth)
    order = np.argsort(some.cost / some.worth, kind="stable")
    reached = np.cumsum(some.worth[order])
    whole = int(np.searchsorted(reached, needed))
    cost = int(some.cost[order[:whole]].sum())
    if whole < len(order):
        rest, last = needed - (int(reached[whole - 1]) if whole else 0), order[whole]
        cost += -(-rest * int(some.cost[last]) // int(some.worth[last]))
    return max(cost - some.spared, 0)


@dataclass(frozen=True, eq=False)
class _Emptying:
    """The ``N`` instances that a plan may empty.

    Parameters
    ----------
    worth, tasks, cost
        ``int64[N]``: above zero what each is worth, how many tasks keep it in use, and what their moves cost.
    lost
        So many tasks of all need not move, since they stop and do not start again.
    spared
        The moves of so many cost at most this.
    """

    worth: Ints
    tasks: Ints
    cost: Ints
    lost: int
    spared: int

    @classmethod
    def of(cls, facts: Counting, groups: Sequence[int], worth: Ints) -> _Emptying:
        problem = facts.problem
        operation, size = problem.operation, problem.cluster.size
        held = np.zeros(len(problem.groups), np.bool_)
        held[list(groups)] = True
        here = held[operation.stoppable.group]
        group, instance, count = (
            column[here]
            for column in (operation.stoppable.group, operation.stoppable.instance, operation.stoppable.count)
        )
        single = facts.lost()
        most = np.array([_most_moves(facts, g) for g in range(len(problem.groups))], np.int64)
        stays = facts.base.held_by(groups) > 0
        stays[instance[count > most[group] + single[group]]] = True
        price = np.array([one.move_cost for one in problem.groups], np.int64)
        tasks = np.bincount(instance, weights=count, minlength=size).astype(np.int64)
        cost = np.bincount(instance, weights=count * price[group], minlength=size).astype(np.int64)
        chosen = (tasks > 0) & ~stays & (worth > 0)
        lost = min(int(single.sum()), _lost_together(facts))
        return cls(worth[chosen], tasks[chosen], cost[chosen], lost, lost * int(price[held].max(initial=0)))


def _most_moves(facts: Counting, group: int) -> int:
    """Tasks of the group that may move."""
    own, whole = facts.problem.groups[group].max_moves, facts.problem.freedom.max_moves
    tasks = int(facts.problem.operation.stoppable.cells_of(group)[1].sum())
    if not facts.problem.operation.moving[group]:
        return 0
    return min(most for most in (own, whole, tasks) if most is not None)


def _lost_together(facts: Counting) -> int:
    """Tasks of all groups that stop and do not start again, at most, by what is known of several groups together."""
    now, single = facts.problem.operation.stoppable.totals(), facts.lost()
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


__all__ = ["least_moves", "most_vacated"]
