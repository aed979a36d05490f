"""A grid: every combination of the choices on some axes, or a sample of them."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass

from solver.errors import Fault
from solver.whatif.edits.base import Edit
from solver.whatif.scenario import Scenario

MOST_SCENARIOS = 100_000
"""Of a grid without a sample, of a sample, and of a list."""


@dataclass(frozen=True)
class Choice:
    """One value of an axis: what it is called, and its edits."""

    label: str
    edits: tuple[Edit, ...] = ()


@dataclass(frozen=True)
class Axis:
    """What is chosen from: one choice of each axis makes a scenario."""

    name: str
    choices: tuple[Choice, ...]


@dataclass(frozen=True)
class Grid:
    """The product of some axes.

    Parameters
    ----------
    axes
        Their edits apply in this order.
    sample
        So many of the combinations, drawn uniformly and without replacement; None for all.
    seed
        Of the sample: the same seed draws the same.
    """

    axes: tuple[Axis, ...]
    sample: int | None = None
    seed: int = 0

    @property
    def size(self) -> int:
        """All combinations there are."""
        return math.prod(len(axis.choices) for axis in self.axes) if self.axes else 0

    def faults(self) -> Iterator[Fault]:
        """What is wrong with the grid; paths are those of its fields."""
        if not self.axes:
            yield Fault("axes", "is empty", "name an axis, with choices")
            return
        for axis in self.axes:
            path = f"axes.{axis.name}"
            if not axis.choices:
                yield Fault(path, "has no choice, so that the grid is empty", "give it some, or leave the axis out")
            labels: set[str] = set()
            for k, choice in enumerate(axis.choices):
                if choice.label in labels:
                    yield Fault(f"{path}[{k}]", f"'{choice.label}' stands twice", "give each choice its own name")
                labels.add(choice.label)
        size = self.size
        if self.sample is None and size > MOST_SCENARIOS:
            problem = f"has {size:,} scenarios"
            yield Fault("", problem, f"write sample: N for some of them, or have at most {MOST_SCENARIOS:,}")
        elif self.sample is not None and not 1 <= self.sample <= MOST_SCENARIOS:
            yield Fault("sample", f"is {self.sample:,}", f"must be 1 to {MOST_SCENARIOS:,}")
        elif self.sample is not None and 0 < size < self.sample:
            yield Fault("sample", f"is {self.sample:,} of {size:,} scenarios", "leave it out to have all of them")

    def scenarios(self) -> tuple[Scenario, ...]:
        """The scenarios, in the order of the axes, the last axis fastest. Time and memory are those of the sample alone."""
        numbers = range(self.size) if self.sample is None else drawn(self.size, self.sample, self.seed)
        return tuple(self._at(number) for number in numbers)

    def _at(self, number: int) -> Scenario:
        chosen = []
        for axis in reversed(self.axes):
            number, at = divmod(number, len(axis.choices))
            chosen.append((axis.name, axis.choices[at]))
        chosen.reverse()
        name = " ".join(f"{axis}={choice.label}" for axis, choice in chosen)
        return Scenario(name, tuple(edit for _, choice in chosen for edit in choice.edits))


def drawn(size: int, count: int, seed: int) -> list[int]:
    """``count`` different numbers below ``size``, each set of them as likely as any other, ascending.

    Floyd's algorithm (Bentley and Floyd, Programming Pearls: A sample of brilliance, CACM 30(9), 1987): as many draws as there
    are numbers, however large ``size`` is.
    """
    draw = random.Random(seed)
    found: set[int] = set()
    for last in range(size - count, size):
        number = draw.randrange(last + 1)
        found.add(last if number in found else number)
    return sorted(found)
