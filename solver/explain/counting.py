"""Counting: how many tasks of a group fit, as far as sums over instances and buckets can say."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from solver.domain.counts import Bools, Ints
from solver.domain.placement import Placement
from solver.rules.affinity import Affinity
from solver.rules.anti_affinity import AntiAffinity
from solver.rules.base import Constraint
from solver.rules.bound import Rules
from solver.rules.buckets import Buckets
from solver.rules.filling import most_filled
from solver.rules.max_skew import MaxSkew
from solver.rules.ports import HostPort
from solver.rules.resources import Resource

RoomOf = Callable[[Constraint], Ints]
"""The room that a rule leaves the group on each instance, ``int64[I]``."""


@dataclass(frozen=True)
class Fitting:
    """At most ``most`` tasks fit (cut off at what was asked); ``exact`` if that many really do."""

    most: int
    exact: bool


def fitting(
    state: Placement, group: int, needed: int, rules: Sequence[Constraint], room_of: RoomOf, *, alone: bool = True
) -> Fitting:
    """How many of ``needed`` tasks of a group fit, if ``alone`` no other group starts anything.

    Rules that judge each instance by itself give ``sum min(room)``. One rule over buckets on top of them has a formula;
    with several, each gives a limit and nothing says that they can be met together.
    """
    problem = state.problem
    steady = [rule for rule in rules if not rule.stepwise(problem, group) and (alone or rule.only_tightens)]
    linked = [rule for rule in rules if rule.stepwise(problem, group)]
    room = np.full(state.size, needed, np.int64)
    for rule in steady:
        np.minimum(room, room_of(rule), out=room)
    for rule in linked:
        room = np.where(rule.admits(problem, group), room, 0)
    most = int(np.minimum(room, needed).sum())
    limits = [_linked(rule, state, group, room) for rule in linked if alone or isinstance(rule, AntiAffinity)]
    known = [limit for limit in limits if limit is not None]
    exact = alone and len(linked) <= 1 and len(known) == len(linked)
    return Fitting(min([most, *known, needed]), exact)


def _linked(rule: Constraint, state: Placement, group: int, room: Ints) -> int | None:
    """The most tasks that one rule over buckets allows, given the room on each instance; None if it has no formula."""
    problem = state.problem
    if isinstance(rule, MaxSkew):
        return _skewed(rule, state, group, room)
    if isinstance(rule, AntiAffinity):
        # The rule itself says which bucket still takes one.
        open_to_one = rule.room(state, group) > 0
        names = problem.cluster.column(rule.field).codes.astype(np.int64)
        without = names < 0
        values = np.unique(names[open_to_one & (room > 0) & ~without])
        return len(values) + int((open_to_one & (room > 0) & without).sum())
    if isinstance(rule, Affinity):
        open_to_one = rule.room(state, group) > 0
        buckets = Buckets.everywhere(problem, rule.field)
        takes = np.where(open_to_one, room, 0)
        counts, outside = buckets.count(takes), int(takes[~buckets.inside].sum())
        # All in one bucket; where the family broke the rule before, it may stay in each of its buckets.
        present = buckets.count(rule.theirs(state)) > 0
        return outside + (int(counts[present].sum()) if present.any() else int(counts.max(initial=0)))
    return None


def _skewed(rule: MaxSkew, state: Placement, group: int, room: Ints) -> int:
    """``sum_b clip(level + k - count_b, 0, room_b)``, where ``level`` is the highest that the fullest bucket can reach.

    The smallest bucket can rise to ``min_b (count_b + room_b)`` and no further; all others may be k above it.
    """
    problem = state.problem
    buckets = rule.buckets
    outside = int(room[~buckets.inside].sum())
    if not len(buckets):
        return outside
    counts = buckets.count(state.family(problem.groups[rule.owner].family))
    rooms = buckets.count(room)
    smallest = 0 if rule.has_few else int(counts.min())
    allowed = rule.k if group == rule.owner else max(rule.k, int(counts.max()) - smallest)
    level = 0 if rule.has_few else int((counts + rooms).min())
    return outside + int(np.clip(level + allowed - counts, 0, rooms).sum())


def enough_by_counting(rules: Rules, needed: Ints) -> bool | None:
    """Whether ``needed`` starts of each group fit: False and True are proof, None if counting cannot tell."""
    problem = rules.problem
    state = Placement(problem)
    starting = np.flatnonzero(problem.wanted).tolist()
    alone = len(starting) == 1
    exact = True
    for g in np.flatnonzero(needed).tolist():
        found = fitting(state, g, int(needed[g]), rules.concerning(g), _room_in(state, g), alone=alone)
        if found.most < needed[g]:
            return False
        exact = found.exact
    if alone:
        return True if exact else None
    return False if _resource_short(rules, state, needed) else None


def _room_in(state: Placement, group: int) -> RoomOf:
    return lambda rule: rule.room(state, group)


def _resource_short(rules: Rules, state: Placement, needed: Ints) -> bool:
    """Whether groups together need more of a resource, or of a port, than there is where they may go.

    For each resource and each demand ``t``: the tasks that need at least ``t`` are at most ``sum_i floor(free_i / t)``. And
    what all of them need is at most ``sum_i`` of the most that multiples of their demands can fill.
    """
    reach: dict[int, Bools] = {}

    def reachable(groups: list[int]) -> Bools:
        for g in groups:
            if g not in reach:
                reach[g] = rules.most(g) > 0
        anywhere: Bools = np.any([reach[g] for g in groups], axis=0)
        return anywhere

    for rule in rules.constraints:
        if isinstance(rule, HostPort):
            holders = [g for g in np.flatnonzero(needed).tolist() if rule.port in rules.problem.groups[g].ports]
            if len(holders) > 1 and int(reachable(holders).sum()) < int(needed[holders].sum()):
                return True
        elif isinstance(rule, Resource):
            demand = rules.problem.demand[:, rule.r]
            takers = np.flatnonzero((needed > 0) & (demand > 0)).tolist()
            left = np.maximum(state.free[:, rule.r] - rule.reserved, 0)
            for least in sorted({int(demand[g]) for g in takers}, reverse=True):
                large = [g for g in takers if demand[g] >= least]
                if len(large) < 2:
                    continue
                here = left[reachable(large)]
                sizes = demand[large]
                if int((here // least).sum()) < int(needed[large].sum()):
                    return True
                if int(most_filled(here, sizes).sum()) < int((needed[large] * sizes).sum()):
                    return True
    return False
