"""Numbers of a deployment (solver.domain.deployment)."""

from __future__ import annotations

import pytest

from solver.domain.deployment import circuit_breaker_threshold
from solver.errors import InvalidRequest


@pytest.mark.parametrize(("desired", "now", "in_2023"), [(1, 3, 10), (25, 13, 13), (400, 200, 200), (800, 200, 200)])
def test_example_35(desired: int, now: int, in_2023: int) -> None:
    """Half of the desired count, rounded up, between 3 (10 in 2023) and 200."""
    assert circuit_breaker_threshold(desired) == now
    assert circuit_breaker_threshold(desired, least=10) == in_2023


def test_absurd_bounds_are_refused() -> None:
    """With the number that is wrong."""
    with pytest.raises(InvalidRequest, match="desired: is -1; must be zero or more"):
        circuit_breaker_threshold(-1)
    with pytest.raises(InvalidRequest, match="most: is 2, below least, 3"):
        circuit_breaker_threshold(10, most=2)
