"""Reservations where calendar time jumps, as where a computer's clock is set."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import pytest

from benchmarks.service.arena import Tally, arena
from benchmarks.service.child import Setup, child
from benchmarks.service.server_faults import Clock, is_reserved_after


async def reserved(clock: Clock, jump: float, lapse_seconds: float, wait: float) -> bool:
    setup = Setup(environment=clock.environment, before=clock.before)
    async with child(setup) as running, arena(running, setup.workers, Tally(), random.Random(1)) as on:
        return await is_reserved_after(clock, on, jump, lapse_seconds, wait)


def test_a_reservation_lasts_as_long_as_was_said(tmp_path: Path) -> None:
    """Where no clock is set: it is there at first, and gone after its time."""
    assert asyncio.run(reserved(Clock(tmp_path / "clock"), 0.0, 300.0, 0.0))
    assert not asyncio.run(reserved(Clock(tmp_path / "clock"), 0.0, 0.5, 1.0))


@pytest.mark.parametrize(
    ("jump", "lapse_seconds", "wait", "is_there"), [(3_600.0, 300.0, 0.0, True), (-3_600.0, 0.5, 1.0, False)]
)
def test_a_clock_that_is_set_changes_no_reservation(
    tmp_path: Path, jump: float, lapse_seconds: float, wait: float, is_there: bool
) -> None:
    """One of five minutes is there after a jump of an hour ahead; one of half a second is gone in time after a jump back."""
    assert asyncio.run(reserved(Clock(tmp_path / "clock"), jump, lapse_seconds, wait)) is is_there
