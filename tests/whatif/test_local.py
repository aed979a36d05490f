"""Worker processes: each scenario comes back once, whatever becomes of a worker."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from solver.domain.request import Engine, Limits
from solver.whatif.answering import Batch
from solver.whatif.edits import LoseZone, Scale
from solver.whatif.local import LocalExecutor
from solver.whatif.row import Row
from solver.whatif.run import run
from solver.whatif.scenario import BASE, Scenario
from solver.whatif.store import read_rows
from tests.whatif.clusters import QUICK, Break, Devour, Die, Sleep, asked

EASY = tuple(Scenario(f"times {n}", (Scale(n, ("web",)),)) for n in range(5))


@contextmanager
def executor(workers: int = 1, limits: Limits = QUICK) -> Iterator[LocalExecutor]:
    """Processes for the small cluster."""
    found = LocalExecutor(Batch(asked(), limits), workers)
    try:
        yield found
    finally:
        found.close()


def answered(pool: LocalExecutor, scenarios: Sequence[Scenario]) -> dict[str, Row]:
    """The rows of scenarios, each of which comes once."""
    for scenario in scenarios:
        pool.submit(scenario)
    found: list[Row] = []
    end = time.monotonic() + 120
    while len(found) < len(scenarios) and time.monotonic() < end:
        found += pool.completed(0.5)
    assert sorted(row.scenario for row in found) == sorted(scenario.name for scenario in scenarios)
    return {row.scenario: row for row in found}


def test_a_scenario_that_fails_or_kills_its_worker_costs_no_other(tmp_path: Path) -> None:
    """Each is a row with its reason; a worker that was killed once only costs a second try."""
    once = tmp_path / "died"
    bad = (
        Scenario("dies", (Die(),)),
        Scenario("breaks", (Break(),)),
        Scenario("makes no sense", (LoseZone("z"),)),
        Scenario("died once", (Die(str(once)), Scale(2, ("web",)))),
    )
    with executor(2) as pool:
        rows = answered(pool, (*EASY[:2], *bad, *EASY[2:]))
    assert rows["dies"].reason == "the worker process ended by SIGKILL (2 times)"
    assert rows["breaks"].reason == "ZeroDivisionError: planted"
    assert rows["makes no sense"].reason.startswith("edits[0].lose_zone: 'z' is no zone of the cluster")
    assert {name for name, row in rows.items() if not row.is_answered} == {"dies", "breaks", "makes no sense"}
    assert once.exists() and rows["died once"].placed == 3
    assert [rows[scenario.name].wanted for scenario in EASY] == [0, 0, 3, 6, 9]


def test_a_worker_killed_from_outside_is_replaced() -> None:
    """While it answers, and while it has nothing to do."""
    with executor() as pool:
        answered(pool, EASY[:1])
        (idle,) = pool.pids
        os.kill(idle, signal.SIGKILL)
        time.sleep(0.5)
        pool.submit(Scenario("slow", (Sleep(1.0),)))
        end = time.monotonic() + 60
        while pool.pids == (idle,) and time.monotonic() < end:
            pool.completed(0.05)
        (busy,) = pool.pids
        assert busy != idle
        time.sleep(0.3)
        os.kill(busy, signal.SIGKILL)
        rows: list[Row] = []
        while not rows and time.monotonic() < end:
            rows += pool.completed(0.5)
        assert [(row.scenario, row.reason) for row in rows] == [("slow", "")]
        assert pool.pids != (busy,)


def test_rows_are_the_same_whatever_the_number_of_workers() -> None:
    """Where limits are deterministic: all but the time."""
    limits = Limits(time_limit=60, deterministic_limit=0.2, workers=1, engine=Engine.AUTO)
    found = [
        tuple(
            row.without_time()
            for row in run(Batch(asked(), limits), EASY, LocalExecutor(Batch(asked(), limits), n)).rows
        )
        for n in (1, 3)
    ]
    assert found[0] == found[1]
    assert [row.scenario for row in found[0]] == [BASE, *(scenario.name for scenario in EASY)]


def test_what_failed_is_answered_once_more_where_that_is_asked_for(tmp_path: Path) -> None:
    """Not otherwise; what has an answer keeps it, and the rows stand in their order."""
    mended, out = tmp_path / "mended", tmp_path / "results"
    scenarios = (EASY[1], Scenario("broken", (Break(str(mended)), Scale(2, ("web",)))), EASY[2])

    def rows(*, retry_failed: bool = False) -> tuple[Row, ...]:
        batch = Batch(asked(), QUICK)
        return run(batch, scenarios, LocalExecutor(batch, 1), out=out, retry_failed=retry_failed).rows

    assert [row.is_answered for row in rows()] == [True, True, False, True]
    first = tuple(read_rows(out).values())
    mended.touch()
    assert rows() == first
    again = rows(retry_failed=True)
    assert again[2].is_answered and again[2].wanted == 3
    # To the millisecond: the others were not answered again.
    assert (*again[:2], *again[3:]) == (*first[:2], *first[3:])
    assert tuple(read_rows(out)) == (BASE, *(scenario.name for scenario in scenarios))


def test_a_scenario_that_needs_more_memory_than_its_share_is_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker answers the next one; with less it is answered."""
    monkeypatch.setattr("solver.memory.worker_bytes", lambda workers: 3 * 2**30 // workers)
    greedy, modest = (Scenario(f"{size} MiB", (Devour(size * 2**20),)) for size in (2_000, 200))
    with executor(2) as pool:
        rows = answered(pool, (greedy, modest, EASY[2]))
    assert rows[greedy.name].reason == "needs more than the 1,536 MiB of memory that a worker has"
    assert rows[modest.name].is_answered and rows[EASY[2].name].is_answered


def test_closing_ends_the_processes_in_the_middle_of_an_answer() -> None:
    """Nothing is left behind."""
    pool = LocalExecutor(Batch(asked(), QUICK), 2)
    for k in range(4):
        pool.submit(Scenario(f"slow {k}", (Sleep(60),)))
    pids = pool.pids
    assert len(pids) == 2
    pool.close()
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_a_silent_worker_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """A scenario that takes far longer than its limit is a row, and the next one is answered."""
    monkeypatch.setattr("solver.whatif.local.GRACE_SECONDS", 0.5)
    with executor(limits=Limits(time_limit=2, workers=1, engine=Engine.SEQUENTIAL)) as pool:
        rows = answered(pool, (Scenario("stalls", (Sleep(120),)), EASY[2]))
    assert rows["stalls"].reason == "no answer within 4 s"
    assert rows[EASY[2].name].is_answered
