"""Where scenarios are answered: the small interface behind which processes of this computer or another engine stand.

Three calls are all: ``submit`` hands out a scenario, ``completed`` waits for rows, ``close`` ends it. Whoever is behind it sees
to it that each scenario that was submitted comes back exactly once, as a row, whatever becomes of a worker meanwhile.
"""

from __future__ import annotations

from typing import Protocol

from solver.whatif.row import Row
from solver.whatif.scenario import Scenario

ATTEMPTS = 2
"""A scenario whose worker ends is tried once more: somebody may have killed it for another reason. Then it is a row."""


class Executor(Protocol):
    """Answers scenarios of one batch, several at once."""

    @property
    def workers(self) -> int:
        """How many are answered at once."""

    def submit(self, scenario: Scenario) -> None:
        """Have a scenario answered; returns at once."""

    def completed(self, seconds: float) -> list[Row]:
        """The rows that are there and were not handed out yet; waits for one, at most so long."""

    def close(self) -> None:
        """End what still runs; nothing more comes back."""
