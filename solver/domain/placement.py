"""A problem with the tasks somewhere: what every rule reads to judge a state."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from solver.domain.columns import TextColumn
from solver.domain.counts import Bools, Counts, Ints
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
            total = np.zeros(self.size, np.int64)
            for group in self.problem.families.get(name, ()):
                if group in self._rows:
                    total += self._rows[group]
                else:
                    # No row is made for a group that nobody has started: families of thousands of groups stay small.
                    instances, counts = self._base.cells_of(group)
                    total[instances] += counts
            self._families[name] = total
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
        if group in self._rows:
            change = self.change(group)
            return int(min(change[change > 0].sum(), -change[change < 0].sum()))
        there, before = self.problem.running.cells_of(group)
        here, now = self._base.cells_of(group)
        _, one, other = np.intersect1d(there, here, assume_unique=True, return_indices=True)
        return int(min(now.sum(), before.sum()) - np.minimum(before[one], now[other]).sum())

    def start(self, group: int, instances: Ints, counts: Ints) -> None:
        """Start (negative: take back) tasks: ``counts[k]`` on ``instances[k]``, instances distinct."""
        row, family = self.row(group), self.family(self.problem.groups[group].family)
        row[instances] += counts
        family[instances] += counts
        self.free[instances] -= self.problem.demand[group] * counts[:, None]
        self._running_tasks[instances] += counts
        self._started.append((group, instances, counts))
        self._tasks = None

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
