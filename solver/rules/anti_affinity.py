"""``antiAffinity(group, field)``: the owner's tasks and a family share no bucket, judged after the operation (§3.5; ours).

Hard: no bucket of the field holds both. With the owner's own family: at most one task of it in a bucket. With a weight,
``antiAffinity(group, field, weight)``, it is soft: each task of the owner in a bucket with the family costs the weight.
An instance without the field is a bucket of its own that keeps apart from all others. Several families,
``antiAffinity(a | b, field)``, count as one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from solver.domain.counts import Ints
from solver.domain.placement import Placement
from solver.domain.problem import Problem
from solver.rules.argument import companion
from solver.rules.base import UNLIMITED, Breaches
from solver.rules.buckets import Buckets
from solver.rules.companion import CompanionConstraint, CompanionCost
from solver.rules.model import Literal, Model, Sum, total
from solver.rules.terms import Apart, AtMost, Term, flags

TYPE = "antiAffinity"


def parse(owner: int, argument: str) -> AntiAffinity | SoftAntiAffinity:
    """Read ``group, field`` or ``group, field, weight``.

    Raises
    ------
    InvalidRequest
        If the field is not one, or the weight is not a whole number from 1.
    """
    family, field, weight = companion(argument)
    return AntiAffinity(owner, family, field) if weight is None else SoftAntiAffinity(owner, family, field, weight)


def _buckets(problem: Problem, field: str) -> Buckets:
    """The values of the field, and each instance without it as a bucket of its own."""
    everywhere = Buckets.everywhere(problem, field)
    alone = np.flatnonzero(~everywhere.inside)
    of = everywhere.of.copy()
    of[alone] = len(everywhere) + np.arange(len(alone))

    def name(bucket: int) -> str:
        inside = bucket < len(everywhere)
        return everywhere.name(bucket) if inside else problem.cluster.label(int(alone[bucket - len(everywhere)]))

    return Buckets(of, len(everywhere) + len(alone), name)


@dataclass(frozen=True)
class AntiAffinity(CompanionConstraint):
    """The hard form."""

    type: ClassVar[str] = TYPE
    reason: str = "AntiAffinity placement constraint unsatisfied."

    def scope(self, problem: Problem) -> Iterable[int]:
        return {self.owner, *self.members(problem)}

    def stepwise(self, problem: Problem, group: int) -> bool:
        return self.with_itself(problem) and self.concerned(problem, group)

    def room(self, state: Placement, group: int) -> Ints:
        problem = state.problem
        buckets = _buckets(problem, self.field)
        family = buckets.count(self.theirs(state))
        if self.with_itself(problem):
            if not self.concerned(problem, group):
                return np.full(state.size, UNLIMITED)
            return np.maximum(1 - family, 0)[buckets.of]
        if group == self.owner:
            return np.where(family > 0, 0, UNLIMITED)[buckets.of]
        if self.concerned(problem, group):
            return np.where(buckets.count(state.row(self.owner)) > 0, 0, UNLIMITED)[buckets.of]
        return np.full(state.size, UNLIMITED)

    def terms(self, problem: Problem) -> Sequence[Term] | None:
        buckets, groups = _buckets(problem, self.field), len(problem.groups)
        family = flags(groups, self.members(problem))
        if self.with_itself(problem):
            return (AtMost(family.astype(np.int64), buckets.of, np.ones(len(buckets), np.int64)),)
        return (Apart(flags(groups, [self.owner]), family, buckets.of, len(buckets)),)

    def compile(self, model: Model) -> None:
        problem = model.problem
        buckets = _buckets(problem, self.field)
        family = self.members(problem)
        before = Placement(problem)
        together = self._together(buckets, before)
        own_before = buckets.count(before.row(self.owner))
        family_before = buckets.count(self.theirs(before))
        members = buckets.members()
        for b in sorted(set(buckets.of[model.touched([self.owner, *family])].tolist())):
            theirs = model.tasks_over(family, members[b])
            if self.with_itself(problem):
                model.at_most(theirs, max(1, int(family_before[b])))
                continue
            own = model.tasks_over([self.owner], members[b])
            if model.range_of(own)[1] == 0 or model.range_of(theirs)[1] == 0:
                continue
            here = [model.at_least_one(own), model.at_least_one(theirs)]
            if own_before[b] and family_before[b]:
                model.at_most(own + theirs, int(together[b]), here)
            else:
                model.require_one([model.opposite(literal) for literal in here])

    def breaks(self, model: Model) -> Iterable[Literal]:
        problem = model.problem
        buckets = _buckets(problem, self.field)
        family = self.members(problem)
        members = buckets.members()
        for b in np.flatnonzero(self._together(buckets, Placement(problem))).tolist():
            theirs = model.tasks_over(family, members[b])
            if self.with_itself(problem):
                yield model.at_least(theirs, 2)
            else:
                own = model.tasks_over([self.owner], members[b])
                yield model.all_of([model.at_least_one(own), model.at_least_one(theirs)])

    def _together(self, buckets: Buckets, placement: Placement) -> Ints:
        """``int64[B]``: tasks that stand together against the rule."""
        family = buckets.count(self.theirs(placement))
        if self.with_itself(placement.problem):
            return np.where(family > 1, family, 0)
        own = buckets.count(placement.row(self.owner))
        return np.where((own > 0) & (family > 0), own + family, 0)

    def breaches(self, placement: Placement) -> Breaches:
        buckets = _buckets(placement.problem, self.field)
        amount = self._together(buckets, placement)
        unit = f"tasks that stand together with {self.family}"
        return Breaches(amount, np.zeros_like(amount), buckets.name, unit)


@dataclass(frozen=True)
class SoftAntiAffinity(CompanionCost):
    """The soft form: ``weight`` for each task of the owner in a bucket with the family (with another task of its own)."""

    type: ClassVar[str] = TYPE

    @property
    def title(self) -> str:
        return f"tasks together with {self.family}"

    def _companions(self, problem: Problem) -> int:
        """How many tasks of the family in a bucket are one too many: the second, if it is the owner's own."""
        return 2 if self.with_itself(problem) else 1

    def value(self, placement: Placement) -> int:
        buckets = _buckets(placement.problem, self.field)
        crowded = buckets.count(self.theirs(placement)) >= self._companions(placement.problem)
        return self.weight * int(placement.row(self.owner)[crowded[buckets.of]].sum())

    def compile(self, model: Model) -> Sum:
        problem = model.problem
        buckets = _buckets(problem, self.field)
        family = self.members(problem)
        parts = []
        for members in buckets.members():
            own = model.tasks_over([self.owner], members)
            theirs = model.tasks_over(family, members)
            if model.range_of(own)[1] and model.range_of(theirs)[1] >= self._companions(problem):
                parts.append(model.where(model.at_least(theirs, self._companions(problem)), own))
        return total(parts) * self.weight
