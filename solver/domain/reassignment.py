"""Machine reassignment: tasks that all have a place, and what it costs that they are there and what moving them costs.

The problem of the Google ROADEF/EURO challenge 2012 (Afsar, Artigues, Bourreau, Kedad-Sidhoum: "Machine reassignment problem:
the ROADEF/EURO challenge 2012", Annals of OR 242, 2016), in the words of this package: a process is a task, a service a
family, a machine an instance (§5.3).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from solver.domain.cluster import ClusterSnapshot
from solver.domain.columns import TextColumn
from solver.domain.counts import LARGEST_SUM, Bools, Counts, Ints, read_only
from solver.domain.problem import Problem
from solver.domain.request import RuleSpec, TaskGroup
from solver.errors import Fault, InvalidRequest

LOCATION, NEIGHBOURHOOD = "location", "neighbourhood"
"""The attributes that say where an instance is."""


@dataclass(frozen=True)
class Balance:
    """What is free of two resources should be in proportion: ``max(target * free[first] - free[second], 0)`` is charged."""

    first: int
    second: int
    target: int
    weight: int


@dataclass(frozen=True)
class MoveWeights:
    """What moves count: each task's own cost, the largest number moved of any service, the cost between instances."""

    task: int
    service: int
    instance: int


@dataclass(frozen=True, eq=False)
class Reassignment:
    """``T`` tasks of ``S`` services on ``I`` instances with ``R`` resources.

    Parameters
    ----------
    capacity, safety
        ``int64[I, R]``. What is above safety is charged, what is above capacity forbidden.
    location, neighbourhood
        ``int64[I]``.
    distance
        ``int64[I, I]``. What a move from one instance to another costs.
    transient
        ``bool[R]``. What a task that moves still takes on the instance that it leaves.
    load_weight
        ``int64[R]``. What a unit above safety costs.
    demand
        ``int64[T, R]``.
    service, move_cost, home
        ``int64[T]``. The task's service, what moving it costs, and the instance where it is.
    least_locations
        ``int64[S]``. Over so many locations the service's tasks are spread at least.
    dependencies
        ``int64[D, 2]``. Where a task of the first service is, its neighbourhood holds one of the second.
    balances, weights
        What the balance of two resources costs, and what moves do.

    Raises
    ------
    InvalidRequest
        With every amount that is out of range, and where the costs could exceed 2^53.
    """

    capacity: Ints
    safety: Ints
    location: Ints
    neighbourhood: Ints
    distance: Ints
    transient: Bools
    load_weight: Ints
    demand: Ints
    service: Ints
    move_cost: Ints
    home: Ints
    least_locations: Ints
    dependencies: Ints
    balances: tuple[Balance, ...]
    weights: MoveWeights

    def __post_init__(self) -> None:
        if faults := list(self._faults()):
            raise InvalidRequest(faults)
        for array in (self.capacity, self.safety, self.location, self.neighbourhood, self.distance, self.transient):
            read_only(array)
        for array in (self.load_weight, self.demand, self.service, self.move_cost, self.home, self.least_locations):
            read_only(array)
        read_only(self.dependencies)

    def _faults(self) -> Iterator[Fault]:
        for name in ("service", "home", "dependencies"):
            array = getattr(self, name)
            below = self.instances if name == "home" else self.services
            for at in np.argwhere((array < 0) | (array >= below)).tolist():
                said = f"is {array[tuple(at)]}"
                yield Fault(f"{name}[{at[0]}]", said, f"must be from 0 to {below - 1}")
        for name in ("capacity", "safety", "distance", "load_weight", "demand", "move_cost", "least_locations"):
            array = getattr(self, name)
            for at in np.argwhere(array < 0).tolist():
                where = "".join(f"[{k}]" for k in at)
                yield Fault(f"{name}{where}", f"is {array[tuple(at)]}", "must be zero or more")
        for k, balance in enumerate(self.balances):
            if not (0 <= balance.first < self.resources and 0 <= balance.second < self.resources):
                said = f"is of resources {balance.first} and {balance.second}"
                yield Fault(f"balances[{k}]", said, f"must be from 0 to {self.resources - 1}")
            if balance.target < 0 or balance.weight < 0:
                yield Fault(f"balances[{k}]", "has a negative number", "must have zero or more")
        if min(self.weights.task, self.weights.service, self.weights.instance) < 0:
            yield Fault("weights", "are negative", "must be zero or more")
        # All of the demand on one instance, and every task moved as far as can be: no state costs more.
        total = self.demand.astype(object).sum(axis=0)
        most = int((total * self.load_weight.astype(object)).sum())
        free = [int(amount) for amount in self.capacity.astype(object).sum(axis=0)]
        most += sum(b.weight * (b.target * free[b.first] + int(total[b.second])) for b in self._valid_balances())
        moved = self.weights.task * int(self.move_cost.astype(object).sum()) + self.weights.service * self.tasks
        moved += self.weights.instance * self.tasks * int(self.distance.max(initial=0))
        if most + moved > LARGEST_SUM:
            yield Fault("costs", "could exceed 2^53", "use a coarser unit")

    def _valid_balances(self) -> Iterator[Balance]:
        for balance in self.balances:
            if 0 <= balance.first < self.resources and 0 <= balance.second < self.resources:
                yield balance

    @property
    def tasks(self) -> int:
        """``T``."""
        return len(self.home)

    @property
    def instances(self) -> int:
        """``I``."""
        return len(self.location)

    @property
    def resources(self) -> int:
        """``R``."""
        return len(self.transient)

    @property
    def services(self) -> int:
        """``S``."""
        return len(self.least_locations)

    @cached_property
    def load(self) -> Ints:
        """``int64[I, R]``: what the tasks take where they are now."""
        load = np.zeros((self.instances, self.resources), np.int64)
        np.add.at(load, self.home, self.demand)
        return load

    @cached_property
    def problem(self) -> Problem:
        """The same as a request: each task a group that may move, each service a family, on instances with two attributes."""
        names = tuple(f"r{r}" for r in range(self.resources))
        everywhere = np.ones(self.instances, np.bool_)
        cluster = ClusterSnapshot(
            instance_ids=tuple(f"m{i}" for i in range(self.instances)),
            resources=names,
            capacity=self.capacity,
            free=self.capacity - self.load,
            active=everywhere,
            connected=everywhere.copy(),
            attributes={
                LOCATION: TextColumn.of([str(value) for value in self.location.tolist()]),
                NEIGHBOURHOOD: TextColumn.of([str(value) for value in self.neighbourhood.tolist()]),
            },
        )
        groups = tuple(
            TaskGroup(
                name=f"p{t}",
                family=f"s{service}",
                demand=dict(zip(names, demand, strict=True)),
                movable=True,
                move_cost=cost,
                strategies=(RuleSpec("random"),),
            )
            for t, (service, demand, cost) in enumerate(
                zip(self.service.tolist(), self.demand.tolist(), self.move_cost.tolist(), strict=True)
            )
        )
        return Problem(cluster, groups, self.counts(self.home))

    def counts(self, place: Ints) -> Counts:
        """The counts of the request where each task is at its place (``int64[T]``)."""
        ones = np.ones(self.tasks, np.int64)
        return Counts.of((self.tasks, self.instances), np.arange(self.tasks), place, ones)
