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
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext, ForkServerProcess
from types import ModuleType

from google.rpc import status_pb2

from solver.errors import Overloaded, WorkerLost
from solver.service import frames
from solver.service.sizes import SizeLimits

ENTRY = "solver.service.worker"
"""The module that a worker runs. It is named, not imported: it imports the engines."""

ENGINES = ("solver.api", "solver.engines.exact", "solver.engines.patterns", "solver.explain")
"""What is loaded before a worker is forked, so that no call pays for it."""

START_SECONDS = 60.0
"""A worker that is not ready after this time is given up."""

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
    """

    waiting: int = 64
    waiting_bytes: int = 256 * 2**20
    wait_seconds: float = 60.0
    grace_seconds: float = 1.0
    unread_seconds: float = 60.0


class Failed(Exception):
    """A worker refused a call: the status for the caller."""

    def __init__(self, status: status_pb2.Status) -> None:
        self.status = status
        super().__init__(status.message)


@dataclass(eq=False)
class _Job:
    """One call, from the moment it has a worker."""

    number: int
    answer: asyncio.Future[bytes]
    finish_by: float
    slack: float
    plan: bytes | None = None
    timers: list[asyncio.TimerHandle] = field(default_factory=list)

    def disarm(self) -> None:
        for timer in self.timers:
            timer.cancel()
        self.timers.clear()


class _Worker:
    """One process and its two pipes."""

    def __init__(self, context: ForkServerContext, api: str, sizes: SizeLimits) -> None:
        self.calls, calls = context.Pipe()
        control, self.control = context.Pipe(duplex=False)
        self.process: ForkServerProcess = context.Process(
            target=_run, args=(calls, control, api, sizes), name="placement-solver-worker", daemon=True
        )
        with _start_lock, _without_main():
            self.process.start()
        calls.close()
        control.close()

    def wait_ready(self) -> None:
        """Wait until everything is loaded.

        Raises
        ------
        WorkerLost
            If the process ends before, or takes too long.
        """
        try:
            if not self.calls.poll(START_SECONDS):
                raise WorkerLost(f"a worker was not ready after {START_SECONDS:.0f} s")
            self.calls.recv_bytes()
        except (EOFError, OSError):
            raise WorkerLost("a worker ended while it started") from None

    def exchange(self, frame: bytes, told: Callable[[frames.Reply, bytes], None]) -> None:
        """Send a call and hand on each reply, the last one too. Blocks.

        Raises
        ------
        WorkerLost
            If the process ends before the last reply.
        """
        try:
            self.calls.send_bytes(frame)
            while True:
                kind, _, payload = frames.unpack_reply(self.calls.recv_bytes())
                told(kind, payload)
                if kind in (frames.Reply.DONE, frames.Reply.FAILED):
                    return
        except (EOFError, OSError):
            raise WorkerLost("the process that solved is gone; try again") from None

    def cancel(self, number: int) -> None:
        """Ask it to stop a call. A few bytes a call never fill the pipe."""
        with suppress(OSError):
            self.control.send_bytes(frames.NUMBER.pack(number))

    def kill(self) -> None:
        with suppress(ValueError, OSError):
            self.process.kill()

    def close(self) -> None:
        """Let it end: it does so when its pipes close."""
        self.calls.close()
        self.control.close()


def _run(calls: Connection, control: Connection, api: str, sizes: SizeLimits) -> None:
    """In the worker: its module is imported there, never in the front."""
    import importlib

    importlib.import_module(ENTRY).main(calls, control, api, sizes)


_start_lock = threading.Lock()


@contextmanager
def _without_main() -> Iterator[None]:
    """Hide the program's main module: a worker would run it again, which costs time and needs a guard in it."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


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
    """

    def __init__(
        self, size: int, sizes: SizeLimits, *, api: str = "solver.api", limits: PoolLimits | None = None
    ) -> None:
        self.size = size
        self.limits = limits or PoolLimits()
        self._sizes = sizes
        self._api = api
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload([ENTRY, api, *ENGINES] if api in ENGINES else [ENTRY, api])
        # One thread for each exchange, and as many for workers that start.
        self._threads = ThreadPoolExecutor(2 * size, thread_name_prefix="worker")
        self._idle: deque[_Worker] = deque()
        self._alive: set[_Worker] = set()
        self._waiting: deque[asyncio.Future[_Worker]] = deque()
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
        for worker in list(self._alive):
            self._forget(worker)
            worker.kill()
            worker.close()
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def run(self, kind: frames.Call, payload: bytes, finish_by: float, slack: float) -> bytes:
        """Have a worker answer a call.

        Parameters
        ----------
        finish_by
            The moment (``time.monotonic``) by which the search must end; infinite for none.
        slack
            Seconds after it when the best plan known goes out, if the worker is still silent.

        Raises
        ------
        Overloaded
            If no worker is free in time.
        WorkerLost
            If the worker ends before it answers.
        Failed
            If the worker refuses.
        """
        worker = await self._acquire(finish_by, len(payload))
        loop = asyncio.get_running_loop()
        job = _Job(next(self._numbers), loop.create_future(), finish_by, slack)
        frame = frames.pack_call(kind, job.number, finish_by, payload)
        task = loop.create_task(self._exchange(worker, job, frame))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        ends = time.monotonic() + self.limits.unread_seconds if math.isinf(finish_by) else finish_by
        self._arm(worker, job, ends)
        try:
            return await job.answer
        except asyncio.CancelledError:
            worker.cancel(job.number)
            job.disarm()
            self._later(job, self.limits.grace_seconds, worker.kill)
            raise

    # One call.

    async def _exchange(self, worker: _Worker, job: _Job, frame: bytes) -> None:
        """Owns the worker until it is idle again or gone, whether or not somebody still waits for the answer."""
        loop = asyncio.get_running_loop()

        def told(kind: frames.Reply, payload: bytes) -> None:
            loop.call_soon_threadsafe(self._told, worker, job, kind, payload)

        try:
            await loop.run_in_executor(self._threads, worker.exchange, frame, told)
        except WorkerLost as lost:
            job.disarm()
            _resolve(job.answer, lost)
            self._replace(worker)
        else:
            job.disarm()
            self._release(worker)

    def _told(self, worker: _Worker, job: _Job, kind: frames.Reply, payload: bytes) -> None:
        if kind is frames.Reply.ACCEPTED and not job.answer.done():
            self._arm(worker, job, frames.unpack_moment(payload))
        elif kind is frames.Reply.PLAN:
            job.plan = payload
        elif kind is frames.Reply.DONE:
            _resolve(job.answer, payload)
        elif kind is frames.Reply.FAILED:
            _resolve(job.answer, Failed(status_pb2.Status.FromString(payload)))

    def _arm(self, worker: _Worker, job: _Job, ends: float) -> None:
        """Have the deadline hold from outside: a search can stall, and then hears nothing."""
        job.disarm()
        if math.isinf(ends):
            return
        left = ends - time.monotonic()
        self._later(job, left + job.slack, lambda: self._time_is_up(worker, job))
        self._later(job, left + max(job.slack, self.limits.grace_seconds), worker.kill)

    def _later(self, job: _Job, seconds: float, act: Callable[[], None]) -> None:
        job.timers.append(asyncio.get_running_loop().call_later(max(seconds, 0.0), act))

    def _time_is_up(self, worker: _Worker, job: _Job) -> None:
        worker.cancel(job.number)
        if job.plan is not None:
            _resolve(job.answer, job.plan)

    # Who has which worker.

    async def _acquire(self, finish_by: float, size: int) -> _Worker:
        while self._idle:
            worker = self._idle.popleft()
            if worker.process.is_alive():
                return worker
            self._replace(worker)
        if len(self._waiting) >= self.limits.waiting or self._waiting_bytes + size > self.limits.waiting_bytes:
            raise Overloaded(f"{len(self._waiting)} calls wait for a worker already")
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[_Worker] = loop.create_future()
        seconds = self.limits.wait_seconds if math.isinf(finish_by) else max(finish_by - time.monotonic(), 0.0)
        late = Overloaded(f"no worker was free within {seconds:.2f} s")
        timer = loop.call_later(seconds, _resolve, waiter, late)
        self._waiting.append(waiter)
        self._waiting_bytes += size
        try:
            return await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled() and waiter.exception() is None:
                self._release(waiter.result())
            raise
        finally:
            timer.cancel()
            self._waiting_bytes -= size
            with suppress(ValueError):
                self._waiting.remove(waiter)

    def _release(self, worker: _Worker) -> None:
        """Give the worker to whoever waits longest."""
        if worker not in self._alive:
            return
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_result(worker)
                return
        self._idle.append(worker)

    async def _started(self) -> _Worker:
        loop = asyncio.get_running_loop()

        def start() -> _Worker:
            worker = _Worker(self._context, self._api, self._sizes)
            try:
                worker.wait_ready()
            except WorkerLost:
                worker.kill()
                worker.close()
                raise
            return worker

        return await loop.run_in_executor(self._threads, start)

    def _add(self, worker: _Worker) -> None:
        self._alive.add(worker)
        asyncio.get_running_loop().add_reader(worker.process.sentinel, self._ended, worker)
        self.on_change(len(self._alive))
        self._release(worker)

    def _ended(self, worker: _Worker) -> None:
        """A process is gone. A busy one is noticed where its answer was awaited."""
        asyncio.get_running_loop().remove_reader(worker.process.sentinel)
        if worker in self._idle:
            self._idle.remove(worker)
            self._replace(worker)

    def _forget(self, worker: _Worker) -> None:
        with suppress(ValueError, OSError):
            asyncio.get_running_loop().remove_reader(worker.process.sentinel)
        if worker in self._alive:
            self._alive.remove(worker)
            self.on_change(len(self._alive))

    def _replace(self, worker: _Worker) -> None:
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


def _resolve(future: asyncio.Future[bytes] | asyncio.Future[_Worker], outcome: object) -> None:
    """Set a result or an exception, once."""
    if future.done():
        return
    if isinstance(outcome, Exception):
        future.set_exception(outcome)
    else:
        future.set_result(outcome)  # type: ignore[arg-type]


def default_size() -> int:
    """One worker for every two processors, at least one: a solve takes two threads unless the request says more."""
    return max((os.cpu_count() or 2) // 2, 1)
