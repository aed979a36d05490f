"""Messages of ClusterService, and requests that name a cluster: what the front reads, and what it then keeps.

What is kept must be readable: a cluster that was accepted and that no request can name any more is a failure.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from random import Random

from google.protobuf.message import Message

from solver.errors import PlacementSolverError
from solver.rules.bind import bind
from solver.service import codec
from solver.service.callers.roles import ANYTHING
from solver.service.clusters import acceptance
from solver.service.clusters.keeper import ClusterKeeper
from solver.service.clusters.servicer import with_cluster
from solver.service.clusters.state import LiveCluster
from solver.service.clusters.store import IN_MEMORY, Store
from solver.service.messages import unpacked
from solver.service.outline import of_request
from solver.service.sizes import APPLY_CHANGES, COMMIT, PUT_CLUSTER, Spec, require_small
from solver.service.status import MAX_DETAILS, to_status
from solver.v1 import cluster_service_pb2 as wire
from solver.v1 import placement_service_pb2 as placing
from tests.fuzzing.messages import change_field, changes, commit, kept
from tests.fuzzing.mutation import changed_bytes
from tests.fuzzing.proto_target import SIZES
from tests.fuzzing.readable import Readable

NAME = "prod"
_OF_GROUPS = ("put_group", "remove_group")
NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)


def _named() -> placing.PlaceRequest:
    found = placing.PlaceRequest(cluster_name=NAME, cluster_version=1, label="mine", validate_only=True)
    found.groups.add(name="web", demand={"cpu": 2, "memory": 10}, start=1)
    return found


class ClustersTarget:
    """An input is a line with the name of the call, and the bytes of its message."""

    def __init__(self) -> None:
        self._base = LiveCluster.of(NAME, 1, kept())
        self._readable = Readable(SIZES)
        self._loop = asyncio.new_event_loop()
        self._keeper = ClusterKeeper(Store(IN_MEMORY), lambda: NOW)
        self._loop.run_until_complete(self._keeper.put(wire.PutClusterRequest(name=NAME, state=kept())))
        calls: list[tuple[str, Message]] = [
            ("PutCluster", wire.PutClusterRequest(name=NAME, state=kept(), expected_version=1)),
            ("ApplyChanges", changes()),
            ("ApplyChanges", changes()),
            ("Commit", commit()),
            ("Place", _named()),
        ]
        self._calls = [(method, type(message), message.SerializeToString()) for method, message in calls]
        self._payloads = [payload for _, _, payload in self._calls]

    def draw(self, random: Random) -> bytes:
        method, kind, payload = random.choice(self._calls)
        message = kind.FromString(payload)
        for _ in range(random.choice((0, 1, 1, 1, 2, 3, 8))):
            change_field(message, random)
        payload = message.SerializeToString()
        if random.random() < 0.2:
            payload = changed_bytes(payload, self._payloads, random)
        return b"%s\n%s" % (method.encode(), payload)

    def run(self, given: bytes) -> str:
        method, _, payload = given.partition(b"\n")
        try:
            return self._answer(method.decode(), payload)
        except PlacementSolverError as refused:
            assert to_status(refused).ByteSize() <= MAX_DETAILS
            raise

    def _answer(self, method: str, payload: bytes) -> str:
        match method:
            case "PutCluster":
                state = _read(payload, wire.PutClusterRequest(), PUT_CLUSTER).state
                SIZES.require_state(state, "state.")
                # The service has a worker read a state before it is kept; a refusal is fine here.
                self._readable.require(LiveCluster.of(NAME, 1, state))
            case "ApplyChanges":
                asked = _read(payload, wire.ApplyChangesRequest(), APPLY_CHANGES)
                drawn = acceptance.changed(self._base, asked.changes, SIZES)
                # As the service has a worker do it where groups change; a refusal is fine here.
                if not {change.WhichOneof("change") for change in asked.changes}.isdisjoint(_OF_GROUPS):
                    self._readable.require(drawn)
                self._require_readable(drawn)
            case "Commit":
                order = _read(payload, wire.CommitRequest(), COMMIT)
                if order.groups:
                    self._readable.require(self._base.with_groups(order.groups))
                self._require_readable(acceptance.committed(self._base, order, "reserved", NOW, SIZES))
            case _:
                named = self._loop.run_until_complete(of_request(payload, wrapped=False))
                whole, _, _ = self._loop.run_until_complete(
                    with_cluster(self._keeper, payload, named, None, SIZES, ANYTHING)
                )
                bind(codec.call_from_bytes(whole, SIZES).problem)
        return f"{method} is done"

    def _require_readable(self, cluster: LiveCluster) -> None:
        try:
            self._readable.require(cluster)
        except PlacementSolverError as refused:
            raise AssertionError("was accepted, and no request can name it any more") from refused


def _read(payload: bytes, message: Message, spec: Spec) -> Message:
    require_small(payload, spec, SIZES)
    return unpacked(payload, message)
