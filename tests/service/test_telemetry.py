"""What a server says of itself: metrics, logs and traces."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import grpc
import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from solver.errors import InvalidRequest, Overloaded, PlacementSolverError
from solver.service.call_log import fields_of
from solver.service.client import Client
from solver.service.course import Course
from solver.service.gate import Caller, Context, Ended, Incoming
from solver.service.logs import SAID, Form, Level, LogOptions, logging_to
from solver.service.metrics import MOST_CALLERS, Metrics, gap
from solver.service.options import ServerOptions
from solver.service.repeats import RepeatLimits, Repeats
from solver.service.sizes import SizeLimits
from solver.service.status import to_status
from solver.service.telemetry import _Aside
from solver.service.traces import Traces, provider_of_environment
from solver.service.workers import WorkerPool
from solver.v1 import placement_service_pb2 as wire
from solver.v1 import plan_pb2
from tests.service import problems
from tests.service.running import SCRIPT, fake
from tests.service.test_server import PLACE, labelled


@dataclass
class FakeContext:
    """What gRPC says of a call."""

    metadata: tuple[tuple[str, str], ...] = ()

    def peer(self) -> str:
        return "ipv4:10.0.0.1:4711"

    def invocation_metadata(self) -> tuple[tuple[str, str], ...]:
        return self.metadata


def ended(
    response: wire.PlaceResponse | None = None,
    error: PlacementSolverError | None = None,
    *,
    method: str = "PlacementService/Place",
    caller: str = "",
    course: Course | None = None,
    metadata: tuple[tuple[str, str], ...] = (),
) -> Ended:
    """A call of 2 s that began at 100."""
    payload = None if response is None else response.SerializeToString()
    if payload is not None and method.endswith("Drain"):
        payload = wire.DrainResponse(response=response).SerializeToString()
    context = cast(Context, FakeContext(metadata))
    call = Incoming(method, b"secret request", context, Caller(caller), 100.0, course or Course(request_id="id"))
    return Ended(call, 2.0, payload, None if error is None else to_status(error))


class Kept:
    """Clusters that are kept."""

    def __init__(self) -> None:
        self.found = {"a": 1}

    def versions(self) -> dict[str, int]:
        return dict(self.found)


class Open:
    """A gate that nobody is in."""

    running = 0


@pytest.fixture
def metrics() -> Metrics:
    pool = WorkerPool(2, SizeLimits())
    pool.restarts["deadline"] = 3
    return Metrics(pool, cast(Any, Open()), cast(Any, Kept()), Repeats(RepeatLimits()))


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    """One sample."""
    return metrics.registry.get_sample_value(f"placement_solver_{name}", labels)


def tell(watcher: Any, *calls: Ended) -> None:
    """Tell a watcher of calls."""

    async def told() -> None:
        for call in calls:
            await watcher.ended(call)

    asyncio.run(told())


def test_calls_are_counted_by_how_they_ended(metrics: Metrics) -> None:
    """By method, code, reason and caller: answers, errors, and callers who went."""
    tell(metrics, ended(wire.PlaceResponse(), caller="c"), ended(error=Overloaded("o")), ended())
    of = {"method": "PlacementService/Place"}
    assert value(metrics, "calls_total", **of, code="OK", reason="", caller="c") == 1
    assert value(metrics, "calls_total", **of, code="RESOURCE_EXHAUSTED", reason="OVERLOADED", caller="") == 1
    assert value(metrics, "calls_total", **of, code="CANCELLED", reason="", caller="") == 1
    assert value(metrics, "call_seconds_sum", **of) == 6
    assert value(metrics, "waited_seconds_count", **of) is None


@pytest.mark.parametrize("method", ["PlacementService/Place", "PlacementService/Drain"])
def test_answers_say_status_time_and_gap(metrics: Metrics, method: str) -> None:
    """Status, stop, the solver's seconds; where the time was up the gap of the first tier and of the first open one."""
    answer = wire.PlaceResponse(status=plan_pb2.STATUS_FEASIBLE, stop=plan_pb2.STOP_REASON_TIME)
    answer.timings.total_seconds, answer.timings.first_plan_seconds = 1.5, 0.25
    answer.tiers.add(value=0, bound=0, proven=True)
    answer.tiers.add(value=200, bound=150)
    proved = wire.PlaceResponse(status=plan_pb2.STATUS_OPTIMAL, stop=plan_pb2.STOP_REASON_PROVED)
    proved.tiers.add(value=10, bound=10, proven=True)
    tell(metrics, ended(answer, method=method), ended(proved, method=method))
    assert value(metrics, "answers_total", method=method, status="feasible", stop="time") == 1
    assert value(metrics, "answers_total", method=method, status="optimal", stop="proved") == 1
    assert value(metrics, "solver_seconds_sum", method=method) == 1.5
    assert value(metrics, "first_plan_seconds_sum", method=method) == 0.25
    assert value(metrics, "gap_at_deadline_ratio_count", tier="first") == 1
    assert value(metrics, "gap_at_deadline_ratio_bucket", tier="first", le="0.0") == 1
    assert value(metrics, "gap_at_deadline_ratio_sum", tier="open") == 0.25


def test_a_repeated_answer_is_not_counted_again(metrics: Metrics) -> None:
    """As a call it is, as an answer it is not."""
    course = Course(repeated=True)
    tell(metrics, ended(wire.PlaceResponse(status=plan_pb2.STATUS_OPTIMAL), course=course))
    assert value(metrics, "repeated_calls_total", method="PlacementService/Place") == 1
    assert (
        value(metrics, "answers_total", method="PlacementService/Place", status="optimal", stop="unspecified") is None
    )


def test_a_gap_of_nothing_is_none() -> None:
    """A tier that costs nothing cannot be better."""
    assert gap(plan_pb2.Tier(value=0, bound=0)) == 0
    assert gap(plan_pb2.Tier(value=4, bound=3)) == 0.25


def test_callers_do_not_make_ever_new_labels(metrics: Metrics) -> None:
    """After so many names the rest is one."""
    tell(metrics, *(ended(wire.PlaceResponse(), caller=f"c{k}") for k in range(MOST_CALLERS + 5)))
    of = {"method": "PlacementService/Place", "code": "OK", "reason": ""}
    assert value(metrics, "calls_total", **of, caller="other") == 5
    assert value(metrics, "calls_total", **of, caller="c0") == 1


def test_the_servers_parts_are_looked_at_when_asked(metrics: Metrics) -> None:
    """Workers, restarts, clusters, and for how long their versions have been there."""
    assert value(metrics, "workers_alive") == 0
    assert value(metrics, "waiting_calls") == 0
    assert value(metrics, "worker_restarts_total", cause="deadline") == 3
    assert value(metrics, "clusters") == 1
    first = value(metrics, "cluster_version_age_seconds", of="oldest")
    time.sleep(0.01)
    later = value(metrics, "cluster_version_age_seconds", of="oldest")
    assert first is not None
    assert later is not None
    assert later > first


def test_every_unit_is_in_the_name(metrics: Metrics) -> None:
    """Seconds, bytes, ratios and totals; what is left counts things by their name."""
    tell(metrics, ended(wire.PlaceResponse()))
    names = {family.name for family in metrics.registry.collect() if family.name.startswith("placement_solver_")}
    things = {"running_calls", "waiting_calls", "workers_alive", "workers_busy", "kept_answers", "clusters"}
    counted = {"calls", "answers", "worker_restarts", "refusals", "repeated_calls"}  # Their samples end in _total.
    rest = {name.removeprefix("placement_solver_") for name in names} - things - counted
    assert rest
    assert all(re.search(r"_(seconds|bytes|ratio)$", name) for name in rest)


def test_what_cannot_be_recorded_is_answered(caplog: pytest.LogCaptureFixture) -> None:
    """A fault of who watches keeps no answer back: it stands in the log."""

    class Faulty:
        async def ended(self, call: Ended) -> None:
            raise ZeroDivisionError

    tell(_Aside(Faulty()), ended(wire.PlaceResponse()))
    assert "a call was answered and not recorded" in caplog.text


# Logs.


def lines_of(options: LogOptions, write: Any) -> list[str]:
    """What is written meanwhile."""
    stream = io.StringIO()
    with logging_to(options, stream):
        write()
    return stream.getvalue().splitlines()


def test_a_record_is_an_object_a_line() -> None:
    """With the time in UTC, and the fields of the record."""
    logger = logging.getLogger("solver.test")
    (line,) = lines_of(LogOptions(), lambda: logger.info("a\nb %d", 3, extra={SAID: {"request_id": "é\n"}}))
    said = json.loads(line)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", said.pop("time"))
    assert said == {
        "level": "info",
        "logger": "solver.test",
        "message": "a\nb 3",
        "process": os.getpid(),
        "request_id": "é\n",
    }


def test_people_read_one_line_too() -> None:
    """Whatever a field holds, a record is one line."""
    logger = logging.getLogger("solver.test")
    said = {"plain": "word", "spaced": "two words", "broken": "a\nb", "number": 3, "nothing": ""}
    (line,) = lines_of(LogOptions(form=Form.TEXT), lambda: logger.warning("what", extra={SAID: said}))
    assert re.search(r"Z warning solver\.test: what process=\d+ plain=word", line)
    assert line.endswith(r'spaced="two words" broken="a\nb" number=3 nothing=""')


@pytest.mark.parametrize(("level", "count"), [(Level.DEBUG, 3), (Level.INFO, 2), (Level.WARNING, 1), (Level.ERROR, 0)])
def test_the_level_is_an_option(level: Level, count: int) -> None:
    """What is below it is not written."""
    logger = logging.getLogger("solver.test")

    def write() -> None:
        logger.debug("d")
        logger.info("i")
        logger.warning("w")

    assert len(lines_of(LogOptions(level=level), write)) == count


@pytest.mark.parametrize(("level", "told"), [(Level.INFO, False), (Level.DEBUG, True)])
def test_the_message_of_an_exception_is_for_debugging(level: Level, told: bool) -> None:
    """It may repeat a part of a request; types and places are always said."""

    def fail() -> None:
        try:
            try:
                raise KeyError("group secret")
            except KeyError as error:
                raise ZeroDivisionError("of secret") from error
        except ZeroDivisionError:
            logging.getLogger("solver.test").exception("failed")

    (line,) = lines_of(LogOptions(level=level), fail)
    said = json.loads(line)["exception"]
    assert said[0].startswith("builtins.ZeroDivisionError")
    assert any(each.startswith("builtins.KeyError") for each in said)
    assert f"{Path(__file__)}:" in said[1]
    assert ("secret" in line) is told


# Traces.


def spans_of(*calls: Ended) -> list[ReadableSpan]:
    """The spans of calls, in the order in which they ended."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    traces = Traces(provider)
    tell(traces, *calls)
    traces.close()
    return list(exporter.get_finished_spans())


def test_a_call_is_a_tree_of_spans() -> None:
    """The wait, and the worker's reading, solving and writing, each with its moments."""
    answer = wire.PlaceResponse()
    answer.timings.total_seconds, answer.timings.first_plan_seconds = 0.75, 0.25
    course = Course(queued=100.125, began=100.5, read=100.75, done=101.75, number=7, worker=4, request_id="id")
    spans = {span.name: span for span in spans_of(ended(answer, course=course))}
    root = spans["solver.v1.PlacementService/Place"]
    assert root.start_time is not None

    def times(name: str) -> tuple[float, float]:
        span = spans[name]
        return tuple(round((moment - root.start_time) / 1e9, 3) for moment in (span.start_time, span.end_time))

    assert {name: times(name) for name in spans} == {
        "solver.v1.PlacementService/Place": (0, 2),
        "wait": (0.125, 0.5),
        "worker": (0.5, 1.75),
        "read": (0.5, 0.75),
        "solve": (0.75, 1.5),
        "write": (1.5, 1.75),
    }
    parents = {name: span.parent.span_id if span.parent else None for name, span in spans.items()}
    assert parents["wait"] == parents["worker"] == root.context.span_id
    assert parents["read"] == parents["solve"] == parents["write"] == spans["worker"].context.span_id
    (event,) = spans["solve"].events
    assert (event.name, round((event.timestamp - root.start_time) / 1e9, 3)) == ("first plan", 1.0)
    assert dict(root.attributes or {}) == {
        "rpc.system": "grpc",
        "rpc.service": "solver.v1.PlacementService",
        "rpc.method": "Place",
        "rpc.grpc.status_code": 0,
        "placement_solver.request_id": "id",
        "placement_solver.request_bytes": 14,
        "placement_solver.repeated": False,
    }


def test_the_callers_trace_goes_on() -> None:
    """The span belongs to the trace of the traceparent, under its span; without one a trace begins."""
    carried = (("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),)
    with_it, without = spans_of(ended(wire.PlaceResponse(), metadata=carried), ended(wire.PlaceResponse()))
    assert f"{with_it.context.trace_id:032x}" == "0af7651916cd43dd8448eb211c80319c"
    assert with_it.parent is not None
    assert f"{with_it.parent.span_id:016x}" == "b7ad6b7169203331"
    assert without.parent is None


def test_a_caller_who_does_not_trace_is_not_traced() -> None:
    """The flag of the traceparent says so."""
    carried = (("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"),)
    assert spans_of(ended(wire.PlaceResponse(), metadata=carried, course=Course(queued=100.0))) == []


def test_errors_of_the_server_are_errors_of_the_span() -> None:
    """What the caller did wrong is none."""
    wrong, full, lost = spans_of(
        ended(error=InvalidRequest.at("a", "b", "c")),
        ended(error=Overloaded("o")),
        ended(error=PlacementSolverError("p")),
    )
    assert [span.status.is_unset for span in (wrong, full, lost)] == [True, True, False]
    assert (wrong.attributes or {})["placement_solver.reason"] == "INVALID_REQUEST"


@pytest.mark.parametrize(
    ("name", "said"), [("OTEL_TRACES_EXPORTER", "carrier pigeon"), ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf")]
)
def test_an_exporter_that_is_not_here_is_refused(monkeypatch: pytest.MonkeyPatch, name: str, said: str) -> None:
    """With the name of the variable."""
    monkeypatch.setenv(name, said)
    with pytest.raises(InvalidRequest, match=f"^{name}: is '{said}'; must be"):
        provider_of_environment()


def test_a_service_is_named_by_its_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else it is placement-solver."""
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "none")
    assert provider_of_environment().resource.attributes["service.name"] == "placement-solver"
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "service.name=mine")
    assert provider_of_environment().resource.attributes["service.name"] == "mine"


# All together, in a server.


@dataclass
class Watched:
    """A server and what it writes to standard error."""

    process: subprocess.Popen[str]
    address: str
    log: Path

    def records(self) -> list[dict[str, Any]]:
        """What it has logged."""
        return [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]

    def calls(self, count: int) -> list[dict[str, Any]]:
        """Its lines of calls, so many at least."""
        until = time.monotonic() + 10
        while True:
            found = [record for record in self.records() if record["message"] == "call"]
            if len(found) >= count or time.monotonic() > until:
                return found
            time.sleep(0.02)


@contextmanager
def watched(log: Path, options: str, **environment: str) -> Iterator[Watched]:
    """A server whose standard error goes to a file."""
    root = Path(__file__).resolve().parents[2]
    command = [sys.executable, "-c", SCRIPT.format(arguments=options)]
    environ = {**os.environ, **environment}
    with (
        log.open("w") as stderr,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=stderr, text=True, cwd=root, env=environ) as process,
    ):
        assert process.stdout is not None
        try:
            yield Watched(process, process.stdout.readline().strip(), log)
        finally:
            process.terminate()
            process.wait(30)


def test_a_server_is_watched(tmp_path: Path) -> None:
    """One line a call in the log, the call's numbers at Prometheus, its spans at the exporter; nothing says what was asked."""
    options = fake(more="metrics_address='127.0.0.1:0', traces=True")
    with watched(tmp_path / "log", options, OTEL_TRACES_EXPORTER="console") as running:
        with Client(running.address) as client:
            client.place(problems.small(), label="takes 0.1", request_id="first")
        with grpc.insecure_channel(running.address) as channel, pytest.raises(grpc.RpcError):
            channel.unary_unary(PLACE)(labelled("fails"), metadata=(("x-request-id", "second"),))
        with grpc.insecure_channel(running.address) as channel, pytest.raises(grpc.RpcError):
            channel.unary_unary(PLACE)(labelled("ends"))
        first, second, third = running.calls(3)
        (where,) = re.findall(r"http://127\.0\.0\.1:\d+/metrics", running.log.read_text())
        with urllib.request.urlopen(where, timeout=10) as response:
            text = response.read().decode()
        running.process.send_signal(signal.SIGTERM)
        assert running.process.wait(30) == 0
        assert running.process.stdout is not None
        spans = running.process.stdout.read()
        records = running.records()
    assert (first["request_id"], first["method"], first["code"]) == ("first", "PlacementService/Place", "OK")
    assert first["seconds"] > 0.1 > first["waited_seconds"]
    assert (second["request_id"], second["code"], second["reason"], second["level"]) == (
        "second",
        "INTERNAL",
        "INTERNAL",
        "error",
    )
    assert (third["code"], third["reason"], third["level"]) == ("UNAVAILABLE", "WORKER_LOST", "warning")
    (fault,) = (record for record in records if "exception" in record)
    assert (fault["message"], fault["process"]) == (f"call {second['call']} failed", second["worker"])
    assert fault["exception"][0] == "builtins.ZeroDivisionError"
    assert 'placement_solver_calls_total{caller="",code="OK",method="PlacementService/Place",reason=""} 1.0' in text
    assert 'placement_solver_worker_restarts_total{cause="ended"} 1.0' in text
    assert "placement_solver_waited_seconds_count" in text
    assert "process_resident_memory_bytes" in text
    assert spans.count('"name": "solver.v1.PlacementService/Place"') == 3
    everything = running.log.read_text() + text + spans
    assert "secret" not in everything
    assert "takes 0.1" not in everything
    assert problems.small().groups[0].name not in everything


def test_metrics_are_for_this_computer() -> None:
    """As calls without encryption are, unless the options allow more; and a port must be free."""
    with pytest.raises(InvalidRequest, match="^metrics_address: 0.0.0.0:1 is open to other computers"):
        ServerOptions(metrics_address="0.0.0.0:1")
    with pytest.raises(InvalidRequest, match="^metrics_address: is 'unix:/x'; must be host:port"):
        ServerOptions(metrics_address="unix:/x")
    with pytest.raises(InvalidRequest, match="^metrics_address: is 'x'; must be host:port"):
        ServerOptions(metrics_address="x")
    assert ServerOptions(metrics_address="0.0.0.0:1", allow_remote_plaintext=True).metrics_address == "0.0.0.0:1"


def test_a_port_that_is_taken_is_refused(metrics: Metrics) -> None:
    """Another server of metrics has it."""
    port = metrics.serve("127.0.0.1", 0)
    try:
        other = Metrics(WorkerPool(1, SizeLimits()), cast(Any, Open()), cast(Any, Kept()), Repeats(RepeatLimits()))
        with pytest.raises(InvalidRequest, match="nobody can listen on 127.0.0.1"):
            other.serve("127.0.0.1", port)
    finally:
        metrics.close()


@pytest.mark.parametrize(
    ("option", "package", "message"),
    [
        ("metrics_address='127.0.0.1:0'", "prometheus_client", "metrics_address: needs prometheus-client"),
        ("traces=True", "opentelemetry", "traces: need opentelemetry-sdk"),
    ],
)
def test_without_the_extra_the_server_says_what_is_missing(option: str, package: str, message: str) -> None:
    """Where a package is not installed: an error with the way to get it; a server that is not asked for it runs."""
    code = f"import sys; sys.modules[{package!r}] = None\n" + SCRIPT.format(arguments=fake(more=option))
    root = Path(__file__).resolve().parents[2]
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=root, timeout=60)
    assert found.returncode != 0
    assert f"{message}, which is not here; install placement-solver[telemetry]" in found.stderr


def test_a_server_that_is_asked_for_neither_loads_neither() -> None:
    """They are an extra."""
    code = """
import os, signal, sys
from solver.service.server import ServerOptions, serve
def ready(address):
    print([name for name in ('prometheus_client', 'opentelemetry') if name in sys.modules], flush=True)
    os.kill(os.getpid(), signal.SIGTERM)
serve(ServerOptions('127.0.0.1:0', 1, api='tests.service.fake_api'), on_ready=ready)
"""
    root = Path(__file__).resolve().parents[2]
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=root, timeout=60)
    assert found.stdout.strip() == "[]"


def test_what_does_not_apply_to_a_call_is_left_out() -> None:
    """A call that never asked for a worker says nothing of one."""
    said = fields_of(ended(error=InvalidRequest.at("a", "b", "c")))
    assert {"worker", "call", "waited_seconds", "response_bytes", "caller", "repeated"}.isdisjoint(said)
    assert (said["code"], said["reason"], said["peer"]) == ("INVALID_ARGUMENT", "INVALID_REQUEST", "ipv4:10.0.0.1:4711")


def test_every_metric_is_in_the_documentation(metrics: Metrics, root: Path) -> None:
    """And nothing else stands in its table."""
    tell(metrics, ended(wire.PlaceResponse()))
    samples = {
        family.name.removeprefix("placement_solver_") + ("_total" if family.type == "counter" else "")
        for family in metrics.registry.collect()
        if family.name.startswith("placement_solver_")
    }
    table = (root / "docs" / "service.md").read_text(encoding="utf-8").partition("| metric |")[2].partition("\n\n")[0]
    said = {name for line in table.splitlines() for name in re.findall(r"`(\w+)`", line.split("|")[1])}
    assert said == samples
