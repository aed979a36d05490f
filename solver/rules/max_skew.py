"""``maxSkew(field, k)``: the largest bucket exceeds the smallest by at most k (§3.6; ours).

Buckets are the values of the field found on instances that the group may use. Where the skew is already above k it must
not grow, and no start goes into a bucket that ends more than k above the smallest (§3.1).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from solver.domain.counts import Bools, Ints
from solver.domain.explanation import Violation
from solver.domain.placement import Cells, Placement
from solver.domain.problem import Problem
from solver.rules.argument import field_name, split, whole_number
from solver.rules.base import UNLIMITED, Breaches, Constraint, Reading
from solver.rules.buckets import Buckets, has_field
from solver.rules.model import Literal, Model
from solver.rules.terms import Skewed, Term, flags

TYPE = "maxSkew"
ALL_BUCKETS = "all buckets"
UNBOUND = Buckets(np.zeros(0, np.int64), 0, str)
"""The buckets of a rule that is read and not bound to a problem yet."""


@dataclass(frozen=True, eq=False)
class MaxSkew(Constraint):
    """The family's counts over the buckets differ by at most ``k``.

    Parameters
    ----------
    buckets
        The values on instances that the group may use; none until those are known.
    """

    owner: int
    field: str
    k: int
    buckets: Buckets = UNBOUND
    reason: str = "MaxSkew placement constraint unsatisfied."

    @classmethod
    def parse(cls, owner: int, argument: str) -> MaxSkew:
        """Read ``field, k``.

        Raises
        ------
        InvalidRequest
            If the field is not one, or k is not a whole number from 1.
        """
        name, k = split(argument, "FIELD, K", 2, 2)
        return cls(owner, field_name(name), whole_number(k, "skew", 1))

    @property
    def name(self) -> str:
        return f"{TYPE}({self.field}, {self.k})"

    def over(self, buckets: Buckets) -> MaxSkew:
        """The same rule over these buckets."""
        return dataclasses.replace(self, buckets=buckets)

    def _family(self, problem: Problem) -> str:
        return problem.groups[self.owner].family

    def scope(self, problem: Problem) -> Iterable[int]:
        return problem.families[self._family(problem)]

    def admits(self, problem: Problem, group: int) -> Bools:
        return has_field(problem, self.field) if group == self.owner else super().admits(problem, group)

    def stepwise(self, problem: Problem, group: int) -> bool:
        return problem.groups[group].family == self._family(problem)

    def room(self, state: Placement, group: int) -> Ints:
        problem = state.problem
        if not self.stepwise(problem, group):
            return super().room(state, group)
        buckets = self.buckets
        if not len(buckets):
            return np.zeros(state.size, np.int64) if group == self.owner else np.full(state.size, UNLIMITED)
        counts = buckets.count_of(state, self._family(problem))
        allowed = self._allowed(problem, buckets) if group != self.owner else self.k
        started = buckets.count_cells(_starts(state, self.owner)) > 0
        most = np.where(started, self.k, allowed) + counts.min()
        room = np.maximum(most - counts, 0)
        inside = np.where(buckets.inside, room[buckets.of], UNLIMITED)
        return np.where(self.admits(problem, group), inside, 0)

    def _allowed(self, problem: Problem, buckets: Buckets) -> int:
        return max(self.k, _skew(buckets.count(problem.running_of(self._family(problem)))))

    def readings(self, problem: Problem) -> Iterable[Reading]:
        yield Reading.of_groups(problem, self.scope(problem), [self.owner], part=self.buckets.of)

    def terms(self, problem: Problem) -> Sequence[Term] | None:
        buckets = self.buckets
        family = flags(len(problem.groups), self.scope(problem))
        return (Skewed(family, buckets.of, len(buckets), self.k),)

    def compile(self, model: Model) -> None:
        problem = model.problem
        buckets = self.buckets
        if len(buckets) < 2:
            return
        family = problem.families[self._family(problem)]
        allowed = self._allowed(problem, buckets)
        counts = [model.tasks_over(family, members) for members in buckets.members()]
        smallest = model.smallest(counts)
        binding = model.binding(family)
        starters = np.intersect1d(model.candidates(self.owner), np.flatnonzero(buckets.inside))
        for b, count in enumerate(counts):
            model.at_most(count - smallest, allowed, binding)
            if allowed > self.k:
                here = starters[buckets.of[starters] == b]
                started = model.at_least_one(model.started_over([self.owner], here))
                model.at_most(count - smallest, self.k, [started])

    def breaks(self, model: Model) -> Iterable[Literal]:
        """One: whether any bucket ends more than k above the smallest, which stops that were asked for may do as well."""
        buckets = self.buckets
        family = model.problem.families[self._family(model.problem)]
        counts = [model.tasks_over(family, members) for members in buckets.members()]
        if len(counts) > 1:
            smallest = model.smallest(counts)
            yield model.any_of([model.at_least(count - smallest, self.k + 1) for count in counts])

    def violations(self, placement: Placement) -> tuple[Violation, ...]:
        """The skew once: where it is too large, its buckets are not listed besides."""
        found = super().violations(placement)
        whole = tuple(violation for violation in found if violation.place == ALL_BUCKETS)
        return whole or found

    def breaches(self, placement: Placement) -> Breaches:
        """Each bucket's excess over the smallest where the owner starts tasks in it, then the skew."""
        problem = placement.problem
        buckets = self.buckets
        counts = buckets.count_of(placement, self._family(problem))
        starts = _starts(placement, self.owner)
        started = buckets.count_cells(starts) > 0
        above = np.where(started, counts - (counts.min() if len(counts) else 0), 0)
        instances, more = starts
        nowhere = int(more[problem.cluster.column(self.field).codes[instances] < 0].sum())
        limit = np.full(len(buckets) + 2, self.k)
        limit[-2] = 0
        name = buckets.named(f"instances without {self.field}", ALL_BUCKETS)
        return Breaches(
            np.concatenate([above, [nowhere, _skew(counts)]]).astype(np.int64),
            limit,
            name,
            f"tasks of {self._family(problem)} above the smallest bucket",
        )


def _starts(placement: Placement, group: int) -> Cells:
    """Where tasks of the group start, and how many."""
    instances, more = placement.change_of(group)
    return instances[more > 0], more[more > 0]


def _skew(counts: Ints) -> int:
    return int(counts.max() - counts.min()) if len(counts) else 0
