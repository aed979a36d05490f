"""Clusters with fewer, more, emptied or other instances: problems as they would be read if the cluster were that one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from solver.domain.cluster import FACTS, INSTANCE_TYPE, ClusterSnapshot, Port
from solver.domain.columns import TextColumn
from solver.domain.counts import Bools, Counts, Ints
from solver.domain.devices import MOST_DEVICES, WHOLE
from solver.domain.problem import Problem
from solver.domain.seating import devices_after

AGENT_PORTS: tuple[Port, ...] = tuple(("tcp", port) for port in (22, 2375, 2376, 51678, 51679, 51680))
"""Ports that the agent reserves (ECS developer guide, agent configuration): an instance without tasks holds these alone."""


@dataclass(frozen=True)
class NewInstance:
    """An instance that joins.

    Parameters
    ----------
    name
        Distinct in the cluster.
    like
        The instance that it takes its agent from, and the ports that this reserves; None for none.
    capacity
        By resource; what is not named is 0.
    attributes
        All that it has.
    provider
        Its capacity provider; empty for none.
    """

    name: str
    like: int | None
    capacity: Mapping[str, int]
    attributes: Mapping[str, str] = field(default_factory=dict)
    provider: str = ""


def without_instances(problem: Problem, gone: Bools) -> Problem:
    """The problem on the other instances; what ran on those that are gone runs nowhere.

    Parameters
    ----------
    gone
        ``bool[I]``; not all of them.
    """
    cluster, kept = problem.cluster, ~gone
    place = np.cumsum(kept) - 1
    smaller = replace(
        cluster,
        instance_ids=tuple(np.array(cluster.instance_ids, object)[kept]),
        capacity=cluster.capacity[kept],
        free=cluster.free[kept],
        active=cluster.active[kept],
        connected=cluster.connected[kept],
        attributes={name: _chosen(column, kept) for name, column in cluster.attributes.items()},
        used_ports={port: place[held[kept[held]]] for port, held in cluster.used_ports.items()},
        unlisted_tasks=cluster.unlisted_tasks[kept],
        devices=cluster.devices[kept],
        device_count=cluster.device_count[kept],
        ec2_instance_id=_chosen(cluster.ec2_instance_id, kept),
        agent_version=_chosen(cluster.agent_version, kept),
        registered_at=_chosen(cluster.registered_at, kept),
        capacity_provider=_chosen(cluster.capacity_provider, kept),
    )
    running = problem.running
    here = kept[running.instance]
    shape = (len(problem.groups), smaller.size)
    return replace(
        problem,
        cluster=smaller,
        running=Counts.of(shape, running.group[here], place[running.instance[here]], running.count[here]),
        frozen=problem.frozen[kept],
        drained=problem.drained[kept],
        tasks=tuple(replace(task, instance=int(place[task.instance])) for task in problem.tasks if kept[task.instance]),
    )


def without_tasks(problem: Problem, gone: Bools) -> Problem:
    """The problem without some running tasks: what they held is free.

    Parameters
    ----------
    gone
        ``bool[N]``: the cells of ``running`` whose tasks are gone, all of each.
    """
    running, cluster = problem.running, problem.cluster
    shape = (len(problem.groups), cluster.size)
    left = Counts.of(shape, running.group[~gone], running.instance[~gone], running.count[~gone])
    ports = dict(cluster.used_ports)
    for g, i in zip(running.group[gone].tolist(), running.instance[gone].tolist(), strict=True):
        for port in problem.groups[g].ports:
            held = ports.get(port, np.zeros(0, np.int64))
            ports[port] = held[held != i]
    cells = set(zip(running.group[gone].tolist(), running.instance[gone].tolist(), strict=True))
    # What a snapshot says is free may leave no place for what its own tasks take: never more than all of it.
    free = np.minimum(cluster.free - (left - running).load(problem.demand), cluster.capacity)
    devices = devices_after(problem, left - running) if problem.device_groups else cluster.devices
    return replace(
        problem,
        cluster=replace(cluster, free=free, used_ports=ports, devices=devices),
        running=left,
        tasks=tuple(task for task in problem.tasks if (task.group, task.instance) not in cells),
    )


def replaced_instances(problem: Problem, chosen: Bools, name: str, capacity: Mapping[str, int]) -> Problem:
    """The problem with some instances replaced, each by an empty one of another type under its name.

    Parameters
    ----------
    name, capacity
        The type; resources that are not named are 0.
    """
    emptied = without_tasks(problem, chosen[problem.running.instance])
    cluster = emptied.cluster
    row = _amounts(cluster, capacity)
    amounts, free = cluster.capacity.copy(), cluster.free.copy()
    amounts[chosen] = free[chosen] = row
    types = [cluster.column(INSTANCE_TYPE)[i] for i in range(cluster.size)]
    named = TextColumn.of(name if chosen[i] else types[i] for i in range(cluster.size))
    devices, count = cluster.devices.copy(), cluster.device_count.copy()
    if devices.shape[1]:
        new = _devices(cluster, capacity)
        devices, count = _widened(devices, len(new)), count
        devices[chosen] = 0
        devices[chosen, : len(new)] = new
        count[chosen] = len(new)
    ports = {port: held if port in AGENT_PORTS else held[~chosen[held]] for port, held in cluster.used_ports.items()}
    snapshot = replace(
        cluster,
        capacity=amounts,
        free=free,
        attributes={**cluster.attributes, INSTANCE_TYPE: named},
        unlisted_tasks=np.where(chosen, 0, cluster.unlisted_tasks),
        used_ports=ports,
        devices=devices,
        device_count=count,
    )
    return replace(emptied, cluster=snapshot)


def with_instances(problem: Problem, new: Sequence[NewInstance]) -> Problem:
    """The problem with empty instances more, at the end."""
    cluster, more = problem.cluster, len(new)
    amounts = np.array([_amounts(cluster, one.capacity) for one in new], np.int64)
    amounts = amounts.reshape(more, len(cluster.resources))
    names = dict.fromkeys([*cluster.attributes, *(name for one in new for name in one.attributes)])
    facts = {fact: _texts(getattr(cluster, fact)) for fact in FACTS}
    like = [one.like for one in new]
    seats = [_devices(cluster, one.capacity) for one in new] if cluster.devices.shape[1] else [[] for _ in new]
    devices = _widened(cluster.devices, max((len(row) for row in seats), default=0))
    rows = np.array([row + [0] * (devices.shape[1] - len(row)) for row in seats], np.int64)
    larger = ClusterSnapshot(
        instance_ids=(*cluster.instance_ids, *(one.name for one in new)),
        resources=cluster.resources,
        capacity=np.vstack([cluster.capacity, amounts]),
        free=np.vstack([cluster.free, amounts]),
        active=np.append(cluster.active, np.ones(more, np.bool_)),
        connected=np.append(cluster.connected, np.ones(more, np.bool_)),
        attributes={
            name: TextColumn.of([*_texts(cluster.column(name)), *(one.attributes.get(name) for one in new)])
            for name in names
        },
        ec2_instance_id=TextColumn.of([*facts["ec2_instance_id"], *([None] * more)]),
        agent_version=_as_of(facts["agent_version"], like),
        registered_at=_as_of(facts["registered_at"], like),
        capacity_provider=TextColumn.of([*facts["capacity_provider"], *(one.provider or None for one in new)]),
        used_ports=_with_agents(cluster, like),
        unlisted_tasks=np.append(cluster.unlisted_tasks, np.zeros(more, np.int64)),
        name=cluster.name,
        taken_at=cluster.taken_at,
        devices=np.vstack([devices, rows.reshape(more, devices.shape[1])]),
        device_count=np.append(cluster.device_count, np.array([len(row) for row in seats], np.int64)),
    )
    running = problem.running
    columns = (running.group.copy(), running.instance.copy(), running.count.copy())
    return replace(
        problem,
        cluster=larger,
        running=Counts(running.groups, larger.size, *columns),
        frozen=np.append(problem.frozen, np.zeros(more, np.bool_)),
        drained=np.append(problem.drained, np.zeros(more, np.bool_)),
    )


def _chosen(column: TextColumn, kept: Bools) -> TextColumn:
    """The column of some instances, without the values that none of them has."""
    codes = column.codes[kept]
    used = np.unique(codes[codes >= 0])
    place = np.full(len(column.values) + 1, -1, np.int32)
    place[used] = np.arange(len(used), dtype=np.int32)
    found = place[codes]
    found.flags.writeable = False
    return TextColumn(tuple(column.values[code] for code in used.tolist()), found)


def _texts(column: TextColumn) -> list[str | None]:
    return [column[i] for i in range(len(column))]


def _as_of(texts: list[str | None], like: Sequence[int | None]) -> TextColumn:
    """The column with what some instances have once more at the end."""
    return TextColumn.of([*texts, *(None if i is None else texts[i] for i in like)])


def _amounts(cluster: ClusterSnapshot, capacity: Mapping[str, int]) -> list[int]:
    return [capacity.get(name, 0) for name in cluster.resources]


def _devices(cluster: ClusterSnapshot, capacity: Mapping[str, int]) -> list[int]:
    """Whole devices, as many as the capacity has thousandths of; none where the cluster counts no devices."""
    return [WHOLE] * min(capacity.get("gpu", 0) // WHOLE, MOST_DEVICES) if cluster.devices.shape[1] else []


def _widened(devices: Ints, width: int) -> Ints:
    return np.pad(devices, ((0, 0), (0, max(width - devices.shape[1], 0))))


def _with_agents(cluster: ClusterSnapshot, like: Sequence[int | None]) -> dict[Port, Ints]:
    """The ports that are taken, those of the agents on new instances too."""
    ports = dict(cluster.used_ports)
    for port in AGENT_PORTS:
        held = ports.get(port, np.zeros(0, np.int64))
        new = [cluster.size + k for k, i in enumerate(like) if i is not None and (held == i).any()]
        if new:
            ports[port] = np.append(held, np.array(new, np.int64))
    return ports
