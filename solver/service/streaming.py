"""What a search reports, on its way to a caller who reads as fast as they like."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from solver.service import frames
from solver.service.gate import Write
from solver.service.messages import inside, joined
from solver.service.workers import OnReport
from solver.v1 import placement_service_pb2 as wire


async def stream(begun: float, said: bytes, write: Write, run: Callable[[OnReport], Awaitable[bytes]]) -> bytes:
    """Write what a search reports, the newest of it whenever there is room; the message with the answer.

    Parameters
    ----------
    begun
        The moment (``time.monotonic``) that seconds are counted from.
    said
        What belongs behind each plan, in bytes of a ``PlaceProgress``.
    run
        Searches, and hands over its reports.
    """
    unread = _Unread()
    running = asyncio.ensure_future(run(unread.put))
    running.add_done_callback(unread.ended)
    try:
        while True:
            kind, payload = await unread.next()
            if kind is None:
                return _message(joined(inside(running.result()) + said), begun, terminal=True)
            await write(_message(payload if kind is frames.Reply.BOUNDS else joined(inside(payload) + said), begun))
    finally:
        # Where the caller has gone: this stops the search. An error that nobody waits for is no other's.
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def _message(progress: bytes, begun: float, *, terminal: bool = False) -> bytes:
    """The response of a stream: all of them hold a ``PlaceProgress`` as their first field."""
    rest = wire.PlaceProgress(terminal=terminal, seconds=time.monotonic() - begun).SerializeToString()
    return inside(progress + rest)


class _Unread:
    """What nobody has read yet: the newest plan, and the newest bounds of it."""

    def __init__(self) -> None:
        self._plan: bytes | None = None
        self._bounds: bytes | None = None
        self._ended = False
        self._news = asyncio.Event()

    def put(self, kind: frames.Reply, payload: bytes) -> None:
        """A report, in the place of older ones."""
        if kind is frames.Reply.PLAN:
            self._plan, self._bounds = payload, None
        else:
            self._bounds = payload
        self._news.set()

    def ended(self, run: object) -> None:
        """The answer is there: what is older is of no use any more."""
        self._ended = True
        self._news.set()

    async def next(self) -> tuple[frames.Reply | None, bytes]:
        """The next report, once there is one; None once the answer is there."""
        while True:
            if self._ended:
                return None, b""
            if self._plan is not None:
                plan, self._plan = self._plan, None
                return frames.Reply.PLAN, plan
            if self._bounds is not None:
                bounds, self._bounds = self._bounds, None
                return frames.Reply.BOUNDS, bounds
            self._news.clear()
            await self._news.wait()
