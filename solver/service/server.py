"""The gRPC server's front: it admits calls, hands their bytes to workers, and never loads the engines."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import grpc
import grpc.aio
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from solver.errors import InvalidRequest
from solver.service import placement
from solver.service.analysis import servicer as analysis
from solver.service.analysis.methods import OPERATIONS
from solver.service.analysis.operations import Analyses
from solver.service.analysis.servicer import AnalysisServicer
from solver.service.audit.recorder import Recorder
from solver.service.audit.store import AuditStore
from solver.service.callers.doorkeeper import Doorkeeper
from solver.service.callers.tls import Encryption
from solver.service.callers.watching import Watching
from solver.service.clusters import servicer as clusters
from solver.service.clusters.keeper import ClusterKeeper
from solver.service.clusters.servicer import ClusterServicer
from solver.service.clusters.store import Store
from solver.service.gate import Answer, Gate, OpenDoor, StreamedAnswer
from solver.service.logs import logging_to
from solver.service.options import ServerOptions
from solver.service.placement import PlacementServicer
from solver.service.repeats import Repeats
from solver.service.sizes import SizeLimits
from solver.service.telemetry import Telemetry
from solver.service.workers import WorkerPool

ANSWERED = ("", placement.SERVICE, clusters.SERVICE, analysis.SERVICE)
"""The names under which health is asked for."""

STOP_SECONDS = 1.0
"""How long answers may be on their way when the last call has ended, and who watches health is told."""

SWITCH_SECONDS = 0.0005
"""For which a thread keeps the interpreter where another wants it. A call passes from thread to thread some ten times until it is
answered, and each time may wait so long for one that reads a large message; Python's own 5 ms make 50 of them."""

_log = logging.getLogger(__name__)


def serve(options: ServerOptions | None = None, *, on_ready: Callable[[str], None] = lambda address: None) -> None:
    """Serve until SIGTERM or SIGINT; then finish what runs.

    Parameters
    ----------
    options
        How the server is set up; the defaults of ``ServerOptions`` where left out.
    on_ready
        Told the address, with the port that was taken, once calls are answered.

    Raises
    ------
    InvalidRequest
        If nobody can listen on the address; if the state is of another version; if the certificate or the callers cannot be
        read; or if metrics or traces are asked for and what they need is not installed.
    StoreFailed
        If the state cannot be read, or the audit cannot be written or is another server's.
    WorkerLost
        If the workers cannot start.
    """
    options = options or ServerOptions()
    with logging_to(options.logs), _switching_soon():
        asyncio.run(_serve(options, on_ready))


@contextmanager
def _switching_soon() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_SECONDS)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


async def _serve(options: ServerOptions, on_ready: Callable[[str], None]) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    encryption = _encryption(options)
    door = None if options.callers is None else Doorkeeper(Path(options.callers))
    recorder = None if options.audit is None else Recorder(AuditStore(Path(options.audit)))
    readers = [reader for reader in (encryption, door) if reader is not None]
    watching = Watching(readers)
    if readers:
        loop.add_signal_handler(signal.SIGHUP, watching.told)
    pool = WorkerPool(options.workers, options.sizes, api=options.api, limits=options.queue, logs=options.logs)
    keeper = ClusterKeeper(Store(options.state), sizes=options.sizes)
    analyses = Analyses(options.analysis)
    gate, repeats, telemetry = _gate(door, recorder), Repeats(options.repeats), None
    try:
        telemetry = Telemetry(options, pool, gate, keeper, repeats)
        # First the workers, and with them the process that they are forked from: forking one with threads is unsafe.
        starting = loop.create_task(pool.start())
        await asyncio.wait((starting, loop.create_task(stop.wait())), return_when=asyncio.FIRST_COMPLETED)
        if stop.is_set():
            starting.cancel()
            return
        await starting
        server = grpc.aio.server(options=_channel_options(options.sizes))
        checks = health.aio.HealthServicer()
        answers, streams = _answers(pool, keeper, analyses, repeats, options)
        await _register(server, checks, answers, streams, gate, reflects=door is None or door.reflection)
        address = _listen(server, options.address, None if encryption is None else encryption.credentials())
        if options.token_address is not None and encryption is not None:
            unproved = encryption.credentials(certificates=False)
            _log.info("callers with a token: %s", _listen(server, options.token_address, unproved, "token_address"))
        changes = _Health(checks)
        pool.on_change = changes.told
        await server.start()
        keeper.start()
        watching.start()
        if recorder is not None:
            recorder.start()
        changes.told(options.workers)
        on_ready(address)
        await stop.wait()
        _log.info("stopping: calls that run may go on for %.0f s", options.drain_seconds)
        await checks.enter_graceful_shutdown()
        keeper.placements.end()
        pool.drain()
        await analyses.close()
        # While calls go on those that come are told to go elsewhere, and health is answered.
        await gate.close(options.drain_seconds)
        await server.stop(STOP_SECONDS)
    finally:
        await watching.close()
        await analyses.close()
        await pool.close()
        await keeper.close()
        if recorder is not None:
            await recorder.close()
        if telemetry is not None:
            await telemetry.close()


def _gate(door: Doorkeeper | None, recorder: Recorder | None) -> Gate:
    if recorder is None:
        return Gate(door)
    return Gate(recorder.guarding(door or OpenDoor()), [recorder])


Answers = Mapping[str, Mapping[str, Answer]]
Streams = Mapping[str, Mapping[str, StreamedAnswer]]


def _answers(
    pool: WorkerPool, keeper: ClusterKeeper, analyses: Analyses, repeats: Repeats, options: ServerOptions
) -> tuple[Answers, Streams]:
    """What answers each method of each service: with one response, with several."""
    placing = PlacementServicer(pool, keeper, repeats, options)
    keeping = ClusterServicer(keeper, options.sizes, placing.validate)
    asking = AnalysisServicer(analyses, keeper, options)
    answers = {
        placement.SERVICE: placing.calls(),
        clusters.SERVICE: keeping.calls(),
        analysis.SERVICE: asking.calls(),
        OPERATIONS: asking.operations(),
    }
    streams = {
        placement.SERVICE: placing.streams(),
        clusters.SERVICE: keeping.streams(),
        analysis.SERVICE: asking.streams(),
        OPERATIONS: {},
    }
    return answers, streams


async def _register(
    server: grpc.aio.Server,
    checks: health.aio.HealthServicer,
    answers: Answers,
    streams: Streams,
    gate: Gate,
    *,
    reflects: bool,
) -> None:
    for service, calls in answers.items():
        name = service.rpartition(".")[2]
        methods = {method: gate.unary(f"{name}/{method}", answer) for method, answer in calls.items()}
        for method, answer in streams[service].items():
            methods[method] = gate.streamed(f"{name}/{method}", answer)
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, methods),))
    health_pb2_grpc.add_HealthServicer_to_server(checks, server)
    names = (
        *answers,
        health_pb2.DESCRIPTOR.services_by_name["Health"].full_name,
        reflection.SERVICE_NAME,
    )
    if reflects:
        reflection.enable_server_reflection(names, server)
    for name in ANSWERED:
        await checks.set(name, health_pb2.HealthCheckResponse.NOT_SERVING)


def _encryption(options: ServerOptions) -> Encryption | None:
    if options.tls_cert is None or options.tls_key is None:
        return None
    client_ca = None if options.client_ca is None else Path(options.client_ca)
    return Encryption(Path(options.tls_cert), Path(options.tls_key), client_ca)


def _listen(
    server: grpc.aio.Server, address: str, credentials: grpc.ServerCredentials | None, path: str = "address"
) -> str:
    try:
        port = _port(server, address, credentials)
    except RuntimeError:
        port = 0
    if not port:
        raise InvalidRequest.at(path, f"nobody can listen on {address}", "choose a free port of this computer")
    return address if address.startswith("unix:") else f"{address.rpartition(':')[0]}:{port}"


def _port(server: grpc.aio.Server, address: str, credentials: grpc.ServerCredentials | None) -> int:
    if credentials is None:
        return server.add_insecure_port(address)
    return server.add_secure_port(address, credentials)


def _channel_options(sizes: SizeLimits) -> list[tuple[str, int]]:
    return [
        ("grpc.max_receive_message_length", sizes.message_bytes),
        ("grpc.max_send_message_length", -1),
        # Two servers on one port would share its calls in silence.
        ("grpc.so_reuseport", 0),
        # Clients that ping every ten seconds keep their connection.
        ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
        ("grpc.http2.min_recv_ping_interval_without_data_ms", 10_000),
        ("grpc.keepalive_permit_without_calls", 1),
    ]


class _Health:
    """Keeps the health service up to date: SERVING while a worker is alive."""

    def __init__(self, checks: health.aio.HealthServicer) -> None:
        self._checks = checks
        self._tasks: set[asyncio.Task[None]] = set()

    def told(self, alive: int) -> None:
        states = health_pb2.HealthCheckResponse
        state = states.SERVING if alive else states.NOT_SERVING
        for name in ANSWERED:
            task = asyncio.get_running_loop().create_task(self._checks.set(name, state))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
