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
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field

from google.rpc import code_pb2, status_pb2

from solver import memory
from solver.errors import WorkerLost
from solver.service import frames
from solver.service.course import Course
from solver.service.handle import ENTRY, WorkerHandle
from solver.service.limits import PoolLimits
from solver.service.logs import LogOptions
from solver.service.queue import FairQueue, Turn
from solver.service.sizes import SizeLimits
from solver.service.turnstile import Turnstile, resolve

ENGINES = ("solver.api", "solver.engines.exact", "solver.engines.patterns", "solver.explain", "solver.robustness")
"""What is loaded before a worker is forked, so that no call pays for it."""

_log = logging.getLogger(__name__)


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
    """One call, ``since`` it has a worker; ``slack``, ``on_report``, ``late`` and ``course`` are those of ``WorkerPool.run``."""

    number: int
    answer: asyncio.Future[bytes]
    slack: float
    turn: Turn
    course: Course
    on_report: OnReport
    late: bytes
    since: float = field(default_factory=time.monotonic)
    first_after: float | None = None
    """Seconds until it had a plan, where one was reported."""
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
    logs
        What workers log, and how.
    """

    def __init__(
        self,
        size: int,
        sizes: SizeLimits,
        *,
        api: str = "solver.api",
        limits: PoolLimits | None = None,
        logs: LogOptions | None = None,
    ) -> None:
        self.size = size
        self.limits = limits or PoolLimits()
        self._sizes = sizes
        self._memory = self.limits.worker_bytes or memory.worker_bytes(size)
        self._api = api
        self._logs = logs or LogOptions()
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload([ENTRY, api, *ENGINES] if api in ENGINES else [ENTRY, api])
        # One thread for each exchange, and as many for workers that start.
        self._threads = ThreadPoolExecutor(2 * size, thread_name_prefix="worker")
        self._alive: set[WorkerHandle] = set()
        self._starting: set[WorkerHandle] = set()
        allowed = self.limits
        self.queue = FairQueue(size, allowed.waiting, allowed.waiting_bytes, allowed.caller_share)
        """The calls that wait."""
        self.restarts: Counter[str] = Counter()
        """Workers that were replaced, by why: ended by itself or by another, deadline, cancelled."""
        self._turnstile = Turnstile(self.queue)
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

    @property
    def alive(self) -> int:
        """Workers that are ready or solve."""
        return len(self._alive)

    @property
    def busy(self) -> int:
        """Workers that have a call."""
        return len(self._alive) - len(self._turnstile.idle)

    def drain(self) -> None:
        """Take no calls any more, and give up those that wait; those that run go on."""
        self._turnstile.close()

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
        caller: str = "",
        seconds: float = math.inf,
        cluster: str = "",
        course: Course | None = None,
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
        caller
            Whose turn it takes.
        seconds
            How long the search may take by the request itself; infinite where that is not known.
        cluster
            The name of its cluster: a worker that has had it lately is preferred.
        course
            Where its moments are noted.

        Raises
        ------
        Overloaded
            If no worker is free in time, or none will be.
        ShuttingDown
            If the call waits, or comes, when the pool is drained.
        WorkerLost
            If the worker ends before it answers, and has reported no plan.
        Failed
            If the worker refuses.
        """
        course = course or Course()
        course.queued = now = time.monotonic()
        latest = now + self.limits.wait_seconds if math.isinf(finish_by) else finish_by
        most = min(seconds, finish_by - now)
        most = self.limits.unread_seconds if math.isinf(most) else most
        # Requests within a factor of four in bytes take a like time.
        like = (kind, len(payload).bit_length() // 2)
        turn = Turn(caller, like, len(payload), most, latest, dated=not math.isinf(finish_by), cluster=cluster)
        idle = self._turnstile.idle
        while idle and not idle[0].process.is_alive():
            self._replace(idle.popleft())
        worker = await self._turnstile.worker_for(turn)
        loop = asyncio.get_running_loop()
        call = _Call(next(self._numbers), loop.create_future(), slack, turn, course, on_report, late)
        course.began, course.number, course.worker = time.monotonic(), call.number, worker.process.pid or 0
        frame = frames.pack_call(kind, call.number, finish_by, payload, permit)
        task = loop.create_task(self._exchange(worker, call, frame))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        ends = time.monotonic() + self.limits.unread_seconds if math.isinf(finish_by) else finish_by
        self._arm(worker, call, ends)
        try:
            return await call.answer
        except asyncio.CancelledError:
            worker.stop(call.number, awaited=False)
            self.queue.stopping(turn)
            call.disarm()
            self._later(call, self.limits.grace_seconds, lambda: worker.kill("cancelled"))
            raise

    # One call.

    async def _exchange(self, worker: WorkerHandle, call: _Call, frame: bytes) -> None:
        """Owns the worker until it is idle again or gone, whether or not somebody still waits for the answer."""
        loop = asyncio.get_running_loop()

        def told(kind: frames.Reply, payload: bytes) -> None:
            loop.call_soon_threadsafe(self._told, worker, call, kind, payload)

        try:
            last = await loop.run_in_executor(self._threads, worker.exchange, frame, told)
        except WorkerLost as lost:
            call.disarm()
            # What it had reported is checked, and as good as where the time is up.
            resolve(call.answer, lost if call.plan is None else call.plan + call.late)
            self.queue.ended(call.turn, ran=False)
            self._replace(worker)
        else:
            call.disarm()
            self._ended_with(call, *last)
            # In the same step: the next call of one who has the answer finds the worker that remembers the last one.
            self._release(worker)

    def _told(self, worker: WorkerHandle, call: _Call, kind: frames.Reply, payload: bytes) -> None:
        if kind is frames.Reply.ACCEPTED and not call.answer.done():
            call.course.read = time.monotonic()
            self._arm(worker, call, frames.unpack_moment(payload))
        elif kind is frames.Reply.PLAN:
            if call.plan is None:
                call.first_after = time.monotonic() - call.since
            call.plan = payload
            call.on_report(kind, payload)
        elif kind is frames.Reply.BOUNDS:
            call.on_report(kind, payload)

    def _ended_with(self, call: _Call, kind: frames.Reply, payload: bytes) -> None:
        call.course.done = time.monotonic()
        # Nothing is learnt of calls that were given up or lost: others do not take as long as those.
        self.queue.ended(call.turn, first=call.first_after, ran=not call.answer.cancelled())
        if kind is frames.Reply.DONE:
            resolve(call.answer, payload)
            return
        status = status_pb2.Status.FromString(payload)
        # What is too large to be read has no plan: memory ran out in the search.
        out_of_memory = status.code == code_pb2.RESOURCE_EXHAUSTED and call.plan is not None
        resolve(call.answer, (call.plan or b"") + call.late if out_of_memory else Failed(status))

    def _arm(self, worker: WorkerHandle, call: _Call, ends: float) -> None:
        """Have the deadline hold from outside: a search can stall, and then hears nothing."""
        call.disarm()
        if math.isinf(ends):
            return
        left = ends - time.monotonic()
        self._later(call, left + call.slack, lambda: self._time_is_up(worker, call))
        self._later(call, left + max(call.slack, self.limits.grace_seconds), lambda: worker.kill("deadline"))

    def _later(self, call: _Call, seconds: float, act: Callable[[], None]) -> None:
        call.timers.append(asyncio.get_running_loop().call_later(max(seconds, 0.0), act))

    def _time_is_up(self, worker: WorkerHandle, call: _Call) -> None:
        worker.stop(call.number, awaited=call.plan is None)
        self.queue.stopping(call.turn)
        if call.plan is not None:
            resolve(call.answer, call.plan + call.late)

    # Who has which worker.

    def _release(self, worker: WorkerHandle) -> None:
        """The worker is idle."""
        if worker in self._alive:
            self._turnstile.release(worker)

    async def _started(self) -> WorkerHandle:
        loop = asyncio.get_running_loop()

        def start() -> WorkerHandle:
            worker = WorkerHandle(self._context, self._api, self._sizes, self._memory, self._logs)
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
        if worker in self._turnstile.idle:
            self._turnstile.idle.remove(worker)
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
        if not self._closing:
            self.restarts[worker.killed or "ended"] += 1
            _log.warning("worker %s is gone and replaced: %s", worker.process.pid, worker.killed or "ended")
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
