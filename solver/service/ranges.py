"""What an option may be, and the faults of those that are something else."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from solver.errors import Fault


@dataclass(frozen=True)
class Range:
    """The numbers from ``least`` to ``most``.

    Parameters
    ----------
    least_too
        Whether ``least`` is one of them.
    whole
        Whether only whole numbers are.
    """

    least: float
    most: float = math.inf
    least_too: bool = True
    whole: bool = False

    def admits(self, value: float) -> bool:
        """Whether it is one of them, and finite."""
        if not math.isfinite(value) or (self.whole and value != int(value)):
            return False
        return (value >= self.least if self.least_too else value > self.least) and value <= self.most

    def __str__(self) -> str:
        """As a sentence goes on after *must be*."""
        kind = "a whole number, " if self.whole else ""
        if not self.least_too:
            return f"{kind}above {self.least:,g}" + ("" if math.isinf(self.most) else f" and at most {self.most:,.0f}")
        if math.isinf(self.most):
            return f"{kind}{self.least:,.0f} or more"
        return f"{kind}{self.least:,.0f} to {self.most:,.0f}"


def whole(least: int, most: float = math.inf) -> Range:
    """The whole numbers from ``least`` to ``most``."""
    return Range(least, most, whole=True)


def above(least: float, most: float = math.inf) -> Range:
    """The numbers above ``least``, up to ``most``."""
    return Range(least, most, least_too=False)


def faults_of(options: object, allowed: Mapping[str, Range]) -> list[Fault]:
    """The fields of ``options`` that are not what they may be."""
    found = []
    for name, numbers in allowed.items():
        value = getattr(options, name)
        if not numbers.admits(value):
            found.append(Fault(name, f"is {value:,}", f"must be {numbers}"))
    return found
