"""What the instances in use cost (ours): the sum of their prices, by instance type.

In use as ``consolidate`` counts it (§5.1, tier 3): DAEMON tasks keep no instance in use, and one that tasks outside the
request hold anyway costs nothing here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from solver.domain.cluster import INSTANCE_TYPE
from solver.domain.counts import Bools, Ints, sum_of
from solver.domain.placement import Placement
from solver.domain.problem import Problem
from solver.rules.base import Cost, Counting, Reading
from solver.rules.binpack import InUse
from solver.rules.model import Model, Sum, total


@dataclass(frozen=True, eq=False)
class Rent(Cost):
    """``sum over instances in use of price``.

    Parameters
    ----------
    price
        ``int64[I]``: of each instance, in the millionths that ``Measure.prices`` are in.
    """

    in_use: InUse
    price: Ints
    name: str = "measure/rent"
    title: str = "price of the instances in use, in millionths"

    @classmethod
    def of(cls, problem: Problem, prices: Mapping[str, int]) -> Rent:
        """By instance type; others cost nothing."""
        types = problem.cluster.column(f"attribute:{INSTANCE_TYPE}")
        price = np.array([prices.get(types[i] or "", 0) for i in range(problem.cluster.size)], np.int64)
        return cls(InUse.of(problem), price)

    def value(self, placement: Placement) -> int:
        return int(self.price[self.in_use.opened(placement)].sum())

    def readings(self, problem: Problem) -> Iterable[Reading]:
        return self.in_use.readings(problem)

    def compile(self, model: Model) -> Sum:
        return total(opened * int(self.price[i]) for i, opened in self.in_use.each(model) if self.price[i])

    def ceiling(self, problem: Problem) -> int:
        return sum(self.price.tolist())

    def bound(self, facts: Counting) -> int:
        """Those open now, and the cheapest shares of others that take what these cannot, by each resource."""
        problem = facts.problem
        open_now = self.in_use.opened(facts.base)
        groups = [g for g in self.in_use.groups if facts.least[g] > 0]
        reachable = np.zeros(problem.cluster.size, np.bool_)
        for g in groups:
            reachable |= facts.room[g] > 0
        need = sum_of((problem.demand[g] * facts.least[g] for g in groups), problem.demand.shape[1])
        free = np.where(reachable[:, None], facts.free(), 0)
        given = problem.holds_unlisted | open_now
        more = max((_cheapest(int(need[r]), free[:, r], self.price, given) for r in range(len(need))), default=0)
        return int(self.price[open_now].sum()) + more


def _cheapest(need: int, free: Ints, price: Ints, given: Bools) -> int:
    """What it costs at least to hold ``need`` on the ``given`` instances, which cost nothing more, and on shares of others.

    Prices are taken a unit of the resource, the lowest first, the last share rounded up.
    """
    rest = need - int(free[given].sum())
    able = ~given & (free > 0)
    if rest <= 0:
        return 0
    size: list[int] = free[able].tolist()
    cost: list[int] = price[able].tolist()
    found = 0
    for k in sorted(range(len(size)), key=lambda k: cost[k] / size[k]):
        if size[k] >= rest:
            return found + -(-cost[k] * rest // size[k])
        found += cost[k]
        rest -= size[k]
    return found
