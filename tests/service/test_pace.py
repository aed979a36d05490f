"""How long calls take (solver.service.pace)."""

from __future__ import annotations

import math

import pytest

from solver.errors import Overloaded
from solver.service.pace import Pace, Turn

SMALL, LARGE = Turn(1, 5_000, math.inf), Turn(1, 300_000, math.inf)


def learned(first: float, whole: float, turn: Turn = SMALL) -> Pace:
    """After many calls that took the same."""
    found = Pace()
    for _ in range(100):
        found.note(turn, first, whole)
    return found


def test_nothing_is_expected_of_what_was_never_seen() -> None:
    """So that the first calls of a kind and a size are never refused."""
    pace = learned(0.04, 0.1)
    assert pace.needed(LARGE) == pace.needed(Turn(2, 5_000, math.inf)) == 0.0
    assert pace.free_at(10.0, [(9.5, LARGE)], [LARGE]) == 10.0


def test_what_a_call_needs_follows_what_calls_like_it_took() -> None:
    """Constant times are learned; times that vary need more than their mean."""
    assert learned(0.04, 0.1).needed(SMALL) == pytest.approx(0.04, rel=1e-3)
    assert learned(0.04, 0.1).needed(Turn(1, 6_000, 0.0)) == pytest.approx(0.04, rel=1e-3)
    varying = Pace()
    for number in range(200):
        varying.note(SMALL, 0.02 if number % 2 else 0.06, 0.1)
    assert varying.needed(SMALL) > 0.06


def test_a_worker_is_free_after_those_before() -> None:
    """Each running call ends after the usual time, or at its own end; those that wait take the workers in turn."""
    pace = learned(0.04, 0.1)
    assert pace.free_at(10.0, [(9.98, SMALL)], []) == pytest.approx(10.08, rel=1e-4)
    assert pace.free_at(10.0, [(9.98, SMALL)], [SMALL, SMALL]) == pytest.approx(10.28, rel=1e-4)
    assert pace.free_at(10.0, [(9.98, SMALL), (9.95, SMALL)], [SMALL]) == pytest.approx(10.08, rel=1e-4)
    assert pace.free_at(10.0, [(9.98, Turn(1, 5_000, 10.03))], [SMALL]) == pytest.approx(10.13, rel=1e-4)
    assert pace.free_at(10.0, [(9.5, SMALL)], []) == 10.0, "what takes longer than usual may end at any moment"


def test_a_call_that_would_wait_in_vain_is_refused() -> None:
    """Half more than the expected wait, and what the call needs, must be within its time; or it is refused at once."""
    pace = learned(0.04, 0.1)
    pace.require(SMALL, 10.0, 0.35, [(10.0, SMALL)], [SMALL])
    with pytest.raises(Overloaded, match=r"in some 0\.20 s, of 0\.33 s"):
        pace.require(SMALL, 10.0, 0.33, [(10.0, SMALL)], [SMALL])
    pace.require(LARGE, 10.0, 0.33, [(10.0, SMALL)], [SMALL])
