"""Answers scenarios inside a worker of another engine, each in a process of its own.

A scenario that ends its process, or stalls, then costs neither the engine's worker nor what else runs there; and threads of one
worker answer side by side, since they only wait. What holds for processes of this computer holds there too: ``LocalExecutor``
retries, gives up, and says how a process ended.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from solver.api import versions
from solver.domain.request import Limits
from solver.errors import InvalidRequest
from solver.processes import let_have_children
from solver.whatif.answering import Batch
from solver.whatif.executor import ATTEMPTS
from solver.whatif.local import LocalExecutor, patience_seconds
from solver.whatif.row import Row
from solver.whatif.scenario import Scenario

POLL_SECONDS = 0.2
"""How long it takes at most until an answer that nobody waits for ends."""


class Unwanted(Exception):
    """Nobody waits for this answer any more."""


class Answerer:
    """Answers scenarios of one batch, called by as many threads as there are; its processes end with it.

    Parameters
    ----------
    wanted
        Versions by package, of whoever asks: rows of others would not be the same.
    """

    def __init__(self, batch: Batch, wanted: dict[str, str]) -> None:
        self._batch = batch
        self._wanted = wanted
        self._idle: list[LocalExecutor] = []
        self._lock = threading.Lock()
        self._differs = _difference(wanted)

    def __reduce__(self) -> tuple[type[Answerer], tuple[Batch, dict[str, str]]]:
        """What travels: processes do not."""
        return type(self), (self._batch, self._wanted)

    def __del__(self) -> None:
        for executor in getattr(self, "_idle", ()):
            executor.close()

    def row(self, scenario: Scenario, unwanted: Callable[[], bool] = lambda: False) -> Row:
        """The row of a scenario.

        Parameters
        ----------
        unwanted
            Asked now and then; once true, the answer is given up.

        Raises
        ------
        Unwanted
            If it was given up.
        InvalidRequest
            If the versions here are others.
        WorkerLost
            If no process can be started.
        """
        if self._differs:
            raise InvalidRequest.at("--executor", f"a worker has {self._differs}", "install the same versions there")
        with self._process() as executor:
            executor.submit(scenario)
            while True:
                for row in executor.completed(POLL_SECONDS):
                    return row
                if unwanted():
                    raise Unwanted

    @contextmanager
    def _process(self) -> Iterator[LocalExecutor]:
        """One that nobody else has meanwhile; it is kept for the next scenario, unless this one goes wrong."""
        with self._lock:
            executor = self._idle.pop() if self._idle else None
        if executor is None:
            let_have_children()
            executor = LocalExecutor(self._batch, 1)
        try:
            yield executor
        except BaseException:
            executor.close()
            raise
        with self._lock:
            self._idle.append(executor)


def longest_seconds(limits: Limits) -> float:
    """How long a scenario takes at most once a worker has it, all attempts together."""
    return ATTEMPTS * patience_seconds(limits)


def _difference(wanted: dict[str, str]) -> str:
    here = versions()
    return ", ".join(
        f"{name} {here.get(name, 'none')} (here {version})"
        for name, version in wanted.items()
        if here.get(name) != version
    )
