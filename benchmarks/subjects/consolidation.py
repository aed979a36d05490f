"""N7: a whole consolidation, many instances for many, where one-by-one tools stop at some hundred nodes."""

from __future__ import annotations

import numpy as np

from benchmarks.phases import PLACING
from benchmarks.subject import Aim, Case, Rival, Subject
from benchmarks.workloads import EVEN_ZONES, ZONE_FIELD, scaled
from datasets.consolidation import POOLS, pools
from solver.domain.cluster import ZONE, ClusterSnapshot
from solver.domain.columns import TextColumn
from solver.domain.counts import Counts
from solver.domain.problem import Problem
from solver.domain.request import Freedom, Limits, RuleSpec, Scheduling, TaskGroup

_AIM = {"answer": Aim(60.0)}


def consolidation_problem(instances: int, seed: int, count: int = POOLS) -> Problem:
    """N7 as a request: every service may move, and few instances are to stay in use, then few tasks to have moved."""
    drawn = pools(instances, seed, count)
    cluster = ClusterSnapshot(
        instance_ids=tuple(f"i-{number:04d}" for number in range(instances)),
        resources=("cpu", "memory"),
        capacity=drawn.capacity,
        free=drawn.capacity - drawn.running.T @ drawn.demand,
        active=np.ones(instances, np.bool_),
        connected=np.ones(instances, np.bool_),
        attributes={ZONE: TextColumn.of(drawn.zones), "pool": TextColumn.of(f"p{pool}" for pool in drawn.pool)},
    )
    names = [f"service:s{number:03d}" for number in range(len(drawn.demand))]
    groups = []
    for number, name in enumerate(names):
        rules = [RuleSpec("memberOf", f"attribute:pool == p{drawn.pool_of_service[number]}"), EVEN_ZONES]
        others = dict.fromkeys(names[other] for one, other in drawn.apart if one == number)
        rules += [RuleSpec("antiAffinity", f"{other}, instanceId") for other in others]
        groups.append(
            TaskGroup(
                name=name,
                family=name,
                demand=dict(zip(cluster.resources, drawn.demand[number].tolist(), strict=True)),
                movable=True,
                constraints=tuple(rules),
                strategies=(RuleSpec("random"),),
                scheduling=Scheduling.REPLICA,
            )
        )
    return Problem(cluster, tuple(groups), Counts.dense(drawn.running), freedom=Freedom(consolidate=True))


def _build(instances: int, seed: int, scale: float) -> Problem:
    return consolidation_problem(scaled(instances, scale, 30), seed, POOLS if scale == 1 else 2)


SUBJECT = Subject(
    name="consolidation",
    title="N7, instances in use after a consolidation",
    description=(
        "Instances of N4's shapes, a quarter to a half full, in 20 pools of 5 services (`datasets/consolidation.py`). Every "
        f"service may move; `memberOf` its pool, `maxSkew({ZONE_FIELD}, 1)`, `antiAffinity` on the instance between two "
        "pairs of services a pool. Value: the tier `consolidate/instances`; the tier after it is the number of tasks moved."
    ),
    cases=(
        Case(
            name="300 instances",
            build=lambda seed, scale: _build(300, seed, scale),
            limits=Limits(time_limit=50.0),
            seeds=(1, 2, 3),
            tier="consolidate/instances",
            aims=_AIM,
            headlines={"answer": "N7: 300 instances"},
        ),
        Case(
            name="700 instances",
            build=lambda seed, scale: _build(700, seed, scale),
            limits=Limits(time_limit=50.0),
            seeds=(1, 2),
            tier="consolidate/instances",
            aims=_AIM,
        ),
    ),
    phases=PLACING,
    rivals=(
        Rival(
            "300 instances", "Karpenter", "never consolidates at 300 to 700 nodes", "issues 3305, 1970 of the project"
        ),
    ),
)
