"""Answers that are kept for a while, so that a call which is repeated under its ``request_id`` is computed once."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass

from solver.errors import InvalidRequest, Overloaded, RequestIdReused
from solver.service.ranges import Range, faults_of, whole

MAX_REQUEST_ID = 100
"""Characters of a ``request_id``."""

ENTRY_BYTES = 500
"""What an answer that is kept takes beside its bytes, about."""

Key = tuple[Hashable, str, str]
"""Whose call it is, with what they may do, its method, and its ``request_id``."""


@dataclass(frozen=True)
class RepeatLimits:
    """How long, and how many, answers are kept for calls that are repeated.

    Parameters
    ----------
    seconds
        How long an answer is kept.
    bytes
        All answers that are kept together; the oldest make way. 0 keeps none: then only calls at the same time are one.

    Raises
    ------
    InvalidRequest
        With every limit that is none.
    """

    seconds: float = 300.0
    bytes: int = 64 * 2**20

    def __post_init__(self) -> None:
        faults = faults_of(self, {"seconds": Range(0, 86_400), "bytes": whole(0)})
        if faults:
            raise InvalidRequest(faults)


@dataclass(frozen=True)
class _Kept:
    digest: bytes
    answer: bytes
    moment: float

    @property
    def size(self) -> int:
        return len(self.answer) + ENTRY_BYTES


@dataclass(frozen=True, eq=False)
class _Running:
    """A call that is answered; ``outcome`` is None when it ended without saying anything for others."""

    digest: bytes
    outcome: asyncio.Future[bytes | Exception | None]


class Repeats:
    """The calls of late, by their ids. All methods belong to one event loop.

    Parameters
    ----------
    clock
        Seconds.
    """

    def __init__(self, limits: RepeatLimits, clock: Callable[[], float] = time.monotonic) -> None:
        self._limits = limits
        self._clock = clock
        self._kept: OrderedDict[Key, _Kept] = OrderedDict()
        self._running: dict[Key, _Running] = {}
        self.size = 0
        """Bytes of what is kept."""

    def __len__(self) -> int:
        """Answers that are kept."""
        return len(self._kept)

    async def once(
        self, key: Key, request: bytes, answer: Callable[[], Awaitable[bytes]], path: str = "request_id"
    ) -> tuple[bytes, bool]:
        """The answer to a request, computed unless it is known or about to be; and whether somebody else had it computed.

        A call that is given up hands over to one that waits for it. What it raises those get, too, who wait; but not that
        it found no worker, since they may have more time.

        Parameters
        ----------
        path
            Of the id in the request, for messages.

        Raises
        ------
        RequestIdReused
            If the id stands for another request.
        InvalidRequest
            If it is too long.
        """
        if len(key[2]) > MAX_REQUEST_ID:
            raise InvalidRequest.at(path, f"has {len(key[2]):,} characters", f"at most {MAX_REQUEST_ID}")
        # In a thread: 60 MB take 0.1 s, in which nothing else would be answered.
        digest = (await asyncio.to_thread(hashlib.sha256, request)).digest()
        self._forget_old()
        while True:
            kept = self._kept.get(key)
            if kept is not None:
                _require_same(kept.digest, digest, path)
                return kept.answer, True
            running = self._running.get(key)
            if running is None:
                return await self._first(key, digest, answer), False
            _require_same(running.digest, digest, path)
            outcome = await asyncio.shield(running.outcome)
            if isinstance(outcome, Exception):
                raise outcome
            if outcome is not None:
                return outcome, True

    async def _first(self, key: Key, digest: bytes, answer: Callable[[], Awaitable[bytes]]) -> bytes:
        outcome: asyncio.Future[bytes | Exception | None] = asyncio.get_running_loop().create_future()
        self._running[key] = _Running(digest, outcome)
        said: bytes | Exception | None = None
        try:
            said = await answer()
            self._keep(key, _Kept(digest, said, self._clock()))
            return said
        except Exception as error:
            said = None if isinstance(error, Overloaded) else error
            raise
        finally:
            del self._running[key]
            outcome.set_result(said)

    def _keep(self, key: Key, kept: _Kept) -> None:
        if kept.size > self._limits.bytes:
            return
        self._kept[key] = kept
        self.size += kept.size
        while self.size > self._limits.bytes:
            self._drop_oldest()

    def _forget_old(self) -> None:
        until = self._clock() - self._limits.seconds
        while self._kept and next(iter(self._kept.values())).moment <= until:
            self._drop_oldest()

    def _drop_oldest(self) -> None:
        _, kept = self._kept.popitem(last=False)
        self.size -= kept.size


def _require_same(known: bytes, digest: bytes, path: str) -> None:
    if known != digest:
        raise RequestIdReused.at(path, "stands for another request of late", "give each request an id of its own")
