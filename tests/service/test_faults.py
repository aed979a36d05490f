"""The fault campaign in its short form; the long one is `python -m benchmarks.service.faults`."""

from __future__ import annotations

import asyncio

import pytest

from benchmarks.service.arena import Tally
from benchmarks.service.calls import Outcome
from benchmarks.service.faults import FAULTS, campaign

TIMES = 1


@pytest.fixture(scope="module")
def found() -> dict[str, Tally]:
    """Every fault, on servers that they share."""
    return asyncio.run(campaign(list(FAULTS), TIMES, seed=1))


@pytest.mark.parametrize("name", FAULTS)
def test_no_answer_is_wrong_or_lost(found: dict[str, Tally], name: str) -> None:
    """Under each fault: right answers, refusals that it may lead to, and all as before afterwards."""
    tally = found[name]
    assert tally.faults == []
    assert (tally.times, tally.outcomes[Outcome.WRONG], tally.outcomes[Outcome.LOST]) == (TIMES, 0, 0)
    assert tally.outcomes[Outcome.RIGHT] > 0
