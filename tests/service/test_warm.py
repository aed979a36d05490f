"""What a worker remembers of a kept cluster: the next plan for it begins where the last one ended."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import grpc
import numpy as np
import pytest

from solver.domain.counts import Counts
from solver.domain.request import Limits
from solver.engines.memory import Memory
from solver.service.decode import PlaceCall
from solver.service.warm import MOST_KEPT, Memories
from solver.v1 import cluster_service_pb2 as clusters
from solver.v1 import placement_service_pb2 as wire
from solver.v1.cluster_pb2 import Cluster, Instance
from solver.v1.cluster_service_pb2_grpc import ClusterServiceStub
from solver.v1.placement_service_pb2_grpc import PlacementServiceStub
from solver.v1.task_group_pb2 import TaskGroup
from tests.builders import cluster, group, problem
from tests.service.fake_api import REMEMBERED
from tests.service.running import fake, server

PLENTY = 2**40


def call(name: str = "prod", *wanted: str, limits: Limits | None = None) -> PlaceCall:
    """A request for one task of each group."""
    asked = problem(cluster([{"id": "i1", "cpu": 9}]), [group(one, 1, cpu=1) for one in wanted or ("web",)])
    return PlaceCall(asked, limits or Limits(), cluster_name=name)


def left_by(asked: PlaceCall) -> Memory:
    """A memory that is told apart by its request."""
    return Memory(asked.problem, Counts.dense(np.ones((len(asked.problem.groups), 1), np.int64)))


def test_the_last_answer_for_a_cluster_and_its_groups_is_remembered() -> None:
    """Not that for another cluster, for other groups, or for no cluster."""
    memories, asked = Memories(PLENTY), call("prod", "web", "api")
    memories.keep(asked, left_by(asked))
    newer = left_by(asked)
    memories.keep(asked, newer)
    assert memories.of(call("prod", "api", "web")) is newer
    for other in (call("test", "web", "api"), call("prod", "web"), call("", "web", "api")):
        assert memories.of(other) is None
    unnamed = call("", "web")
    memories.keep(unnamed, left_by(unnamed))
    assert memories.of(unnamed) is None


def test_groups_that_want_nothing_do_not_count() -> None:
    """A kept cluster brings all its groups; those that a request asks for say whose request it is."""
    memories, asked = Memories(PLENTY), call("prod", "web", "api")
    more = replace(asked.problem, groups=(*asked.problem.groups[:1], replace(asked.problem.groups[1], start=0)))
    memories.keep(replace(asked, problem=more), left_by(asked))
    assert memories.of(call("prod", "web")) is not None


def test_a_deterministic_limit_keeps_out_what_was_before() -> None:
    """Its answer must repeat, whatever was asked before; and it leaves nothing."""
    repeated, asked = call(limits=Limits(deterministic_limit=1.0)), call()
    memories = Memories(PLENTY)
    memories.keep(repeated, left_by(repeated))
    assert memories.of(asked) is None
    memories.keep(asked, left_by(asked))
    assert memories.of(asked) is not None
    assert memories.of(repeated) is None


def test_the_newest_are_remembered() -> None:
    """So many."""
    memories = Memories(PLENTY)
    calls = [call(f"c{k}") for k in range(MOST_KEPT + 2)]
    for asked in calls:
        memories.keep(asked, left_by(asked))
    assert [memories.of(asked) is not None for asked in calls] == [False] * 2 + [True] * MOST_KEPT
    memories.forget()
    assert not any(map(memories.of, calls))


def test_a_worker_that_has_little_memory_left_remembers_nothing() -> None:
    """What it had is given back too."""
    memories, asked = Memories(PLENTY), call()
    memories.keep(asked, left_by(asked))
    memories._limit = 2**20
    memories.keep(asked, left_by(asked))
    assert memories.of(asked) is None


@pytest.fixture(scope="module")
def channel() -> Iterator[grpc.Channel]:
    """To a server with two workers that keeps the clusters ``prod`` and ``test``."""
    with server(fake(2)) as running, grpc.insecure_channel(running.address) as found:
        state = clusters.ClusterState(
            cluster=Cluster(resources=["cpu"], instances=[Instance(id="a", capacity=[8], free=[8])]),
            groups=[TaskGroup(name=name, demand={"cpu": 1}) for name in ("web", "api")],
        )
        for name in ("prod", "test"):
            ClusterServiceStub(found).PutCluster(clusters.PutClusterRequest(name=name, state=state))
        yield found


def place(channel: grpc.Channel, name: str, wanted: str = "web", **limits: float) -> tuple[str, bool]:
    """Ask for a task: the worker that answered, and whether it remembered anything."""
    asked = wire.PlaceRequest(
        cluster_name=name, groups=[TaskGroup(name=wanted, demand={"cpu": 1}, start=1)], limits=wire.Limits(**limits)
    )
    warnings = list(PlacementServiceStub(channel).Place(asked).warnings)
    (worker,) = (one for one in warnings if one.isdecimal())
    return worker, any(one.startswith(REMEMBERED) for one in warnings)


def test_calls_for_a_cluster_go_to_the_worker_that_remembers_it(channel: grpc.Channel) -> None:
    """By turns for two clusters: each keeps its worker, which remembers from the second call on."""
    first = {name: place(channel, name) for name in ("prod", "test")}
    assert not any(remembered for _, remembered in first.values())
    assert len({worker for worker, _ in first.values()}) == 2
    for _ in range(5):
        for name, (worker, _) in first.items():
            assert place(channel, name) == (worker, True)
    worker, _ = first["prod"]
    assert place(channel, "prod", "api") == (worker, False)
    assert place(channel, "prod", deterministic_limit_seconds=1.0) == (worker, False)
