"""A few instances of a request as a request of their own (solver.engines.neighbourhoods.subproblem)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from solver.domain.counts import Counts
from solver.domain.placement import Placement
from solver.domain.problem import Problem
from solver.domain.request import Freedom, Limits, Preempt
from solver.engines import exact, sequential
from solver.engines.deadline import Deadline
from solver.engines.incumbent import Incumbent
from solver.engines.neighbourhoods import subproblem
from solver.engines.neighbourhoods.subproblem import MOST_RESTS, Subproblems, applicable
from solver.errors import InvalidRequest
from solver.rules.bind import bind
from solver.rules.bound import Rules
from solver.verify import check
from tests.builders import (
    cluster,
    group,
    problem,
    random_change,
    random_daemons,
    random_pools,
    random_problem,
    random_twins,
)

MAKERS = [random_problem, random_change, random_pools, random_twins, random_daemons]


def values(rules: Rules, tasks: Counts) -> dict[str, int]:
    """By tier."""
    placement = Placement(rules.problem, tasks)
    return {tier.name: tier.value(placement) for tier in rules.tiers}


@pytest.mark.parametrize("make", MAKERS)
def test_what_a_plan_of_a_few_instances_changes_it_changes_as_much_in_the_whole(make: Callable[[int], Problem]) -> None:
    """In every tier but those that tell new tasks from moved ones, where tasks are missing.

    And what the checker says of the plan it says of the whole, whichever instances were looked at. From the state before
    where that is a plan, which leaves most to do; from the sequential plan else.
    """
    seen = better = 0
    for seed in range(100):
        asked = make(seed)
        rules = bind(asked)
        if not applicable(rules):
            continue
        draw = np.random.default_rng(seed)
        plan = asked.running if not check(asked, asked.running, rules) else sequential.place(rules, seed, Deadline(10))
        size = asked.cluster.size
        few = np.sort(draw.choice(size, int(draw.integers(1, size + 1)), replace=False))
        sub = Subproblems(rules).of(plan, few, np.flatnonzero(asked.missing(plan) > 0).tolist())
        own = Incumbent(bind(sub.problem))
        own.require_sequential(sub.tasks)
        before = own.values
        exact.improve(own, Limits(workers=1), Deadline(20))
        changed = plan + sub.change(own.tasks)
        whole, after = values(rules, plan), values(rules, changed)
        part, part_after = values(own.rules, sub.tasks), values(own.rules, own.tasks)
        lacking = bool(asked.missing(plan).any())
        for name in {*whole, *part}:
            if not (lacking and name.startswith("moved")):
                gained = after.get(name, 0) - whole.get(name, 0)
                assert gained == part_after.get(name, 0) - part.get(name, 0), f"seed {seed}, {name}"
        assert lacking or not check(asked, changed, rules), f"seed {seed}"
        seen += 1
        better += own.values < before
    assert seen > 30
    assert better > 10


def two_zones(**fields: object) -> Problem:
    """Eight instances in two zones with a service of eight tasks, all of them in one."""
    rows = [{"cpu": 10, "zone": "a" if i < 4 else "b"} for i in range(8)]
    web = group("web", cpu=1, chain=["spread(attribute:ecs.availability-zone)"], movable=True)
    return problem(cluster(rows), [web], {"web": [2, 2, 2, 2, 0, 0, 0, 0]}, **fields)


def test_the_rest_is_one_instance_for_each_part_of_the_cluster_that_rules_look_at() -> None:
    """With as many tasks as its part has elsewhere, and nothing that may change."""
    asked = two_zones()
    sub = Subproblems(bind(asked)).of(asked.running, np.array([0, 4]))
    assert sub.problem.cluster.instance_ids[:2] == (asked.cluster.instance_ids[0], asked.cluster.instance_ids[4])
    assert sub.problem.cluster.size == 4
    assert sub.problem.running.row(0).tolist() == [2, 0, 6, 0]
    assert sub.problem.frozen.tolist() == [False, False, True, True]


def test_parts_that_would_need_too_many_rest_instances_are_left_out() -> None:
    """Such as each instance for itself: then the rest is one for all."""
    rows = [{"cpu": 10} for _ in range(MOST_RESTS + 50)]
    web = group("web", 3, cpu=1, rules=["maxSkew(instanceId, 1)"])
    asked = problem(cluster(rows), [web])
    sub = Subproblems(bind(asked)).of(asked.running, np.array([7, 9]))
    assert sub.problem.cluster.size == 3


def test_what_the_plan_has_moved_elsewhere_is_taken_from_the_budget() -> None:
    """Of three moves two are made elsewhere: one is left, however many would be better."""
    asked = two_zones(freedom=Freedom(max_moves=3))
    plan = Counts.dense(np.array([[2, 2, 2, 0, 0, 0, 0, 2]]))
    sub = Subproblems(bind(asked)).of(plan, np.array([0, 4]))
    assert sub.problem.freedom.max_moves == 1
    own = Incumbent(bind(sub.problem))
    own.require_sequential(sub.tasks)
    exact.improve(own, Limits(workers=1), Deadline(10))
    assert sub.change(own.tasks).same_as(Counts.of((1, 8), np.array([0, 0]), np.array([0, 4]), np.array([-1, 1])))


@pytest.mark.parametrize("freedom", [Freedom(min_gain=1), Freedom(empty=1), Freedom(slot={"cpu": 2})])
def test_what_only_the_whole_cluster_shows_is_left_to_others(freedom: Freedom) -> None:
    """What moves gain, which instances are emptied, and how large a free slot is."""
    assert not applicable(bind(two_zones(freedom=freedom)))
    assert applicable(bind(two_zones()))


def test_tasks_that_were_stopped_elsewhere_are_not_offered_as_new_ones() -> None:
    """They may not move: started here they would be. What was started elsewhere is not stopped here either."""
    groups = [group("low", 0, cpu=2), group("high", 1, cpu=4, priority=1)]
    rows = [{"cpu": 4, "free": {"cpu": 0}}, {"cpu": 8, "free": {"cpu": 4}}]
    asked = problem(cluster(rows), groups, {"low": [2, 2]}, freedom=Freedom(preempt=Preempt.LOWER))
    plan = Counts.dense(np.array([[0, 2], [1, 0]]))
    sub = Subproblems(bind(asked)).of(plan, np.array([1]))
    assert [one.start for one in sub.problem.groups] == [0, 0][: len(sub.problem.groups)]
    back = Subproblems(bind(replace(asked, groups=(replace(groups[0], start=1), groups[1]))))
    started = Counts.dense(np.array([[2, 3], [0, 0]]))
    assert [one.stop for one in back.of(started, np.array([0])).problem.groups][0] == 0


def test_groups_that_are_tied_to_too_many_others_are_left_to_other_engines(monkeypatch: pytest.MonkeyPatch) -> None:
    """A subproblem with all of them would take longer to make than to solve."""
    monkeypatch.setattr(subproblem, "MOST_GROUPS", 3)
    groups = [group(f"web@{k}", 1, family="web", cpu=1) for k in range(4)]
    asked = problem(cluster([{"cpu": 10}, {"cpu": 10}]), groups, {"web@0": [1, 0]})
    with pytest.raises(InvalidRequest, match="at most 3"):
        Subproblems(bind(asked)).of(asked.running, np.array([0]))
