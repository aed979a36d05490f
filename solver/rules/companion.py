"""What ``affinity`` and ``antiAffinity`` share: an owner, a family, a field, and in the soft form a weight (§3.5)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from solver.domain.problem import Problem
from solver.rules.base import Constraint, Cost, Counting, Reading
from solver.rules.buckets import Buckets


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

    def readings(self, problem: Problem) -> Iterable[Reading]:
        yield _reading(problem, self.owner, self.family, self.field)

    def names(self, problem: Problem) -> Iterable[str]:
        return (self.family,)

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

    def readings(self, problem: Problem) -> Iterable[Reading]:
        yield _reading(problem, self.owner, self.family, self.field)

    def ceiling(self, problem: Problem) -> int:
        return self.weight * problem.most_tasks([self.owner])

    def bound(self, facts: Counting) -> int:
        return 0


def _reading(problem: Problem, owner: int, family: str, field: str) -> Reading:
    """The owner's and the family's tasks by the values of the field; an instance without it is a part of its own."""
    of = Buckets.everywhere(problem, field).of
    part = np.where(of >= 0, of, len(of) + np.arange(len(of)))
    return Reading.of_groups(problem, [owner], problem.families.get(family, ()), part=part)
