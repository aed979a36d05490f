"""Which kind of neighbourhood is tried next, and how large: what has helped is tried more often (Ropke and Pisinger 2006)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

MEMORY, LEAST_CHANCE = 0.9, 0.1
"""How much of a kind's score stays after it was tried, and what a kind has at least, so that it is tried again."""

FIRST_SIZE, LEAST_SIZE = 6, 3
"""Instances of a neighbourhood."""

QUICK = 0.4
"""Of its time: neighbourhoods that are searched whole in less get larger."""


@dataclass
class Choice:
    """A score for each kind, and the size of the next neighbourhood.

    Parameters
    ----------
    kinds
        Their names.
    """

    kinds: Iterable[str]
    size: int = FIRST_SIZE
    scores: dict[str, float] = field(init=False)

    def __post_init__(self) -> None:
        self.scores = dict.fromkeys(self.kinds, 1.0)

    def next(self, draw: np.random.Generator) -> str:
        """The kind to try."""
        names = list(self.scores)
        chances = np.array([max(self.scores[name], LEAST_CHANCE) for name in names])
        return names[int(draw.choice(len(names), p=chances / chances.sum()))]

    def learn(self, kind: str, *, better: bool, whole: bool, share: float) -> None:
        """Take in what came of a neighbourhood.

        Parameters
        ----------
        better
            It has improved the plan.
        whole
            Nothing better is left in it.
        share
            Of the time that it was given it has used so much.
        """
        self.scores[kind] = MEMORY * self.scores[kind] + (1 - MEMORY) * better
        if not (whole or better):
            self.size = max(self.size - 1, LEAST_SIZE)
        elif share < QUICK:
            self.size += 1

    def forget(self, kind: str) -> None:
        """The kind finds nothing to look at."""
        self.scores[kind] *= MEMORY
