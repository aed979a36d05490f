"""Runs a search for somebody who waits at a terminal: progress on standard error, Ctrl-C takes the best plan so far."""

from __future__ import annotations

import re
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from types import FrameType
from typing import TYPE_CHECKING

from solver.domain.answer import Answer
from solver.domain.counts import Counts
from solver.domain.curve import CurvePoint
from solver.domain.problem import Problem
from solver.domain.request import Limits
from solver.errors import Fault, InvalidRequest

if TYPE_CHECKING:
    from solver.cli.common import Question
    from solver.domain.survival import Survival
    from solver.robustness import Surviving


def search(
    problem: Problem,
    limits: Limits,
    warnings: Sequence[str],
    *,
    shows: bool,
    explain: bool = True,
    label: str = "",
    said: int = 0,
    hint: Counts | None = None,
) -> Answer:
    """The answer to a problem.

    Parameters
    ----------
    explain, label, hint
        As ``solver.api.place`` takes them.
    said
        How many of the problem's rules, the last ones, are from ``--rule``.
    shows
        Whether progress is shown, where standard error is a terminal.

    Raises
    ------
    InvalidRequest
        If a rule cannot be read or a limit makes no sense.
    """
    from solver.api import place

    try:
        with interrupts() as cancelled, _progress(problem, shows) as tell:
            return place(
                problem,
                limits,
                explain=explain,
                on_incumbent=tell,
                cancelled=cancelled,
                warnings=warnings,
                label=label,
                hint=hint,
            )
    except InvalidRequest as invalid:
        raise InvalidRequest(by_name(invalid.faults, problem, said)) from invalid


def search_surviving(question: Question, survival: Survival, *, shows: bool) -> Surviving:
    """The answer to a question that survives every loss of some kinds.

    Parameters
    ----------
    shows
        Whether progress is shown, where standard error is a terminal.

    Raises
    ------
    InvalidRequest
        As ``search``, or if a kind of loss or a group means nothing.
    """
    from solver.robustness.survival import answered

    with (
        _survival_by_name(question.problem, question.said, in_file=question.survival_in_file),
        interrupts() as cancelled,
        _progress(question.problem, shows) as tell,
    ):
        return answered(
            question.problem,
            survival,
            question.limits,
            explain=question.explain,
            warnings=question.warnings,
            label=question.label,
            hint=question.hint,
            on_incumbent=tell,
            cancelled=cancelled,
        )


def validate_survival(problem: Problem, survival: Survival, limits: Limits, *, in_file: bool) -> None:
    """Check what a plan must survive.

    Parameters
    ----------
    in_file
        Whether a request file says it, and no options.

    Raises
    ------
    InvalidRequest
        With every fault of it.
    """
    from solver.robustness.requirement import required

    with _survival_by_name(problem, 0, in_file=in_file):
        required(problem, survival, limits)


@contextmanager
def _survival_by_name(problem: Problem, said: int, *, in_file: bool) -> Iterator[None]:
    """The faults of what a plan must survive, by option or as a request file names them, and others by name."""
    from solver.service.decode_limits import field_of

    options = {"lose": "--survive", "covered": "--survive-group"}
    try:
        yield
    except InvalidRequest as invalid:
        faults = [
            replace(one, path=field_of(one.path) if in_file else options.get(one.path.partition("[")[0], one.path))
            for one in invalid.faults
        ]
        raise InvalidRequest(by_name(faults, problem, said)) from invalid


def search_curve(
    problem: Problem, limits: Limits, warnings: Sequence[str], *, shows: bool, said: int = 0
) -> tuple[CurvePoint, ...]:
    """The curve of a request; the parameters, and what is raised, are those of ``search``."""
    from solver.curves import curve

    try:
        with interrupts() as cancelled, _progress(problem, shows):
            return curve(problem, limits, cancelled=cancelled, warnings=warnings)
    except InvalidRequest as invalid:
        raise InvalidRequest(by_name(invalid.faults, problem, said)) from invalid


def validate(problem: Problem, limits: Limits, said: int) -> None:
    """Check everything that needs no search, as the service does.

    Raises
    ------
    InvalidRequest
        With every fault of the rules and limits.
    TooLarge
        If the request is larger than the size limits allow.
    """
    from solver.rules.bind import bind
    from solver.service import codec
    from solver.service.decode import PlaceCall

    try:
        bind(codec.call_from_bytes(codec.call_to_bytes(PlaceCall(problem, limits))).problem)
    except InvalidRequest as invalid:
        raise InvalidRequest(by_name(invalid.faults, problem, said)) from invalid


def by_name(faults: Sequence[Fault], problem: Problem, said: int = 0) -> list[Fault]:
    """The faults as somebody reads them who wrote no request: groups by name, limits and rules by option."""
    found = []
    before = len(problem.rules) - said
    for fault in faults:
        rule = re.match(r"rules\[(\d+)\]", fault.path)
        if rule and int(rule[1]) >= before:
            # What follows the index names a part of the rule, which the text of the option has no name for.
            spec = problem.rules[int(rule[1])]
            found.append(replace(fault, path=f"--rule {spec.type}" + (f":{spec.argument}" if spec.argument else "")))
            continue
        path = re.sub(r"^groups\[(\d+)\]", lambda match: problem.groups[int(match[1])].name, fault.path)
        option = re.sub(r"^limits\.(\w+?)(?:_seconds)?$", lambda match: "--" + match[1].replace("_", "-"), path)
        found.append(replace(fault, path=option))
    return found


@contextmanager
def interrupts() -> Iterator[Callable[[], bool]]:
    """While inside, the first Ctrl-C only sets what is yielded; a second one ends the process as usual.

    A search may keep the main thread, where signals are handled, until it ends: another thread hears of the signal at once.
    """
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
        with _noticed_at_once(pressed):
            yield pressed.is_set
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def _noticed_at_once(pressed: threading.Event) -> Iterator[None]:
    """While inside, Ctrl-C sets the event also while the main thread is in a search, where Python runs no handler."""
    reader, writer = socket.socketpair()
    writer.setblocking(False)

    def listen() -> None:
        while told := reader.recv(64):
            if signal.SIGINT in told:
                pressed.set()

    listener = threading.Thread(target=listen, name="interrupts", daemon=True)
    listener.start()
    known = signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
    try:
        yield
    finally:
        signal.set_wakeup_fd(known)
        writer.close()
        listener.join()
        reader.close()


@contextmanager
def _progress(problem: Problem, shows: bool) -> Iterator[Callable[[Counts, tuple[int, ...]], None] | None]:
    if not (shows and sys.stderr.isatty()):
        yield None
        return
    from rich.console import Console

    wanted = int(problem.wanted.sum())
    with Console(stderr=True).status("searching ...", spinner_style="cyan") as status:

        def tell(tasks: Counts, values: tuple[int, ...]) -> None:
            started = int((tasks - problem.running).positive().count.sum())
            does = f"starts {started:,} tasks" if problem.operation.changes else f"places {started:,} of {wanted:,}"
            status.update(f"searching; best plan so far {does} (Ctrl-C takes it)")

        yield tell
