"""The fault campaign: each fault many times, and what the calls came to meanwhile and afterwards.

    python -m benchmarks.service.faults --times 50                       # all
    python -m benchmarks.service.faults --times 2                        # all, about a minute; as in `make test`
    python -m benchmarks.service.faults --times 50 --only stopped deaf   # some

Every answer is checked independently, every refusal must be one that the fault may lead to, with its code; a call is lost that
has neither an answer nor an error a second after its deadline, and a change that was acknowledged and is missing after a restart.
The exit code is 1 if anything was wrong or lost.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from benchmarks.service import client_faults, figures, server_faults, worker_faults
from benchmarks.service.arena import Arena, Tally, arena
from benchmarks.service.calls import Outcome
from benchmarks.service.child import Child, Setup, child
from benchmarks.service.server_faults import Clock, Kept, Restarting

SERVER = Setup(workers=2, queue={"grace_seconds": 0.5, "unread_seconds": 2.0})
"""Two workers, so that others are answered while one is lost; a worker that hears nothing is given up soon."""

MOST_SECONDS = 120.0
"""For one time of a fault; what takes longer hangs, and is counted as lost."""

Inject = Callable[[], Awaitable[None]]
"""Does it one time."""


@dataclass
class Servers:
    """Servers that go through more than one fault, each started when it is first needed.

    Parameters
    ----------
    stack
        Ends them.
    """

    stack: AsyncExitStack
    running: list[tuple[Setup, Child]] = field(default_factory=list)

    async def of(self, setup: Setup) -> Child:
        """The server that is set up so; a new one where it has ended meanwhile."""
        for known, found in self.running:
            if known == setup and found.process.returncode is None:
                return found
        started = await self.stack.enter_async_context(child(setup))
        self.running.append((setup, started))
        return started


Ready = Callable[[Servers, Tally, random.Random], AbstractAsyncContextManager[Inject]]
"""Makes ready what all times of a fault need."""


@asynccontextmanager
async def _on_one_server(
    fault: Callable[[Arena], Awaitable[None]], setup: Setup, servers: Servers, tally: Tally, draw: random.Random
) -> AsyncIterator[Inject]:
    """The same server goes through it all."""
    async with arena(await servers.of(setup), setup.workers, tally, draw) as on:
        await on.settle()
        tally.recovery.clear()
        yield partial(fault, on)


@asynccontextmanager
async def _on_one_file(fault: Restarting, servers: Servers, tally: Tally, draw: random.Random) -> AsyncIterator[Inject]:
    """Servers that are started one after the other on the same state."""
    with tempfile.TemporaryDirectory(prefix="placement-solver-") as folder:
        state = Path(folder) / "state.db"
        yield partial(fault, Kept(state), Setup(workers=1, state=state), tally, draw)


@asynccontextmanager
async def _by_another_clock(servers: Servers, tally: Tally, draw: random.Random) -> AsyncIterator[Inject]:
    with tempfile.TemporaryDirectory(prefix="placement-solver-") as folder:
        clock = Clock(Path(folder) / "clock")
        setup = Setup(SERVER.workers, SERVER.queue, environment=clock.environment, before=clock.before)
        async with _on_one_server(partial(server_faults.clock_jumps, clock), setup, servers, tally, draw) as inject:
            yield inject


_CUTTING = Setup(SERVER.workers, SERVER.queue, api="benchmarks.service.cutting_api")

FAULTS: Mapping[str, tuple[str, Ready]] = {
    "killed": ("worker SIGKILL", partial(_on_one_server, worker_faults.killed, SERVER)),
    "stopped": ("worker SIGSTOP", partial(_on_one_server, worker_faults.stopped, SERVER)),
    "aborted": ("worker abort", partial(_on_one_server, worker_faults.aborted, SERVER)),
    "memory": ("memory exhausted", partial(_on_one_server, worker_faults.out_of_memory, SERVER)),
    "cut": ("pipe cut", partial(_on_one_server, worker_faults.cut, _CUTTING)),
    "vanished": ("client vanished", partial(_on_one_server, client_faults.vanished, SERVER)),
    "storm": ("30 calls, cancelled", partial(_on_one_server, client_faults.storm, SERVER)),
    "hasty": ("20 deadlines of 0 to 50 ms", partial(_on_one_server, client_faults.hasty, SERVER)),
    "deaf": ("8 slow readers", partial(_on_one_server, client_faults.deaf, SERVER)),
    "terminated": ("server SIGTERM during writes", partial(_on_one_file, server_faults.terminated)),
    "slain": ("server SIGKILL during writes", partial(_on_one_file, server_faults.slain)),
    "clock": ("3 clock jumps", _by_another_clock),
    "disk": ("disk full", partial(_on_one_file, server_faults.disk_full)),
}
"""By name: the title, and what makes it ready."""


async def campaign(names: Sequence[str], times: int, seed: int) -> dict[str, Tally]:
    """What became of the calls, by fault."""
    found: dict[str, Tally] = {}
    async with AsyncExitStack() as stack:
        servers = Servers(stack)
        for name in names:
            tally, begun = Tally(), time.monotonic()
            _, ready = FAULTS[name]
            async with ready(servers, tally, random.Random(f"{seed} {name}")) as inject:
                for _ in range(times):
                    try:
                        await asyncio.wait_for(inject(), MOST_SECONDS)
                    except TimeoutError:
                        tally.require(False, f"hangs for {MOST_SECONDS:.0f} s", Outcome.LOST)
                    tally.times += 1
            found[name] = tally
            print(f"{name}: {times} times in {time.monotonic() - begun:.0f} s", file=sys.stderr, flush=True)
    return found


def rows(found: Mapping[str, Tally]) -> list[dict[str, object]]:
    """A row for each fault."""
    return [
        {
            "fault": FAULTS[name][0],
            "times": tally.times,
            "right": tally.outcomes[Outcome.RIGHT],
            "of these cut off": tally.cut_off,
            "refused": tally.outcomes[Outcome.REFUSED],
            "wrong": tally.outcomes[Outcome.WRONG],
            "lost": tally.outcomes[Outcome.LOST],
            "recovered within s": figures.percentile(tally.recovery, 100),
            "refused with": ", ".join(f"{reason} {count}" for reason, count in sorted(tally.reasons.items())),
        }
        for name, tally in found.items()
    ]


def main(arguments: Sequence[str] | None = None) -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.service.faults", description=__doc__.split("\n")[0])
    parser.add_argument("--times", type=int, default=50, help="each fault")
    parser.add_argument("--only", nargs="+", choices=list(FAULTS), default=list(FAULTS), help="these faults")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--results", type=Path, default=figures.OUT, help="the folder that results are written to")
    given = parser.parse_args(arguments)
    found = asyncio.run(campaign(given.only, given.times, given.seed))
    table = rows(found)
    figures.show("Faults", table)
    figures.write_csv(given.results / "faults.csv", table)
    faults = Counter(f"{name}: {fault}" for name, tally in found.items() for fault in tally.faults)
    for fault, count in faults.most_common(20):
        print(f"{fault} ({count} times)")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
