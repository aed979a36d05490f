"""What ``affinity`` and ``antiAffinity`` share: an owner, a family, a field, and in the soft form a weight (§3.5)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from solver.domain.problem import Problem
from solver.rules.base import Constraint, Cost, Counting


@dataclass(frozen=True)
class CompanionConstraint(Constraint):
    """The hard form: where tasks of the owner and of the family may be, by the values of the field."""

    type: ClassVar[str]
    owner: int
    family: str
    field: str

    @property
    def name(self) -> str:
        return f"{self.type}({self.family}, {self.field})"

    def with_itself(self, problem: Problem) -> bool:
        """Whether the family is the owner's own."""
        return problem.groups[self.owner].family == self.family


@dataclass(frozen=True)
class CompanionCost(Cost):
    """The soft form: each task of the owner on the wrong side costs the weight."""

    type: ClassVar[str]
    owner: int
    family: str
    field: str
    weight: int

    @property
    def name(self) -> str:
        return f"{self.type}({self.family}, {self.field}, {self.weight})"

    def ceiling(self, problem: Problem) -> int:
        return self.weight * problem.most_tasks([self.owner])

    def bound(self, facts: Counting) -> int:
        return 0
