"""Clusters on disk (solver.service.clusters.store)."""

from __future__ import annotations

import random
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from solver.errors import InvalidRequest, StoreFailed
from solver.service.clusters import store as stores
from solver.service.clusters.state import LiveCluster
from solver.service.clusters.store import Store
from solver.v1 import cluster_service_pb2 as wire
from solver.v1.cluster_pb2 import Cluster, Instance
from solver.v1.plan_pb2 import ACTION_KIND_START, Action
from solver.v1.task_group_pb2 import RunningTask, TaskGroup

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def cluster(name: str = "prod") -> LiveCluster:
    """One large instance, and a group."""
    state = wire.ClusterState(
        cluster=Cluster(resources=["cpu"], instances=[Instance(id="a", capacity=[10**6], free=[10**6])]),
        groups=[TaskGroup(name="web", demand={"cpu": 1})],
    )
    return LiveCluster.of(name, 1, state)


def changes(number: int, name: str = "prod") -> wire.ApplyChangesRequest:
    task = RunningTask(id=f"t{number}", group="web", instance="a")
    return wire.ApplyChangesRequest(name=name, changes=[wire.Change(put_task=task)])


def commit(name: str = "prod") -> wire.CommitRequest:
    start = Action(kind=ACTION_KIND_START, group="web", instance="a", count=2)
    return wire.CommitRequest(name=name, version=1, actions=[start], lapse_seconds=60)


def said(found: LiveCluster) -> bytes:
    return found.response().SerializeToString(deterministic=True)


def test_everything_is_there_again(tmp_path: Path) -> None:
    """Puts, changes, commits and lapses, cluster by cluster; what was deleted is not."""
    store = Store(tmp_path / "state.db")
    found = cluster()
    store.put(found)
    store.put(cluster("other"))
    store.put(cluster("gone"))
    for number in range(3):
        found = found.changed(changes(number).changes)
        store.add_changes(found, changes(number))
    found = found.committed(commit(), "r1", NOW)
    store.add_commit(found, commit(), "r1", NOW)
    store.delete("gone")
    store.close()
    again = Store(tmp_path / "state.db").load()
    assert list(again) == ["other", "prod"]
    assert said(again["prod"]) == said(found)
    lapsed = found.lapsed(NOW + timedelta(seconds=60))
    assert lapsed.version == found.version + 1


def test_what_has_lapsed_stays_so(tmp_path: Path) -> None:
    """A lapse is a change like any other."""
    store = Store(tmp_path / "state.db")
    found = cluster().committed(commit(), "r1", NOW)
    store.put(found)
    later = NOW + timedelta(seconds=61)
    found = found.lapsed(later)
    store.add_lapse(found, later)
    store.close()
    again = Store(tmp_path / "state.db").load()["prod"]
    assert (said(again), dict(again.reserved)) == (said(found), {})


def test_a_snapshot_takes_the_place_of_a_long_journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And nothing is different."""
    monkeypatch.setattr(stores, "JOURNAL_ROWS", 5)
    store = Store(tmp_path / "state.db")
    found = cluster()
    store.put(found)
    for number in range(23):
        found = found.changed(changes(number).changes)
        store.add_changes(found, changes(number))
    store.close()
    with closing(sqlite3.connect(tmp_path / "state.db")) as database:
        assert database.execute("SELECT count(*) FROM journal").fetchone()[0] <= 5
    assert said(Store(tmp_path / "state.db").load()["prod"]) == said(found)


def test_one_process_has_the_file(tmp_path: Path) -> None:
    """The next one is told so, at once."""
    first = Store(tmp_path / "state.db")
    first.put(cluster())
    with pytest.raises(StoreFailed, match="another process has it"):
        Store(tmp_path / "state.db")
    first.close()
    Store(tmp_path / "state.db").close()


def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    """No store, a damaged one, and one of another version."""
    (tmp_path / "text.db").write_text("not a database " * 100)
    with pytest.raises(StoreFailed, match=r"text\.db could not be opened"):
        Store(tmp_path / "text.db")
    with closing(sqlite3.connect(tmp_path / "newer.db")) as database:
        database.execute("PRAGMA user_version=99")
    with pytest.raises(InvalidRequest, match="form 99"):
        Store(tmp_path / "newer.db")
    store = Store(tmp_path / "damaged.db")
    store.put(cluster())
    store.close()
    with closing(sqlite3.connect(tmp_path / "damaged.db")) as database, database:
        database.execute("UPDATE cluster SET snapshot = x'ff'")
    with pytest.raises(StoreFailed, match="damaged"):
        Store(tmp_path / "damaged.db").load()


def test_what_cannot_be_written_has_not_happened(tmp_path: Path) -> None:
    """A full disk: the store says so, and goes on once there is room."""
    store = Store(tmp_path / "state.db")
    found = cluster()
    store.put(found)
    database = store._database
    (pages,) = database.execute("PRAGMA page_count").fetchone()
    database.execute(f"PRAGMA max_page_count={pages}")
    large = wire.ApplyChangesRequest(
        name="prod", changes=[wire.Change(put_group=TaskGroup(name="x" * 100_000, demand={"cpu": 1}))]
    )
    with pytest.raises(StoreFailed, match="full"):
        store.add_changes(found.changed(large.changes), large)
    database.execute("PRAGMA max_page_count=100000")
    after = found.changed(changes(1).changes)
    store.add_changes(after, changes(1))
    store.close()
    assert said(Store(tmp_path / "state.db").load()["prod"]) == said(after)


WRITER = """
import sys
from solver.service.clusters import store as stores
stores.JOURNAL_ROWS = 7
from tests.service.clusters.test_store import *
store = Store(sys.argv[1])
found = store.load().get("prod")
if found is None:
    found = cluster()
    store.put(found)
number = found.version
print("ready", flush=True)
while True:
    if number % 10 == 9:
        name = f"r{found.version}"
        found = found.committed(commit(), name, NOW)
        store.add_commit(found, commit(), name, NOW)
    elif number % 10 == 4:
        lapsed = found.lapsed(NOW + timedelta(seconds=60))
        if lapsed is not found:
            found = lapsed
            store.add_lapse(found, NOW + timedelta(seconds=60))
    else:
        found = found.changed(changes(number).changes)
        store.add_changes(found, changes(number))
    number += 1
    print(found.version, flush=True)
"""


def test_killed_at_any_moment_nothing_acknowledged_is_lost(tmp_path: Path, root: Path) -> None:
    """SIGKILL a dozen times at random moments, on one file: at most the last change, not yet acknowledged, is there besides."""
    path, draw = tmp_path / "state.db", random.Random(1)
    acknowledged = 0
    for _ in range(12):
        command = [sys.executable, "-c", WRITER, str(path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root) as writer:
            assert writer.stdout is not None
            assert writer.stdout.readline() == "ready\n"
            time.sleep(draw.uniform(0.0, 0.2))
            writer.send_signal(signal.SIGKILL)
            lines = writer.stdout.read().split("\n")[:-1]
        acknowledged = max([acknowledged, *map(int, lines)])
        store = Store(path)
        found = store.load()["prod"]
        store.close()
        assert acknowledged <= found.version <= acknowledged + 1
        assert found.instances["a"].free[0] == 10**6 - len(found.tasks)
        acknowledged = found.version
    assert acknowledged > 20
