"""Whether a measurement is what a phase of a case is meant to reach."""

from __future__ import annotations

from benchmarks.measured import SECONDS, Measurement
from benchmarks.subject import Aim


def asked(aim: Aim) -> str:
    """The aim in words."""
    return f"{'each' if aim.every else 'median'} below {aim.seconds:g} s" + (", proved" if aim.proven else "")


def met(aim: Aim, one: Measurement) -> bool:
    """Whether the measurement reaches the aim; not where what it asks for is not known any more."""
    slow = one.numbers(SECONDS).most if aim.every else one.median
    return slow is not None and slow < aim.seconds and (not aim.proven or one.proven == one.answers)
