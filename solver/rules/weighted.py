"""Costs that are weighed against each other: one tier, their sum by weights that the problem states (§5.3)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from solver.domain.placement import Placement
from solver.domain.problem import Problem
from solver.rules.base import Cost, Counting, Reading
from solver.rules.model import Model, Sum, total


@dataclass(frozen=True)
class Weighted(Cost):
    """``sum of weight * cost``; ``parts`` are the weights and the costs."""

    parts: tuple[tuple[int, Cost], ...]
    name: str = "weighted"
    title: str = "all costs together"

    def value(self, placement: Placement) -> int:
        return sum(weight * cost.value(placement) for weight, cost in self.parts)

    def readings(self, problem: Problem) -> Iterable[Reading]:
        return (reading for _, cost in self.parts for reading in cost.readings(problem))

    def compile(self, model: Model) -> Sum:
        return total(cost.compile(model) * weight for weight, cost in self.parts)

    def ceiling(self, problem: Problem) -> int:
        return sum(weight * cost.ceiling(problem) for weight, cost in self.parts)

    def bound(self, facts: Counting) -> int:
        return sum(weight * cost.bound(facts) for weight, cost in self.parts)
