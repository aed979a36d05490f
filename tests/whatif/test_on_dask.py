"""A real Dask cluster of two worker processes: each scenario comes back once, whatever becomes of a worker."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from solver.errors import InvalidRequest, WorkerLost
from solver.whatif.answering import Batch
from solver.whatif.edits import LoseZone, Scale
from solver.whatif.executors import executor_of
from solver.whatif.local import LocalExecutor
from solver.whatif.row import Row
from solver.whatif.run import run
from solver.whatif.scenario import BASE, Scenario
from tests.whatif.clusters import QUICK, Break, Die, KillParent, Sleep, Stay, asked
from tests.whatif.test_answerer import is_gone

distributed = pytest.importorskip("distributed", reason="needs the extra dask")
dask = pytest.importorskip("dask")

EASY = tuple(Scenario(f"times {n}", (Scale(n, ("web",)),)) for n in range(5))


def start_cluster(**options: Any) -> Any:
    """A scheduler in this process, and workers that are processes with one thread each."""
    # A worker that ends is an attempt of a scenario that it had; another one may take its time to come.
    settings = {"distributed.scheduler.allowed-failures": 0, "distributed.deploy.lost-worker-timeout": "600s"}
    with dask.config.set(settings):
        return distributed.LocalCluster(
            threads_per_worker=1,
            processes=True,
            host="127.0.0.1",
            dashboard_address="127.0.0.1:0",
            silence_logs=50,
            **options,
        )


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """Two workers, for all tests here that leave it in order."""
    with start_cluster(n_workers=2) as found:
        yield found


def name_of(cluster: Any) -> str:
    """As ``--executor`` takes it."""
    return f"dask://{cluster.scheduler_address.removeprefix('tcp://')}"


def batch() -> Batch:
    """Of the small cluster."""
    return Batch(asked(), QUICK)


def until(condition: Callable[[], bool], seconds: float = 240.0) -> None:
    """Wait for it, so long at most."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come true in time"
        time.sleep(0.05)


def answered(executor: Any, scenarios: Sequence[Scenario], meanwhile: Callable[[], None] | None = None) -> list[Row]:
    """The rows of scenarios, once there are as many, and whatever comes a second later."""
    for scenario in scenarios:
        executor.submit(scenario)
    if meanwhile is not None:
        meanwhile()
    found: list[Row] = []
    end = time.monotonic() + 300
    while len(found) < len(scenarios) and time.monotonic() < end:
        found += executor.completed(0.5)
    return [*found, *executor.completed(1.0)]


def test_rows_are_those_of_processes_of_this_computer(cluster: Any) -> None:
    """In the same order, all but the time; what fails or ends its process is a row with its reason."""
    bad = (Scenario("dies", (Die(),)), Scenario("breaks", (Break(),)), Scenario("no zone", (LoseZone("z"),)))
    scenarios = (*EASY[:2], *bad, *EASY[2:])
    executor = executor_of(name_of(cluster), batch(), None)
    assert executor.workers == 2
    there = run(batch(), scenarios, executor)
    here = run(batch(), scenarios, LocalExecutor(batch(), 1))
    assert [row.without_time() for row in there.rows] == [row.without_time() for row in here.rows]
    assert [row.scenario for row in there.rows] == [BASE, *(scenario.name for scenario in scenarios)]
    assert there.by_name["dies"].reason == "the worker process ended by SIGKILL (2 times)"


def test_no_row_is_lost_or_doubled_where_a_worker_is_killed(cluster: Any, tmp_path: Path) -> None:
    """In the middle of an answer, while others wait for it."""
    scenarios = [Scenario(f"stays {n}", (Stay(str(tmp_path), 1.0), Scale(n, ("web",)))) for n in range(6)]
    executor = executor_of(name_of(cluster), batch(), None)
    victim = cluster.workers[0].pid

    def kill() -> None:
        until(lambda: len(list(tmp_path.iterdir())) == 2)
        os.kill(victim, signal.SIGKILL)

    try:
        rows = answered(executor, scenarios, kill)
    finally:
        executor.close()
    assert sorted(row.scenario for row in rows) == [scenario.name for scenario in scenarios]
    assert [row.reason for row in rows] == [""] * 6
    assert is_gone(victim)
    assert {row.scenario: row.wanted for row in rows} == {f"stays {n}": max(0, 3 * n - 3) for n in range(6)}


def test_a_scenario_that_ends_the_workers_of_the_cluster_is_a_row(cluster: Any) -> None:
    """After two of them, and the others are answered."""
    executor = executor_of(name_of(cluster), batch(), 1)
    assert executor.workers == 1
    try:
        rows = answered(executor, [EASY[2], Scenario("kills", (KillParent(),)), EASY[3]])
    finally:
        executor.close()
    assert {row.scenario: row.reason for row in rows} == {
        "times 2": "",
        "kills": "the workers that had it ended (2 times)",
        "times 3": "",
    }
    assert len(rows) == 3


def test_closing_ends_what_still_runs_there(cluster: Any, tmp_path: Path) -> None:
    """The processes, and what the cluster knows of the run."""
    executor = executor_of(name_of(cluster), batch(), None)
    for n in range(4):
        executor.submit(Scenario(f"stays {n}", (Stay(str(tmp_path), 600.0),)))
    until(lambda: len(list(tmp_path.iterdir())) == 2)
    executor.close()
    assert all(is_gone(int(path.name)) for path in tmp_path.iterdir())
    until(lambda: not cluster.scheduler.tasks, 30)


def test_an_address_without_a_scheduler_is_refused() -> None:
    """Within seconds, whether nobody listens there or somebody else does."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        for listens in (False, True):
            if listens:
                other.listen()
            port = other.getsockname()[1]
            with pytest.raises(InvalidRequest, match=f"--executor: no Dask scheduler answers at 127.0.0.1:{port}; "):
                executor_of(f"dask://127.0.0.1:{port}", batch(), None)


def test_a_cluster_without_workers_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """With what to do; nobody waits for ever."""
    monkeypatch.setattr("solver.whatif.on_dask.BEGIN_SECONDS", 0.5)
    with (
        start_cluster(n_workers=0) as empty,
        pytest.raises(InvalidRequest, match="has no worker; start one: dask worker 127.0.0.1:"),
    ):
        executor_of(name_of(empty), batch(), None)


def test_a_scheduler_that_goes_ends_the_run() -> None:
    """With an error that says so: what is answered by then is kept by whoever runs."""
    going = start_cluster(n_workers=1)
    try:
        executor = executor_of(name_of(going), batch(), None)
        executor.submit(Scenario("sleeps", (Sleep(600),)))
        executor.completed(1.0)
        going.close()
        with pytest.raises(WorkerLost, match="the Dask scheduler at 127.0.0.1:[0-9]+ does not answer any more"):
            for _ in range(60):
                executor.completed(1.0)
        executor.close()
    finally:
        going.close()


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("dusk://host:1", "--executor: is 'dusk://host:1'; must be local, dask://HOST:PORT, ray://"),
        ("dask", "--executor: is 'dask'; must be local, dask://HOST:PORT, ray://"),
        ("dask://host", "must be dask://HOST:PORT, the port from 1 to 65535"),
        ("dask://host:99999", "must be dask://HOST:PORT, the port from 1 to 65535"),
        ("dask://auto", "must be dask://HOST:PORT, the port from 1 to 65535"),
        ("ray://here", "must be ray://HOST:PORT, the port from 1 to 65535 or ray://auto"),
        ("dask://tcp://host:1", "must be dask://HOST:PORT, the port from 1 to 65535"),
    ],
)
def test_a_name_that_means_nothing_is_refused(name: str, why: str) -> None:
    """Before anybody is asked."""
    with pytest.raises(InvalidRequest) as refused:
        executor_of(name, batch(), None)
    assert why in str(refused.value)
