"""A family that depends on another: where the first has tasks, the second has some too, by the values of a field (§5.3; ours).

``affinity`` says it of one group; this says it of all tasks of a family at once. Source: ROADEF/EURO challenge 2012, "dependency
constraints", where the field is the neighbourhood.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from solver.domain.counts import Ints
from solver.domain.placement import Placement
from solver.domain.problem import Problem
from solver.rules.base import UNLIMITED, Breaches, Constraint, Reading
from solver.rules.buckets import Buckets
from solver.rules.model import Literal, Model


@dataclass(frozen=True)
class DependsOn(Constraint):
    """A bucket of ``field`` that holds tasks of ``family`` holds tasks of ``other``; what is in no bucket is not judged."""

    family: str
    other: str
    field: str
    reason: str = "DependsOn placement constraint unsatisfied."
    owner: int | None = None

    @property
    def name(self) -> str:
        return f"dependsOn({self.family}, {self.other}, {self.field})"

    def scope(self, problem: Problem) -> Iterable[int]:
        return problem.families.get(self.family, ())

    def binds(self, problem: Problem) -> Iterable[int]:
        """A task of the other family that moves away would leave the first one's tasks alone."""
        return {*self.scope(problem), *problem.families.get(self.other, ())}

    @property
    def only_tightens(self) -> bool:
        return False

    def _alone(self, placement: Placement) -> Ints:
        """``int64[B]``: tasks of the family in buckets without the other."""
        buckets = Buckets.everywhere(placement.problem, self.field)
        there = buckets.count(placement.family(self.other)) > 0
        return np.where(there, 0, buckets.count(placement.family(self.family)))

    def room(self, state: Placement, group: int) -> Ints:
        if group not in self.scope(state.problem) or self.family == self.other:
            return np.full(state.size, UNLIMITED)
        buckets = Buckets.everywhere(state.problem, self.field)
        there = buckets.count(state.family(self.other)) > 0
        room = np.where(there, UNLIMITED, np.maximum(self._alone(state.before) - self._alone(state), 0))
        return np.append(room, UNLIMITED)[buckets.of]

    def readings(self, problem: Problem) -> Iterable[Reading]:
        part = Buckets.everywhere(problem, self.field).of
        yield Reading.of_groups(problem, self.scope(problem), problem.families.get(self.other, ()), part=part)

    def compile(self, model: Model) -> None:
        problem = model.problem
        buckets = Buckets.everywhere(problem, self.field)
        family, other = tuple(self.scope(problem)), problem.families.get(self.other, ())
        alone = self._alone(Placement(problem))
        binding = model.binding(self.binds(problem))
        members = buckets.members()
        for b in sorted(set(buckets.of[model.touched([*family, *other])].tolist()) - {-1}):
            there = model.at_least_one(model.tasks_over(other, members[b]))
            model.at_most(model.tasks_over(family, members[b]), int(alone[b]), [model.opposite(there), *binding])

    def breaks(self, model: Model) -> Iterable[Literal]:
        problem = model.problem
        family, other = tuple(self.scope(problem)), problem.families.get(self.other, ())
        for inside in Buckets.everywhere(problem, self.field).members():
            tasks = model.tasks_over(family, inside)
            if model.range_of(tasks)[1]:
                there = model.at_least_one(model.tasks_over(other, inside))
                yield model.all_of([model.at_least_one(tasks), model.opposite(there)])

    def breaches(self, placement: Placement) -> Breaches:
        alone = self._alone(placement)
        name = Buckets.everywhere(placement.problem, self.field).name
        return Breaches(alone, np.zeros_like(alone), name, f"tasks of {self.family} without {self.other} beside them")
