"""What DAEMON services are owed (§2.2)."""

from __future__ import annotations

import pytest

from solver import api
from solver.domain.request import Engine, Limits, Scheduling
from tests.builders import cluster, group, problem

ENGINES = [Limits(engine=Engine.SEQUENTIAL), Limits(engine=Engine.EXACT)]
daemon = Scheduling.DAEMON


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
