"""A problem with the tasks somewhere: what every rule reads to judge a state."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from solver.domain.columns import TextColumn
from solver.domain.counts import Bools, Counts, Ints, sum_of
from solver.domain.problem import Problem


class Placement:
    """The state in which ``tasks[g, i]`` tasks of each group are on each instance.

    It offers what the cluster query language reads (``solver.query.Facts``), in this state. ``start`` changes it in
    place, which is for the engines: whoever is handed a placement to judge only reads it.
    """

    def __init__(self, problem: Problem, tasks: Counts | None = None) -> None:
        self.problem = problem
        self._base = problem.running if tasks is None else tasks
        self._tasks: Counts | None = self._base
        change = None if tasks is None else tasks - problem.running
        self._rows: dict[int, Ints] = {}
        self._families: dict[str, Ints] = {}
        self._started: list[tuple[int, Ints, Ints]] = []
        self._starting_at: tuple[int, frozenset[int]] = (-1, frozenset())
        cluster = problem.cluster
        self.free: Ints = cluster.free.copy() if change is None else cluster.free - change.load(problem.demand)
        """``int64[I, R]``: what is free in this state."""
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
        groups = np.concatenate([np.full(len(i), g, np.int64) for g, i, _ in self._started])
        instances = np.concatenate([i for _, i, _ in self._started])
        counts = np.concatenate([n for _, _, n in self._started])
        return Counts.of(shape, groups, instances, counts)

    @cached_property
    def before(self) -> Placement:
        """The state before the operation."""
        return Placement(self.problem)

    def row(self, group: int) -> Ints:
        """``int64[I]``: the group's tasks on each instance."""
        if group not in self._rows:
            # Whatever has been started since has its row here already, so the base is still true of the others.
            self._rows[group] = self._base.row(group)
        return self._rows[group]

    def change(self, group: int) -> Ints:
        """``int64[I]``: tasks of the group that this state has more than the one before."""
        return self.row(group) - self.problem.running.row(group)

    def family(self, name: str) -> Ints:
        """``int64[I]``: tasks of all groups of a family."""
        if name not in self._families:
            members = self.problem.families.get(name, ())
            self._families[name] = sum_of((self.row(group) for group in members), self.size)
        return self._families[name]

    def net(self, groups: Iterable[int]) -> int:
        """How many tasks more than before the groups have."""
        return sum(int(self.change(g).sum()) for g in groups)

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
        change = self.change(group)
        return int(min(change[change > 0].sum(), -change[change < 0].sum()))

    def start(self, group: int, instances: Ints, counts: Ints) -> None:
        """Start (negative: take back) tasks: ``counts[k]`` on ``instances[k]``, instances distinct."""
        row, family = self.row(group), self.family(self.problem.groups[group].family)
        row[instances] += counts
        family[instances] += counts
        self.free[instances] -= self.problem.demand[group] * counts[:, None]
        self._running_tasks[instances] += counts
        self._started.append((group, instances, counts))
        self._tasks = None
        if group in self.problem.device_groups:
            self._note(np.full(len(instances), group), instances, counts)

    def changed_since(self, point: int) -> tuple[int, Ints]:
        """The point that has been reached, and the instances (ascending) of the starts since an earlier one; 0 is the first."""
        since = [instances for _, instances, _ in self._started[point:]]
        return len(self._started), np.unique(np.concatenate([np.zeros(0, np.int64), *since]))

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
