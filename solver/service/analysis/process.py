"""The process that runs an analysis, as the front holds it: started, heard, killed.

This module imports neither the engines nor what leads to them.
"""

from __future__ import annotations

import importlib
import multiprocessing
import struct
from contextlib import suppress
from dataclasses import dataclass, field
from enum import IntEnum
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess

from solver.errors import WorkerLost
from solver.processes import without_main
from solver.service.logs import LogOptions, logging_to
from solver.service.sizes import SizeLimits

ENTRY = "solver.service.analysis.host"
"""The module that the process runs. It is named, not imported: it imports the engines."""


class Word(IntEnum):
    """What the process says; the first byte of each of its messages."""

    BEGUN = 1
    """The request is valid: ``OUTLOOK`` follows."""
    ROW = 2
    """A scenario with an answer: a ``ScenarioRow`` follows."""
    FAILED_ROW = 3
    """The same of one without."""
    ENDED = 4
    """Every scenario has its row."""
    REFUSED = 5
    """It ends before: a ``google.rpc.Status`` follows."""


OUTLOOK = struct.Struct("!qd")
"""Scenarios, the base included, and the seconds for which it is silent at most."""


@dataclass(frozen=True)
class Order:
    """What the process needs.

    Parameters
    ----------
    request
        A ``RunAnalysisRequest``, with the cluster that it names.
    most
        Scenarios.
    processes
        Scenarios at once.
    longest
        Seconds of each that the caller's role allows; None for what ``sizes`` allow.
    memory
        Bytes that this process, and each of those that answer, may take.
    """

    request: bytes = field(repr=False)
    sizes: SizeLimits
    most: int
    processes: int
    longest: float | None
    memory: int
    logs: LogOptions


class AnalysisProcess:
    """One process and its pipe, from the front's side; it is started when this is made."""

    def __init__(self, order: Order) -> None:
        context = multiprocessing.get_context("forkserver")
        self._pipe, pipe = context.Pipe()
        self._process: ForkServerProcess = context.Process(
            target=_run, args=(pipe, order), name="placement-solver-analysis", daemon=True
        )
        with without_main():
            self._process.start()
        pipe.close()

    def heard(self) -> tuple[Word, bytes]:
        """The next thing that it says. Blocks.

        Raises
        ------
        WorkerLost
            If it has ended.
        """
        try:
            frame = self._pipe.recv_bytes()
        except (EOFError, OSError):
            raise WorkerLost("the process of the analysis is gone; begin it again") from None
        return Word(frame[0]), frame[1:]

    def kill(self) -> None:
        """End it at once, and with it those that answer."""
        with suppress(ValueError, OSError):
            self._process.kill()

    def close(self) -> None:
        """Forget it, once it has ended or was killed."""
        self._pipe.close()
        self._process.join(5.0)


def _run(pipe: Connection, order: Order) -> None:
    """In the process: its module is imported there, never in the front."""
    with logging_to(order.logs):
        importlib.import_module(ENTRY).main(pipe, order)
