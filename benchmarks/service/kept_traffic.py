"""A scheduler whose cluster the server keeps: tasks come, are placed, committed, confirmed and end, without growing in number."""

from __future__ import annotations

import random
from collections.abc import Awaitable

import grpc.aio
from google.protobuf.message import Message

from benchmarks.service.calls import PLACE, Outcome, Told, ask
from solver.v1 import cluster_service_pb2 as wire
from solver.v1 import placement_service_pb2 as placing
from solver.v1.cluster_pb2 import Cluster, Instance
from solver.v1.plan_pb2 import Action
from solver.v1.task_group_pb2 import RunningTask, TaskGroup

SERVICE = "/solver.v1.ClusterService/"
INSTANCES, TASKS, WANTED = 40, 60, 5
TIMEOUT = 30.0


class Scheduler:
    """The only one that changes its cluster, so it knows what must be there.

    Parameters
    ----------
    name
        Of the cluster.
    draw
        Decides what comes next.
    """

    def __init__(self, connection: grpc.aio.Channel, name: str, draw: random.Random) -> None:
        self._connection = connection
        self._name = name
        self._draw = draw
        self._version = 0
        self._tasks: list[str] = []
        self._actions: list[Action] = []
        self._number = 0

    def next(self) -> tuple[str, Awaitable[Told], tuple[str, ...]]:
        """A kind of call, the call, and the refusals that it may get."""
        if self._actions:
            return "commit", self._commit(), ("STALE_VERSION",)
        choice = self._draw.random()
        if choice < 0.2:
            return "place by name", self._place(), ()
        if choice < 0.3:
            return "get", self._get(), ()
        if choice < 0.35:
            return "stale", self._stale(), ("STALE_VERSION",)
        if choice < 0.37:
            # As a controller does that starts anew; what was reserved is gone with it.
            return "put", self.put(), ()
        return "change", self._change(), ()

    async def put(self) -> Told:
        """The cluster, empty."""
        instances = [Instance(id=f"i-{number}", capacity=[64], free=[64]) for number in range(INSTANCES)]
        state = wire.ClusterState(cluster=Cluster(resources=["cpu"], instances=instances))
        state.groups.add(name="web", demand={"cpu": 1})
        told = await self._call("PutCluster", wire.PutClusterRequest(name=self._name, state=state))
        if told.outcome is Outcome.RIGHT:
            self._tasks = []
            return self._newer(told, wire.PutClusterResponse.FromString(told.payload).version)
        return told

    async def _change(self) -> Told:
        if not self._tasks or (len(self._tasks) < TASKS and self._draw.random() < 0.6):
            self._number += 1
            name = f"t{self._number}"
            task = RunningTask(id=name, group="web", instance=f"i-{self._draw.randrange(INSTANCES)}")
            change, after = wire.Change(put_task=task), [*self._tasks, name]
        else:
            name = self._draw.choice(self._tasks)
            change, after = wire.Change(remove_task=name), [one for one in self._tasks if one != name]
        told = await self._call("ApplyChanges", wire.ApplyChangesRequest(name=self._name, changes=[change]))
        if told.outcome is Outcome.RIGHT:
            self._tasks = after
            return self._newer(told, wire.ApplyChangesResponse.FromString(told.payload).version)
        return told

    async def _get(self) -> Told:
        told = await self._call("GetCluster", wire.GetClusterRequest(name=self._name))
        if told.outcome is not Outcome.RIGHT:
            return told
        response = wire.GetClusterResponse.FromString(told.payload)
        reserved = {task.id for one in response.reservations for task in one.starting}
        found = {task.id for task in response.state.tasks} - reserved
        if found != set(self._tasks):
            return Told(Outcome.WRONG, f"has {len(found)} tasks, not {len(self._tasks)}", told.seconds)
        return told

    async def _stale(self) -> Told:
        """A change for a version that is long gone."""
        told = await self._call("ApplyChanges", wire.ApplyChangesRequest(name=self._name, expected_version=0))
        return Told(Outcome.WRONG, "was accepted", told.seconds) if told.outcome is Outcome.RIGHT else told

    async def _place(self) -> Told:
        group = TaskGroup(name="web", demand={"cpu": 1}, start=WANTED)
        limits = placing.Limits(time_limit_seconds=0.2)
        asked = placing.PlaceRequest(cluster_name=self._name, groups=[group], limits=limits)
        told = await ask(self._connection, PLACE, asked.SerializeToString(), TIMEOUT)
        if told.outcome is not Outcome.RIGHT:
            return told
        response = placing.PlaceResponse.FromString(told.payload)
        self._actions = list(response.actions)
        started = sum(action.count for action in response.actions)
        if started != WANTED or response.cluster_version < self._version:
            fault = f"starts {started} tasks at version {response.cluster_version}, not {WANTED} at {self._version}"
            return Told(Outcome.WRONG, fault, told.seconds)
        self._version = response.cluster_version
        return told

    async def _commit(self) -> Told:
        """Held for a second, then the room is free again. Refused where an earlier one has lapsed since."""
        asked = wire.CommitRequest(name=self._name, version=self._version, actions=self._actions, lapse_seconds=1.0)
        self._actions = []
        told = await self._call("Commit", asked)
        if told.outcome is Outcome.RIGHT:
            return self._newer(told, wire.CommitResponse.FromString(told.payload).version)
        return told

    async def _call(self, method: str, request: Message) -> Told:
        return await ask(self._connection, f"{SERVICE}{method}", request.SerializeToString(), TIMEOUT)

    def _newer(self, told: Told, version: int) -> Told:
        """Every accepted change raises the version; so does what lapses."""
        before, self._version = self._version, version
        if version <= before:
            return Told(Outcome.WRONG, f"gives the version {version} after {before}", told.seconds)
        return told
