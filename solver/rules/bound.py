"""The rules of a problem, bound to it: where its groups may be, and how much room the rules leave them together."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np

from solver.domain.counts import Bools, Counts, Ints, read_only
from solver.domain.devices import Seats
from solver.domain.placement import Placement
from solver.domain.problem import Problem
from solver.domain.request import Scheduling, TaskGroup
from solver.rules.base import UNLIMITED, Constraint, Cost, Reading, Stage, Strategy
from solver.rules.gain import Gain
from solver.rules.least_fragmentation import LeastFragmentation
from solver.rules.resources import Resource
from solver.rules.seating import fullest, seats_of
from solver.rules.unplaced import Preempted, Unplaced


@dataclass(frozen=True, eq=False)
class Rules:
    """Every rule of a problem.

    Attributes
    ----------
    constraints
        In the pipeline's order: of the cluster, of the customers.
    strategies
        Each group's chain.
    tiers
        What is minimised, in order (§5.1).
    objective
        Where something else is minimised than a request says: what makes the tiers, of the rules as they are bound without
        it. Parts of the request are bound with it too.
    """

    problem: Problem
    constraints: tuple[Constraint, ...]
    strategies: tuple[tuple[Strategy, ...], ...]
    tiers: tuple[Cost, ...]
    objective: Callable[[Rules], tuple[Cost, ...]] | None = None

    @property
    def leading(self) -> tuple[Cost, ...]:
        """The tiers that come before anything else: what is not placed, and what is stopped for others."""
        return tuple(cost for cost in self.tiers if isinstance(cost, Unplaced | Preempted))

    def admits(self, group: int) -> Bools:
        """``bool[I]``: where the group may start a task, as far as the static parts say."""
        return self._admits[group]

    @cached_property
    def _admits(self) -> list[Bools]:
        found: dict[int, Bools] = {}
        for g, first in enumerate(self.alike):
            if g == first:
                admitted = np.ones(self.problem.cluster.size, np.bool_)
                # Only the owner's own rules, and those of the cluster, have a static part for a group.
                for constraint in (rule for rule in self.concerning(g) if rule.owner in (None, g)):
                    admitted &= constraint.admits(self.problem, g)
                read_only(admitted)
                found[g] = admitted
        return [found[first] for first in self.alike]

    def usable(self, group: int) -> Bools:
        """``bool[I]``: where tasks are accepted at all and the group's own rules let it be, as far as they are static."""
        found = self.problem.cluster.accepts.copy()
        for rule in self.constraints:
            if rule.owner == group and rule.is_static:
                found &= rule.admits(self.problem, group)
        return found

    @cached_property
    def alike(self) -> tuple[int, ...]:
        """For each group the first one with which it could change names, as far as every rule is concerned.

        Groups that ask for the same, of which nothing runs and that no rule names, have as much room on each instance while
        none of their tasks is there, and may be admitted on the same ones. How many tasks they want may differ.
        """
        problem = self.problem
        named = {name for rule in self.constraints for name in rule.names(problem)}
        running = problem.running.totals() > 0
        first: dict[object, int] = {}
        found = []
        for g, group in enumerate(problem.groups):
            unique = (
                group.family in named
                or len(problem.families[group.family]) > 1
                or running[g]
                or group.scheduling is Scheduling.DAEMON
            )
            asked = (
                tuple(sorted(group.demand.items())),
                (group.ports, group.role, group.devices, group.scheduling, group.start > 0),
                static_part(group),
            )
            found.append(first.setdefault(g if unique else asked, g))
        return tuple(found)

    def concerning(self, group: int) -> tuple[Constraint, ...]:
        """The constraints that may refuse a task of the group, in the pipeline's order for it."""
        return self._concerning[group]

    @cached_property
    def _concerning(self) -> list[tuple[Constraint, ...]]:
        found: list[list[Constraint]] = [[] for _ in self.problem.groups]
        for rule in self.constraints:
            for g in rule.scope(self.problem):
                found[g].append(rule)
        return [tuple(sorted(rules, key=partial(_stage, g))) for g, rules in enumerate(found)]

    def room(self, state: Placement, group: int) -> Ints:
        """``int64[I]``: how many more tasks of the group each instance takes from a state, as far as all rules say."""
        return room_of(self.concerning(group), state, group)

    @cached_property
    def before(self) -> Placement:
        """The state before the operation, shared by all who read it."""
        return Placement(self.problem)

    def available(self, state: Placement) -> Ints:
        """``int64[I, R]``: what tasks may still take in a state: free, less what is reserved or owed to daemons."""
        columns = {rule.r: rule.available(state) for rule in self.constraints if isinstance(rule, Resource)}
        # Stacked below an empty array: a cluster may have no resource at all.
        return np.column_stack([np.zeros((state.size, 0), np.int64), *(columns[r] for r in sorted(columns))])

    @cached_property
    def emptied(self) -> Placement:
        """The state in which everything that may stop has: no plan leaves more room."""
        operation = self.problem.operation
        return Placement(self.problem, operation.fixed) if operation.changes else self.before

    def most(self, group: int) -> Ints:
        """``int64[I]``: no plan starts more tasks of the group on an instance; 0 where it may start none."""
        key = self.alike[group], int(self.problem.operation.startable[group])
        if key not in self._most:
            self._most[key] = np.minimum(self.ceiling(group), key[1])
            read_only(self._most[key])
        return self._most[key]

    def most_beside(self, group: int) -> Ints:
        """``int64[I]``: tasks of the group beside those that cannot stop, at most: what may start, and what is there."""
        instances, counts = self.problem.operation.stoppable.cells_of(group)
        if not len(instances):
            return self.most(group)
        most = self.most(group).copy()
        most[instances] += counts
        return most

    def ceiling(self, group: int) -> Ints:
        """``int64[I]``: no plan starts more tasks of the group on an instance, however many are wanted."""
        first = self.alike[group]
        if first not in self._ceilings:
            ceiling = np.where(self.admits(group), UNLIMITED, 0)
            for rule in self.concerning(group):
                if rule.only_tightens and not rule.stepwise(self.problem, group):
                    room = rule.most_room(self.emptied, group)
                    np.minimum(ceiling, np.where(self._exchangeable(rule), UNLIMITED, room), out=ceiling)
            read_only(ceiling)
            self._ceilings[first] = ceiling
        return self._ceilings[first]

    def _exchangeable(self, rule: Constraint) -> Bools:
        """``bool[I]``: where a rule is broken and tasks may stop: others may break it as much in their stead (§8)."""
        if id(rule) not in self._exchanges:
            holds = np.zeros(self.problem.cluster.size, np.bool_)
            stoppable = self.problem.operation.stoppable
            if len(stoppable) and rule.broken(self.before):
                # Where the rule looks at more than single instances, on any instance.
                single = all(reading.part is None for reading in rule.readings(self.problem))
                holds[stoppable.instance if single else slice(None)] = True
            self._exchanges[id(rule)] = holds
        return self._exchanges[id(rule)]

    @cached_property
    def _exchanges(self) -> dict[int, Bools]:
        return {}

    @cached_property
    def _ceilings(self) -> dict[int, Ints]:
        return {}

    @cached_property
    def _most(self) -> dict[tuple[int, int], Ints]:
        return {}

    def seats(self, tasks: Counts) -> dict[tuple[int, int], Seats]:
        """By group and instance, the devices of each task that starts in a plan that the checker passes."""
        if not self.problem.device_groups:
            return {}
        state = Placement(self.problem, tasks)
        every = (strategy for chain in self.strategies for strategy in chain)
        least = next((one for one in every if isinstance(one, LeastFragmentation)), None)
        return seats_of(state, fullest if least is None else partial(least.choose, state))

    @cached_property
    def gain(self) -> Gain | None:
        """What moves must gain, where the request asks for it."""
        if not self.problem.freedom.min_gain:
            return None
        room = [self.most_beside(g) for g in range(len(self.problem.groups))]
        return Gain.of(self.problem, self.tiers, self.emptied, room)

    def readings(self) -> Iterator[Reading]:
        """What all rules and costs look at, and the requests themselves: how many tasks of each group start."""
        groups = len(self.problem.groups)
        yield Reading(np.arange(groups), np.zeros(self.problem.cluster.size, np.int64))
        for rule in (*self.constraints, *self.tiers):
            yield from rule.readings(self.problem)


def room_of(constraints: Iterable[Constraint], state: Placement, group: int) -> Ints:
    """``int64[I]``: how many more tasks of the group each instance takes from a state, as far as these rules say."""
    room = np.full(state.size, UNLIMITED)
    for constraint in constraints:
        np.minimum(room, constraint.room(state, group), out=room)
    return room


def _stage(group: int, rule: Constraint) -> Stage:
    return rule.stage_for(group)


def static_part(group: TaskGroup) -> Hashable:
    """What the group's own rules are made of."""
    return group.constraints, group.required_attributes, group.zones, group.capacity_providers
