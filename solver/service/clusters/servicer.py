"""The calls of ``ClusterService``, and requests that name a cluster."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing, nullcontext, suppress
from dataclasses import replace
from functools import partial
from itertools import islice
from types import MappingProxyType
from typing import NoReturn, Protocol, TypeVar, cast

from google.protobuf.message import Message

from solver.errors import InvalidRequest
from solver.formats.ecs.following import Outcome
from solver.service.callers.permit import Permit
from solver.service.callers.roles import Role
from solver.service.clusters import acceptance
from solver.service.clusters.ecs import answers_of
from solver.service.clusters.keeper import ClusterKeeper
from solver.service.clusters.state import LiveCluster
from solver.service.clusters.touching import require_allowed
from solver.service.collecting import no_collection
from solver.service.gate import Answer, Incoming, StreamedAnswer, Write
from solver.service.messages import LARGE_BYTES, aside, inside, unpacked
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
from solver.v1 import task_group_pb2

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

    def streams(self) -> Mapping[str, StreamedAnswer]:
        """By method, those with several responses."""
        return {"WatchPlacements": self._watch}

    async def _watch(self, call: Incoming, write: Write) -> NoReturn:
        request = await self._read(call.request, wire.WatchPlacementsRequest())
        call.caller.role.require_cluster(request.name)
        after = request.after if request.HasField("after") else None
        if after is not None and after < 0:
            raise InvalidRequest.at("after", f"is {after}", "must be the position of an event, or 0")
        async with aclosing(self._keeper.placements.watch(request.name, after)) as events:
            async for position, event in events:
                await write(wire.WatchPlacementsResponse(position=position, event=event).SerializeToString())
        raise AssertionError("a cluster is watched until an error or until nobody does")

    async def _put(self, payload: bytes, role: Role) -> wire.PutClusterResponse:
        request = await self._read(payload, wire.PutClusterRequest(), PUT_CLUSTER)
        role.require_cluster(request.name)
        # A large cluster takes some tenths of a second to read and to write: in a thread, so that others are answered meanwhile.
        await asyncio.to_thread(self._sizes.require_state, request.state, "state.")
        drawn = await asyncio.to_thread(LiveCluster.of, request.name, 0, request.state)
        try:
            await self._validate(await asyncio.to_thread(drawn.request_part, ()))
        except InvalidRequest as invalid:
            raise InvalidRequest(replace(fault, path=f"state.{fault.path}") for fault in invalid.faults) from None
        return wire.PutClusterResponse(version=(await self._keeper.put(request, drawn)).version)

    async def _apply(self, payload: bytes, role: Role) -> wire.ApplyChangesResponse:
        request = await self._read(payload, wire.ApplyChangesRequest(), APPLY_CHANGES)
        role.require_cluster(request.name)
        paths = await aside(partial(_paths_of_groups, request.changes), large=len(payload) > LARGE_BYTES)
        if not paths:
            after = await self._keeper.change(request, payload=payload)
            return wire.ApplyChangesResponse(version=after.version)
        while True:
            # What a group says is read where requests are; a rule that cannot be read would fail all that name the cluster.
            seen = await self._keeper.cluster(request.name)
            drawn = await asyncio.to_thread(acceptance.changed, seen, request.changes, self._sizes)
            await self._validated(drawn, paths)
            # Other groups may have come or gone while a worker read these.
            with suppress(_GroupsChanged):
                after = await self._keeper.change(request, partial(_require_groups_of, seen), payload)
                return wire.ApplyChangesResponse(version=after.version)

    async def _validated(self, drawn: LiveCluster, paths: Mapping[str, str]) -> None:
        """Have a worker read a cluster, with the paths of groups by name in the faults."""
        names = list(drawn.groups)

        def path_of(found: re.Match[str]) -> str:
            name = names[int(found[1])]
            return paths.get(name, f"group '{name}'")

        try:
            await self._validate(await asyncio.to_thread(drawn.request_part, ()))
        except InvalidRequest as invalid:
            faults = [replace(one, path=re.sub(r"^groups\[(\d+)\]", path_of, one.path)) for one in invalid.faults]
            raise InvalidRequest(faults) from None

    async def _get(self, payload: bytes, role: Role) -> bytes:
        request = await self._read(payload, wire.GetClusterRequest())
        role.require_cluster(request.name)
        return await asyncio.to_thread((await self._keeper.cluster(request.name)).written)

    async def _list(self, payload: bytes, role: Role) -> wire.ListClustersResponse:
        await self._read(payload, wire.ListClustersRequest())
        found = [await self._keeper.cluster(name) for name in self._keeper.names() if role.allows_cluster(name)]
        return wire.ListClustersResponse(clusters=[cluster.summary() for cluster in found])

    async def _delete(self, payload: bytes, role: Role) -> wire.DeleteClusterResponse:
        request = await self._read(payload, wire.DeleteClusterRequest())
        role.require_cluster(request.name)
        await self._keeper.delete(request)
        return wire.DeleteClusterResponse()

    async def _commit(self, payload: bytes, role: Role) -> wire.CommitResponse:
        request = await self._read(payload, wire.CommitRequest(), COMMIT)
        role.require_cluster(request.name)

        judge = partial(require_allowed, role, request)
        if request.groups:
            await self._validate_groups(request, judge, large=len(payload) > LARGE_BYTES)
        after, reservation = await self._keeper.commit(request, judge, payload)
        kept = after.reserved.get(reservation)
        if kept is None:
            return wire.CommitResponse(version=after.version)
        return wire.CommitResponse(version=after.version, reservation=reservation, lapses_at=kept.lapses_at.isoformat())

    async def _validate_groups(
        self, request: wire.CommitRequest, judge: Callable[[LiveCluster], None], *, large: bool
    ) -> None:
        """Have the groups of a plan validated where they are not kept as they are; only where it can be accepted otherwise."""
        cluster = await self._keeper.cluster(request.name)
        await aside(partial(judge, cluster), large=large)
        if cluster.by_request(request.request_id) is not None:
            return
        cluster = await self._keeper.at_version(request.name, request.version)
        drawn, differs = await asyncio.to_thread(_with_groups, cluster, request.groups)
        if differs:
            # The version cannot change meanwhile, or the plan is stale.
            await self._validated(drawn, {group.name: f"groups[{g}]" for g, group in enumerate(request.groups)})

    async def _put_documents(self, payload: bytes, role: Role) -> wire.PutEcsDocumentsResponse:
        request = await self._read(payload, wire.PutEcsDocumentsRequest(), PUT_ECS_DOCUMENTS)
        role.require_cluster(request.name)
        with no_collection() if len(payload) > LARGE_BYTES else nullcontext():
            found = await self._keeper.put_documents(request.name, partial(answers_of, request.documents))
        return wire.PutEcsDocumentsResponse(
            version=found.cluster.version,
            warnings=found.warnings,
            drifts=[wire.EcsDrift(arn=one.arn, reason=one.reason) for one in found.drifts[:MOST_LISTED]],
            drift_count=len(found.drifts),
            needs=await asyncio.to_thread(_needs, found.cluster),
        )

    async def _follow(self, payload: bytes, role: Role) -> wire.ApplyEcsEventsResponse:
        request = await self._read(payload, wire.ApplyEcsEventsRequest(), APPLY_ECS_EVENTS)
        role.require_cluster(request.name)
        found = await self._keeper.follow(request.name, request.events)
        return wire.ApplyEcsEventsResponse(
            version=found.cluster.version,
            results=[
                wire.EcsEventResult(outcome=_OUTCOMES[outcome], problems=map(str, faults))
                for outcome, faults in zip(found.followed.outcomes, found.followed.faults, strict=True)
            ],
            needs=await asyncio.to_thread(_needs, found.cluster),
        )

    async def _read(self, payload: bytes, message: M, spec: Spec = MappingProxyType({})) -> M:
        """The message, once its parts are counted: it is unpacked in the front, where it must not take the memory of all."""
        return await read_small(payload, message, spec, self._sizes)


def _paths_of_groups(changes: Sequence[wire.Change]) -> dict[str, str]:
    """The changes that put or remove groups, by the groups' names; of several the last."""
    found = {}
    for k, change in enumerate(changes):
        kind = change.WhichOneof("change")
        if kind == "put_group":
            found[change.put_group.name] = f"changes[{k}].{kind}"
        elif kind == "remove_group":
            # Rules of other groups may name it.
            found[change.remove_group] = f"changes[{k}].{kind}"
    return found


class _GroupsChanged(Exception):  # noqa: N818 - it is nobody's error
    """Groups were validated beside others than the cluster has by now."""


def _require_groups_of(seen: LiveCluster, before: LiveCluster) -> None:
    if before.groups is not seen.groups or before.base is not seen.base:
        raise _GroupsChanged


async def read_small(payload: bytes, message: M, spec: Spec, sizes: SizeLimits) -> M:
    """The message, once its parts are counted; a large one is counted and unpacked in a thread.

    Raises
    ------
    TooLarge
        With the path of the first list that is too long.
    InvalidRequest
        If the bytes are no such message.
    """

    def read() -> M:
        require_small(payload, spec, sizes)
        return unpacked(payload, message)

    return await aside(read, large=len(payload) > LARGE_BYTES)


def _with_groups(cluster: LiveCluster, groups: Sequence[task_group_pb2.TaskGroup]) -> tuple[LiveCluster, bool]:
    """The cluster with the groups of a plan, and whether one of them is not there as it is."""
    drawn = cluster.with_groups(groups)
    return drawn, any(drawn.groups[group.name] != cluster.groups.get(group.name) for group in groups)


def _needs(cluster: LiveCluster) -> list[wire.EcsNeed]:
    found = () if cluster.ecs is None else islice(cluster.ecs.needs(), MOST_LISTED)
    return [wire.EcsNeed(subject=one.subject, name=one.name, reason=one.reason) for one in found]


def _in_bytes(answer: Callable[[bytes, Role], Awaitable[Message | bytes]]) -> Answer:
    async def answered(call: Incoming) -> bytes:
        found = await answer(call.request, call.caller.role)
        return found if isinstance(found, bytes) else found.SerializeToString()

    return answered


async def with_cluster(
    keeper: ClusterKeeper,
    payload: bytes,
    named: placing.RequestOutline,
    wrapper: Callable[[], Wrapper] | None,
    sizes: SizeLimits,
    role: Role,
) -> tuple[bytes, bytes, Permit]:
    """A request with the cluster that it names, what its answer says of that cluster, and what the answer may change.

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
    role
        Of the caller.

    Returns
    -------
    The whole request, and what belongs behind the answer, both in bytes; the request as it is, and nothing, where it names no
    cluster.

    Raises
    ------
    PermissionDenied
        If the role allows no such cluster.
    ClusterNotFound, StaleVersion
        If the cluster is not kept, or not at the version asked for.
    InvalidRequest
        If the request carries what the cluster's name stands for.
    TooLarge
        If it is larger than ``sizes`` allows.
    """
    if not named.cluster_name:
        role.require_carried()
        return payload, b"", Permit(role)
    role.require_cluster(named.cluster_name)
    if wrapper is None:
        request = await read_small(payload, placing.PlaceRequest(), PLACE, sizes)
    else:
        spec = CHECK if wrapper is placing.CheckRequest else WRAPPED
        whole = wrapper()
        await read_small(payload, cast("Message", whole), spec, sizes)
        request = whole.request
    said_too = {field.name for field, _ in request.ListFields()}.intersection(_CARRIED)
    if said_too:
        path = min(said_too) if wrapper is None else f"request.{min(said_too)}"
        raise InvalidRequest.at(path, "is said besides cluster_name", "say one of the two")
    cluster = await keeper.at_version(named.cluster_name, named.cluster_version or None)
    rest = await asyncio.to_thread(cluster.request_part, [group.name for group in request.groups])
    said = placing.PlaceResponse(cluster_name=cluster.name, cluster_version=cluster.version).SerializeToString()
    permit = Permit(role, _kept_otherwise(request, cluster))
    if wrapper is None:
        return payload + rest, said, permit
    return payload + inside(rest), inside(said), permit


def _kept_otherwise(request: placing.PlaceRequest, cluster: LiveCluster) -> dict[str, tuple[str, str]]:
    """Family and task role of the groups that a request says otherwise than the cluster does."""
    kept = {group.name: cluster.groups[group.name] for group in request.groups if group.name in cluster.groups}
    return {
        group.name: (kept[group.name].family, kept[group.name].role)
        for group in request.groups
        if group.name in kept and (group.family, group.role) != (kept[group.name].family, kept[group.name].role)
    }
