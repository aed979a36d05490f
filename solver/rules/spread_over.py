"""Tasks of a family over at least ``k`` values of a field: hard, and no more even than that (§5.3; ours).

A family of fewer than ``k`` tasks has each in a bucket of its own. Source: ROADEF/EURO challenge 2012, "spread constraints",
where the field is the location.
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
from solver.rules.model import Literal, Model, Sum, total


@dataclass(frozen=True)
class SpreadOver(Constraint):
    """The family's tasks are in at least ``k`` buckets of ``field``."""

    family: str
    field: str
    k: int
    reason: str = "SpreadOver placement constraint unsatisfied."
    owner: int | None = None

    @property
    def name(self) -> str:
        return f"spreadOver({self.family}, {self.field}, {self.k})"

    def scope(self, problem: Problem) -> Iterable[int]:
        return problem.families.get(self.family, ())

    def stepwise(self, problem: Problem, group: int) -> bool:
        return group in self.scope(problem)

    @property
    def only_tightens(self) -> bool:
        return False

    def _missing(self, placement: Placement) -> tuple[int, Ints]:
        """Buckets that are missing, and the tasks in each."""
        tasks = placement.family(self.family)
        counts = Buckets.everywhere(placement.problem, self.field).count(tasks)
        return max(min(self.k, int(tasks.sum())) - int((counts > 0).sum()), 0), counts

    def room(self, state: Placement, group: int) -> Ints:
        if not self.stepwise(state.problem, group):
            return np.full(state.size, UNLIMITED)
        buckets = Buckets.everywhere(state.problem, self.field)
        allowed, _ = self._missing(state.before)
        _, counts = self._missing(state)
        needed = min(self.k, int(state.family(self.family).sum()) + 1) - allowed
        used = int((counts > 0).sum()) + np.append(counts == 0, False)[buckets.of]
        return np.where(used >= needed, UNLIMITED, 0)

    def readings(self, problem: Problem) -> Iterable[Reading]:
        part = Buckets.everywhere(problem, self.field).of
        yield Reading.of_groups(problem, self.scope(problem), part=part)

    def _used(self, model: Model) -> tuple[Sum, Sum]:
        """The buckets that hold tasks of the family, and its tasks."""
        members = Buckets.everywhere(model.problem, self.field).members()
        family = tuple(self.scope(model.problem))
        used = total(model.truth(model.at_least_one(model.tasks_over(family, inside))) for inside in members)
        return used, model.tasks_over(family, np.arange(model.problem.cluster.size))

    def compile(self, model: Model) -> None:
        allowed, _ = self._missing(Placement(model.problem))
        used, tasks = self._used(model)
        binding = model.binding(self.scope(model.problem))
        for needed in range(allowed + 1, self.k + 1):
            if model.range_of(tasks)[1] >= needed:
                model.at_most(used * -1, allowed - needed, [model.at_least(tasks, needed), *binding])

    def breaks(self, model: Model) -> Iterable[Literal]:
        used, tasks = self._used(model)
        short = [
            model.all_of([model.at_least(tasks, needed), model.opposite(model.at_least(used, needed))])
            for needed in range(1, self.k + 1)
        ]
        yield model.any_of(short)

    def breaches(self, placement: Placement) -> Breaches:
        missing, _ = self._missing(placement)
        amount = np.array([missing], np.int64)
        unit = f"values of {self.field} without tasks of {self.family}"
        return Breaches(amount, np.zeros(1, np.int64), lambda place: "all buckets", unit)
