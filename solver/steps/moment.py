"""A moment on the way from the state before to the state after: a placement that changes in place, and mixtures of two."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from solver.domain.counts import Counts, Ints
from solver.domain.placement import Cells, Placement
from solver.domain.problem import Problem


class _ByRows(Placement):
    """A placement whose rows are what it knows: cells are read off them."""

    def cells_of(self, group: int) -> Cells:
        """The instances that hold tasks of the group, and how many."""
        row = self.row(group)
        cells = np.flatnonzero(row)
        return cells, row[cells]

    def family_in(self, name: str, part: Ints, parts: int) -> Ints:
        """``int64[P]``: tasks of a family in each part of the cluster."""
        return np.bincount(part + 1, weights=self.family(name), minlength=parts + 1)[1:].astype(np.int64)


class Moment(_ByRows):
    """A placement to which tasks are added and taken away.

    Parameters
    ----------
    starting
        The groups of which the plan starts tasks: a rule that binds on a start holds all the way where there is one.
    """

    def __init__(self, problem: Problem, before: Placement, starting: frozenset[int]) -> None:
        super().__init__(problem)
        # Shared: what a rule computes of the state before is then kept once.
        self.__dict__["before"] = before
        self._most_rows = len(problem.groups) + 1
        self.starting = starting

    def change_by(self, group: Ints, instance: Ints, count: Ints) -> None:
        """Add ``count[k]`` (negative: take away) tasks of ``group[k]`` on ``instance[k]``."""
        for g in np.unique(group).tolist():
            chosen = group == g
            row, family = self.row(g), self.family(self.problem.groups[g].family)
            np.add.at(row, instance[chosen], count[chosen])
            np.add.at(family, instance[chosen], count[chosen])
        np.subtract.at(self.free, instance, self.problem.demand[group] * count[:, None])
        np.add.at(self._running_tasks, instance, count)
        if self.problem.device_groups:
            self._note(group, instance, count)

    @property
    def tasks(self) -> Counts:
        """The counts of this moment."""
        changes = self._base
        for g, row in self._rows.items():
            cells = np.flatnonzero(row - self._base.row(g))
            shape = (changes.groups, changes.instances)
            more = Counts.of(shape, np.full(len(cells), g), cells, (row - self._base.row(g))[cells])
            changes = changes + more
        return changes

    def starts_any(self, groups: Iterable[int]) -> bool:
        """Whether the plan starts a task of one of the groups."""
        return not self.starting.isdisjoint(groups)


class Mixture(_ByRows):
    """A state with some rows of one moment and some of another: the worst for a rule that a stop can break as well.

    Parameters
    ----------
    high
        The moment that most is taken from.
    family
        ``int64[I]``: the tasks of a family.
    """

    def __init__(self, high: Moment, family: Callable[[str], Ints]) -> None:
        self.problem = high.problem
        self.free = high.free
        self.__dict__["before"] = high.before
        self._high = high
        self._family = family
        self._running_tasks = high.running_tasks

    @property
    def tasks(self) -> Counts:
        """The counts of the higher moment."""
        return self._high.tasks

    def row(self, group: int) -> Ints:
        """``int64[I]``: the group's tasks in the higher moment."""
        return self._high.row(group)

    def family(self, name: str) -> Ints:
        """``int64[I]``: the family's tasks, mixed."""
        return self._family(name)

    def starts_any(self, groups: Iterable[int]) -> bool:
        """Whether the plan starts a task of one of the groups."""
        return self._high.starts_any(groups)
