"""The analyses of a server: begun where there is room, followed while they run, kept for some time afterwards.

All of this belongs to one event loop. What a process says is read in a thread, one for each analysis that runs.
"""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime

from google.rpc import code_pb2, status_pb2

from solver.errors import OperationNotFound, Overloaded, PlacementSolverError, ShuttingDown, TooLarge, WorkerLost
from solver.service.analysis.limits import AnalysisLimits
from solver.service.analysis.process import OUTLOOK, AnalysisProcess, Order, Word
from solver.service.status import to_status
from solver.service.workers import Failed

PREFIX = "analyses/"
"""Of the names of operations."""

BEGIN_SECONDS = 120.0
"""For the process to load what it needs, and to read and try the request."""

RETRY_SECONDS = 10.0
"""When to come back where there is no room."""

_log = logging.getLogger(__name__)


@dataclass(eq=False)
class Analysis:
    """One analysis.

    Parameters
    ----------
    party
        Whose it is.
    total
        Scenarios, the base included.
    rows
        ``ScenarioRow`` messages, in the order in which they came.
    failed
        Those of them without an answer.
    error
        Why it ended before its end; None where it did not.
    """

    party: str
    total: int
    name: str = field(default_factory=lambda: PREFIX + uuid.uuid4().hex)
    rows: list[bytes] = field(default_factory=list)
    failed: int = 0
    error: status_pb2.Status | None = None
    begun_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    ended_at: datetime | None = None
    ended: float = 0.0
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def done(self) -> bool:
        """Whether it has ended."""
        return self.ended_at is not None

    def add(self, row: bytes, *, answered: bool) -> None:
        """One more row; nothing where it has ended, for whoever read the rows was told that there are no more."""
        if self.done:
            return
        self.rows.append(row)
        self.failed += not answered
        self._wake()

    def end(self, error: status_pb2.Status | None = None) -> None:
        """It has ended; the first end holds."""
        if self.done:
            return
        self.error, self.ended_at, self.ended = error, datetime.now(UTC), time.monotonic()
        self._wake()

    def change(self) -> Coroutine[None, None, bool]:
        """Wait for another row, or for the end, from this moment on: not only from when a task of it begins."""
        return self._changed.wait()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()


@dataclass(eq=False)
class _Run:
    """A process that runs; ``analysis`` is None until its request is found to be valid."""

    party: str
    process: AnalysisProcess | None = None
    analysis: Analysis | None = None


class Analyses:
    """Those of a server.

    Parameters
    ----------
    limits
        How many there may be.
    start
        Starts the process of one; blocks.
    """

    def __init__(self, limits: AnalysisLimits, start: Callable[[Order], AnalysisProcess] = AnalysisProcess) -> None:
        self.limits = limits
        self._start = start
        self._threads = ThreadPoolExecutor(max(limits.running, 1), thread_name_prefix="analysis")
        self._runs: list[_Run] = []
        self._known: dict[str, Analysis] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False

    @property
    def running(self) -> int:
        """Those that run."""
        return len(self._runs)

    async def begin(self, party: str, order: Order) -> Analysis:
        """Begin an analysis; returns once its request is found to be valid.

        Raises
        ------
        Overloaded, ShuttingDown
            If there is no room, or the server ends.
        Failed
            If the request is not valid.
        WorkerLost
            If its process ends, or says nothing in time.
        """
        self._require_room(party)
        run = _Run(party)
        self._runs.append(run)
        try:
            run.process = await asyncio.to_thread(self._start, order)
            if self._closed:
                raise ShuttingDown()
            word, said = await self._heard(run.process, BEGIN_SECONDS)
            if word is not Word.BEGUN:
                raise Failed(status_pb2.Status.FromString(said))
        except BaseException:
            # Also where the caller has gone meanwhile.
            self._over(run)
            raise
        total, silent = OUTLOOK.unpack(said)
        run.analysis = Analysis(party, total)
        self._known[run.analysis.name] = run.analysis
        task = asyncio.get_running_loop().create_task(self._follow(run.process, run.analysis, run, silent))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return run.analysis

    def of(self, party: str, name: str) -> Analysis:
        """An analysis of a caller.

        Raises
        ------
        OperationNotFound
            If there is none of the name, or it is another's.
        """
        self._forget_old()
        found = self._known.get(name)
        if found is None or found.party != party:
            raise OperationNotFound(f"there is no operation '{name[:100]}' of yours here; ask ListOperations")
        return found

    def all_of(self, party: str) -> list[Analysis]:
        """Those of a caller, the oldest first."""
        self._forget_old()
        return [analysis for analysis in self._known.values() if analysis.party == party]

    def cancel(self, analysis: Analysis) -> None:
        """End one; the rows that it has stay. Nothing, where it has ended."""
        self._stop(analysis, status_pb2.Status(code=code_pb2.CANCELLED, message="the operation was cancelled"))

    async def close(self) -> None:
        """End all that run, and take no more; whoever waits for one is told."""
        self._closed = True
        for run in list(self._runs):
            if run.analysis is not None:
                self._stop(run.analysis, to_status(ShuttingDown("the server ends, and the analysis with it")))
            elif run.process is not None:
                run.process.kill()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=5.0)
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _require_room(self, party: str) -> None:
        if self._closed:
            raise ShuttingDown()
        busy = [run for run in self._runs if run.analysis is None or not run.analysis.done]
        if any(run.party == party for run in busy):
            said = "an analysis of yours runs: wait for it (WaitOperation) or cancel it (CancelOperation)"
            raise Overloaded(said, RETRY_SECONDS)
        if len(busy) >= self.limits.running:
            said = f"{self.limits.running} analyses run, the most at once" if self.limits.running else "it takes none"
            raise Overloaded(f"the server has no room for another analysis: {said}", RETRY_SECONDS)

    async def _heard(self, process: AnalysisProcess, seconds: float) -> tuple[Word, bytes]:
        """What a process says next; it is killed where it says nothing for so long."""
        waiting = asyncio.get_running_loop().run_in_executor(self._threads, process.heard)
        done, _ = await asyncio.wait((waiting,), timeout=seconds)
        if not done:
            process.kill()
            await asyncio.wait((waiting,), timeout=5.0)
            raise WorkerLost(f"the process of the analysis was silent for {seconds:.0f} s; begin it again")
        return waiting.result()

    async def _follow(self, process: AnalysisProcess, analysis: Analysis, run: _Run, silent: float) -> None:
        """Take down what a process says until it ends."""
        error: status_pb2.Status | None = None
        try:
            while not analysis.done:
                word, said = await self._heard(process, silent)
                if word in (Word.ROW, Word.FAILED_ROW):
                    self._require_bytes(len(said), analysis)
                    analysis.add(said, answered=word is Word.ROW)
                    continue
                if word is Word.REFUSED:
                    error = status_pb2.Status.FromString(said)
                break
        except PlacementSolverError as lost:
            error = to_status(lost)
        finally:
            analysis.end(error)
            self._over(run)
            self._forget_old()
        _log.info("%s: %d of %d rows", analysis.name, len(analysis.rows), analysis.total)

    def _require_bytes(self, more: int, analysis: Analysis) -> None:
        """Make room for a row, or say that there is none."""

        def taken() -> int:
            return sum(len(row) for known in self._known.values() for row in known.rows)

        if not analysis.rows or len(analysis.rows) % 64 == 0:
            # The sum over all rows is worth it now and then only: so many rows are some hundred kilobytes.
            while taken() + more > self.limits.kept_bytes:
                oldest = next((known for known in self._known.values() if known.done), None)
                if oldest is None:
                    raise TooLarge(
                        f"rows: have more than {self.limits.kept_bytes:,} bytes; ask for fewer scenarios at once"
                    )
                del self._known[oldest.name]

    def _stop(self, analysis: Analysis, why: status_pb2.Status) -> None:
        analysis.end(why)
        for run in self._runs:
            if run.analysis is analysis and run.process is not None:
                run.process.kill()

    def _over(self, run: _Run) -> None:
        """Leave nothing of a process behind."""
        if run in self._runs:
            self._runs.remove(run)
        if run.process is not None:
            process = run.process
            process.kill()
            asyncio.get_running_loop().run_in_executor(None, process.close)

    def _forget_old(self) -> None:
        ended = sorted((each for each in self._known.values() if each.done), key=lambda each: each.ended)
        oldest = time.monotonic() - self.limits.kept_seconds
        surplus = len(ended) - self.limits.kept
        for k, analysis in enumerate(ended):
            if k < surplus or analysis.ended < oldest:
                del self._known[analysis.name]
