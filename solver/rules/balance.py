"""Balance of two resources: what is free of the one should come with enough of the other (§5.3; ours).

``sum over instances of max(target * free_first - free_second, 0)``. Source: ROADEF/EURO challenge 2012, "balance cost".
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


@dataclass(frozen=True)
class Imbalance(Cost):
    """What ``second`` (by index) has less free than ``target`` times what ``first`` has."""

    first: int
    second: int
    target: int

    @property
    def name(self) -> str:
        return f"balance({self.first}, {self.second}, {self.target})"

    @property
    def title(self) -> str:
        return f"imbalance of resources {self.first} and {self.second}"

    def _missing(self, free: Ints) -> Ints:
        """Of ``int64[..., R]``, before the positive part is taken."""
        missing: Ints = self.target * free[..., self.first] - free[..., self.second]
        return missing

    def value(self, placement: Placement) -> int:
        return int(np.maximum(self._missing(placement.free), 0).sum())

    def readings(self, problem: Problem) -> Iterable[Reading]:
        """What one task takes of the two."""
        yield Reading(kinds_of(problem.demand[:, [self.first, self.second]]))

    def compile(self, model: Model) -> Sum:
        missing = self._missing(model.problem.cluster.free)
        return total(
            model.positive_part(
                model.load_change(self.first, i) * -self.target + model.load_change(self.second, i) + int(missing[i])
            )
            for i in range(model.problem.cluster.size)
        )

    def ceiling(self, problem: Problem) -> int:
        """Everything free of the first, and all tasks on one instance for the second."""
        tasks = [problem.most_tasks([g]) for g in range(len(problem.groups))]
        cluster = problem.cluster
        taken = (cluster.capacity - cluster.free)[:, self.second].astype(object).sum()
        most = int(sum(problem.demand[:, self.second].astype(object) * tasks)) + max(int(taken), 0)
        return self.target * int(cluster.capacity[:, self.first].astype(object).sum()) + most

    def bound(self, facts: Counting) -> int:
        """Pooled over the instances: as much taken of the first, and as little of the second, as any plan has."""
        free = facts.base.free.sum(axis=0)
        groups = range(len(facts.problem.groups))
        most = np.array([facts.most(g) for g in groups], np.int64) @ facts.problem.demand[:, self.first]
        least = facts.least @ facts.problem.demand[:, self.second]
        return max(self.target * int(free[self.first] - most) - int(free[self.second] - least), 0)
