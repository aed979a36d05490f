"""``maxSkew(field, k)``: the largest bucket exceeds the smallest by at most k (§3.6; ours).

Buckets are the values of the field found on instances that the group may use. Where the skew is already above k it must
not grow, and no start goes into a bucket that ends more than k above the smallest (§3.1).

``maxSkew(field, k, least)``: with fewer buckets than ``least`` the smallest counts as empty, so that no bucket holds more
than k. ``maxSkew(field, k, least, expression)``: the buckets are the values on instances where the expression holds, whether
or not these take tasks now; the group starts nowhere else, and tasks elsewhere do not count (Kubernetes documentation, Pod
Topology Spread Constraints: ``minDomains``, ``nodeAffinityPolicy``, ``nodeTaintsPolicy``).
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
from solver.errors import InvalidRequest
from solver.query import evaluate, parse, reads_state
from solver.query.syntax import Expression
from solver.rules.argument import field_name, split, whole_number
from solver.rules.base import UNLIMITED, Breaches, Constraint, Reading
from solver.rules.buckets import Buckets, has_field
from solver.rules.model import Literal, Model, Sum
from solver.rules.terms import AtMost, Skewed, Term, flags

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
    least
        So many buckets there should be: with fewer the smallest counts as empty.
    selection, text
        Where it holds are the instances that count, and how it is written; None for those that the group may use.
    """

    owner: int
    field: str
    k: int
    buckets: Buckets = UNBOUND
    least: int = 1
    selection: Expression | None = None
    text: str = ""
    reason: str = "MaxSkew placement constraint unsatisfied."

    @classmethod
    def parse(cls, owner: int, argument: str) -> MaxSkew:
        """Read ``field, k[, least[, expression]]``.

        Raises
        ------
        InvalidRequest
            If the field is not one, k or ``least`` is not a whole number from 1, or the expression cannot be read or reads
            what a placement changes.
        """
        name, k, *more = split(argument, "FIELD, K or FIELD, K, LEAST or FIELD, K, LEAST, EXPRESSION", 2, 4)
        least = whole_number(more[0], "number of buckets", 1) if more else 1
        selection = parse(more[1]) if len(more) == 2 else None
        if selection is not None and reads_state(selection):
            remedy = "must not read task:group or runningTasksCount, which a placement changes"
            raise InvalidRequest.at("argument", f"expression is '{more[1]}'", remedy)
        return cls(
            owner, field_name(name), whole_number(k, "skew", 1), UNBOUND, least, selection, more[1] if selection else ""
        )

    def argument(self, k: int) -> str:
        """As it is written with another k."""
        more = (self.least, self.text) if self.text else (self.least,) if self.least > 1 else ()
        return ", ".join(map(str, (self.field, k, *more)))

    @property
    def name(self) -> str:
        return f"{TYPE}({self.argument(self.k)})"

    def selected(self, problem: Problem) -> Buckets | None:
        """The buckets that its own expression says; None where it has none."""
        if self.selection is None:
            return None
        chosen = evaluate(self.selection, Placement(problem))
        found = Buckets.over(problem, self.field, chosen)
        return dataclasses.replace(found, of=np.where(chosen, found.of, -1))

    @property
    def has_few(self) -> bool:
        """Whether there are too few buckets, so that the smallest counts as empty."""
        return len(self.buckets) < self.least

    def _smallest(self, counts: Ints) -> int:
        return 0 if self.has_few or not len(counts) else int(counts.min())

    def _skew(self, counts: Ints) -> int:
        return int(counts.max()) - self._smallest(counts) if len(counts) else 0

    def over(self, buckets: Buckets) -> MaxSkew:
        """The same rule over these buckets."""
        return dataclasses.replace(self, buckets=buckets)

    def _family(self, problem: Problem) -> str:
        return problem.groups[self.owner].family

    def scope(self, problem: Problem) -> Iterable[int]:
        return problem.families[self._family(problem)]

    def admits(self, problem: Problem, group: int) -> Bools:
        return self._open(problem) if group == self.owner else super().admits(problem, group)

    def _open(self, problem: Problem) -> Bools:
        """``bool[I]``: with the field, and where the rule's own expression holds."""
        return has_field(problem, self.field) if self.selection is None else self.buckets.inside

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
        most = np.where(started, self.k, allowed) + self._smallest(counts)
        room = np.maximum(most - counts, 0)
        inside = np.where(buckets.inside, room[buckets.of], UNLIMITED)
        return np.where(self.admits(problem, group), inside, 0)

    def _allowed(self, problem: Problem, buckets: Buckets) -> int:
        return max(self.k, self._skew(buckets.count(problem.running_of(self._family(problem)))))

    def readings(self, problem: Problem) -> Iterable[Reading]:
        yield Reading.of_groups(problem, self.scope(problem), [self.owner], part=self.buckets.of)

    def terms(self, problem: Problem) -> Sequence[Term] | None:
        buckets = self.buckets
        family = flags(len(problem.groups), self.scope(problem))
        if self.has_few:
            return (AtMost(family.astype(np.int64), buckets.of, np.full(len(buckets), self.k)),)
        return (Skewed(family, buckets.of, len(buckets), self.k),)

    def compile(self, model: Model) -> None:
        problem = model.problem
        buckets = self.buckets
        if len(buckets) < (1 if self.has_few else 2):
            return
        family = problem.families[self._family(problem)]
        allowed = self._allowed(problem, buckets)
        counts = [model.tasks_over(family, members) for members in buckets.members()]
        smallest = Sum() if self.has_few else model.smallest(counts)
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
        if len(counts) > (0 if self.has_few else 1):
            smallest = Sum() if self.has_few else model.smallest(counts)
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
        above = np.where(started, counts - self._smallest(counts), 0)
        instances, more = starts
        nowhere = int(more[~self._open(problem)[instances]].sum())
        limit = np.full(len(buckets) + 2, self.k)
        limit[-2] = 0
        without = f"instances without {self.field}" + (f" or where it does not hold: {self.text}" if self.text else "")
        name = buckets.named(without, ALL_BUCKETS)
        return Breaches(
            np.concatenate([above, [nowhere, self._skew(counts)]]).astype(np.int64),
            limit,
            name,
            f"tasks of {self._family(problem)} above the smallest bucket",
        )


def _starts(placement: Placement, group: int) -> Cells:
    """Where tasks of the group start, and how many."""
    instances, more = placement.change_of(group)
    return instances[more > 0], more[more > 0]
