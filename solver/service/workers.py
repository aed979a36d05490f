"""The processes that solve, seen from the front: handed out one call at a time, stopped, killed, replaced.

They come from a forkserver that has loaded the engines (a new one takes some 10 ms) and that is started before the gRPC
server, since forking after it is unsafe. This module imports neither the engines nor what leads to them.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import math
import multiprocessing
import os
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TypeVar

from google.rpc import code_pb2, status_pb2

from solver.errors import InvalidRequest, Overloaded, WorkerLost
from solver.service import frames, memory
from solver.service.handle import ENTRY, WorkerHandle
from solver.service.pace import Pace, Turn
from solver.service.sizes import SizeLimits

T = TypeVar("T")

ENGINES = ("solver.api", "solver.engines.exact", "solver.engines.patterns", "solver.explain")
"""What is loaded before a worker is forked, so that no call pays for it."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class PoolLimits:
    """When a call is refused, and when a worker is.

    Parameters
    ----------
    waiting
        Calls that may wait for a worker.
    waiting_bytes
        Bytes of their requests together.
    wait_seconds
        How long a call without a deadline waits.
    grace_seconds
        How long a worker that was told to stop, or whose time is up, may go on before it is killed.
    unread_seconds
        How long a worker may read a request, or check a plan, where the call has no deadline.
    worker_bytes
        Memory that a worker may take, what it has loaded included: some 200 MB. None for an even share of three quarters of what
        the computer, or the container, has.

    Raises
    ------
    InvalidRequest
        If a worker could not even start in its memory.
    """

    waiting: int = 64
    waiting_bytes: int = 256 * 2**20
    wait_seconds: float = 60.0
    grace_seconds: float = 1.0
    unread_seconds: float = 60.0
    worker_bytes: int | None = None

    def __post_init__(self) -> None:
        if self.worker_bytes is not None and self.worker_bytes < memory.LEAST_BYTES:
            raise InvalidRequest.at(
                "worker_bytes", f"is {self.worker_bytes:,}", f"must be at least {memory.LEAST_BYTES:,}"
            )


OnReport = Callable[[frames.Reply, bytes], None]
"""Told each PLAN and each BOUNDS."""


def unheard(kind: frames.Reply, payload: bytes) -> None:
    """Nobody listens."""


class Failed(Exception):
    """A worker refused a call: the status for the caller."""

    def __init__(self, status: status_pb2.Status) -> None:
        self.status = status
        super().__init__(status.message)


@dataclass(eq=False)
class _Call:
    """One call, ``since`` it has a worker; ``first_after`` when its first plan came; the rest as of ``WorkerPool.run``."""

    number: int
    answer: asyncio.Future[bytes]
    slack: float
    turn: Turn
    on_report: OnReport
    late: bytes
    since: float = field(default_factory=time.monotonic)
    first_after: float | None = None
    plan: bytes | None = None
    timers: list[asyncio.TimerHandle] = field(default_factory=list)

    def disarm(self) -> None:
        """Let no timer act on it any more."""
        for timer in self.timers:
            timer.cancel()
        self.timers.clear()


class WorkerPool:
    """A fixed number of workers. All methods but ``__init__`` belong to one event loop.

    Parameters
    ----------
    size
        Workers, each with one call at a time.
    sizes
        What a request may be at most.
    api
        Module with the verbs, as in ``solver.api``.
    limits
        When a call is refused, and when a worker is given up.
    """

    def __init__(
        self, size: int, sizes: SizeLimits, *, api: str = "solver.api", limits: PoolLimits | None = None
    ) -> None:
        self.size = size
        self.limits = limits or PoolLimits()
        self._sizes = sizes
        self._memory = self.limits.worker_bytes or memory.worker_bytes(size)
        self._api = api
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload([ENTRY, api, *ENGINES] if api in ENGINES else [ENTRY, api])
        # One thread for each exchange, and as many for workers that start.
        self._threads = ThreadPoolExecutor(2 * size, thread_name_prefix="worker")
        self._idle: deque[WorkerHandle] = deque()
        self._alive: set[WorkerHandle] = set()
        self._starting: set[WorkerHandle] = set()
        self._running: dict[WorkerHandle, _Call] = {}
        self._waiting: deque[tuple[asyncio.Future[WorkerHandle], Turn]] = deque()
        self._pace = Pace()
        self._waiting_bytes = 0
        self._numbers = itertools.count(1)
        self._closing = False
        self._tasks: set[asyncio.Task[None]] = set()
        self.on_change: Callable[[int], None] = lambda ready: None
        """Told how many workers are alive whenever that changes."""

    async def start(self) -> None:
        """Start the workers and wait until all are ready.

        Raises
        ------
        WorkerLost
            If one of them cannot start.
        """
        found = await asyncio.gather(*(self._started() for _ in range(self.size)))
        for worker in found:
            self._add(worker)

    async def close(self) -> None:
        """End all workers, those that still solve too."""
        self._closing = True
        for task in list(self._tasks):
            task.cancel()
        # One that does not get ready would hold the end of this process, and outlive it where that is killed then.
        for worker in list(self._starting):
            worker.kill()
        for worker in list(self._alive):
            self._forget(worker)
            worker.kill()
            worker.close()
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def run(
        self,
        kind: frames.Call,
        payload: bytes,
        finish_by: float,
        slack: float,
        permit: bytes = b"",
        *,
        on_report: OnReport = unheard,
        late: bytes = b"",
    ) -> bytes:
        """Have a worker answer a call.

        Parameters
        ----------
        finish_by
            The moment (``time.monotonic``) by which the search must end; infinite for none.
        slack
            Seconds after it when the best plan known goes out, if the worker is still silent.
        permit
            What the caller may have changed, as in ``frames.pack_call``.
        on_report
            Told what the search reports on its way; must not block.
        late
            What is put behind that best plan, in bytes of the same message.

        Raises
        ------
        Overloaded
            If no worker is free in time.
        WorkerLost
            If the worker ends before it answers, and has reported no plan.
        Failed
            If the worker refuses.
        """
        turn = Turn(kind, len(payload), finish_by)
        worker = await self._acquire(turn)
        loop = asyncio.get_running_loop()
        call = _Call(next(self._numbers), loop.create_future(), slack, turn, on_report, late)
        self._running[worker] = call
        frame = frames.pack_call(kind, call.number, finish_by, payload, permit)
        task = loop.create_task(self._exchange(worker, call, frame))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        ends = time.monotonic() + self.limits.unread_seconds if math.isinf(finish_by) else finish_by
        self._arm(worker, call, ends)
        try:
            return await call.answer
        except asyncio.CancelledError:
            worker.cancel(call.number)
            call.disarm()
            self._later(call, self.limits.grace_seconds, worker.kill)
            raise

    # One call.

    async def _exchange(self, worker: WorkerHandle, call: _Call, frame: bytes) -> None:
        """Owns the worker until it is idle again or gone, whether or not somebody still waits for the answer."""
        loop = asyncio.get_running_loop()

        def told(kind: frames.Reply, payload: bytes) -> None:
            loop.call_soon_threadsafe(self._told, worker, call, kind, payload)

        try:
            await loop.run_in_executor(self._threads, worker.exchange, frame, told)
        except WorkerLost as lost:
            call.disarm()
            self._running.pop(worker, None)
            # What it had reported is checked, and as good as where the time is up.
            _resolve(call.answer, lost if call.plan is None else call.plan + call.late)
            self._replace(worker)
        else:
            call.disarm()
            self._running.pop(worker, None)
            # Not of calls that were given up or lost: others do not take as long as those.
            if not call.answer.cancelled():
                whole = time.monotonic() - call.since
                self._pace.note(call.turn, whole if call.first_after is None else call.first_after, whole)
            self._release(worker)

    def _told(self, worker: WorkerHandle, call: _Call, kind: frames.Reply, payload: bytes) -> None:
        if kind is frames.Reply.ACCEPTED and not call.answer.done():
            self._arm(worker, call, frames.unpack_moment(payload))
        elif kind is frames.Reply.PLAN:
            if call.plan is None:
                call.first_after = time.monotonic() - call.since
            call.plan = payload
            call.on_report(kind, payload)
        elif kind is frames.Reply.BOUNDS:
            call.on_report(kind, payload)
        elif kind is frames.Reply.DONE:
            _resolve(call.answer, payload)
        elif kind is frames.Reply.FAILED:
            status = status_pb2.Status.FromString(payload)
            # What is too large to be read has no plan: memory ran out in the search.
            out_of_memory = status.code == code_pb2.RESOURCE_EXHAUSTED and call.plan is not None
            _resolve(call.answer, (call.plan or b"") + call.late if out_of_memory else Failed(status))

    def _arm(self, worker: WorkerHandle, call: _Call, ends: float) -> None:
        """Have the deadline hold from outside: a search can stall, and then hears nothing."""
        call.disarm()
        if math.isinf(ends):
            return
        left = ends - time.monotonic()
        self._later(call, left + call.slack, lambda: self._time_is_up(worker, call))
        self._later(call, left + max(call.slack, self.limits.grace_seconds), worker.kill)

    def _later(self, call: _Call, seconds: float, act: Callable[[], None]) -> None:
        call.timers.append(asyncio.get_running_loop().call_later(max(seconds, 0.0), act))

    def _time_is_up(self, worker: WorkerHandle, call: _Call) -> None:
        worker.cancel(call.number)
        if call.plan is not None:
            _resolve(call.answer, call.plan + call.late)

    # Who has which worker.

    async def _acquire(self, turn: Turn) -> WorkerHandle:
        while self._idle:
            worker = self._idle.popleft()
            if worker.process.is_alive():
                return worker
            self._replace(worker)
        if len(self._waiting) >= self.limits.waiting or self._waiting_bytes + turn.size > self.limits.waiting_bytes:
            raise Overloaded(f"{len(self._waiting)} calls wait for a worker already")
        now = time.monotonic()
        seconds = self.limits.wait_seconds if math.isinf(turn.finish_by) else max(turn.finish_by - now, 0.0)
        running = [(call.since, call.turn) for call in self._running.values()]
        self._pace.require(turn, now, seconds, running, (before for _, before in self._waiting))
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[WorkerHandle] = loop.create_future()
        timer = loop.call_later(seconds, _resolve, waiter, Overloaded(f"no worker was free within {seconds:.2f} s"))
        entry = (waiter, turn)
        self._waiting.append(entry)
        self._waiting_bytes += turn.size
        try:
            return await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled() and waiter.exception() is None:
                self._release(waiter.result())
            raise
        finally:
            timer.cancel()
            self._waiting_bytes -= turn.size
            with suppress(ValueError):
                self._waiting.remove(entry)

    def _release(self, worker: WorkerHandle) -> None:
        """Give the worker to whoever waits longest."""
        if worker not in self._alive:
            return
        while self._waiting:
            waiter, turn = self._waiting.popleft()
            if waiter.done():
                continue
            left = turn.finish_by - time.monotonic()
            if left < self._pace.needed(turn):
                # It would be late, and those behind it then as well.
                _resolve(waiter, Overloaded(f"no worker was free before the last {max(left, 0.0):.2f} s"))
                continue
            waiter.set_result(worker)
            return
        self._idle.append(worker)

    async def _started(self) -> WorkerHandle:
        loop = asyncio.get_running_loop()

        def start() -> WorkerHandle:
            worker = WorkerHandle(self._context, self._api, self._sizes, self._memory)
            self._starting.add(worker)
            try:
                if self._closing:
                    raise WorkerLost("the server ends")
                worker.wait_ready()
            except WorkerLost:
                worker.kill()
                worker.close()
                raise
            finally:
                self._starting.discard(worker)
            return worker

        return await loop.run_in_executor(self._threads, start)

    def _add(self, worker: WorkerHandle) -> None:
        self._alive.add(worker)
        asyncio.get_running_loop().add_reader(worker.process.sentinel, self._ended, worker)
        self.on_change(len(self._alive))
        self._release(worker)

    def _ended(self, worker: WorkerHandle) -> None:
        """A process is gone. A busy one is noticed where its answer was awaited."""
        asyncio.get_running_loop().remove_reader(worker.process.sentinel)
        if worker in self._idle:
            self._idle.remove(worker)
            self._replace(worker)

    def _forget(self, worker: WorkerHandle) -> None:
        with suppress(ValueError, OSError):
            asyncio.get_running_loop().remove_reader(worker.process.sentinel)
        if worker in self._alive:
            self._alive.remove(worker)
            self.on_change(len(self._alive))

    def _replace(self, worker: WorkerHandle) -> None:
        if worker not in self._alive:
            return
        _log.warning("worker %s is gone and replaced", worker.process.pid)
        self._forget(worker)
        worker.kill()
        worker.close()
        if not self._closing:
            task = asyncio.get_running_loop().create_task(self._start_another())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _start_another(self) -> None:
        for seconds in itertools.chain((0.1, 1.0, 5.0), itertools.repeat(30.0)):
            try:
                worker = await self._started()
            except (WorkerLost, OSError) as error:
                _log.error("a worker could not be started: %s", error)
                await asyncio.sleep(seconds)
            else:
                self._add(worker)
                return


def _resolve(future: asyncio.Future[T], outcome: T | Exception) -> None:
    """Set a result or an exception, once."""
    if future.done():
        return
    if isinstance(outcome, Exception):
        future.set_exception(outcome)
    else:
        future.set_result(outcome)


def default_size() -> int:
    """One worker for every two processors, at least one: a solve takes two threads unless the request says more."""
    return max((os.cpu_count() or 2) // 2, 1)
