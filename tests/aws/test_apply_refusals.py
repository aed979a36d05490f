"""Rows that ECS cannot carry out as they stand, and what a caller may permit."""

from __future__ import annotations

import pytest

from solver.aws import Permissions
from solver.errors import InvalidRequest
from tests.aws.clusters import Account, opened, start

SERVICE_ROWS = [
    ("start,service:site,,{1},,1", "would start, which the service's own scheduler does"),
    ("stop,service:site,{task},{0},,1", "would stop, which the service replaces at once"),
    ("move,service:site,{task},{1},{0},1", "would move, which ECS has no call for"),
]


@pytest.mark.parametrize(("row", "message"), SERVICE_ROWS)
def test_rows_of_services_are_refused(account: Account, endpoint: str, row: str, message: str) -> None:
    """A service's scheduler owns its tasks; a plan that says otherwise is refused with the line and a remedy."""
    task = account.start("site:1", "service:site", account.instances[0])
    with pytest.raises(InvalidRequest, match=f"line 2: 1 task of service:site {message}"):
        opened(account, endpoint, [row.format(*account.instances, task=task)])


def test_rows_of_services_where_they_are_allowed(account: Account, endpoint: str) -> None:
    """Starts become standalone tasks of the service's task definition, stops are ordered; both are warned of."""
    account.ecs.create_service(cluster=account.name, serviceName="site", taskDefinition="site:1", desiredCount=1)
    one, two, _ = account.instances
    task = account.start("site:1", "service:site", one)
    allowed = Permissions(as_standalone=True, stop_service_tasks=True)
    application = opened(account, endpoint, [start("service:site", two), f"stop,service:site,{task},{one},,1"], allowed)
    assert len(application.warnings) == 3
    assert "standalone tasks in the group 'site'" in application.warnings[0]
    assert "the service starts others" in application.warnings[1]
    assert "task protection cannot be read" in application.warnings[2]
    assert not application.carry_out().surprises
    assert [(t["group"], account.key(t), t["containerInstanceArn"]) for t in account.running()] == [
        ("site", "site:1", two)
    ]


def test_a_protected_task_is_not_stopped(account: Account, endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """StopTask ignores protection, so the plan must not."""
    from solver.aws.live import Live, short

    task = account.start("site:1", "service:site", account.instances[0])
    monkeypatch.setattr(Live, "protected", lambda self, tasks: {short(t["taskArn"]): "tomorrow" for t in tasks})
    allowed = Permissions(stop_service_tasks=True)
    (surprise,) = opened(account, endpoint, [f"stop,service:site,{task},{account.instances[0]},,1"], allowed).surprises
    assert surprise == f"the task {short(task)} of service:site is protected until tomorrow"


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (["stop,family:batch,,{0},,1"], "line 2: the stop names no task"),
        (["start,family:nope,,{0},,1"], "line 2: there is no task definition 'nope' for family:nope"),
        (["start,nightly,,{0},,1"], "line 2: the group 'nightly' runs nothing, so its task definition is open"),
        (["start,family:net,,{0},,1"], "line 2: tasks of net:1 have network interfaces of their own"),
        (
            ["start,family:batch as role/etl,,{0},,1"],
            "line 2: tasks of family:batch as role/etl run under a role of their own, which a start cannot give them",
        ),
        (["stop,x,a/1,{0},,1", "stop,x,1,{0},,1"], "line 3: the task '1' is already on line 2"),
    ],
)
def test_rows_that_cannot_be_carried_out(account: Account, endpoint: str, rows: list[str], message: str) -> None:
    """Refused with the line, whatever the cluster's state."""
    with pytest.raises(InvalidRequest, match=message):
        opened(account, endpoint, [row.format(*account.instances) for row in rows])
