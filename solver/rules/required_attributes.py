"""Required attributes: what the task definition needs of an instance (``requiresAttributes``; ECS API failures: ATTRIBUTE)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from solver.domain.counts import Bools
from solver.domain.problem import Problem
from solver.rules.base import Need


@dataclass(frozen=True)
class RequiredAttributes(Need):
    """All of ``NAME`` or ``NAME=VALUE`` are there."""

    unit: ClassVar[str] = "tasks without the attributes they require"
    owner: int
    attributes: tuple[str, ...]
    reason: str = "ATTRIBUTE"

    @property
    def name(self) -> str:
        return f"requires attributes {', '.join(self.attributes)}"

    def met(self, problem: Problem) -> Bools:
        present = np.ones(problem.cluster.size, np.bool_)
        for attribute in self.attributes:
            name, _, value = attribute.partition("=")
            column = problem.cluster.column(f"attribute:{name}")
            present &= column.where(np.array([not value or found == value for found in column.values], np.bool_))
        return present
