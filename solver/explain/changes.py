"""Changed problems: a task moved, a rule written otherwise, a demand reduced, an instance added."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from solver.domain.cluster import INSTANCE_TYPE, ZONE, ClusterSnapshot, Port
from solver.domain.columns import TextColumn
from solver.domain.counts import Counts, Ints
from solver.domain.problem import Problem
from solver.domain.request import RuleSpec, RunningTask, TaskGroup
from solver.domain.seating import devices_moved
from solver.rules import random as random_strategy

NO_STRATEGY = (RuleSpec(random_strategy.TYPE),)
"""For a group that shall follow none: left out altogether, the default of §4.4 would stand."""

AGENT_PORTS: tuple[Port, ...] = tuple(("tcp", port) for port in (22, 2375, 2376, 51678, 51679, 51680))
"""Ports that the agent reserves (ECS developer guide, agent configuration): a new instance has them taken too."""


@dataclass(frozen=True)
class Move:
    """One running task of ``group`` goes from one instance to another."""

    group: int
    source: int
    target: int


def moved(problem: Problem, move: Move) -> Problem:
    """The problem after the move: what runs, what is free, and which ports are taken."""
    change = change_of(problem, move)
    cluster = problem.cluster
    ports = dict(cluster.used_ports)
    for port in problem.groups[move.group].ports:
        there = ports.get(port, np.zeros(0, np.int64))
        ports[port] = np.union1d(there[there != move.source], [move.target]).astype(np.int64)
    # What a snapshot says is free may leave no place for what its own task takes: never more than all of it.
    free = np.minimum(cluster.free - change.load(problem.demand), cluster.capacity)
    chosen = task_of(problem, move)
    held = (move.source, () if chosen is None else chosen.devices)
    devices, seats = devices_moved(problem, move.group, held, move.target)
    tasks = (replace(task, instance=move.target, devices=seats) if task is chosen else task for task in problem.tasks)
    return replace(
        problem,
        cluster=replace(cluster, free=free, used_ports=ports, devices=devices),
        running=problem.running + change,
        tasks=tuple(tasks),
    )


def task_of(problem: Problem, move: Move) -> RunningTask | None:
    """The task to move, where tasks are named: unprotected and RUNNING, the unhealthy first, then the oldest (§9.1)."""
    able = [
        task
        for task in problem.tasks
        if task.group == move.group and task.instance == move.source and task.running and not task.protected
    ]
    return min(able, key=lambda task: (task.healthy, task.started_at, task.id), default=None)


def change_of(problem: Problem, move: Move) -> Counts:
    """The move as a change of counts."""
    columns = (np.full(2, move.group), np.array([move.source, move.target]), np.array([-1, 1]))
    return Counts.of((len(problem.groups), problem.cluster.size), *columns)


def with_group(problem: Problem, index: int, group: TaskGroup) -> Problem:
    """The problem with one group written otherwise."""
    groups = (*problem.groups[:index], group, *problem.groups[index + 1 :])
    return replace(problem, groups=groups)


def with_constraint(problem: Problem, owner: int, at: int, spec: RuleSpec | None) -> Problem:
    """The problem with one constraint of a group replaced, or dropped."""
    group = problem.groups[owner]
    new = () if spec is None else (spec,)
    return with_group(problem, owner, replace(group, constraints=_spliced(group.constraints, at, new)))


def without_strategy(problem: Problem, owner: int, at: int) -> Problem:
    """The problem where a group does not follow one of its strategies: those after it move up; without any, it has ``random``."""
    left = _spliced(problem.strategies(owner), at, ())
    return with_group(problem, owner, replace(problem.groups[owner], strategies=left or NO_STRATEGY))


def with_cluster_rule(problem: Problem, at: int, spec: RuleSpec | None) -> Problem:
    """The problem with one rule of the cluster replaced, or dropped."""
    return replace(problem, rules=_spliced(problem.rules, at, () if spec is None else (spec,)))


def _spliced(specs: tuple[RuleSpec, ...], at: int, new: tuple[RuleSpec, ...]) -> tuple[RuleSpec, ...]:
    return (*specs[:at], *new, *specs[at + 1 :])


def with_demand(problem: Problem, index: int, resource: str, amount: int) -> Problem:
    """The problem with new tasks of one group that need less."""
    group = problem.groups[index]
    return with_group(problem, index, replace(group, demand={**group.demand, resource: amount}))


@dataclass(frozen=True)
class Model:
    """A kind of instance that the cluster has: ``like`` is one of them."""

    like: int
    name: str
    zone: str


def models(cluster: ClusterSnapshot) -> list[Model]:
    """Kinds of instance by capacity and attributes, the smallest first (share of CPU and memory added up)."""
    columns = [cluster.attributes[name].codes for name in sorted(cluster.attributes)]
    columns += [cluster.capacity_provider.codes]
    table = np.column_stack([cluster.capacity, *columns]) if cluster.size else np.zeros((0, 1), np.int64)
    _, first = np.unique(table, axis=0, return_index=True)
    types, zones = cluster.column(f"attribute:{INSTANCE_TYPE}"), cluster.column(f"attribute:{ZONE}")
    size = _size(cluster)
    ordered = sorted(first.tolist(), key=lambda i: (size[i], i))
    return [Model(i, types[i] or "", zones[i] or "") for i in ordered]


def _size(cluster: ClusterSnapshot) -> list[float]:
    """How large each instance is: CPU and memory as shares of the largest, added up; else all resources."""
    chosen = [r for r, name in enumerate(cluster.resources) if name in ("cpu", "memory")]
    capacity = cluster.capacity[:, chosen] if chosen else cluster.capacity
    largest = np.maximum(capacity.max(axis=0, initial=1), 1)
    return [float(size) for size in (capacity / largest).sum(axis=1)]


def with_instance(problem: Problem, model: Model, name: str) -> Problem:
    """The problem with one empty instance more, of a kind that the cluster has."""
    cluster, like = problem.cluster, model.like
    size = cluster.size
    grown = ClusterSnapshot(
        instance_ids=(*cluster.instance_ids, name),
        resources=cluster.resources,
        capacity=_appended(cluster.capacity, cluster.capacity[like]),
        free=_appended(cluster.free, cluster.capacity[like]),
        active=np.append(cluster.active, True),
        connected=np.append(cluster.connected, True),
        attributes={key: _one_more(column, like) for key, column in cluster.attributes.items()},
        ec2_instance_id=_one_without(cluster.ec2_instance_id),
        agent_version=_one_more(cluster.agent_version, like),
        registered_at=_one_more(cluster.registered_at, like),
        capacity_provider=_one_more(cluster.capacity_provider, like),
        used_ports=_with_agent_ports(cluster.used_ports, like, size),
        unlisted_tasks=np.append(cluster.unlisted_tasks, np.int64(0)),
        name=cluster.name,
        taken_at=cluster.taken_at,
    )
    return replace(
        problem,
        cluster=grown,
        running=widened(problem.running),
        frozen=np.append(problem.frozen, False),
        drained=np.append(problem.drained, False),
    )


def widened(counts: Counts) -> Counts:
    """The same counts with one instance more, on which there is nothing."""
    columns = (counts.group.copy(), counts.instance.copy(), counts.count.copy())
    return Counts(counts.groups, counts.instances + 1, *columns)


def _appended(amounts: Ints, row: Ints) -> Ints:
    return np.vstack([amounts, row[None, :]])


def _one_more(column: TextColumn, like: int) -> TextColumn:
    return TextColumn(column.values, np.append(column.codes, column.codes[like]))


def _one_without(column: TextColumn) -> TextColumn:
    return TextColumn(column.values, np.append(column.codes, np.int32(-1)))


def _with_agent_ports(used: Mapping[Port, Ints], like: int, new: int) -> dict[Port, Ints]:
    grown = dict(used)
    for port in AGENT_PORTS:
        if port in used and like in used[port]:
            grown[port] = np.append(used[port], np.int64(new))
    return grown
