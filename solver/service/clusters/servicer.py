"""The calls of ``ClusterService``, and requests that name a cluster."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from itertools import islice
from types import MappingProxyType
from typing import Protocol, TypeVar

from google.protobuf.message import Message

from solver.errors import InvalidRequest
from solver.formats.ecs.following import Outcome
from solver.service.clusters.ecs import answers_of
from solver.service.clusters.keeper import ClusterKeeper
from solver.service.clusters.state import LiveCluster
from solver.service.gate import Answer, Incoming
from solver.service.messages import unpacked
from solver.service.sizes import (
    APPLY_CHANGES,
    APPLY_ECS_EVENTS,
    CHECK,
    COMMIT,
    PLACE,
    PUT_CLUSTER,
    PUT_ECS_DOCUMENTS,
    WRAPPED,
    SizeLimits,
    Spec,
    require_small,
)
from solver.v1 import cluster_service_pb2 as wire
from solver.v1 import placement_service_pb2 as placing

SERVICE = "solver.v1.ClusterService"

M = TypeVar("M", bound=Message)

Validate = Callable[[bytes], Awaitable[None]]
"""Has a worker validate a ``PlaceRequest`` in bytes; raises what is wrong with it."""


class Wrapper(Protocol):
    """A message that holds the general request in its first field."""

    @property
    def request(self) -> placing.PlaceRequest: ...

    def ParseFromString(self, serialized: bytes, /) -> int: ...  # noqa: N802 - protobuf's name


_CARRIED = ("cluster", "running", "running_columns", "tasks")
"""What a request must not say besides the name of a cluster."""


MOST_LISTED = 1_000
"""Needs and differences that an answer lists."""

_OUTCOMES = {
    Outcome.APPLIED: wire.ECS_EVENT_OUTCOME_APPLIED,
    Outcome.REPEATED: wire.ECS_EVENT_OUTCOME_REPEATED,
    Outcome.OLDER: wire.ECS_EVENT_OUTCOME_OLDER,
    Outcome.IGNORED: wire.ECS_EVENT_OUTCOME_IGNORED,
    Outcome.REFUSED: wire.ECS_EVENT_OUTCOME_REFUSED,
}


class ClusterServicer:
    """Keeps clusters and accepts plans.

    Parameters
    ----------
    keeper
        Of the clusters.
    sizes
        What a cluster may be at most.
    validate
        Asked for what a state says before it is kept.
    """

    def __init__(self, keeper: ClusterKeeper, sizes: SizeLimits, validate: Validate) -> None:
        self._keeper = keeper
        self._sizes = sizes
        self._validate = validate

    def calls(self) -> Mapping[str, Answer]:
        """By method."""
        return {
            "PutCluster": _in_bytes(self._put),
            "ApplyChanges": _in_bytes(self._apply),
            "GetCluster": _in_bytes(self._get),
            "ListClusters": _in_bytes(self._list),
            "DeleteCluster": _in_bytes(self._delete),
            "Commit": _in_bytes(self._commit),
            "PutEcsDocuments": _in_bytes(self._put_documents),
            "ApplyEcsEvents": _in_bytes(self._follow),
        }

    async def _put(self, payload: bytes) -> wire.PutClusterResponse:
        request = self._read(payload, wire.PutClusterRequest(), PUT_CLUSTER)
        self._sizes.require_state(request.state, "state.")
        # A large cluster takes some tenths of a second to read and to write: in a thread, so that others are answered meanwhile.
        drawn = await asyncio.to_thread(LiveCluster.of, request.name, 0, request.state)
        try:
            await self._validate(await asyncio.to_thread(drawn.request_part, ()))
        except InvalidRequest as invalid:
            raise InvalidRequest(replace(fault, path=f"state.{fault.path}") for fault in invalid.faults) from None
        return wire.PutClusterResponse(version=(await self._keeper.put(request)).version)

    async def _apply(self, payload: bytes) -> wire.ApplyChangesResponse:
        request = self._read(payload, wire.ApplyChangesRequest(), APPLY_CHANGES)
        groups = {change.put_group.name: k for k, change in enumerate(request.changes) if change.HasField("put_group")}
        if groups:
            # What a group says is read where requests are; a rule that cannot be read would fail all that name the cluster.
            drawn = (await self._keeper.cluster(request.name)).changed(request.changes)
            await self._validated(drawn, groups)
        after = await self._keeper.change(request)
        return wire.ApplyChangesResponse(version=after.version)

    async def _validated(self, drawn: LiveCluster, changes: Mapping[str, int]) -> None:
        """Have groups that changes put validated, with the paths of the changes in the faults."""
        names = list(drawn.groups)

        def path_of(found: re.Match[str]) -> str:
            name = names[int(found[1])]
            return f"changes[{changes[name]}].put_group" if name in changes else f"group '{name}'"

        try:
            await self._validate(await asyncio.to_thread(drawn.request_part, ()))
        except InvalidRequest as invalid:
            faults = [replace(one, path=re.sub(r"^groups\[(\d+)\]", path_of, one.path)) for one in invalid.faults]
            raise InvalidRequest(faults) from None

    async def _get(self, payload: bytes) -> wire.GetClusterResponse:
        request = self._read(payload, wire.GetClusterRequest())
        return await asyncio.to_thread((await self._keeper.cluster(request.name)).response)

    async def _list(self, payload: bytes) -> wire.ListClustersResponse:
        self._read(payload, wire.ListClustersRequest())
        found = [await self._keeper.cluster(name) for name in self._keeper.names()]
        return wire.ListClustersResponse(clusters=[cluster.summary() for cluster in found])

    async def _delete(self, payload: bytes) -> wire.DeleteClusterResponse:
        await self._keeper.delete(self._read(payload, wire.DeleteClusterRequest()))
        return wire.DeleteClusterResponse()

    async def _commit(self, payload: bytes) -> wire.CommitResponse:
        request = self._read(payload, wire.CommitRequest(), COMMIT)
        after, reservation = await self._keeper.commit(request)
        kept = after.reserved.get(reservation)
        if kept is None:
            return wire.CommitResponse(version=after.version)
        return wire.CommitResponse(version=after.version, reservation=reservation, lapses_at=kept.lapses_at.isoformat())

    async def _put_documents(self, payload: bytes) -> wire.PutEcsDocumentsResponse:
        request = self._read(payload, wire.PutEcsDocumentsRequest(), PUT_ECS_DOCUMENTS)
        found = await self._keeper.put_documents(request.name, await asyncio.to_thread(answers_of, request.documents))
        return wire.PutEcsDocumentsResponse(
            version=found.cluster.version,
            warnings=found.warnings,
            drifts=[wire.EcsDrift(arn=one.arn, reason=one.reason) for one in found.drifts[:MOST_LISTED]],
            drift_count=len(found.drifts),
            needs=_needs(found.cluster),
        )

    async def _follow(self, payload: bytes) -> wire.ApplyEcsEventsResponse:
        request = self._read(payload, wire.ApplyEcsEventsRequest(), APPLY_ECS_EVENTS)
        found = await self._keeper.follow(request.name, request.events)
        return wire.ApplyEcsEventsResponse(
            version=found.cluster.version,
            results=[
                wire.EcsEventResult(outcome=_OUTCOMES[outcome], problems=map(str, faults))
                for outcome, faults in zip(found.followed.outcomes, found.followed.faults, strict=True)
            ],
            needs=_needs(found.cluster),
        )

    def _read(self, payload: bytes, message: M, spec: Spec = MappingProxyType({})) -> M:
        """The message, once its parts are counted: it is unpacked in the front, where it must not take the memory of all."""
        require_small(payload, spec, self._sizes)
        return unpacked(payload, message)


def _needs(cluster: LiveCluster) -> list[wire.EcsNeed]:
    found = () if cluster.ecs is None else islice(cluster.ecs.needs(), MOST_LISTED)
    return [wire.EcsNeed(subject=one.subject, name=one.name, reason=one.reason) for one in found]


def _in_bytes(answer: Callable[[bytes], Awaitable[Message]]) -> Answer:
    async def answered(call: Incoming) -> bytes:
        return (await answer(call.request)).SerializeToString()

    return answered


async def with_cluster(
    keeper: ClusterKeeper,
    payload: bytes,
    named: placing.RequestOutline,
    wrapper: Callable[[], Wrapper] | None,
    sizes: SizeLimits,
) -> tuple[bytes, bytes]:
    """A request with the cluster that it names, and what its answer says of that cluster; both in bytes.

    Protobuf puts messages together that stand one after the other, so that what is kept need not be written anew for
    each request (https://protobuf.dev/programming-guides/encoding/#last-one-wins).

    Parameters
    ----------
    named
        What the request says of the cluster.
    wrapper
        Makes the message that holds the request; None for a ``PlaceRequest`` itself.
    sizes
        What the request may be at most.

    Returns
    -------
    The whole request, and what belongs behind the answer; the request as it is, and nothing, where it names no cluster.

    Raises
    ------
    ClusterNotFound, StaleVersion
        If the cluster is not kept, or not at the version asked for.
    InvalidRequest
        If the request carries what the cluster's name stands for.
    TooLarge
        If it is larger than ``sizes`` allows.
    """
    if not named.cluster_name:
        return payload, b""
    require_small(payload, PLACE if wrapper is None else CHECK if wrapper is placing.CheckRequest else WRAPPED, sizes)
    request = placing.PlaceRequest()
    if wrapper is None:
        request.ParseFromString(payload)
    else:
        whole = wrapper()
        whole.ParseFromString(payload)
        request = whole.request
    said_too = {field.name for field, _ in request.ListFields()}.intersection(_CARRIED)
    if said_too:
        path = min(said_too) if wrapper is None else f"request.{min(said_too)}"
        raise InvalidRequest.at(path, "is said besides cluster_name", "say one of the two")
    cluster = await keeper.at_version(named.cluster_name, named.cluster_version or None)
    rest = await asyncio.to_thread(cluster.request_part, [group.name for group in request.groups])
    said = placing.PlaceResponse(cluster_name=cluster.name, cluster_version=cluster.version).SerializeToString()
    if wrapper is None:
        return payload + rest, said
    return payload + _inside(rest), _inside(said)


def _inside(message: bytes) -> bytes:
    """A message as the first field of another."""
    size, head = len(message), bytearray(b"\x0a")
    while size > 0x7F:
        head.append(size & 0x7F | 0x80)
        size >>= 7
    head.append(size)
    return bytes(head) + message
