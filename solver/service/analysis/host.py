"""The process that runs an analysis: reads the request, has the scenarios answered by processes of its own, says the rows.

It comes from the forkserver of the workers, and stands behind them: it and what it starts have the lowest priority.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
from contextlib import suppress
from multiprocessing.connection import Connection

from solver.errors import PlacementSolverError, TooLarge
from solver.memory import limit_to
from solver.processes import let_have_children
from solver.service import status
from solver.service.analysis.process import OUTLOOK, Order, Word
from solver.service.analysis.request import read_request
from solver.service.analysis.rows import row_to_bytes
from solver.whatif.answerer import longest_seconds
from solver.whatif.local import LocalExecutor
from solver.whatif.row import Row
from solver.whatif.run import run
from solver.whatif.scenario import Scenario

NICENESS = 19
"""An analysis takes what placing leaves of the processors."""

SLACK_SECONDS = 60.0
"""Beyond what a scenario may take: for processes that start."""

_log = logging.getLogger(__name__)


def main(pipe: Connection, order: Order) -> None:
    """Run an analysis, then end."""
    os.nice(NICENESS - os.nice(0))
    # Ctrl-C reaches the whole group of processes; the front decides what ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    threading.Thread(target=_end_with_front, args=(pipe,), daemon=True).start()
    limit_to(order.memory)
    let_have_children()
    with suppress(OSError):
        pipe.send_bytes(_last_word(pipe, order))


def _last_word(pipe: Connection, order: Order) -> bytes:
    try:
        batch, scenarios = read_request(order)
        silent = longest_seconds(batch.limits) + SLACK_SECONDS
        pipe.send_bytes(_said(Word.BEGUN, OUTLOOK.pack(len(scenarios) + 1, silent)))
        run(batch, scenarios, _Telling(LocalExecutor(batch, order.processes), pipe))
        return _said(Word.ENDED)
    except PlacementSolverError as error:
        return _refused(error)
    except MemoryError:
        said = f"the analysis needs more than the {order.memory // 2**20:,} MiB of memory that its process has"
        return _refused(TooLarge(f"{said}; ask for fewer scenarios, or give the workers more"))
    except Exception:
        # The caller gets INTERNAL, the log what happened.
        _log.exception("an analysis failed")
        return _said(Word.REFUSED, status.internal().SerializeToString())


class _Telling:
    """Says each row as it comes."""

    def __init__(self, executor: LocalExecutor, pipe: Connection) -> None:
        self._executor = executor
        self._pipe = pipe

    @property
    def workers(self) -> int:
        return self._executor.workers

    def submit(self, scenario: Scenario) -> None:
        self._executor.submit(scenario)

    def completed(self, seconds: float) -> list[Row]:
        found = self._executor.completed(seconds)
        for row in found:
            self._pipe.send_bytes(_said(Word.ROW if row.is_answered else Word.FAILED_ROW, row_to_bytes(row)))
        return found

    def close(self) -> None:
        self._executor.close()


def _said(word: Word, payload: bytes = b"") -> bytes:
    return bytes([word]) + payload


def _refused(error: PlacementSolverError) -> bytes:
    return _said(Word.REFUSED, status.to_status(error).SerializeToString())


def _end_with_front(pipe: Connection) -> None:
    """Nobody hears the rows once the front has gone; those that answer end with this process."""
    with suppress(EOFError, OSError):
        pipe.recv_bytes()
    os._exit(0)
