"""Plans that stop tasks of lower classes: few of them, allowed by every rule, and there before any search."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from benchmarks.subjects.preemption import SUBJECT
from solver.domain.problem import Problem
from solver.domain.request import Freedom, Limits, Preempt, RunningTask
from solver.engines import portfolio, preempting, sequential
from solver.engines.deadline import Deadline
from solver.engines.incumbent import Incumbent
from solver.rules.bind import bind
from solver.verify import check
from tests.builders import ZONE_FIELD, cluster, group, problem
from tests.oracle import Oracle

LOWER = Freedom(preempt=Preempt.LOWER)


def full(*rows: int) -> list[dict[str, int | dict[str, int]]]:
    """Instances of these sizes on which nothing is free."""
    return [{"cpu": cpu, "free": {"cpu": 0}} for cpu in rows]


def placed(asked: Problem) -> list[list[int]]:
    """The plan from the sequential one."""
    rules = bind(asked)
    tasks = preempting.place(rules, sequential.place(rules, 0), Deadline(10))
    assert not check(asked, tasks, rules)
    return tasks.to_dense().tolist()


def test_fewest_are_stopped_and_none_that_need_not_be() -> None:
    """Where one large task goes rather than two small ones; a small one that was in the way of nothing stays."""
    groups = [group("small", 0, cpu=1), group("large", 0, cpu=3), group("high", 1, cpu=3, priority=1)]
    running = {"small": [3, 1], "large": [0, 1]}
    asked = problem(cluster(full(3, 4)), groups, running, freedom=LOWER)
    assert placed(asked) == [[3, 1], [0, 0], [0, 1]]
    wide = problem(
        cluster(full(5)),
        [group("two", 0, cpu=2), group("three", 0, cpu=3), group("high", 1, cpu=2, priority=1)],
        {"two": [1], "three": [1]},
        freedom=LOWER,
    )
    assert placed(wide) == [[1], [0], [1]]


def test_the_lowest_class_goes_first_and_a_protected_task_stays() -> None:
    """Two of class 0 rather than one of class 1; nothing of its own class or above; nothing that is protected."""
    groups = [group("low", 0, cpu=1), group("middle", 0, cpu=2, priority=1), group("high", 1, cpu=2, priority=2)]
    asked = problem(cluster(full(4)), groups, {"low": [2], "middle": [1]}, freedom=LOWER)
    assert placed(asked) == [[0], [1], [1]]
    tasks = (RunningTask("low1", 0, 0, protected=True), RunningTask("low2", 0, 0), RunningTask("middle1", 1, 0))
    assert placed(replace(asked, tasks=tasks)) == [[2], [0], [1]]
    equal = problem(cluster(full(2)), [group("a", 0, cpu=2), group("b", 1, cpu=2)], {"a": [1]}, freedom=LOWER)
    assert placed(equal) == [[1], [0]]


def test_of_tasks_that_need_not_go_those_of_the_highest_class_stay() -> None:
    """Memory asks for the one of class 2, cpu for one more: that of class 0, and not of class 1."""
    groups = [
        group("a", 0, cpu=1),
        group("b", 0, cpu=1, priority=1),
        group("c", 0, cpu=1, memory=1, priority=2),
        group("high", 1, cpu=2, memory=1, priority=3),
    ]
    rows = [{"cpu": 3, "memory": 1, "free": {"cpu": 0, "memory": 0}}]
    asked = problem(cluster(rows), groups, {"a": [1], "b": [1], "c": [1]}, freedom=LOWER)
    assert placed(asked) == [[0], [1], [0], [1]]


def test_a_group_of_which_the_plan_starts_tasks_is_left_as_it_is() -> None:
    """Its stop would make a move of its start: the other group gives way, and the plan is a plan."""
    groups = [
        group("low", 1, cpu=2),
        group("other", 0, cpu=4),
        group("high", 1, cpu=4, priority=1, rules=["memberOf(attribute:k == a)"]),
    ]
    rows = [{"cpu": 8, "k": "a", "free": {"cpu": 0}}, {"cpu": 2, "k": "b"}]
    asked = problem(cluster(rows), groups, {"low": [2, 0], "other": [1, 0]}, freedom=LOWER)
    assert placed(asked) == [[2, 1], [0, 0], [1, 0]]


def test_a_cluster_without_resources_has_rules_all_the_same() -> None:
    """``antiAffinity`` keeps a task out until the other one has stopped."""
    groups = [group("low", 0), group("high", 1, priority=1, rules=["antiAffinity(low, instanceId)"])]
    asked = problem(cluster([{}], resources=()), groups, {"low": [1]}, freedom=LOWER)
    solution = portfolio.run(bind(asked), Limits(time_limit=5)).solution
    assert [tier.value for tier in solution.tiers[:2]] == [0, 1]


def test_a_deadline_that_has_passed_leaves_the_plan_as_it_is() -> None:
    """And so does a caller who has gone."""
    asked = SUBJECT.cases[1].build(1, 0.05)
    rules = bind(asked)
    tasks = sequential.place(rules, 0)
    for deadline in (Deadline(0.0), Deadline(10.0, lambda: True)):
        assert preempting.place(rules, tasks, deadline).same_as(tasks)


def crowded(seed: int) -> Problem:
    """Two or three instances, nearly full of tasks of two classes; two groups of a higher one."""
    draw = random.Random(seed)
    low = [group(name, 0, cpu=draw.randint(1, 3), memory=draw.randint(1, 3), priority=k) for k, name in enumerate("AB")]
    running = {one.name: [draw.randint(0, 2) for _ in range(draw.choice([2, 3]))] for one in low}
    instances = len(running["A"])
    running["B"] = [draw.randint(0, 2) for _ in range(instances)]
    rows = []
    for i in range(instances):
        taken = {name: sum(one.demand[name] * running[one.name][i] for one in low) for name in ("cpu", "memory")}
        free = {name: draw.randint(0, 1) for name in taken}
        rows.append({name: taken[name] + free[name] for name in taken} | {"free": free, "zone": "ab"[i % 2]})
    rules = draw.choice([[], [], ["distinctInstance"], [f"memberOf({ZONE_FIELD} == a)"], [f"maxSkew({ZONE_FIELD}, 1)"]])
    high = [
        group(name, draw.randint(1, 2), cpu=draw.randint(1, 4), memory=draw.randint(1, 4), priority=2, rules=rules)
        for name in "CD"
    ]
    return problem(cluster(rows), [*low, *high], running, freedom=LOWER)


def test_plans_of_random_requests_keep_every_rule_and_are_near_the_best() -> None:
    """Where it places more than the sequential plan the checker passes it; brute force has none worse, and often the same."""
    better = met = 0
    for seed in range(200):
        asked = crowded(seed)
        incumbent = Incumbent(bind(asked))
        incumbent.require_sequential(sequential.place(incumbent.rules, 0))
        tasks = preempting.place(incumbent.rules, incumbent.tasks, Deadline(10))
        if incumbent.value(tasks) < incumbent.values:
            assert incumbent.offer(tasks), f"seed {seed}: {incumbent.rejected}"
            best = Oracle(asked).best()
            assert best <= incumbent.values, f"seed {seed}"
            better += 1
            met += incumbent.values[:2] == best[:2]
    assert better > 60 and met > 0.7 * better


def test_a_request_with_pre_emption_has_a_plan_without_any_search(monkeypatch: pytest.MonkeyPatch) -> None:
    """Instances full of small tasks, and large ones of all sizes wanted: one on each instance."""
    asked = SUBJECT.case("random sizes").build(1, 0.02)
    monkeypatch.setattr(portfolio, "loaded", lambda *_: None)
    solution = portfolio.run(bind(asked), Limits(time_limit=10, workers=1)).solution
    assert (solution.tasks.totals() - asked.running.totals())[asked.wanted > 0].sum() == asked.wanted.sum()
    assert [tier.value for tier in solution.tiers][0] == 0 and solution.tiers[0].sequential == asked.wanted.sum()
