"""A real Ray cluster of two CPUs: each scenario comes back once, whatever becomes of a worker."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.ray_cluster import free_port, ray_cluster
from solver.errors import InvalidRequest
from solver.whatif.edits import Scale
from solver.whatif.executors import executor_of
from solver.whatif.local import LocalExecutor
from solver.whatif.run import run
from solver.whatif.scenario import BASE, Scenario
from tests.whatif.clusters import Break, Die, KillParent, Stay
from tests.whatif.test_answerer import is_gone
from tests.whatif.test_on_dask import EASY, answered, batch, until

pytest.importorskip("ray", reason="needs the extra ray")


@pytest.fixture(scope="module")
def name() -> Iterator[str]:
    """A cluster of this computer, as ``--executor`` takes it."""
    with ray_cluster(2) as found:
        yield found


def test_rows_are_those_of_processes_of_this_computer(name: str) -> None:
    """In the same order, all but the time; what fails, or ends processes, is a row with its reason, and ends nothing else."""
    bad = (Scenario("dies", (Die(),)), Scenario("breaks", (Break(),)))
    scenarios = (*EASY[:2], *bad, Scenario("kills", (KillParent(),)), *EASY[2:])
    executor = executor_of(name, batch(), None)
    assert executor.workers == 2
    there = run(batch(), scenarios, executor)
    here = run(batch(), (*EASY[:2], *bad, *EASY[2:]), LocalExecutor(batch(), 1))
    assert [row.scenario for row in there.rows] == [BASE, *(scenario.name for scenario in scenarios)]
    assert there.by_name["kills"].reason == "the workers that had it ended (2 times)"
    assert [row.without_time() for row in there.rows if row.scenario != "kills"] == [
        row.without_time() for row in here.rows
    ]


def test_no_row_is_lost_or_doubled_where_a_worker_is_killed(name: str, tmp_path: Path) -> None:
    """In the middle of an answer, while others wait for it; closing ends what still runs."""
    scenarios = [Scenario(f"stays {n}", (Stay(str(tmp_path), 1.0), Scale(n, ("web",)))) for n in range(6)]
    executor = executor_of(name, batch(), None)
    killed: list[int] = []

    def kill() -> None:
        until(lambda: len(list(tmp_path.iterdir())) == 2)
        # What answers was started by a forkserver, which the actor started.
        answering = int(next(tmp_path.iterdir()).name)
        killed.append(_parent(_parent(answering)))
        os.kill(killed[0], signal.SIGKILL)

    try:
        rows = answered(executor, scenarios, kill)
        before = {path.name for path in tmp_path.iterdir()}
        executor.submit(Scenario("stays long", (Stay(str(tmp_path), 600.0),)))
        time.sleep(5.0)
    finally:
        executor.close()
    assert sorted(row.scenario for row in rows) == [scenario.name for scenario in scenarios]
    assert {row.scenario: row.wanted for row in rows} == {f"stays {n}": max(0, 3 * n - 3) for n in range(6)}
    assert [row.reason for row in rows] == [""] * 6
    assert is_gone(killed[0]) and len(before) >= 3
    assert all(is_gone(int(path.name)) for path in tmp_path.iterdir())


def _parent(pid: int) -> int:
    """The process that started one."""
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def test_an_address_without_a_cluster_is_refused() -> None:
    """Within seconds."""
    port = free_port()
    with pytest.raises(
        InvalidRequest, match=f"--executor: no Ray cluster answers at 127.0.0.1:{port}; must be ray://HOST"
    ):
        executor_of(f"ray://127.0.0.1:{port}", batch(), None)
