"""Sums over a cluster that is kept, carried along with its changes: what a change costs does not grow with the cluster."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from solver.v1 import cluster_pb2, task_group_pb2

M = TypeVar("M")

FRAME_BYTES = 16
"""At most what the wire takes around a part of a request, and for the number in a task count."""


class Noting(dict[str, M]):
    """A dict that notes which of its keys are set or deleted, by index or ``taken``."""

    def __init__(self, found: Mapping[str, M]) -> None:
        super().__init__(found)
        self.written: set[str] = set()

    def __setitem__(self, key: str, value: M) -> None:
        self.written.add(key)
        super().__setitem__(key, value)

    def __delitem__(self, key: str) -> None:
        self.written.add(key)
        super().__delitem__(key)

    def taken(self, key: str) -> M:
        """The value of a key, which is gone then."""
        found = self[key]
        del self[key]
        return found


class Holding(Protocol):
    """What holds instances, groups and tasks by name."""

    @property
    def instances(self) -> Mapping[str, cluster_pb2.Instance]: ...

    @property
    def groups(self) -> Mapping[str, task_group_pb2.TaskGroup]: ...

    @property
    def tasks(self) -> Mapping[str, task_group_pb2.RunningTask]: ...


@dataclass(frozen=True)
class Totals:
    """Sums over all of a cluster.

    Parameters
    ----------
    capacity, free
        For each resource, of the instances; of what is free without its sign, as §11.2 adds it up.
    unlisted
        Tasks of nobody.
    taken
        For each resource: what a task of each group takes, times its tasks, or once where it has none.
    attributes
        Instances by the names of their attributes.
    tasks
        Tasks by group.
    size
        Bytes that it takes of a request, or a little more: each task counts as a task count of its own, too.
    """

    capacity: tuple[int, ...]
    free: tuple[int, ...]
    unlisted: int
    taken: tuple[int, ...]
    attributes: Mapping[str, int]
    tasks: Mapping[str, int]
    size: int = 0

    @classmethod
    def of(cls, resources: Sequence[str], found: Holding) -> Totals:
        """Those of a whole cluster."""
        zeros = (0,) * len(resources)
        none = cls(zeros, zeros, 0, zeros, {}, {})
        return none.after(resources, _Nothing(), found, found.instances, found.groups, found.tasks)

    def after(
        self,
        resources: Sequence[str],
        before: Holding,
        after: Holding,
        instances: Iterable[str],
        groups: Iterable[str],
        tasks: Iterable[str],
    ) -> Totals:
        """Those after changes of the named instances, groups and tasks; nothing else may differ."""
        capacity, free, taken = list(self.capacity), list(self.free), list(self.taken)
        unlisted, attributes, running = self.unlisted, Counter(self.attributes), Counter(self.tasks)
        size = self.size
        for name in instances:
            for sign, instance in ((-1, before.instances.get(name)), (1, after.instances.get(name))):
                if instance is None:
                    continue
                unlisted += sign * instance.unlisted_tasks
                size += sign * (instance.ByteSize() + FRAME_BYTES)
                for r, (of_capacity, of_free) in enumerate(zip(instance.capacity, instance.free, strict=True)):
                    capacity[r] += sign * of_capacity
                    free[r] += sign * abs(of_free)
                for attribute in instance.attributes:
                    attributes[attribute] += sign
        touched = dict.fromkeys(groups)
        for name in tasks:
            for sign, task in ((-1, before.tasks.get(name)), (1, after.tasks.get(name))):
                if task is not None:
                    group = task.group
                    running[group] += sign
                    size += sign * (task.ByteSize() + _bytes_of(group) + _bytes_of(task.instance) + 2 * FRAME_BYTES)
                    touched[group] = None
        for name in touched:
            for sign, found, counts in ((-1, before.groups, self.tasks), (1, after.groups, running)):
                if name in found:
                    size += sign * (found[name].ByteSize() + FRAME_BYTES)
                    times = max(counts.get(name, 0), 1)
                    for r, resource in enumerate(resources):
                        taken[r] += sign * found[name].demand.get(resource, 0) * times
        return Totals(tuple(capacity), tuple(free), unlisted, tuple(taken), +attributes, +running, size)


def _bytes_of(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode())


@dataclass(frozen=True)
class _Nothing:
    """A cluster of nothing."""

    @property
    def instances(self) -> Mapping[str, cluster_pb2.Instance]:
        return {}

    @property
    def groups(self) -> Mapping[str, task_group_pb2.TaskGroup]:
        return {}

    @property
    def tasks(self) -> Mapping[str, task_group_pb2.RunningTask]:
        return {}
