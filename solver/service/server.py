"""The gRPC server's front: it admits calls, hands their bytes to workers, and never loads the engines."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import math
import os
import platform
import signal
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from importlib import metadata
from typing import NoReturn

import grpc
import grpc.aio
from google.protobuf.message import Message
from google.rpc import code_pb2, status_pb2
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from solver.errors import InvalidRequest, PlacementSolverError
from solver.query import MAX_LENGTH, MAX_NESTING
from solver.service import frames
from solver.service.clusters import servicer as clusters
from solver.service.clusters.keeper import ClusterKeeper
from solver.service.clusters.servicer import ClusterServicer, Wrapper, with_cluster
from solver.service.clusters.store import IN_MEMORY, Store
from solver.service.sizes import SizeLimits
from solver.service.status import DETAILS_KEY, from_status, internal, to_status
from solver.service.verbs import VERBS
from solver.service.workers import Failed, PoolLimits, WorkerPool, default_size
from solver.v1 import placement_service_pb2 as wire

SERVICE = "solver.v1.PlacementService"

MOST_PROCESSES = max(64, 4 * (os.cpu_count() or 1))
"""Processes that solve: each takes some 200 MB, and two threads while it does."""

ANSWERED = ("", SERVICE, clusters.SERVICE)
"""The names under which health is asked for."""

RESERVE_SECONDS = 0.030
RESERVE_SHARE = 0.10
"""What a call's deadline keeps for the way back: the larger of the two (§10.3)."""

UNDATED_SLACK = 0.25
"""Seconds after its time limit when a search is stopped from outside, where the call has no deadline."""

_log = logging.getLogger(__name__)
_CODES = {code.value[0]: code for code in grpc.StatusCode}


@dataclass(frozen=True)
class ServerOptions:
    """How a server is set up.

    Parameters
    ----------
    address
        ``host:port``, ``[v6]:port`` or ``unix:path``; port 0 takes a free one.
    workers
        Processes that solve.
    sizes
        What a request may be at most.
    queue
        When calls and workers are given up.
    allow_remote_plaintext
        Whether to listen, without encryption, where other computers can connect.
    drain_seconds
        How long calls that run may go on after a stop was asked for.
    state
        File of the clusters that ``ClusterService`` keeps, made where it is missing; ``IN_MEMORY`` keeps them as long as the
        server runs.
    api
        Module with the verbs, as in ``solver.api``.

    Raises
    ------
    InvalidRequest
        If the address is none, or one that other computers reach and that is not allowed.
    """

    address: str = "127.0.0.1:50051"
    workers: int = field(default_factory=default_size)
    sizes: SizeLimits = field(default_factory=SizeLimits)
    queue: PoolLimits = field(default_factory=PoolLimits)
    allow_remote_plaintext: bool = False
    drain_seconds: float = 30.0
    state: str = IN_MEMORY
    api: str = "solver.api"

    def __post_init__(self) -> None:
        if not 1 <= self.workers <= MOST_PROCESSES:
            raise InvalidRequest.at("workers", f"is {self.workers:,}", f"must be 1 to {MOST_PROCESSES}")
        if not is_local(self.address) and not self.allow_remote_plaintext:
            problem = f"{self.address} is open to other computers, without encryption"
            raise InvalidRequest.at("address", problem, "listen on 127.0.0.1, or set allow_remote_plaintext")


def is_local(address: str) -> bool:
    """Whether only this computer reaches an address.

    Raises
    ------
    InvalidRequest
        If it is no address.
    """
    if address.startswith("unix:"):
        return True
    host, colon, port = address.rpartition(":")
    if not colon or not port.isdecimal() or int(port) > 65535:
        raise InvalidRequest.at("address", f"is '{address}'", "must be host:port, [v6]:port or unix:path")
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.removeprefix("[").removesuffix("]")).is_loopback
    except ValueError:
        return False


def serve(
    address: str = "127.0.0.1:50051",
    workers: int | None = None,
    *,
    sizes: SizeLimits | None = None,
    queue: PoolLimits | None = None,
    allow_remote_plaintext: bool = False,
    drain_seconds: float = 30.0,
    state: str = IN_MEMORY,
    api: str = "solver.api",
    on_ready: Callable[[str], None] | None = None,
) -> None:
    """Serve until SIGTERM or SIGINT; then finish what runs.

    The parameters are those of ``ServerOptions``.

    Parameters
    ----------
    on_ready
        Told the address, with the port that was taken, once calls are answered.

    Raises
    ------
    InvalidRequest
        If the address is not allowed, or nobody can listen on it; or if the state is of another version.
    StoreFailed
        If the state cannot be read.
    WorkerLost
        If the workers cannot start.
    """
    options = ServerOptions(
        address=address,
        workers=default_size() if workers is None else workers,
        sizes=sizes or SizeLimits(),
        queue=queue or PoolLimits(),
        allow_remote_plaintext=allow_remote_plaintext,
        drain_seconds=drain_seconds,
        state=state,
        api=api,
    )
    asyncio.run(_serve(options, on_ready or (lambda address: None)))


async def _serve(options: ServerOptions, on_ready: Callable[[str], None]) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    pool = WorkerPool(options.workers, options.sizes, api=options.api, limits=options.queue)
    keeper = ClusterKeeper(Store(options.state))
    try:
        # First the workers, and with them the process that they are forked from: forking one with threads is unsafe.
        starting = loop.create_task(pool.start())
        await asyncio.wait((starting, loop.create_task(stop.wait())), return_when=asyncio.FIRST_COMPLETED)
        if stop.is_set():
            starting.cancel()
            return
        await starting
        server = grpc.aio.server(options=_channel_options(options.sizes))
        checks = health.aio.HealthServicer()
        await _register(server, checks, PlacementServicer(pool, keeper, options))
        address = _listen(server, options.address)
        changes = _Health(checks)
        pool.on_change = changes.told
        await server.start()
        keeper.start()
        changes.told(options.workers)
        on_ready(address)
        await stop.wait()
        _log.info("stopping: calls that run may go on for %.0f s", options.drain_seconds)
        await checks.enter_graceful_shutdown()
        await server.stop(options.drain_seconds)
    finally:
        await pool.close()
        await keeper.close()


async def _register(server: grpc.aio.Server, checks: health.aio.HealthServicer, servicer: PlacementServicer) -> None:
    server.add_generic_rpc_handlers(servicer.handlers())
    health_pb2_grpc.add_HealthServicer_to_server(checks, server)
    names = (
        SERVICE,
        clusters.SERVICE,
        health_pb2.DESCRIPTOR.services_by_name["Health"].full_name,
        reflection.SERVICE_NAME,
    )
    reflection.enable_server_reflection(names, server)
    for name in ANSWERED:
        await checks.set(name, health_pb2.HealthCheckResponse.NOT_SERVING)


def _listen(server: grpc.aio.Server, address: str) -> str:
    try:
        port = server.add_insecure_port(address)
    except RuntimeError:
        port = 0
    if not port:
        raise InvalidRequest.at("address", f"nobody can listen on {address}", "choose a free port of this computer")
    return address if address.startswith("unix:") else f"{address.rpartition(':')[0]}:{port}"


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


Context = grpc.aio.ServicerContext[bytes, bytes]


class PlacementServicer:
    """Answers the calls of ``PlacementService`` and ``ClusterService``, in bytes."""

    def __init__(self, pool: WorkerPool, keeper: ClusterKeeper, options: ServerOptions) -> None:
        self._pool = pool
        self._keeper = keeper
        self._sizes = options.sizes
        self._clusters = ClusterServicer(keeper, options.sizes, self._validate)
        self._version = version_response(options).SerializeToString(deterministic=True)

    def handlers(self) -> tuple[grpc.GenericRpcHandler, ...]:
        """The services' methods; requests to place stay bytes until a worker reads them."""
        methods = {"Place": self.place, "Check": self.check, "GetVersion": self.get_version}
        methods |= {verb.method: partial(self._answered, call) for call, verb in VERBS.items()}
        keeping = {name: partial(self._kept, call) for name, call in self._clusters.calls().items()}
        return tuple(
            grpc.method_handlers_generic_handler(
                service, {name: grpc.unary_unary_rpc_method_handler(method) for name, method in calls.items()}
            )
            for service, calls in ((SERVICE, methods), (clusters.SERVICE, keeping))
        )

    async def place(self, request: bytes, context: Context) -> bytes:
        """Place."""
        return await self._answered(frames.Call.PLACE, request, context)

    async def check(self, request: bytes, context: Context) -> bytes:
        """Check."""
        return await self._answered(frames.Call.CHECK, request, context)

    async def get_version(self, request: bytes, context: Context) -> bytes:
        """GetVersion."""
        return self._version

    async def _answered(self, kind: frames.Call, request: bytes, context: Context) -> bytes:
        arrived = time.monotonic()
        remaining = context.time_remaining()
        finish_by, slack = math.inf, UNDATED_SLACK
        if remaining is not None:
            reserve = max(RESERVE_SECONDS, RESERVE_SHARE * remaining)
            # More than half of the reserve for a search that stops a little late, the rest for the way back.
            finish_by, slack = arrived + remaining - reserve, 0.6 * reserve
        return await _or_abort(self._run(kind, request, finish_by, slack), context)

    async def _run(self, kind: frames.Call, request: bytes, finish_by: float, slack: float) -> bytes:
        """Have a worker answer, with the cluster that the request names."""
        wrapper: Callable[[], Wrapper] | None = wire.CheckRequest if kind is frames.Call.CHECK else None
        if kind in VERBS:
            wrapper = VERBS[kind].request_type
        whole, said = await with_cluster(self._keeper, request, wrapper, self._sizes)
        answer = await self._pool.run(kind, whole, finish_by, slack)
        return answer if kind is frames.Call.CHECK else answer + said

    async def _kept(self, call: Callable[[bytes], Awaitable[Message]], request: bytes, context: Context) -> bytes:
        """A call of ``ClusterService``."""

        async def answer() -> bytes:
            return (await call(request)).SerializeToString()

        return await _or_abort(answer(), context)

    async def _validate(self, request: bytes) -> None:
        """Have a worker validate a request."""
        only = wire.PlaceRequest(validate_only=True).SerializeToString()
        try:
            await self._pool.run(frames.Call.PLACE, request + only, math.inf, UNDATED_SLACK)
        except Failed as failed:
            raise from_status(failed.status) from None


async def _or_abort(answer: Awaitable[bytes], context: Context) -> bytes:
    try:
        return await answer
    except Failed as failed:
        status = failed.status
    except PlacementSolverError as error:
        status = to_status(error)
    except Exception:
        _log.exception("a call failed in the front")
        status = internal()
    await _abort(context, status)


async def _abort(context: Context, status: status_pb2.Status) -> NoReturn:
    code = _CODES.get(status.code, _CODES[code_pb2.UNKNOWN])
    await context.abort(code, status.message, ((DETAILS_KEY, status.SerializeToString()),))
    raise AssertionError("abort always raises")


def version_response(options: ServerOptions) -> wire.GetVersionResponse:
    """What the server says of itself; the versions are read without loading what they are of."""
    sizes = options.sizes
    versions = {name: metadata.version(name) for name in ("placement-solver", "ortools", "numpy")}
    return wire.GetVersionResponse(
        version=versions["placement-solver"],
        versions={**versions, "python": platform.python_version()},
        solving_processes=options.workers,
        limits=wire.SizeLimits(
            max_message_bytes=sizes.message_bytes,
            max_instances=sizes.instances,
            max_groups=sizes.groups,
            max_resources=sizes.resources,
            max_attributes=sizes.attributes,
            max_counts=sizes.counts,
            max_tasks=sizes.tasks,
            max_rules=sizes.rules,
            max_expression_length=MAX_LENGTH,
            max_expression_nesting=MAX_NESTING,
            max_time_limit_seconds=sizes.time_limit,
        ),
    )
