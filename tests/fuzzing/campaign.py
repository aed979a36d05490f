"""Puts many inputs through a target: what they came to, how fast, and each that crashes or hangs as a file.

The inputs run in a process of their own. It says which input it is at; this process watches, and where it dies or is at one
input for too long, keeps that input, ends it, and lets another go on behind it. Input ``k`` of a seed is always the same.
"""

from __future__ import annotations

import gc
import multiprocessing
import resource
import time
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path
from random import Random

from solver.errors import PlacementSolverError
from tests.fuzzing.target import Target

TOLD_SECONDS = 0.5
"""How often the process that runs the inputs says what it has found."""

START_SECONDS = 60.0
"""A process that runs nothing for so long is given up."""

NOTHING = -1

MEMORY_BYTES = 6 * 2**30
"""Of address space, beyond which an input fails with MemoryError."""


@dataclass(frozen=True)
class Plan:
    """What to run.

    Parameters
    ----------
    make
        Of the target; in the process that runs the inputs, so it must be a name of a module.
    inputs, first
        So many, from number ``first`` on.
    slow_seconds
        Processor time of one input, from which on it counts as a hang.
    stuck_seconds
        Time of one input after which its process is ended.
    """

    make: Callable[[], Target]
    inputs: int
    seed: int = 0
    first: int = 0
    slow_seconds: float = 1.0
    stuck_seconds: float = 20.0


@dataclass(frozen=True)
class Failure:
    """An input that must not be: what happened, and the input."""

    number: int
    what: str
    given: bytes

    def kept(self, folder: Path, name: str) -> Path:
        """The file that holds it, beside one with what happened."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{name}-{self.number}.input"
        path.write_bytes(self.given)
        path.with_suffix(".txt").write_text(self.what, encoding="utf-8", errors="backslashreplace")
        return path


@dataclass
class Tally:
    """What the inputs came to.

    Parameters
    ----------
    outcomes
        Inputs by what they came to: the reason of the error that refused them, or what the target said.
    seconds
        Processor time of drawing and running them.
    slowest, slowest_seconds
        The input that took the most processor time.
    """

    inputs: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    slowest: int = 0
    slowest_seconds: float = 0.0
    failures: list[Failure] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        """Count the other's too."""
        self.inputs += other.inputs
        self.outcomes += other.outcomes
        self.seconds += other.seconds
        if other.slowest_seconds > self.slowest_seconds:
            self.slowest, self.slowest_seconds = other.slowest, other.slowest_seconds
        self.failures += other.failures


def drawn(target: Target, seed: int, number: int) -> bytes:
    """The input of this number."""
    return target.draw(Random(f"{seed}/{number}"))


def run_one(target: Target, number: int, given: bytes, slow_seconds: float, tally: Tally) -> None:
    """Put one input through, and count what it came to."""
    started = time.thread_time()
    try:
        outcome = target.run(given)
    except PlacementSolverError as refused:
        outcome = refused.reason
    except Exception as fault:
        outcome = f"CRASH {type(fault).__name__}"
        tally.failures.append(Failure(number, traceback.format_exc(), given))
    seconds = time.thread_time() - started
    if seconds > slow_seconds:
        tally.failures.append(Failure(number, f"took {seconds:.1f} s of processor time", given))
        outcome = "HANG"
    if seconds > tally.slowest_seconds:
        tally.slowest, tally.slowest_seconds = number, seconds
    tally.inputs += 1
    tally.outcomes[outcome] += 1


def run(plan: Plan, told: Callable[[Tally], None] = lambda tally: None) -> Tally:
    """Run all inputs.

    Parameters
    ----------
    told
        Told what is known whenever there is news.
    """
    whole = Tally()
    left = [(plan.first, plan.first + plan.inputs)]
    while left:
        first, end = left.pop()
        with _Runner(plan, first, end) as runner:
            while (news := runner.news()) is not None:
                whole.add(news)
                told(whole)
            number, what = runner.ended()
        if what:
            given = drawn(plan.make(), plan.seed, number)
            whole.add(Tally(1, Counter({"KILLED": 1}), failures=[Failure(number, what, given)]))
            # What it had run and not told yet is run again.
            parts = ((number + 1, end), (first + runner.counted, number))
            left += [part for part in parts if part[0] < part[1]]
    return whole


class _Runner:
    """The process that runs the inputs from a number on, as this one sees it."""

    def __init__(self, plan: Plan, first: int, end: int) -> None:
        context = multiprocessing.get_context("spawn")
        self._plan = plan
        self._end = end
        self._news, told = context.Pipe(duplex=False)
        # The input it is at; NOTHING until all is loaded.
        self._at: Synchronized[int] = context.Value("q", NOTHING)
        self.counted = 0
        self._what = ""
        self._process: SpawnProcess = context.Process(
            target=_run_inputs, args=(plan, first, end, told, self._at), daemon=True
        )
        self._process.start()
        told.close()

    def __enter__(self) -> _Runner:
        return self

    def __exit__(self, *error: object) -> None:
        self._process.kill()
        self._process.join()

    def news(self) -> Tally | None:
        """What it has found since; None once it has ended, or is stuck."""
        at, since = NOTHING, time.monotonic()
        while True:
            try:
                if self._news.poll(TOLD_SECONDS):
                    tally: Tally = self._news.recv()
                    self.counted += tally.inputs
                    return tally
            except EOFError:
                return None
            if self._at.value != at:
                at, since = self._at.value, time.monotonic()
            if time.monotonic() - since > (START_SECONDS if at == NOTHING else self._plan.stuck_seconds):
                self._what = f"was at it for {time.monotonic() - since:.0f} s"
                return None

    def ended(self) -> tuple[int, str]:
        """The number that comes next, and what happened to it if something did."""
        if not self._what:
            self._process.join()
        at, what = self._at.value, self._what or f"its process ended with {self._process.exitcode}"
        if at == NOTHING:
            raise RuntimeError(f"no input was run: {what}")
        return (at, "") if at >= self._end and not self._what else (at, what)


def _run_inputs(plan: Plan, first: int, end: int, told: Connection, at: Synchronized[int]) -> None:
    """In a process of its own: run the inputs, and say which one it is at and what it found."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    target, tally = plan.make(), Tally()
    # What is loaded stays: the garbage collector need not look at it again after every few inputs.
    gc.collect()
    gc.freeze()
    started, said = time.thread_time(), time.monotonic()
    for number in range(first, end):
        at.value = number
        run_one(target, number, drawn(target, plan.seed, number), plan.slow_seconds, tally)
        if time.monotonic() - said > TOLD_SECONDS:
            tally.seconds = time.thread_time() - started
            told.send(tally)
            tally, started, said = Tally(), time.thread_time(), time.monotonic()
    at.value = end
    tally.seconds = time.thread_time() - started
    told.send(tally)
    told.close()
