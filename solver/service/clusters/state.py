"""A cluster as the server keeps it: instances, groups and tasks by name, what is reserved, and a version.

What changes one makes another: the state that a call looks at never changes under it, and a change that is refused, or
cannot be written, has not happened. What is free on an instance follows every task that starts or ends there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from itertools import chain, islice
from typing import TypeVar

from solver.errors import Fault, InvalidRequest
from solver.formats.ecs.mirror import Mirror
from solver.service.clusters.draft import Draft, Groups, Instances, Reserved, Tasks, task_faults
from solver.service.clusters.totals import Totals
from solver.service.pieces import field_of, fields_of
from solver.service.repeats import MAX_REQUEST_ID
from solver.v1 import cluster_pb2, task_group_pb2
from solver.v1 import cluster_service_pb2 as wire
from solver.v1 import placement_service_pb2 as placing

MAX_NAME = 255
"""Characters of a cluster's name."""

LAPSE_SECONDS, MOST_LAPSE_SECONDS = 300.0, 86_400.0
"""After which a plan that nothing confirms is given up: by default, and at most."""

_INSTANCES = cluster_pb2.Cluster.INSTANCES_FIELD_NUMBER

M = TypeVar("M")


@dataclass(frozen=True, eq=False)
class LiveCluster:
    """A cluster at one version.

    Parameters
    ----------
    base
        Its name, moment and resources; instances and attribute columns are empty.
    instances
        By id, with all their attributes.
    groups
        By name; ``start`` and ``stop`` are 0.
    tasks
        By id: those with desired status RUNNING, and those that are reserved.
    reserved
        By id.
    ecs
        The ECS documents that it is made of; None where it is made of none.
    totals
        Sums over all of it; None where nobody has asked for them.
    """

    name: str
    version: int
    base: cluster_pb2.Cluster
    instances: Instances
    groups: Groups
    tasks: Tasks
    reserved: Mapping[str, Reserved] = field(default_factory=dict)
    ecs: Mirror | None = None
    totals: Totals | None = field(default=None, repr=False)

    # From the wire and back.

    @classmethod
    def of(cls, name: str, version: int, state: wire.ClusterState | placing.PlaceRequest) -> LiveCluster:
        """The cluster of a state that was put, or of a request that names its tasks.

        Raises
        ------
        InvalidRequest
            With every name that stands twice or is missing.
        """
        faults = list(_column_faults(state.cluster))
        if faults:
            raise InvalidRequest(faults)
        base = cluster_pb2.Cluster(
            name=state.cluster.name, taken_at=state.cluster.taken_at, resources=state.cluster.resources
        )
        instances = _named("state.cluster.instances", "id", _with_columns(state.cluster), faults)
        groups = _named("state.groups", "name", state.groups, faults)
        tasks = _named("state.tasks", "id", state.tasks, faults)
        for g, group in enumerate(state.groups):
            if group.start or group.stop:
                problem = f"starts {group.start} and stops {group.stop}"
                faults.append(Fault(f"state.groups[{g}]", problem, "what is wanted belongs into a request"))
        for k, task in enumerate(state.tasks):
            faults += task_faults(f"state.tasks[{k}]", task, groups, instances)
        if faults:
            raise InvalidRequest(faults)
        return cls(name, version, base, instances, groups, tasks)

    @classmethod
    def restored(cls, name: str, kept: wire.GetClusterResponse) -> LiveCluster:
        """The cluster that ``response`` wrote."""
        found = cls.of(name, kept.version, kept.state)
        reserved = {
            one.id: Reserved(
                one.id,
                {task.id: task for task in one.starting},
                {task.id: task for task in one.stopping},
                datetime.fromisoformat(one.lapses_at),
                one.request_id,
            )
            for one in kept.reservations
        }
        return replace(found, reserved=reserved)

    def response(self) -> wire.GetClusterResponse:
        """All of it."""
        return wire.GetClusterResponse(
            state=wire.ClusterState(cluster=self._cluster(), groups=self.groups.values(), tasks=self.tasks.values()),
            version=self.version,
            reservations=[
                wire.Reservation(
                    id=one.id,
                    starting=one.starting.values(),
                    stopping=one.stopping.values(),
                    lapses_at=one.lapses_at.isoformat(),
                    request_id=one.request_id,
                )
                for one in self.reserved.values()
            ],
        )

    def written(self) -> bytes:
        """``response`` in bytes, maps in the order of their keys; in many steps, so that others are answered meanwhile."""
        cluster = self.base.SerializeToString(deterministic=True) + fields_of(_INSTANCES, self.instances.values())
        state = (field_of(1, cluster), fields_of(2, self.groups.values()), fields_of(3, self.tasks.values()))
        return b"".join(
            (
                field_of(1, b"".join(state)),
                wire.GetClusterResponse(version=self.version).SerializeToString(),
                *(field_of(3, _reservation(one)) for one in self.reserved.values()),
            )
        )

    def summary(self) -> wire.ClusterSummary:
        """Its line in a list."""
        return wire.ClusterSummary(
            name=self.name, version=self.version, instances=len(self.instances), tasks=len(self.tasks)
        )

    def request_part(self, own_groups: Iterable[str]) -> bytes:
        """What a request that names the cluster lacks, as bytes of a ``PlaceRequest``: to be put behind its own.

        Parameters
        ----------
        own_groups
            Groups that the request says itself.
        """
        own = set(own_groups)
        return self._without_groups + b"".join(part for name, part in self._group_parts.items() if name not in own)

    def _cluster(self) -> cluster_pb2.Cluster:
        found = cluster_pb2.Cluster()
        found.CopyFrom(self.base)
        found.instances.extend(self.instances.values())
        return found

    @cached_property
    def _without_groups(self) -> bytes:
        counts = Counter((task.group, task.instance) for task in self.tasks.values())
        running = (
            task_group_pb2.TaskCount(group=group, instance=instance, count=count)
            for (group, instance), count in counts.items()
        )
        parts = chain(
            (placing.PlaceRequest(cluster=self.base),),
            (
                placing.PlaceRequest(cluster=cluster_pb2.Cluster(instances=some))
                for some in _blocks(self.instances.values())
            ),
            (placing.PlaceRequest(running=some) for some in _blocks(running)),
            (placing.PlaceRequest(tasks=some) for some in _blocks(self.tasks.values())),
        )
        return b"".join(part.SerializeToString(deterministic=True) for part in parts)

    @cached_property
    def _group_parts(self) -> dict[str, bytes]:
        return {
            name: placing.PlaceRequest(groups=[group]).SerializeToString(deterministic=True)
            for name, group in self.groups.items()
        }

    # Changes: each gives another cluster.

    def changed(self, changes: Sequence[wire.Change]) -> LiveCluster:
        """The next version, with all changes applied.

        Raises
        ------
        InvalidRequest
            With the first change that cannot be applied.
        """
        draft = self._draft()
        for k, change in enumerate(changes):
            draft.apply(f"changes[{k}]", change)
        return self._next(draft)

    def with_groups(self, groups: Sequence[task_group_pb2.TaskGroup]) -> LiveCluster:
        """The next version, with the groups of a plan.

        Raises
        ------
        InvalidRequest
            With the first group that this cluster cannot take.
        """
        draft = self._draft()
        for g, group in enumerate(groups):
            draft.add_group(f"groups[{g}]", group)
        return self._next(draft)

    def committed(
        self, request: wire.CommitRequest, reservation: str, now: datetime, most_tasks: int | None = None
    ) -> LiveCluster:
        """The next version, with what a plan starts reserved and what it stops no longer running.

        Parameters
        ----------
        most_tasks
            That there may be then; None for any number.

        Raises
        ------
        InvalidRequest
            With the first action that this cluster cannot take.
        TooLarge
            If there would be more tasks.
        """
        seconds = request.lapse_seconds if request.HasField("lapse_seconds") else LAPSE_SECONDS
        if not 0 < seconds <= MOST_LAPSE_SECONDS:
            remedy = f"must be above 0 and at most {MOST_LAPSE_SECONDS:,.0f}"
            raise InvalidRequest.at("lapse_seconds", f"is {seconds}", remedy)
        if len(request.request_id) > MAX_REQUEST_ID:
            problem = f"has {len(request.request_id):,} characters"
            raise InvalidRequest.at("request_id", problem, f"at most {MAX_REQUEST_ID}")
        draft = self._draft()
        for g, group in enumerate(request.groups):
            draft.add_group(f"groups[{g}]", group)
        lapses_at = now + timedelta(seconds=seconds)
        draft.reserve(request.actions, reservation, lapses_at, request.request_id, most_tasks)
        return self._next(draft)

    def carrying(self, before: LiveCluster) -> LiveCluster:
        """This cluster with what was reserved before, as far as it is neither confirmed nor over."""
        draft = Draft(self.base.resources, self.instances, self.groups, self.tasks, before.reserved)
        draft.carry(before.groups, before.tasks)
        return replace(self._next(draft), version=self.version)

    def lapsed(self, now: datetime) -> LiveCluster:
        """The next version without the reservations whose time is over; this one where there are none."""
        return self.given_up([one.id for one in self.reserved.values() if one.lapses_at <= now])

    def given_up(self, reservations: Iterable[str]) -> LiveCluster:
        """The next version without these reservations; this one where it has none of them."""
        over = [self.reserved[key] for key in reservations if key in self.reserved]
        if not over:
            return self
        draft = self._draft()
        for one in over:
            draft.give_up(one)
        return self._next(draft)

    def _draft(self) -> Draft:
        return Draft(self.base.resources, self.instances, self.groups, self.tasks, self.reserved)

    def _next(self, draft: Draft) -> LiveCluster:
        draft.finish()
        instances, groups, tasks = draft.instances.written, draft.groups.written, draft.tasks.written
        totals = self.totals
        if totals is not None:
            totals = totals.after(self.base.resources, self, draft, instances, groups, tasks)
        return replace(
            self,
            version=self.version + 1,
            instances=draft.instances,
            # The same mapping where it holds the same: whoever has looked at the groups sees that they are those.
            groups=draft.groups if groups else self.groups,
            tasks=draft.tasks,
            reserved=draft.reserved(),
            totals=totals,
        )

    def at(self, version: int) -> LiveCluster:
        """The same at another version; what was written of it for requests stays."""
        found = replace(self, version=version)
        for name in ("_without_groups", "_group_parts"):
            if name in self.__dict__:
                found.__dict__[name] = self.__dict__[name]
        return found

    def counted(self) -> LiveCluster:
        """The same version with its totals: a second for a large cluster, and no time once they are there."""
        if self.totals is not None:
            return self
        return replace(self, totals=Totals.of(self.base.resources, self))

    def by_request(self, request_id: str) -> Reserved | None:
        """What a call of this name has reserved and is not confirmed yet."""
        return next((one for one in self.reserved.values() if request_id and one.request_id == request_id), None)


def _reservation(one: Reserved) -> bytes:
    head = wire.Reservation(id=one.id)
    tail = wire.Reservation(lapses_at=one.lapses_at.isoformat(), request_id=one.request_id)
    parts = fields_of(2, one.starting.values()), fields_of(3, one.stopping.values())
    return b"".join((head.SerializeToString(), *parts, tail.SerializeToString()))


def _named(path: str, key: str, messages: Iterable[M], faults: list[Fault]) -> dict[str, M]:
    found: dict[str, M] = {}
    for k, message in enumerate(messages):
        name: str = getattr(message, key)
        if not name or name in found:
            problem = f"'{name}' stands twice" if name else "is empty"
            faults.append(Fault(f"{path}[{k}].{key}", problem, "name each once"))
        found[name] = message
    return found


def _column_faults(cluster: cluster_pb2.Cluster) -> Iterator[Fault]:
    """What is wrong with columns that are to become the instances' own attributes."""
    own = {name for instance in cluster.instances for name in instance.attributes}
    for k, column in enumerate(cluster.attribute_columns):
        path, size, most = f"state.cluster.attribute_columns[{k}]", len(cluster.instances), len(column.values)
        if len(column.codes) != size:
            yield Fault(f"{path}.codes", f"has {len(column.codes)} entries", f"must have one an instance, {size}")
        if max(column.codes, default=0) > most:
            yield Fault(f"{path}.codes", f"has {max(column.codes)}", f"must be 0 to {most}")
        if column.name in own:
            yield Fault(f"{path}.name", f"'{column.name}' is an attribute of an instance too", "say it in one place")
        own.add(column.name)


def _with_columns(cluster: cluster_pb2.Cluster) -> Iterator[cluster_pb2.Instance]:
    """The instances with the attributes of the columns as their own."""
    if not cluster.attribute_columns:
        yield from cluster.instances
        return
    for i, instance in enumerate(cluster.instances):
        copy = cluster_pb2.Instance()
        copy.CopyFrom(instance)
        for column in cluster.attribute_columns:
            code = column.codes[i]
            if code:
                copy.attributes[column.name] = column.values[code - 1]
        yield copy


def _blocks(items: Iterable[M]) -> Iterator[list[M]]:
    """A thousand at a time: while one message is written nothing else in the process runs, 2 s for a large cluster as a whole."""
    left = iter(items)
    while some := list(islice(left, 1_000)):
        yield some


def utc_now() -> datetime:
    """Calendar time: what is said of reservations, and what is left of one when the server starts again."""
    return datetime.now(UTC)
