"""Scenarios answered inside a worker of another engine."""

from __future__ import annotations

import os
import pickle
import threading
import time
from pathlib import Path

import pytest

from solver.api import versions
from solver.errors import InvalidRequest
from solver.whatif.answerer import Answerer, Unwanted
from solver.whatif.answering import Batch
from solver.whatif.edits import LoseZone, Scale
from solver.whatif.row import Row
from solver.whatif.scenario import Scenario
from tests.whatif.clusters import QUICK, Die, Sleep, Stay, asked


def answerer() -> Answerer:
    """For the small cluster."""
    return Answerer(Batch(asked(), QUICK), versions())


def is_gone(pid: int, seconds: float = 30.0) -> bool:
    """Whether a process ends, within so long."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False


def test_a_row_is_what_a_batch_finds_also_after_a_journey() -> None:
    """Pickled and read again, as it comes to another worker."""
    scenario = Scenario("a is lost", (LoseZone("a"), Scale(2, ("web",))))
    expected = Batch(asked(), QUICK).row(scenario).without_time()
    for found in (answerer(), pickle.loads(pickle.dumps(answerer()))):
        assert found.row(scenario).without_time() == expected


def test_a_scenario_that_ends_its_process_leaves_the_worker_alone() -> None:
    """It is a row that says how, and the next one is answered."""
    found = answerer()
    assert found.row(Scenario("dies", (Die(),))).reason == "the worker process ended by SIGKILL (2 times)"
    assert found.row(Scenario("twice", (Scale(2, ("web",)),))).placed == 3


def test_threads_of_one_worker_answer_side_by_side(tmp_path: Path) -> None:
    """Each by a process of its own, which the next scenario finds again; all of them end with the answerer."""
    found = answerer()
    rows: list[Row] = []
    scenario = Scenario("stays", (Stay(str(tmp_path), 3.0),))
    threads = [threading.Thread(target=lambda asked: rows.append(asked.row(scenario)), args=(found,)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert [row.is_answered for row in rows] == [True, True]
    pids = {int(path.name) for path in tmp_path.iterdir()}
    assert len(pids) == 2
    found.row(Scenario("once more", (Stay(str(tmp_path), 0.0),)))
    assert {int(path.name) for path in tmp_path.iterdir()} == pids
    del found
    assert all(is_gone(pid) for pid in pids)


def test_an_answer_that_nobody_waits_for_ends() -> None:
    """At once, not when it would be there."""
    begun = time.monotonic()
    with pytest.raises(Unwanted):
        answerer().row(Scenario("sleeps", (Sleep(300),)), unwanted=lambda: time.monotonic() > begun + 0.5)
    assert time.monotonic() - begun < 200


def test_a_worker_with_other_versions_answers_nothing() -> None:
    """Its rows would not be those of the others."""
    found = Answerer(Batch(asked(), QUICK), {**versions(), "ortools": "9.10"})
    with pytest.raises(InvalidRequest, match=r"a worker has ortools .* \(here 9.10\); install the same versions there"):
        found.row(Scenario("any"))
