"""``spread(field)``: tasks of a family evenly over the values of a field (§4.1; ECS developer guide, placement strategies).

Two costs: tasks on instances without the field, which form no bucket and are used last; then ``sum n²`` over the buckets,
which is least exactly where the counts are as even as capacity permits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from solver.domain.counts import Bools, Ints
from solver.domain.placement import Placement
from solver.domain.problem import Problem
from solver.rules.argument import field_name
from solver.rules.base import Cost, Counting, Strategy
from solver.rules.buckets import Buckets, has_field
from solver.rules.filling import least_sum_of_squares
from solver.rules.model import Model, Sum, total

TYPE = "spread"
LAST = np.int64(2**40)
"""Preference of an instance without the field: after every bucket."""


@dataclass(frozen=True, eq=False)
class Spread(Strategy):
    """The family's tasks, evenly over the buckets of ``field``; ``usable`` are the instances the family may use."""

    family: str
    field: str
    usable: Bools

    @staticmethod
    def parse(argument: str) -> str:
        """Read the field.

        Raises
        ------
        InvalidRequest
            If it is not one.
        """
        return field_name(argument.strip())

    @property
    def name(self) -> str:  # type: ignore[override]
        return f"{TYPE}({self.field})"

    def buckets(self, problem: Problem) -> Buckets:
        """The values on instances that the family may use, full ones included."""
        return Buckets.over(problem, self.field, self.usable)

    def preference(self, state: Placement, group: int) -> Ints:
        buckets = self.buckets(state.problem)
        counts = buckets.count(state.family(self.family))
        return np.where(buckets.inside, np.append(counts, LAST)[buckets.of], LAST)


@dataclass(frozen=True, eq=False)
class Missing(Cost):
    """Tasks on instances without the field, over all families that spread over it here."""

    position: int
    spreads: tuple[Spread, ...]
    title: str = "tasks outside every bucket"

    @property
    def name(self) -> str:  # type: ignore[override]
        return f"{self.position}/spread/missing"

    def value(self, placement: Placement) -> int:
        return sum(
            int(placement.family(spread.family)[~has_field(placement.problem, spread.field)].sum())
            for spread in self.spreads
        )

    def compile(self, model: Model) -> Sum:
        return total(
            model.tasks_over(
                model.problem.families[spread.family], np.flatnonzero(~has_field(model.problem, spread.field))
            )
            for spread in self.spreads
        )

    def bound(self, facts: Counting) -> int:
        return sum(self._bound(spread, facts) for spread in self.spreads)

    def _bound(self, spread: Spread, facts: Counting) -> int:
        outside = ~has_field(facts.problem, spread.field)
        needed = 0
        for g in facts.problem.families[spread.family]:
            here = int(np.minimum(facts.room[g][~outside], facts.least[g]).sum())
            needed += max(int(facts.least[g]) - here, 0)
        return needed + int(Placement(facts.problem).family(spread.family)[outside].sum())


@dataclass(frozen=True, eq=False)
class Evenness(Cost):
    """``sum n²`` over the buckets, summed over all families that spread here."""

    position: int
    spreads: tuple[Spread, ...]
    title: str = "unevenness (sum of squares)"

    @property
    def name(self) -> str:  # type: ignore[override]
        return f"{self.position}/spread/evenness"

    def value(self, placement: Placement) -> int:
        total_squares = 0
        for spread in self.spreads:
            counts = spread.buckets(placement.problem).count(placement.family(spread.family))
            total_squares += int((counts * counts).sum())
        return total_squares

    def compile(self, model: Model) -> Sum:
        squares = []
        for spread in self.spreads:
            groups = model.problem.families[spread.family]
            for members in spread.buckets(model.problem).members():
                squares.append(model.square(model.tasks_over(groups, members)))
        return total(squares)

    def bound(self, facts: Counting) -> int:
        missing = facts.values.get(f"{self.position}/spread/missing", 0)
        return sum(self._bound(spread, facts, missing) for spread in self.spreads)

    def _bound(self, spread: Spread, facts: Counting, missing: int) -> int:
        problem = facts.problem
        buckets = spread.buckets(problem)
        family = Placement(problem).family(spread.family)
        counts = buckets.count(family)
        members = [g for g in problem.families[spread.family] if problem.wanted[g]]
        room = np.zeros(problem.cluster.size, np.int64)
        for g in members:
            room += np.minimum(facts.room[g], problem.wanted[g])
        outside = missing - int(family[~has_field(problem, spread.field)].sum())
        unused = ~buckets.inside & has_field(problem, spread.field)
        elsewhere = int(np.minimum(room[unused], LAST).sum())
        amount = sum(int(facts.least[g]) for g in members) - max(outside, 0) - elsewhere
        return least_sum_of_squares(counts, buckets.count(room), max(amount, 0))


def skew(spread: Spread, placement: Placement) -> int:
    """Largest bucket less smallest (§4.1: reported beside the cost)."""
    counts = spread.buckets(placement.problem).count(placement.family(spread.family))
    return int(counts.max() - counts.min()) if len(counts) else 0


def costs(position: int, spreads: Sequence[Spread]) -> tuple[Cost, ...]:
    """The tiers of all ``spread`` strategies at one position, each family and field counted once (§4.1)."""
    once = {(spread.family, spread.field): spread for spread in spreads}
    unique = tuple(once.values())
    return (Missing(position, unique), Evenness(position, unique)) if unique else ()
