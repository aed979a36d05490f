"""What the instances in use cost (ours): consolidation (§5.1, tier 3) where instances have prices."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from solver.domain.cluster import INSTANCE_TYPE
from solver.domain.counts import Bools, Ints
from solver.domain.placement import Placement
from solver.domain.problem import Problem
from solver.rules.base import Cost, Counting, Reading
from solver.rules.binpack import InUse
from solver.rules.model import Model, Sum, total


@dataclass(frozen=True, eq=False)
class RunningCost(Cost):
    """The prices of the instances that listed tasks keep in use; those of others are given.

    Parameters
    ----------
    price
        ``int64[I]``: zero or more.
    """

    price: Ints
    in_use: InUse
    name: str = "cost"
    title: str = "cost of the instances in use"

    @classmethod
    def of(cls, problem: Problem, prices: Mapping[str, int]) -> RunningCost:
        """Of all groups, by the prices of instance types."""
        return cls(price_of(problem, prices), InUse.of(problem))

    @classmethod
    def by_instance(cls, problem: Problem, prices: Mapping[str, int]) -> RunningCost:
        """Of all groups, by the prices of instances; those that are not named cost nothing.

        So it is of a part of a request, too: what that counts of other instances stands on some that only it has.
        """
        price = np.array([prices.get(name, 0) for name in problem.cluster.instance_ids], np.int64)
        return cls(price, InUse.of(problem))

    def value(self, placement: Placement) -> int:
        return int(self.price[self.in_use.opened(placement)].sum())

    def readings(self, problem: Problem) -> Iterable[Reading]:
        return self.in_use.readings(problem)

    def compile(self, model: Model) -> Sum:
        return total(opened * int(self.price[i]) for i, opened in self.in_use.opened_in(model) if self.price[i])

    def ceiling(self, problem: Problem) -> int:
        return int(self.price.astype(object).sum())

    def least_moves(self, facts: Counting, value: int) -> int:
        return self.in_use.moves_for(facts, self.price, value)

    def bound(self, facts: Counting) -> int:
        """The larger of two bounds.

        Those open now, and the cheapest parts of instances that take what the used ones cannot, by each resource and of each
        group; and those in use now, less the dearest that budgets of moves allow to empty.
        """
        need, free, used = self.in_use.to_open(facts)
        more = max((_cheapest(int(need[r]), free[:, r], used, self.price) for r in range(len(need))), default=0)
        dearest = int(self.price.max(initial=0))
        for least, places in self.in_use.places(facts):
            if least * dearest <= more:
                break
            more = max(more, _cheapest(least, places, used, self.price))
        room = int(self.price[self.in_use.opened(facts.base)].sum()) + more
        return max(room, self.in_use.worth_kept(facts, self.price))


def price_of(problem: Problem, prices: Mapping[str, int]) -> Ints:
    """``int64[I]``: the price of each instance, by its type; zero without one."""
    column = problem.cluster.column(INSTANCE_TYPE)
    return np.array([prices.get(column[i] or "", 0) for i in range(problem.cluster.size)], np.int64)


def _cheapest(need: int, free: Ints, used: Bools, price: Ints) -> int:
    """The least that it takes to hold ``need`` where instances that are not ``used`` may be had in parts, rounded up."""
    rest = need - int(free[used].sum())
    cost = 0
    open_ = np.flatnonzero(~used & (free > 0))
    for i in open_[np.argsort(price[open_] / free[open_], kind="stable")].tolist():
        if rest <= int(free[i]):
            return cost - (-int(price[i]) * max(rest, 0) // int(free[i]))
        cost, rest = cost + int(price[i]), rest - int(free[i])
    return cost
