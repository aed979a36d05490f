"""As many tasks as fit of a request that is too large: patterns per instance for the first tier, where they know it.

It looks at requests of one priority class that stop and move nothing. Rules that patterns do not know are left out of the bound,
which then speaks of more plans, not fewer; a plan that breaks one of them is stopped by the checker like any other.
"""

from __future__ import annotations

import numpy as np

from solver.domain.counts import Counts, Ints
from solver.domain.request import Limits, Scheduling
from solver.engines import mending
from solver.engines.deadline import Deadline
from solver.engines.eligibility import caps, eligibility
from solver.engines.incumbent import Incumbent
from solver.engines.patterns.handing_back import deal
from solver.engines.patterns.placing import Placed, most_placed
from solver.engines.patterns.problem import PackingProblem, anywhere
from solver.engines.patterns.search import applicable
from solver.rules.filling import fill_evenly
from solver.rules.spread import Spread
from solver.rules.unplaced import Unplaced

TIME_SHARE = 0.6
"""Of what is left: other engines can use the rest, for rules that this one does not know, and for the tiers after."""


def improve(incumbent: Incumbent, limits: Limits, deadline: Deadline) -> None:
    """Improve the tier of tasks missing and its bound, where the request has the form for it."""
    problem, first = incumbent.rules.problem, incumbent.rules.tiers[0]
    whole = problem.all_or_nothing or any(group.all_or_nothing for group in problem.groups)
    if not isinstance(first, Unplaced) or problem.operation.changes or whole or incumbent.proven(0):
        return
    if len(problem.classes()) != 1 or any(
        problem.groups[g].scheduling is Scheduling.DAEMON for g in np.flatnonzero(problem.wanted)
    ):
        return
    placing = _Placing(incumbent)
    if not applicable(placing.problem):
        return
    until = deadline if limits.deterministic_limit is not None else deadline.part(TIME_SHARE)
    found = most_placed(placing.problem, until, seed=limits.seed)
    if found is not None:
        incumbent.uncompiled |= found.uncompiled
        plan = placing.plan(found)
        if not incumbent.offer(plan, of_all_rules=False) and incumbent.value(plan) < incumbent.values:
            mending.mend_anywhere(incumbent, plan, limits, deadline)
        incumbent.add_bound(0, found.bound, "relaxation", ())


class _Placing:
    """The groups that want tasks as a packing problem of one zone."""

    def __init__(self, incumbent: Incumbent) -> None:
        self._rules, self._request = incumbent.rules, incumbent.rules.problem
        self._groups = np.flatnonzero(self._request.wanted)
        size = self._request.cluster.size
        eligible, admits = eligibility(self._rules, self._groups.tolist(), {})
        wanted = self._request.wanted[self._groups]
        lower, upper = anywhere(wanted, 1)
        self.problem = PackingProblem(
            free=self._rules.available(self._rules.before),
            zone=np.zeros(size, np.int64),
            empty=np.zeros(size, np.bool_),
            demand=self._request.demand[self._groups],
            wanted=wanted,
            lower=lower,
            upper=upper,
            admits=admits,
            eligible=eligible,
            limit=caps(self._rules, self._groups.tolist()),
        )

    def plan(self, found: Placed) -> Counts:
        """Tasks of a type are dealt out to its groups, bucket by bucket of their first ``spread`` as evenly as can be."""
        parts: list[tuple[Ints, Ints, Ints]] = []
        for kind in range(found.types.count):
            members = self._groups[found.types.of_group == kind]
            parts += self._dealt(members, found.held[kind])
        if not parts:
            return self._request.running
        group, instance, count = (np.concatenate(column) for column in zip(*parts, strict=True))
        shape = (len(self._request.groups), self._request.cluster.size)
        return self._request.running + Counts.of(shape, group, instance, count)

    def _dealt(self, members: Ints, held: Ints) -> list[tuple[Ints, Ints, Ints]]:
        """Groups, instances and counts."""
        part = self._part(int(members[0]))
        left, started = self._request.wanted[members].copy(), np.zeros(len(members), np.int64)
        dealt = []
        for bucket in np.unique(part[held > 0]).tolist():
            here = np.flatnonzero((part == bucket) & (held > 0))
            share = fill_evenly(started, left, int(held[here].sum()))
            started, left = started + share, left - share
            dealt.append(deal(members, share, here, held[here]))
        return dealt

    def _part(self, group: int) -> Ints:
        """``int64[I]``: the bucket of each instance in the first ``spread`` of the chain; one for all where there is none."""
        for strategy in self._rules.strategies[group]:
            if isinstance(strategy, Spread):
                return strategy.buckets.or_last
        return np.zeros(self._request.cluster.size, np.int64)
