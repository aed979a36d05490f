"""What has to happen, cell by cell: starts and stops of a group on an instance; and the bounds on the way (§9.2)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from solver.domain.counts import Bools, Counts, Ints
from solver.domain.problem import Problem
from solver.rules.base import UNLIMITED
from solver.steps.choose import Change


@dataclass(frozen=True, eq=False)
class Events:
    """``C`` cells of starts and stops; the tasks of a cell are interchangeable.

    Parameters
    ----------
    start
        ``bool[C]``: whether tasks start, or stop.
    group, instance
        ``int64[C]``.
    healthy
        ``bool[C]``: the tasks that stop count as healthy.
    count
        ``int64[C]``: how many tasks.
    passing
        ``bool[C]``: a stop of tasks that only pass through the instance: they must have come there first.
    """

    start: Bools
    group: Ints
    instance: Ints
    healthy: Bools
    count: Ints
    passing: Bools

    @classmethod
    def of(cls, starts: Counts, stopped: Iterable[Change]) -> Events:
        """Of new tasks by cell, and of the tasks that stop."""
        falls = Counter((change.group, change.instance, change.healthy) for change in stopped)
        # The unhealthy ones of a cell come before the healthy ones.
        cells = [(True, g, i, True, n) for g, i, n in starts]
        cells += [(False, g, i, healthy, n) for (g, i, healthy), n in sorted(falls.items())]
        table = np.array(cells, np.int64).reshape(len(cells), 5)
        none = np.zeros(len(cells), np.bool_)
        return cls(table[:, 0] > 0, table[:, 1], table[:, 2], table[:, 3] > 0, table[:, 4], none)

    def with_detour(self, group: int, instance: int) -> Events:
        """With one task of the group more that comes to the instance and leaves it."""
        return Events(
            np.append(self.start, [True, False]),
            np.append(self.group, [group, group]),
            np.append(self.instance, [instance, instance]),
            np.append(self.healthy, [True, True]),
            np.append(self.count, [1, 1]),
            np.append(self.passing, [False, True]),
        )

    def after(self, problem: Problem) -> Counts:
        """The counts that all of it ends with."""
        change = np.where(self.start, self.count, -self.count)
        shape = (len(problem.groups), problem.cluster.size)
        return problem.running + Counts.of(shape, self.group, self.instance, change)

    def __len__(self) -> int:
        return len(self.count)


@dataclass(frozen=True, eq=False)
class Bounds:
    """What the families with percentages must keep to on the way; ``F`` families.

    Parameters
    ----------
    families
        Their names.
    of
        ``int64[G]``: the family of each group; -1 for one without percentages.
    desired
        ``int64[F]``: tasks after the operation.
    lower, upper
        ``int64[F]``: no fewer healthy tasks, no more running or pending ones.
    healthy, total
        ``int64[F]``: healthy tasks, and all, before the operation.
    """

    families: tuple[str, ...]
    of: Ints
    desired: Ints
    lower: Ints
    upper: Ints
    healthy: Ints
    total: Ints

    @classmethod
    def of_plan(cls, problem: Problem, tasks: Counts) -> Bounds:
        """Of a plan with the counts ``tasks``: where revisions disagree, the strictest percentage of the family holds."""
        after, before = tasks.totals(), problem.running.totals()
        unfit = Counter(task.group for task in problem.tasks if not (task.healthy and task.running))
        of = np.full(len(problem.groups), -1, np.int64)
        names: list[str] = []
        rows = []
        for family, members in problem.families.items():
            least = [m for g in members if (m := problem.groups[g].minimum_healthy_percent) is not None]
            most = [m for g in members if (m := problem.groups[g].maximum_percent) is not None]
            if not least and not most:
                continue
            of[list(members)] = len(names)
            names.append(family)
            desired, total = int(after[list(members)].sum()), int(before[list(members)].sum())
            lower = -(-desired * max(least, default=0) // 100)
            upper = desired * min(most) // 100 if most else UNLIMITED
            rows.append((desired, lower, upper, max(total - sum(unfit[g] for g in members), 0), total))
        table = np.array(rows, np.int64).reshape(len(rows), 5)
        return cls(tuple(names), of, *(table[:, k] for k in range(5)))

    def with_limit(self, family: int, lower: int | None = None, upper: int | None = None) -> Bounds:
        """With another bound for one family."""
        lowers, uppers = self.lower.copy(), self.upper.copy()
        lowers[family] = lowers[family] if lower is None else lower
        uppers[family] = uppers[family] if upper is None else upper
        return replace(self, lower=lowers, upper=uppers)
