"""Latency of the service by its callers, and what four times too many calls do to it.

    python -m benchmarks.service.load --minutes 10                 # both: the curves 8 minutes, the overload 10
    python -m benchmarks.service.load --minutes 0 --seconds 20     # the curves alone
    python -m benchmarks.service.load --seconds 0 --minutes 10     # the overload alone

The curves: 1 to 64 callers, each with a connection of its own, ask small, medium and large requests one after the other. The
overload: first as many callers as there are workers find out how many small requests are answered a second; then four times as
many come at random moments, whether or not others are answered, with a deadline of their time limit and ``GRACE``. Every
answer is checked when the load is over. The exit code is 1 if an answer was wrong or lost, or an aim of the overload missed.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import grpc.aio

from benchmarks.service import figures
from benchmarks.service.calls import DEADLINE, PLACE, Outcome, Told, ask, channel, fault_of, health
from benchmarks.service.child import Child, Sample, Setup, child
from benchmarks.service.questions import SIZES, Question, question
from benchmarks.service.watch import Watch, drift
from solver.service.limits import default_size

CALLERS = (1, 2, 4, 8, 16, 32, 64)
VARIANTS = 10
"""Requests of a size that callers take in turn."""

PATIENCE = 300.0
"""Seconds until the deadline of a call of the curves: nothing is refused there for its own deadline."""

GRACE = 0.1
"""Seconds after its time limit by which an answer must be there."""

FACTOR = 4.0
"""Calls a second under overload, of those that can be answered."""

MOST_OPEN = 4_000
"""Calls that may be under way at once; a load that gets there is not what it says, and stops."""

CONNECTIONS = 8
REFUSED_WITHIN, HEALTH_WITHIN, FLAT = 0.010, 0.100, 0.05
"""The aims under overload: seconds, seconds, and the share that memory may grow by."""


@dataclass
class Spool:
    """Answers on disk until the load is over: checking them meanwhile would take the server's time."""

    questions: Sequence[Question]
    file: BinaryIO
    places: list[tuple[int, int, int]] = field(default_factory=list)

    def keep(self, number: int, payload: bytes) -> None:
        """An answer to the question of that number."""
        self.places.append((number, self.file.tell(), len(payload)))
        self.file.write(payload)

    def faults(self) -> list[str]:
        """What is wrong with each that is wrong; answers with the same bytes are checked once."""
        found: list[str] = []
        known: dict[tuple[int, bytes], str] = {}
        for number, at, size in self.places:
            self.file.seek(at)
            payload = self.file.read(size)
            if (number, payload) not in known:
                known[number, payload] = fault_of(self.questions[number], payload)
            found += filter(None, [known[number, payload]])
        return found


@dataclass
class Seen:
    """What became of the calls of one load."""

    answered: list[float] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)
    late: int = 0
    other: Counter[str] = field(default_factory=Counter)

    @property
    def calls(self) -> int:
        """How many there were."""
        return len(self.answered) + len(self.refused) + self.late + self.other.total()

    def note(self, told: Told) -> None:
        """One call has ended."""
        if told.outcome is Outcome.RIGHT:
            self.answered.append(told.seconds)
        elif told.reason == "OVERLOADED":
            self.refused.append(told.seconds)
        elif told.reason == DEADLINE:
            self.late += 1
        else:
            self.other[f"{told.outcome.value}: {told.reason}"] += 1


async def in_turn(
    child: Child, spool: Spool, callers: int, seconds: float, timeout: float = PATIENCE, least: int = 1
) -> tuple[Seen, float]:
    """Callers that ask one question after the other, for some seconds and at least so many times; how long it took."""
    seen, numbers = Seen(), itertools.cycle(range(len(spool.questions)))
    begun = time.monotonic()

    async def caller(connection: grpc.aio.Channel) -> None:
        for asked in itertools.count():
            if asked >= least and time.monotonic() > begun + seconds:
                return
            number = next(numbers)
            told = await ask(connection, PLACE, spool.questions[number].payload, timeout)
            seen.note(told)
            if told.outcome is Outcome.RIGHT:
                spool.keep(number, told.payload)

    async with AsyncExitStack() as stack:
        connections = [await stack.enter_async_context(channel(child.address)) for _ in range(callers)]
        await asyncio.gather(*map(caller, connections))
    return seen, time.monotonic() - begun


async def at_random(
    child: Child, spool: Spool, rate: float, seconds: float, timeout: float, draw: random.Random
) -> Seen:
    """Calls that come at random moments (a Poisson process), whether or not others are answered.

    Raises
    ------
    RuntimeError
        If more than ``MOST_OPEN`` are under way: the load is more than this side can make.
    """
    seen, numbers = Seen(), itertools.cycle(range(len(spool.questions)))
    under_way: set[asyncio.Task[None]] = set()

    async def call(connection: grpc.aio.Channel, number: int) -> None:
        told = await ask(connection, PLACE, spool.questions[number].payload, timeout)
        seen.note(told)
        if told.outcome is Outcome.RIGHT:
            spool.keep(number, told.payload)

    async with AsyncExitStack() as stack:
        connections = itertools.cycle(
            [await stack.enter_async_context(channel(child.address)) for _ in range(CONNECTIONS)]
        )
        comes, end = time.monotonic(), time.monotonic() + seconds
        while comes < end:
            await asyncio.sleep(max(comes - time.monotonic(), 0))
            comes += draw.expovariate(rate)
            if len(under_way) >= MOST_OPEN:
                raise RuntimeError(f"{MOST_OPEN} calls are under way: this side cannot make {rate:.0f} calls a second")
            task = asyncio.create_task(call(next(connections), next(numbers)))
            under_way.add(task)
            task.add_done_callback(under_way.discard)
        await asyncio.gather(*under_way)
    return seen


def _drawn(size: str) -> list[Question]:
    found = [question(size, seed) for seed in range(VARIANTS)]
    for one in found:
        # Written and fingerprinted before the load, not during it.
        _ = one.payload, one.fingerprint
    return found


async def curves(workers: int, seconds: float) -> tuple[list[dict[str, object]], list[str]]:
    """A row for each size and number of callers; what was wrong."""
    rows: list[dict[str, object]] = []
    wrong: list[str] = []
    async with child(Setup(workers, {"waiting": 2 * max(CALLERS)})) as running:
        for size in SIZES:
            questions = _drawn(size)
            for callers in CALLERS:
                with tempfile.TemporaryFile() as file:
                    spool = Spool(questions, file)
                    seen, took = await in_turn(running, spool, callers, seconds)
                    faults = spool.faults()
                wrong += faults + [f"{size}, {callers} callers: {what}" for what in seen.other]
                rows.append(
                    {
                        "size": size,
                        "callers": callers,
                        "answered": len(seen.answered),
                        "refused": len(seen.refused),
                        "late": seen.late,
                        "wrong or lost": len(faults) + seen.other.total(),
                        "a second": len(seen.answered) / took,
                        "p50 s": figures.percentile(seen.answered, 50),
                        "p95 s": figures.percentile(seen.answered, 95),
                        "p99 s": figures.percentile(seen.answered, 99),
                        "largest s": figures.percentile(seen.answered, 100),
                    }
                )
                print(f"{size}, {callers} callers: {len(seen.answered)} answered", file=sys.stderr, flush=True)
    return rows, wrong


async def overload(
    workers: int, seconds: float, seed: int
) -> tuple[dict[str, object], list[tuple[float, Sample]], list[str]]:
    """What became of the calls, what the server took meanwhile, and what was wrong."""
    questions, limit = _drawn("small"), SIZES["small"].seconds
    async with child(Setup(workers)) as running:
        with tempfile.TemporaryFile() as file:
            spool = Spool(questions, file)
            await in_turn(running, spool, 1, 0.0, least=VARIANTS)
            measured, took = await in_turn(running, spool, workers, min(10.0, seconds), PATIENCE)
            capacity = len(measured.answered) / took
            async with Watch(running, probe=health) as watch:
                seen = await at_random(running, spool, FACTOR * capacity, seconds, limit + GRACE, random.Random(seed))
            faults = spool.faults()
    wrong = faults + [what for each in (measured, seen) for what in each.other]
    # What missed its deadline was admitted, and is late without end.
    admitted = [*seen.answered, *itertools.repeat(float("inf"), seen.late)]
    return (
        {
            "seconds": seconds,
            "workers": workers,
            "calls a second without overload": capacity,
            "calls a second under overload": seen.calls / seconds,
            "answered": len(seen.answered),
            "refused": len(seen.refused),
            "admitted and late": seen.late,
            "wrong or lost": len(faults) + seen.other.total() + measured.other.total(),
            "answered p50 s": figures.percentile(seen.answered, 50),
            "admitted p99 s": figures.percentile(admitted, 99),
            "admitted p99 s at most": limit + GRACE,
            "refused p50 s": figures.percentile(seen.refused, 50),
            "refused within 10 ms, share": sum(one <= REFUSED_WITHIN for one in seen.refused)
            / max(len(seen.refused), 1),
            "refused p99 s": figures.percentile(seen.refused, 99),
            "refused largest s": figures.percentile(seen.refused, 100),
            "health p99 s": figures.percentile(watch.probed, 99),
            "health largest s": figures.percentile(watch.probed, 100),
            "health failed": watch.failed,
            "delay of this side p99 s": figures.percentile(watch.delays, 99),
            "memory MiB at first": watch.samples[len(watch.samples) // 4][1].rss / 2**20,
            "memory MiB at last": watch.samples[-1][1].rss / 2**20,
            "memory growth": drift(watch.samples),
        },
        watch.samples,
        wrong,
    )


def aims(found: dict[str, object]) -> Iterator[tuple[str, float, float]]:
    """Each aim of the overload: what, what was found, at most."""
    for what, most in (
        ("admitted p99 s", float(str(found["admitted p99 s at most"]))),
        ("refused p99 s", REFUSED_WITHIN),
        ("health p99 s", HEALTH_WITHIN),
        ("memory growth", FLAT),
        ("wrong or lost", 0.0),
        ("health failed", 0.0),
    ):
        yield what, float(str(found[what])), most


def _draw_curves(rows: Sequence[dict[str, object]], file: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, len(SIZES), figsize=(10, 3.4), sharex=True, layout="constrained")
    for axis, (size, wanted) in zip(axes, SIZES.items(), strict=True):
        these = [row for row in rows if row["size"] == size]
        for name, style in (("p50 s", "o-"), ("p95 s", "s--"), ("p99 s", "^:")):
            axis.plot([row["callers"] for row in these], [row[name] for row in these], style, label=name[:3], ms=4)
        axis.set(xscale="log", yscale="log", xlabel="callers")
        axis.set_xticks(CALLERS, [str(callers) for callers in CALLERS])
        axis.minorticks_off()
        axis.set_title(f"{size}: {wanted.services} groups x {wanted.instances:,} instances", fontsize=9)
        axis.axhline(wanted.seconds, color="grey", lw=0.8)
        axis.grid(alpha=0.3)
    axes[0].set_ylabel("seconds (grey: time limit)")
    axes[0].legend(fontsize=8)
    figure.savefig(file)
    pyplot.close(figure)


def main(arguments: Sequence[str] | None = None) -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.service.load", description=__doc__.split("\n")[0])
    parser.add_argument("--seconds", type=float, default=20.0, help="for each point of the curves; 0 for none")
    parser.add_argument("--minutes", type=float, default=10.0, help="of overload; 0 for none")
    parser.add_argument("--workers", type=int, default=default_size(), help="processes of the server that solve")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--results", type=Path, default=figures.OUT, help="the folder that results are written to")
    given = parser.parse_args(arguments)
    wrong: list[str] = []
    if given.seconds:
        rows, wrong = asyncio.run(curves(given.workers, given.seconds))
        figures.show("Latency by callers", rows)
        figures.write_csv(given.results / "latency.csv", rows)
        _draw_curves(rows, given.results / "latency.svg")
    missed = 0
    if given.minutes:
        found, samples, more = asyncio.run(overload(given.workers, 60 * given.minutes, given.seed))
        wrong += more
        checked = [
            {"what": what, "found": value, "at most": most, "": figures.verdict(value <= most)}
            for what, value, most in aims(found)
        ]
        missed = sum(row[""] != figures.verdict(True) for row in checked)
        figures.show("Four times overload", [{"what": what, "found": value} for what, value in found.items()])
        figures.show("Aims", checked)
        figures.write_json(given.results / "overload.json", found)
        figures.write_csv(given.results / "overload_memory.csv", Watch.rows(samples))
    for what, times in Counter(wrong).most_common(20):
        print(f"wrong: {what} ({times} times)")
    sys.exit(1 if wrong or missed else 0)


if __name__ == "__main__":
    main()
