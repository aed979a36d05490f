"""Replay: what was recorded under load is asked again, in deterministic mode, and must give the same bytes.

    python -m benchmarks.service.replay --calls 1000     # a quarter of an hour

Requests of different sizes, kinds, seeds and limits go to a server from many callers at once; each has a deterministic limit,
one thread and its own seed, and the server is told of no deadline (§10.1). What came back is kept. Another server gets them
again, in another order, without any that wait. The exit code is 1 unless every request gave the same bytes.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

from benchmarks.service import figures
from benchmarks.service.calls import Outcome, Told, channel, place
from benchmarks.service.child import Setup, child
from benchmarks.service.questions import Question, question
from solver.domain.request import Engine, Limits
from solver.service.limits import default_size

CALLERS = 16
LIMITS = (0.005, 0.02, 0.05)
"""Deterministic seconds of CP-SAT."""

ENGINES = (Engine.AUTO, Engine.EXACT, Engine.SEQUENTIAL)
MEDIUM_EVERY = 20
PATIENCE = 120.0
"""Seconds after which a call is given up; its server does not know."""


def drawn(calls: int, seed: int) -> list[Question]:
    """So many requests, no two of them the same."""
    draw = random.Random(seed)
    found = []
    for number in range(calls):
        limits = Limits(
            # Only holds a search that the other limit does not.
            time_limit=PATIENCE,
            deterministic_limit=draw.choice(LIMITS),
            workers=1,
            seed=number,
            engine=draw.choice(ENGINES),
        )
        size = "medium" if number % MEDIUM_EVERY == MEDIUM_EVERY - 1 else "small"
        found.append(question(size, draw.randrange(calls), limits, label=f"replay {number}"))
    return found


async def recorded(
    questions: Sequence[Question], workers: int, callers: int, order: Sequence[int]
) -> tuple[list[Told], int]:
    """What a new server tells so many callers that ask everything, in that order; and how often one had to come back.

    A caller that is refused for want of room comes back when it is told to.
    """
    found: dict[int, Told] = {}
    waiting, again = iter(order), 0
    async with child(Setup(workers)) as running, AsyncExitStack() as stack:
        connections = [await stack.enter_async_context(channel(running.address)) for _ in range(callers)]

        async def asks(caller: int) -> None:
            nonlocal again
            for number in waiting:
                told = await place(connections[caller], questions[number], PATIENCE, dated=False)
                while told.reason == "OVERLOADED":
                    again += 1
                    await asyncio.sleep(told.retry_after)
                    told = await place(connections[caller], questions[number], PATIENCE, dated=False)
                found[number] = told
                if len(found) % 100 == 0:
                    print(f"{len(found)} answered", file=sys.stderr, flush=True)

        await asyncio.gather(*map(asks, range(callers)))
    return [found[number] for number in range(len(questions))], again


def main(arguments: Sequence[str] | None = None) -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.service.replay", description=__doc__.split("\n")[0])
    parser.add_argument("--calls", type=int, default=1_000)
    parser.add_argument(
        "--workers", type=int, default=max(2, default_size()), help="processes of the servers that solve"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--results", type=Path, default=figures.OUT, help="the folder that results are written to")
    given = parser.parse_args(arguments)
    questions, begun = drawn(given.calls, given.seed), time.monotonic()
    order = list(range(given.calls))
    first, refused = asyncio.run(recorded(questions, given.workers, CALLERS, order))
    recording = time.monotonic() - begun
    random.Random(given.seed).shuffle(order)
    second, _ = asyncio.run(recorded(questions, given.workers, given.workers, order))
    right = [told.outcome is Outcome.RIGHT for told in first]
    same = [one and again.payload == told.payload for one, told, again in zip(right, first, second, strict=True)]
    found = {
        "requests": given.calls,
        "answered right under load": sum(right),
        "the same bytes again": sum(same),
        "callers under load": CALLERS,
        "refused and asked again": refused,
        "seconds to record": recording,
        "seconds in all": time.monotonic() - begun,
    }
    figures.show("Replay", [{"what": what, "found": value} for what, value in found.items()])
    figures.write_json(given.results / "replay.json", found)
    for reason, times in Counter(told.reason for told in (*first, *second) if told.reason).most_common(10):
        print(f"{reason} ({times} times)")
    for number in [number for number, is_same in enumerate(same) if not is_same][:10]:
        print(f"not the same: {questions[number].label}, {questions[number].limits}")
    sys.exit(0 if all(same) else 1)


if __name__ == "__main__":
    main()
