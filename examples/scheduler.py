"""A scheduler that knows the service by its protos alone: it follows an ECS cluster there, asks for plans, and commits them.

Start a server, then this::

    placement-solver serve --state clusters.db &
    python examples/scheduler.py 127.0.0.1:50051

Over TLS, where callers have tokens: ``python examples/scheduler.py localhost:50051 --ca ca.pem --token-file token``.

It plays both sides: the scheduler that asks and commits, and ECS, whose events say that the tasks have started.
"""

from __future__ import annotations

import argparse
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import grpc

from solver.v1.cluster_service_pb2 import (
    ApplyEcsEventsRequest,
    CommitRequest,
    EcsDocument,
    GetClusterRequest,
    PutEcsDocumentsRequest,
    WatchPlacementsRequest,
)
from solver.v1.cluster_service_pb2_grpc import ClusterServiceStub
from solver.v1.placement_service_pb2 import Limits, PlaceRequest, ReconcileRequest
from solver.v1.placement_service_pb2_grpc import PlacementServiceStub
from solver.v1.plan_pb2 import Action
from solver.v1.task_group_pb2 import TaskGroup

NAME = "example"
DOCUMENTS = Path(__file__).parent / "documents"
ARN = "arn:aws:ecs:us-east-1:111122223333"


def main(channel: grpc.Channel) -> None:
    """Bring two services to their number of tasks, one after the other."""
    clusters, placing = ClusterServiceStub(channel), PlacementServiceStub(channel)
    documents = [EcsDocument(file=path.name, content=path.read_bytes()) for path in sorted(DOCUMENTS.iterdir())]
    put = clusters.PutEcsDocuments(PutEcsDocumentsRequest(name=NAME, documents=documents))
    kept = clusters.GetCluster(GetClusterRequest(name=NAME))
    print(f"the cluster has {len(kept.state.cluster.instances)} instances")
    events = clusters.WatchPlacements(WatchPlacementsRequest(name=NAME))
    told: list[str] = []
    watching = threading.Thread(target=watch, args=(events, told))
    watching.start()
    groups = {group.name: group for group in kept.state.groups}
    for service, desired in (("web", 4), ("batch", 5)):
        schedule(clusters, placing, groups[f"service:{service}"], desired)
    kept = clusters.GetCluster(GetClusterRequest(name=NAME))
    print(f"{len(kept.state.tasks)} tasks run, {len(kept.reservations)} reservations are open")
    print(f"the version has risen: {kept.version > put.version}")
    while not any("SERVICE_TASK_PLACEMENT_FAILURE" in event for event in told):
        watching.join(0.05)
    events.cancel()
    watching.join()
    for event in told:
        print(event)


def watch(events: Iterator[object], told: list[str]) -> None:
    """Note what the server says that it has decided, until the call is cancelled."""
    try:
        for message in events:
            detail = json.loads(message.event)["detail"]  # type: ignore[attr-defined]
            told.append(f"{detail['eventType']} {detail['eventName']} {detail.get('group', '')}".rstrip())
    except grpc.RpcError as error:
        if error.code() is not grpc.StatusCode.CANCELLED:
            raise


def schedule(clusters: ClusterServiceStub, placing: PlacementServiceStub, group: TaskGroup, desired: int) -> None:
    """Ask for a plan until one could be committed, then have its tasks start."""
    wanted = TaskGroup()
    wanted.CopyFrom(group)
    wanted.start = desired
    request = PlaceRequest(cluster_name=NAME, groups=[wanted], limits=Limits(time_limit_seconds=5))
    while True:
        answer = placing.Reconcile(ReconcileRequest(request=request)).response
        try:
            clusters.Commit(CommitRequest(name=NAME, version=answer.cluster_version, actions=answer.actions))
        except grpc.RpcError as error:
            # Another scheduler was first: the plan is for a cluster that is no longer so.
            if error.code() is not grpc.StatusCode.ABORTED:
                raise
            continue
        break
    print(f"{group.name}: {sum(action.count for action in answer.actions)} of {desired} placed")
    for shortfall in answer.shortfalls:
        print(f"{shortfall.group}: {shortfall.wanted - shortfall.placed} have no place")
    started = [json.dumps(event).encode() for action in answer.actions for event in events_of(group, action)]
    clusters.ApplyEcsEvents(ApplyEcsEventsRequest(name=NAME, events=started))


def events_of(group: TaskGroup, action: Action) -> Iterator[dict[str, object]]:
    """What ECS would report: each task runs, under an ARN that ECS gives it."""
    for n in range(action.count):
        detail = {
            "taskArn": f"{ARN}:task/example/{group.name.partition(':')[2]}-{action.instance.rpartition('/')[2]}-{n}",
            "clusterArn": f"{ARN}:cluster/example",
            "containerInstanceArn": action.instance,
            "taskDefinitionArn": group.task_definition,
            "group": group.family,
            "desiredStatus": "RUNNING",
            "lastStatus": "RUNNING",
            "version": 1,
        }
        yield {"detail-type": "ECS Task State Change", "source": "aws.ecs", "detail": detail}


def connected(address: str, ca: Path | None, token_file: Path | None) -> grpc.Channel:
    """A channel, encrypted where there is an authority to trust, with a token where there is one."""
    if ca is None:
        return grpc.insecure_channel(address)
    encrypted = grpc.ssl_channel_credentials(ca.read_bytes())
    if token_file is not None:
        token = grpc.access_token_call_credentials(token_file.read_text().strip())
        encrypted = grpc.composite_channel_credentials(encrypted, token)
    return grpc.secure_channel(address, encrypted)


if __name__ == "__main__":
    options = argparse.ArgumentParser()
    options.add_argument("address")
    options.add_argument("--ca", type=Path)
    options.add_argument("--token-file", type=Path)
    given = options.parse_args()
    with connected(given.address, given.ca, given.token_file) as open_channel:
        main(open_channel)
