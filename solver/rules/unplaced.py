"""Tasks wanted and not placed, of one priority class: the first tier of every request (§5.1)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from solver.domain.placement import Placement
from solver.rules.base import Cost, Counting
from solver.rules.model import Model, Sum, total


@dataclass(frozen=True)
class Unplaced(Cost):
    """New tasks of the class that start nowhere."""

    priority: int
    groups: tuple[int, ...]
    title: str = "tasks not placed"

    @property
    def name(self) -> str:  # type: ignore[override]
        return f"unplaced/{self.priority}"

    def value(self, placement: Placement) -> int:
        return sum(int(placement.problem.wanted[g] - placement.change(g).sum()) for g in self.groups)

    def compile(self, model: Model) -> Sum:
        wanted = sum(int(model.problem.wanted[g]) for g in self.groups)
        started = total(model.started_on(g, i) for g in self.groups for i in model.candidates(g).tolist())
        return started * -1 + wanted

    def bound(self, facts: Counting) -> int:
        """Group by group, what all instances together could take of it alone."""
        short = 0
        for g in self.groups:
            wanted = int(facts.problem.wanted[g])
            short += max(wanted - int(np.minimum(facts.room[g], wanted).sum()), 0)
        return short
