"""The actions of an answer."""

from __future__ import annotations

import numpy as np
import pytest

from solver.domain.answer import Answer, Replay
from solver.domain.counts import Counts
from solver.domain.problem import Problem
from solver.domain.request import Limits
from solver.domain.solution import Status, Stop
from solver.domain.steps import Action, Steps
from tests.builders import cluster, group, problem


def answer(asked: Problem, after: list[list[int]], steps: Steps | None = None) -> Answer:
    replay = Replay.of("", Limits(), {})
    return Answer(Status.FEASIBLE, Stop.ENGINE_DONE, asked, Counts.dense(np.array(after)), (), "", replay, steps=steps)


def test_a_plan_that_only_starts_tasks_is_one_wave() -> None:
    """One action a task, without steps."""
    only = answer(problem(cluster([{}, {}]), [group("A", 3, cpu=1)]), [[2, 1]])
    assert list(only.actions()) == [Action("start", "A", "", i, "", 1) for i in ("i1", "i1", "i2")]
    assert not len(only.stopped)


def test_steps_name_and_order_the_actions() -> None:
    """A plan that stops tasks carries its steps; without them it has neither names nor an order."""
    asked = problem(cluster([{}, {}]), [group("A", cpu=1, movable=True)], {"A": [1, 0]})
    move = Action("move", "A", "t1", "i2", "i1", 2, 1, 2)
    assert list(answer(asked, [[0, 1]], Steps((move,), 2)).actions()) == [move]
    assert list(answer(asked, [[0, 1]]).actions()) == [
        Action("stop", "A", "", "i1", "", 0),
        Action("start", "A", "", "i2", "", 0),
    ]


@pytest.mark.parametrize(
    ("plan", "placed"), [([0, 1, 0], 0), ([1, 0, 0], 0), ([0, 1, 1], 1), ([0, 1, 2], 2), ([0, 0, 0], 0)]
)
def test_a_task_that_moves_is_no_new_one(plan: list[int], placed: int) -> None:
    """One runs and may move, two more are wanted."""
    rows = [{"cpu": 4, "free": {"cpu": 3}}, {"cpu": 4}, {"cpu": 4}]
    asked = problem(cluster(rows), [group("web", 2, movable=True, cpu=1)], {"web": [1, 0, 0]})
    only = answer(asked, [plan])
    assert only.placed().tolist() == [placed]
    assert only.missing().tolist() == [2 - placed]
    assert only.complete == (placed == 2)
