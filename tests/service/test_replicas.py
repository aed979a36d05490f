"""Two servers side by side, as docs/service.md has it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator

import grpc
import pytest

from solver.domain.request import Limits
from solver.errors import ClusterNotFound
from solver.service.client import Client
from solver.v1 import cluster_service_pb2 as wire
from solver.v1 import placement_service_pb2 as placing
from solver.v1.cluster_service_pb2_grpc import ClusterServiceStub
from solver.v1.placement_service_pb2_grpc import PlacementServiceStub
from tests.formats.ecs.simulated import begun
from tests.service import problems
from tests.service.running import server

NAMES = [f"cluster-{n}" for n in range(12)]


@pytest.fixture(scope="module")
def replicas() -> Iterator[dict[str, str]]:
    """The addresses of two servers by name."""
    with server() as one, server() as other:
        yield {"solver-0": one.address, "solver-1": other.address}


def owner(cluster: str, replicas: dict[str, str]) -> str:
    """The replica with the largest SHA-256 of ``REPLICA/CLUSTER``."""
    return max(replicas, key=lambda replica: hashlib.sha256(f"{replica}/{cluster}".encode()).digest())


def test_calls_that_carry_their_cluster_go_anywhere(replicas: dict[str, str]) -> None:
    """Both servers give the same plan, with the same proof."""
    limits = Limits(workers=1, deterministic_limit=1.0)
    answers = []
    for address in replicas.values():
        with Client(address) as client:
            answers.append(client.place(problems.small(), limits))
    assert answers[0].tasks.same_as(answers[1].tasks)
    assert answers[0].tiers == answers[1].tiers


def test_clusters_are_found_at_their_owners_and_nowhere_else(replicas: dict[str, str]) -> None:
    """By computing, and by asking; a call that reaches another server is refused and keeps nothing there."""
    answers = begun(1).answers()
    documents = {file: [json.dumps(answer).encode() for answer in found] for file, found in answers.items()}
    for name in NAMES:
        with Client(replicas[owner(name, replicas)]) as client:
            client.clusters.put_documents(name, documents)
    kept = {}
    for replica, address in replicas.items():
        with grpc.insecure_channel(address) as channel:
            listed = ClusterServiceStub(channel).ListClusters(wire.ListClustersRequest()).clusters
            kept[replica] = {one.name for one in listed}
    assert all(kept.values())
    assert kept == {replica: {n for n in NAMES if owner(n, replicas) == replica} for replica in replicas}
    for name in NAMES:
        (other,) = set(replicas) - {owner(name, replicas)}
        with Client(replicas[other]) as client, pytest.raises(ClusterNotFound):
            client.clusters.follow(name, [])
        with grpc.insecure_channel(replicas[other]) as channel, pytest.raises(grpc.RpcError) as refused:
            PlacementServiceStub(channel).Place(placing.PlaceRequest(cluster_name=name))
        assert refused.value.code() is grpc.StatusCode.NOT_FOUND


def test_a_new_replica_takes_over_only_what_becomes_its_own() -> None:
    """No cluster moves between the others."""
    before = {"solver-0": "", "solver-1": ""}
    after = {**before, "solver-2": ""}
    moved = {name for name in NAMES if owner(name, before) != owner(name, after)}
    assert moved
    assert all(owner(name, after) == "solver-2" for name in moved)
