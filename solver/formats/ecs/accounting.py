"""From container instances and tasks to a snapshot: what is there, what is free, who holds it (§2).

Source: ECS API, ContainerInstance and Task.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from solver.domain.cluster import INSTANCE_TYPE, ClusterSnapshot, Port
from solver.domain.columns import TextColumn
from solver.domain.counts import Ints
from solver.formats.ecs.definitions import Definition, Definitions
from solver.formats.ecs.instances import KEPT, TRUNK, Instance
from solver.formats.ecs.interfaces import NO_LIMIT, most_tasks
from solver.formats.ecs.remarks import Remarks, counted, listed
from solver.formats.ecs.resources import CPU, GPU, INTERFACES, MEMORY, Amounts
from solver.formats.ecs.services import FARGATE_PROVIDERS, NOT_EC2
from solver.formats.ecs.tasks import Task, bound_ports, has_interface, overrides, taken


@dataclass
class Located:
    """The tasks on the instances that count.

    Parameters
    ----------
    running
        Tasks with desired status RUNNING, each with the index of its instance.
    stopping
        Tasks that are told to stop and have not ended.
    """

    running: list[tuple[Task, int]] = field(default_factory=list)
    stopping: list[tuple[Task, int]] = field(default_factory=list)


def kept_instances(instances: Iterable[Instance], remarks: Remarks) -> list[Instance]:
    """The ACTIVE and DRAINING instances on EC2; the others are named in a warning."""
    kept, external, ignored = [], [], []
    for instance in instances:
        if instance.is_external:
            external.append(instance)
        elif instance.status in KEPT:
            kept.append(instance)
        else:
            ignored.append(f"{_label(instance)} ({instance.status})")
    remarks.about(
        map(_label, external),
        "external instance {names} set aside, with its tasks",
        "{count} external instances set aside, with their tasks: {names}",
    )
    remarks.about(
        ignored,
        "instance {names} ignored, with what it holds: neither ACTIVE nor DRAINING",
        "{count} instances ignored, with what they hold, neither ACTIVE nor DRAINING: {names}",
    )
    return kept


def _label(instance: Instance) -> str:
    return instance.ec2_id or instance.arn.rsplit("/", 1)[-1]


def locate(tasks: Iterable[Task], everything: Iterable[Instance], kept: list[Instance], remarks: Remarks) -> Located:
    """Which task is on which instance; those that are on none of them are named in a warning.

    An ARN that is none of theirs means the instance with its last part, as ARNs of the older form do; of several the one whose
    ARN comes first, in whatever order they are listed.
    """
    located = Located()
    last_first = sorted(range(len(kept)), key=lambda i: kept[i].arn, reverse=True)
    by_part = {kept[i].arn.rsplit("/", 1)[-1]: i for i in last_first}
    places = by_part | {instance.arn: i for i, instance in enumerate(kept)}
    listed_anywhere = {instance.arn for instance in everything}
    apart: Counter[str] = Counter()
    waiting, elsewhere = [], []
    for task in tasks:
        place = places.get(task.instance, places.get(task.instance.rsplit("/", 1)[-1]))
        provider = task.source.text("capacityProviderName")
        if task.launch in NOT_EC2 or provider in FARGATE_PROVIDERS:
            apart[task.launch or "FARGATE"] += 1
        elif place is not None:
            (located.running if task.is_wanted else located.stopping).append((task, place))
        elif not task.instance:
            waiting += [task.group] if task.is_wanted else []
        elif task.instance not in listed_anywhere:
            elsewhere.append(task.instance.rsplit("/", 1)[-1])
    for launch, count in sorted(apart.items()):
        remarks.say(f"{counted(count, 'task')} on {launch} set aside: no container instance of ECS on EC2 holds them")
    if waiting:
        remarks.say(f"{counted(len(waiting), 'task')} not on an instance yet, left out: of {listed(waiting)}")
    if elsewhere:
        remarks.say(
            f"{counted(len(elsewhere), 'task')} left out, on instances that are not in container-instances.json: "
            f"{listed(elsewhere)}"
        )
    return located


class Accounting:
    """Columns of amounts over the ``I`` kept instances, changed by what the tasks hold.

    Attributes
    ----------
    resources, index
        The ``R`` resources that the instances or the tasks name, and the column of each.
    capacity, free
        ``int64[I, R]``, in the units of ``ClusterSnapshot``.
    ports
        The static ports taken on each instance.
    """

    def __init__(self, kept: list[Instance], located: Located, definitions: Definitions, remarks: Remarks) -> None:
        self.kept = kept
        self.definitions = definitions
        self.remarks = remarks
        self.resources = self._resources(located)
        self.index = {name: r for r, name in enumerate(self.resources)}
        self.capacity = self._matrix("capacity")
        self.free = self._matrix("free")
        self.ports: list[set[Port]] = [set(instance.amounts.ports) for instance in kept]
        unread = sorted({name for instance in kept for name in instance.amounts.unread})
        remarks.about(
            unread,
            "resource {names} is a set of texts, which is not modelled",
            "resources {names} are sets of texts, which are not modelled",
        )

    def _resources(self, located: Located) -> tuple[str, ...]:
        found = {name for instance in self.kept for name in instance.amounts.capacity}
        found |= {name for definition in self.definitions for name in definition.demand}
        undefined = [task for task, _ in located.running if self.definitions.find(task.definition) is None]
        found |= {name for task in undefined for name in taken(task, None)}
        first = [name for name in (CPU, MEMORY, GPU, INTERFACES) if name in found or name in (CPU, MEMORY)]
        return (*first, *sorted(found.difference(first)))

    def _matrix(self, column: str) -> Ints:
        def amounts(instance: Instance) -> Mapping[str, int]:
            found: Amounts = instance.amounts
            return found.capacity if column == "capacity" else found.free

        rows = [[amounts(instance).get(name, 0) for name in self.resources] for instance in self.kept]
        return np.array(rows, np.int64).reshape(len(self.kept), len(self.resources))

    def count_interfaces(self, located: Located, holding: Iterable[tuple[Task, int]]) -> None:
        """One interface for each ``awsvpc`` task on an instance, against the limit of its type."""
        if INTERFACES not in self.index:
            return
        unknown = []
        r = self.index[INTERFACES]
        for i, instance in enumerate(self.kept):
            kind = instance.attributes.get(INSTANCE_TYPE)
            limit = most_tasks(kind, TRUNK in instance.attributes)
            if limit is None:
                unknown.append(kind or f"unknown of {_label(instance)}")
            self.capacity[i, r] = self.free[i, r] = NO_LIMIT if limit is None else limit
        used = [0] * len(self.kept)
        for task, i in (*located.running, *holding):
            definition = self.definitions.find(task.definition)
            used[i] += definition.uses_interface if definition else has_interface(task)
        self.free[:, r] -= np.array(used, np.int64)
        self.remarks.about(
            unknown,
            "network interfaces of instance type {names} are not known: no limit on awsvpc tasks there",
            "network interfaces of instance types {names} are not known: no limit on awsvpc tasks there",
        )

    def hold(self, stopping: Iterable[tuple[Task, int]]) -> None:
        """Take again what stopping tasks still hold, which the documents count as free (§2.4)."""
        for task, i in stopping:
            definition = self.definitions.find(task.definition)
            for name, amount in taken(task, definition).items():
                if name != INTERFACES and name in self.index:
                    self.free[i, self.index[name]] -= amount
            self.ports[i].update(definition.ports if definition else bound_ports(task))

    def take_least(self, located: Located) -> None:
        """Where what is registered less what the listed tasks take is below what is reported as free, it is what is free.

        So it is where a task is known before its instance has reported it: nothing is free that a task takes.
        """
        held = [[0] * len(self.resources) for _ in self.kept]
        for task, i in located.running:
            definition, row = self.definitions.find(task.definition), held[i]
            for name, amount in taken(task, definition).items():
                if name in self.index:
                    row[self.index[name]] += amount
            self.ports[i].update(definition.ports if definition else bound_ports(task))
        left = self.capacity - np.array(held, np.int64).reshape(self.capacity.shape)
        np.minimum(self.free, left, out=self.free)

    def compare(self, located: Located) -> None:
        """Warn where the listed tasks need more than their instance says is taken."""
        need = np.zeros((len(self.kept), 2), np.int64)
        known: dict[str, tuple[Definition | None, Mapping[str, int]]] = {}
        differing = []
        for task, i in located.running:
            if task.definition not in known:
                definition = self.definitions.find(task.definition)
                known[task.definition] = definition, definition.demand if definition else {}
            definition, demand = known[task.definition]
            if definition is not None and overrides(task) is not None:
                differing.append(task.group)
                demand = taken(task, definition)
            need[i] += demand.get(CPU, 0), demand.get(MEMORY, 0)
        if differing:
            self.remarks.say(
                f"{counted(len(differing), 'task')} of {listed(differing)} run with other amounts than their task "
                "definition says: counted as the instances report them"
            )
        registered = self.capacity[:, : need.shape[1]] - self._matrix("free")[:, : need.shape[1]]
        short = np.flatnonzero((need > registered).any(axis=1)).tolist()
        text = "the tasks on {names} need more CPU or memory than is reported as taken: documents of different moments?"
        self.remarks.about((_label(self.kept[i]) for i in short), text, text)

    def unlisted(self, located: Located) -> Ints:
        """``int64[I]``: tasks that an instance counts and that are not among the tasks."""
        found = np.zeros(len(self.kept), np.int64)
        np.add.at(found, np.array([i for _, i in located.running], np.int64), -1)
        found += np.array([instance.counted for instance in self.kept], np.int64)
        np.maximum(found, 0, out=found)
        names = [_label(self.kept[i]) for i in np.flatnonzero(found).tolist()]
        total = counted(int(found.sum()), "task")
        text = f"{total} counted on {{names}} and not in tasks.json: they keep what they take and never move"
        self.remarks.about(names, text, text)
        return found

    def snapshot(self, unlisted: Ints, name: str, taken_at: str) -> ClusterSnapshot:
        """The cluster.

        Raises
        ------
        InvalidRequest
            If a sum leaves 2^53.
        """
        kept = self.kept
        return ClusterSnapshot(
            instance_ids=tuple(instance.arn for instance in kept),
            resources=self.resources,
            capacity=self.capacity,
            free=self.free,
            active=np.array([instance.status == "ACTIVE" for instance in kept], np.bool_),
            connected=np.array([instance.connected for instance in kept], np.bool_),
            attributes=_attributes(kept),
            ec2_instance_id=TextColumn.of(instance.ec2_id for instance in kept),
            agent_version=TextColumn.of(instance.agent_version for instance in kept),
            registered_at=TextColumn.of(instance.registered_at for instance in kept),
            capacity_provider=TextColumn.of(instance.provider for instance in kept),
            used_ports=dict(_holders(self.ports)),
            unlisted_tasks=unlisted,
            name=name,
            taken_at=taken_at,
        )


def _attributes(kept: list[Instance]) -> dict[str, TextColumn]:
    names = sorted({name for instance in kept for name in instance.attributes})
    return {name: TextColumn.of(instance.attributes.get(name) for instance in kept) for name in names}


def _holders(ports: list[set[Port]]) -> Iterator[tuple[Port, Ints]]:
    holders: dict[Port, list[int]] = {}
    for i, used in enumerate(ports):
        for port in used:
            holders.setdefault(port, []).append(i)
    return ((port, np.array(holders[port], np.int64)) for port in sorted(holders))
