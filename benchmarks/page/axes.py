"""Logarithmic axes: where a number lies, and which places have labels."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks.page.blocks import Tick

LEADING: tuple[tuple[float, ...], ...] = (
    (1,),
    (1, 2, 5),
    (1, 1.5, 2, 3, 5, 7),
    tuple(tenths / 10 for tenths in range(10, 100)),
)
"""Leading digits of the places that have labels, the fewest first."""

LEAST_TICKS = 3


@dataclass(frozen=True)
class LogAxis:
    """From the logarithm of a number to a place between ``begin`` and ``end``."""

    least: float
    most: float
    begin: float
    end: float

    @classmethod
    def over(cls, amounts: Sequence[float], begin: float, end: float, margin: float = 0.06) -> LogAxis:
        """An axis on which all amounts lie, with a margin of so much of its length on both sides.

        Raises
        ------
        ValueError
            If there are no amounts, or one is not above zero.
        """
        low, high = math.log10(min(amounts)), math.log10(max(amounts))
        room = max(high - low, 0.3) * margin
        return cls(low - room, high + room, begin, end)

    def at(self, amount: float) -> float:
        """Its place."""
        share = (math.log10(amount) - self.least) / (self.most - self.least)
        return round(self.begin + share * (self.end - self.begin), 2)

    def ticks(self, label: Callable[[float], str]) -> list[Tick]:
        """Powers of ten on the axis; where there are fewer than three, twos and fives as well, or as many digits as it takes."""
        decades = range(math.floor(self.least), math.ceil(self.most) + 1)
        for leading in LEADING:
            amounts = [lead * 10.0**power for power in decades for lead in leading]
            found = [one for one in amounts if self.least <= math.log10(one) <= self.most]
            if len(found) >= LEAST_TICKS:
                break
        return [Tick(self.at(one), label(one)) for one in found]


def duration(seconds: float) -> str:
    """A round time: 1 ms, 20 ms, 0.5 s, 10 s."""
    return f"{seconds * 1e3:.3g} ms" if seconds < 0.0999 else f"{seconds:.3g} s"


def amount(number: float) -> str:
    """A round number: 100, 2k, 1M."""
    for unit, letter in ((1e6, "M"), (1e3, "k")):
        if number >= unit:
            return f"{number / unit:.3g}{letter}"
    return f"{number:.3g}"
