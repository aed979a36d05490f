"""Kept clusters: how soon a plan is there where the server keeps the cluster, and has placed into it a moment ago.

    python -m benchmarks.service.kept     # 5 minutes

A server keeps a cluster. A request for tasks of all groups is answered; half a per cent of the tasks are not wanted any more,
and as many others are (N12); the changed request is asked again. *Carried*: with the cluster in the request, so from nothing.
*Kept*: by the cluster's name, so from the plan before. What counts is when the best value of the first tier that searches
was there for the caller, in a stream, unpacking and the way there and back included.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import grpc.aio

from benchmarks.service import figures
from benchmarks.service.calls import channel
from benchmarks.service.child import Setup, child
from benchmarks.workloads import EVEN_ZONES, PACK_CPU, SPREAD_ZONES, churned, n4_problem
from solver.domain.problem import Problem
from solver.domain.request import Limits
from solver.service import codec
from solver.service.decode import PlaceCall
from solver.v1 import cluster_service_pb2 as clusters
from solver.v1 import placement_service_pb2 as wire

TIER = "2/binpack/instances"
STREAM, PUT = "/solver.v1.PlacementService/StreamPlace", "/solver.v1.ClusterService/PutCluster"
SIZES = {
    "1,000 tasks on 500": (1_000, 500, 50, 5.0),
    "5,000 tasks on 2,500": (5_000, 2_500, 250, 10.0),
}
"""Tasks, instances, services, and seconds of the time limit."""


def _request(problem: Problem, limits: Limits) -> wire.PlaceRequest:
    return wire.PlaceRequest.FromString(codec.call_to_bytes(PlaceCall(problem, limits)))


def _named(request: wire.PlaceRequest, name: str) -> wire.PlaceRequest:
    found = wire.PlaceRequest()
    found.CopyFrom(request)
    found.ClearField("cluster")
    # It has no cells, as nothing runs.
    found.ClearField("running_columns")
    found.cluster_name = name
    return found


async def _watched(connection: grpc.aio.Channel, request: wire.PlaceRequest) -> tuple[float, int, bool]:
    """Seconds until the best value of the tier was there, that value, and whether it was proved."""
    payload = wire.StreamPlaceRequest(request=request).SerializeToString()
    call: grpc.aio.UnaryStreamMultiCallable[bytes, bytes] = connection.unary_stream(STREAM)
    begun, seen = time.monotonic(), []
    async for message in call(payload):
        progress = wire.StreamPlaceResponse.FromString(message).progress
        for tier in (*progress.plan.tiers, *progress.tiers):
            if tier.name == TIER:
                seen.append((time.monotonic() - begun, tier.value, tier.proven))
    _, best, proven = seen[-1]
    return next(seconds for seconds, value, _ in seen if value == best), best, proven


async def measured(size: str, seed: int) -> dict[str, object]:
    """One row: the changed request, carried and kept, on a server that has answered the one before."""
    tasks, instances, services, seconds = SIZES[size]
    before = n4_problem(tasks, instances, services, 1, seed, (SPREAD_ZONES, PACK_CPU), (EVEN_ZONES,))
    limits = Limits(time_limit=seconds, seed=seed)
    first, second = _request(before, limits), _request(churned(before, seed), limits)
    state = clusters.ClusterState(cluster=first.cluster, groups=first.groups)
    for group in state.groups:
        group.start = 0
    name = "kept"
    async with child(Setup(1)) as running, channel(running.address) as connection:
        put: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = connection.unary_unary(PUT)
        await put(clusters.PutClusterRequest(name=name, state=state).SerializeToString())
        carried = await _watched(connection, second)
        await _watched(connection, _named(first, name))
        kept = await _watched(connection, _named(second, name))
    return {
        "size": size,
        "seed": seed,
        "carried MB": second.ByteSize() / 1e6,
        "kept MB": _named(second, name).ByteSize() / 1e6,
        "carried s": carried[0],
        "kept s": kept[0],
        "times sooner": carried[0] / kept[0],
        "instances carried": carried[1],
        "instances kept": kept[1],
        "proved carried": carried[2],
        "proved kept": kept[2],
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.service.kept", description=__doc__.split("\n")[0])
    parser.add_argument("--sizes", nargs="+", choices=list(SIZES), default=list(SIZES))
    parser.add_argument("--seeds", nargs="+", type=int, default=[1, 2, 3, 4, 5])
    parser.add_argument("--results", type=Path, default=figures.OUT, help="the folder that results are written to")
    given = parser.parse_args(arguments)
    rows = []
    for size in given.sizes:
        for seed in given.seeds:
            rows.append(asyncio.run(measured(size, seed)))
            print(f"{size}, seed {seed}", file=sys.stderr, flush=True)
    figures.show("Kept clusters", rows)
    figures.write_csv(given.results / "kept.csv", rows)
    worse = sum(int(str(row["instances kept"])) > int(str(row["instances carried"])) for row in rows)
    sys.exit(1 if worse else 0)


if __name__ == "__main__":
    main()
