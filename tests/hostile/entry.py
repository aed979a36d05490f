"""Hostile inputs as data: a name, a call, what differs from a request without faults, and what must be answered."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from google.protobuf.message import Message

from solver.service.sizes import SizeLimits
from solver.v1 import cluster_pb2, cluster_service_pb2, task_group_pb2
from solver.v1 import placement_service_pb2 as wire

SIZES = SizeLimits(
    message_bytes=16 * 2**20,
    instances=8,
    groups=6,
    resources=4,
    attributes=5,
    counts=12,
    tasks=4,
    rules=3,
    time_limit=60.0,
)
"""Small, so that small messages are too large."""

KEPT = "prod"
"""The cluster that the server keeps, at version 1."""

INVALID, TOO_LARGE, OK = "INVALID_ARGUMENT", "RESOURCE_EXHAUSTED", "OK"


@dataclass(frozen=True)
class Hostile:
    """One input.

    Parameters
    ----------
    call
        The method's name.
    payload
        Its message in bytes, or what makes it: some have megabytes.
    code, reason
        Of the status that must be answered; no reason where the call is answered, or gRPC itself refuses it.
    paths
        Of the fields that are wrong, in order: all of them.
    """

    name: str
    call: str
    payload: bytes | Callable[[], bytes] = field(repr=False)
    code: str = INVALID
    reason: str = "INVALID_REQUEST"
    paths: tuple[str, ...] = ()

    def sent(self) -> bytes:
        """The bytes."""
        return self.payload if isinstance(self.payload, bytes) else self.payload()


def request() -> wire.PlaceRequest:
    """One more task for ``web`` on two instances, where ``db`` has one: a request without faults."""
    found = wire.PlaceRequest()
    found.cluster.resources.extend(["cpu", "memory"])
    a, b = (
        cluster_pb2.Instance(id=name, ec2_instance_id=f"i-{name}", capacity=[1024, 2048], free=[1024, 2048])
        for name in "ab"
    )
    a.free[:], a.attributes["zone"], b.attributes["zone"] = [512, 1024], "z1", "z2"
    found.cluster.instances.extend([a, b])
    found.groups.add(
        name="web", demand={"cpu": 256, "memory": 512}, start=1, scheduling=task_group_pb2.SCHEDULING_REPLICA
    )
    found.groups.add(name="db", demand={"cpu": 512, "memory": 1024})
    found.running.add(group="db", instance="a", count=1)
    found.tasks.add(id="t1", group="db", instance="a")
    found.limits.time_limit_seconds, found.limits.workers = 2.0, 1
    found.limits.engine = wire.ENGINE_SEQUENTIAL
    return found


def named() -> wire.PlaceRequest:
    """The same for the cluster that is kept."""
    found = request()
    for carried in ("cluster", "running", "tasks"):
        found.ClearField(carried)
    found.cluster_name = KEPT
    return found


def state() -> cluster_service_pb2.ClusterState:
    """The cluster of the request as it is kept."""
    asked = request()
    asked.groups[0].start = 0
    return cluster_service_pb2.ClusterState(cluster=asked.cluster, groups=asked.groups, tasks=asked.tasks)


BASES: Mapping[str, Message] = {
    "Place": request(),
    "Check": wire.CheckRequest(request=request(), tasks=[task_group_pb2.TaskCount(group="db", instance="a", count=1)]),
    "Terminate": wire.TerminateRequest(request=request()),
    "Drain": wire.DrainRequest(request=request()),
    "Rebalance": wire.RebalanceRequest(request=request()),
    "Reconcile": wire.ReconcileRequest(request=request()),
    "Deploy": wire.DeployRequest(request=request()),
    "PutCluster": cluster_service_pb2.PutClusterRequest(name="new", state=state()),
    "ApplyChanges": cluster_service_pb2.ApplyChangesRequest(name=KEPT),
    "GetCluster": cluster_service_pb2.GetClusterRequest(name=KEPT),
    "ListClusters": cluster_service_pb2.ListClustersRequest(),
    "DeleteCluster": cluster_service_pb2.DeleteClusterRequest(name=KEPT),
    "Commit": cluster_service_pb2.CommitRequest(name=KEPT, version=1),
}
"""What the changes of an entry begin with."""


def hostile(
    name: str,
    changes: Mapping[str, Any],
    *paths: str,
    call: str = "Place",
    code: str = INVALID,
    reason: str | None = None,
) -> Hostile:
    """An entry whose message is that of the call with these fields changed; a reason for each code unless it is said."""
    reasons = {INVALID: "INVALID_REQUEST", TOO_LARGE: "TOO_LARGE", OK: ""}
    return Hostile(
        name, call, partial(changed, call, changes), code, reasons[code] if reason is None else reason, paths
    )


def answered(name: str, changes: Mapping[str, Any], call: str = "Place") -> Hostile:
    """An entry that looks hostile and is answered all the same."""
    return hostile(name, changes, call=call, code=OK)


def changed(call: str, changes: Mapping[str, Any]) -> bytes:
    """The message of a call with fields changed, in bytes.

    A path is written as the server writes it, ``groups[0].demand[cpu]``; with ``+`` behind it, something is appended, with
    ``+7`` seven times. None takes a field away.
    """
    message = type(BASES[call])()
    message.CopyFrom(BASES[call])
    for path, value in changes.items():
        found = re.finditer(r"([a-z_0-9]+)(?:\[([^\]]*)\])?(\+\d*)?(?:\.|$)", path)
        *before, last = [part.groups() for part in found]
        holder: Any = message
        for name, index, _ in before:
            holder = getattr(holder, name)
            holder = holder[int(index)] if index is not None else holder
        _change(holder, *last, value)
    return message.SerializeToString()


def _change(holder: Any, name: str, index: str | None, more: str | None, value: Any) -> None:
    if more:
        _append(getattr(holder, name), value, int(more[1:] or 1))
    elif index is not None:
        part = getattr(holder, name)
        part[int(index) if hasattr(part, "append") else index] = value
    elif value is None:
        holder.ClearField(name)
    elif isinstance(value, list):
        del getattr(holder, name)[:]
        for one in value:
            _append(getattr(holder, name), one)
    elif isinstance(value, Message):
        getattr(holder, name).CopyFrom(value)
    else:
        setattr(holder, name, value)


def _append(part: Any, value: Any, times: int = 1) -> None:
    if isinstance(value, dict):
        part.add(**value)
        part.extend([part[-1]] * (times - 1))
    else:
        part.extend([value] * times)
