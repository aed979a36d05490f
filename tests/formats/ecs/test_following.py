"""Documents that follow events (solver.formats.ecs.{events,mirror,following})."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from solver.formats.ecs.events import Subject, read_events
from solver.formats.ecs.following import Followed, Outcome, follow, replace_by
from solver.formats.ecs.mirror import INSTANCES, TASKS, Index, Mirror
from tests.formats.ecs.simulated import CLUSTER, SimulatedEcs, begun

SAMPLES = Path(__file__).parents[3].parent / "shared/data/ecs_samples/eventbridge"


def told(mirror: Mirror, *texts: bytes) -> Followed:
    return follow(mirror, read_events(texts))


def documents(mirror: Mirror) -> dict[str, dict[str, Any]]:
    return {file: {arn: one.value for arn, one in found.items()} for file, found in mirror.documents.items()}


def as_described(ecs: SimulatedEcs) -> dict[str, dict[str, Any]]:
    """What the describe calls print now, by ARN; an event says its cluster too."""
    answers: dict[str, Any] = dict(ecs.answers())
    members = {INSTANCES: ("containerInstances", "containerInstanceArn"), TASKS: ("tasks", "taskArn")}
    return {
        file: {one[key]: one for answer in answers[file] for one in answer[member]}
        for file, (member, key) in members.items()
    }


def without_cluster(found: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {
        file: {arn: {name: v for name, v in one.items() if name != "clusterArn"} for arn, one in every.items()}
        for file, every in found.items()
    }


@pytest.mark.parametrize("seed", range(25))
def test_events_lead_to_what_the_describe_calls_print(seed: int) -> None:
    """In any order, and however often each comes."""
    ecs = begun(seed)
    mirror = Mirror.of(ecs.answers())
    for _ in range(60):
        ecs.step()
    texts = ecs.events * 2
    ecs.draw.shuffle(texts)
    for at in range(0, len(texts), 7):
        mirror = told(mirror, *texts[at : at + 7]).mirror
    assert without_cluster(documents(mirror)) == without_cluster(as_described(ecs))
    assert not [need for need in mirror.needs() if need.subject == "versions"]
    assert (mirror.index.tasks_on, mirror.index.pairs) == (
        Index.of_documents(mirror.documents).tasks_on,
        Index.of_documents(mirror.documents).pairs,
    )


def test_an_event_counts_once() -> None:
    """A version that was here before changes nothing, and one before it neither."""
    ecs = begun(1)
    mirror = Mirror.of(ecs.answers())
    instance = next(iter(ecs.instances.values()))
    ecs._tell_instance(instance)
    ecs._tell_instance(instance)
    first = told(mirror, ecs.events[1], ecs.events[1], ecs.events[0])
    assert first.outcomes == (Outcome.APPLIED, Outcome.REPEATED, Outcome.OLDER)
    again = told(first.mirror, *ecs.events)
    assert again.outcomes == (Outcome.OLDER, Outcome.REPEATED)
    assert not again.touched
    assert not again.written


def test_what_has_ended_does_not_come_back() -> None:
    """An event of a task that comes after its last one is too late."""
    ecs = begun(2)
    mirror = Mirror.of(ecs.answers())
    ecs.start()
    task = ecs.tasks[list(ecs.tasks)[-1]]
    ecs.run(task)
    running = ecs.events[-1]
    ecs.stop(task)
    ecs.end(task)
    last = ecs.events[-1]
    found = told(told(mirror, last).mirror, running)
    assert found.outcomes == (Outcome.OLDER,)
    assert task["taskArn"] not in found.mirror.documents[TASKS]


def test_versions_that_do_not_come_are_needs_until_a_snapshot_answers() -> None:
    """An event that is lost is noticed by the next one of the same resource."""
    ecs = begun(3)
    mirror = Mirror.of(ecs.answers())
    instance = next(iter(ecs.instances.values()))
    for _ in range(4):
        ecs._tell_instance(instance)
    found = told(mirror, ecs.events[0], ecs.events[3])
    (need,) = (need for need in found.mirror.needs() if need.subject == "versions")
    version = instance["version"]
    assert need.name == instance["containerInstanceArn"]
    assert need.reason == f"2 of its events have not come, version {version - 2}, {version - 1}"
    late = told(found.mirror, ecs.events[1], ecs.events[2]).mirror
    assert not list(late.needs())
    after, _ = replace_by(found.mirror, Mirror.of(ecs.answers()), None)
    assert not list(after.needs())


def test_what_no_event_tells_is_a_need() -> None:
    """Of tasks on an instance, of a revision and of a service that are not known."""
    ecs = begun(4)
    mirror = Mirror.of(ecs.answers())
    ecs.start()
    event = json.loads(ecs.events[0])
    detail = event["detail"]
    detail |= {"containerInstanceArn": "arn:i-new", "group": "service:api", "taskDefinitionArn": "arn:t/api:7"}
    found = told(mirror, json.dumps(event).encode()).mirror
    assert {(need.subject, need.name) for need in found.needs()} == {
        ("instance", "arn:i-new"),
        ("task definition", "api:7"),
        ("service", "api"),
    }


@pytest.mark.parametrize("name", ["SERVICE_DEPLOYMENT_IN_PROGRESS", "SERVICE_DESIRED_COUNT_UPDATED"])
def test_a_service_that_changes_is_a_need(name: str) -> None:
    """Its events do not say how."""
    mirror = Mirror.of(begun(5).answers())
    kind = "ECS Deployment State Change" if "DEPLOYMENT" in name else "ECS Service Action"
    event = {"detail-type": kind, "source": "aws.ecs", "resources": ["arn:web"], "detail": {"eventName": name}}
    found = told(mirror, json.dumps(event).encode())
    assert found.outcomes == (Outcome.APPLIED,)
    assert [(need.subject, need.name) for need in found.mirror.needs()] == [("service", "arn:web")]


@pytest.mark.parametrize(
    ("change", "path", "problem"),
    [
        ({"version": None}, "events[0].detail.version", "is missing"),
        ({"version": -1}, "events[0].detail.version", "is -1"),
        ({"version": "many"}, "events[0].detail.version", 'is "many"'),
        ({"containerInstanceArn": ""}, "events[0].detail.containerInstanceArn", "is empty"),
        ({"status": "SLEEPING", "version": 99}, "events[0].detail.status", 'is "SLEEPING"'),
        ({"remainingResources": 5, "version": 99}, "events[0].detail.remainingResources", "is 5"),
    ],
)
def test_an_event_that_cannot_be_read_is_refused_alone(change: dict[str, Any], path: str, problem: str) -> None:
    """With the path of the field; the next one is applied."""
    ecs = begun(6)
    mirror = Mirror.of(ecs.answers())
    instance = next(iter(ecs.instances.values()))
    ecs._tell_instance(instance)
    wrong = json.loads(ecs.events[0])
    wrong["detail"] |= change
    found = told(mirror, json.dumps(wrong).encode(), ecs.events[0])
    assert found.outcomes == (Outcome.REFUSED, Outcome.APPLIED)
    assert (found.faults[0][0].path, found.faults[0][0].problem) == (path, problem)


@pytest.mark.parametrize("text", [b"", b"{", b"[1, 2]", b"\xff\xfe\x00", b'{"detail-type": "ECS Task State Change"}'])
def test_what_is_no_event_is_refused(text: bytes) -> None:
    """No JSON, no object, nothing in it."""
    found = told(Mirror.of(begun(7).answers()), text)
    assert found.outcomes == (Outcome.REFUSED,)
    assert found.faults[0][0].path.startswith("events[0]")


@pytest.mark.parametrize(
    "event",
    [
        {"detail-type": "EC2 Instance State-change Notification", "source": "aws.ec2", "detail": {}},
        {"detail-type": "ECS Moon Phase Change", "source": "aws.ecs", "detail": {"version": 3}},
        {"detail-type": "ECS Service Action", "source": "aws.ecs", "resources": ["a"], "detail": {"eventName": "NEW"}},
    ],
)
def test_events_of_other_kinds_are_ignored(event: dict[str, Any]) -> None:
    """Types and sources that nobody has heard of change nothing, and are no fault."""
    assert told(Mirror.of(begun(8).answers()), json.dumps(event).encode()).outcomes == (Outcome.IGNORED,)


def test_events_of_another_cluster_are_ignored() -> None:
    """A rule of EventBridge may match the events of several clusters."""
    ecs = begun(9)
    mirror = Mirror.of(ecs.answers())
    ecs.start()
    text = ecs.events[0].replace(CLUSTER.encode(), CLUSTER.replace("test", "other").encode())
    assert told(mirror, text).outcomes == (Outcome.IGNORED,)


def test_a_snapshot_holds_and_what_differs_is_said() -> None:
    """A task that ended unheard of is gone, one that started unheard of is there."""
    ecs = begun(10)
    mirror = Mirror.of(ecs.answers())
    ecs.start()
    mirror = told(mirror, *ecs.events).mirror
    ended = next(task for task in ecs.tasks.values() if task["desiredStatus"] == "RUNNING")
    ecs.stop(ended)
    ecs.end(ended)
    ecs.start()
    started = list(ecs.tasks)[-1]
    after, drifts = replace_by(mirror, Mirror.of(ecs.answers()), None)
    said = {drift.arn: drift.reason for drift in drifts}
    assert said[ended["taskArn"]].startswith("is not in the snapshot")
    assert "no event told of it" in said[started]
    assert without_cluster(documents(after)) == without_cluster(as_described(ecs))


def test_events_that_are_newer_than_a_snapshot_stay() -> None:
    """A snapshot takes a while, and events come meanwhile."""
    ecs = begun(11)
    old = ecs.answers()
    mirror = Mirror.of(old)
    before = datetime(2026, 11, 1, 11, tzinfo=UTC)
    ecs.start()
    new = list(ecs.tasks)[-1]
    ecs.stop(next(task for task in ecs.tasks.values() if task["desiredStatus"] == "RUNNING"))
    mirror = told(mirror, *ecs.events).mirror
    after, drifts = replace_by(mirror, Mirror.of(old), before)
    assert documents(after) == documents(mirror)
    assert new in after.documents[TASKS]
    assert not drifts


def test_the_samples_of_the_documentation_are_read() -> None:
    """Events as ECS's documentation prints them."""
    if not SAMPLES.is_dir():
        pytest.skip("the published samples are not here")
    texts = [path.read_bytes() for path in sorted(SAMPLES.glob("*.json"))]
    whole = [text for text in texts if isinstance(json.loads(text).get("detail-type"), str)]
    read = read_events(whole)
    assert len(whole) > 8
    assert not [faults for _, faults in read if faults]
    assert {event.subject for event, _ in read} >= {Subject.INSTANCE, Subject.TASK, Subject.SERVICE, Subject.DEPLOYMENT}
