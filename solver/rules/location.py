"""Location: a task in ``awsvpc`` mode needs an instance in a zone of its subnets (ECS API failures: LOCATION)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from solver.domain.cluster import ZONE
from solver.domain.counts import Bools
from solver.domain.placement import Placement
from solver.domain.problem import Problem
from solver.rules.base import Breaches, Constraint, Stage
from solver.rules.model import Model


@dataclass(frozen=True)
class Location(Constraint):
    """The instance is in one of the zones."""

    stage: ClassVar[Stage] = Stage.CLUSTER
    owner: int
    zones: tuple[str, ...]
    reason: str = "LOCATION"

    @property
    def name(self) -> str:  # type: ignore[override]
        return f"subnets in {', '.join(self.zones)}"

    def _inside(self, problem: Problem) -> Bools:
        column = problem.cluster.column(f"attribute:{ZONE}")
        return column.where(np.array([value in self.zones for value in column.values], np.bool_))

    @property
    def is_static(self) -> bool:
        return True

    def admits(self, problem: Problem, group: int) -> Bools:
        return self._inside(problem) if group == self.owner else super().admits(problem, group)

    def compile(self, model: Model) -> None:
        """Nothing counts."""

    def breaches(self, placement: Placement) -> Breaches:
        outside = np.where(self._inside(placement.problem), 0, placement.row(self.owner))
        unit = "tasks outside the zones of their subnets"
        return Breaches(outside, np.zeros_like(outside), placement.problem.cluster.label, unit)
