"""``CapacityProviderReservation``: the metric that managed scaling follows (ECS developer guide, cluster auto scaling).

``100 * M / N``: M instances are needed, N run. Without any it is 100; from none it is 200, so that a cold start launches two.
"""

from __future__ import annotations

from fractions import Fraction

from solver.errors import InvalidRequest

COLD = 200
"""Percent where tasks wait and no instance runs."""


def reservation(needed: int, running: int) -> Fraction:
    """In percent, exactly.

    Parameters
    ----------
    needed, running
        Instances: M and N.

    Raises
    ------
    InvalidRequest
        If one of them is negative.
    """
    for name, count in (("needed", needed), ("running", running)):
        if count < 0:
            raise InvalidRequest.at(name, f"is {count}", "must be zero or more")
    if running == 0:
        return Fraction(COLD if needed else 100)
    return Fraction(100 * needed, running)
