"""Tasks by id, those of a group and those on an instance found without looking at all of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from solver.service.clusters.totals import Noting
from solver.v1.task_group_pb2 import RunningTask


class Standing(Noting[RunningTask]):
    """A dict of tasks that also knows where they are.

    Both ways to look are made when they are first used, which takes a look at every task, and follow each change from then on.
    """

    def __init__(self, found: Mapping[str, RunningTask]) -> None:
        super().__init__(found)
        self._on: dict[str, dict[str, dict[str, RunningTask]]] | None = None
        self._of: Counter[str] | None = None

    def put_all(self, found: Mapping[str, RunningTask]) -> None:
        """Set each of some tasks."""
        if self._on is None and self._of is None:
            self.written.update(found)
            self.update(found)
        else:
            for key, task in found.items():
                self[key] = task

    def __setitem__(self, key: str, value: RunningTask) -> None:
        self._leaves(key)
        super().__setitem__(key, value)
        if self._on is not None:
            self._on.setdefault(value.instance, {}).setdefault(value.group, {})[key] = value
        if self._of is not None:
            self._of[value.group] += 1

    def __delitem__(self, key: str) -> None:
        self._leaves(key)
        super().__delitem__(key)

    def _leaves(self, key: str) -> None:
        known = None if self._on is None and self._of is None else self.get(key)
        if known is None:
            return
        if self._on is not None:
            on = self._on[known.instance]
            del on[known.group][key]
            if not on[known.group]:
                del on[known.group]
        if self._of is not None:
            self._of[known.group] -= 1

    def on(self, instance: str) -> Mapping[str, Mapping[str, RunningTask]]:
        """Those on an instance, by group and id; only groups that have some."""
        if self._on is None:
            self._on = {}
            for key, task in self.items():
                self._on.setdefault(task.instance, {}).setdefault(task.group, {})[key] = task
        return self._on.get(instance, {})

    def all_on(self, instance: str) -> list[RunningTask]:
        """Those on an instance."""
        return [task for found in self.on(instance).values() for task in found.values()]

    def has_some_of(self, group: str) -> bool:
        """Whether one of them is of a group."""
        if self._of is None:
            self._of = Counter(task.group for task in self.values())
        return self._of[group] > 0

    def forget(self) -> None:
        """Let go of what finds them: they do not change any more."""
        self._on = self._of = None
