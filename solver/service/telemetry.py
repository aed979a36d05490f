"""What a server says of itself while it runs: a line for each call, and, where they are asked for, metrics and traces."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from solver.errors import InvalidRequest
from solver.service.call_log import CallLog
from solver.service.clusters.keeper import ClusterKeeper
from solver.service.gate import Ended, Gate, Watcher
from solver.service.options import ServerOptions
from solver.service.repeats import Repeats
from solver.service.workers import WorkerPool

if TYPE_CHECKING:
    from solver.service.metrics import Metrics
    from solver.service.traces import Traces

EXTRA = "install placement-solver[telemetry]"

_log = logging.getLogger(__name__)


class Telemetry:
    """Watches the gate.

    Raises
    ------
    InvalidRequest
        If something is asked for that is not installed, or if nobody can listen on the address of the metrics.
    """

    def __init__(
        self, options: ServerOptions, pool: WorkerPool, gate: Gate, keeper: ClusterKeeper, repeats: Repeats
    ) -> None:
        gate.watch(_Aside(CallLog()))
        self._metrics: Metrics | None = None
        self._traces: Traces | None = None
        if options.traces:
            self._traces = _traces()
            gate.watch(_Aside(self._traces))
        if options.metrics_address is not None:
            self._metrics = _metrics(pool, gate, keeper, repeats)
            gate.watch(_Aside(self._metrics))
            host, _, port = options.metrics_address.rpartition(":")
            taken = self._metrics.serve(host.removeprefix("[").removesuffix("]"), int(port))
            _log.info("metrics at http://%s:%d/metrics", host, taken)

    async def close(self) -> None:
        """Say what is left to say, and no more."""
        for each in (self._metrics, self._traces):
            if each is not None:
                await asyncio.to_thread(each.close)


class _Aside:
    """A watcher whose faults keep no answer back."""

    def __init__(self, watcher: Watcher) -> None:
        self._watcher = watcher

    async def ended(self, call: Ended) -> None:
        """Tell it."""
        try:
            await self._watcher.ended(call)
        except Exception:
            _log.exception("a call was answered and not recorded")


def _metrics(pool: WorkerPool, gate: Gate, keeper: ClusterKeeper, repeats: Repeats) -> Metrics:
    try:
        from solver.service.metrics import Metrics
    except ImportError:
        raise InvalidRequest.at("metrics_address", "needs prometheus-client, which is not here", EXTRA) from None
    return Metrics(pool, gate, keeper, repeats)


def _traces() -> Traces:
    try:
        from solver.service.traces import Traces, provider_of_environment
    except ImportError:
        raise InvalidRequest.at("traces", "need opentelemetry-sdk, which is not here", EXTRA) from None
    return Traces(provider_of_environment())
