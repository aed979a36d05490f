"""What a thread's time goes into: its stack is looked at every few milliseconds, and the time since belongs to what it was in.

Nothing that is measured knows of it. A look that comes late, because compiled code held the interpreter's lock meanwhile, gives
the whole of that time to the call that held it.
"""

from __future__ import annotations

import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from unittest import mock

from ortools.sat.python import cp_model

INTERVAL = 0.001
"""Seconds between looks."""

_ROOT = f"{Path(__file__).resolve().parent.parent}/"
_SWITCH = 0.0005
"""Seconds after which a thread that runs plain Python lets the one that looks have its turn; Python's own 5 ms are too many."""

OF_CALLER = ""
"""Not a part of its own: whoever called it is looked at."""

ENCODING, RULES, SEQUENTIAL, COUNTING = "encoding", "reading rules", "sequential plan", "valuing and counting"
MODEL, PRESOLVE, SEARCH, CHECK = "model building", "presolve", "search", "checking"
REASONS, ORDER, OTHER = "reasons", "order of steps", "other"

PARTS = (ENCODING, RULES, SEQUENTIAL, COUNTING, MODEL, PRESOLVE, SEARCH, CHECK, REASONS, ORDER, OTHER)
"""In the order in which a request meets them."""

_PLACES: tuple[tuple[str, str, str], ...] = (
    ("solver/service/", "", ENCODING),
    ("solver/rules/bind.py", "bind", RULES),
    ("solver/engines/sequential.py", "", SEQUENTIAL),
    ("solver/engines/packed_first.py", "", SEQUENTIAL),
    ("solver/engines/allotment.py", "", OF_CALLER),
    ("solver/engines/portfolio.py", "count_bounds", COUNTING),
    ("solver/engines/incumbent.py", "", COUNTING),
    ("solver/compile.py", "", MODEL),
    ("solver/cpsat/", "", MODEL),
    ("solver/engines/portfolio.py", "", OTHER),
    ("solver/engines/", "", SEARCH),
    ("solver/verify.py", "", CHECK),
    ("solver/explain/", "", REASONS),
    ("solver/steps/", "", ORDER),
    ("solver/simulate.py", "", ORDER),
)
"""How the path of a file begins, the function in it, or any; and the part of the time that it is. The first that fits counts."""


class Sampler:
    """Looks at one thread while it is entered.

    Attributes
    ----------
    seconds
        Of each part so far.
    """

    def __init__(self) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self._thread = threading.get_ident()
        self._done = threading.Event()

    def __enter__(self) -> Sampler:
        self._switch = sys.getswitchinterval()
        sys.setswitchinterval(_SWITCH)
        self._watcher = threading.Thread(target=self._watch, name="sampler", daemon=True)
        self._watcher.start()
        return self

    def __exit__(self, *raised: object) -> None:
        self._done.set()
        self._watcher.join()
        sys.setswitchinterval(self._switch)

    def _watch(self) -> None:
        last = time.perf_counter()
        while not self._done.wait(INTERVAL):
            frame = sys._current_frames().get(self._thread)
            now = time.perf_counter()
            self.seconds[part_of(frame)] += now - last
            last = now


def part_of(frame: FrameType | None) -> str:
    """The part that a stack is in: that of the innermost call which is one."""
    while frame is not None:
        file = frame.f_code.co_filename
        if file.startswith(_ROOT):
            path, function = file[len(_ROOT) :], frame.f_code.co_name
            for begin, name, part in _PLACES:
                if path.startswith(begin) and name in ("", function):
                    if part != OF_CALLER:
                        return part
                    break
        frame = frame.f_back
    return OTHER


@contextmanager
def presolving() -> Iterator[list[float]]:
    """Seconds that CP-SAT takes before it searches, for each model that this thread has it solve: read off its log."""
    spent: list[float] = []
    solve, thread = cp_model.CpSolver.solve, threading.get_ident()

    def noted(
        solver: cp_model.CpSolver, model: cp_model.CpModel, callback: cp_model.CpSolverSolutionCallback | None = None
    ) -> cp_model.CpSolverStatus:
        if threading.get_ident() != thread:
            return solve(solver, model, callback)
        begun, searching = time.perf_counter(), list[float]()

        def read(line: str) -> None:
            if line.startswith("Starting search"):
                searching.append(time.perf_counter())

        solver.parameters.log_search_progress, solver.parameters.log_to_stdout = True, False
        solver.log_callback = read
        status = solve(solver, model, callback)
        spent.append((searching[0] if searching else time.perf_counter()) - begun)
        return status

    with mock.patch.object(cp_model.CpSolver, "solve", noted):
        yield spent


def shares(work: Callable[[], object], seconds: float, most: int) -> tuple[object, Mapping[str, float]]:
    """The share of each part in the time that the work takes, in percent, and what its last run returned.

    Parameters
    ----------
    seconds, most
        Short work is done again until it has taken so many seconds, or so many times.
    """
    begun = time.perf_counter()
    with presolving() as presolve, Sampler() as sampler:
        for _ in range(most):
            found = work()
            if time.perf_counter() - begun >= seconds:
                break
    spent = sampler.seconds
    before = min(sum(presolve), spent[SEARCH])
    spent[PRESOLVE] += before
    spent[SEARCH] -= before
    total = sum(spent.values()) or 1.0
    return found, {part: 100 * spent[part] / total for part in PARTS if spent[part] > 0}
