"""How fast services grow: the tasks that are likely to come within a time, by what came in the last fifteen minutes.

Who launches an instance only once tasks wait lets each of them wait for a launch. The room that is kept is what came on average
in as long as a launch takes, rounded up: ``ceil(growth * launch / 15 min)``. Fifteen minutes are also how long managed scaling
looks back before instances go. A service that has not grown needs no room.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

from solver.scaling.managed_scaling import DATAPOINTS_IN

SECONDS = 60


class Growth:
    """The desired counts of services, minute by minute, as far back as is looked."""

    def __init__(self) -> None:
        self._counts: dict[str, deque[tuple[int, int]]] = {}

    def note(self, minute: int, desired: Mapping[str, int]) -> None:
        """What is desired in a minute, tasks by service; once more in the same minute changes nothing."""
        for name, count in desired.items():
            counts = self._counts.setdefault(name, deque(maxlen=DATAPOINTS_IN + 1))
            if not counts or counts[-1][0] < minute:
                counts.append((minute, count))

    def ahead(self, service: str, minute: int, seconds: int) -> int:
        """Tasks that are likely to come within so many seconds; 0 for a service that has not grown."""
        counts = [count for at, count in self._counts.get(service, ()) if at >= minute - DATAPOINTS_IN]
        grown = max(counts[-1] - min(counts), 0) if counts else 0
        return -(-grown * seconds // (DATAPOINTS_IN * SECONDS))
