"""A problem with the tasks somewhere: what every rule reads to judge a state."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from solver.domain.columns import TextColumn
from solver.domain.counts import Bools, Counts, Ints
from solver.domain.problem import Problem

T = TypeVar("T", int, str)

KEPT_CELLS, KEPT_ROWS = 4_000_000, 16
"""Rows of counts are kept while they have so many cells together, and so many rows in any case."""

Cells = tuple[Ints, Ints]
"""Instances, ``int64[N]``, each once, and a number of tasks for each, ``int64[N]``."""


class Placement:
    """The state in which ``tasks[g, i]`` tasks of each group are on each instance.

    It offers what the cluster query language reads (``solver.query.Facts``), in this state. ``start`` changes it in
    place, which is for the engines: whoever is handed a placement to judge only reads it. Rows over all instances are made
    when they are asked for, and few of them are kept: with many groups and instances they would take all the memory.
    What can be said cell by cell is.
    """

    def __init__(self, problem: Problem, tasks: Counts | None = None) -> None:
        self.problem = problem
        self._base = problem.running if tasks is None else tasks
        self._tasks: Counts | None = self._base
        change = None if tasks is None else tasks - problem.running
        self._rows: dict[int, Ints] = {}
        self._families: dict[str, Ints] = {}
        self._started: list[tuple[int, Ints, Ints]] = []
        self._started_of: dict[int, list[tuple[Ints, Ints]]] = {}
        self._starting_at: tuple[int, frozenset[int]] = (-1, frozenset())
        cluster = problem.cluster
        self._most_rows = max(KEPT_CELLS // max(cluster.size, 1), KEPT_ROWS)
        free = cluster.free if change is None else cluster.free - change.load(problem.demand)
        self.free: Ints = np.array(free, order="F")
        """``int64[I, R]``, column by column: what is free in this state."""
        before = cluster.unlisted_tasks + problem.running.per_instance()
        self._running_tasks: Ints = before if change is None else before + change.per_instance()
        self.devices: Ints = cluster.devices
        """``int64[I, D]``: what was free on each device, less what tasks hold that were started on it for good."""
        self._unseated: dict[int, dict[int, int]] = {}
        if problem.device_groups and change is not None:
            self._note(change.group, change.instance, change.count)

    @property
    def tasks(self) -> Counts:
        """The counts of this state."""
        if self._tasks is None:
            self._tasks = self._base + self._started_counts()
        return self._tasks

    def _started_counts(self) -> Counts:
        shape = (len(self.problem.groups), self.size)
        if not self._started:
            return Counts.empty(*shape)
        groups = np.repeat([g for g, _, _ in self._started], [len(i) for _, i, _ in self._started])
        instances = np.concatenate([i for _, i, _ in self._started])
        counts = np.concatenate([n for _, _, n in self._started])
        return Counts.of(shape, groups, instances, counts)

    @cached_property
    def before(self) -> Placement:
        """The state before the operation."""
        return Placement(self.problem)

    def row(self, group: int) -> Ints:
        """``int64[I]``: the group's tasks on each instance, to be read until the next start."""
        if group not in self._rows:
            row = self._base.row(group)
            for instances, counts in self._started_of.get(group, ()):
                row[instances] += counts
            _keep(self._rows, group, row, self._most_rows)
        return self._rows[group]

    def cells_of(self, group: int) -> Cells:
        """The instances that hold tasks of the group, and how many (possibly none) each."""
        instances, counts = self._base.cells_of(group)
        return _added([(instances, counts), *self._started_of.get(group, ())])

    def change(self, group: int) -> Ints:
        """``int64[I]``: tasks of the group that this state has more than the one before."""
        return self.row(group) - self.problem.running.row(group)

    def change_of(self, group: int) -> Cells:
        """The same, on the instances that hold or held a task of the group."""
        instances, counts = self.problem.running.cells_of(group)
        return _added([self.cells_of(group), (instances, -counts)])

    def family(self, name: str) -> Ints:
        """``int64[I]``: tasks of all groups of a family, to be read until the next start."""
        if name not in self._families:
            members = self.problem.families.get(name, ())
            total = np.zeros(self.size, np.int64)
            for instances, counts in map(self.cells_of, members):
                total[instances] += counts
            _keep(self._families, name, total, self._most_rows)
        return self._families[name]

    def family_in(self, name: str, part: Ints, parts: int) -> Ints:
        """``int64[P]``: tasks of a family in each part of the cluster.

        Parameters
        ----------
        part
            ``int64[I]``: the part that each instance belongs to; -1 for none.
        """
        total = np.zeros(parts + 1, np.int64)
        for instances, counts in map(self.cells_of, self.problem.families.get(name, ())):
            np.add.at(total, part[instances], counts)
        return total[:-1]

    def held_by(self, groups: Iterable[int]) -> Ints:
        """``int64[I]``: tasks of these groups together."""
        chosen = np.zeros(len(self.problem.groups), np.bool_)
        chosen[list(groups)] = True
        tasks = self.tasks
        here = chosen[tasks.group]
        return np.bincount(tasks.instance[here], weights=tasks.count[here], minlength=self.size).astype(np.int64)

    def net(self, groups: Iterable[int]) -> int:
        """How many tasks more than before the groups have."""
        return sum(int(self.change_of(g)[1].sum()) for g in groups)

    def starts_any(self, groups: Iterable[int]) -> bool:
        """Whether a task of one of the groups starts."""
        return not self._starting().isdisjoint(groups)

    def _starting(self) -> frozenset[int]:
        """The groups that start tasks, as of the last start."""
        point, found = self._starting_at
        if point != len(self._started):
            started = (self.tasks - self.problem.running).positive()
            point, found = len(self._started), frozenset(np.unique(started.group).tolist())
            self._starting_at = (point, found)
        return found

    def moved(self, group: int) -> int:
        """Tasks of the group that stop here and start there."""
        change = self.change_of(group)[1]
        return int(min(change[change > 0].sum(), -change[change < 0].sum()))

    def start(self, group: int, instances: Ints, counts: Ints) -> None:
        """Start (negative: take back) tasks: ``counts[k]`` on ``instances[k]``, instances distinct."""
        for row in (self._rows.get(group), self._families.get(self.problem.groups[group].family)):
            if row is not None:
                row[instances] += counts
        self.free[instances] -= self.problem.demand[group] * counts[:, None]
        self._running_tasks[instances] += counts
        self._started.append((group, instances, counts))
        self._started_of.setdefault(group, []).append((instances, counts))
        self._tasks = None
        if group in self.problem.device_groups:
            self._note(np.full(len(instances), group), instances, counts)

    def seat(self, group: int, instance: int, devices: Sequence[int]) -> None:
        """Start one task on these devices of an instance for good: what starts later is laid beside it."""
        self.start(group, np.array([instance]), np.ones(1, np.int64))
        need = self.problem.groups[group].devices
        if need is None:
            return
        if not self.devices.flags.writeable:
            self.devices = self.devices.copy()
        self.devices[instance, list(devices)] -= need.each
        self._note(np.array([group]), np.array([instance]), -np.ones(1, np.int64))

    def _note(self, groups: Ints, instances: Ints, counts: Ints) -> None:
        """Of groups that need devices, what starts (negative: stops) and may yet lie on any of them."""
        seated = self.problem.device_groups
        for g, i, n in zip(groups.tolist(), instances.tolist(), counts.tolist(), strict=True):
            if g in seated:
                here = self._unseated.setdefault(i, {})
                here[g] = here.get(g, 0) + n
                if not here[g]:
                    del here[g]
                if not here:
                    del self._unseated[i]

    def unseated(self, instance: int) -> dict[int, int]:
        """By group with devices: tasks that start on the instance, or below zero stop there, and may lie on any devices."""
        return self._unseated.get(instance, {})

    def unseated_instances(self) -> list[int]:
        """The instances that have any, ascending."""
        return sorted(self._unseated)

    @property
    def starts(self) -> int:
        """How often ``start`` was called: a point to look back to."""
        return len(self._started)

    def started_on(self, since: int) -> Ints:
        """The instances of all starts after a point, ascending."""
        touched = np.zeros(self.size, np.bool_)
        for _, instances, _ in self._started[since:]:
            touched[instances] = True
        return np.flatnonzero(touched)

    def has_started(self, group: int) -> bool:
        """Whether ``start`` was called for the group."""
        return group in self._started_of

    # What the query language reads.

    @property
    def size(self) -> int:
        """``I``, the number of instances."""
        return self.problem.cluster.size

    def attribute(self, name: str) -> TextColumn | None:
        """The values of an attribute; None if no instance has it."""
        return self.problem.cluster.attributes.get(name)

    @property
    def agent_connected(self) -> Bools:
        """``bool[I]``."""
        return self.problem.cluster.connected

    @property
    def agent_version(self) -> TextColumn:
        """Version of the container agent."""
        return self.problem.cluster.agent_version

    @property
    def ec2_instance_id(self) -> TextColumn:
        """EC2 instance id."""
        return self.problem.cluster.ec2_instance_id

    @property
    def registered_at(self) -> TextColumn:
        """When the instance joined the cluster, ISO 8601."""
        return self.problem.cluster.registered_at

    @property
    def running_tasks(self) -> NDArray[np.int64]:
        """``int64[I]``: tasks with desired status RUNNING, listed or not."""
        return self._running_tasks

    @property
    def task_groups(self) -> Sequence[str]:
        """The families that may have tasks."""
        return tuple(self.problem.families)

    def tasks_of(self, family: str) -> NDArray[np.int64]:
        """``int64[I]``: tasks of a family."""
        return self.family(family)


def _keep(rows: dict[T, Ints], name: T, row: Ints, most: int) -> None:
    """Keep a row, and let the oldest go where there are too many."""
    while len(rows) >= most:
        del rows[next(iter(rows))]
    rows[name] = row


def _added(parts: Sequence[Cells]) -> Cells:
    """Cells added up, ascending."""
    if len(parts) == 1 or not sum(len(instances) for instances, _ in parts[1:]):
        return parts[0]
    if len(parts) == 2 and not len(parts[0][0]):
        return parts[1]
    instances, place = np.unique(np.concatenate([part[0] for part in parts]), return_inverse=True)
    total = np.zeros(len(instances), np.int64)
    np.add.at(total, place.reshape(-1), np.concatenate([part[1] for part in parts]))
    return instances, total
