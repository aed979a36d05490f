"""Protection counts until its expiry against the snapshot's time, which is an input."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from solver.errors import InvalidRequest
from solver.formats.ecs import EcsCluster
from tests.formats.ecs.documents import Documents, small

ENDS = "2026-11-01T13:00:00+00:00"


def documents() -> Documents:
    """A task protected until 13:00."""
    return small().protect("t1", ENDS)


def protected(cluster: EcsCluster) -> list[bool]:
    return [task.protected for task in cluster.problem.tasks]


@pytest.mark.parametrize(
    ("at", "is_protected"),
    [
        ("2026-11-01T12:59:59Z", True),
        ("2026-11-01T12:59:59", True),
        ("2026-11-01T13:00:00Z", False),
        ("2026-11-01T14:59:59+02:00", True),
        ("2026-11-01T15:00:01+02:00", False),
    ],
)
def test_protection_ends(tmp_path: Path, at: str, is_protected: bool) -> None:
    """Protected until the expiry, and no longer from it on; no zone means UTC."""
    cluster = documents().read(tmp_path, at=at)
    assert protected(cluster) == [is_protected]
    assert cluster.warnings == () and cluster.problem.cluster.taken_at


def test_protection_without_an_end_and_without_effect(tmp_path: Path) -> None:
    """Without an expiry it holds; where it is not enabled, it does not."""
    found = small().task("t2", "service:web", "web:1", "a", cpu="0", memory="0", containers=[])
    found.instances[0]["remainingResources"] = found.instances[0]["registeredResources"]
    found.instance("b", free=(0, 0)).protect("t1", None).protect("t2", ENDS, enabled=False)
    assert protected(found.read(tmp_path)) == [True, False]


@pytest.mark.parametrize(("taken_at", "is_protected"), [("2026-11-01T12:00:00Z", True), (1793592000.0, False)])
def test_the_snapshot_says_its_time(tmp_path: Path, taken_at: Any, is_protected: bool) -> None:
    """``snapshot.json`` of an import carries it, and what the import had to say; ``at`` overrules it."""
    found = documents()
    found.more["snapshot.json"] = {"takenAt": taken_at, "warnings": ["something was not read"]}
    cluster = found.read(tmp_path)
    assert protected(cluster) == [is_protected]
    assert cluster.warnings == ("something was not read",)
    assert protected(found.read(tmp_path, at="2026-11-01T12:00:00Z")) == [True]


def test_the_latest_event_stands_for_a_time_that_is_not_known(tmp_path: Path) -> None:
    """Never the clock: the snapshot is not older than what its documents say has happened; a warning says so."""
    late = documents().task("t2", "service:web", "web:1", "a", startedAt="2026-11-01T13:30:00Z")
    early = documents()
    assert protected(late.read(tmp_path)) == [False, False]
    cluster = early.read(tmp_path)
    assert protected(cluster) == [True] and cluster.problem.cluster.taken_at == ""
    (said,) = cluster.warnings
    assert said.startswith(
        "the snapshot's time is not known: the latest event in the documents, 2026-10-31T00:00:00+00:00"
    )


def test_without_any_time_nothing_has_expired(tmp_path: Path) -> None:
    """Documents without a single time keep every protection, with a warning."""
    found = documents()
    del found.tasks[0]["startedAt"]
    cluster = found.read(tmp_path)
    assert protected(cluster) == [True]
    assert [w for w in cluster.warnings if "counts as not expired" in w]


def test_times_matter_only_where_protection_ends(tmp_path: Path) -> None:
    """Without an expiry there is nothing to assume."""
    assert small().read(tmp_path).warnings == ()


def test_a_protected_task_that_is_not_there_is_told(tmp_path: Path) -> None:
    """It may have stopped in between."""
    cluster = small().protect("t9", None).read(tmp_path)
    assert cluster.warnings == ("the protected task t9 is not in tasks.json",)


def test_a_wrong_time_is_refused(tmp_path: Path) -> None:
    """``at`` is ISO 8601."""
    with pytest.raises(InvalidRequest, match='at: is "noon"; must be an ISO 8601 time like'):
        small().read(tmp_path, at="noon")


def test_health_and_start_of_tasks(tmp_path: Path) -> None:
    """§9.1: UNHEALTHY alone is not healthy; a task carries when it started and its tags."""
    found = small().task("t2", "service:web", "web:1", "a", healthStatus="UNHEALTHY", startedAt=1793534400)
    found.tasks[0]["tags"] = [{"key": "team", "value": "x"}]
    first, second = found.read(tmp_path).problem.tasks
    assert (first.healthy, second.healthy) == (True, False)
    assert (first.started_at, second.started_at) == ("2026-10-31T00:00:00+00:00", "2026-11-01T12:00:00+00:00")
    assert first.tags == {"team": "x"} and second.tags == {}
