"""What a plan stops and moves, as what was asked for (solver.formats.plan.allowing)."""

from __future__ import annotations

import pytest

from solver.domain.request import RunningTask, Scheduling
from solver.errors import InvalidRequest
from solver.formats.plan import allowing, counts_from_plan, rows_of_plan
from solver.verify import check
from tests.builders import cluster, group, problem

HEADER = "action,group,task,instance,from_instance,step\n"
TASKS = (RunningTask("t1", 0, 0), RunningTask("t2", 0, 0, protected=True), RunningTask("t3", 0, 1))
ASKED = problem(cluster([{}, {}, {}]), [group("web")], {"web": [2, 1, 0]}, tasks=TASKS)


def found(rows: str) -> list[str]:
    """The rules that a plan breaks."""
    read = rows_of_plan(HEADER + rows)
    allowed = allowing(ASKED, read)
    return [violation.rule for violation in check(allowed, counts_from_plan(allowed, read))]


def test_stops_and_moves_are_allowed_as_far_as_the_plan_has_them() -> None:
    """One task stops and one moves."""
    assert found("stop,web,t1,i1,,1\nmove,web,t3,i3,i2,1\n") == []


def test_a_protected_task_still_does_not_stop() -> None:
    """Both tasks of the instance leave it, and one of them is protected."""
    assert found("stop,web,t1,i1,,1\nmove,web,t2,i3,i1,1\n") == ["tasks that may stop"]


def test_a_start_and_a_stop_of_a_group_are_a_move() -> None:
    """However the plan calls it."""
    assert found("stop,web,t1,i1,,1\nstart,web,,i3,,1\n") == []


def test_a_daemon_stops_for_nobody() -> None:
    """The message names the group's field."""
    daemons = problem(cluster([{}]), [group("agent", scheduling=Scheduling.DAEMON)], {"agent": [1]})
    with pytest.raises(InvalidRequest, match="stop: is 1 for a DAEMON service"):
        allowing(daemons, rows_of_plan(HEADER + "stop,agent,,i1,,1\n"))


def test_a_group_that_only_stops_starts_nothing() -> None:
    """Even where a table wants more of it: a group starts or stops."""
    wanting = problem(ASKED.cluster, [group("web", 4)], {"web": [2, 1, 0]}, tasks=TASKS)
    allowed = allowing(wanting, rows_of_plan(HEADER + "stop,web,t1,i1,,1\n"))
    assert (allowed.groups[0].start, allowed.groups[0].stop) == (0, 1)
