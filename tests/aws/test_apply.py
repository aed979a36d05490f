"""Plans carried out by real boto3 on moto's server, and what a reading of our own finds on the cluster afterwards.

moto starts whatever it is told and reports no failure, so what it allows proves nothing: the tests look at what is free
and at the host ports themselves. It ends a task at once when it is told to stop, and else by being looked at, so transitions
are frozen.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from solver.aws import Patience, Permissions, import_ecs, open_plan
from solver.formats.ecs import read
from solver.formats.plan import rows_of_plan
from tests.aws.clusters import WRITES, Account, Wire, opened, start


def test_the_tasks_end_exactly_where_the_plan_says(account: Account, endpoint: str, wire: Wire) -> None:
    """Starts, stops and moves in waves; everything else stays; nothing is overdrawn and no port is held twice."""
    one, two, three = account.instances
    stays, stops, moves = (account.start("batch:1", "family:batch", i) for i in (one, two, three))
    rows = [
        start("family:batch", one),
        start("family:site", two),
        f"stop,family:batch,{stops},{two},,1",
        f"move,family:batch,{moves},{one},{three},2",
        start("nightly@batch:1", three.rsplit("/", 1)[-1], 2),
    ]
    outcome = opened(account, endpoint, rows).carry_out()
    assert not outcome.surprises and (len(outcome.started), len(outcome.stopped)) == (4, 2)
    tasks = account.running()
    assert Counter((t["group"], account.key(t), t["containerInstanceArn"]) for t in tasks) == {
        ("family:batch", "batch:1", one): 3,
        ("family:site", "site:1", two): 1,
        ("nightly", "batch:1", three): 1,
    }
    assert stays in {t["taskArn"] for t in tasks} and not {stops, moves} & {t["taskArn"] for t in tasks}
    account.check_room()
    names = [name for name, _ in wire.calls if name in WRITES]
    assert names.index("StopTask") > names.index("StartTask")
    reasons = {account.task(arn)["stoppedReason"] for arn in (stops, moves)}
    name = {t["startedBy"] for t in tasks if t["taskArn"] != stays}
    assert len(name) == 1 and len(next(iter(name))) <= 36
    assert all(reason.startswith(next(iter(name))) for reason in reasons)


def test_a_move_starts_before_it_stops_and_waves_follow_each_other(account: Account, endpoint: str, wire: Wire) -> None:
    """The new task runs before the old one is told to stop; a wave's calls come after those of the wave before."""
    one, two, three = account.instances
    moved = account.start("batch:1", "family:batch", one)
    rows = [start("family:site", three, 2), f"move,family:batch,{moved},{two},{one},1"]
    opened(account, endpoint, rows).carry_out()
    assert wire.writes() == ["StartTask", "StopTask", "StartTask"]


def test_a_moved_task_keeps_its_overrides_and_its_tags(account: Account, endpoint: str) -> None:
    """The new task is started as the old one was."""
    one, two, _ = account.instances
    overrides = {"containerOverrides": [{"name": "b", "command": ["work", "7"]}]}
    tags = [{"key": "team", "value": "x"}]
    moved = account.start("batch:1", "family:batch", one, overrides=overrides, tags=tags)
    assert not opened(account, endpoint, [f"move,family:batch,{moved},{two},{one},1"]).carry_out().surprises
    (task,) = account.running()
    assert (task["containerInstanceArn"], task["overrides"]["containerOverrides"]) == (
        two,
        overrides["containerOverrides"],
    )
    assert task["tags"] == tags


def test_a_dry_run_writes_nothing(account: Account, endpoint: str, wire: Wire) -> None:
    """Opening a plan lists and describes; no call that changes anything is made."""
    stops = account.start("batch:1", "family:batch", account.instances[0])
    before = account.running()
    application = opened(
        account,
        endpoint,
        [start("family:batch", account.instances[1]), f"stop,family:batch,{stops},{account.instances[0]},,1"],
    )
    assert not application.surprises
    assert wire.calls and all(name.startswith(("List", "Describe", "Get")) for name, _ in wire.calls)
    assert account.running() == before


NEVER = {("StartTask", 4), ("StopTask", 3), ("StopTask", 4)}
"""Two tasks stop, and the first wave needs two StartTask calls, the second one: no call names an instance twice."""


@pytest.mark.parametrize("operation", ["StartTask", "StopTask", "DescribeTasks"])
@pytest.mark.parametrize("nth", [1, 2, 3, 4])
def test_after_an_interruption_anywhere_nothing_starts_twice(
    account: Account, endpoint: str, wire: Wire, operation: str, nth: int
) -> None:
    """The n-th call is interrupted; the same plan again ends as if it had never been."""
    one, two, three = account.instances
    stops = [account.start("batch:1", "family:batch", one) for _ in range(2)]
    rows = [
        *[start("family:batch", i, s) for i in (two, three) for s in (1, 1, 2)],
        *[f"stop,family:batch,{arn},{one},,{s}" for s, arn in enumerate(stops, 1)],
    ]
    first = opened(account, endpoint, rows)
    wire.calls.clear()

    def interrupt(name: str, count: int) -> None:
        if (name, count) == (operation, nth):
            raise KeyboardInterrupt

    wire.before = interrupt
    broken = first.carry_out()
    wire.before = lambda name, count: None
    second = opened(account, endpoint, rows)
    rest = second.carry_out()
    assert not rest.surprises
    assert broken.surprises == ("interrupted",) or (operation, nth) in NEVER
    assert len(broken.started) == second.earlier - len(broken.stopped)
    assert Counter(t["containerInstanceArn"] for t in account.running()) == {two: 3, three: 3}
    third = opened(account, endpoint, rows)
    wire.calls.clear()
    assert not third.carry_out().surprises and wire.writes() == []


def test_a_lost_answer_starts_nothing_twice(account: Account, endpoint: str, wire: Wire) -> None:
    """ECS has started the task and the answer is lost: boto3 does not repeat the call, and the next run sees the task."""
    from botocore.exceptions import ReadTimeoutError

    rows = [start("family:batch", i) for i in account.instances]

    def lose(name: str, answer: dict[str, Any]) -> None:
        if name == "StartTask":
            raise ReadTimeoutError(endpoint_url=endpoint)

    wire.after = lose
    lost = opened(account, endpoint, rows).carry_out()
    assert len(lost.surprises) == 1 and lost.surprises[0].startswith("start_task: Read timeout")
    assert wire.count("StartTask") == 1 and not lost.started
    wire.after = lambda name, answer: None
    outcome = opened(account, endpoint, rows).carry_out()
    assert not outcome.surprises and outcome.earlier == 3
    assert len(account.running()) == 3


def test_throttling_is_waited_for(account: Account, endpoint: str, wire: Wire) -> None:
    """A throttled StartTask did nothing and is repeated."""
    from botocore.exceptions import ClientError

    def throttle(name: str, count: int) -> None:
        wire.calls.append((name, {}))
        if name == "StartTask" and wire.count(name) <= 4:
            raise ClientError({"Error": {"Code": "ThrottlingException", "Message": "Rate exceeded"}}, name)

    application = opened(account, endpoint, [start("family:batch", account.instances[0])])
    wire.before = throttle
    assert not application.carry_out().surprises
    assert len(account.running()) == 1


def test_what_a_failed_start_leaves_is_told(account: Account, endpoint: str, wire: Wire) -> None:
    """``failures`` of an answer end the run with ECS's reasons; what did start counts, and is not started again."""
    one, two, three = account.instances

    def fail(name: str, answer: dict[str, Any]) -> None:
        if name == "StartTask":
            answer["failures"] = [{"arn": two, "reason": "RESOURCE:MEMORY", "detail": "too late"}]
            lost = next(t for t in answer["tasks"] if t["containerInstanceArn"] == two)
            answer["tasks"].remove(lost)
            account.forget(lost["taskArn"])

    wire.after = fail
    rows = [start("family:batch", i) for i in (one, two)] + [start("family:site", three, 2)]
    outcome = opened(account, endpoint, rows).carry_out()
    assert outcome.surprises == (
        f"ECS did not start a task of family:batch on {account.ec2[two]}: RESOURCE:MEMORY too late",
    )
    assert [s.instance for s in outcome.started] == [one]
    assert [s.instance for s in outcome.unstarted] == [two, three] and outcome.has_begun
    wire.after = lambda name, answer: None
    assert not opened(account, endpoint, rows).carry_out().surprises
    assert Counter(t["containerInstanceArn"] for t in account.running()) == {one: 1, two: 1, three: 1}


def test_starts_of_one_group_share_calls_of_ten(frozen: None, client: Any, endpoint: str, wire: Wire) -> None:
    """23 tasks of one group need three calls; no call names an instance twice."""
    account = Account(client("ecs"), client("ec2"), "twelve", 12)
    rows = [start("family:batch", i) for i in (*account.instances, *account.instances[:11])]
    assert not opened(account, endpoint, rows).carry_out().surprises
    named = [params["containerInstances"] for name, params in wire.calls if name == "StartTask"]
    assert sorted(map(len, named)) == [3, 10, 10]
    assert all(len(set(some)) == len(some) for some in named)
    assert Counter(t["containerInstanceArn"] for t in account.running()) == Counter(row.split(",")[3] for row in rows)
    account.check_room()


CHANGES: dict[str, tuple[Callable[[Account, str], object], str]] = {
    "stopped": (lambda a, t: a.stop(t), "was stopped by something else: by hand"),
    "draining": (lambda a, t: a.drain(a.instances[1]), "is DRAINING and takes no task"),
    "full": (
        lambda a, t: [a.start("batch:1", "x", a.instances[1]) for _ in range(16)],
        "0 cpu free, and the wave needs 256",
    ),
    "port": (lambda a, t: a.start("site:1", "x", a.instances[2]), "port 8080/tcp of the instance"),
    "gone": (lambda a, t: a.deregister(a.instances[1]), "is gone from the cluster"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_cluster_stops_the_plan_before_its_first_wave(
    account: Account, endpoint: str, wire: Wire, change: str
) -> None:
    """What changed is named, whether before the plan is opened or between that and its first wave; nothing is called."""
    task = account.start("batch:1", "family:batch", account.instances[0])
    rows = [
        start("family:batch", account.instances[1]),
        start("family:site", account.instances[2]),
        f"stop,family:batch,{task},{account.instances[0]},,1",
    ]
    early = opened(account, endpoint, rows)
    assert not early.surprises
    act, message = CHANGES[change]
    act(account, task)
    late = opened(account, endpoint, rows)
    assert len(late.surprises) >= 1 and message in late.surprises[0]
    wire.calls.clear()
    for application in (early, late):
        outcome = application.carry_out()
        assert message in outcome.surprises[0] and not outcome.has_begun
        assert (len(outcome.unstarted), len(outcome.unstopped)) in ((2, 1), (1, 1))
    assert wire.writes() == []


def test_a_task_elsewhere_or_of_another_group(account: Account, endpoint: str) -> None:
    """The plan must have seen the task where it is, and as what it is."""
    one, two, _ = account.instances
    task = account.start("batch:1", "family:batch", one)
    name = task.rsplit("/", 1)[-1]
    assert opened(account, endpoint, [f"stop,family:batch,{task},{two},,1"]).surprises == (
        f"the task {name} of family:batch is on {account.ec2[one]}, and the plan says {account.ec2[two]}",
    )
    assert opened(account, endpoint, [f"stop,other,{task},{one},,1"]).surprises == (
        f"the task {name} of other belongs to family:batch, and the plan says other",
    )


def test_a_change_between_waves_ends_the_run(account: Account, endpoint: str, wire: Wire) -> None:
    """The second wave is judged when its turn comes; the first one stays done, and the rest is told."""
    one, two, _ = account.instances

    def drain(name: str, answer: dict[str, Any]) -> None:
        if name == "StartTask":
            account.drain(two)

    rows = [start("family:batch", one), start("family:batch", two, 2)]
    application = opened(account, endpoint, rows)
    wire.after = drain
    outcome = application.carry_out()
    assert outcome.surprises == (f"the instance {account.ec2[two]} is DRAINING and takes no task",)
    assert ([s.instance for s in outcome.started], [s.instance for s in outcome.unstarted]) == ([one], [two])


@pytest.mark.parametrize(
    ("seen", "message"),
    [
        ({"lastStatus": "PENDING"}, "is PENDING after 0 s"),
        ({"healthStatus": "UNHEALTHY"}, "is UNHEALTHY after 0 s"),
        ({"lastStatus": "STOPPED", "stoppedReason": "Essential container exited"}, "has stopped again: Essential"),
        ({"healthStatus": "UNKNOWN"}, ""),
        ({"healthStatus": "HEALTHY"}, ""),
    ],
)
def test_started_tasks_are_waited_for(
    account: Account, endpoint: str, wire: Wire, seen: dict[str, str], message: str
) -> None:
    """RUNNING, and HEALTHY where ECS knows; a task that does not come up keeps the wave from its stops."""
    one, two, _ = account.instances
    old = account.start("batch:1", "family:batch", one)

    def change(name: str, answer: dict[str, Any]) -> None:
        for task in answer.get("tasks", []) if name == "DescribeTasks" else []:
            if task["taskArn"] != old:
                task.update(seen)

    wire.after = change
    outcome = opened(account, endpoint, [f"move,family:batch,{old},{two},{one},1"], timeout=0.0).carry_out()
    assert (message in outcome.surprises[0]) if message else not outcome.surprises
    assert wire.count("StopTask") == (not message)


def test_a_task_with_a_health_check_must_be_healthy(account: Account, endpoint: str, wire: Wire) -> None:
    """UNKNOWN is not enough where the task definition says how health is checked: the first check is still to come."""
    check = {"command": ["CMD", "true"]}
    container = {"name": "c", "image": "x", "cpu": 1, "memory": 16, "healthCheck": check}
    account.ecs.register_task_definition(family="checked", containerDefinitions=[container])
    said = iter(["UNKNOWN", "UNKNOWN", "HEALTHY"])

    def tell(name: str, answer: dict[str, Any]) -> None:
        for task in answer.get("tasks", []) if name == "DescribeTasks" else []:
            task["healthStatus"] = next(said)

    application = opened(account, endpoint, [start("family:checked", account.instances[0])], timeout=60)
    wire.after = tell
    assert not application.carry_out().surprises
    assert next(said, None) is None


def test_a_job_that_is_done_already_is_no_surprise(account: Account, endpoint: str, wire: Wire) -> None:
    """A new task that ended by itself with exit code 0 has done its work, and is not started again."""

    def finish(name: str, answer: dict[str, Any]) -> None:
        for task in answer.get("tasks", []) if name == "DescribeTasks" else []:
            task |= {"lastStatus": "STOPPED", "desiredStatus": "STOPPED", "stopCode": "EssentialContainerExited"}
            task["containers"] = [{"name": "b", "exitCode": 0}]

    wire.after = finish
    rows = [start("family:batch", account.instances[0])]
    assert not opened(account, endpoint, rows).carry_out().surprises
    assert not opened(account, endpoint, rows).carry_out().surprises
    assert wire.count("StartTask") == 1


def test_interfaces_get_the_subnets_that_are_named(account: Account, endpoint: str, wire: Wire) -> None:
    """Under awsvpc the call names the subnets and the security groups (moto refuses the call all the same)."""
    permissions = Permissions(subnets=("subnet-1",), security_groups=("sg-1",))
    opened(account, endpoint, [start("family:net", account.instances[0])], permissions).carry_out()
    (said,) = (params for name, params in wire.calls if name == "StartTask")
    assert said["networkConfiguration"] == {
        "awsvpcConfiguration": {"subnets": ["subnet-1"], "securityGroups": ["sg-1"]}
    }


def test_import_place_apply(account: Account, endpoint: str, tmp_path: Path) -> None:
    """From the live cluster to a plan and back: all tasks of the answer are there, and fit."""
    from solver import Limits, place
    from solver.formats.plan import plan_to_csv

    account.start("batch:1", "family:batch", account.instances[0])
    import_ecs(account.name, tmp_path / "c", endpoint)
    problem, _ = read(tmp_path / "c").request({"family:batch": 17})
    answer = place(problem, Limits(time_limit=5, workers=1))
    rows = rows_of_plan(plan_to_csv(answer))
    outcome = open_plan(rows, account.name, endpoint_url=endpoint, patience=Patience(1, 0)).carry_out()
    assert answer.complete and not outcome.surprises
    expected = Counter(row.instance for row in rows) + Counter([account.instances[0]])
    assert Counter(t["containerInstanceArn"] for t in account.running()) == expected
    account.check_room()
