"""Instances emptied one after the other within a budget of moves (solver.engines.vacating)."""

from __future__ import annotations

import random
from collections.abc import Callable

import numpy as np

from solver.domain.cluster import INSTANCE_TYPE
from solver.domain.problem import Problem
from solver.domain.request import Freedom, Limits
from solver.engines import portfolio, sequential, vacating
from solver.engines.deadline import Deadline
from solver.engines.incumbent import Incumbent
from solver.rules.base import Cost
from solver.rules.bind import bind
from solver.rules.bound import Rules
from solver.rules.moved import Moved
from solver.rules.running_cost import RunningCost
from solver.verify import check
from tests.builders import ZONE_FIELD, cluster, group, problem

CONSOLIDATE = Freedom(max_moves=6, consolidate=True)


def improved(asked: Problem, objective: Callable[[Rules], tuple[Cost, ...]] | None = None) -> Incumbent:
    """After the engine alone, with the bounds of counting."""
    rules = bind(asked, objective)
    incumbent = Incumbent(rules)
    incumbent.require_sequential(sequential.place(rules, 1, Deadline(10)))
    portfolio.count_bounds(incumbent, Deadline(10))
    vacating.improve(incumbent, Limits(deterministic_limit=1), Deadline(10))
    assert not check(asked, incumbent.tasks)
    return incumbent


def one_each(tasks: list[int], free: int, freedom: Freedom, **fields: object) -> Problem:
    """So many tasks of one cpu on each instance, and room for so many more."""
    rows = [{"cpu": n + free, "free": {"cpu": free}} for n in tasks]
    return problem(cluster(rows), [group("web", 0, movable=True, cpu=1, **fields)], {"web": tasks}, freedom=freedom)


def test_those_with_fewest_tasks_are_emptied_first() -> None:
    """Six moves empty the instances with one, two and three tasks; nothing else does as well."""
    found = improved(one_each([5, 3, 4, 1, 2, 6], 4, CONSOLIDATE))
    assert found.tasks.totals().tolist() == [21]
    assert np.flatnonzero(found.tasks.per_instance() == 0).tolist() == [1, 3, 4]
    assert found.values[0] == found.bound(0).value == 3


def test_what_instances_cost_counts_where_they_have_prices() -> None:
    """The dear instance with six tasks is emptied, not the three cheap ones with two each."""
    rows = [
        {"cpu": 9, "free": {"cpu": 9 - n}, INSTANCE_TYPE: name}
        for n, name in ((6, "dear"), (2, "cheap"), (2, "cheap"), (2, "cheap"))
    ]
    asked = problem(
        cluster(rows), [group("web", 0, movable=True, cpu=1)], {"web": [6, 2, 2, 2]}, freedom=Freedom(max_moves=6)
    )

    def objective(rules: Rules) -> tuple[Cost, ...]:
        return (RunningCost.of(rules.problem, {"dear": 10, "cheap": 3}), Moved((0,)))

    found = improved(asked, objective)
    assert found.values == (9, 6)


def test_an_instance_whose_tasks_others_need_beside_them_is_passed_over() -> None:
    """To move the cache out of its zone takes least, and a new task needs it there: the checker refuses that instance alone."""
    rows = [
        {"zone": "a", "cpu": 1, "free": {"cpu": 0}},
        {"zone": "a", "cpu": 2, "free": {"cpu": 1}},
        {"zone": "b", "cpu": 6, "free": {"cpu": 4}},
        {"zone": "b", "cpu": 6, "free": {"cpu": 4}},
    ]
    groups = [
        group("web", 1, rules=[f"affinity(cache, {ZONE_FIELD})"], cpu=1),
        group("cache", 0, movable=True, cpu=1),
        group("db", 0, cpu=1),
        group("api", 0, movable=True, cpu=1),
    ]
    running = {"cache": [1, 0, 0, 0], "db": [0, 1, 0, 0], "api": [0, 0, 2, 2]}
    found = improved(problem(cluster(rows), groups, running, freedom=Freedom(max_moves=3, consolidate=True)))
    assert found.values[:2] == (0, 3)
    assert found.tasks.to_dense()[:3].tolist() == [[0, 1, 0, 0], [1, 0, 0, 0], [0, 1, 0, 0]]


def test_on_a_large_cluster_it_meets_the_bound_of_counting() -> None:
    """Two hundred instances with rules of their groups: nothing is left to find in instances."""
    draw = random.Random(2)
    names = [f"s{n}" for n in range(40)]
    rules = {name: draw.choice([[], [], ["distinctInstance"], [f"memberOf({ZONE_FIELD} in [a, b])"]]) for name in names}
    groups = [group(name, 0, movable=True, rules=rules[name], cpu=draw.choice([1, 2, 3])) for name in names]
    rows = [{"zone": "abc"[i % 3], "cpu": 32, "free": {"cpu": 32}} for i in range(200)]
    running = {name: [0] * 200 for name in names}
    for i, row in enumerate(rows):
        for one in draw.sample(groups, draw.randint(3, 9)):
            if not (rules[one.name] and "memberOf" in rules[one.name][0] and row["zone"] == "c"):
                running[one.name][i] += 1
                row["free"]["cpu"] -= one.demand["cpu"]
    asked = problem(cluster(rows), groups, running, freedom=Freedom(max_moves=50, consolidate=True))
    found = improved(asked)
    assert 0 < found.values[0] == found.bound(0).value < found.sequential[0]


def test_without_a_budget_it_leaves_the_request_to_others() -> None:
    """What any number of moves can do, packing knows better."""
    found = improved(one_each([5, 3, 4], 9, Freedom(consolidate=True)))
    assert found.values == found.sequential
