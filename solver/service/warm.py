"""What a worker remembers of the clusters that requests name, so that a plan begins where the last one ended (a warm start)."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Hashable
from pathlib import Path

from solver.engines.memory import Memory
from solver.service.decode import PlaceCall

MOST_KEPT = 4
"""Answers that a worker remembers, the newest ones."""

MOST_SHARE = 0.5
"""Of the worker's memory that it may take when it remembers one more: a search needs the rest."""

_STATM = Path("/proc/self/statm")


class Memories:
    """The last answer for each cluster and the groups that were asked for.

    Nothing of it is believed before it is checked, or counted, for the request at hand. A request with a deterministic limit
    neither gets nor leaves anything: its answer must not depend on those before it (§10.1).

    Parameters
    ----------
    limit
        Bytes that the process may take.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._kept: OrderedDict[Hashable, Memory] = OrderedDict()

    def of(self, call: PlaceCall) -> Memory | None:
        """What the last request like this one has left; None where there was none."""
        return self._kept.get(_key(call))

    def keep(self, call: PlaceCall, memory: Memory) -> None:
        """Remember what an answer leaves, where the request names a cluster."""
        key = _key(call)
        if key is None:
            return
        if _taken() > MOST_SHARE * self._limit:
            self.forget()
            return
        self._kept[key] = memory
        self._kept.move_to_end(key)
        if len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)

    def forget(self) -> None:
        """Give everything back."""
        self._kept.clear()


def _key(call: PlaceCall) -> Hashable:
    """Schedulers that place other groups into the cluster do not disturb each other."""
    if not call.cluster_name or call.limits.deterministic_limit is not None:
        return None
    wanted = zip(call.problem.groups, call.problem.wanted.tolist(), strict=True)
    return call.cluster_name, frozenset(group.name for group, tasks in wanted if tasks)


def _taken() -> int:
    """Bytes of writable memory of this process; 0 where the system does not say."""
    if not _STATM.exists():
        return 0
    return int(_STATM.read_text().split()[5]) * os.sysconf("SC_PAGE_SIZE")
