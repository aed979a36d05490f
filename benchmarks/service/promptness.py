"""Promptness: how far answers come after their time limit, whether any comes after its deadline, how fast a cancelled call frees
its worker.

    python -m benchmarks.service.promptness --calls 200     # a quarter of an hour

Small, medium and large requests go, one after the other, to a server with one worker: with a time limit and no deadline; with a
deadline and a time limit that is far; and with a time limit that is far, given up at a random moment, after which a small
request must be taken. Every answer is checked once they all are there. The exit code is 1 if an answer was wrong or lost, or an
aim missed.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import grpc.aio

from benchmarks.service import figures
from benchmarks.service.calls import DEADLINE, PLACE, Outcome, Told, ask, channel, judged
from benchmarks.service.child import Setup, child
from benchmarks.service.questions import SIZES, Question, question
from solver.domain.request import Engine, Limits
from solver.service import codec
from solver.service.decode import PlaceCall

VARIANTS = 10
FAR = 60.0
"""Seconds of a limit, or of patience, that is not to be reached."""

FOR_THE_WAY = 4.0
"""A deadline is so many time limits away: reading takes its part of it too."""

OVER_WITHIN, FREED_WITHIN = 0.050, 0.300
"""The aims, in seconds: after the time limit, and from cancelling until another call has the worker."""


@dataclass
class Timed:
    """What was measured with one size of request; seconds.

    Attributes
    ----------
    reading
        Of calls that are read and validated, and not searched.
    over
        From the time limit to the answer, less the median of ``reading``.
    used
        The part of its time until the deadline that a call took.
    late
        Calls whose deadline came first.
    freed
        From cancelling to the answer of the small request behind, less its usual time.
    """

    size: str
    reading: list[float] = field(default_factory=list)
    over: list[float] = field(default_factory=list)
    used: list[float] = field(default_factory=list)
    late: int = 0
    freed: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def row(self) -> dict[str, object]:
        """For the table."""
        return {
            "size": self.size,
            "calls": len(self.over),
            "reading p50 s": figures.percentile(self.reading, 50),
            "over p50 s": figures.percentile(self.over, 50),
            "over p99 s": figures.percentile(self.over, 99),
            "over largest s": figures.percentile(self.over, 100),
            "deadline used p99": figures.percentile(self.used, 99),
            "late": self.late,
            "freed p50 s": figures.percentile(self.freed, 50),
            "freed p99 s": figures.percentile(self.freed, 99),
            "freed largest s": figures.percentile(self.freed, 100),
            "wrong or lost": len(self.wrong),
        }


@dataclass
class _Asked:
    """Answers that are judged when all are there: checking them meanwhile would take the server's time."""

    answers: list[tuple[Question, Told]] = field(default_factory=list)

    async def __call__(self, connection: grpc.aio.Channel, asked: Question, timeout: float, *, dated: bool) -> Told:
        told = await ask(connection, PLACE, asked.payload, timeout, dated=dated)
        self.answers.append((asked, told))
        return told

    def faults(self) -> list[str]:
        found = [judged(asked, told) for asked, told in self.answers]
        return [
            f"{told.outcome.value}: {told.reason}"
            for told in found
            if told.outcome is not Outcome.RIGHT and told.reason != DEADLINE
        ]


def _limited(asked: Question, seconds: float) -> Question:
    return replace(asked, limits=replace(asked.limits, time_limit=seconds))


def _unsearched(asked: Question) -> bytes:
    return codec.call_to_bytes(PlaceCall(asked.problem, asked.limits, validate_only=True))


async def measured(size: str, calls: int, seed: int) -> Timed:
    """So many calls of each kind with requests of a size."""
    draw = random.Random(seed)
    timed, ask_for = Timed(size), _Asked()
    limit = SIZES[size].seconds
    questions = [question(size, one) for one in range(VARIANTS)]
    patient = [_limited(one, FAR) for one in questions]
    behind = question("small", 0, Limits(time_limit=FAR, engine=Engine.SEQUENTIAL))
    for one in (*questions, *patient, behind):
        # Written and fingerprinted before anything is measured.
        _ = one.payload, one.fingerprint
    unsearched = [_unsearched(one) for one in questions]
    async with child(Setup(1)) as running, channel(running.address) as connection:
        for one in questions:
            await ask_for(connection, one, FAR, dated=False)
        usual = [(await ask_for(connection, behind, FAR, dated=False)).seconds for _ in range(VARIANTS)]
        timed.reading = [(await ask(connection, PLACE, one, FAR, dated=False)).seconds for one in unsearched * 2]
        reading, alone = figures.percentile(timed.reading, 50), figures.percentile(usual, 50)
        for number in range(calls):
            told = await ask_for(connection, questions[number % VARIANTS], FAR, dated=False)
            timed.over.append(told.seconds - limit - reading)
        for number in range(calls):
            deadline = FOR_THE_WAY * limit * draw.uniform(0.5, 1.5)
            told = await ask_for(connection, patient[number % VARIANTS], deadline, dated=True)
            timed.used.append(told.seconds / deadline)
            timed.late += told.reason == DEADLINE
        for number in range(calls):
            timed.freed.append(await _freed(connection, patient[number % VARIANTS], behind, draw, ask_for) - alone)
    timed.wrong = ask_for.faults()
    return timed


async def _freed(
    connection: grpc.aio.Channel, given_up: Question, behind: Question, draw: random.Random, ask_for: _Asked
) -> float:
    """Seconds from giving a call up, at a random moment of its first second, to the answer of the one behind it."""
    unary: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = connection.unary_unary(PLACE)
    call = unary(given_up.payload)
    with suppress(TimeoutError):
        await asyncio.wait_for(asyncio.shield(call.code()), draw.uniform(0.0, 1.0))
    begun = time.monotonic()
    call.cancel()
    await ask_for(connection, behind, FAR, dated=False)
    return time.monotonic() - begun


def main(arguments: Sequence[str] | None = None) -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.service.promptness", description=__doc__.split("\n")[0])
    parser.add_argument("--calls", type=int, default=200, help="of each size and kind")
    parser.add_argument("--sizes", nargs="+", choices=list(SIZES), default=list(SIZES))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--results", type=Path, default=figures.OUT, help="the folder that results are written to")
    given = parser.parse_args(arguments)
    found = []
    for size in given.sizes:
        found.append(asyncio.run(measured(size, given.calls, given.seed)))
        print(f"{size}: {given.calls} calls of each kind", file=sys.stderr, flush=True)
    rows = [timed.row() for timed in found]
    figures.show("Promptness", rows)
    figures.write_csv(given.results / "promptness.csv", rows)
    held = True
    for timed in found:
        for what, seconds, most in (
            ("over p99 s", figures.percentile(timed.over, 99), OVER_WITHIN),
            ("freed p99 s", figures.percentile(timed.freed, 99), FREED_WITHIN),
            ("late", timed.late, 0),
            ("wrong or lost", len(timed.wrong), 0),
        ):
            if seconds > most:
                held = False
                print(f"MISSED: {timed.size}, {what} is {seconds:.3g}, at most {most:g}")
        for fault in timed.wrong[:10]:
            print(f"{timed.size}: {fault}")
    sys.exit(0 if held else 1)


if __name__ == "__main__":
    main()
