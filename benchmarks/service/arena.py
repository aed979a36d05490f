"""What a fault acts on: a server, calls to it that are judged, and the count of what they came to."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import grpc.aio

from benchmarks.service.calls import Outcome, Told, channel, health, place
from benchmarks.service.child import Child
from benchmarks.service.questions import Question, labelled, question
from solver.service.placement import CUT_OFF

SETTLED_WITHIN = 20.0
"""Seconds after a fault within which the server must answer as before."""

VARIANTS = 6


@dataclass
class Tally:
    """What the calls of one fault came to.

    Attributes
    ----------
    times
        How often the fault was injected.
    outcomes
        Calls, and what else must hold, by outcome.
    cut_off
        Right answers that are the plan which a search had reported before it was lost.
    reasons
        Refusals by reason.
    faults
        What was wrong or lost, in words.
    recovery
        Seconds from the fault to the first right answer after it, of each time.
    """

    times: int = 0
    outcomes: Counter[Outcome] = field(default_factory=Counter)
    cut_off: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    recovery: list[float] = field(default_factory=list)

    def note(self, told: Told, allowed: Sequence[str], who: str) -> Told:
        """Judge a call: a refusal must be one of those that the fault may lead to."""
        outcome = told.outcome
        if outcome is Outcome.REFUSED and told.reason not in allowed:
            outcome = Outcome.WRONG
        self.outcomes[outcome] += 1
        self.cut_off += CUT_OFF.encode() in told.payload
        if outcome is Outcome.REFUSED:
            self.reasons[told.reason] += 1
        if outcome in (Outcome.WRONG, Outcome.LOST):
            self.faults.append(f"{who}: {told.reason}")
        return told

    def require(self, holds: bool, fault: str, outcome: Outcome = Outcome.WRONG) -> None:
        """One thing besides calls that must hold."""
        self.outcomes[Outcome.RIGHT if holds else outcome] += 1
        if not holds:
            self.faults.append(fault)


@dataclass
class Arena:
    """One server under one fault.

    Parameters
    ----------
    child
        The server.
    workers
        How many it must have.
    connection
        Of callers that the fault does not concern.
    tally
        Of the fault.
    draw
        Decides moments and victims.
    """

    child: Child
    workers: int
    connection: grpc.aio.Channel
    tally: Tally
    draw: random.Random
    numbers: int = 0

    def question(self, size: str) -> Question:
        """One of a few requests, with a label of its own."""
        self.numbers += 1
        return labelled(known(size, self.draw.randrange(VARIANTS)), f"{size} {self.numbers}")

    async def ask(
        self,
        size: str,
        timeout: float,
        allowed: Sequence[str] = (),
        *,
        dated: bool = True,
        connection: grpc.aio.Channel | None = None,
    ) -> Told:
        """Place, and judge what comes.

        Parameters
        ----------
        timeout
            Seconds until its deadline; where the server is told of none, after which the call is lost.
        """
        told = await place(connection or self.connection, self.question(size), timeout, dated=dated)
        return self.tally.note(told, allowed, f"a {size} call")

    @asynccontextmanager
    async def bystander(self, allowed: Sequence[str] = ()) -> AsyncIterator[None]:
        """Meanwhile somebody else asks small requests, one after the other."""
        stop = asyncio.Event()

        async def asks() -> None:
            while not stop.is_set():
                await self.ask("small", 5.0, allowed)

        task = asyncio.create_task(asks())
        try:
            yield
        finally:
            stop.set()
            await task

    async def settle(self, allowed: Sequence[str] = ()) -> None:
        """Wait until all is as before: a call is answered right, the server says that it is well, and has all its workers."""
        begun = time.monotonic()
        recovered = False
        while time.monotonic() < begun + SETTLED_WITHIN:
            told = await self.ask("small", 5.0, allowed)
            if told.outcome is Outcome.RIGHT and not recovered:
                recovered = True
                self.tally.recovery.append(time.monotonic() - begun)
            if recovered and len(self.child.ready()) == self.workers:
                well = await health(self.connection)
                self.tally.require(well.outcome is Outcome.RIGHT, f"health: {well.reason}")
                return
            await asyncio.sleep(0.05)
        what = f"has {len(self.child.ready())} workers" if recovered else "does not answer"
        self.tally.require(False, f"the server {what} {SETTLED_WITHIN:.0f} s after the fault", Outcome.LOST)


_known: dict[tuple[str, int], Question] = {}


def known(size: str, seed: int) -> Question:
    """A request that is made once: what is known of it beforehand is kept."""
    if (size, seed) not in _known:
        _known[size, seed] = question(size, seed)
    return _known[size, seed]


@asynccontextmanager
async def arena(child: Child, workers: int, tally: Tally, draw: random.Random) -> AsyncIterator[Arena]:
    """The arena of a server that runs."""
    async with channel(child.address) as connection:
        yield Arena(child, workers, connection, tally, draw)


async def cancelled(task: asyncio.Task[Told]) -> None:
    """End a call as its caller does who has lost interest."""
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
