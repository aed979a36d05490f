"""A scheduler that knows the service by its protos alone: it keeps a cluster there, asks for plans, and commits them.

Start a server, then this::

    placement-solver serve --state clusters.db &
    python examples/scheduler.py 127.0.0.1:50051

It plays both sides: the scheduler that asks and commits, and the cluster, whose tasks start a moment later.
"""

from __future__ import annotations

import sys

import grpc

from solver.v1.cluster_pb2 import Cluster, Instance
from solver.v1.cluster_service_pb2 import (
    ApplyChangesRequest,
    Change,
    ClusterState,
    CommitRequest,
    GetClusterRequest,
    PutClusterRequest,
)
from solver.v1.cluster_service_pb2_grpc import ClusterServiceStub
from solver.v1.placement_service_pb2 import Limits, PlaceRequest
from solver.v1.placement_service_pb2_grpc import PlacementServiceStub
from solver.v1.plan_pb2 import Action
from solver.v1.task_group_pb2 import Rule, RunningTask, TaskGroup

NAME = "example"
PACK = Rule(type="binpack", argument="cpu")


def main(address: str) -> None:
    """Place two services, one after the other."""
    with grpc.insecure_channel(address) as channel:
        clusters, placing = ClusterServiceStub(channel), PlacementServiceStub(channel)
        instances = [
            Instance(id=f"i-{n}", capacity=[2048, 4096], free=[2048, 4096], attributes={"ecs.availability-zone": zone})
            for n, zone in enumerate("aab")
        ]
        state = ClusterState(cluster=Cluster(resources=["cpu", "memory"], instances=instances))
        version = clusters.PutCluster(PutClusterRequest(name=NAME, state=state)).version
        print(f"the cluster has {len(instances)} instances, version {version}")
        for group in (
            TaskGroup(name="web", demand={"cpu": 512, "memory": 512}, start=4, strategies=[PACK]),
            TaskGroup(name="batch", demand={"cpu": 1024, "memory": 1024}, start=5),
        ):
            schedule(clusters, placing, group)
        kept = clusters.GetCluster(GetClusterRequest(name=NAME))
        print(f"{len(kept.state.tasks)} tasks run, {len(kept.reservations)} reservations are open")


def schedule(clusters: ClusterServiceStub, placing: PlacementServiceStub, group: TaskGroup) -> None:
    """Ask for a plan until one could be committed, then have its tasks start."""
    while True:
        answer = placing.Place(PlaceRequest(cluster_name=NAME, groups=[group], limits=Limits(time_limit_seconds=5)))
        commit = CommitRequest(name=NAME, version=answer.cluster_version, actions=answer.actions, groups=[group])
        try:
            clusters.Commit(commit)
        except grpc.RpcError as error:
            # Another scheduler was first: the plan is for a cluster that is no longer so.
            if error.code() is not grpc.StatusCode.ABORTED:
                raise
            continue
        break
    placed = sum(action.count for action in answer.actions)
    print(f"{group.name}: {placed} of {group.start} placed")
    for shortfall in answer.shortfalls:
        print(f"{shortfall.group}: {shortfall.wanted - shortfall.placed} have no place")
    clusters.ApplyChanges(ApplyChangesRequest(name=NAME, changes=started(answer.actions)))


def started(actions: list[Action]) -> list[Change]:
    """What the cluster would report: each task runs, under a name that the cluster gives it."""
    tasks = [
        RunningTask(id=f"task/{action.group}/{action.instance}/{n}", group=action.group, instance=action.instance)
        for action in actions
        for n in range(action.count)
    ]
    return [Change(put_task=task) for task in tasks]


if __name__ == "__main__":
    main(sys.argv[1])
