"""Required attributes: what the task definition needs of an instance (``requiresAttributes``; ECS API failures: ATTRIBUTE)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from solver.domain.counts import Bools
from solver.domain.placement import Placement
from solver.domain.problem import Problem
from solver.rules.base import Breaches, Constraint, Stage
from solver.rules.model import Model


@dataclass(frozen=True)
class RequiredAttributes(Constraint):
    """All of ``NAME`` or ``NAME=VALUE`` are there."""

    stage: ClassVar[Stage] = Stage.CLUSTER
    owner: int
    attributes: tuple[str, ...]
    reason: str = "ATTRIBUTE"

    @property
    def name(self) -> str:  # type: ignore[override]
        return f"requires attributes {', '.join(self.attributes)}"

    def _present(self, problem: Problem) -> Bools:
        present = np.ones(problem.cluster.size, np.bool_)
        for attribute in self.attributes:
            name, _, value = attribute.partition("=")
            column = problem.cluster.column(f"attribute:{name}")
            present &= column.where(np.array([not value or found == value for found in column.values], np.bool_))
        return present

    @property
    def is_static(self) -> bool:
        return True

    def admits(self, problem: Problem, group: int) -> Bools:
        return self._present(problem) if group == self.owner else super().admits(problem, group)

    def compile(self, model: Model) -> None:
        """Nothing counts."""

    def breaches(self, placement: Placement) -> Breaches:
        lacking = np.where(self._present(placement.problem), 0, placement.row(self.owner))
        unit = "tasks without the attributes they require"
        return Breaches(lacking, np.zeros_like(lacking), placement.problem.cluster.label, unit)
