"""Processes of this computer: each answers one scenario at a time, and one that ends is replaced.

They come from a forkserver that has loaded the engines, so that another one takes some 10 ms.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections import deque
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkServerContext, ForkServerProcess

from solver import memory
from solver.domain.request import Limits
from solver.errors import WorkerLost
from solver.processes import without_main
from solver.whatif.answering import Batch
from solver.whatif.executor import ATTEMPTS
from solver.whatif.row import Row
from solver.whatif.scenario import Scenario

PRELOADED = ("solver.whatif.local", "solver.engines.exact", "solver.engines.patterns", "solver.explain")

GRACE_SECONDS = 60.0
"""Beyond twice the time limit: a worker that is silent for so long is killed. A search may overrun by tenths of a second."""

MOST_UNSTARTED = 10
"""Workers one after the other that end before they take anything: no further one is tried."""


def patience_seconds(limits: Limits) -> float:
    """How long a process may be silent."""
    return 2 * limits.time_limit + GRACE_SECONDS


class LocalExecutor:
    """Answers scenarios in worker processes.

    Parameters
    ----------
    batch
        Sent to each worker once.
    workers
        Processes, each with one scenario at a time, and with its share of the memory: a scenario that needs more is a row.
    """

    def __init__(self, batch: Batch, workers: int) -> None:
        self._batch = batch
        self._workers = workers
        self._memory = memory.worker_bytes(workers)
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(list(PRELOADED))
        self._waiting: deque[Scenario] = deque()
        self._attempts: dict[str, int] = {}
        self._alive: list[_Worker] = []
        self._rows: list[Row] = []
        self._unstarted = 0
        self._patience = patience_seconds(batch.limits)

    @property
    def workers(self) -> int:
        """How many are answered at once."""
        return self._workers

    @property
    def pids(self) -> tuple[int, ...]:
        """The processes that answer now."""
        return tuple(worker.process.pid or 0 for worker in self._alive)

    def submit(self, scenario: Scenario) -> None:
        """Have a scenario answered by the next process that is free.

        Raises
        ------
        WorkerLost
            If no process can be started.
        """
        self._waiting.append(scenario)
        self._hand_out()

    def completed(self, seconds: float) -> list[Row]:
        """The rows that are there; waits for one, at most so long."""
        end = time.monotonic() + seconds
        while not self._rows and (busy := [worker for worker in self._alive if worker.scenario is not None]):
            now = time.monotonic()
            soonest = min(worker.since + self._patience for worker in busy)
            ready = wait([worker.pipe for worker in busy], max(min(end, soonest) - now, 0.0))
            for worker in busy:
                if worker.pipe in ready:
                    self._take(worker)
                elif time.monotonic() > worker.since + self._patience:
                    self._lost(worker, f"no answer within {self._patience:.0f} s", again=False)
            if time.monotonic() >= end:
                break
        found, self._rows = self._rows, []
        self._hand_out()
        return found

    def close(self) -> None:
        """End all processes, those that still answer too."""
        self._waiting.clear()
        for worker in self._alive:
            worker.end()
        self._alive.clear()

    def _hand_out(self) -> None:
        while self._waiting:
            idle = next((worker for worker in self._alive if worker.scenario is None), None)
            if idle is None and len(self._alive) < self._workers:
                idle = _Worker(self._context, self._batch, self._memory)
                self._alive.append(idle)
            if idle is None:
                return
            if idle.ask(self._waiting[0]):
                self._waiting.popleft()
                self._unstarted = 0
                continue
            # It ended while it had nothing to do: that is no fault of the scenario.
            self._alive.remove(idle)
            idle.end()
            self._unstarted += 1
            if self._unstarted > MOST_UNSTARTED:
                raise WorkerLost(f"{MOST_UNSTARTED} worker processes ended as they began; see what they wrote above")

    def _take(self, worker: _Worker) -> None:
        scenario = worker.scenario
        row = worker.answer()
        if row is not None:
            self._rows.append(row)
        elif scenario is not None:
            self._lost(worker, worker.how_it_ended(), again=True)
        self._hand_out()

    def _lost(self, worker: _Worker, why: str, *, again: bool) -> None:
        """Replace a worker, and give its scenario to another or up."""
        scenario = worker.scenario
        self._alive.remove(worker)
        worker.end()
        if scenario is None:
            return
        tried = self._attempts[scenario.name] = self._attempts.get(scenario.name, 0) + 1
        if again and tried < ATTEMPTS:
            self._waiting.appendleft(scenario)
        else:
            times = f" ({tried} times)" if tried > 1 else ""
            self._rows.append(Row.failed(scenario.name, f"{why}{times}"))


class _Worker:
    """One process and its pipe, from this side; it is started when this is made."""

    def __init__(self, context: ForkServerContext, batch: Batch, most: int) -> None:
        self.pipe, other = context.Pipe()
        self.scenario: Scenario | None = None
        self.since = 0.0
        self.process: ForkServerProcess = context.Process(target=_work, args=(other, most), name="what-if", daemon=True)
        with without_main():
            self.process.start()
        other.close()
        with suppress(OSError):
            self.pipe.send(batch)

    def ask(self, scenario: Scenario) -> bool:
        """Hand a scenario over; False where the process is gone."""
        if wait([self.process.sentinel], 0):
            return False
        try:
            self.pipe.send(scenario)
        except OSError:
            return False
        self.scenario, self.since = scenario, time.monotonic()
        return True

    def answer(self) -> Row | None:
        """The row, once there is something to read; None where the process is gone."""
        try:
            row: Row = self.pipe.recv()
        except (EOFError, OSError):
            return None
        self.scenario = None
        return row

    def how_it_ended(self) -> str:
        """In words."""
        self.process.join(1.0)
        code = self.process.exitcode
        if code is not None and code < 0:
            return f"the worker process ended by {signal.Signals(-code).name}"
        return f"the worker process ended with code {code}"

    def end(self) -> None:
        """At once, whatever it does."""
        with suppress(ValueError, OSError):
            self.process.kill()
        self.pipe.close()
        self.process.join(5.0)


def _work(pipe: Connection, most: int) -> None:
    """In the worker: answer scenarios until the pipe closes."""
    # Ctrl-C reaches the whole group of processes; the one that asks decides what ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    memory.limit_to(most)
    with suppress(EOFError, OSError):
        batch: Batch = pipe.recv()
        while True:
            pipe.send(batch.row(pipe.recv()))


def _end_with_parent() -> None:
    """Nobody waits for an answer once the process that asks is gone."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(0)
