"""Mixed traffic for an hour: every kind of call, good and bad, and what the server takes at quiet moments.

    python -m benchmarks.service.soak --minutes 60

Callers ask small, medium and large requests, checks, requests that are wrong, and calls that they give up; others keep
clusters: put, change, read, place into, commit. Each minute all callers pause for a second, and the server's memory,
descriptors and processes are looked at: those of the front and all workers. The growth of memory is the median of the last
quarter of the hour against that of the second, since what a process learns to need comes first. The exit code is 1 if an answer
was wrong or lost, memory grew by 5 %, or descriptors or processes were not the same at all quiet moments after the first tenth.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import statistics
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import grpc.aio

from benchmarks.service import figures
from benchmarks.service.arena import cancelled, known
from benchmarks.service.calls import DEADLINE, Outcome, Told, ask, channel, health, place
from benchmarks.service.child import Child, Sample, Setup, child
from benchmarks.service.kept_traffic import Scheduler
from benchmarks.service.questions import labelled
from benchmarks.service.watch import Watch, drift
from solver.service import codec
from solver.service.limits import default_size

CALLERS, SCHEDULERS = 4, 2
VARIANTS = 20
QUIET_EVERY, QUIET_SECONDS = 60.0, 1.0
SIZES = ("small",) * 12 + ("medium",) * 3 + ("large",)
MOST_DRIFT = 0.05
CHECK = "/solver.v1.PlacementService/Check"


class Traffic:
    """Callers that ask by turns what callers ask, and pause together.

    Attributes
    ----------
    outcomes
        Calls by kind and outcome.
    faults
        What was wrong or lost.
    """

    def __init__(self, running: Child, draw: random.Random) -> None:
        self._running = running
        self._draw = draw
        self._going = asyncio.Event()
        self._going.set()
        self._busy = 0
        self._calm = asyncio.Condition()
        self._numbers = 0
        self.outcomes: Counter[tuple[str, str]] = Counter()
        self.faults: Counter[str] = Counter()

    async def run(self, seconds: float) -> list[tuple[float, Sample]]:
        """All callers for so long; a sample at each quiet moment."""
        end = time.monotonic() + seconds
        async with AsyncExitStack() as stack:
            connections = [
                await stack.enter_async_context(channel(self._running.address)) for _ in range(CALLERS + SCHEDULERS + 1)
            ]
            tasks = [asyncio.create_task(self._caller(connection, end)) for connection in connections[:CALLERS]]
            tasks += [
                asyncio.create_task(self._scheduler(connection, number, end))
                for number, connection in enumerate(connections[CALLERS:-1])
            ]
            try:
                return await self._quiet_moments(connections[-1], end)
            finally:
                self._going.set()
                await asyncio.gather(*tasks)

    async def _quiet_moments(self, connection: grpc.aio.Channel, end: float) -> list[tuple[float, Sample]]:
        begun, found = time.monotonic(), []
        every = min(QUIET_EVERY, (end - begun) / 10)
        while time.monotonic() < end:
            await asyncio.sleep(every)
            self._going.clear()
            async with self._calm:
                await asyncio.wait_for(self._calm.wait_for(lambda: not self._busy), 60.0)
            await asyncio.sleep(QUIET_SECONDS)
            self._note("health", await health(connection), ())
            found.append((time.monotonic() - begun, self._running.sample()))
            self._going.set()
        return found

    async def _caller(self, connection: grpc.aio.Channel, end: float) -> None:
        kinds: Sequence[tuple[str, Callable[[grpc.aio.Channel], Awaitable[Told]], tuple[str, ...], int]] = (
            ("place", self._place, (), 16),
            ("check", self._check, (), 3),
            ("invalid", self._invalid, ("INVALID_REQUEST",), 2),
            ("hurried", self._hurried, (DEADLINE, "OVERLOADED"), 2),
            ("given up", self._given_up, (), 2),
        )
        while time.monotonic() < end:
            kind, asked, allowed, _ = self._draw.choices(kinds, [one[3] for one in kinds])[0]
            await self._one(kind, asked(connection), allowed)

    async def _scheduler(self, connection: grpc.aio.Channel, number: int, end: float) -> None:
        scheduler = Scheduler(connection, f"soak-{number}", random.Random(number))
        await self._one("put", scheduler.put(), ())
        while time.monotonic() < end:
            kind, call, allowed = scheduler.next()
            await self._one(kind, call, allowed)

    async def _one(self, kind: str, call: Awaitable[Told], allowed: Sequence[str]) -> None:
        if not self._going.is_set():
            # Made, but not begun: it begins after the quiet moment.
            await self._going.wait()
        self._busy += 1
        try:
            self._note(kind, await call, allowed)
        finally:
            self._busy -= 1
            async with self._calm:
                self._calm.notify_all()

    def _note(self, kind: str, told: Told, allowed: Sequence[str]) -> None:
        outcome = told.outcome
        if outcome is Outcome.REFUSED and told.reason not in allowed:
            outcome = Outcome.WRONG
        if kind == "invalid" and outcome is Outcome.RIGHT:
            outcome, told = Outcome.WRONG, Told(Outcome.WRONG, "was answered", told.seconds)
        self.outcomes[kind, outcome.value] += 1
        if outcome in (Outcome.WRONG, Outcome.LOST):
            self.faults[f"{kind}: {told.reason}"] += 1

    async def _place(self, connection: grpc.aio.Channel) -> Told:
        self._numbers += 1
        size = self._draw.choice(SIZES)
        asked = labelled(known(size, self._draw.randrange(VARIANTS)), f"{size} {self._numbers}")
        return await place(connection, asked, 30.0)

    async def _check(self, connection: grpc.aio.Channel) -> Told:
        """The plan that starts nothing is a plan."""
        problem = known("small", self._draw.randrange(VARIANTS)).problem
        told = await ask(connection, CHECK, codec.check_to_bytes(problem, problem.running), 30.0)
        if told.outcome is Outcome.RIGHT and codec.violations_from_bytes(told.payload):
            return Told(Outcome.WRONG, "a plan that starts nothing breaks a rule", told.seconds)
        return told

    async def _invalid(self, connection: grpc.aio.Channel) -> Told:
        payload = known("small", 0).payload
        cut = self._draw.randrange(1, 40)
        return await ask(connection, "/solver.v1.PlacementService/Place", b"\xff" * cut + payload, 30.0)

    async def _hurried(self, connection: grpc.aio.Channel) -> Told:
        return await place(connection, known("small", self._draw.randrange(VARIANTS)), self._draw.uniform(0.0, 0.05))

    async def _given_up(self, connection: grpc.aio.Channel) -> Told:
        call = asyncio.create_task(place(connection, known("medium", self._draw.randrange(VARIANTS)), 30.0))
        await asyncio.sleep(self._draw.uniform(0.0, 0.3))
        await cancelled(call)
        return Told(Outcome.RIGHT, "", 0.0)


def _draw_figure(samples: Sequence[tuple[float, Sample]], file: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axis = pyplot.subplots(figsize=(7, 3), layout="constrained")
    minutes = [at / 60 for at, _ in samples]
    axis.plot(minutes, [one.rss / 2**20 for _, one in samples], label="memory, MiB")
    axis.plot(minutes, [one.descriptors for _, one in samples], label="descriptors")
    axis.plot(minutes, [one.processes for _, one in samples], label="processes")
    axis.set(xlabel="minutes", ylim=(0, None))
    axis.grid(alpha=0.3)
    axis.legend(fontsize=8)
    figure.savefig(file)
    pyplot.close(figure)


def changed(samples: Sequence[Sample]) -> dict[tuple[str, str], list[int]]:
    """Of what there was not the same number of descriptors in all samples: the number in each."""
    kinds = sorted({kind for one in samples for kind in one.opened})
    counts = {kind: [one.opened.get(kind, 0) for one in samples] for kind in kinds}
    return {kind: found for kind, found in counts.items() if len(set(found)) > 1}


async def _soaked(setup: Setup, seconds: float, seed: int) -> tuple[Traffic, list[tuple[float, Sample]]]:
    async with child(setup) as running:
        traffic = Traffic(running, random.Random(seed))
        return traffic, await traffic.run(seconds)


def main(arguments: Sequence[str] | None = None) -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.service.soak", description=__doc__.split("\n")[0])
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--workers", type=int, default=default_size(), help="processes of the server that solve")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--results", type=Path, default=figures.OUT, help="the folder that results are written to")
    given = parser.parse_args(arguments)
    traffic, samples = asyncio.run(_soaked(Setup(given.workers), 60 * given.minutes, given.seed))
    table = [{"call": kind, "outcome": what, "calls": n} for (kind, what), n in sorted(traffic.outcomes.items())]
    figures.show("Mixed traffic", table)
    figures.write_csv(given.results / "soak.csv", Watch.rows(samples))
    _draw_figure(samples, given.results / "soak.svg")
    later = [one for _, one in samples[len(samples) // 10 :]]
    found: dict[str, object] = {
        "minutes": given.minutes,
        "calls": sum(traffic.outcomes.values()),
        "wrong or lost": sum(traffic.faults.values()),
        "memory MiB, median": statistics.median(one.rss for one in later) / 2**20,
        "memory growth": drift(samples),
        "descriptors": sorted({one.descriptors for one in later}),
        "processes": sorted({one.processes for one in later}),
    }
    figures.show("Aims", [{"what": what, "found": str(value)} for what, value in found.items()])
    figures.write_json(given.results / "soak.json", found)
    for fault, times in traffic.faults.most_common(20):
        print(f"{fault} ({times} times)")
    for (who, what), counts in changed(later).items():
        print(f"open in {who}: {what}, from {min(counts)} to {max(counts)}")
    constant = all(len({getattr(one, what) for one in later}) == 1 for what in ("descriptors", "processes"))
    sys.exit(0 if constant and not traffic.faults and drift(samples) < MOST_DRIFT else 1)


if __name__ == "__main__":
    main()
