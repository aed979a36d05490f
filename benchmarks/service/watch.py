"""A server watched from outside while it is under load: what its processes take, and how fast it says that it is well."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from types import TracebackType

import grpc.aio

from benchmarks.service import figures
from benchmarks.service.calls import Outcome, Told, channel
from benchmarks.service.child import Child, Sample

SAMPLE_SECONDS, PROBE_SECONDS, BEAT_SECONDS = 1.0, 0.1, 0.05
"""Between two samples, two probes, and two looks at how late this side itself is."""


class Watch:
    """Samples and probes a server as long as the context lasts.

    Parameters
    ----------
    probe
        Asked over a connection of its own; what takes long is the server, or this side: compare ``delays``.

    Attributes
    ----------
    samples
        With the seconds since the start.
    probed
        Seconds of each probe that was answered.
    failed
        Probes that were not answered well.
    delays
        Seconds by which this side's own timers were late.
    """

    def __init__(self, child: Child, probe: Callable[[grpc.aio.Channel], Awaitable[Told]]) -> None:
        self._child = child
        self._probe = probe
        self._tasks: list[asyncio.Task[None]] = []
        self.samples: list[tuple[float, Sample]] = []
        self.probed: list[float] = []
        self.delays: list[float] = []
        self.failed = 0

    async def __aenter__(self) -> Watch:
        self._tasks = [asyncio.create_task(one()) for one in (self._sampling, self._probing, self._beating)]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with suppress(asyncio.CancelledError):
                await task

    async def _sampling(self) -> None:
        begun = time.monotonic()
        while True:
            self.samples.append((time.monotonic() - begun, self._child.sample()))
            await asyncio.sleep(SAMPLE_SECONDS)

    async def _probing(self) -> None:
        async with channel(self._child.address) as connection:
            while True:
                told = await self._probe(connection)
                if told.outcome is Outcome.RIGHT:
                    self.probed.append(told.seconds)
                else:
                    self.failed += 1
                await asyncio.sleep(PROBE_SECONDS)

    async def _beating(self) -> None:
        while True:
            due = time.monotonic() + BEAT_SECONDS
            await asyncio.sleep(BEAT_SECONDS)
            self.delays.append(time.monotonic() - due)

    @staticmethod
    def rows(samples: Sequence[tuple[float, Sample]]) -> list[dict[str, object]]:
        """Samples as the rows of a file, few enough for one."""
        rows: list[dict[str, object]] = [
            {
                "seconds": round(at, 1),
                "MiB": round(one.rss / 2**20, 1),
                "descriptors": one.descriptors,
                "processes": one.processes,
            }
            for at, one in samples
        ]
        return [dict(row) for row in figures.thinned(rows)]


def drift(samples: Sequence[tuple[float, Sample]]) -> float:
    """By what share memory has grown: the median of the last quarter against that of the second, after the start."""
    quarter = max(1, len(samples) // 4)
    memory = [one.rss for _, one in samples]
    before = memory[quarter : 2 * quarter] or memory
    return statistics.median(memory[-quarter:]) / statistics.median(before) - 1
