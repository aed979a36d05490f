"""Why a task cannot be placed: a minimal conflict and verified repairs on 1,000 instances."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import cast

import numpy as np

from benchmarks.phases import BIND, History, judged, prepare_answer, reached
from benchmarks.subject import Aim, Case, Outcome, Phase, Subject
from benchmarks.workloads import EVEN_ZONES, SPREAD_INSTANCES, SPREAD_ZONES, equal_instances, scaled, service
from datasets.demo_services import ZONES
from datasets.packing import packing_cluster
from solver.domain.answer import Answer
from solver.domain.cluster import ZONE, ClusterSnapshot
from solver.domain.columns import TextColumn
from solver.domain.counts import Counts
from solver.domain.problem import Problem
from solver.domain.request import Limits, RuleSpec

_SIZE = 1_000
_POOLS = 20
_LARGE = {"cpu": 4_096, "memory": 8_192}
_SMALL = {"cpu": 1_024, "memory": 2_048}
_CHAIN = (SPREAD_ZONES, SPREAD_INSTANCES)
_POOL = RuleSpec("memberOf", "attribute:pool == p00")


def _cluster(seed: int, scale: float) -> ClusterSnapshot:
    """N4's instances, in 20 pools of equal size."""
    size = scaled(_SIZE, scale, 3 * _POOLS)
    drawn = packing_cluster(60, size, seed)
    pools = np.random.default_rng(seed).permutation(np.arange(size) % _POOLS)
    return ClusterSnapshot(
        instance_ids=drawn.names,
        resources=("cpu", "memory"),
        capacity=drawn.capacity,
        free=drawn.free,
        active=np.ones(size, np.bool_),
        connected=np.ones(size, np.bool_),
        attributes={
            ZONE: TextColumn.of(drawn.zones),
            "pool": TextColumn.of([f"p{pool:02d}" for pool in pools]),
        },
    )


def _asking(cluster: ClusterSnapshot, start: int, *constraints: RuleSpec) -> Problem:
    return Problem(cluster, (service("web", _LARGE, start, _CHAIN, constraints),), Counts.empty(1, cluster.size))


def _room(seed: int, scale: float) -> Problem:
    """As many tasks as fit, and 10 more."""
    cluster = _cluster(seed, scale)
    fits = (cluster.free // np.array([_LARGE[name] for name in cluster.resources])).min(axis=1)
    return _asking(cluster, int(fits.sum()) + 10)


def _distinct(seed: int, scale: float) -> Problem:
    """One task more than the pool has instances with room, each on an instance of its own."""
    cluster = _cluster(seed, scale)
    pool = cluster.column("pool")
    fits = (cluster.free >= np.array([_LARGE[name] for name in cluster.resources])).all(axis=1)
    start = int((fits & pool.where(np.array([value == "p00" for value in pool.values]))).sum()) + 1
    return _asking(cluster, start, _POOL, RuleSpec("distinctInstance"))


def _skew(seed: int, scale: float) -> Problem:
    """Zones within 1 of each other, and nothing fits in one of them any more."""
    cluster = _cluster(seed, scale)
    full = np.array([zone == ZONES[0] for zone in map(cluster.column(ZONE).__getitem__, range(cluster.size))])
    free = np.where(full[:, None], np.minimum(cluster.free, 512), cluster.free)
    return _asking(replace(cluster, free=free), 10, EVEN_ZONES)


def _in_the_way(seed: int, scale: float) -> Problem:
    """A task that needs a whole instance, and a small task of another service on each."""
    size = scaled(_SIZE, scale, 10)
    taken = np.tile(np.array(list(_SMALL.values()), np.int64), (size, 1))
    cluster = equal_instances(size, {"cpu": 4_096, "memory": 16_384}, taken)
    running = np.stack([np.zeros(size, np.int64), np.ones(size, np.int64)])
    groups = (service("web", _LARGE, 1, _CHAIN, ()), service("agent", _SMALL, 0, _CHAIN, ()))
    return Problem(cluster, groups, Counts.dense(running))


def _judge(case: Case, seed: int, scale: float, found: object) -> Outcome:
    """The answer's outcome; ``proven`` says that the conflict is proved and minimal."""
    answer, history = cast(tuple[Answer, History], found)
    outcome = judged(case, seed, scale, answer)
    wrong = [*outcome.wrong]
    if not answer.shortfalls:
        wrong.append("no reason is given for what is not placed")
    reasons = [one for one in answer.shortfalls if one.conflict is not None]
    wrong += [
        f"not verified: {repair.change}" for one in answer.shortfalls for repair in one.repairs if not repair.verified
    ]
    minimal = [one for one in reasons if one.conflict is not None and one.conflict.minimal and one.conflict.proven]
    kinds = sorted({repair.kind for one in answer.shortfalls for repair in one.repairs})
    members = [len(one.conflict.members) for one in reasons if one.conflict is not None]
    return replace(
        outcome,
        proven=bool(reasons) and len(minimal) == len(answer.shortfalls),
        figures={
            "members": max(members, default=0),
            "repairs": ", ".join(kinds) or "none",
            **reached(case, answer, history),
        },
        wrong=tuple(wrong),
    )


def _case(name: str, build: Callable[[int, float], Problem], headline: str = "") -> Case:
    return Case(
        name=name,
        build=build,
        limits=Limits(time_limit=2.0),
        tier="unplaced/0",
        all_placed=False,
        aims={"answer": Aim(2.1, proven=True)},
        headlines={"answer": headline} if headline else {},
    )


SUBJECT = Subject(
    name="conflict",
    title="A minimal conflict on 1,000 instances",
    description=(
        "One service falls short on 1,000 instances; the time limit of the whole answer is 2 s. *Room*: N4's instances, 10 "
        "tasks of 4 vCPU more than fit. *Distinct*: `memberOf` a pool of 50 and `distinctInstance`, one task more than "
        "the pool takes. *Skew*: `maxSkew(zone, 1)`, nothing fits in one zone. *In the way*: equal instances, each with a "
        "small task of another service, and one task that needs a whole instance. Value: tasks not placed. *Proven*: the "
        "conflict is proved and minimal."
    ),
    cases=(
        _case("room", _room, "conflict, 1,000 instances"),
        _case("distinct", _distinct),
        _case("skew", _skew),
        _case("in the way", _in_the_way),
    ),
    phases=(BIND, Phase("answer", prepare_answer, _judge)),
)
