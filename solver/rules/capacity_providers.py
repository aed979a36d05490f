"""Capacity providers: a service uses only the instances of its providers (§3.9; ECS API CapacityProviderStrategyItem)."""

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
class CapacityProviders(Constraint):
    """The instance belongs to one of the providers."""

    stage: ClassVar[Stage] = Stage.CLUSTER
    owner: int
    providers: tuple[str, ...]
    reason: str = "CAPACITY_PROVIDER"

    @property
    def name(self) -> str:  # type: ignore[override]
        return f"capacity providers {', '.join(self.providers)}"

    def _provided(self, problem: Problem) -> Bools:
        column = problem.cluster.capacity_provider
        return column.where(np.array([value in self.providers for value in column.values], np.bool_))

    @property
    def is_static(self) -> bool:
        return True

    def admits(self, problem: Problem, group: int) -> Bools:
        return self._provided(problem) if group == self.owner else super().admits(problem, group)

    def compile(self, model: Model) -> None:
        """Nothing counts."""

    def breaches(self, placement: Placement) -> Breaches:
        elsewhere = np.where(self._provided(placement.problem), 0, placement.row(self.owner))
        unit = "tasks on instances of other providers"
        return Breaches(elsewhere, np.zeros_like(elsewhere), placement.problem.cluster.label, unit)
