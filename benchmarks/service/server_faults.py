"""Faults of the server as a whole while clusters change: it is stopped or killed, its disk is full, its clock jumps.

What was acknowledged must be there afterwards, what was never asked for must not; and after a full disk what was refused
must not be there either.
"""

from __future__ import annotations

import asyncio
import os
import random
import resource
import signal
import struct
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import grpc.aio
from google.protobuf.message import Message

from benchmarks.service.arena import Arena, Tally, arena
from benchmarks.service.calls import CANCELLED, UNREACHABLE, Outcome, Told, ask, channel
from benchmarks.service.child import Setup, child, is_alive
from solver.v1 import cluster_service_pb2 as wire
from solver.v1.cluster_pb2 import Cluster, Instance
from solver.v1.plan_pb2 import ACTION_KIND_START, Action
from solver.v1.task_group_pb2 import RunningTask, TaskGroup

SERVICE = "/solver.v1.ClusterService/"
CLUSTER, INSTANCES, WRITERS = "campaign", 50, 3
AWAY = (UNREACHABLE, CANCELLED)
"""What calls to a server that ends may be told."""

FULL, STOPPING = "STORE_FAILED", "SHUTTING_DOWN"
"""What is refused with these has not happened."""

CLOCK = Path(__file__).with_name("clock")


@dataclass
class Written:
    """What was asked to be kept, by what became of it."""

    sent: set[str] = field(default_factory=set)
    acknowledged: set[str] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)


@dataclass
class Kept:
    """A state file over many starts of a server, and what it must hold.

    Parameters
    ----------
    file
        Of the server's state.
    """

    file: Path
    written: Written = field(default_factory=Written)

    async def begin(self, on: Arena) -> None:
        """Put the cluster where it is not there yet, and compare it where it is."""
        if not self.written.sent:
            instances = [Instance(id=f"i-{number}", capacity=[10**9], free=[10**9]) for number in range(INSTANCES)]
            cluster = Cluster(resources=["cpu"], instances=instances)
            state = wire.ClusterState(cluster=cluster, groups=[TaskGroup(name="web", demand={"cpu": 1})])
            put = wire.PutClusterRequest(name=CLUSTER, state=state)
            told = await ask(on.connection, f"{SERVICE}PutCluster", put.SerializeToString(), 10.0)
            on.tally.note(told, (), "PutCluster")
        else:
            await self.compare(on)

    async def compare(self, on: Arena) -> None:
        """Whether everything that was acknowledged is there, and nothing that was refused or never asked for."""
        got = wire.GetClusterRequest(name=CLUSTER).SerializeToString()
        told = on.tally.note(await ask(on.connection, f"{SERVICE}GetCluster", got, 10.0), (), "GetCluster")
        if told.outcome is not Outcome.RIGHT:
            return
        found = {task.id for task in wire.GetClusterResponse.FromString(told.payload).state.tasks}
        missing, never = self.written.acknowledged - found, found - self.written.sent
        on.tally.require(not missing, f"{len(missing)} acknowledged changes are missing", Outcome.LOST)
        on.tally.require(not never, f"{len(never)} tasks are there that nobody put")
        happened = self.written.refused & found
        on.tally.require(not happened, f"{len(happened)} changes are there that were refused")

    async def write(self, on: Arena, connection: grpc.aio.Channel, allowed: tuple[str, ...]) -> Told:
        """One change: a task that comes."""
        name = f"t{len(self.written.sent)}"
        self.written.sent.add(name)
        task = RunningTask(id=name, group="web", instance=f"i-{on.draw.randrange(INSTANCES)}")
        change = wire.ApplyChangesRequest(name=CLUSTER, changes=[wire.Change(put_task=task)])
        told = await ask(connection, f"{SERVICE}ApplyChanges", change.SerializeToString(), 10.0)
        on.tally.note(told, allowed, "ApplyChanges")
        if told.outcome is Outcome.RIGHT:
            self.written.acknowledged.add(name)
        elif told.reason in (FULL, STOPPING):
            self.written.refused.add(name)
        return told


async def ended(number: signal.Signals, kept: Kept, setup: Setup, tally: Tally, draw: random.Random) -> None:
    """The server gets a signal while changes are written and a call searches; the next one is started on the same file."""
    allowed = (*AWAY, STOPPING) if number is signal.SIGTERM else AWAY
    async with child(setup) as running, arena(running, setup.workers, tally, draw) as on:
        await kept.begin(on)
        acknowledged = len(kept.written.acknowledged)

        async def writes() -> None:
            async with channel(running.address) as connection:
                while True:
                    told = await kept.write(on, connection, allowed)
                    if told.outcome is not Outcome.RIGHT:
                        return

        writers = [asyncio.create_task(writes()) for _ in range(WRITERS)]
        search = asyncio.create_task(on.ask("medium", 5.0, allowed))
        await asyncio.sleep(draw.uniform(0.05, 0.6))
        before = running.tree()
        until = time.monotonic() + 10.0
        while len(kept.written.acknowledged) == acknowledged and time.monotonic() < until:
            await asyncio.sleep(0.005)
        tally.require(running.process.returncode is None, "the server has ended by itself")
        code = await running.stop(number)
        await asyncio.gather(search, *writers)
        tally.require(len(kept.written.acknowledged) > acknowledged, "no change was acknowledged")
        wanted = 0 if number is signal.SIGTERM else -number
        tally.require(code == wanted, f"the server ended with {code}, not {wanted}")
        await _gone(before, tally)


async def terminated(kept: Kept, setup: Setup, tally: Tally, draw: random.Random) -> None:
    """SIGTERM while changes are written and a call searches: the server ends well, and everything is there again."""
    await ended(signal.SIGTERM, kept, setup, tally, draw)


async def slain(kept: Kept, setup: Setup, tally: Tally, draw: random.Random) -> None:
    """SIGKILL while changes are written and a call searches: everything acknowledged is there again, no process is left."""
    await ended(signal.SIGKILL, kept, setup, tally, draw)


async def disk_full(kept: Kept, setup: Setup, tally: Tally, draw: random.Random) -> None:
    """No file of the server may grow any more: changes are refused and have not happened; then there is room again."""
    async with child(setup) as running, arena(running, setup.workers, tally, draw) as on:
        await kept.begin(on)
        before = resource.prlimit(running.pid, resource.RLIMIT_FSIZE)
        largest = max(file.stat().st_size for file in kept.file.parent.glob(f"{kept.file.name}*"))
        resource.prlimit(running.pid, resource.RLIMIT_FSIZE, (largest + draw.randrange(60_000), before[1]))
        refused = 0
        for _ in range(400):
            told = await kept.write(on, on.connection, (FULL,))
            refused += told.reason == FULL
            if refused == 3:
                break
        tally.require(refused == 3, "the disk was never full")
        await on.ask("small", 5.0)
        await kept.compare(on)
        resource.prlimit(running.pid, resource.RLIMIT_FSIZE, before)
        tally.require((await kept.write(on, on.connection, ())).outcome is Outcome.RIGHT, "no room after the full disk")
        await kept.compare(on)
        await running.stop(draw.choice((signal.SIGTERM, signal.SIGKILL)))
    async with child(setup) as running, arena(running, setup.workers, tally, draw) as on:
        await kept.compare(on)


Restarting = Callable[[Kept, Setup, Tally, random.Random], Awaitable[None]]
"""A fault that starts its servers itself."""


class Clock:
    """Calendar time of a server that can be moved.

    Parameters
    ----------
    file
        That says how far; made anew.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self.move(0.0)

    # gRPC has deadlines as calendar time of its own clock, which is not Python, and compares them with Python's at once.
    before = "import grpc._cython.cygrpc, sitecustomize; grpc._cython.cygrpc.time = sitecustomize.UNMOVED"
    """What a server runs first that follows the clock."""

    @property
    def environment(self) -> dict[str, str]:
        """Of a server that follows it."""
        others = os.environ.get("PYTHONPATH")
        path = str(CLOCK) if others is None else f"{CLOCK}{os.pathsep}{others}"
        return {"PLACEMENT_SOLVER_CLOCK": str(self._file), "PYTHONPATH": path}

    def move(self, seconds: float) -> None:
        """Calendar time is so far ahead from now on."""
        with self._file.open("r+b" if self._file.exists() else "wb") as out:
            out.write(struct.pack("<d", seconds))


async def clock_jumps(clock: Clock, on: Arena) -> None:
    """Calendar time jumps by up to five hours, ahead or back, during calls: they are answered in their time."""
    async with on.bystander():
        for _ in range(3):
            begun = time.monotonic()
            call = asyncio.create_task(on.ask("medium", 2.5))
            await asyncio.sleep(on.draw.uniform(0.0, 0.4))
            clock.move(on.draw.uniform(-18_000, 18_000))
            await call
            took = time.monotonic() - begun
            on.tally.require(took < 2.5, f"a call with a time limit of 0.3 s took {took:.1f} s")
    await on.settle()


async def is_reserved_after(clock: Clock, on: Arena, jump: float, lapse_seconds: float, wait: float) -> bool:
    """Whether what a commit has reserved is still reserved after a jump of calendar time, and so many seconds."""
    clock.move(0.0)
    state = wire.ClusterState(cluster=Cluster(resources=["cpu"], instances=[Instance(id="a", capacity=[8], free=[8])]))
    state.groups.add(name="web", demand={"cpu": 1})
    kept = wire.PutClusterRequest(name="clock", state=state)
    version = wire.PutClusterResponse.FromString(await _answer(on, "PutCluster", kept)).version
    start = Action(kind=ACTION_KIND_START, group="web", instance="a", count=1)
    commit = wire.CommitRequest(name="clock", version=version, actions=[start], lapse_seconds=lapse_seconds)
    await _answer(on, "Commit", commit)
    clock.move(jump)
    await asyncio.sleep(wait)
    found = await _answer(on, "GetCluster", wire.GetClusterRequest(name="clock"))
    return len(wire.GetClusterResponse.FromString(found).reservations) == 1


async def _answer(on: Arena, method: str, request: Message) -> bytes:
    told = on.tally.note(await ask(on.connection, f"{SERVICE}{method}", request.SerializeToString(), 10.0), (), method)
    if told.outcome is not Outcome.RIGHT:
        raise RuntimeError(f"{method}: {told.reason}")
    return told.payload


async def _gone(pids: list[int], tally: Tally) -> None:
    """Every process of a server ends soon after it."""
    for _ in range(100):
        left = [pid for pid in pids if is_alive(pid)]
        if not left:
            break
        await asyncio.sleep(0.1)
    tally.require(not left, f"{len(left)} processes are left 10 s after the server")
