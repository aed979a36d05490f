"""How long calls take, as the last ones like them did: whether one that has to wait would be answered in its time."""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from dataclasses import dataclass

from solver.errors import Overloaded

MEAN_WEIGHT, DEVIATION_WEIGHT = 1 / 8, 1 / 4
"""Of the last measurement, as for the round trips of TCP (RFC 6298, section 2)."""

WAIT_MARGIN = 1.5
"""So much longer than expected a call may have to wait: what is admitted should be answered."""

DEVIATIONS = 2.0
"""So many deviations above the mean a call may take until it has a plan."""


@dataclass(frozen=True)
class Turn:
    """A call that has a worker, or waits for one.

    Parameters
    ----------
    kind, size
        What calls take a like time: of the same kind, and of a like number of bytes.
    finish_by
        The moment by which its search must end; infinite for none.
    """

    kind: int
    size: int
    finish_by: float


@dataclass
class _Mean:
    """A mean that follows what is measured, and how far measurements lie from it; both in seconds."""

    mean: float
    deviation: float

    def follow(self, seconds: float) -> None:
        self.deviation += DEVIATION_WEIGHT * (abs(seconds - self.mean) - self.deviation)
        self.mean += MEAN_WEIGHT * (seconds - self.mean)


class Pace:
    """What was measured of the calls before, by their kind and size."""

    def __init__(self) -> None:
        self._whole: dict[tuple[int, int], _Mean] = {}
        self._first: dict[tuple[int, int], _Mean] = {}

    def note(self, turn: Turn, first: float, whole: float) -> None:
        """A call had a worker for so many seconds, and its first plan, or answer, after so many."""
        for found, seconds in ((self._whole, whole), (self._first, first)):
            known = found.setdefault(_class_of(turn), _Mean(seconds, seconds / 2))
            known.follow(seconds)

    def needed(self, turn: Turn) -> float:
        """Seconds that a call needs a worker for until it has a plan; 0 where none like it has been seen."""
        known = self._first.get(_class_of(turn))
        return 0.0 if known is None else known.mean + DEVIATIONS * known.deviation

    def require(
        self, turn: Turn, now: float, seconds: float, running: Iterable[tuple[float, Turn]], waiting: Iterable[Turn]
    ) -> None:
        """Refuse a call at once that would wait in vain, so that its caller can go elsewhere while there is time.

        Parameters
        ----------
        seconds
            Until its search must end.
        running, waiting
            As in ``free_at``.

        Raises
        ------
        Overloaded
            If it would hardly be answered.
        """
        wait = self.free_at(now, running, waiting) - now
        if WAIT_MARGIN * wait + self.needed(turn) > seconds:
            raise Overloaded(f"a worker will be free in some {wait:.2f} s, of {seconds:.2f} s that the call has")

    def free_at(self, now: float, running: Iterable[tuple[float, Turn]], waiting: Iterable[Turn]) -> float:
        """The moment at which a worker is free for one call more.

        Parameters
        ----------
        running
            Since when each worker is busy, and with what.
        waiting
            Those before, in turn.
        """
        free = [max(now, self._end(since, turn)) for since, turn in running]
        if not free:
            return now
        heapq.heapify(free)
        for turn in waiting:
            heapq.heapreplace(free, max(free[0], self._end(free[0], turn)))
        return free[0]

    def _end(self, since: float, turn: Turn) -> float:
        known = self._whole.get(_class_of(turn))
        return min(since + (0.0 if known is None else known.mean), turn.finish_by)


def _class_of(turn: Turn) -> tuple[int, int]:
    """Calls of one kind within a factor of four in bytes."""
    return turn.kind, turn.size.bit_length() // 2
