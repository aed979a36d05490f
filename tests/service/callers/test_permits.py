"""What a plan may touch (solver.service.callers.permit): judged before the search, by what the request lets it do."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from solver.domain.cluster import ClusterSnapshot
from solver.domain.counts import Counts
from solver.domain.problem import Problem
from solver.domain.request import Freedom, Limits, Preempt, Scheduling, TaskGroup
from solver.errors import PermissionDenied
from solver.service.callers.permit import Permit
from solver.service.callers.roles import ANYTHING, Role

WEB = Role("web", services=("service:web*",), pass_roles=("web-*",))


def group(name: str, **changes: object) -> TaskGroup:
    return replace(TaskGroup(name, name, {"cpu": 1}), **changes)


def problem(*groups: TaskGroup, drained: bool = False, preempt: Preempt = Preempt.NONE) -> Problem:
    """Two instances; each group has one task on the first."""
    amounts = np.full((2, 1), 100, np.int64)
    on = np.ones(2, np.bool_)
    cluster = ClusterSnapshot(("a", "b"), ("cpu",), amounts, amounts.copy(), on, on.copy())
    size = len(groups)
    running = Counts.of((size, 2), np.arange(size), np.zeros(size, np.int64), np.ones(size, np.int64))
    return Problem(cluster, groups, running, drained=np.array([drained, False]), freedom=Freedom(preempt=preempt))


def denial(asked: Problem, permit: Permit | None = None, prefix: str = "") -> str:
    """Why a request is refused; empty where it is not."""
    try:
        (permit or Permit(WEB)).require(asked, prefix)
    except PermissionDenied as denied:
        return str(denied)
    return ""


DB = "tasks of 'service:db'; it may: service:web*"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"start": 1}, f"groups[1].start: the role 'web' may not start {DB}"),
        ({"stop": 1}, f"groups[1].stop: the role 'web' may not stop {DB}"),
        ({"movable": True}, f"groups[1].movable: the role 'web' may not move {DB}"),
        ({}, ""),
    ],
)
def test_what_a_group_asks_for_must_be_allowed(change: dict[str, object], said: str) -> None:
    """Starts, stops and moves; a group that only runs is looked at, and needs no permission."""
    asked = problem(group("service:web", start=1), group("service:db", **change))
    assert denial(asked) == said
    assert denial(problem(group("service:web2", **change))) == ""


def test_what_draining_moves_must_be_allowed() -> None:
    """REPLICA services leave drained instances; tasks that no service keeps stay."""
    service = group("service:db", scheduling=Scheduling.REPLICA)
    assert denial(problem(service, drained=True)) == f"drained_instances: the role 'web' may not move {DB}"
    assert denial(problem(service)) == ""
    assert denial(problem(group("service:db"), drained=True)) == ""


@pytest.mark.parametrize(
    ("preempt", "priority", "denied"),
    [
        (Preempt.NONE, -1, False),
        (Preempt.LOWER, -1, True),
        (Preempt.LOWER, 0, False),
        (Preempt.ANY, 0, True),
    ],
)
def test_what_preemption_stops_must_be_allowed(preempt: Preempt, priority: int, denied: bool) -> None:
    """All those whose tasks could be stopped for others."""
    asked = problem(group("service:web", start=1), group("service:db", priority=priority), preempt=preempt)
    assert denial(asked) == (f"freedom.preempt: the role 'web' may not stop {DB}" if denied else "")


def test_a_family_counts_like_a_name() -> None:
    """A group may not take an allowed name for the tasks of another service."""
    assert "may not start tasks of 'service:db'" in denial(
        problem(group("service:web-x", family="service:db", start=1))
    )


@pytest.mark.parametrize(
    ("change", "denied"),
    [({"start": 1}, True), ({"movable": True}, True), ({"stop": 1}, False), ({}, False)],
)
def test_roles_of_tasks_that_start_must_be_passed(change: dict[str, object], denied: bool) -> None:
    """A move starts a task, too; a stop does not."""
    said = "groups[0].role: the role 'web' may not pass 'admin' to a task; it may: web-*"
    assert denial(problem(group("service:web", role="admin", **change))) == (said if denied else "")
    for role in ("web-reader", ""):
        assert denial(problem(group("service:web", role=role, **change))) == ""


def test_what_the_cluster_says_of_a_group_counts_too() -> None:
    """A request cannot give a group that is kept another role or family."""
    asked = problem(group("service:web", start=1, role="web-reader"))
    kept = Permit(WEB, {"service:web": ("", "admin")})
    assert "may not pass 'admin'" in denial(asked, Permit.read(kept.written()))
    kept = Permit(WEB, {"service:web": ("service:db", "web-reader")})
    assert "tasks of 'service:db'" in denial(asked, Permit.read(kept.written()))


def test_paths_are_those_of_the_message() -> None:
    """With what stands before them, and how many more there are."""
    asked = problem(group("service:db", start=1, role="admin"))
    assert (
        denial(asked, prefix="request.") == f"request.groups[0].start: the role 'web' may not start {DB} (and 1 more)"
    )


def test_whoever_may_do_everything_is_not_looked_at() -> None:
    """Then nothing is sent to the process that solves."""
    asked = problem(group("service:db", start=1, role="admin"))
    assert Permit(ANYTHING).written() == b""
    assert denial(asked, Permit.read(b"")) == ""


@pytest.mark.parametrize(("asked", "found", "warned"), [(60.0, 5.0, True), (5.0, 5.0, False), (1.0, 1.0, False)])
def test_time_is_cut(asked: float, found: float, warned: bool) -> None:
    """To what the role allows, with a warning; never made longer."""
    permit = Permit.read(Permit(replace(ANYTHING, name="r", max_time_limit=5.0)).written())
    limits, warnings = permit.capped(Limits(time_limit=asked))
    assert (limits.time_limit, bool(warnings)) == (found, warned)
