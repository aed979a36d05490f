"""One worker as the front holds it: a process from the forkserver, started, asked, cancelled, killed.

This module imports neither the engines nor what leads to them.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext, ForkServerProcess

from solver.errors import WorkerLost
from solver.processes import without_main
from solver.service import frames
from solver.service.logs import LogOptions, logging_to
from solver.service.sizes import SizeLimits

ENTRY = "solver.service.worker"
"""The module that a worker runs. It is named, not imported: it imports the engines."""

START_SECONDS = 60.0
"""A worker that is not ready after this time is given up."""


class WorkerHandle:
    """One process and its two pipes, from the front's side; it is started when this is made.

    Parameters
    ----------
    context
        Of the forkserver that the process comes from.
    api
        Module with the verbs, as in ``solver.api``.
    sizes
        What a request may be at most.
    memory
        Bytes that the process may take.
    logs
        What it logs, and how.
    """

    def __init__(self, context: ForkServerContext, api: str, sizes: SizeLimits, memory: int, logs: LogOptions) -> None:
        self.calls, calls = context.Pipe()
        control, self.control = context.Pipe(duplex=False)
        self.process: ForkServerProcess = context.Process(
            target=_run, args=(calls, control, api, sizes, memory, logs), name="placement-solver-worker", daemon=True
        )
        with without_main():
            self.process.start()
        calls.close()
        control.close()
        self.killed = ""
        """Why, where the front has ended it."""
        self.cluster = ""
        """The name of the cluster that it placed into last; empty for none."""

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

    def exchange(self, frame: bytes, told: Callable[[frames.Reply, bytes], None]) -> tuple[frames.Reply, bytes]:
        """Send a call, hand on each reply but the last, and return that: the answer, or why there is none. Blocks.

        Raises
        ------
        WorkerLost
            If the process ends before the last reply.
        """
        try:
            self.calls.send_bytes(frame)
            while True:
                kind, _, payload = frames.unpack_reply(self.calls.recv_bytes())
                if kind in (frames.Reply.DONE, frames.Reply.FAILED):
                    return kind, payload
                told(kind, payload)
        except (EOFError, OSError):
            raise WorkerLost("the process that solved is gone; try again") from None

    def stop(self, number: int, *, awaited: bool) -> None:
        """Ask it to stop a call, whose answer somebody still waits for or nobody. A few bytes a call never fill the pipe."""
        with suppress(OSError):
            self.control.send_bytes(frames.STOP.pack(number, awaited))

    def kill(self, cause: str = "") -> None:
        """End it at once, whatever it does; ``killed`` says why first."""
        self.killed = self.killed or cause
        with suppress(ValueError, OSError):
            self.process.kill()

    def close(self) -> None:
        """Let it end: it does so when its pipes close."""
        self.calls.close()
        self.control.close()


def _run(calls: Connection, control: Connection, api: str, sizes: SizeLimits, memory: int, logs: LogOptions) -> None:
    """In the worker: its module is imported there, never in the front."""
    with logging_to(logs):
        importlib.import_module(ENTRY).main(calls, control, api, sizes, memory)
