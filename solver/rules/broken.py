"""Rules that are broken already, where the request asks for repair (§5.1, tier 2; §8)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from solver.domain.placement import Placement
from solver.domain.problem import Problem
from solver.rules.base import Constraint, Cost, Counting, Reading
from solver.rules.model import Model, Sum, total


@dataclass(frozen=True, eq=False)
class Broken(Cost):
    """The number of (rule, instance or bucket) pairs that are broken."""

    constraints: tuple[Constraint, ...]
    name: str = "broken"
    title: str = "rules broken, place by place"

    def readings(self, problem: Problem) -> Iterable[Reading]:
        return (reading for rule in self.constraints for reading in rule.readings(problem))

    def value(self, placement: Placement) -> int:
        return sum(
            int((found.amount > found.limit).sum()) for rule in self.constraints for found in [rule.breaches(placement)]
        )

    def compile(self, model: Model) -> Sum:
        return total(model.truth(literal) for rule in self.constraints for literal in rule.breaks(model))

    def ceiling(self, problem: Problem) -> int:
        return len(self.constraints) * (problem.cluster.size + 2)

    def bound(self, facts: Counting) -> int:
        """What the fixed tasks break on single instances by themselves: more tasks mend nothing there."""
        count = 0
        for rule in self.constraints:
            if rule.only_tightens and all(reading.part is None for reading in rule.readings(facts.problem)):
                found = rule.breaches(facts.base)
                count += int((found.amount > found.limit).sum())
        return count
