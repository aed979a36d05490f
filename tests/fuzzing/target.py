"""What is fuzzed: draws an input, and puts it through the code as a caller would."""

from __future__ import annotations

from random import Random
from typing import Protocol


class Target(Protocol):
    """One reader of foreign input. Inputs are bytes, so that one that fails is a file that can be run again."""

    def draw(self, random: Random) -> bytes:
        """An input; the same source gives the same one."""
        ...

    def run(self, given: bytes) -> str:
        """Read it; the name of what it came to.

        Raises
        ------
        PlacementSolverError
            Where it is refused, which is fine. Anything else that is raised is a fault of the code.
        """
        ...
