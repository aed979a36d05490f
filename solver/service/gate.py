"""What every call passes on its way in and out, whatever it asks: who calls is found out, errors become statuses, and
watchers are told how it ended.
"""

from __future__ import annotations

import asyncio
import logging
import math
import time
import uuid
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from typing import NoReturn, Protocol
from urllib.parse import quote

import grpc
import grpc.aio
from google.rpc import code_pb2, status_pb2

from solver.errors import PlacementSolverError, ShuttingDown
from solver.service.callers.roles import ANYTHING, Role
from solver.service.course import Course
from solver.service.repeats import MAX_REQUEST_ID
from solver.service.status import DETAILS_KEY, internal, reason_of, to_status
from solver.service.workers import Failed

RESERVE_SECONDS = 0.030
RESERVE_SHARE = 0.10
"""What a call's deadline keeps for the way back: the larger of the two (§10.3)."""

UNDATED_SLACK = 0.25
"""Seconds after its time limit when a search is stopped from outside, where the call has no deadline."""

REQUEST_ID_KEY = "x-request-id"
"""The metadata that says what a call is called, both ways; what is no printable ASCII is percent-encoded on its way back."""

_PRINTABLE = "".join(map(chr, range(0x20, 0x7F))).replace("%", "")
_log = logging.getLogger(__name__)
_CODES = {code.value[0]: code for code in grpc.StatusCode}

Context = grpc.aio.ServicerContext[bytes, bytes]


@dataclass(frozen=True)
class Caller:
    """Who calls.

    Parameters
    ----------
    name
        Of the identity that was proved; empty for whoever comes where nobody must prove one.
    role
        What they may do.
    """

    name: str = ""
    role: Role = ANYTHING


@dataclass(frozen=True, eq=False)
class Incoming:
    """One call.

    Parameters
    ----------
    method
        ``Service/Method``, without the package.
    request
        Its message, as it came.
    context
        gRPC's.
    caller
        Who calls.
    arrived
        The moment (``time.monotonic``) when it was here.
    course
        What happens to it.
    """

    method: str
    request: bytes
    context: Context
    caller: Caller = Caller()
    arrived: float = field(default_factory=time.monotonic)
    course: Course = field(default_factory=Course)

    @property
    def party(self) -> str:
        """Whose share of the server the call takes: the caller's, or that of the computer where nobody proves who they are."""
        if self.caller.name:
            return f"caller {self.caller.name}"
        peer = self.context.peer()
        return peer.rpartition(":")[0] if peer.startswith("ipv") else peer

    def times(self) -> tuple[float, float]:
        """The moment by which a search must end, infinite for none, and the seconds of slack after it."""
        remaining = self.context.time_remaining()
        if remaining is None:
            return math.inf, UNDATED_SLACK
        reserve = max(RESERVE_SECONDS, RESERVE_SHARE * remaining)
        # More than half of the reserve for a search that stops a little late, the rest for the way back.
        return self.arrived + remaining - reserve, 0.6 * reserve


Answer = Callable[[Incoming], Awaitable[bytes]]
"""Answers a call in bytes; raises ``PlacementSolverError`` or ``Failed``."""

Write = Callable[[bytes], Awaitable[None]]
"""Sends one response; waits until there is room for it on its way."""

StreamedAnswer = Callable[[Incoming, Write], Awaitable[bytes]]
"""Answers a call in several responses: writes all but the last, which it returns; raises as ``Answer``."""


class Door(Protocol):
    """Finds out who calls, and lets them in or not."""

    async def identify(self, method: str, context: Context) -> Caller:
        """Who calls; raises ``PlacementSolverError`` where it is nobody."""
        ...

    def entered(self, call: Incoming) -> AbstractAsyncContextManager[None]:
        """A call while it is answered; raises ``PlacementSolverError`` where its caller may not make it."""
        ...


class OpenDoor:
    """Nobody has to prove who they are, and everybody may call everything."""

    async def identify(self, method: str, context: Context) -> Caller:
        """Anybody."""
        return Caller()

    def entered(self, call: Incoming) -> AbstractAsyncContextManager[None]:
        """Any call."""
        return nullcontext()


@dataclass(frozen=True, eq=False)
class Ended:
    """How a call ended, before its answer leaves.

    Parameters
    ----------
    seconds
        Since it was here.
    response
        Its answer; None where it has none.
    status
        Why it has none; None where it has one, and where the caller has gone.
    """

    call: Incoming
    seconds: float
    response: bytes | None = None
    status: status_pb2.Status | None = None

    @property
    def code(self) -> str:
        """The name of gRPC's code."""
        if self.status is not None:
            return _CODES.get(self.status.code, _CODES[code_pb2.UNKNOWN]).name
        return grpc.StatusCode.OK.name if self.response is not None else grpc.StatusCode.CANCELLED.name

    @property
    def reason(self) -> str:
        """Of the error; empty where there is none."""
        return "" if self.status is None else reason_of(self.status)


def code_number(name: str) -> int:
    """The number of a code of gRPC, by its name."""
    number: int = grpc.StatusCode[name].value[0]
    return number


class Watcher(Protocol):
    """Told of every call that ends."""

    async def ended(self, call: Ended) -> None:
        """A call has ended; what this raises as ``PlacementSolverError`` the caller gets in the place of the answer."""
        ...


class Gate:
    """Makes gRPC's handlers of what answers calls.

    Parameters
    ----------
    door
        Lets callers in.
    watchers
        Told how calls end, in order.
    """

    def __init__(self, door: Door | None = None, watchers: Sequence[Watcher] = ()) -> None:
        self._door = door or OpenDoor()
        self._watchers = list(watchers)
        self._running = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._closed = False

    def watch(self, watcher: Watcher) -> None:
        """Tell one more how calls end, after the others."""
        self._watchers.append(watcher)

    @property
    def running(self) -> int:
        """Calls that are here."""
        return self._running

    async def close(self, seconds: float) -> None:
        """Refuse every call that comes, and wait until those that are here have ended, or the time is up."""
        self._closed = True
        try:
            await asyncio.wait_for(self._idle.wait(), seconds)
        except TimeoutError:
            _log.warning("%d calls are given up after %.0f s", self._running, seconds)

    @contextmanager
    def _inside(self) -> Iterator[None]:
        """Count a call."""
        self._running += 1
        self._idle.clear()
        try:
            yield
        finally:
            self._running -= 1
            if not self._running:
                self._idle.set()

    def unary(self, method: str, answer: Answer) -> grpc.RpcMethodHandler[bytes, bytes]:
        """The handler of a method with one request and one response.

        Parameters
        ----------
        method
            ``Service/Method``, without the package.
        """
        return grpc.unary_unary_rpc_method_handler(self._passed(method, answer))

    def streamed(self, method: str, answer: StreamedAnswer) -> grpc.RpcMethodHandler[bytes, bytes]:
        """The handler of a method with one request and many responses; watchers are told once, with the last response."""

        async def written(call: Incoming) -> bytes:
            return await answer(call, call.context.write)

        passed = self._passed(method, written)

        async def handle(request: bytes, context: Context) -> None:
            await context.write(await passed(request, context))

        return grpc.unary_stream_rpc_method_handler(handle)

    def _passed(self, method: str, answer: Answer) -> Callable[[bytes, Context], Awaitable[bytes]]:
        """What every call passes, around its answer."""

        async def handle(request: bytes, context: Context) -> bytes:
            with self._inside():
                return await handled(request, context)

        async def handled(request: bytes, context: Context) -> bytes:
            call = Incoming(method, request, context)
            call.course.request_id = _named(context)
            response: bytes | None = None
            status: status_pb2.Status | None = None
            try:
                if self._closed:
                    raise ShuttingDown()
                call = replace(call, caller=await self._door.identify(method, context))
                async with self._door.entered(call):
                    response = await answer(call)
            except asyncio.CancelledError:
                await self._tell(call, None, None)
                raise
            except Exception as error:
                status = _status_of(error)
            refused = await self._tell(call, response, status)
            trailer = ((REQUEST_ID_KEY, quote(call.course.request_id, safe=_PRINTABLE)),)
            if response is None or refused is not None:
                await _abort(context, refused or status or internal(), trailer)
            context.set_trailing_metadata(trailer)
            return response

        return handle

    async def _tell(
        self, call: Incoming, response: bytes | None, status: status_pb2.Status | None
    ) -> status_pb2.Status | None:
        """Tell the watchers; why the answer must not leave, if one of them says so, which those after it are told."""
        ended = Ended(call, time.monotonic() - call.arrived, response, status)
        refused: status_pb2.Status | None = None
        for watcher in self._watchers:
            try:
                await watcher.ended(ended)
            except Exception as error:
                refused = _status_of(error)
                ended = replace(ended, response=None, status=refused)
        return refused


def _status_of(error: Exception) -> status_pb2.Status:
    if isinstance(error, Failed):
        return error.status
    if isinstance(error, PlacementSolverError):
        return to_status(error)
    _log.error("a call failed in the front", exc_info=error)
    return internal()


def _named(context: Context) -> str:
    """What the caller calls the call besides its message, else a name that nothing else has."""
    for key, value in context.invocation_metadata() or ():
        if key == REQUEST_ID_KEY and isinstance(value, str) and 0 < len(value) <= MAX_REQUEST_ID:
            return value
    return uuid.uuid4().hex


async def _abort(context: Context, status: status_pb2.Status, trailer: tuple[tuple[str, str], ...]) -> NoReturn:
    code = _CODES.get(status.code, _CODES[code_pb2.UNKNOWN])
    await context.abort(code, status.message, (*trailer, (DETAILS_KEY, status.SerializeToString())))
    raise AssertionError("abort always raises")
