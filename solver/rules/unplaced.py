"""Tasks wanted and not placed, of one priority class: the first tier of every request (§5.1)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from solver.domain.placement import Placement
from solver.domain.problem import Problem
from solver.rules.base import Cost, Counting, Reading
from solver.rules.filling import least_left_out
from solver.rules.model import Model, Sum


@dataclass(frozen=True)
class Unplaced(Cost):
    """New tasks of the class that start nowhere."""

    priority: int
    groups: tuple[int, ...]

    @property
    def name(self) -> str:
        return f"unplaced/{self.priority}"

    @property
    def title(self) -> str:
        return f"tasks not placed, priority {self.priority}" if self.priority else "tasks not placed"

    def value(self, placement: Placement) -> int:
        return sum(int(placement.problem.wanted[g] - placement.change(g).sum()) for g in self.groups)

    def readings(self, problem: Problem) -> Iterable[Reading]:
        yield Reading.of_groups(problem, self.groups, part=np.zeros(problem.cluster.size, np.int64))

    def compile(self, model: Model) -> Sum:
        wanted = sum(int(model.problem.wanted[g]) for g in self.groups)
        everywhere = np.arange(model.problem.cluster.size)
        return model.started_over(self.groups, everywhere) * -1 + wanted

    def ceiling(self, problem: Problem) -> int:
        return sum(problem.groups[g].start for g in self.groups)

    def bound(self, facts: Counting) -> int:
        """Group by group what all instances together could take of it alone; or by a resource or port that groups share."""
        problem = facts.problem
        wanted = problem.wanted[list(self.groups)]
        short = sum(
            max(int(problem.wanted[g]) - int(np.minimum(facts.room[g], problem.wanted[g]).sum()), 0)
            for g in self.groups
        )
        reach = np.array([facts.room[g] > 0 for g in self.groups])
        for r in range(len(problem.cluster.resources)):
            sizes = problem.demand[list(self.groups), r]
            taking = sizes > 0
            if taking.sum() > 1:
                free = np.maximum(problem.cluster.free[reach[taking].any(axis=0), r], 0)
                short = max(short, least_left_out(free, sizes[taking], wanted[taking]))
        for port in {port for g in self.groups for port in problem.groups[g].ports}:
            holders = [k for k, g in enumerate(self.groups) if port in problem.groups[g].ports]
            short = max(short, int(wanted[holders].sum()) - int(reach[holders].any(axis=0).sum()))
        return short
