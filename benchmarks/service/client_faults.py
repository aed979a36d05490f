"""Faults of callers: they vanish, lose interest, have no time, or do not read. Nobody else may notice."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

from benchmarks.service.arena import Arena, cancelled
from benchmarks.service.calls import CANCELLED, DEADLINE, UNREACHABLE
from benchmarks.service.wire import deaf_client, vanishing

BUSY = ("OVERLOADED",)
STORM, HASTY, DEAF = 30, 20, 8
"""Calls that are cancelled, that have hardly any time, and that nobody reads, each time."""


async def vanished(arena: Arena) -> None:
    """The connection of a caller is reset in the middle of its call."""
    async with arena.bystander(), vanishing(arena.child.address) as (relay, connection):
        call = asyncio.create_task(arena.ask("medium", 2.5, (UNREACHABLE, CANCELLED), connection=connection))
        await asyncio.sleep(arena.draw.uniform(0.0, 0.4))
        relay.cut()
        await call
    await arena.settle()


async def storm(arena: Arena) -> None:
    """Many calls come at once and are cancelled, each at its own moment: while it waits, is read, searches, or is answered."""

    async def one() -> None:
        call = asyncio.create_task(arena.ask(arena.draw.choice(("small", "medium")), 5.0, BUSY))
        await asyncio.sleep(arena.draw.uniform(0.0, 0.4))
        await cancelled(call)

    async with arena.bystander(BUSY):
        await asyncio.gather(*(one() for _ in range(STORM)))
    await arena.settle(BUSY)


async def hasty(arena: Arena) -> None:
    """Deadlines of 0 to 50 ms: a right answer, or a plain no."""
    async with arena.bystander(BUSY):
        for _ in range(HASTY):
            await arena.ask("small", arena.draw.uniform(0.0, 0.05), (*BUSY, DEADLINE))
    await arena.settle(BUSY)


async def deaf(arena: Arena) -> None:
    """Clients with an HTTP/2 window of one byte ask and read nothing."""
    async with arena.bystander(), AsyncExitStack() as stack:
        begun = [
            await stack.enter_async_context(deaf_client(arena.child.address, arena.question("small").payload, 5.0))
            for _ in range(DEAF)
        ]
        await asyncio.sleep(arena.draw.uniform(1.0, 2.0))
        started = [await one() for one in begun]
        arena.tally.require(any(started), "no slow reader was answered at all: it is no such client")
    await arena.settle()
