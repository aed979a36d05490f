"""What DAEMON services are owed (§2.2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import pytest

from solver import api
from solver.domain.request import Engine, Freedom, Limits, Scheduling, TaskGroup
from tests.builders import cluster, group, problem

ENGINES = [Limits(engine=Engine.SEQUENTIAL), Limits(engine=Engine.EXACT)]
daemon = Scheduling.DAEMON
Running: TypeAlias = Mapping[str, Sequence[int]]


@pytest.mark.parametrize("limits", ENGINES)
def test_room_for_the_task_that_is_owed_is_kept(limits: Limits) -> None:
    """Three units, one daemon of two that does not run yet: one task of one unit fits, not two."""
    groups = [group("D", 0, cpu=2, scheduling=daemon), group("A", 2, cpu=1)]
    assert api.place(problem(cluster([{"cpu": 3}]), groups), limits).placed().tolist() == [0, 1]
    there = problem(cluster([{"cpu": 4, "free": {"cpu": 2}}]), groups, {"D": [1]})
    assert api.place(there, limits).placed().tolist() == [0, 2]


@pytest.mark.parametrize("limits", ENGINES)
def test_a_service_is_owed_one_task_however_many_revisions_it_has(limits: Limits) -> None:
    """In a rolling update both revisions are listed; the instance still waits for one task."""
    old = group("D", 0, cpu=2, family="D", scheduling=daemon)
    new = group("D@2", 1, cpu=2, family="D", scheduling=daemon)
    answer = api.place(problem(cluster([{"cpu": 3}]), [old, new, group("A", 1, cpu=1)]), limits)
    assert answer.placed().tolist() == [0, 1, 1]


@pytest.mark.parametrize("limits", ENGINES)
def test_a_port_that_is_owed_is_kept(limits: Limits) -> None:
    """Another group may not take it; the daemon itself may."""
    owed = group("D", 0, ports=(("tcp", 80),), scheduling=daemon)
    other = group("A", 1, ports=(("tcp", 80),))
    assert api.place(problem(cluster([{}]), [owed, other]), limits).placed().tolist() == [0, 0]
    wanted = group("D", 1, ports=(("tcp", 80),), scheduling=daemon)
    assert api.place(problem(cluster([{}]), [wanted, other]), limits).placed().tolist() == [1, 0]


@pytest.mark.parametrize("limits", ENGINES)
def test_a_port_is_taken_where_a_listed_group_holds_it(limits: Limits) -> None:
    """§3.7: whatever the snapshot says of ports, a running task holds its own."""
    holder = group("A", 0, ports=(("tcp", 80),))
    asked = problem(cluster([{}]), [holder, group("B", 1, ports=(("tcp", 80),))], {"A": [1]})
    assert api.place(asked, limits).placed().tolist() == [0, 0]


FREE = Freedom(interleaved=True)
"""What reconcile asks for: moves that make room."""


def reconciled(
    rows: list[dict[str, Any]], groups: list[TaskGroup], running: Running, limits: Limits
) -> list[list[int]]:
    """The tasks of each group on each instance after a request of the general form."""
    found: list[list[int]] = (
        api.place(problem(cluster(rows), groups, running, freedom=FREE), limits).tasks.to_dense().tolist()
    )
    return found


@pytest.mark.parametrize("limits", ENGINES)
def test_a_daemon_gets_one_task_on_each_eligible_instance(limits: Limits) -> None:
    """However many are asked for: not two on one, none where it is not admitted, DRAINING or there already."""
    rows = [
        {"stack": "prod"},
        {"stack": "prod"},
        {"stack": "dev"},
        {"stack": "prod", "active": False},
        {"stack": "prod"},
    ]
    daemons = group("D", 9, rules=["memberOf(attribute:stack == prod)"], cpu=1, scheduling=daemon)
    after = reconciled(rows, [daemons, replica("A", cpu=1)], {"D": [0, 1, 0, 0, 0], "A": [1, 0, 0, 0, 0]}, limits)
    assert after == [[1, 1, 0, 0, 1], [1, 0, 0, 0, 0]]


@pytest.mark.parametrize("limits", ENGINES)
@pytest.mark.parametrize("priority", [0, 5])
def test_a_daemon_comes_before_replicas(limits: Limits, priority: int) -> None:
    """Two units on each instance: the daemon's is kept even from tasks of a higher priority, and one unit is left."""
    groups = [group("D", 2, cpu=1, scheduling=daemon), replica("A", start=4, cpu=1, priority=priority)]
    assert reconciled([{"cpu": 2}, {"cpu": 2}], groups, {}, limits) == [[1, 1], [1, 1]]


def test_a_replica_makes_way_for_a_daemon() -> None:
    """Replicas fill the first instance, which lacks its daemon: one of them moves, and that is all."""
    rows = [{"cpu": 2, "free": {"cpu": 0}}, {"cpu": 4, "free": {"cpu": 3}}]
    groups = [group("D", 1, cpu=1, scheduling=daemon), replica("A", cpu=1)]
    after = reconciled(rows, groups, {"D": [0, 1], "A": [2, 0]}, Limits(engine=Engine.EXACT))
    assert after == [[1, 1], [1, 1]]
    after = reconciled(rows, groups, {"D": [0, 1], "A": [2, 0]}, Limits(engine=Engine.SEQUENTIAL))
    assert after == [[0, 1], [2, 0]]


@pytest.mark.parametrize("limits", ENGINES)
def test_where_replicas_fill_an_instance_that_lacks_its_daemon_nothing_else_starts(limits: Limits) -> None:
    """One unit is free and owed, whoever starts the daemon: a stop gives no room to another replica."""
    rows = [{"cpu": 2, "free": {"cpu": 0}}, {"cpu": 2, "free": {"cpu": 0}}]
    groups = [group("D", 0, cpu=1, scheduling=daemon), replica("A", stop=1, cpu=1), replica("B", start=1, cpu=1)]
    after = reconciled(rows, groups, {"D": [0, 1], "A": [2, 1]}, limits)
    assert sum(after[1]) == 2 and after[0] == [0, 1]
    assert (after[1], after[2]) in (([2, 0], [0, 1]), ([1, 1], [0, 0]))


def replica(name: str, start: int = 0, **fields: Any) -> TaskGroup:
    """A service whose tasks may move unless some of them are to stop."""
    return group(name, start, scheduling=Scheduling.REPLICA, movable="stop" not in fields, **fields)


@pytest.mark.parametrize("limits", ENGINES[1:])
def test_the_revision_that_needs_least_may_pay(limits: Limits) -> None:
    """Two revisions start: the one of one unit pays what is owed, and three are free for another group."""
    groups = [
        group("D", 1, cpu=3, scheduling=daemon),
        group("D@2", 1, cpu=1, family="D", scheduling=daemon),
        group("A", 1, cpu=3),
    ]
    asked = problem(cluster([{"cpu": 4}]), groups)
    answer = api.place(asked, limits)
    assert answer.placed().tolist() == [0, 1, 1]
    assert answer.tiers[0].bound == 1
