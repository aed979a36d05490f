"""Large documents: how long others wait while the server works at one, and what it costs as it grows.

    python -m benchmarks.service.large_documents                     # ten minutes
    python -m benchmarks.service.large_documents --only snapshots    # one of health, snapshots, plans

*Health*: calls of 27 MB, one after the other, to a server of its own, which is asked every 20 ms whether it is well; and a
thread in its front that sleeps 5 ms at a time, of which the longest pause is how long one step held the interpreter.
*Snapshots*: the processor time of reading the documents of an ECS cluster anew, and of one event. *Plans*: that of accepting
and giving up plans that are made to take long, with so many actions and twice as many. The exit code is 1 where an aim is missed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import grpc.aio

from benchmarks.service import figures
from benchmarks.service.calls import Outcome, ask, channel, health
from benchmarks.service.child import Setup, child
from datasets import synthetic
from solver.formats.ecs.documents import read_pages
from solver.formats.ecs.mirror import Answers
from solver.service.clusters import acceptance, ecs
from solver.service.clusters.state import LiveCluster
from solver.service.sizes import SizeLimits
from solver.v1 import cluster_pb2, plan_pb2, task_group_pb2
from solver.v1 import cluster_service_pb2 as wire
from solver.v1 import placement_service_pb2 as placing

KEEPS = "/solver.v1.ClusterService/"
PLACE = "/solver.v1.PlacementService/Place"
NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)

HEALTH_WITHIN, GROWTH_WITHIN, EVENT_WITHIN = 0.100, 3.0, 0.005
"""The aims: seconds until a health check is answered; how many times as long twice as much may take; seconds of an event."""

PATIENCE = 300.0

_TICKS = """
import threading, time
def ticks():
    with open({file!r}, "a", buffering=1) as file:
        while True:
            begun, used = time.monotonic(), time.process_time()
            time.sleep(0.005)
            print(begun, time.monotonic() - begun - 0.005, time.process_time() - used, file=file)
threading.Thread(target=ticks, daemon=True).start()
"""


def large_state(megabytes: float) -> wire.ClusterState:
    """A cluster of so many megabytes, most of it tasks by name."""
    resources = ["cpu", "memory"]
    instances = [
        cluster_pb2.Instance(
            id=f"arn:aws:ecs:us-east-1:111122223333:container-instance/demo/{k:032x}",
            capacity=[2**20, 2**20],
            free=[2**20, 2**20],
            attributes={f"attribute-{a}": f"value-{k % 7}" for a in range(12)},
        )
        for k in range(int(150 * megabytes))
    ]
    groups = [task_group_pb2.TaskGroup(name=f"service:web-{g}", demand={"cpu": 0}) for g in range(50)]
    tasks = [
        task_group_pb2.RunningTask(
            id=f"arn:aws:ecs:us-east-1:111122223333:task/demo/{k:032x}",
            group=groups[k % len(groups)].name,
            instance=instances[k % len(instances)].id,
            started_at="2026-11-01T11:59:00+00:00",
        )
        for k in range(int(4_300 * megabytes))
    ]
    return wire.ClusterState(
        cluster=cluster_pb2.Cluster(name="demo", resources=resources, instances=instances), groups=groups, tasks=tasks
    )


def documents(instances: int) -> list[wire.EcsDocument]:
    """The documents of an ECS cluster with five tasks an instance."""
    with TemporaryDirectory() as folder:
        services = min(50, instances)
        synthetic.generate(Path(folder), instances=instances, services=services, tasks_running=5 * instances, seed=1)
        pages = read_pages(Path(folder))
    return [wire.EcsDocument(file=file, content=text) for file, texts in pages.items() for text in texts]


def whole_files(pages: Sequence[wire.EcsDocument]) -> list[wire.EcsDocument]:
    """The same with all pages of a file as one text."""
    found: dict[str, list[bytes]] = {}
    for page in pages:
        found.setdefault(page.file, []).append(page.content)
    return [wire.EcsDocument(file=file, content=b"[" + b",".join(texts) + b"]") for file, texts in found.items()]


# Health.


def calls(megabytes: float) -> Iterator[tuple[str, str, bytes]]:
    """The large calls in order: what each is, its method, its message."""
    state = large_state(megabytes)
    put = wire.PutClusterRequest(name="large", state=state).SerializeToString()
    yield f"PutCluster, {len(put) / 1e6:.0f} MB", f"{KEEPS}PutCluster", put
    yield "GetCluster of it", f"{KEEPS}GetCluster", wire.GetClusterRequest(name="large").SerializeToString()
    for nth in ("first", "second"):
        asked = placing.PlaceRequest(cluster_name="large", validate_only=True)
        asked.groups.add(name="service:web-0", demand={"cpu": 0}, start=1)
        yield f"Place that names it, {nth}", PLACE, asked.SerializeToString()
    ids = [instance.id for instance in state.cluster.instances]
    actions = [
        plan_pb2.Action(kind=plan_pb2.ACTION_KIND_START, group="service:web-0", instance=ids[k % len(ids)], count=1)
        for k in range(50_000)
    ]
    commit = wire.CommitRequest(name="large", version=1, actions=actions).SerializeToString()
    yield f"Commit of {len(actions):,} starts, {len(commit) / 1e6:.0f} MB", f"{KEEPS}Commit", commit
    pages = documents(2_000)
    for what, listed in (("in pages", pages), ("in whole files", whole_files(pages))):
        message = wire.PutEcsDocumentsRequest(name="ecs", documents=listed).SerializeToString()
        yield f"PutEcsDocuments {what}, {len(message) / 1e6:.0f} MB", f"{KEEPS}PutEcsDocuments", message


async def _watched(connection: grpc.aio.Channel, seen: list[tuple[float, float]]) -> None:
    while True:
        begun = time.monotonic()
        told = await health(connection, PATIENCE)
        if told.outcome is not Outcome.RIGHT:
            raise RuntimeError(f"a health check came to {told.outcome.value}: {told.reason}")
        seen.append((begun, told.seconds))
        await asyncio.sleep(0.02)


async def health_rows(megabytes: float) -> list[dict[str, object]]:
    """Each large call, with the longest waits meanwhile."""
    prepared = list(calls(megabytes))
    rows: list[dict[str, object]] = []
    with TemporaryDirectory() as folder:
        ticks = Path(folder) / "ticks"
        setup = Setup(1, before=_TICKS.format(file=str(ticks)))
        async with child(setup) as running, channel(running.address) as asking, channel(running.address) as watching:
            seen: list[tuple[float, float]] = []
            watcher = asyncio.create_task(_watched(watching, seen))
            await asyncio.sleep(2.0)
            for what, method, payload in [("nothing", "", b""), *prepared]:
                begun = time.monotonic()
                if method:
                    told = await ask(asking, method, payload, PATIENCE)
                    if told.outcome is not Outcome.RIGHT:
                        raise RuntimeError(f"{what} came to {told.outcome.value}: {told.reason}")
                else:
                    await asyncio.sleep(3.0)
                ended = time.monotonic()
                await asyncio.sleep(1.0)
                pauses = [tuple(map(float, line.split())) for line in ticks.read_text().splitlines()]
                held = [pause for pause in pauses if begun <= pause[0] <= ended]
                rows.append(
                    {
                        "call": what,
                        "seconds": ended - begun,
                        "health, longest ms": 1e3 * max(s for at, s in seen if begun <= at <= ended),
                        "health, p99 ms": 1e3 * figures.percentile([s for at, s in seen if begun <= at <= ended], 99),
                        "held, longest ms": 1e3 * max(pause[1] for pause in held),
                        "of processor time": 1e3 * max(pause[2] for pause in held),
                    }
                )
            watcher.cancel()
            # Before its channel closes; a health check that failed is told here.
            with suppress(asyncio.CancelledError):
                await watcher
    return rows


# Snapshots and events.


def processor_seconds(act: Callable[[], object]) -> float:
    """Processor time of a call."""
    begun = time.process_time()
    act()
    return time.process_time() - begun


def snapshot_row(instances: int, events: int = 60) -> dict[str, object]:
    """A snapshot that is put anew, and events one by one."""
    listed = documents(instances)
    answers = ecs.answers_of(listed)
    before = ecs.put("demo", answers, None, NOW).cluster.counted()
    reading = processor_seconds(lambda: ecs.answers_of(listed))
    first = processor_seconds(lambda: ecs.put("demo", answers, None, NOW))
    again = processor_seconds(lambda: ecs.put("demo", answers, before, NOW))
    cluster, each = before, []
    for number, text in enumerate(_events(answers, events)):
        begun = time.process_time()
        found = ecs.update(cluster, [text], NOW)
        each.append(time.process_time() - begun)
        if found.changes is None or found.followed.faults[0]:
            raise RuntimeError(f"event {number} was not applied by itself")
        cluster = found.cluster
    return {
        "instances": instances,
        "tasks": 5 * instances,
        "JSON s": reading,
        "first s": first,
        "again s": again,
        "event p50 ms": 1e3 * figures.percentile(each, 50),
        "event p99 ms": 1e3 * figures.percentile(each, 99),
    }


def _events(answers: Answers, count: int) -> Iterator[bytes]:
    """Events of as many tasks: some stop, some are unhealthy, some have ended."""
    every = (one for answer in answers["tasks.json"] if isinstance(answer, dict) for one in answer["tasks"])
    changes = (
        {"desiredStatus": "STOPPED"},
        {"healthStatus": "UNHEALTHY"},
        {"desiredStatus": "STOPPED", "lastStatus": "STOPPED"},
    )
    for number, task in zip(range(count), every, strict=False):
        detail = {**task, **changes[number % 3], "version": int(task.get("version") or 0) + 1}
        kind = "ECS Task State Change"
        yield json.dumps({"version": "0", "detail-type": kind, "source": "aws.ecs", "detail": detail}).encode()


# Plans that are made to take long.


@dataclass(frozen=True)
class Shape:
    """A cluster, and a plan for it of so many actions.

    Parameters
    ----------
    running
        Whether the cluster runs as many tasks, which the plan stops.
    """

    resources: int = 2
    ports: int = 0
    groups: int = 1
    running: bool = False
    kind: plan_pb2.ActionKind = plan_pb2.ACTION_KIND_START

    def drawn(self, actions: int) -> tuple[LiveCluster, wire.CommitRequest]:
        """Both."""
        names = [f"r{r}" for r in range(self.resources)]
        groups = [
            task_group_pb2.TaskGroup(
                name=f"g{g}", ports=[task_group_pb2.HostPort(port=port + 1) for port in range(self.ports)]
            )
            for g in range(self.groups)
        ]
        amounts = [2**40] * self.resources
        instances = [cluster_pb2.Instance(id=f"i{i}", capacity=amounts, free=amounts) for i in range(100)]
        count = actions if self.running else 0
        tasks = [task_group_pb2.RunningTask(id=f"t{k}", group="g0", instance=f"i{k % 100}") for k in range(count)]
        cluster = cluster_pb2.Cluster(resources=names, instances=instances)
        found = LiveCluster.of("prod", 1, wire.ClusterState(cluster=cluster, groups=groups, tasks=tasks))
        plan = [
            plan_pb2.Action(
                kind=self.kind,
                group=f"g{k // 100 % self.groups}",
                instance=f"i{(k + 1) % 100}",
                task=f"t{k}" if self.kind == plan_pb2.ACTION_KIND_MOVE else "",
                count=1,
            )
            for k in range(actions)
        ]
        return found.counted(), wire.CommitRequest(name="prod", version=1, actions=plan)


SHAPES = {
    "starts": Shape(),
    "moves": Shape(running=True, kind=plan_pb2.ACTION_KIND_MOVE),
    "starts of 1,000 ports": Shape(ports=1_000),
    "starts of 20 groups of 1,000 ports": Shape(ports=1_000, groups=20),
    "starts of 64 resources": Shape(resources=64),
}


def plan_row(name: str, actions: int) -> dict[str, object]:
    """Accepting and giving up a plan of a shape, of so many actions and twice as many."""

    def accepted(count: int) -> tuple[float, float]:
        before, request = SHAPES[name].drawn(count)
        begun = time.process_time()
        after = acceptance.committed(before, request, "r", NOW, SizeLimits())
        between = time.process_time()
        after.given_up(["r"])
        return between - begun, time.process_time() - between

    (accept, give_up), (accept_twice, give_up_twice) = accepted(actions), accepted(2 * actions)
    return {
        "plan": name,
        "actions": 2 * actions,
        "accepted s": accept_twice,
        "growth": accept_twice / accept,
        "given up s": give_up_twice,
        "growth of that": give_up_twice / give_up,
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """The command."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.service.large_documents", description=__doc__.split("\n")[0]
    )
    parser.add_argument("--only", nargs="+", choices=("health", "snapshots", "plans"), help="some of it")
    parser.add_argument("--megabytes", type=float, default=27.0, help="of the cluster that is put")
    parser.add_argument("--instances", type=int, nargs="+", default=[500, 1_000], help="of the ECS clusters")
    parser.add_argument("--actions", type=int, default=20_000, help="of the smaller plans")
    parser.add_argument("--results", type=Path, default=figures.OUT, help="the folder that results are written to")
    given = parser.parse_args(arguments)
    asked = given.only or ("health", "snapshots", "plans")
    missed: list[str] = []
    if "health" in asked:
        rows = asyncio.run(health_rows(given.megabytes))
        figures.show("Health while the server works", rows)
        figures.write_csv(given.results / "large_health.csv", rows)
        missed += [str(row["call"]) for row in rows if float(str(row["health, longest ms"])) > 1e3 * HEALTH_WITHIN]
    if "snapshots" in asked:
        rows = [snapshot_row(instances) for instances in given.instances]
        figures.show("Snapshots and events of ECS, processor time", rows)
        figures.write_csv(given.results / "large_snapshots.csv", rows)
        missed += [
            f"an event at {row['instances']}" for row in rows if float(str(row["event p50 ms"])) > 1e3 * EVENT_WITHIN
        ]
    if "plans" in asked:
        rows = [plan_row(name, given.actions) for name in SHAPES]
        figures.show("Plans that are made to take long, processor time", rows)
        figures.write_csv(given.results / "large_plans.csv", rows)
        missed += [str(row["plan"]) for row in rows if float(str(row["growth"])) > GROWTH_WITHIN]
    for what in missed:
        print(f"MISSED: {what}")
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
