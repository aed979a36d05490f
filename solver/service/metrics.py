"""What Prometheus reads: calls, waiting, workers, answers, clusters. Units stand in the names, and no label takes its values from
requests.

Needs ``prometheus-client``, which the extra ``telemetry`` brings.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from threading import Thread
from wsgiref.simple_server import WSGIServer

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from solver.errors import InvalidRequest
from solver.service.clusters.keeper import ClusterKeeper
from solver.service.gate import Ended, Gate
from solver.service.outline import ANSWERED_BY_PLANS, AT_ONCE, of_response
from solver.service.repeats import Repeats
from solver.service.workers import WorkerPool
from solver.v1 import plan_pb2

MOST_CALLERS = 100
"""Callers with a name in the labels; further ones are ``other``."""

PREFIX = "placement_solver_"
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)
GAPS = (0.0, 0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)


class Metrics:
    """Counts calls as they end, and looks at the server's parts when it is asked.

    Parameters
    ----------
    pool, gate, keeper, repeats
        What is looked at.
    """

    def __init__(self, pool: WorkerPool, gate: Gate, keeper: ClusterKeeper, repeats: Repeats) -> None:
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        registry.register(_Parts(pool, gate, keeper, repeats))
        self._calls = Counter(
            f"{PREFIX}calls", "Calls that ended.", ("method", "code", "reason", "caller"), registry=registry
        )
        self._seconds = _seconds("call_seconds", "From a call's coming to its answer.", registry)
        self._waited = _seconds("waited_seconds", "From a call's wish for a worker until it got one.", registry)
        self._solved = _seconds("solver_seconds", "The whole search, checks included, as the worker says.", registry)
        self._first = _seconds("first_plan_seconds", "Until the first checked plan of an answer.", registry)
        self._answers = Counter(
            f"{PREFIX}answers",
            "Answers, by what is known of them and why the search stopped.",
            ("method", "status", "stop"),
            registry=registry,
        )
        self._gaps = Histogram(
            f"{PREFIX}gap_at_deadline_ratio",
            "(value - bound) / value of answers whose time was up: of the first tier, and of the first that is not proven.",
            ("tier",),
            buckets=GAPS,
            registry=registry,
        )
        self._repeated = Counter(
            f"{PREFIX}repeated_calls", "Calls that got the answer of an earlier one.", ("method",), registry=registry
        )
        self._callers: set[str] = set()
        self._reading: set[asyncio.Task[None]] = set()
        self._server: tuple[WSGIServer, Thread] | None = None

    def serve(self, host: str, port: int) -> int:
        """Answer Prometheus, in a thread of its own, and say on which port.

        Raises
        ------
        InvalidRequest
            If nobody can listen there.
        """
        try:
            self._server = start_http_server(port, host, self.registry)
        except OSError:
            problem = f"nobody can listen on {host}:{port}"
            raise InvalidRequest.at("metrics_address", problem, "choose a free port of this computer") from None
        return self._server[0].server_port

    def close(self) -> None:
        """Answer no more."""
        if self._server is not None:
            server, thread = self._server
            server.shutdown()
            server.server_close()
            thread.join()

    async def ended(self, call: Ended) -> None:
        """Count a call."""
        method, course = call.call.method, call.call.course
        self._calls.labels(method, call.code, call.reason, self._caller(call.call.caller.name)).inc()
        self._seconds.labels(method).observe(call.seconds)
        waited = course.waited()
        if waited is not None:
            self._waited.labels(method).observe(waited)
        if course.repeated:
            self._repeated.labels(method).inc()
        elif call.response is not None and method in ANSWERED_BY_PLANS:
            # Not awaited where it takes long: the answer need not wait for it.
            reading = asyncio.ensure_future(self._read(method, call.response))
            self._reading.add(reading)
            reading.add_done_callback(self._reading.discard)
            if len(call.response) <= AT_ONCE:
                await reading

    async def _read(self, method: str, response: bytes) -> None:
        answer = await of_response(response, wrapped=ANSWERED_BY_PLANS[method])
        status = plan_pb2.Status.Name(answer.status).removeprefix("STATUS_").lower()
        stop = plan_pb2.StopReason.Name(answer.stop).removeprefix("STOP_REASON_").lower()
        self._answers.labels(method, status, stop).inc()
        if answer.HasField("timings"):
            self._solved.labels(method).observe(answer.timings.total_seconds)
            self._first.labels(method).observe(answer.timings.first_plan_seconds)
        if answer.stop == plan_pb2.STOP_REASON_TIME and answer.tiers:
            self._gaps.labels("first").observe(gap(answer.tiers[0]))
            still_open = next((tier for tier in answer.tiers if not tier.proven), None)
            if still_open is not None:
                self._gaps.labels("open").observe(gap(still_open))

    def _caller(self, name: str) -> str:
        if name not in self._callers and len(self._callers) >= MOST_CALLERS:
            return "other"
        self._callers.add(name)
        return name


def gap(tier: plan_pb2.Tier) -> float:
    """How far a tier's value may be from the best one, as a part of it; 0 where nothing is left to gain."""
    return (tier.value - tier.bound) / tier.value if tier.value > 0 else 0.0


class _Parts(Collector):
    """What is there at the moment when it is asked for; from a thread of its own, which only reads."""

    def __init__(self, pool: WorkerPool, gate: Gate, keeper: ClusterKeeper, repeats: Repeats) -> None:
        self._pool = pool
        self._gate = gate
        self._keeper = keeper
        self._repeats = repeats
        self._seen: dict[str, tuple[int, float]] = {}

    def collect(self) -> Iterator[Metric]:
        pool, queue, kept = self._pool, self._pool.queue, self._repeats
        yield _gauge("running_calls", "Calls that are here, those that wait included.", self._gate.running)
        yield _gauge("waiting_calls", "Calls that wait for a worker.", len(queue))
        yield _gauge("waiting_bytes", "Bytes of their requests.", queue.size)
        yield _gauge("workers_alive", "Processes that solve or are ready to.", pool.alive)
        yield _gauge("workers_busy", "Processes that have a call.", pool.busy)
        yield _gauge("kept_answers", "Answers that are kept for calls that are repeated.", len(kept))
        yield _gauge("kept_answers_bytes", "Their bytes.", kept.size)
        yield _counter("worker_restarts", "Processes that were replaced.", "cause", pool.restarts.copy())
        yield _counter(
            "refusals", "Calls that the queue refused, by what there was too much of.", "cause", queue.refused.copy()
        )
        versions, now = self._keeper.versions(), time.monotonic()
        # Since when a version is there is known to the interval in which Prometheus asks.
        self._seen = {
            name: self._seen[name] if self._seen.get(name, (0, 0))[0] == version else (version, now)
            for name, version in versions.items()
        }
        yield _gauge("clusters", "Clusters that are kept.", len(versions))
        ages = GaugeMetricFamily(
            f"{PREFIX}cluster_version_age_seconds",
            "Since the last change of a kept cluster, or since the first question: of the newest version and of the oldest.",
            labels=("of",),
        )
        if self._seen:
            moments = [moment for _, moment in self._seen.values()]
            ages.add_metric(("newest",), now - max(moments))
            ages.add_metric(("oldest",), now - min(moments))
        yield ages


def _seconds(name: str, said: str, registry: CollectorRegistry) -> Histogram:
    return Histogram(f"{PREFIX}{name}", said, ("method",), buckets=SECONDS, registry=registry)


def _gauge(name: str, said: str, value: float) -> Metric:
    return GaugeMetricFamily(f"{PREFIX}{name}", said, value)


def _counter(name: str, said: str, label: str, values: dict[str, int]) -> Metric:
    family = CounterMetricFamily(f"{PREFIX}{name}", said, labels=(label,))
    for value, count in values.items():
        family.add_metric((value,), count)
    return family
