"""Placement events: what is decided for a kept cluster, in order, from any position, whatever happens to the server."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any

import grpc
import pytest

from solver.errors import (
    ClusterNotFound,
    DeadlineMissed,
    InvalidRequest,
    PositionGone,
    ServiceUnavailable,
)
from solver.service.client import Client, PlacementEvent
from solver.service.clusters import placements
from solver.service.clusters.placements import EventRows
from solver.service.clusters.store import Store
from solver.v1 import cluster_service_pb2 as wire
from solver.v1 import placement_service_pb2 as placing
from solver.v1.task_group_pb2 import SCHEDULING_DAEMON, Rule, TaskGroup
from tests.service.clusters.test_service import Stubs, state, wanting
from tests.service.running import Running, server


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    with server() as found:
        yield found


@pytest.fixture
def stubs(running: Running) -> Iterator[Stubs]:
    found = Stubs(running.address)
    with found.channel:
        yield found


@pytest.fixture
def name(stubs: Stubs) -> str:
    """A cluster of its own for each test."""
    found = f"prod-{time.monotonic_ns()}"
    stubs.clusters.PutCluster(wire.PutClusterRequest(name=found, state=state()))
    return found


@pytest.fixture
def client(running: Running) -> Iterator[Client]:
    with Client(running.address) as found:
        yield found


def first(client: Client, name: str, count: int, after: int = 0) -> list[PlacementEvent]:
    """So many events after a position."""
    return list(islice(client.watch_placements(name, after, timeout=20), count))


def details(found: list[PlacementEvent]) -> list[dict[str, Any]]:
    """What they say of what happened."""
    return [json.loads(one.event)["detail"] for one in found]


def test_an_answer_says_what_is_placed_and_what_is_not(stubs: Stubs, client: Client, name: str) -> None:
    """Three tasks fit of five: one event for those, one for the failure with ECS's reason."""
    stubs.placing.Place(wanting(5, name=name))
    found = first(client, name, 2)
    assert [one.position for one in found] == [1, 2]
    envelope = json.loads(found[0].event)
    assert (envelope["detail-type"], envelope["source"]) == ("ECS Service Action", "placement-solver")
    assert (envelope["version"], envelope["resources"]) == ("0", ["web"])
    placed, failed = details(found)
    assert (placed["eventType"], placed["eventName"]) == ("INFO", "SERVICE_TASKS_PLACED")
    assert (placed["group"], placed["wanted"], placed["placed"], placed["tasks"]) == ("web", 5, 3, 3)
    assert (placed["clusterArn"], placed["clusterVersion"]) == (name, 1)
    assert sorted(placed["containerInstanceArns"]) == ["a", "b"]
    assert (failed["eventType"], failed["eventName"]) == ("ERROR", "SERVICE_TASK_PLACEMENT_FAILURE")
    assert (failed["reason"], failed["wanted"], failed["placed"]) == ("RESOURCE:CPU", 5, 3)


def test_a_group_that_lacks_nothing_is_in_a_steady_state(stubs: Stubs, client: Client, name: str) -> None:
    """Nothing is missing and nothing changes; calls of one kind tell, too, with their label."""
    asked = wanting(0, name=name)
    asked.label = "hourly"
    stubs.placing.Reconcile(placing.ReconcileRequest(request=asked))
    (steady,) = details(first(client, name, 1))
    assert (steady["eventType"], steady["eventName"]) == ("INFO", "SERVICE_STEADY_STATE")
    assert steady["label"] == "hourly"


def test_a_daemon_that_cannot_start_breaks_its_constraint(stubs: Stubs, client: Client, name: str) -> None:
    """A daemon that is missing where it should be has the name that ECS has for it."""
    daemon = TaskGroup(
        name="agent",
        demand={"cpu": 4},
        start=2,
        scheduling=SCHEDULING_DAEMON,
        constraints=[Rule(type="memberOf", argument="attribute:stack == prod")],
    )
    stubs.placing.Place(placing.PlaceRequest(cluster_name=name, groups=[daemon]))
    (failed,) = details(first(client, name, 1))
    assert failed["eventName"] == "SERVICE_DAEMON_PLACEMENT_CONSTRAINT_VIOLATED"
    assert failed["reason"] == "MemberOf placement constraint unsatisfied."


def test_streams_tell_once(stubs: Stubs, client: Client, name: str) -> None:
    """The answer is what was decided, not what came on the way."""
    list(stubs.placing.StreamPlace(placing.StreamPlaceRequest(request=wanting(2, name=name))))
    stubs.clusters.Commit(wire.CommitRequest(name=name, version=1))
    stubs.placing.Place(wanting(0, name=name))
    assert [one["eventName"] for one in details(first(client, name, 2))] == [
        "SERVICE_TASKS_PLACED",
        "SERVICE_STEADY_STATE",
    ]


def test_a_commit_and_its_lapse_are_events(stubs: Stubs, client: Client, name: str) -> None:
    """What is reserved is started, with the reservation; what nothing confirms in time is a warning."""
    answer = stubs.placing.Place(wanting(2, name=name))
    first(client, name, 1)
    held = stubs.clusters.Commit(
        wire.CommitRequest(name=name, version=1, actions=answer.actions, lapse_seconds=0.3, request_id="mine")
    )
    started, lapsed = details(first(client, name, 3))[1:]
    assert (started["eventType"], started["eventName"]) == ("INFO", "TASKS_STARTED")
    assert (started["reservation"], started["requestId"]) == (held.reservation, "mine")
    assert (started["tasks"], started["clusterVersion"]) == (2, 2)
    assert started["taskArns"] == [f"{held.reservation}/1", f"{held.reservation}/2"]
    assert (lapsed["eventType"], lapsed["eventName"]) == ("WARN", "SERVICE_TASK_START_IMPAIRED")
    assert (lapsed["reason"], lapsed["tasks"]) == ("RESERVATION:LAPSED", 2)


def test_what_is_only_validated_or_names_no_cluster_is_no_event(stubs: Stubs, client: Client, name: str) -> None:
    """Nothing is decided for the cluster then."""
    only = wanting(1, name=name)
    only.validate_only = True
    stubs.placing.Place(only)
    check = placing.CheckRequest(request=wanting(1, name=name))
    stubs.placing.Check(check)
    whole = placing.PlaceRequest(cluster=state().cluster, groups=[TaskGroup(name="web", demand={"cpu": 4}, start=1)])
    stubs.placing.Place(whole)
    stubs.placing.Place(wanting(0, name=name))
    assert [one["eventName"] for one in details(first(client, name, 1))] == ["SERVICE_STEADY_STATE"]


def test_two_watchers_see_the_same_and_what_comes(stubs: Stubs, client: Client, name: str) -> None:
    """Both get what was, and then each event as it comes."""
    stubs.placing.Place(wanting(1, name=name))
    first(client, name, 1)
    seen: list[list[PlacementEvent]] = [[], []]

    def watch(into: list[PlacementEvent]) -> None:
        into += first(client, name, 3)

    watchers = [threading.Thread(target=watch, args=(into,)) for into in seen]
    for one in watchers:
        one.start()
    time.sleep(0.3)
    stubs.placing.Place(wanting(2, name=name))
    stubs.placing.Place(wanting(3, name=name))
    for one in watchers:
        one.join(20)
    assert [one.position for one in seen[0]] == [1, 2, 3]
    assert seen[0] == seen[1]


def test_a_watcher_goes_on_after_a_position_or_from_now(stubs: Stubs, client: Client, name: str) -> None:
    """After 1 the second comes first; without a position only what comes from then on."""
    for count in (1, 2, 3):
        stubs.placing.Place(wanting(count, name=name))
    first(client, name, 3)
    assert [one.position for one in first(client, name, 2, after=1)] == [2, 3]
    live: list[PlacementEvent] = []
    watcher = threading.Thread(target=lambda: live.append(next(client.watch_placements(name, timeout=20))))
    watcher.start()
    time.sleep(0.3)
    stubs.placing.Place(wanting(1, name=name))
    watcher.join(20)
    assert [one.position for one in live] == [4]


def test_a_watch_that_is_closed_is_forgotten(running: Running, stubs: Stubs, client: Client, name: str) -> None:
    """Closing it cancels the call; one with a deadline ends with it; the server goes on answering."""
    stubs.placing.Place(wanting(1, name=name))
    found = client.watch_placements(name, 0)
    assert next(found).position == 1
    found.close()
    with pytest.raises(DeadlineMissed):
        list(client.watch_placements(name, 1, timeout=0.3))
    stubs.placing.Place(wanting(2, name=name))
    assert [one.position for one in first(client, name, 2)] == [1, 2]


def test_a_cluster_that_is_deleted_ends_its_watches(stubs: Stubs, client: Client, name: str) -> None:
    """With NOT_FOUND; put again, its positions go on, and those before are gone."""
    stubs.placing.Place(wanting(1, name=name))
    first(client, name, 1)
    found = client.watch_placements(name, 1, timeout=20)
    threading.Timer(0.3, lambda: stubs.clusters.DeleteCluster(wire.DeleteClusterRequest(name=name))).start()
    with pytest.raises(ClusterNotFound):
        next(found)
    stubs.clusters.PutCluster(wire.PutClusterRequest(name=name, state=state()))
    stubs.placing.Place(wanting(1, name=name))
    assert [one.position for one in first(client, name, 1, after=1)] == [2]
    with pytest.raises(PositionGone) as gone:
        first(client, name, 1)
    assert gone.value.first == 2


def test_a_position_that_was_never_reached_is_refused(stubs: Stubs, client: Client, name: str) -> None:
    """OUT_OF_RANGE with the first position in the metadata; a negative one is a mistake."""
    with pytest.raises(PositionGone) as gone:
        first(client, name, 1, after=7)
    assert gone.value.first == 1
    with pytest.raises(InvalidRequest, match="after: is -1; must be the position of an event, or 0"):
        first(client, name, 1, after=-1)
    with pytest.raises(grpc.RpcError) as refused:
        list(stubs.clusters.WatchPlacements(wire.WatchPlacementsRequest(name=name, after=7)))
    assert refused.value.code() is grpc.StatusCode.OUT_OF_RANGE


def test_positions_survive_a_server_that_is_killed(tmp_path: Path) -> None:
    """A new server on the same file has the events, and goes on counting."""
    arguments = f"'127.0.0.1:0', 1, state={str(tmp_path / 'state.db')!r}"
    with server(arguments) as running, Client(running.address) as client:
        stubs = Stubs(running.address)
        stubs.clusters.PutCluster(wire.PutClusterRequest(name="prod", state=state()))
        answer = stubs.placing.Place(wanting(1))
        stubs.clusters.Commit(wire.CommitRequest(name="prod", version=1, actions=answer.actions))
        before = first(client, "prod", 2)
        running.process.kill()
        running.process.wait(10)
    with server(arguments) as running, Client(running.address) as client:
        assert first(client, "prod", 2) == before
        Stubs(running.address).placing.Place(wanting(0))
        assert [one.position for one in first(client, "prod", 1, after=2)] == [3]


def test_a_server_that_ends_ends_what_watches(running: Running) -> None:
    """With UNAVAILABLE and at once: a watch is no reason to wait."""
    with server() as other, Client(other.address) as client:
        Stubs(other.address).clusters.PutCluster(wire.PutClusterRequest(name="prod", state=state()))
        threading.Timer(0.3, other.process.terminate).start()
        begun = time.monotonic()
        with pytest.raises(ServiceUnavailable):
            list(client.watch_placements("prod", 0))
        other.process.wait(20)
        assert time.monotonic() - begun < 10


# The tables.


def rows(kept: int) -> tuple[sqlite3.Connection, EventRows]:
    database = sqlite3.connect(":memory:")
    database.executescript(placements.TABLES)
    return database, EventRows(database, kept)


def test_the_oldest_events_make_room() -> None:
    """No more than are kept of one cluster; another's stay, and positions are never given twice."""
    _, found = rows(kept=3)
    found.append("other", ["x"])
    for number in range(5):
        found.append("prod", [f"e{number}", f"f{number}"])
    page = found.after("prod", 0)
    assert (page.first, page.last) == (8, 10)
    assert page.events == ((8, "f3"), (9, "e4"), (10, "f4"))
    assert found.after("other", 0).events == ((1, "x"),)
    found.drop("prod")
    assert (found.after("prod", 0).first, found.after("prod", None).last) == (11, 10)
    found.append("prod", ["new"])
    assert found.after("prod", 10).events == ((11, "new"),)


def test_more_than_a_page_is_read_page_by_page() -> None:
    """A watcher that is far behind never has more than a page in memory."""
    _, found = rows(kept=10_000)
    found.append("prod", [str(number) for number in range(placements.READ + 1)])
    page = found.after("prod", 0)
    assert len(page.events) == placements.READ
    assert found.after("prod", page.events[-1][0]).events == ((placements.READ + 1, str(placements.READ)),)


def test_a_file_of_the_form_before_is_taken_over(tmp_path: Path) -> None:
    """It has its clusters, and events from then on."""
    path = tmp_path / "state.db"
    Store(path).close()
    with closing(sqlite3.connect(path)) as database:
        database.executescript(
            "DROP TABLE placement_event; DROP TABLE placement_position; PRAGMA user_version=2; VACUUM;"
        )
    store = Store(path)
    store.add_placements("prod", ["event"])
    assert store.placements_after("prod", 0).events == ((1, "event"),)
    store.close()
