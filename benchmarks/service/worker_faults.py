"""Faults of the processes that solve: they end, stop, run out of memory, or are cut off, during a call or between two."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
from contextlib import suppress
from pathlib import Path

from benchmarks.service.arena import Arena
from benchmarks.service.calls import DEADLINE, place
from benchmarks.service.cutting_api import CUT
from benchmarks.service.questions import labelled

GONE = ("WORKER_LOST", "OVERLOADED")
"""Of what a call may be told whose worker is lost, or that finds too few while another one starts."""

TIMEOUT, PATIENCE = 2.5, 10.0
"""Seconds until the deadline of a call; and for one without, which may have to wait behind others that are given up late."""


async def killed(arena: Arena) -> None:
    """SIGKILL to a worker."""
    await _signalled(arena, signal.SIGKILL, GONE)


async def aborted(arena: Arena) -> None:
    """SIGABRT, as a failed check of the solver raises it."""
    await _signalled(arena, signal.SIGABRT, GONE)


async def stopped(arena: Arena) -> None:
    """SIGSTOP: the worker is there and does nothing any more."""
    await _signalled(arena, signal.SIGSTOP, (*GONE, DEADLINE))


async def _signalled(arena: Arena, number: signal.Signals, allowed: tuple[str, ...]) -> None:
    async with arena.bystander(allowed):
        calls = [asyncio.create_task(_ask(arena, "medium", allowed)) for _ in range(arena.workers)]
        await asyncio.sleep(arena.draw.uniform(0.0, 0.5))
        victims = arena.child.ready()
        if victims:
            with suppress(ProcessLookupError):
                os.kill(arena.draw.choice(victims), number)
        await asyncio.gather(*calls)
    await arena.settle(allowed)


async def out_of_memory(arena: Arena) -> None:
    """No worker gets more than a little memory beyond what it has, while a large request comes: refused, or answered."""
    allowed = (*GONE, "TOO_LARGE")
    more = arena.draw.randrange(2**16, 8 * 2**20)
    before: dict[int, tuple[int, int]] = {}
    for pid in arena.child.ready():
        with suppress(ProcessLookupError, OSError):
            before[pid] = resource.prlimit(pid, resource.RLIMIT_DATA)
            resource.prlimit(pid, resource.RLIMIT_DATA, (_writable(pid) + more, before[pid][1]))
    await _ask(arena, "large", allowed, seconds=2 * TIMEOUT)
    for pid, limit in before.items():
        # A worker that has ended meanwhile was replaced by one that has its own limit.
        with suppress(ProcessLookupError, OSError):
            resource.prlimit(pid, resource.RLIMIT_DATA, limit)
    await arena.settle(allowed)


async def cut(arena: Arena) -> None:
    """The worker's ends of its pipes are closed in the middle of a search, and it stays."""
    async with arena.bystander(GONE):
        asked = labelled(arena.question("medium"), f"{CUT}{arena.draw.uniform(0.0, 0.3):.3f} s")
        told = await place(arena.connection, asked, PATIENCE, dated=arena.draw.random() < 0.5)
        arena.tally.note(told, GONE, "a call whose pipes are cut")
    await arena.settle(GONE)


async def _ask(arena: Arena, size: str, allowed: tuple[str, ...], seconds: float = TIMEOUT) -> None:
    """With a deadline, or, as often, without one."""
    dated = arena.draw.random() < 0.5
    await arena.ask(size, seconds if dated else PATIENCE, allowed, dated=dated)


def _writable(pid: int) -> int:
    """Bytes that the limit of memory counts."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmData:"):
            return 1024 * int(line.split()[1])
    raise ProcessLookupError(pid)
