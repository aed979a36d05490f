"""What a plan has left out although there is room for it (solver.engines.refilling)."""

from __future__ import annotations

import numpy as np
import pytest

from solver.domain.counts import Counts
from solver.domain.problem import Problem
from solver.domain.request import Freedom, Preempt
from solver.engines.deadline import Deadline
from solver.engines.incumbent import Incumbent
from solver.engines.refilling import refill
from solver.rules.bind import bind
from solver.verify import check
from tests.builders import cluster, group, problem, random_change, random_problem

LOWER = Freedom(preempt=Preempt.LOWER)


def refilled(asked: Problem, plan: list[list[int]]) -> list[list[int]]:
    rules = bind(asked)
    tasks = refill(rules, Counts.dense(np.array(plan)), Deadline(10))
    assert not check(asked, tasks, rules)
    return tasks.to_dense().tolist()


def pre_empting(**fields: object) -> Problem:
    """Two instances: on the first one two tasks of each of two classes, and a task of a third class that wants two cpus."""
    groups = [
        group("low", 0, cpu=1),
        group("middle", 0, cpu=1, priority=1),
        group("high", 1, cpu=2, priority=2, **fields),
    ]
    rows = [{"cpu": 4, "free": {"cpu": 0}}, {"cpu": 1}]
    return problem(cluster(rows), groups, {"low": [2, 0], "middle": [2, 0]}, freedom=LOWER)


def test_tasks_that_need_not_have_stopped_come_back_the_highest_class_first() -> None:
    """All four were stopped for one task that takes the room of two: elsewhere they would have moved."""
    assert refilled(pre_empting(), [[0, 0], [0, 0], [1, 0]]) == [[0, 0], [2, 0], [1, 0]]


def test_new_tasks_start_where_they_fit_and_least_is_left() -> None:
    """With a rule that looks at all instances, one after the other."""
    groups = [group("web", 4, cpu=2)]
    asked = problem(cluster([{"cpu": 9}, {"cpu": 3}, {"cpu": 4}]), groups)
    assert refilled(asked, [[1, 0, 0]]) == [[4, 0, 0]]
    skewed = problem(cluster([{"cpu": 9}, {"cpu": 9}]), [group("web", 5, cpu=2, rules=["maxSkew(instanceId, 1)"])])
    assert sorted(refilled(skewed, [[1, 0]])[0]) == [2, 3]


def test_gangs_are_left_as_they_are() -> None:
    """Some of a gang are none."""
    groups = [group("gang", 5, cpu=2, all_or_nothing=True)]
    asked = problem(cluster([{"cpu": 4}]), groups)
    assert refilled(asked, [[0]]) == [[0]]


def test_a_plan_that_lacks_nothing_is_handed_back() -> None:
    """And one whose time is over."""
    asked = problem(cluster([{"cpu": 4}]), [group("web", 2, cpu=2)])
    whole = Counts.dense(np.array([[2]]))
    assert refill(bind(asked), whole, Deadline(10)) is whole
    assert refill(bind(asked), asked.running, Deadline(0.0)).same_as(asked.running)


@pytest.mark.parametrize("make", [random_problem, random_change])
def test_what_is_started_breaks_no_rule_and_costs_nothing_before_it(make: object) -> None:
    """From the state before, where that is a plan: as many tasks or more, and the checker passes nearly all.

    Rules that bind where a group starts a task may find broken before what nobody had to look at.
    """
    fuller = refused = 0
    for seed in range(200):
        asked = make(seed)
        rules = bind(asked)
        if check(asked, asked.running, rules):
            continue
        incumbent = Incumbent(rules)
        tasks = refill(rules, asked.running, Deadline(10))
        if tasks.same_as(asked.running):
            continue
        fuller += 1
        before = incumbent.values
        taken = incumbent.offer(tasks)
        refused += bool(incumbent.rejected)
        assert taken == (incumbent.values < before)
        assert (asked.missing(incumbent.tasks) <= asked.missing(asked.running)).all()
    assert fuller > 40
    assert refused < 0.1 * fuller
