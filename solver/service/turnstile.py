"""Where calls wait until a worker is free, and idle workers until a call comes."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TypeVar

from solver.errors import ShuttingDown
from solver.service.handle import WorkerHandle
from solver.service.queue import FairQueue, Turn

T = TypeVar("T")


class Turnstile:
    """Hands each idle worker to the call whose turn it is. All methods belong to one event loop.

    Parameters
    ----------
    queue
        Says whose turn it is.
    """

    def __init__(self, queue: FairQueue) -> None:
        self.queue = queue
        self.idle: deque[WorkerHandle] = deque()
        """Workers without a call, the one that waits longest first."""
        self._granted: dict[Turn, asyncio.Future[WorkerHandle]] = {}
        self._closed = False

    async def worker_for(self, turn: Turn) -> WorkerHandle:
        """Wait for a worker; it is the call's until it is back with ``release``.

        Raises
        ------
        Overloaded
            If none is free in time, or none will be.
        ShuttingDown
            If the call waits, or comes, when this is closed.
        """
        if self._closed:
            raise ShuttingDown()
        loop = asyncio.get_running_loop()
        self.queue.enter(turn, at_once=bool(self.idle))
        granted: asyncio.Future[WorkerHandle] = loop.create_future()
        self._granted[turn] = granted
        self._hand_out()
        timer = loop.call_at(loop.time() + self.queue.seconds_until(turn.latest), self._waited_in_vain, turn)
        try:
            return await granted
        except asyncio.CancelledError:
            self.queue.leave(turn)
            if granted.done() and not granted.cancelled() and granted.exception() is None:
                self.queue.ended(turn, ran=False)
                self.release(granted.result())
            raise
        finally:
            timer.cancel()
            del self._granted[turn]

    def release(self, worker: WorkerHandle) -> None:
        """A worker is idle."""
        self.idle.append(worker)
        self._hand_out()

    def close(self) -> None:
        """Let no call in any more, and send those away that wait."""
        self._closed = True
        for turn in self.queue.clear():
            resolve(self._granted[turn], ShuttingDown())

    def _waited_in_vain(self, turn: Turn) -> None:
        if not self._granted[turn].done():
            resolve(self._granted[turn], self.queue.waited_in_vain(turn))

    def _hand_out(self) -> None:
        while self.idle:
            turn = self.queue.next()
            if turn is None:
                return
            if self._granted[turn].done():
                self.queue.ended(turn, ran=False)  # Its caller has gone, and its task has not heard of it yet.
            else:
                self._granted[turn].set_result(self._worker_of(turn))

    def _worker_of(self, turn: Turn) -> WorkerHandle:
        """The idle worker that had the call's cluster last, since it remembers it; else the one that waits longest."""
        worker = next((one for one in self.idle if one.cluster == turn.cluster), self.idle[0])
        self.idle.remove(worker)
        worker.cluster = turn.cluster or worker.cluster
        return worker


def resolve(future: asyncio.Future[T], outcome: T | Exception) -> None:
    """Set a result or an exception, once."""
    if future.done():
        return
    if isinstance(outcome, Exception):
        future.set_exception(outcome)
    else:
        future.set_result(outcome)
