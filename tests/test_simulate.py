"""The simulator catches bad orders (§9.2)."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from solver.domain.counts import Counts
from solver.domain.problem import Problem
from solver.domain.request import RunningTask, Scheduling
from solver.domain.steps import Action
from solver.simulate import simulate
from tests.builders import ZONE_FIELD, cluster, group, problem


def move(task: str, to: str, leaves: str, start: int, stop: int, name: str = "A") -> Action:
    return Action("move", name, task, to, leaves, max(start, stop), start, stop)


def rules_broken(asked: Problem, after: list[list[int]], *actions: Action, seeds: int = 24) -> set[str]:
    """The rules that some order within the waves breaks."""
    tasks = Counts.dense(np.array(after))
    return {found.rule for seed in range(seeds) for found in simulate(asked, tasks, actions, seed)}


ROWS = [{"cpu": 4, "free": {"cpu": 0}, "zone": "a"}, {"cpu": 4, "zone": "a"}, {"cpu": 8, "zone": "b"}]
SERVICE = {"cpu": 4, "scheduling": Scheduling.REPLICA, "movable": True}
TASKS = (RunningTask("t1", 0, 0),)


def moving(percent: int | None = 100, most: int | None = 200, **fields: object) -> Problem:
    """One task of A runs on i1, and may move to i2 or i3."""
    asked = group("A", minimum_healthy_percent=percent, maximum_percent=most, **{**SERVICE, **fields})
    return problem(cluster(ROWS), [asked], {"A": [1, 0, 0]}, tasks=TASKS)


def test_a_good_order_passes() -> None:
    """Start first, stop a wave later."""
    assert not rules_broken(moving(), [[0, 1, 0]], move("t1", "i2", "i1", 1, 2))


def test_a_stop_in_the_wave_of_its_replacement_leaves_too_few_healthy_tasks() -> None:
    """What starts is healthy only when its wave is over."""
    assert rules_broken(moving(), [[0, 1, 0]], move("t1", "i2", "i1", 1, 1)) == {"minimumHealthyPercent"}


def test_a_start_above_the_maximum_is_caught() -> None:
    """floor(1 * 150 / 100) = 1."""
    assert rules_broken(moving(most=150), [[0, 1, 0]], move("t1", "i2", "i1", 1, 2)) == {"maximumPercent"}


def swap() -> Problem:
    rows = [{"cpu": 4, "free": {"cpu": 0}}, {"cpu": 4, "free": {"cpu": 0}}]
    return problem(cluster(rows), [group("A", cpu=4), group("B", cpu=4)], {"A": [1, 0], "B": [0, 1]})


def test_a_start_before_the_room_is_free_is_caught() -> None:
    """What a stop frees is free after its wave."""
    early = (move("", "i2", "i1", 1, 1), move("", "i1", "i2", 1, 1, "B"))
    late = (move("", "i2", "i1", 2, 1), move("", "i1", "i2", 2, 1, "B"))
    assert rules_broken(swap(), [[0, 1], [1, 0]], *early) == {"cpu"}
    assert not rules_broken(swap(), [[0, 1], [1, 0]], *late)


def test_a_rule_that_some_order_inside_a_wave_breaks_is_caught() -> None:
    """distinctInstance between two revisions: the old one must be gone before the new one comes."""
    groups = [
        group(n, family="s", rules=["distinctInstance"], cpu=1, **k)
        for n, k in (("old", {"stop": 1}), ("new", {"start": 1}))
    ]
    asked = problem(cluster([{}]), groups, {"old": [1]})
    stop, start = Action("stop", "old", "", "i1", "", 1), Action("start", "new", "", "i1", "", 1)
    assert rules_broken(asked, [[0], [1]], stop, start) == {"distinctInstance"}
    assert not rules_broken(asked, [[0], [1]], stop, replace(start, step=2))


def test_a_skew_on_the_way_is_caught() -> None:
    """One zone must not run empty before the other fills."""
    asked = problem(
        cluster([{"zone": "a"}, {"zone": "a"}, {"zone": "b"}, {"zone": "b"}]),
        [group("A", rules=[f"maxSkew({ZONE_FIELD}, 1)"], cpu=1, movable=True)],
        {"A": [2, 0, 2, 0]},
    )
    actions = [move("", "i2", "i1", 1, 2), move("", "i2", "i1", 1, 2)]
    assert f"maxSkew({ZONE_FIELD}, 1)" in rules_broken(asked, [[0, 2, 2, 0]], *actions)
    assert not rules_broken(asked, [[0, 2, 2, 0]], move("", "i2", "i1", 1, 2), move("", "i2", "i1", 3, 4))


def test_an_expression_is_asked_at_the_moment_of_the_start() -> None:
    """Two starts where only an instance with one task is admitted: one after the other has gone."""
    asked = problem(
        cluster([{}]),
        [
            group("A", 1, rules=["memberOf(runningTasksCount == 1)"], cpu=1),
            group("B", stop=1, cpu=1),
            group("C", 1, cpu=1),
        ],
        {"B": [1]},
    )
    a, b, c = (
        Action("start", "A", "", "i1", "", 1),
        Action("stop", "B", "", "i1", "", 1),
        Action("start", "C", "", "i1", "", 1),
    )
    broken = {"memberOf(runningTasksCount == 1)"}
    assert rules_broken(asked, [[1], [0], [1]], a, b, c) == broken
    assert not rules_broken(asked, [[1], [0], [1]], a, replace(b, step=2), replace(c, step=3))


@pytest.mark.parametrize(
    ("action", "broken"),
    [
        (move("t2", "i2", "i1", 1, 2), "names of tasks"),
        (move("", "i2", "i1", 1, 2), "names of tasks"),
        (move("t1", "i3", "i2", 1, 2), "names of tasks"),
        (move("t1", "i9", "i1", 1, 2), "known names"),
        (move("t1", "i2", "i1", 1, 2, "Z"), "known names"),
        (replace(move("t1", "i2", "i1", 1, 2), kind="jump"), "known names"),
        (move("t1", "i2", "i1", 0, 0), "waves count from 1"),
        (move("t1", "i3", "i1", 1, 2), "the plan"),
    ],
)
def test_wrong_names_waves_and_ends_are_caught(action: Action, broken: str) -> None:
    """A task must exist, run where it stops, have a wave, and end where the plan says."""
    assert broken in rules_broken(moving(), [[0, 1, 0]], action)


def test_stopping_twice_is_caught() -> None:
    """One task cannot make way twice."""
    rows = [{"cpu": 8, "free": {"cpu": 0}}, {"cpu": 8}]
    tasks = (RunningTask("t1", 0, 0), RunningTask("t2", 0, 0))
    asked = problem(cluster(rows), [group("A", cpu=4, stop=2)], {"A": [2, 0]}, tasks=tasks)
    stop = Action("stop", "A", "t1", "i1", "", 1)
    assert rules_broken(asked, [[0, 0]], stop, stop) == {"names of tasks"}
    assert not rules_broken(asked, [[0, 0]], stop, replace(stop, task="t2"))


def test_stopping_a_protected_task_is_caught() -> None:
    """§9.1: never a protected one, by name or without."""
    asked = replace(moving(None, None), tasks=(RunningTask("t1", 0, 0, protected=True),))
    assert rules_broken(asked, [[0, 1, 0]], move("t1", "i2", "i1", 1, 2)) == {"protection"}
    assert rules_broken(asked, [[0, 1, 0]], move("", "i2", "i1", 1, 2)) == {"names of tasks"}


def test_stopping_where_none_runs_is_caught() -> None:
    """A stop that comes before its start within the wave stops nothing."""
    asked = problem(cluster([{}, {}]), [group("A", 1, cpu=1)])
    start, stop = Action("start", "A", "", "i1", "", 1), Action("stop", "A", "", "i1", "", 1)
    assert "tasks that run" in rules_broken(asked, [[0, 0]], start, stop)


def test_unhealthy_tasks_may_stop_below_the_minimum_and_pending_ones_count_for_the_maximum() -> None:
    """Where the bound is broken already, only what makes it worse is refused."""
    tasks = (RunningTask("ill", 0, 0, healthy=False), RunningTask("new", 0, 0, running=False), RunningTask("fit", 0, 0))
    rows = [{"cpu": 12, "free": {"cpu": 0}}]
    asked = problem(
        cluster(rows),
        [group("A", stop=1, minimum_healthy_percent=100, maximum_percent=100, cpu=4, scheduling=Scheduling.REPLICA)],
        {"A": [3]},
        tasks=tasks,
    )
    for task, broken in (("ill", set()), ("new", set()), ("fit", {"minimumHealthyPercent"})):
        assert rules_broken(asked, [[2]], Action("stop", "A", task, "i1", "", 1)) == broken


def test_a_part_of_a_plan_need_not_reach_its_end() -> None:
    """What can be carried out of a blocked plan is judged without its end."""
    asked = moving()
    tasks = Counts.dense(np.array([[0, 1, 0]]))
    assert simulate(asked, tasks, ()) and not simulate(asked, tasks, (), whole=False)


def test_replaying_needs_no_solver() -> None:
    """A fresh interpreter replays without ortools being loaded."""
    code = "import sys, solver.simulate; print('ortools' in sys.modules, 'solver.steps' in sys.modules)"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (answer.stdout, answer.stderr) == ("False False\n", "")
