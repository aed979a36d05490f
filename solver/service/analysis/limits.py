"""How many analyses run, how large they may be, and how long what they found is kept."""

from __future__ import annotations

from dataclasses import dataclass

from solver.errors import InvalidRequest
from solver.service.ranges import Range, faults_of, whole


@dataclass(frozen=True)
class AnalysisLimits:
    """What an analysis may take; all of them together at most ``running`` times ``processes``, behind everything else.

    Parameters
    ----------
    running
        Analyses at once, one of each caller; 0 takes none.
    processes
        Scenarios that one analysis answers at once, each in a process with one thread.
    scenarios
        Of one analysis, the base not counted.
    kept
        Analyses that have ended and are remembered; the oldest are forgotten first.
    kept_bytes
        Bytes of all rows together, those of analyses that run too.
    kept_seconds
        How long an analysis that has ended is remembered.

    Raises
    ------
    InvalidRequest
        With every limit that is none.
    """

    running: int = 1
    processes: int = 1
    scenarios: int = 10_000
    kept: int = 100
    kept_bytes: int = 256 * 2**20
    kept_seconds: float = 86_400.0

    def __post_init__(self) -> None:
        allowed = {
            "running": whole(0, 64),
            "processes": whole(1, 1_024),
            "scenarios": whole(1, 100_000),
            "kept": whole(1, 100_000),
            "kept_bytes": whole(1_000_000),
            "kept_seconds": Range(1, 31_536_000),
        }
        faults = faults_of(self, allowed)
        if faults:
            raise InvalidRequest(faults)
