"""Which task stops, and which start takes its place (§9.1)."""

from __future__ import annotations

import numpy as np
import pytest

from solver.domain.counts import Counts
from solver.domain.problem import Problem
from solver.domain.request import RunningTask
from solver.steps import choose, stops
from tests.builders import cluster, group, problem

TASKS = (
    RunningTask("safe", 0, 0, protected=True, healthy=False),
    RunningTask("old", 0, 0, started_at="2026-01-01T00:00:00Z"),
    RunningTask("new", 0, 0, started_at="2026-03-01T00:00:00Z"),
    RunningTask("zone", 0, 0, started_at="2026-02-01T00:00:00+09:00"),
    RunningTask("b-unknown", 0, 0),
    RunningTask("a-unknown", 0, 0, started_at="yesterday"),
    RunningTask("pending", 0, 0, running=False),
    RunningTask("ill", 0, 0, healthy=False),
    RunningTask("ill-pending", 0, 0, healthy=False, running=False),
)
OLDEST = ["ill-pending", "ill", "pending", "old", "zone", "new", "a-unknown", "b-unknown"]
NEWEST = ["ill-pending", "ill", "pending", "new", "zone", "old", "a-unknown", "b-unknown"]


def asked(count: int = 9, tasks: tuple[RunningTask, ...] = TASKS) -> Problem:
    return problem(cluster([{}, {}]), [group("A", cpu=1, stop=count)], {"A": [count, 0]}, tasks=tasks)


@pytest.mark.parametrize(("newest", "order"), [(False, OLDEST), (True, NEWEST)])
def test_the_order_in_which_tasks_stop(newest: bool, order: list[str]) -> None:
    """Never a protected one; first the UNHEALTHY, then those not yet running, then the oldest (or the newest), ties by id."""
    for left in range(1, 10):
        chosen = stops(asked(), Counts.dense(np.array([[left, 0]])), newest)
        assert [change.task.id for change in chosen if change.task] == order[: 9 - left]


def test_tasks_without_a_name_come_last() -> None:
    """Where fewer tasks are known by name than run, the others stop without one."""
    few = asked(4, TASKS[:2])
    found = choose(few, Counts.dense(np.array([[1, 0]])))
    assert sorted(action.task for action in found) == ["", "", "old"]
    assert [a.task for a in choose(asked(2, ()), Counts.dense(np.array([[1, 0]])))] == [""]


def test_stops_and_starts_of_a_group_become_moves_within_a_zone_first() -> None:
    """min(starts, stops) moves; the rest are starts or stops; another group's are not paired."""
    rows = [{"zone": "a"}, {"zone": "b"}, {"zone": "b"}, {"zone": "a"}, {"zone": "c"}]
    both = problem(
        cluster(rows),
        [group("A", cpu=1, movable=True), group("B", 1, cpu=1)],
        {"A": [1, 1, 0, 0, 0]},
        tasks=(RunningTask("in-a", 0, 0), RunningTask("in-b", 0, 1)),
    )
    found = choose(both, Counts.dense(np.array([[0, 0, 1, 1, 1], [0, 0, 1, 0, 0]])))
    assert {(a.kind, a.group, a.task, a.from_instance, a.instance) for a in found} == {
        ("move", "A", "in-a", "i1", "i4"),
        ("move", "A", "in-b", "i2", "i3"),
        ("start", "A", "", "", "i5"),
        ("start", "B", "", "", "i3"),
    }
    assert all(action.step == 0 for action in found)


def test_what_stops_for_good_is_what_stops_first_anyway() -> None:
    """With two stops and one start, the unhealthy task ends and the healthy one moves."""
    tasks = (RunningTask("fit", 0, 0), RunningTask("ill", 0, 1, healthy=False))
    mixed = problem(cluster([{}, {}, {}]), [group("A", cpu=1, stop=1, movable=True)], {"A": [1, 1, 0]}, tasks=tasks)
    found = choose(mixed, Counts.dense(np.array([[0, 0, 1]])))
    assert {(a.kind, a.task, a.instance) for a in found} == {("stop", "ill", "i2"), ("move", "fit", "i3")}


def test_nothing_that_stays_is_chosen() -> None:
    """Cells whose count does not fall name nobody."""
    assert choose(asked(), asked().running) == ()
