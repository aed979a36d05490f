"""A request in parts: groups that share no instance, and that no rule counts together, are solved by themselves.

Clusters are often cut up by constraints (stacks, pools, capacity providers). Every cost is a sum over instances, families or
groups, so that the parts' costs add up, and a plan is best if each part of it is: the whole is proved where each part
is. Budgets that parts would have to share, a slot that is to be free, all or nothing of the request, and costs that do not add
up, rule it out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from solver.domain.counts import Bools, Ints
from solver.domain.problem import Problem
from solver.domain.request import Limits
from solver.engines.deadline import Deadline
from solver.engines.incumbent import Incumbent
from solver.rules.base import Rule
from solver.rules.bind import bind
from solver.rules.bound import Rules
from solver.rules.moved import Moved
from solver.rules.unplaced import Preempted, Unplaced

MOST_PARTS = 64
"""Smaller parts are put together: each is bound and solved on its own, which costs some milliseconds for each group."""

FIRST_PASS = 0.5
"""Of the time, for a first look at every part."""


class Engines(Protocol):
    """The engines that a part is given to."""

    def begin(self, rules: Rules, limits: Limits, deadline: Deadline) -> Incumbent:
        """A first checked plan, and the bounds of counting."""

    def search(self, incumbent: Incumbent, limits: Limits, deadline: Deadline) -> None:
        """Improve the plan and its bounds."""


@dataclass(frozen=True, eq=False)
class Part:
    """Groups that may change, and ``bool[I]`` the instances where they may."""

    groups: tuple[int, ...]
    instances: Bools


def improve(incumbent: Incumbent, parts: list[Part], limits: Limits, deadline: Deadline, engines: Engines) -> None:
    """Solve the parts, small ones first: all of them for a while, then what is not proved for what time is left."""
    rules = incumbent.rules
    budget = limits.deterministic_limit
    own = limits if budget is None else replace(limits, deterministic_limit=budget / len(parts))
    found: list[Incumbent] = []
    for k, part in enumerate(parts):
        share = deadline.part(FIRST_PASS / (len(parts) - k)) if budget is None else deadline
        found.append(engines.begin(bind(restricted(rules.problem, part), rules.objective), own, share))
        engines.search(found[-1], own, share)
        if deadline.passed():
            incumbent.cut_short = True
            break
    if budget is None:
        _go_on(found, own, deadline, engines)
    incumbent.cut_short |= any(part.cut_short for part in found)
    tasks = rules.problem.running
    for part_of in found:
        tasks = tasks + (part_of.tasks - rules.problem.running)
    if len(found) == len(parts):
        values = incumbent.value(tasks)
        incumbent.offer(tasks)
        _add_bounds(incumbent, values, found)


def _go_on(found: list[Incumbent], limits: Limits, deadline: Deadline, engines: Engines) -> None:
    """Search the parts that are not proved once more, each for its share of the time."""
    rest = [part for part in found if not part.finished]
    for k, part in enumerate(rest):
        if not deadline.passed():
            engines.search(part, limits, deadline.part(1 / (len(rest) - k)))


def parts_of(rules: Rules) -> list[Part]:
    """The parts of a request, small ones first; a single one where something ties all of it together."""
    problem = rules.problem
    operation, freedom = problem.operation, problem.freedom
    changing = sorted({*operation.stoppable.group.tolist(), *np.flatnonzero(problem.wanted).tolist()})
    budgets = freedom.max_moves is not None or freedom.max_move_cost is not None
    shared = budgets or freedom.min_gain or freedom.empty
    whole = problem.all_or_nothing or freedom.slot or not all(cost.adds_up for cost in rules.tiers)
    if whole or (shared and operation.moving.any()) or not changing:
        return [Part(tuple(changing), np.ones(problem.cluster.size, np.bool_))]
    sets = _Sets(len(problem.groups))
    concerned = _concerned(rules, changing, sets)
    holder = np.full(problem.cluster.size, -1, np.int64)
    for g, here in concerned.items():
        for other in np.unique(holder[here & (holder >= 0)]).tolist():
            sets.join(g, other)
        holder[here] = g
    if len({sets.of(g) for g in changing}) == 1:
        return [Part(tuple(changing), np.logical_or.reduce(list(concerned.values())))]
    for rule in (*rules.constraints, *rules.tiers):
        _join(sets, rule, problem)
    members: dict[int, list[int]] = {}
    for g in changing:
        members.setdefault(sets.of(g), []).append(g)
    found = sorted(members.values(), key=len)
    while len(found) > MOST_PARTS:
        found = sorted([found[0] + found[1], *found[2:]], key=len)
    return [
        Part(tuple(groups), np.logical_or.reduce([concerned[g] for g in groups if g in concerned])) for groups in found
    ]


def _concerned(rules: Rules, changing: Sequence[int], sets: _Sets) -> dict[int, Bools]:
    """``bool[I]``: the instances that each group may use or has tasks on, once for those that are alike, which are joined."""
    running = rules.problem.running
    found: dict[int, Bools] = {}
    first: dict[int, int] = {}
    for g in changing:
        before, most = running.cells_of(g)[0], rules.most_beside(g)
        other = first.setdefault(rules.alike[g], g)
        if other != g and most.any():
            # Groups that are alike have nothing running and may use the same instances.
            sets.join(g, other)
        else:
            found[g] = most > 0
            found[g][before] = True
    return found


def restricted(problem: Problem, part: Part) -> Problem:
    """The same request with only one part of it to do."""
    inside = set(part.groups)
    groups = tuple(
        group if g in inside else replace(group, start=0, stop=0, movable=False)
        for g, group in enumerate(problem.groups)
    )
    return replace(problem, groups=groups, frozen=problem.frozen | ~part.instances)


def _join(sets: _Sets, rule: Rule, problem: Problem) -> None:
    """Put together what a rule counts together over several instances; sums over single groups tie nothing."""
    if isinstance(rule, Unplaced | Preempted | Moved):
        return
    for reading in rule.readings(problem):
        if reading.part is not None:
            together = np.flatnonzero(reading.kind).tolist()
            for g in together[1:]:
                sets.join(together[0], g)


def _add_bounds(incumbent: Incumbent, values: tuple[int, ...], found: list[Incumbent]) -> None:
    """A tier's bound is its value less the parts' gaps, as long as every part's earlier tiers are proved."""
    parts = [{tier.name: tier for tier in part.results()} for part in found]
    for t, cost in enumerate(incumbent.rules.tiers):
        tiers = [tiers[cost.name] for tiers in parts if cost.name in tiers]
        gap = sum(tier.value - tier.bound for tier in tiers)
        source = next((tier.source for tier in tiers if tier.source != "counting"), "counting")
        incumbent.add_bound(t, values[t] - gap, source, values)
        if not all(tier.proven for tier in tiers):
            return


class _Sets:
    """Disjoint sets of numbers."""

    def __init__(self, size: int) -> None:
        self._above: Ints = np.arange(size, dtype=np.int64)

    def of(self, member: int) -> int:
        """The set that a number is in, by one of its members."""
        while self._above[member] != member:
            self._above[member] = self._above[self._above[member]]
            member = int(self._above[member])
        return member

    def join(self, one: int, other: int) -> None:
        """Make one set of two."""
        self._above[self.of(one)] = self.of(other)
