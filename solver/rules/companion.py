"""What ``affinity`` and ``antiAffinity`` share: an owner, a family, a field, and in the soft form a weight (§3.5).

Several families are written with ``|`` between them, and count as one: ``service:web | service:api``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from solver.domain.counts import Ints, sum_of
from solver.domain.placement import Placement
from solver.domain.problem import Problem
from solver.rules.base import Constraint, Cost, Counting, Reading
from solver.rules.buckets import Buckets


@dataclass(frozen=True)
class Companions:
    """The owner, and the family or families that it is held to.

    Parameters
    ----------
    family
        As it is written: one family, or several with ``|`` between them.
    """

    owner: int
    family: str
    field: str

    def families(self, problem: Problem) -> tuple[str, ...]:
        """The families, each once."""
        return families_in(self.family, problem)

    def members(self, problem: Problem) -> tuple[int, ...]:
        """The groups of the families."""
        return tuple(g for family in self.families(problem) for g in problem.families.get(family, ()))

    def theirs(self, placement: Placement) -> Ints:
        """``int64[I]``: tasks of the families, to be read until the next start."""
        found = [placement.family(family) for family in self.families(placement.problem)]
        return found[0] if len(found) == 1 else sum_of(found, placement.size)

    def with_itself(self, problem: Problem) -> bool:
        """Whether the owner's own family is one of them."""
        return problem.groups[self.owner].family in self.families(problem)

    def concerned(self, problem: Problem, group: int) -> bool:
        """Whether a group is of one of the families."""
        return problem.groups[group].family in self.families(problem)


@dataclass(frozen=True)
class CompanionConstraint(Companions, Constraint):
    """The hard form: where tasks of the owner and of the family may be, by the values of the field."""

    type: ClassVar[str]

    @property
    def name(self) -> str:
        return f"{self.type}({self.family}, {self.field})"

    def readings(self, problem: Problem) -> Iterable[Reading]:
        yield _reading(problem, self.owner, self.members(problem), self.field)

    def names(self, problem: Problem) -> Iterable[str]:
        return self.families(problem)


@dataclass(frozen=True)
class CompanionCost(Companions, Cost):
    """The soft form: each task of the owner on the wrong side costs the weight."""

    type: ClassVar[str]
    weight: int

    @property
    def name(self) -> str:
        return f"{self.type}({self.family}, {self.field}, {self.weight})"

    def readings(self, problem: Problem) -> Iterable[Reading]:
        yield _reading(problem, self.owner, self.members(problem), self.field)

    def ceiling(self, problem: Problem) -> int:
        return self.weight * problem.most_tasks([self.owner])

    def bound(self, facts: Counting) -> int:
        return 0


def families_in(written: str, problem: Problem) -> tuple[str, ...]:
    """The families that a text names: itself where it is one, else what stands between its ``|``."""
    if written in problem.families or "|" not in written:
        return (written,)
    return tuple(dict.fromkeys(part.strip() for part in written.split("|")))


def _reading(problem: Problem, owner: int, members: Iterable[int], field: str) -> Reading:
    """The owner's and the families' tasks by the values of the field; an instance without it is a part of its own."""
    of = Buckets.everywhere(problem, field).of
    part = np.where(of >= 0, of, len(of) + np.arange(len(of)))
    return Reading.of_groups(problem, [owner], members, part=part)
