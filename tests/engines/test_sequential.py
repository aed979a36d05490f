"""The scheduler that ECS documents: whole groups at once give what one task at a time gives (§6.5)."""

from __future__ import annotations

import random

import numpy as np
import pytest

from solver.domain.counts import Counts
from solver.domain.problem import Problem
from solver.engines import sequential
from solver.rules.bind import bind
from tests.builders import ZONE_FIELD, cluster, group, problem

CHAINS = (
    [f"spread({ZONE_FIELD})"],
    ["spread(instanceId)"],
    [f"spread({ZONE_FIELD})", "spread(instanceId)"],
    [f"spread({ZONE_FIELD})", "binpack(memory)"],
    [f"spread({ZONE_FIELD})", "spread(attribute:rack)", "binpack(cpu)", "binpack(memory)"],
    ["binpack(cpu)"],
    ["binpack(cpu)", "binpack(memory)"],
    ["binpack(memory)", "spread(instanceId)"],
    ["spread(instanceId)", "binpack(memory)"],
    ["spread(attribute:rack)", f"spread({ZONE_FIELD})", "binpack(memory)"],
    ["binpack(memory)", f"spread({ZONE_FIELD})"],
)
RULES = (
    [],
    [],
    ["distinctInstance"],
    ["maxPerInstance(2)"],
    [f"maxSkew({ZONE_FIELD}, 1)"],
    [f"maxSkew({ZONE_FIELD}, 2)"],
)


def some_problem(seed: int) -> Problem:
    """Up to nine instances, three groups of up to fourteen tasks, tight enough that some buckets fill up."""
    r = random.Random(seed)
    rows = []
    for i in range(r.randint(3, 9)):
        zone = r.choice(["a", "b", "c", None])
        row = {"id": f"i{r.randint(10, 99)}{i}", "cpu": r.randint(0, 12), "memory": r.randint(0, 12)}
        if zone:
            row |= {"zone": zone, "rack": zone + r.choice("12")}
        rows.append(row)
    groups = [
        group(
            name,
            r.randint(1, 14),
            rules=r.choice(RULES),
            chain=r.choice(CHAINS),
            cpu=r.randint(0, 3),
            memory=r.randint(1, 3),
        )
        for name in "ABC"
    ]
    running = {name: [r.choice([0, 0, 1, 3]) for _ in rows] for name in "ABC"}
    return problem(cluster(rows), groups, running)


@pytest.mark.parametrize("shard", range(4))
def test_groups_at_once_equal_one_task_at_a_time(shard: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each task goes where the strategies prefer it in the state that the tasks before it left."""
    for seed in range(shard, 1_200, 4):
        asked = some_problem(seed)
        rules = bind(asked)
        at_once = sequential.place(rules, 0)
        with monkeypatch.context() as patch:
            patch.setattr(sequential.Allotment, "is_exact", lambda self: False)
            patch.setattr(sequential, "_evened_out_by", lambda *_: False)
            one_by_one = sequential.place(rules, 0)
        assert at_once.same_as(one_by_one), f"seed {seed}\n{at_once.to_dense()}\n{one_by_one.to_dense()}"


def wide_problem(seed: int) -> Problem:
    """Up to fifty instances and eight groups of few tasks, several of them alike, of which nothing runs; some name another."""
    r = random.Random(seed)
    rows = []
    for i in range(r.randint(12, 50)):
        zone = r.choice(["a", "b", "c"])
        row = {"id": f"i{r.randint(10, 99)}{i}", "cpu": r.randint(0, 9), "memory": r.randint(0, 9)}
        rows.append(row | {"zone": zone, "rack": zone + r.choice("12")})
    kinds = [(r.choice(RULES), r.choice(CHAINS), r.randint(1, 3), r.randint(1, 3)) for _ in range(2)]
    groups = []
    for name in "ABCDEFGH":
        rules, chain, cpu, memory = r.choice(kinds)
        named = [f"antiAffinity({r.choice('ABCDEFGH')}, {r.choice(['instanceId', ZONE_FIELD])})"]
        groups.append(
            group(
                name,
                r.randint(1, 5),
                rules=[*rules, *(named * (r.random() < 0.2))],
                chain=chain,
                cpu=cpu,
                memory=memory,
            )
        )
    return problem(cluster(rows), groups)


@pytest.mark.parametrize("shard", range(2))
def test_groups_that_are_alike_and_instances_left_out_change_nothing(
    shard: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Few tasks on many instances, with room that groups share: as one task at a time, each group by itself."""
    shared = left_out = 0
    for seed in range(shard, 300, 2):
        rules = bind(wide_problem(seed))
        shared += len(rules.alike) - len(set(rules.alike))
        at_once = sequential.place(rules, 0)
        with monkeypatch.context() as patch:
            by_itself = bind(wide_problem(seed))
            patch.setitem(by_itself.__dict__, "alike", tuple(range(len(rules.alike))))
            patch.setattr(sequential.Allotment, "is_exact", lambda self: False)
            patch.setattr(sequential, "_evened_out_by", lambda *_: False)
            one_by_one = sequential.place(by_itself, 0)
        left_out += len(at_once) < rules.problem.cluster.size
        assert at_once.same_as(one_by_one), f"seed {seed}\n{at_once.to_dense()}\n{one_by_one.to_dense()}"
    assert shared > 300 and left_out > 100


def test_most_groups_are_placed_at_once() -> None:
    """The chains in use are walked level by level, not task by task."""
    exact = 0
    for seed in range(100):
        asked = some_problem(seed)
        rules = bind(asked)
        scheduler = sequential.Scheduler(rules, sequential.Placement(asked), np.random.default_rng(0), None)
        for g in range(3):
            room = rules.room(scheduler.state, g)
            exact += sequential.Allotment(
                scheduler.state, scheduler.rank, scheduler.rng, g, rules.strategies[g], room, 5
            ).is_exact()
    assert exact > 200


def test_random_draws_uniformly_among_the_eligible_and_repeats_with_its_seed() -> None:
    """§4.5: a seeded uniform draw; instances without room are never drawn."""
    rows = [{"id": f"i{k}", "cpu": 1000} for k in range(4)] + [{"id": "full", "cpu": 0}]
    asked = problem(cluster(rows), [group("A", 400, chain=["random"], cpu=1)])
    rules = bind(asked)
    first, again, other = (sequential.place(rules, seed) for seed in (7, 7, 8))
    assert first.same_as(again)
    assert not first.same_as(other)
    assert first.row(0)[4] == 0
    assert first.row(0).sum() == 400 and first.row(0)[:4].min() > 60


def test_an_incomplete_gang_is_taken_back() -> None:
    """All of a gang's tasks or none, and what it held is free for the next group."""
    rows = [{"id": "i1", "cpu": 4}]
    gang = group("gang", 3, cpu=2, all_or_nothing=True)
    asked = problem(cluster(rows), [gang, group("B", 4, cpu=1)])
    assert sequential.place(bind(asked), 0).same_as(Counts.dense(np.array([[0], [4]])))


def test_a_higher_class_is_placed_first() -> None:
    """By class, then in the order of the request."""
    asked = problem(cluster([{"cpu": 2}]), [group("low", 2, cpu=1), group("high", 1, cpu=1, priority=1)])
    assert sequential.place(bind(asked), 0).same_as(Counts.dense(np.array([[1], [1]])))


def test_another_order_holds_inside_each_class() -> None:
    """The class decides first; inside it, the order that is given instead of the request's."""
    groups = [group("A", 1, cpu=1), group("B", 1, cpu=1), group("high", 1, cpu=1, priority=1)]
    rules = bind(problem(cluster([{"cpu": 2}]), groups))
    assert sequential.place(rules, 0).same_as(Counts.dense(np.array([[1], [0], [1]])))
    assert sequential.place(rules, 0, order=[1, 0, 2]).same_as(Counts.dense(np.array([[0], [1], [1]])))
