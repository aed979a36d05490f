"""The weighted soft rules together: one tier after the strategies (§5.1, tier 5)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from solver.domain.placement import Placement
from solver.domain.problem import Problem
from solver.rules.base import Cost, Counting, Reading
from solver.rules.model import Model, Sum, total


@dataclass(frozen=True)
class Soft(Cost):
    """The sum of the soft rules' weighted costs."""

    costs: tuple[Cost, ...]
    name: str = "soft"
    title: str = "weighted soft rules"

    def value(self, placement: Placement) -> int:
        return sum(cost.value(placement) for cost in self.costs)

    def readings(self, problem: Problem) -> Iterable[Reading]:
        return (reading for cost in self.costs for reading in cost.readings(problem))

    def compile(self, model: Model) -> Sum:
        return total(cost.compile(model) for cost in self.costs)

    def ceiling(self, problem: Problem) -> int:
        return sum(cost.ceiling(problem) for cost in self.costs)

    def bound(self, facts: Counting) -> int:
        return sum(cost.bound(facts) for cost in self.costs)
