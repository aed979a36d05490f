"""A few instances of a request as a request of their own (solver.engines.neighbourhoods.subproblem)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from solver.domain.counts import Counts
from solver.domain.placement import Placement
from solver.domain.problem import Problem
from solver.domain.request import Freedom, Limits
from solver.engines import exact, sequential
from solver.engines.deadline import Deadline
from solver.engines.incumbent import Incumbent
from solver.engines.neighbourhoods.subproblem import MOST_RESTS, Subproblems, applicable
from solver.rules.bind import bind
from solver.rules.bound import Rules
from solver.verify import check
from tests.builders import (
    cluster,
    group,
    problem,
    random_change,
    random_pools,
    random_problem,
    random_twins,
)

MAKERS = [random_problem, random_change, random_pools, random_twins]


def values(rules: Rules, tasks: Counts) -> dict[str, int]:
    """By tier."""
    placement = Placement(rules.problem, tasks)
    return {tier.name: tier.value(placement) for tier in rules.tiers}


@pytest.mark.parametrize("make", MAKERS)
def test_what_a_plan_of_a_few_instances_changes_it_changes_as_much_in_the_whole(make: Callable[[int], Problem]) -> None:
    """In every tier; moves where no task is missing: one that is missing elsewhere counts as new, not as moved.

    And what the checker says of the plan it says of the whole, whichever instances were looked at.
    """
    seen = better = 0
    for seed in range(100):
        asked = make(seed)
        rules = bind(asked)
        if not applicable(rules):
            continue
        draw = np.random.default_rng(seed)
        plan = sequential.place(rules, seed, Deadline(10))
        size = asked.cluster.size
        few = np.sort(draw.choice(size, int(draw.integers(1, size + 1)), replace=False))
        sub = Subproblems(rules).of(plan, few)
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
    assert better > 0 or make is random_twins


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
