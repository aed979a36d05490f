"""The other campaigns in a few calls: what they count is counted, and nothing is wrong. Times are for quiet computers."""

from __future__ import annotations

import asyncio

import pytest

from benchmarks.service import kept, load, promptness, replay
from benchmarks.service.calls import Outcome


def test_promptness_counts_every_call() -> None:
    """Two calls of each kind."""
    found = asyncio.run(promptness.measured("small", 2, seed=1))
    assert found.wrong == []
    assert (len(found.over), len(found.used), len(found.freed)) == (2, 2, 2)
    # The search was not cut short, and was given up where it was to be.
    assert min(found.over) > -0.1
    assert max(found.freed) < promptness.FAR / 2


def test_overload_is_answered_or_refused() -> None:
    """Two seconds of it: every call ends in one of the two, or late."""
    found, samples, wrong = asyncio.run(load.overload(1, 2.0, seed=1))
    assert wrong == []
    assert samples
    assert found["answered"] > 0
    assert found["refused"] > 0
    assert (found["wrong or lost"], found["health failed"]) == (0, 0)


def test_answers_repeat_on_another_server() -> None:
    """The same bytes, in another order and from other callers."""
    questions = replay.drawn(6, seed=1)
    first, refused = asyncio.run(replay.recorded(questions, 2, 4, range(6)))
    second, _ = asyncio.run(replay.recorded(questions, 2, 1, range(5, -1, -1)))
    assert refused == 0
    assert {told.outcome for told in first} == {Outcome.RIGHT}
    assert [told.payload for told in first] == [told.payload for told in second]


def test_a_kept_cluster_is_placed_into_as_well_as_a_carried_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """A small one: as few instances, and both proved."""
    monkeypatch.setattr(kept, "SIZES", {"tiny": (60, 30, 6, 20.0)})
    found = asyncio.run(kept.measured("tiny", seed=1))
    assert (found["proved carried"], found["proved kept"]) == (True, True)
    assert found["instances kept"] == found["instances carried"] > 0
    assert 0 < found["kept MB"] < found["carried MB"]
