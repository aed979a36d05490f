"""The pattern engine applied to a request: fewest instances kept in use, where the tiers before that are settled.

It looks at the first ``binpack`` tier of a request. All tasks must be placed by then, and what comes before may only be
one ``spread`` a family, as even as counting allows: then the tasks of each family a zone may get are known within one, and
what is left is a packing problem. Rules that the packing problem does not know are left out of it. That keeps its
bound valid (it speaks of more plans, not fewer), and a plan that breaks one of them is stopped by the checker like any other.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from solver.domain.counts import Bools, Counts, Ints
from solver.domain.placement import Placement
from solver.domain.problem import Problem
from solver.domain.request import Limits, Scheduling
from solver.engines import mending
from solver.engines.deadline import Deadline
from solver.engines.eligibility import caps, eligibility
from solver.engines.incumbent import Incumbent
from solver.engines.patterns import search
from solver.engines.patterns.problem import PackingProblem, PackingResult, Started, anywhere, evenly
from solver.rules.binpack import Leftover, Opened
from solver.rules.buckets import Buckets
from solver.rules.spread import Evenness, Missing, Spread
from solver.rules.unplaced import Unplaced

TIME_SHARE = 0.7
"""Of what is left: other engines can use the rest, for rules that this one does not know, and for the tiers after."""

OFFERING_SHARE = 0.1
"""Of the time, for plans on the way; the last one is handed over in any case."""

CHECKS_AFTER = 2.0
"""To hand over what was found last takes about as long as so many checks: the search ends so much earlier."""


def improve(incumbent: Incumbent, limits: Limits, deadline: Deadline) -> None:
    """Improve the first ``binpack`` tier of the incumbent and its bound, where the request has the form for it."""
    tier = next((t for t, cost in enumerate(incumbent.rules.tiers) if isinstance(cost, Opened)), None)
    if tier is None or incumbent.bound(tier).value >= incumbent.values[tier]:
        return
    packing = _Packing.of(incumbent, tier)
    if packing is None:
        return
    asked = packing.problem()
    if not search.applicable(asked):
        return
    given = incumbent.values
    until = deadline
    if limits.deterministic_limit is None:
        left = deadline.remaining()
        until = deadline.within(min(TIME_SHARE * left, left - CHECKS_AFTER * incumbent.check_seconds))
    if until.passed():
        incumbent.cut_short = True
        return
    started = packing.started(incumbent.tasks)
    on_the_way = _NowAndThen(packing, incumbent, until, started)
    result = search.improve(
        asked,
        until,
        incumbent=started,
        seed=limits.seed,
        on_incumbent=on_the_way,
        memory=None if incumbent.memory is None else incumbent.memory.patterns,
    )
    incumbent.patterns = result.memory
    if on_the_way.last is not result.started:
        packing.offer(result, incumbent)
    if result.found and incumbent.values[tier] > packing.always_open + result.opened and not deadline.passed():
        mending.mend(incumbent, tier, packing.plan(result), limits, deadline)
    incumbent.uncompiled |= result.uncompiled
    if not result.impossible:
        incumbent.add_bound(tier, packing.always_open + result.bound, result.bound_source, given)


class _NowAndThen:
    """Hands plans on the way over as long as that takes little of the time: to check a large one takes longer than to find it."""

    def __init__(self, packing: _Packing, incumbent: Incumbent, deadline: Deadline, last: Started) -> None:
        self._packing, self._incumbent, self._deadline = packing, incumbent, deadline
        self._next = 0.0
        self.last = last
        """The plan that was handed over last, or that of the incumbent itself."""

    def __call__(self, found: PackingResult) -> None:
        begun = self._deadline.elapsed()
        if found.started is not self.last and begun >= self._next and not self._deadline.passed():
            self._packing.offer(found, self._incumbent)
            self.last = found.started
            now = self._deadline.elapsed()
            self._next = now + (now - begun) / OFFERING_SHARE


class _Packing:
    """The packing problem of one tier of a request."""

    def __init__(self, incumbent: Incumbent, cost: Opened, spreads: dict[int, Spread], zones: Buckets | None) -> None:
        self._rules = incumbent.rules
        self._request = incumbent.rules.problem
        self._groups = [g for g in range(len(self._request.groups)) if self._request.wanted[g]]
        self._cost = cost
        self._spreads = spreads
        self._zones = zones
        self.most = [self._rules.most(g) for g in self._groups]
        before = Placement(self._request)
        self.always_open = cost.value(before)
        self._before = before

    @classmethod
    def of(cls, incumbent: Incumbent, tier: int) -> _Packing | None:
        """The packing problem, or None where the request does not have its form."""
        rules, problem = incumbent.rules, incumbent.rules.problem
        cost = rules.tiers[tier]
        if problem.operation.changes:
            return None
        wanting = [g for g in range(len(problem.groups)) if problem.wanted[g]]
        families = {problem.groups[g].family for g in wanting}
        alone = len(families) == len(wanting) and all(
            problem.groups[g].scheduling is not Scheduling.DAEMON for g in wanting
        )
        if not isinstance(cost, Opened) or not alone or not set(wanting) <= set(cost.groups):
            return None
        spreads: dict[int, Spread] = {}
        for t, earlier in enumerate(rules.tiers[:tier]):
            if not _is_settled(incumbent, t):
                return None
            if isinstance(earlier, Evenness):
                for spread in earlier.spreads:
                    for g in (g for g in wanting if problem.groups[g].family == spread.family):
                        if g in spreads:
                            return None
                        spreads[g] = spread
        if len({spread.field for spread in spreads.values()}) > 1:
            return None
        return cls(incumbent, cost, spreads, _zones(problem, list(spreads.values())))

    def problem(self) -> PackingProblem:
        """In plain arrays."""
        request = self._request
        zone, zones = self._zone()
        within = {g: spread.buckets for g, spread in self._spreads.items()}
        eligible, admits = eligibility(self._rules, self._groups, within)
        lower, upper = self._bounds(eligible, admits, zone, zones)
        return PackingProblem(
            free=self._rules.available(self._before),
            zone=zone,
            empty=self._empty(),
            demand=request.demand[self._groups],
            wanted=request.wanted[self._groups],
            lower=lower,
            upper=upper,
            admits=admits,
            eligible=eligible,
            limit=caps(self._rules, self._groups),
            weight=self._weight(),
        )

    def started(self, tasks: Counts) -> Started:
        """A plan's starts, in the groups of the packing problem."""
        change = (tasks - self._request.running).positive()
        position = np.full(len(self._request.groups), -1, np.int64)
        position[self._groups] = np.arange(len(self._groups))
        return Started(position[change.group], change.instance.copy(), change.count.copy())

    def offer(self, result: PackingResult, incumbent: Incumbent) -> None:
        """Hand a plan to the incumbent."""
        if result.found:
            incumbent.offer(self.plan(result), of_all_rules=False)

    def plan(self, result: PackingResult) -> Counts:
        """In the groups of the request."""
        started = result.started
        shape = (len(self._request.groups), self._request.cluster.size)
        groups = np.array(self._groups, np.int64)[started.group]
        return self._request.running + Counts.of(shape, groups, started.instance, started.count)

    def _zone(self) -> tuple[Ints, int]:
        """``int64[I]`` and how many: instances outside every bucket share one more."""
        if self._zones is None:
            return np.zeros(self._request.cluster.size, np.int64), 1
        return np.where(self._zones.inside, self._zones.of, len(self._zones)), len(self._zones) + 1

    def _bounds(self, eligible: Ints, admits: Bools, zone: Ints, zones: int) -> tuple[Ints, Ints]:
        wanted = self._request.wanted[self._groups]
        lower, upper = anywhere(wanted, zones)
        spreading = [k for k, g in enumerate(self._groups) if g in self._spreads]
        if spreading:
            families = [self._request.groups[self._groups[k]].family for k in spreading]
            running = np.array([self._before.family_in(family, zone, zones) for family in families])
            known: dict[tuple[int, int], Ints] = {}
            for k in spreading:
                key = (id(self.most[k]), int(eligible[k]))
                if key not in known:
                    known[key] = _by_zone(np.where(admits[eligible[k]], self.most[k], 0), zone, zones)
            rooms = np.array([known[id(self.most[k]), int(eligible[k])] for k in spreading])
            lower[spreading], upper[spreading] = evenly(running, rooms, wanted[spreading])
        return lower, upper

    def _empty(self) -> Bools:
        """``bool[I]``: where the first task of a packing group adds one to the cost."""
        used = self._cost.opened(self._before) | self._cost.in_use_anyway(self._before)
        return ~used

    def _weight(self) -> Ints | None:
        """What was free of the resource that all groups pack by, if they pack by one."""
        leftovers = [
            cost for cost in self._rules.tiers if isinstance(cost, Leftover) and cost.position == self._cost.position
        ]
        if len(leftovers) != 1 or not set(self._groups) <= set(leftovers[0].groups):
            return None
        return leftovers[0].weights(self._request)


def _zones(problem: Problem, spreads: Sequence[Spread]) -> Buckets | None:
    """The values of the field that any of the families spreads over: each may use some of them."""
    if not spreads:
        return None
    usable = np.logical_or.reduce([spread.usable for spread in spreads])
    return Buckets.over(problem, spreads[0].field, usable)


def _is_settled(incumbent: Incumbent, tier: int) -> bool:
    """Whether all tasks are placed, no family needs an instance outside its buckets, and all are as even as can be."""
    cost, value = incumbent.rules.tiers[tier], incumbent.values[tier]
    if isinstance(cost, Unplaced):
        return value == 0
    if isinstance(cost, Missing):
        return value == cost.value(Placement(incumbent.rules.problem))
    bound = incumbent.bound(tier)
    return isinstance(cost, Evenness) and bound.value == value and bound.source == "counting"


def _by_zone(counts: Ints, zone: Ints, zones: int) -> Ints:
    return np.bincount(zone, weights=counts, minlength=zones).astype(np.int64)
