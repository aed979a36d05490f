"""The skew of families over fields (ours): tasks in the fullest value less tasks in the emptiest, summed over the families.

``spread`` minimises the sum of squares, and its skew only follows from that (§4.1); this is the skew itself. Its values are those
found on instances that take new tasks, whichever of them a family's own rules allow, so that a rule that confines a family
to a part of them shows.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from solver.domain.placement import Placement
from solver.domain.problem import Problem
from solver.rules.argument import field_name
from solver.rules.base import Cost, Counting, Reading
from solver.rules.buckets import Buckets
from solver.rules.model import Model, Sum, total

Level = tuple[str, str]
"""A family and a field: its tasks in the fullest value of the field less those in the emptiest are counted."""


@dataclass(frozen=True, eq=False)
class SummedSkew(Cost):
    """``sum over levels of (largest bucket - smallest bucket)``.

    Parameters
    ----------
    levels
        Families, each with the buckets it is looked at in.
    """

    levels: tuple[tuple[str, Buckets], ...]
    name: str = "measure/skew"
    title: str = "skew, summed over the families"

    @classmethod
    def of(cls, problem: Problem, levels: Sequence[Level]) -> SummedSkew:
        """Of families of the problem over fields.

        Raises
        ------
        InvalidRequest
            If a field is not one.
        """
        accepting = problem.cluster.accepts
        buckets = {field: Buckets.over(problem, field_name(field), accepting) for _, field in levels}
        return cls(tuple((family, buckets[field]) for family, field in levels if len(buckets[field])))

    def value(self, placement: Placement) -> int:
        return sum(int(np.ptp(buckets.count_of(placement, family))) for family, buckets in self.levels)

    def readings(self, problem: Problem) -> Iterable[Reading]:
        for family, buckets in self.levels:
            yield Reading.of_groups(problem, problem.families[family], part=buckets.of)

    def compile(self, model: Model) -> Sum:
        return total(self._skew(model, family, buckets) for family, buckets in self.levels)

    def _skew(self, model: Model, family: str, buckets: Buckets) -> Sum:
        groups = model.problem.families[family]
        counts = [model.tasks_over(groups, members) for members in buckets.members()]
        most = max(model.range_of(count)[1] for count in counts)
        # The largest is what the smallest distance to a ceiling leaves.
        below = model.smallest([count * -1 + most for count in counts])
        return below * -1 + most - model.smallest(counts)

    def ceiling(self, problem: Problem) -> int:
        return sum(problem.most_tasks(problem.families[family]) for family, _ in self.levels)

    def bound(self, facts: Counting) -> int:
        """Family by family: what the fixed tasks leave, with all room that there is for others."""
        return sum(self._bound(facts, family, buckets) for family, buckets in self.levels)

    @staticmethod
    def _bound(facts: Counting, family: str, buckets: Buckets) -> int:
        """The fullest bucket holds at least its fixed tasks and a fair share; the emptiest no more than its room."""
        members = facts.problem.families[family]
        fixed = buckets.count_of(facts.base, family)
        room = [np.minimum(facts.room[g], facts.most(g)) for g in members]
        most = fixed + sum((buckets.count(row) for row in room), np.zeros(len(buckets), np.int64))
        outside = sum(int(row[~buckets.inside].sum()) for row in room)
        least = int(fixed.sum()) + max(sum(int(facts.least[g]) for g in members) - outside, 0)
        every = int(fixed.sum()) + sum(facts.most(g) for g in members)
        largest = max(int(fixed.max(initial=0)), -(-least // len(buckets)))
        smallest = min(int(most.min(initial=every)), every // len(buckets))
        return max(largest - smallest, 0)
