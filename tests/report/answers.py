"""Hand-made answers: what a report has to show, without an engine."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from solver.domain.answer import Answer, Replay
from solver.domain.cluster import ZONE, ClusterSnapshot
from solver.domain.columns import TextColumn
from solver.domain.counts import Counts
from solver.domain.explanation import Conflict, FunnelStage, Repair, Shortfall, Violation
from solver.domain.problem import Problem
from solver.domain.request import RuleSpec, TaskGroup
from solver.domain.solution import Status, Stop, TierResult

ZONES = ("us-east-1a", "us-east-1b", "us-east-1c")
NAMES = ("web", "api", "search", "cache", "feed", "ranking", "worker", "batch", "mailer", "admin", "edge")
REPLAY = Replay("0123456789abcdef", 7, 10.0, None, 2, "auto", {"placement-solver": "0.1.0", "ortools": "9.15.6755"})


def cluster(size: int, seed: int = 1) -> ClusterSnapshot:
    """Instances in three zones, filled at random up to nine tenths; every twentieth takes no new tasks."""
    draw = np.random.default_rng(seed)
    capacity = np.array([[2048, 7680], [4096, 15744], [8192, 31744]], np.int64)[draw.integers(0, 3, size)]
    free = (capacity * (1 - draw.random((size, 1)) ** 1.5 * 0.9)).astype(np.int64)
    return ClusterSnapshot(
        instance_ids=tuple(f"arn:aws:ecs:us-east-1:1:container-instance/demo/{i:032x}" for i in range(size)),
        resources=("cpu", "memory"),
        capacity=capacity,
        free=free,
        active=np.arange(size) % 20 != 19,
        connected=np.ones(size, np.bool_),
        attributes={ZONE: TextColumn.of([ZONES[i % 3] for i in range(size)])},
        ec2_instance_id=TextColumn.of([f"i-{i:017x}" for i in range(size)]),
        name="demo",
    )


def answer(size: int = 60, groups: int = 3, each: int = 8, missing: int = 0) -> Answer:
    """``each`` tasks wanted of each group, put one after the other where they fit; ``missing`` of the last stay out."""
    snapshot = cluster(size)
    listed = tuple(
        TaskGroup(
            f"service:{NAMES[g % len(NAMES)]}{g // len(NAMES) or ''}",
            f"service:{g}",
            {"cpu": 256 * (1 + g % 3), "memory": 512 * (1 + g % 4)},
            start=each,
            strategies=(RuleSpec("spread", f"attribute:{ZONE}"),),
        )
        for g in range(groups)
    )
    problem = Problem(snapshot, listed, Counts.empty(groups, size))
    free, tasks = snapshot.free.copy(), np.zeros((groups, size), np.int64)
    at = 0
    for g in range(groups):
        for _ in range(each - (missing if g == groups - 1 else 0)):
            while not (snapshot.accepts[at % size] and (free[at % size] >= problem.demand[g]).all()):
                at += 1
            free[at % size] -= problem.demand[g]
            tasks[g, at % size] += 1
            at += 1
    tiers = (
        TierResult("unplaced/0", "tasks not placed", missing, missing, True, "counting", missing + 2),
        TierResult("1/spread(zone)/evenness", "unevenness over ecs.availability-zone", 66, 64, False, "model", 74),
    )
    return Answer(
        status=Status.FEASIBLE,
        stop=Stop.TIME,
        problem=problem,
        tasks=Counts.dense(tasks),
        tiers=tiers,
        engine="exact",
        replay=REPLAY,
        shortfalls=(shortfall(listed[-1].name, each, each - missing),) if missing else (),
        warnings=("service 'batch' runs on FARGATE: set aside",),
        broken_before=(Violation("distinctInstance", "service:web", "i-0a", 1, 2, "tasks"),) if missing else (),
        broken_after=(Violation("distinctInstance", "service:web", "i-0a", 1, 2, "tasks"),) if missing else (),
        seconds=0.314,
        first_plan_seconds=0.004,
    )


def operation(*, short: int = 0) -> Answer:
    """On 60 instances: ten tasks of the first group stop (``short`` more were asked to), eleven of the second move, and
    five of the third start."""
    found = answer(each=30)
    problem, running = found.problem, found.tasks
    first, second, third = problem.groups
    groups = (replace(first, start=0, stop=10 + short), replace(second, start=0, movable=True), replace(third, start=5))
    cluster_ = replace(problem.cluster, free=problem.cluster.free - running.load(problem.demand))
    tasks = running.to_dense()
    tasks[0, np.flatnonzero(tasks[0])[:10]] -= 1
    away = np.flatnonzero(tasks[1])[:11]
    into = np.flatnonzero(tasks[1] == 0)[-11:]
    tasks[1, away] -= 1
    tasks[1, into] += 1
    tasks[2, :5] += 1
    return replace(
        found, problem=replace(problem, groups=groups, running=running, cluster=cluster_), tasks=Counts.dense(tasks)
    )


def emptying() -> Answer:
    """Two instances, a task of one group on each; the first moves to the second."""
    snapshot = replace(cluster(2), free=cluster(2).capacity - 1)
    group = TaskGroup("service:web", "service:web", {"cpu": 1, "memory": 1}, movable=True)
    problem = Problem(snapshot, (group,), Counts.dense(np.array([[1, 1]])))
    return replace(proved(answer(groups=1)), problem=problem, tasks=Counts.dense(np.array([[0, 2]])))


def shortfall(group: str, wanted: int, placed: int) -> Shortfall:
    """Tasks of one group that did not fit, with every part of the reasons."""
    return Shortfall(
        group,
        wanted,
        placed,
        True,
        (
            FunnelStage("cluster", "instance state", "AGENT", 3, 57),
            FunnelStage("cluster", "memory", "RESOURCE:MEMORY", 41, 16),
            FunnelStage(
                "customer", "memberOf(attribute:stack == prod)", "MemberOf placement constraint unsatisfied", 16, 0
            ),
        ),
        Conflict(("memberOf(attribute:stack == prod)", "memory", f"{wanted} tasks of {group}"), True, True),
        (
            Repair("move", "Move 1 task of service:api from i-00000000000000011 to i-00000000000000020.", True),
            Repair("relax", "Drop the constraint memberOf(attribute:stack == prod) of the service.", True),
            Repair("add", "Add one m5.large in us-east-1a.", False),
        ),
    )


def proved(found: Answer) -> Answer:
    """The same answer with every tier proved."""
    tiers = tuple(replace(tier, bound=tier.value, proven=True) for tier in found.tiers)
    return replace(found, status=Status.OPTIMAL, stop=Stop.PROVED, tiers=tiers)
