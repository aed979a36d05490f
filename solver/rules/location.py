"""Location: a task in ``awsvpc`` mode needs an instance in a zone of its subnets (ECS API failures: LOCATION)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from solver.domain.cluster import ZONE
from solver.domain.counts import Bools
from solver.domain.problem import Problem
from solver.rules.base import Need


@dataclass(frozen=True)
class Location(Need):
    """The instance is in one of the zones."""

    unit: ClassVar[str] = "tasks outside the zones of their subnets"
    owner: int
    zones: tuple[str, ...]
    reason: str = "LOCATION"

    @property
    def name(self) -> str:
        return f"subnets in {', '.join(self.zones)}"

    def met(self, problem: Problem) -> Bools:
        column = problem.cluster.column(f"attribute:{ZONE}")
        return column.where(np.array([value in self.zones for value in column.values], np.bool_))
