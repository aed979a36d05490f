"""A trace for each call: its wait for a worker, and what the worker did, as spans that continue the caller's trace.

The spans are made when the call has ended, from the moments of its ``Course``: nothing is carried along meanwhile. Where they
go is said by the environment, as OpenTelemetry specifies it (``OTEL_EXPORTER_OTLP_ENDPOINT``, ``OTEL_TRACES_SAMPLER``, ...).

Needs ``opentelemetry-sdk`` and its exporter, which the extra ``telemetry`` brings.
"""

from __future__ import annotations

import os
import time
from importlib import metadata
from threading import Thread

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter, SimpleSpanProcessor
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from solver.errors import InvalidRequest
from solver.service.gate import Ended, code_number
from solver.service.outline import ANSWERED_BY_PLANS, AT_ONCE, of_response

EXPORTER = "OTEL_TRACES_EXPORTER"
PROTOCOL = "OTEL_EXPORTER_OTLP_PROTOCOL"
FLUSH_SECONDS = 5.0
"""How long the last spans may take on their way when the server ends."""

_FAULTS = frozenset({"UNKNOWN", "DEADLINE_EXCEEDED", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS"})
"""The codes that are errors of a server, as OpenTelemetry's conventions for gRPC have it."""


def provider_of_environment() -> TracerProvider:
    """What sends spans where the environment says.

    Raises
    ------
    InvalidRequest
        If it names an exporter or a protocol that is not here.
    """
    named = os.environ.get("OTEL_SERVICE_NAME") or OTELResourceDetector().detect().attributes.get("service.name")
    attributes = {"service.version": metadata.version("placement-solver")}
    if not named:
        attributes["service.name"] = "placement-solver"
    provider = TracerProvider(resource=Resource.create(attributes), shutdown_on_exit=False)
    exporter = os.environ.get(EXPORTER, "otlp")
    if exporter == "otlp":
        protocol = os.environ.get("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL") or os.environ.get(PROTOCOL, "grpc")
        if protocol != "grpc":
            raise InvalidRequest.at(PROTOCOL, f"is '{protocol}'", "must be grpc")
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    elif exporter == "console":
        provider.add_span_processor(SimpleSpanProcessor(ConsoleSpanExporter()))
    elif exporter != "none":
        raise InvalidRequest.at(EXPORTER, f"is '{exporter}'", "must be otlp, console or none")
    return provider


class Traces:
    """Makes the spans of calls.

    Parameters
    ----------
    provider
        Where they go; closed by ``close``.
    """

    def __init__(self, provider: TracerProvider) -> None:
        self._provider = provider
        self._tracer = provider.get_tracer("solver.service", metadata.version("placement-solver"))
        self._propagator = TraceContextTextMapPropagator()

    def close(self) -> None:
        """Send what is left, for a few seconds at most."""
        closing = Thread(target=self._provider.shutdown, daemon=True)
        closing.start()
        closing.join(FLUSH_SECONDS)

    async def ended(self, call: Ended) -> None:
        """Make the spans of a call."""
        incoming, course = call.call, call.call.course
        clock = _Clock()
        carried = {key: value for key, value in incoming.context.invocation_metadata() or () if isinstance(value, str)}
        service, _, method = incoming.method.partition("/")
        attributes: dict[str, str | int | bool] = {
            "rpc.system": "grpc",
            "rpc.service": f"solver.v1.{service}",
            "rpc.method": method,
            "rpc.grpc.status_code": code_number(call.code),
            "placement_solver.request_id": course.request_id,
            "placement_solver.request_bytes": len(incoming.request),
            "placement_solver.repeated": course.repeated,
        }
        if call.reason:
            attributes["placement_solver.reason"] = call.reason
        end = incoming.arrived + call.seconds
        span = self._tracer.start_span(
            f"solver.v1.{incoming.method}",
            self._propagator.extract(carried),
            trace.SpanKind.SERVER,
            attributes,
            start_time=clock.at(incoming.arrived),
        )
        if span.is_recording():
            within = trace.set_span_in_context(span)
            if course.queued is not None:
                self._part("wait", within, clock, course.queued, course.began or end)
            if course.began is not None:
                await self._worker(call, within, clock, course.began, course.done or end)
            if call.code in _FAULTS:
                span.set_status(trace.StatusCode.ERROR, call.reason or call.code)
        span.end(clock.at(end))

    async def _worker(self, call: Ended, within: Context, clock: _Clock, began: float, done: float) -> None:
        course = call.call.course
        attributes = {"placement_solver.worker": course.worker, "placement_solver.call": course.number}
        worker = self._tracer.start_span("worker", within, attributes=attributes, start_time=clock.at(began))
        inside = trace.set_span_in_context(worker)
        if course.read is not None:
            self._part("read", inside, clock, began, course.read)
            solved, first = await _timings(call)
            written = done if solved is None else min(course.read + solved, done)
            self._part("solve", inside, clock, course.read, written, None if first is None else course.read + first)
            if solved is not None:
                self._part("write", inside, clock, written, done)
        worker.end(clock.at(done))

    def _part(
        self, name: str, within: Context, clock: _Clock, start: float, end: float, first_plan: float | None = None
    ) -> None:
        span = self._tracer.start_span(name, within, start_time=clock.at(start))
        if first_plan is not None:
            span.add_event("first plan", timestamp=clock.at(first_plan))
        span.end(clock.at(end))


class _Clock:
    """Moments of ``time.monotonic`` as nanoseconds since 1970."""

    def __init__(self) -> None:
        self._ahead = time.time_ns() - time.monotonic_ns()

    def at(self, moment: float) -> int:
        return int(moment * 1e9) + self._ahead


async def _timings(call: Ended) -> tuple[float | None, float | None]:
    """Seconds of the whole search, and until its first plan, as the worker says; None where it does not."""
    method = call.call.method
    if call.response is None or method not in ANSWERED_BY_PLANS or len(call.response) > AT_ONCE:
        return None, None
    outline = await of_response(call.response, wrapped=ANSWERED_BY_PLANS[method])
    if not outline.HasField("timings"):
        return None, None
    return outline.timings.total_seconds, outline.timings.first_plan_seconds
