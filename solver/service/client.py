"""A typed client: the verbs of the library, answered by a server."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import TypedDict, Unpack, cast

import grpc
from google.protobuf.message import DecodeError
from google.rpc import status_pb2
from grpc_health.v1 import health_pb2

from solver.domain.answer import Answer
from solver.domain.counts import Counts
from solver.domain.explanation import Violation
from solver.domain.problem import Problem
from solver.domain.progress import Progress
from solver.domain.request import Limits
from solver.domain.survival import Survival
from solver.errors import DeadlineMissed, InvalidRequest, PlacementSolverError, ServiceUnavailable, TooLarge
from solver.service import codec
from solver.service.cluster_client import ClusterClient
from solver.service.decode import PlaceCall
from solver.service.frames import Call
from solver.service.options import is_local
from solver.service.sizes import SizeLimits
from solver.service.status import DETAILS_KEY, from_status
from solver.service.verbs import STREAMS, VERBS
from solver.v1 import cluster_service_pb2 as cluster_wire
from solver.v1 import placement_service_pb2 as wire

PLACEMENT, CLUSTERS = "solver.v1.PlacementService", "solver.v1.ClusterService"


@dataclass(frozen=True)
class ServerVersion:
    """What a server says of itself.

    Parameters
    ----------
    version, versions
        Of placement-solver, and by package.
    sizes
        What a request may be at most.
    solving_processes
        As many calls are answered at a time.
    """

    version: str
    versions: dict[str, str]
    sizes: SizeLimits
    solving_processes: int


@dataclass(frozen=True)
class PlacementEvent:
    """Something decided for a kept cluster.

    Parameters
    ----------
    position
        Among the events of its cluster: what ``Client.watch_placements`` goes on after.
    event
        As JSON: the envelope of EventBridge, with the detail-type "ECS Service Action".
    """

    position: int
    event: str


class CallOptions(TypedDict, total=False):
    """What a call may say besides its request.

    Parameters
    ----------
    timeout
        Seconds until the answer must be here; the search gets what is left of them, less a reserve. None waits.
    explain
        Whether to say why tasks were not placed; left out, it is said.
    warnings
        Carried into the answer, from whoever read the input.
    label
        Comes back in the answer.
    hint
        A plan that the caller has, as ``solver.api.place`` takes it.
    request_id
        A name for the call, at most 100 characters: repeated with the same request it is computed once.
    survival
        What the plan must survive: ``solver.Survival``; ``Answer.losses`` says what becomes of each loss. Not of ``terminate``,
        ``drain`` and ``deploy``.
    """

    timeout: float | None
    explain: bool
    warnings: Sequence[str]
    label: str
    hint: Counts | None
    request_id: str
    survival: Survival | None


class Client:
    """A connection to a placement service.

    It raises what the library raises, and besides ``Overloaded``, ``WorkerLost``, ``ServiceUnavailable`` and
    ``DeadlineMissed``. A call that is interrupted is cancelled, which stops the search.

    Parameters
    ----------
    address
        ``host:port`` or ``unix:path``.
    credentials
        For an encrypted connection; None for plaintext.
    token
        A bearer token, or what gives the present one at each call; None sends none.

    Raises
    ------
    InvalidRequest
        If the token would leave this computer without encryption.
    """

    def __init__(
        self,
        address: str,
        *,
        credentials: grpc.ChannelCredentials | None = None,
        token: str | Callable[[], str] | None = None,
    ) -> None:
        if token is not None and credentials is None and not _stays_here(address):
            problem = f"would be sent to {address} without encryption"
            raise InvalidRequest.at("token", problem, "give credentials too, or connect to 127.0.0.1 or unix:path")
        self._token = token
        options = [
            ("grpc.max_receive_message_length", -1),
            ("grpc.max_send_message_length", -1),
            ("grpc.keepalive_time_ms", 30_000),
        ]
        if credentials is None:
            self._channel = grpc.insecure_channel(address, options)
        else:
            self._channel = grpc.secure_channel(address, credentials, options)

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection; calls that run are cancelled."""
        self._channel.close()

    def place(self, problem: Problem, limits: Limits | None = None, **options: Unpack[CallOptions]) -> Answer:
        """Answer any request, as ``solver.api.place``.

        Raises
        ------
        PlacementSolverError
            As the server says.
        """
        call, timeout = _call_of(problem, limits, options)
        return codec.answer_from_bytes(self._call("Place", codec.call_to_bytes(call), timeout), problem)

    def terminate(self, problem: Problem, limits: Limits | None = None, **options: Unpack[CallOptions]) -> Answer:
        """Stop tasks: the server refuses a request that does more; else as ``place``."""
        return self._answer(Call.TERMINATE, problem, limits, options)

    def drain(self, problem: Problem, limits: Limits | None = None, **options: Unpack[CallOptions]) -> Answer:
        """Empty instances: the server refuses a request that does more; else as ``place``."""
        return self._answer(Call.DRAIN, problem, limits, options)

    def rebalance(self, problem: Problem, limits: Limits | None = None, **options: Unpack[CallOptions]) -> Answer:
        """Move tasks within a budget: the server refuses a request that does more; else as ``place``."""
        return self._answer(Call.REBALANCE, problem, limits, options)

    def reconcile(self, problem: Problem, limits: Limits | None = None, **options: Unpack[CallOptions]) -> Answer:
        """Bring groups to their number of tasks: the server refuses a request that drains instances; else as ``place``."""
        return self._answer(Call.RECONCILE, problem, limits, options)

    def deploy(self, problem: Problem, limits: Limits | None = None, **options: Unpack[CallOptions]) -> Answer:
        """Replace the tasks of one family: the server refuses a request that does more; else as ``place``."""
        return self._answer(Call.DEPLOY, problem, limits, options)

    def stream_place(
        self, problem: Problem, limits: Limits | None = None, **options: Unpack[CallOptions]
    ) -> Generator[Progress | Answer, None, None]:
        """As ``place``, with what is known on the way: each better plan, and bounds that rise; the last is the ``Answer``.

        The call begins with the first item that is asked for. Closing the iterator cancels it.
        """
        return self._progress(Call.STREAM_PLACE, problem, limits, options)

    def stream_reconcile(
        self, problem: Problem, limits: Limits | None = None, **options: Unpack[CallOptions]
    ) -> Generator[Progress | Answer, None, None]:
        """As ``reconcile``, with what is known on the way, as ``stream_place``."""
        return self._progress(Call.STREAM_RECONCILE, problem, limits, options)

    def watch_placements(
        self, name: str, after: int | None = None, *, timeout: float | None = None
    ) -> Generator[PlacementEvent, None, None]:
        """What is decided for a cluster that the server keeps; raises as ``place``, and besides ``PositionGone``.

        Parameters
        ----------
        after
            The position of the last event that is known, 0 for none; None for only those that come.
        timeout
            Seconds after which ``DeadlineMissed`` is raised; None watches until the iterator is closed.
        """
        payload = cluster_wire.WatchPlacementsRequest(name=name, after=after).SerializeToString()
        with closing(self._stream(CLUSTERS, "WatchPlacements", payload, timeout)) as responses:
            for found in responses:
                response = cluster_wire.WatchPlacementsResponse.FromString(found)
                yield PlacementEvent(response.position, response.event)

    def validate(
        self,
        problem: Problem,
        limits: Limits | None = None,
        *,
        survival: Survival | None = None,
        timeout: float | None = None,
    ) -> None:
        """Have the server validate a request, without any search; raises as ``place``."""
        call = PlaceCall(problem, limits or Limits(), validate_only=True, survival=survival)
        self._call("Place", codec.call_to_bytes(call), timeout)

    def check(self, problem: Problem, tasks: Counts, *, timeout: float | None = None) -> tuple[Violation, ...]:
        """Everything that is wrong with a plan, as ``solver.api.check``; raises as ``place``."""
        return codec.violations_from_bytes(self._call("Check", codec.check_to_bytes(problem, tasks), timeout))

    def health(self, *, timeout: float | None = None) -> str:
        """What the server says of its health, as gRPC's health checking names it: ``SERVING``, ``NOT_SERVING``.

        Raises
        ------
        ServiceUnavailable, DeadlineMissed
            If it does not answer.
        """
        request = health_pb2.HealthCheckRequest().SerializeToString()
        payload = self._call("Check", request, timeout, service="grpc.health.v1.Health")
        found = health_pb2.HealthCheckResponse.FromString(payload)
        return str(health_pb2.HealthCheckResponse.ServingStatus.Name(found.status))

    def version(self, *, timeout: float | None = None) -> ServerVersion:
        """What the server says of itself; raises as ``place``."""
        payload = self._call("GetVersion", wire.GetVersionRequest().SerializeToString(), timeout)
        found = wire.GetVersionResponse.FromString(payload)
        limits = found.limits
        sizes = SizeLimits(
            message_bytes=limits.max_message_bytes,
            instances=limits.max_instances,
            groups=limits.max_groups,
            resources=limits.max_resources,
            attributes=limits.max_attributes,
            counts=limits.max_counts,
            tasks=limits.max_tasks,
            rules=limits.max_rules,
            time_limit=limits.max_time_limit_seconds,
        )
        return ServerVersion(found.version, dict(found.versions), sizes, found.solving_processes)

    @property
    def clusters(self) -> ClusterClient:
        """The calls that feed a cluster that the server keeps."""
        return ClusterClient(partial(self._call, service=CLUSTERS))

    def _answer(self, kind: Call, problem: Problem, limits: Limits | None, options: CallOptions) -> Answer:
        verb = VERBS[kind]
        call, timeout = _call_of(problem, limits, options)
        payload = self._call(verb.method, codec.call_to_bytes(call, verb), timeout)
        return codec.answer_from_bytes(payload, problem, verb)

    def _progress(
        self, kind: Call, problem: Problem, limits: Limits | None, options: CallOptions
    ) -> Generator[Progress | Answer, None, None]:
        """A stream as it comes."""
        stream = STREAMS[kind]
        call, timeout = _call_of(problem, limits, options)
        known: Progress | None = None
        request = codec.call_to_bytes(call, stream)
        with closing(self._stream(PLACEMENT, stream.method, request, timeout)) as responses:
            for payload in responses:
                found = codec.progress_from_bytes(payload, problem, stream, known)
                yield found
                if isinstance(found, Answer):
                    return
                known = found

    def _stream(self, service: str, method: str, payload: bytes, timeout: float | None) -> Generator[bytes, None, None]:
        """A call with several responses, in bytes; cancelled where nobody takes them any more."""
        _require_positive(timeout)
        many: grpc.UnaryStreamMultiCallable[bytes, bytes] = self._channel.unary_stream(f"/{service}/{method}")
        call = many(payload, timeout=timeout, metadata=self._metadata())
        try:
            yield from call
        except grpc.RpcError as error:
            raise _error_of(cast(grpc.Call, error)) from None
        finally:
            call.cancel()

    def _call(self, method: str, payload: bytes, timeout: float | None, *, service: str = PLACEMENT) -> bytes:
        """A call in bytes; they are unpacked here, where the message's own limits hold."""
        _require_positive(timeout)
        unary: grpc.UnaryUnaryMultiCallable[bytes, bytes] = self._channel.unary_unary(f"/{service}/{method}")
        try:
            return unary(payload, timeout=timeout, metadata=self._metadata())
        except grpc.RpcError as error:
            raise _error_of(cast(grpc.Call, error)) from None

    def _metadata(self) -> tuple[tuple[str, str], ...]:
        if self._token is None:
            return ()
        return (("authorization", f"Bearer {self._token if isinstance(self._token, str) else self._token()}"),)


def _stays_here(address: str) -> bool:
    try:
        return is_local(address)
    except InvalidRequest:
        return False  # A name in another form of gRPC's: nobody knows where it leads.


def _require_positive(timeout: float | None) -> None:
    if timeout is not None and not timeout > 0:
        raise InvalidRequest.at("timeout", f"is {timeout} s", "must be above 0")


def _call_of(problem: Problem, limits: Limits | None, options: CallOptions) -> tuple[PlaceCall, float | None]:
    """The call, and the time that it may take."""
    explain, label = options.get("explain", True), options.get("label", "")
    warnings, hint, request_id = tuple(options.get("warnings", ())), options.get("hint"), options.get("request_id", "")
    call = PlaceCall(
        problem,
        limits or Limits(),
        explain=explain,
        label=label,
        warnings=warnings,
        hint=hint,
        request_id=request_id,
        survival=options.get("survival"),
    )
    return call, options.get("timeout")


def _error_of(call: grpc.Call) -> PlacementSolverError:
    """What a failed call raises: what its status says, else what its code says."""
    for key, value in call.trailing_metadata() or ():
        if key == DETAILS_KEY and isinstance(value, bytes):
            try:
                return from_status(status_pb2.Status.FromString(value))
            except DecodeError:
                break
    said = call.details() or ""
    code = call.code()
    if code is grpc.StatusCode.DEADLINE_EXCEEDED:
        return DeadlineMissed("the answer was not here before the deadline")
    if code is grpc.StatusCode.UNAVAILABLE:
        return ServiceUnavailable(f"the placement service cannot be reached: {said}")
    if code is grpc.StatusCode.RESOURCE_EXHAUSTED:
        return TooLarge(said)
    return PlacementSolverError(f"{code.name}: {said}")
