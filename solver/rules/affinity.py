"""``affinity(group, field)``: the owner's tasks go where tasks of a family are, judged after the operation (§3.5; ours).

Hard: a bucket of the field that gets a task of the owner holds a task of the family in the end. With the owner's own
family: all of its tasks share one bucket. With a weight, ``affinity(group, field, weight)``, it is soft: each task of the
owner in a bucket without the family costs the weight. Several families, ``affinity(a | b, field)``, count as one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from solver.domain.counts import Bools, Ints
from solver.domain.placement import Placement
from solver.domain.problem import Problem
from solver.rules.argument import companion
from solver.rules.base import UNLIMITED, Breaches
from solver.rules.buckets import Buckets, has_field
from solver.rules.companion import CompanionConstraint, CompanionCost
from solver.rules.model import Literal, Model, Sum, total

TYPE = "affinity"


def parse(owner: int, argument: str) -> Affinity | SoftAffinity:
    """Read ``group, field`` or ``group, field, weight``.

    Raises
    ------
    InvalidRequest
        If the field is not one, or the weight is not a whole number from 1.
    """
    family, field, weight = companion(argument)
    return Affinity(owner, family, field) if weight is None else SoftAffinity(owner, family, field, weight)


@dataclass(frozen=True)
class Affinity(CompanionConstraint):
    """The hard form."""

    type: ClassVar[str] = TYPE
    reason: str = "Affinity placement constraint unsatisfied."

    def admits(self, problem: Problem, group: int) -> Bools:
        return has_field(problem, self.field) if group == self.owner else super().admits(problem, group)

    @property
    def only_tightens(self) -> bool:
        return False

    def scope(self, problem: Problem) -> Iterable[int]:
        return self.members(problem) if self.with_itself(problem) else (self.owner,)

    def binds(self, problem: Problem) -> Iterable[int]:
        """A task of the family that moves away would leave the owner's tasks alone."""
        return {self.owner, *self.members(problem)}

    def stepwise(self, problem: Problem, group: int) -> bool:
        return self.with_itself(problem) and self.concerned(problem, group)

    def room(self, state: Placement, group: int) -> Ints:
        problem = state.problem
        buckets = Buckets.everywhere(problem, self.field)
        if self.with_itself(problem):
            if not self.concerned(problem, group):
                return super().room(state, group)
            used = buckets.count(self.theirs(state)) > 0
            most = max(1, int((buckets.count(self.theirs(state.before)) > 0).sum()))
            fine = used | (int(used.sum()) < most)
        elif group != self.owner:
            return super().room(state, group)
        else:
            fine = buckets.count(self.theirs(state)) > 0
        inside = np.where(buckets.inside, np.append(fine, False)[buckets.of], group != self.owner)
        return np.where(inside, UNLIMITED, 0)

    def compile(self, model: Model) -> None:
        problem = model.problem
        buckets = Buckets.everywhere(problem, self.field)
        family = self.members(problem)
        before = Placement(problem)
        binding = model.binding(self.binds(problem))
        if self.with_itself(problem):
            used = [model.at_least_one(model.tasks_over(family, members)) for members in buckets.members()]
            most = max(1, int((buckets.count(self.theirs(before)) > 0).sum()))
            model.at_most(total(model.truth(literal) for literal in used), most, binding)
            return
        own_before = buckets.count(before.row(self.owner))
        family_before = buckets.count(self.theirs(before))
        touched = set(buckets.of[model.touched([self.owner, *family])].tolist()) - {-1}
        members = buckets.members()
        for b in sorted(touched):
            alone = int(own_before[b]) if family_before[b] == 0 else 0
            there = model.at_least_one(model.tasks_over(family, members[b]))
            model.at_most(model.tasks_over([self.owner], members[b]), alone, [model.opposite(there), *binding])

    def breaks(self, model: Model) -> Iterable[Literal]:
        problem = model.problem
        members = Buckets.everywhere(problem, self.field).members()
        family = self.members(problem)
        there = [model.at_least_one(model.tasks_over(family, inside)) for inside in members]
        if self.with_itself(problem):
            yield model.at_least(total(model.truth(literal) for literal in there), 2)
            return
        for literal, inside in zip(there, members, strict=True):
            own = model.tasks_over([self.owner], inside)
            if model.range_of(own)[1]:
                yield model.all_of([model.at_least_one(own), model.opposite(literal)])

    def breaches(self, placement: Placement) -> Breaches:
        problem = placement.problem
        buckets = Buckets.everywhere(problem, self.field)
        family = buckets.count(self.theirs(placement))
        own = placement.row(self.owner)
        homeless = np.maximum(placement.change(self.owner), 0)[~buckets.inside].sum()
        if self.with_itself(problem):
            amount = np.array([(family > 0).sum(), homeless], np.int64)
            places = ("all buckets", f"instances without {self.field}")
            return Breaches(amount, np.array([1, 0]), places.__getitem__, f"buckets that hold {self.family}")
        alone = np.where(family > 0, 0, buckets.count(own))
        name = buckets.named(f"instances without {self.field}")
        amount = np.append(alone, homeless).astype(np.int64)
        return Breaches(amount, np.zeros_like(amount), name, f"tasks without {self.family} beside them")


@dataclass(frozen=True)
class SoftAffinity(CompanionCost):
    """The soft form: ``weight`` for each task of the owner in a bucket without the family, or in no bucket."""

    type: ClassVar[str] = TYPE

    @property
    def title(self) -> str:
        return f"tasks away from {self.family}"

    def value(self, placement: Placement) -> int:
        buckets = Buckets.everywhere(placement.problem, self.field)
        there = buckets.count(self.theirs(placement)) > 0
        own = placement.row(self.owner)
        near = np.append(there, False)[buckets.of] & buckets.inside
        return self.weight * int(own[~near].sum())

    def compile(self, model: Model) -> Sum:
        problem = model.problem
        buckets = Buckets.everywhere(problem, self.field)
        family = self.members(problem)
        parts = [model.tasks_over([self.owner], np.flatnonzero(~buckets.inside))]
        for members in buckets.members():
            own = model.tasks_over([self.owner], members)
            if model.range_of(own)[1]:
                there = model.at_least_one(model.tasks_over(family, members))
                parts.append(model.where(model.opposite(there), own))
        return total(parts) * self.weight
