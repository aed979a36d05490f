"""Runs a search for somebody who waits at a terminal: progress on standard error, Ctrl-C takes the best plan so far."""

from __future__ import annotations

import re
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from types import FrameType

from solver.domain.answer import Answer
from solver.domain.counts import Counts
from solver.domain.problem import Problem
from solver.domain.request import Limits
from solver.errors import Fault, InvalidRequest


def search(problem: Problem, limits: Limits, warnings: Sequence[str], *, shows: bool) -> Answer:
    """The answer to a problem.

    Parameters
    ----------
    shows
        Whether progress is shown, where standard error is a terminal.

    Raises
    ------
    InvalidRequest
        If a rule cannot be read or a limit makes no sense.
    """
    from solver.api import place

    try:
        with _interrupts() as cancelled, _progress(problem, shows) as tell:
            return place(problem, limits, on_incumbent=tell, cancelled=cancelled, warnings=warnings)
    except InvalidRequest as invalid:
        raise InvalidRequest(by_name(invalid.faults, problem)) from invalid


def by_name(faults: Sequence[Fault], problem: Problem) -> list[Fault]:
    """The faults as somebody reads them who wrote no request: groups by name, limits by option."""
    found = []
    for fault in faults:
        path = re.sub(r"^groups\[(\d+)\]", lambda match: problem.groups[int(match[1])].name, fault.path)
        option = re.sub(r"^limits\.(\w+)$", lambda match: "--" + match[1].replace("_", "-"), path)
        found.append(replace(fault, path=option))
    return found


@contextmanager
def _interrupts() -> Iterator[Callable[[], bool]]:
    """While inside, the first Ctrl-C only sets what is yielded; a second one ends the process as usual."""
    pressed = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield pressed.is_set
        return
    before = signal.getsignal(signal.SIGINT)

    def note(number: int, frame: FrameType | None) -> None:
        pressed.set()
        signal.signal(signal.SIGINT, before)

    signal.signal(signal.SIGINT, note)
    try:
        yield pressed.is_set
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def _progress(problem: Problem, shows: bool) -> Iterator[Callable[[Counts, tuple[int, ...]], None] | None]:
    if not (shows and sys.stderr.isatty()):
        yield None
        return
    from rich.console import Console

    wanted = int(problem.wanted.sum())
    with Console(stderr=True).status("searching ...", spinner_style="cyan") as status:

        def tell(tasks: Counts, values: tuple[int, ...]) -> None:
            placed = int((tasks - problem.running).positive().count.sum())
            status.update(f"searching; best plan so far places {placed:,} of {wanted:,} (Ctrl-C takes it)")

        yield tell
