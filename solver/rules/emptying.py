"""Instances that are to be emptied, whichever are cheapest to empty (``drain --cheapest``; ours)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from solver.domain.placement import Placement
from solver.domain.problem import Problem
from solver.rules.base import Cost, Counting, Reading
from solver.rules.binpack import InUse
from solver.rules.model import Model, Sum

TO_EMPTY = "empty"
"""The name of the tier."""


@dataclass(frozen=True)
class ToEmpty(Cost):
    """How many of the instances asked for are not emptied yet: ``max(in use - (in use before - asked), 0)``."""

    asked: int
    in_use: InUse
    name: str = TO_EMPTY
    title: str = "instances still to be emptied"

    @classmethod
    def of(cls, problem: Problem) -> ToEmpty:
        """As the request asks."""
        return cls(problem.freedom.empty, InUse.of(problem))

    def _target(self, problem: Problem) -> int:
        return self.in_use.value(Placement(problem)) - self.asked

    def readings(self, problem: Problem) -> Iterable[Reading]:
        return self.in_use.readings(problem)

    def value(self, placement: Placement) -> int:
        return max(self.in_use.value(placement) - self._target(placement.problem), 0)

    def compile(self, model: Model) -> Sum:
        return model.positive_part(self.in_use.compile(model) + -self._target(model.problem))

    def ceiling(self, problem: Problem) -> int:
        return problem.cluster.size

    def bound(self, facts: Counting) -> int:
        return max(self.in_use.bound(facts) - self._target(facts.problem), 0)
