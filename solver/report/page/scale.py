"""Amounts along the side of a drawing: where each stands, and the round ones that are written beside it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

MOST_TICKS = 6
STEPS = (1, 2, 5, 10)


@dataclass(frozen=True)
class Scale:
    """A linear scale.

    Parameters
    ----------
    low, high
        The amounts at its ends; ``low`` is the lesser.
    begin, end
        Where these are in the drawing.
    """

    low: float
    high: float
    begin: float
    end: float

    @classmethod
    def over(cls, amounts: Sequence[float], begin: float, end: float, *, room: float = 0.08) -> Scale:
        """A scale of these amounts, with a share of their span left free at both ends."""
        low, high = min(amounts), max(amounts)
        free = (high - low or max(abs(high), 1.0)) * room
        return cls(low - free, high + free, begin, end)

    def at(self, amount: float) -> float:
        """Where an amount stands; those beyond an end at the end."""
        share = (min(max(amount, self.low), self.high) - self.low) / (self.high - self.low)
        return round(self.begin + share * (self.end - self.begin), 2)

    def ticks(self, label: Callable[[float], str], *, whole: bool = False) -> list[tuple[float, str]]:
        """Round amounts, at most six: where each stands, and what is written there.

        Parameters
        ----------
        whole
            Whether only whole numbers are amounts.
        """
        step = self._step(1.0 if whole else 0.0)
        first = math.ceil(self.low / step - 1e-9)
        found = []
        for k in range(first, first + MOST_TICKS + 1):
            if k * step <= self.high + 1e-9 * step:
                found.append((self.at(k * step), label(k * step)))
        return found

    def _step(self, least: float) -> float:
        raw = max((self.high - self.low) / (MOST_TICKS - 1), least)
        size = 10.0 ** math.floor(math.log10(raw))
        return next(size * step for step in STEPS if size * step >= raw - 1e-12)
