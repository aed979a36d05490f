"""How long there is left: the only clock of the engines."""

from __future__ import annotations

import time
from collections.abc import Callable


def _never() -> bool:
    return False


class Deadline:
    """A moment by which an answer is due, and whether the caller still wants one.

    Parameters
    ----------
    seconds
        From now.
    cancelled
        Asked at every look; true once the caller has gone.
    """

    def __init__(self, seconds: float, cancelled: Callable[[], bool] | None = None) -> None:
        self.seconds = seconds
        """From the start."""
        self._start = time.monotonic()
        self._end = self._start + seconds
        self._cancelled = cancelled or _never

    def elapsed(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self._start

    def remaining(self) -> float:
        """Seconds left; zero once it has passed or the caller has gone."""
        return 0.0 if self._cancelled() else max(self._end - time.monotonic(), 0.0)

    def passed(self) -> bool:
        """Whether nothing is left."""
        return self.remaining() <= 0.0

    @property
    def is_cancellable(self) -> bool:
        """Whether the caller may go before the end."""
        return self._cancelled is not _never

    @property
    def was_cancelled(self) -> bool:
        """Whether the caller has gone."""
        return self._cancelled()

    def within(self, seconds: float) -> Deadline:
        """The earlier of this one and so many seconds from now."""
        return Deadline(min(self.remaining(), seconds), self._cancelled)

    def part(self, share: float) -> Deadline:
        """A deadline after a share of what is left."""
        return Deadline(self.remaining() * share, self._cancelled)
