"""Load above safety: what is taken of each resource of an instance beyond a level that it should not exceed (§5.3; ours).

``sum over instances and resources of weight * max(taken - safety, 0)``. Source: ROADEF/EURO challenge 2012, "load cost".
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from solver.domain.counts import Ints
from solver.domain.placement import Placement
from solver.domain.problem import Problem
from solver.rules.base import Cost, Counting, Reading, kinds_of
from solver.rules.model import Model, Sum, total


@dataclass(frozen=True, eq=False)
class Overload(Cost):
    """The load above safety.

    Parameters
    ----------
    safety
        ``int64[I, R]``.
    weight
        ``int64[R]``: what a unit above costs.
    """

    safety: Ints
    weight: Ints
    name: str = "load"
    title: str = "load above safety"

    def value(self, placement: Placement) -> int:
        taken = placement.problem.cluster.capacity - placement.free
        return int((np.maximum(taken - self.safety, 0) * self.weight).sum())

    def readings(self, problem: Problem) -> Iterable[Reading]:
        """What one task takes of the resources that cost something."""
        yield Reading(kinds_of(problem.demand[:, self.weight > 0]))

    def compile(self, model: Model) -> Sum:
        cluster = model.problem.cluster
        above = cluster.capacity - cluster.free - self.safety
        return total(
            model.positive_part(model.load_change(r, i) + int(above[i, r])) * int(self.weight[r])
            for i in range(cluster.size)
            for r in np.flatnonzero(self.weight).tolist()
        )

    def ceiling(self, problem: Problem) -> int:
        """All tasks on one instance, and what is taken already."""
        tasks = [problem.most_tasks([g]) for g in range(len(problem.groups))]
        demand = problem.demand.astype(object)
        taken = (problem.cluster.capacity - problem.cluster.free).astype(object).sum(axis=0)
        most = [sum(demand[:, r] * tasks) + max(taken[r], 0) for r in range(len(self.weight))]
        return int(sum(int(weight) * amount for weight, amount in zip(self.weight, most, strict=True)))

    def bound(self, facts: Counting) -> int:
        """Pooled over the instances: what all take at least, beyond all safety levels together."""
        cluster = facts.problem.cluster
        taken = (cluster.capacity - facts.base.free).sum(axis=0) + facts.least @ facts.problem.demand
        return int((np.maximum(taken - self.safety.sum(axis=0), 0) * self.weight).sum())
