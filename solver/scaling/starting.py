"""Tasks that run and do not carry demand yet, since they start up."""

from __future__ import annotations

from collections import deque


class Starting:
    """The tasks of a service by when they started, as far as some have not started up.

    What stops is taken to be the youngest. A task that moves starts elsewhere before it stops, and goes on to carry demand.

    Parameters
    ----------
    running
        Tasks in the beginning: all of them carry demand.
    """

    def __init__(self, running: int) -> None:
        self._running = running
        self._young: deque[tuple[int, int]] = deque()

    def after(self, running: int, now: int, start_up: int) -> int:
        """How many of the tasks that run now have not started up; call it once a minute.

        Parameters
        ----------
        running
            Tasks at the end of the minute.
        now, start_up
            Seconds: when the minute began, in which tasks start, and how long a task takes.
        """
        more = running - self._running
        self._running = running
        if more > 0:
            self._young.append((now + start_up, more))
        while more < 0 and self._young:
            ready, count = self._young.pop()
            if count + more > 0:
                self._young.append((ready, count + more))
            more += count
        while self._young and self._young[0][0] <= now:
            self._young.popleft()
        return sum(count for _, count in self._young)
