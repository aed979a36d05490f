"""Every plan of a tiny request, and where it stands along the axes of a front, without the solver and its rules."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from solver.domain.columns import TextColumn
from solver.domain.problem import Problem
from solver.domain.request import Freedom, Preempt, Scheduling
from tests.builders import ZONE_FIELD, cluster, group, problem, random_change, random_rebalance
from tests.oracle import Oracle, State

Vector = tuple[int, ...]
TYPES = ("large", "small")
PRICES = {"large": 0.3, "small": 0.1}
TYPE = "ecs.instance-type"


def rich_request(seed: int) -> Problem:
    """Four instances in two or three zones, and tasks that may move or start, with few rules: there is much to weigh."""
    r = random.Random(f"rich front {seed}")
    rows = []
    for zone in r.choice(["aabb", "abab", "aabc"]):
        cpu = r.choice([4, 6, 8])
        rows.append(
            {"zone": zone, "cpu": cpu, "free": {"cpu": cpu}, TYPE: r.choice(TYPES), "unlisted": r.random() < 0.1}
        )
    rules = ["", "", "distinctInstance", "maxPerInstance(2)", f"memberOf({ZONE_FIELD} in [a, b])"]
    groups, running = [], {}
    for name in "AB":
        cpu, there = r.choice([1, 2]), [0, 0, 0, 0]
        for _ in range(r.choice([2, 3, 3])):
            i = r.choice([0, 1, 2, 3, 3])
            if rows[i]["free"]["cpu"] >= cpu:
                there[i] += 1
                rows[i]["free"]["cpu"] -= cpu
        start = r.choice([0, 0, 1])
        groups.append(
            group(
                name,
                start,
                rules=[rule] if (rule := r.choice(rules)) and start else [],
                cpu=cpu,
                movable=r.random() < 0.85,
                move_cost=r.choice([1, 1, 2]),
                scheduling=Scheduling.REPLICA,
            )
        )
        running[name] = there
    freedom = Freedom(max_moves=r.choice([None, 2, 4]))
    return problem(cluster(rows, resources=("cpu",)), groups, running, freedom=freedom)


def random_request(seed: int) -> Problem:
    """A rich request, a random rebalance, or a random change of every kind, on instances of two types, without other goals."""
    if seed % 2:
        return rich_request(seed)
    r = random.Random(f"front {seed}")
    whole = random_change(seed) if seed % 3 == 2 else random_rebalance(seed)
    types = TextColumn.of([r.choice(TYPES) for _ in range(whole.cluster.size)])
    snapshot = replace(whole.cluster, attributes={**whole.cluster.attributes, TYPE: types})
    groups = tuple(replace(one, move_cost=r.choice([1, 1, 1, 2])) for one in whole.groups)
    freedom = Freedom(
        max_moves=r.choice([None, 2, 3]),
        max_move_cost=r.choice([None, None, 3]),
        preempt=r.choice([Preempt.NONE, Preempt.LOWER]),
    )
    return replace(whole, cluster=snapshot, groups=groups, freedom=freedom, all_or_nothing=False)


class Plans:
    """Every plan of a request, with the tiers that come first and where it stands along each axis."""

    def __init__(self, asked: Problem, field: str, prices: Mapping[str, float]) -> None:
        self.asked, self.oracle, self.field, self.prices = asked, Oracle(asked), field, prices
        self.groups = range(len(asked.groups))
        self.instances = range(asked.cluster.size)
        self.states = list(self.oracle.plans())
        self.first = [tuple(self.oracle._first_tiers(state, [])) for state in self.states]
        self.buckets = dict(self._buckets())

    def vectors(self, axes: Sequence[str], most: Vector | None = None) -> set[Vector]:
        """Where the plans stand whose first tiers are no worse than ``most``; left out, than the best there are."""
        known = min(self.first) if most is None else most
        return {
            tuple(getattr(self, axis)(state) for axis in axes)
            for state, first in zip(self.states, self.first, strict=True)
            if all(a <= b for a, b in zip(first, known, strict=True))
        }

    def cost(self, state: State) -> int:
        """Instances in use, or their prices in millionths."""
        used = [
            i for i in self.instances if self._held(i) or any(state[g][i] for g in self.groups if not self._daemon(g))
        ]
        if not self.prices:
            return len(used)
        return sum(round(self.prices[str(self.oracle.attribute(i, TYPE))] * 1_000_000) for i in used)

    def moves(self, state: State) -> int:
        """The move costs of what moves."""
        return sum(self.asked.groups[g].move_cost * self.oracle.moved(g, state[g]) for g in self.groups)

    def skew(self, state: State) -> int:
        """The largest skew."""
        largest = 0
        for family, values in self.buckets.items():
            counts = [self.oracle.in_bucket(state, family, self.field, value) for value in values]
            largest = max(largest, max(counts) - min(counts))
        return largest

    def _daemon(self, g: int) -> bool:
        return self.asked.groups[g].scheduling is Scheduling.DAEMON

    def _held(self, i: int) -> bool:
        """Something runs there that is of no group."""
        cluster = self.asked.cluster
        for r, name in enumerate(cluster.resources):
            taken = sum(self.oracle.before[g][i] * self.asked.groups[g].demand.get(name, 0) for g in self.groups)
            if cluster.capacity[i, r] - cluster.free[i, r] > taken:
                return True
        return bool(cluster.unlisted_tasks[i])

    def _buckets(self) -> Iterator[tuple[str, list[str]]]:
        """Of each family that may change, the values of the field where it may be."""
        for family in self.asked.families:
            members = [g for g in self.groups if self.asked.groups[g].family == family]
            may = [g for g in members if self.asked.groups[g].start or any(self.oracle.stoppable[g])]
            values = {
                self.oracle.bucket(i, self.field) for i in self.instances for g in members if self.oracle.usable(g, i)
            }
            values.discard(None)
            if len(values) > 1 and any(not self._daemon(g) for g in may):
                yield family, sorted(str(value) for value in values)


def best(vectors: set[Vector]) -> list[Vector]:
    """Those than which no other is as good along every axis."""
    found = np.array(sorted(vectors))
    return [tuple(one.tolist()) for one in found if not ((found <= one).all(axis=1) & (found < one).any(axis=1)).any()]
