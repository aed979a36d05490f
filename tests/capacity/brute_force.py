"""Every mix for a tiny cluster, and every plan on it, without the solver, its rules and the search for mixes."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from solver.capacity import Catalogue, InstanceType
from solver.domain.problem import Problem
from solver.domain.request import Freedom, RunningTask, Scheduling, TaskGroup
from tests.builders import ZONE_FIELD, cluster, group, problem
from tests.oracle import Oracle, State

TYPE = "ecs.instance-type"
RESOURCES = ("cpu", "memory")
MOST_NEW = 3
"""Tasks on bought instances: with more there are too many choices of these, unless all of them are new."""

Row = dict[str, Any]


class Tiny:
    """A random question: a few instances with tasks, a catalogue of two or three types, and rules between instances.

    Parameters
    ----------
    seed
        Of a seventh of the seeds nothing is there yet.
    """

    def __init__(self, seed: int) -> None:
        r = random.Random(f"right-size {seed}")
        self.types = self._types(r)
        self.zones = r.choice([("a",), ("a",), ("a", "b"), ("a", "b")])
        there = 0 if seed % 7 == 0 else r.choice([2, 2, 3])
        chosen = [r.choice(self.types) for _ in range(there)]
        self.held: set[int] = set()
        self.rows = [self.row(f"i{k}", one, r.choice(["a", "a", "b"])) for k, one in enumerate(chosen)]
        for row in self.rows:
            row["unlisted"] = int(r.random() < 0.08)
        names = ("A", "B", "C")[: r.choice([2, 2, 3])]
        self.running = {name: [0] * there for name in names}
        self.groups = [self._daemon(r)] if there and r.random() < 0.2 else []
        self.groups += [self._group(r, name, names) for name in names]
        self.frozen = [r.random() < 0.06 for _ in range(there)]
        self.tasks = tuple(
            RunningTask(f"{one.name}-{i}-{k}", g, i, protected=r.random() < 0.15)
            for g, one in enumerate(self.groups)
            for i in range(there)
            for k in range(self.running[one.name][i])
        )
        self.max_moves = r.choice([None, 0, 1, 1, 2, 2])
        if self._most_new() > MOST_NEW:
            self.max_moves = max(MOST_NEW - self._starts(), 0)
        self.catalogue = Catalogue(tuple(self.types))

    @staticmethod
    def _types(r: random.Random) -> list[InstanceType]:
        """Prices by what one gets, more or less."""
        types = [InstanceType("small", 2, 3, r.choice([90_000, 100_000])), InstanceType("large", 4, 6, 190_000)]
        if r.random() < 0.4:
            zones = r.choice([None, ("a",), ("b",)])
            types.append(InstanceType("other", r.choice([2, 3]), 5, r.choice([110_000, 140_000]), zones=zones))
        return types

    @staticmethod
    def row(name: str, one: InstanceType, zone: str) -> Row:
        return {
            "id": name, "cpu": one.cpu, "memory": one.memory, "free": {"cpu": one.cpu, "memory": one.memory},
            "zone": zone, TYPE: one.name,
        }  # fmt: skip

    def _daemon(self, r: random.Random) -> TaskGroup:
        """A service with a task on each instance, which one of them may lack: then it has room for it."""
        lacking = r.choice([None, 0])
        self.running["D"] = [int(i != lacking) for i in range(len(self.rows))]
        for i, count in enumerate(self.running["D"]):
            for resource in RESOURCES:
                self.rows[i]["free"][resource] -= 1 if count else 0
        self.held = {lacking} if lacking is not None else set()
        start = len(self.held)
        return group("D", start, scheduling=Scheduling.DAEMON, cpu=1, memory=1)

    def _group(self, r: random.Random, name: str, names: Sequence[str]) -> TaskGroup:
        """A group, and what runs of it: as much as still has room."""
        need = {"cpu": r.choice([1, 1, 2]), "memory": r.choice([1, 1, 2])}
        for _ in range(r.choice([0, 1, 2, 2]) if self.rows else 0):
            i = r.randrange(len(self.rows))
            if all(self.rows[i]["free"][resource] - (i in self.held) >= amount for resource, amount in need.items()):
                self.running[name][i] += 1
                for resource, amount in need.items():
                    self.rows[i]["free"][resource] -= amount
        other = r.choice([one for one in names if one != name])
        rules = [
            "distinctInstance",
            f"antiAffinity({other}, instanceId)",
            f"antiAffinity({other}, instanceId)",
            f"antiAffinity({other}, {ZONE_FIELD})",
            f"affinity({other}, {ZONE_FIELD})",
            f"maxSkew({ZONE_FIELD}, 1)",
            f"maxSkew({ZONE_FIELD}, 1)",
            f"memberOf({ZONE_FIELD} == a)",
            f"memberOf(attribute:{TYPE} != large)",
            "maxPerInstance(2)",
        ]
        start = r.choice([0, 0, 1, 1]) if self.rows else r.choice([1, 2, 2])
        return group(
            name,
            start,
            rules=r.sample(rules, r.choice([0, 1, 1, 2])),
            movable=r.random() < 0.8,
            scheduling=Scheduling.REPLICA,
            **need,
        )

    def problem(self, more: Sequence[Row] = (), closed: Sequence[Row] = (), *, starts: bool = True) -> Problem:
        """The question with instances that were bought, and some that take nothing; perhaps without starts of daemons."""
        groups = [one if starts or one.name != "D" else replace(one, start=0) for one in self.groups]
        rows = [*self.rows, *more, *closed]
        empty = [0] * (len(more) + len(closed))
        running = {name: [*counts, *empty] for name, counts in self.running.items()}
        frozen = np.array([*self.frozen, *([False] * len(more)), *([True] * len(closed))], np.bool_)
        freedom = Freedom(max_moves=self.max_moves)
        snapshot = cluster(rows, resources=RESOURCES)
        return problem(snapshot, groups, running, frozen=frozen, tasks=self.tasks, freedom=freedom)

    def least(self) -> int | None:
        """What the cheapest mix costs; None where none holds every task.

        A task on a bought instance is a new one or one that moves. Room for a daemon is held back on each instance that lacks
        it, so that it can follow. Where nothing is there yet, an instance that takes
        nothing stands in each zone, so that ``maxSkew`` counts it.
        """
        best: int | None = None
        there = len(self.rows)
        closed = [] if there else [self.row(f"z{zone}", self.types[0], zone) for zone in self._sold()]
        for bought in self._purchases():
            price = sum(one.price for one, _ in bought)
            if best is not None and price >= best:
                continue
            asked = self.problem([self.row(f"n{k}", *one) for k, one in enumerate(bought)], closed, starts=False)
            oracle = Oracle(asked)
            for state in oracle.plans():
                if any(sum(row) < wanted for row, wanted in zip(state, oracle.desired, strict=True)):
                    continue
                cost = price + sum(self._price(i) for i in range(there) if self._stays(state, i))
                best = cost if best is None else min(best, cost)
        return best

    def _price(self, i: int) -> int:
        return next(one.price for one in self.types if one.name == self.rows[i][TYPE])

    def _stays(self, state: State, i: int) -> bool:
        """Whether the instance is paid for: it holds a task, something of nobody's, or may not be touched."""
        return (
            any(row[i] for one, row in zip(self.groups, state, strict=True) if one.name != "D")
            or bool(self.rows[i]["unlisted"])
            or self.frozen[i]
        )

    def _sold(self) -> list[str]:
        return [zone for zone in self.zones if any(one.zones is None or zone in one.zones for one in self.types)]

    def _purchases(self) -> Iterator[tuple[tuple[InstanceType, str], ...]]:
        """Every choice of new instances, each with room for a task of its own."""
        sold = [(one, zone) for one in self.types for zone in self.zones if one.zones is None or zone in one.zones]
        for count in range(self._most_new() + 1):
            yield from itertools.combinations_with_replacement(sold, count)

    def _starts(self) -> int:
        return sum(one.start for one in self.groups if one.name != "D")

    def _most_new(self) -> int:
        """Tasks that may be on bought instances."""
        running = sum(sum(counts) for name, counts in self.running.items() if name != "D")
        return self._starts() + (running if self.max_moves is None else min(self.max_moves, running))
