"""``placement-solver follow``, against a server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from solver.service.client import Client
from solver.v1 import cluster_service_pb2 as wire
from tests.cli.conftest import Run
from tests.formats.ecs.documents import write
from tests.formats.ecs.simulated import SimulatedEcs, begun
from tests.service.running import Running, server


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    with server() as found:
        yield found


def started(ecs: SimulatedEcs, folder: Path) -> Path:
    return write(folder, ecs.answers())


def state(running: Running, name: str) -> wire.GetClusterResponse:
    with Client(running.address) as client:
        request = wire.GetClusterRequest(name=name).SerializeToString()
        return wire.GetClusterResponse.FromString(
            client._call("GetCluster", request, 10, service="solver.v1.ClusterService")
        )


def test_a_snapshot_and_events_make_a_cluster(run: Run, running: Running, tmp_path: Path) -> None:
    """The server then has what ECS has; events that are sent again change nothing."""
    ecs = begun(300)
    folder = started(ecs, tmp_path / "before")
    for _ in range(40):
        ecs.step()
    events = tmp_path / "events.jsonl"
    events.write_bytes(b"\n".join(ecs.events))
    first = run("follow", "prod", events, "--snapshot", folder, "--server", running.address)
    assert first.exit_code == 0, first.stderr
    assert f"{len(ecs.events)} events: {len(ecs.events)} applied" in first.stderr
    assert {task.id for task in state(running, "prod").state.tasks} == {
        arn for arn, task in ecs.tasks.items() if task["desiredStatus"] == "RUNNING"
    }
    version = state(running, "prod").version
    again = run("follow", "prod", "-", "--server", running.address, stdin=events.read_text())
    assert again.exit_code == 0
    assert "applied" not in again.stderr
    assert state(running, "prod").version == version


def test_what_is_needed_and_what_differs_is_printed(run: Run, running: Running, tmp_path: Path) -> None:
    """An event that was lost: the next one of the instance tells, and the snapshot says what had changed."""
    ecs = begun(301)
    folder = started(ecs, tmp_path / "before")
    instance = next(iter(ecs.instances.values()))
    ecs._tell_instance(instance)
    ecs._tell_instance(instance)
    ecs.start()
    lost, kept = ecs.events[0], ecs.events[1]
    assert lost != kept
    found = run("follow", "gap", "-", "--snapshot", folder, "--server", running.address, stdin=kept.decode())
    assert f"needed: versions {instance['containerInstanceArn']}: 1 of its events have not come" in found.stderr
    later = run("follow", "gap", "--snapshot", started(ecs, tmp_path / "after"), "--server", running.address)
    assert later.exit_code == 0
    assert "no event told of it" in later.stderr
    assert "needed" not in later.stderr


def test_an_event_that_is_refused_is_named(run: Run, running: Running, tmp_path: Path) -> None:
    """By its number, with the field; the others are taken, and the exit code says so."""
    ecs = begun(302)
    folder = started(ecs, tmp_path / "before")
    ecs._tell_instance(next(iter(ecs.instances.values())))
    wrong = json.loads(ecs.events[0])
    del wrong["detail"]["version"]
    text = json.dumps([wrong, json.loads(ecs.events[0])], indent=2)
    found = run("follow", "odd", "-", "--snapshot", folder, "--server", running.address, stdin=text)
    assert found.exit_code == 3
    assert "refused: event 1: detail.version: is missing; must be the version of the resource" in found.stderr
    assert "2 events: 1 applied, 1 refused" in found.stderr


@pytest.mark.parametrize("text", ["{", '{"a": 1} oops', "not json\n" * 3])
def test_what_is_no_event_is_bad_input(run: Run, running: Running, tmp_path: Path, text: str) -> None:
    """The line is named."""
    folder = started(begun(303), tmp_path / "before")
    found = run("follow", "text", "-", "--snapshot", folder, "--server", running.address, stdin=text)
    assert found.exit_code == 2
    assert "error: EVENTS: line" in found.stderr
    assert "is no JSON; must be events, one after the other" in found.stderr


def test_nothing_to_send_is_bad_input(run: Run) -> None:
    """Events, a snapshot, or both."""
    found = run("follow", "prod")
    assert found.exit_code == 2
    assert "EVENTS: is missing, and --snapshot too; give one of them, or both" in found.stderr


def test_a_server_that_is_not_there_is_a_failure(run: Run, tmp_path: Path) -> None:
    """Once patience has ended."""
    events = tmp_path / "events.json"
    events.write_text("{}")
    found = run("follow", "prod", events, "--server", "127.0.0.1:1", "--patience", "0")
    assert found.exit_code == 1
    assert "cannot be reached" in found.stderr


def test_a_cluster_must_be_begun_by_a_snapshot(run: Run, running: Running, tmp_path: Path) -> None:
    """Events alone do not say what there is."""
    events = tmp_path / "events.json"
    events.write_text("{}")
    found = run("follow", "unknown", events, "--server", running.address)
    assert found.exit_code == 1
    assert "no cluster 'unknown' is kept here" in found.stderr
