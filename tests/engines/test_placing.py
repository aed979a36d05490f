"""As many tasks as fit: plans and bounds of requests that are too large, against brute force."""

from __future__ import annotations

import random

import numpy as np

from solver.domain.problem import Problem
from solver.domain.request import Limits
from solver.engines import placing, portfolio, sequential
from solver.engines.deadline import Deadline
from solver.engines.incumbent import Incumbent
from solver.engines.patterns.placing import most_placed
from solver.engines.patterns.problem import PackingProblem, anywhere
from solver.rules.bind import bind
from tests.builders import ZONE_FIELD, cluster, group, problem
from tests.oracle import Oracle


def too_large(seed: int) -> Problem:
    """Three instances, three groups that want more than there is; some apart, some in certain zones, something runs already."""
    draw = random.Random(seed)
    rows = [{"zone": "ab"[i % 2], "cpu": draw.randint(5, 11), "memory": draw.randint(5, 11)} for i in range(3)]
    groups = [
        group(
            name,
            draw.randint(1, 3),
            rules=draw.choice([[], [], ["distinctInstance"], [f"memberOf({ZONE_FIELD} == a)"]]),
            chain=draw.choice([[f"spread({ZONE_FIELD})"], ["binpack(cpu)"]]),
            cpu=draw.randint(2, 7),
            memory=draw.randint(1, 7),
        )
        for name in "ABC"
    ]
    return problem(cluster(rows), groups, {"A": [draw.choice([0, 0, 1]) for _ in rows]})


def begun(asked: Problem, seed: int) -> Incumbent:
    """The sequential plan with its counting bounds."""
    incumbent = Incumbent(bind(asked))
    incumbent.require_sequential(sequential.place(incumbent.rules, seed, Deadline(10)))
    portfolio.count_bounds(incumbent, Deadline(10))
    return incumbent


def test_plans_and_bounds_of_requests_that_are_too_large() -> None:
    """No bound is above the best plan; most plans are the best, and many are proved where counting alone does not prove them."""
    best_found = raised = looked_at = 0
    for seed in range(120):
        incumbent = begun(too_large(seed), seed)
        if incumbent.proven(0):
            continue
        counted, looked_at = incumbent.bound(0).value, looked_at + 1
        placing.improve(incumbent, Limits(workers=1), Deadline(10))
        best = Oracle(incumbent.rules.problem).best()[0]
        assert incumbent.bound(0).value <= best <= incumbent.values[0], f"seed {seed}"
        best_found += incumbent.values[0] == best
        raised += incumbent.bound(0).value > counted
    assert looked_at > 40 and best_found > 0.9 * looked_at and raised > 0.3 * looked_at


def test_many_tasks_are_placed_and_proved() -> None:
    """Two of 5 and none of 8 on each instance of 10: by one resource alone a task of 8 would count for less than it takes."""
    rows = [{"cpu": 10} for _ in range(300)]
    sizes = [group("eight", 200, cpu=8, chain=[f"spread({ZONE_FIELD})"]), group("five", 700, cpu=5)]
    incumbent = begun(problem(cluster(rows), sizes), 0)
    placing.improve(incumbent, Limits(workers=1), Deadline(10))
    assert incumbent.values[0] == incumbent.bound(0).value == 300


def test_tasks_of_a_type_are_dealt_out_evenly() -> None:
    """Four services of one size for which there is half the room: each gets as many, and as even over the zones as they go."""
    rows = [{"cpu": 4, "zone": zone} for zone in "aabb"]
    twins = [group(name, 8, cpu=1, chain=[f"spread({ZONE_FIELD})"]) for name in "ABCD"]
    asked = problem(cluster(rows), twins)
    # Counting proves the first tier at once, so that the engine has nothing to do unless it is asked by hand.
    own = placing._Placing(begun(asked, 0))
    found = most_placed(own.problem, Deadline(10))
    assert found is not None and found.missing == found.bound == 16
    tasks = own.plan(found).to_dense()
    assert tasks.sum(axis=1).tolist() == [4, 4, 4, 4]
    assert all(tasks[:, zone].sum(axis=1).tolist() == [2, 2, 2, 2] for zone in (slice(0, 2), slice(2, 4)))


def test_without_instances_there_is_no_plan() -> None:
    """Then counting says all there is to say."""
    lower, upper = anywhere(np.array([3]), 1)
    none = np.zeros(0, np.int64)
    asked = PackingProblem(
        free=none.reshape(0, 1),
        zone=none,
        empty=none.astype(np.bool_),
        demand=np.array([[2]]),
        wanted=np.array([3]),
        lower=lower,
        upper=upper,
    )
    assert most_placed(asked, Deadline(10)) is None
