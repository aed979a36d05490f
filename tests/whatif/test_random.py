"""Any edits of any cluster: they are refused with a path, or come to a problem whose plan the checker passes."""

from __future__ import annotations

import random

import numpy as np
import pytest

import solver
from solver.domain.cluster import INSTANCE_TYPE, ZONE
from solver.domain.request import RuleSpec, Scheduling
from solver.errors import InvalidRequest
from solver.formats.cluster import Cluster
from solver.formats.table_cluster import TableCluster
from solver.whatif.answering import Batch, row_of
from solver.whatif.asked import Asked
from solver.whatif.edits import (
    AddInstances,
    AddRule,
    ChangeDemand,
    ChangeType,
    DropRule,
    Edit,
    Instances,
    LoseInstances,
    LoseZone,
    MoveBudget,
    RemoveInstances,
    Scale,
    SetCount,
    SetPrices,
    SetStrategies,
    Survive,
)
from solver.whatif.question import InstanceType, Place, Question, Reconcile
from solver.whatif.row import from_cells, to_cells
from solver.whatif.scenario import Scenario
from tests.builders import random_devices, random_problem
from tests.whatif.clusters import QUICK, demo

TYPES = {"other": InstanceType({"cpu": 9, "memory": 9, "gpu": 2_000})}
OF_ECS = {"other": InstanceType({"cpu": 4_096, "memory": 15_000})}


def random_edit(r: random.Random, cluster: Cluster) -> Edit:
    """Any edit, most of them sensible."""
    problem = cluster.problem
    names = [problem.cluster.instance_ids[i] for i in r.sample(range(problem.cluster.size), r.randint(1, 2))]
    zones = [*problem.cluster.column(ZONE).values, "nowhere"]
    types = [*problem.cluster.column(INSTANCE_TYPE).values, "other"]
    group = r.choice(problem.groups).name
    rule = RuleSpec(*r.choice([("distinctInstance", ""), ("maxPerInstance", "2"), ("maxSkew", f"attribute:{ZONE}, 1")]))
    resource = r.choice(problem.cluster.resources)
    kinds: list[Edit] = [
        AddInstances(count=r.randint(1, 3), like=r.choice(names)),
        AddInstances(count=r.randint(1, 2), type=r.choice(types), zone=r.choice(zones)),
        RemoveInstances(Instances(tuple(names))),
        LoseInstances(Instances(where="runningTasksCount >= 1", count=1)),
        LoseZone(r.choice(zones)),
        ChangeType(Instances(tuple(names)), r.choice(types)),
        Scale(r.choice([0, 0.5, 1.5, 2]), r.choice([(), (group,)])),
        SetCount({group: r.randint(0, 4)}),
        ChangeDemand((group,), {resource: r.randint(0, 4)}),
        ChangeDemand((group,), {}, {resource: r.choice([0.5, 2])}),
        AddRule(rule, r.choice([(), (group,)])),
        DropRule(RuleSpec(rule.type)),
        SetStrategies(
            (r.choice([RuleSpec("random"), RuleSpec("spread", "instanceId"), RuleSpec("binpack", resource)]),)
        ),
        SetPrices({r.choice(types): r.random()}),
        MoveBudget(r.choice([None, 0, 3])),
        Survive((r.choice(["zone", "instance", "type"]),), r.choice([(), (group,)])),
    ]
    return r.choice(kinds)


def answered(base: Asked, edits: tuple[Edit, ...]) -> bool:
    """Whether the edits have an answer, which holds what every answer must; else they are refused with a path."""
    scenario = Scenario("tried", edits)
    try:
        edited, answer = Batch(base, QUICK).answer(scenario)
    except InvalidRequest as refused:
        assert all(fault.problem for fault in refused.faults)
        return False
    assert solver.check(answer.problem, answer.tasks) == ()
    snapshot, row = answer.problem.cluster, row_of("tried", edited, answer, 0.0)
    gone = {name for name in base.base.cluster.instance_ids if name not in snapshot.instance_ids}
    lost_here = [i for i, name in enumerate(base.base.cluster.instance_ids) if name in gone]
    ran = base.base.running
    wanted_again = sum(
        int(count) for g, i, count in ran if i in lost_here and base.base.groups[g].scheduling is not Scheduling.DAEMON
    )
    assert row.lost + row.displaced >= wanted_again
    assert row.instances == snapshot.size and 0 <= row.used <= row.instances
    assert (row.unsurvived is None) is (edited.question.survival is None)
    assert row.placed >= 0 and row.moved >= 0 and row.missing >= 0
    assert from_cells(to_cells(row)) == row
    require_room_kept(base, edited, edits)
    return True


def require_room_kept(base: Asked, edited: Asked, edits: tuple[Edit, ...]) -> None:
    """No edit makes room out of nothing, nor loses any: what no listed task explains stays, on each instance that stays."""
    retyped = any(isinstance(edit, ChangeType) for edit in edits)
    before, after = (
        asked.base.cluster.capacity - asked.base.cluster.free - asked.base.running.load(asked.base.demand)
        for asked in (base, edited)
    )
    for i, name in enumerate(base.base.cluster.instance_ids):
        at = edited.base.cluster.find(name)
        # Where a snapshot's free amounts are above what its tasks leave, they are cut to the capacity.
        if at is not None and not retyped and (before[i] >= 0).all():
            assert np.array_equal(after[at], before[i]), name


@pytest.mark.parametrize("part", range(6))
def test_any_edits_of_a_small_cluster(part: int) -> None:
    """Clusters and rules of every kind, ports and devices too."""
    had = 0
    for seed in range(part * 60, part * 60 + 60):
        r = random.Random(seed)
        cluster = TableCluster((random_problem if seed % 3 else random_devices)(seed))
        starts = {group.name: group.start for group in cluster.problem.groups if group.start}
        question: Question = r.choice([Reconcile(), Reconcile(max_moves=0), Reconcile(rebalance=True), Place(starts)])
        base = Asked.of(cluster, question, types=TYPES)
        edits = tuple(random_edit(r, cluster) for _ in range(r.randint(1, 3)))
        try:
            had += answered(base, edits)
        except Exception as error:
            raise AssertionError(f"seed {seed}: {question} {edits}") from error
    assert had >= 15


def test_any_edits_of_the_demo_cluster() -> None:
    """ECS documents with services, daemons, standalone tasks, protected tasks and tasks that cannot start again."""
    had = 0
    for seed in range(30):
        r = random.Random(seed)
        question: Question = r.choice([Reconcile(max_moves=0), Place({"service:web": 3})])
        base = Asked.of(demo(), question, types=OF_ECS)
        edits = tuple(random_edit(r, demo()) for _ in range(r.randint(1, 3)))
        try:
            had += answered(base, edits)
        except Exception as error:
            raise AssertionError(f"seed {seed}: {question} {edits}") from error
    assert had >= 15
