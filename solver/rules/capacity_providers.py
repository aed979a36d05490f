"""Capacity providers: a service uses only the instances of its providers (§3.9; ECS API CapacityProviderStrategyItem)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from solver.domain.counts import Bools
from solver.domain.problem import Problem
from solver.rules.base import Need


@dataclass(frozen=True)
class CapacityProviders(Need):
    """The instance belongs to one of the providers."""

    unit: ClassVar[str] = "tasks on instances of other providers"
    owner: int
    providers: tuple[str, ...]
    reason: str = "CAPACITY_PROVIDER"

    @property
    def name(self) -> str:
        return f"capacity providers {', '.join(self.providers)}"

    def met(self, problem: Problem) -> Bools:
        column = problem.cluster.capacity_provider
        return column.where(np.array([value in self.providers for value in column.values], np.bool_))
