"""The variables of the count model: how many tasks of each type start on each instance, and whose they are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np

from solver.cpsat.merging import TaskType
from solver.domain.counts import Counts, Ints, sum_of
from solver.rules.model import Sum, Variable

Value = Callable[[Variable], int]


class UndeclaredReading(Exception):
    """A rule asked for tasks that its ``readings`` do not tell apart: a fault of this package."""


class StartVariables:
    """``held[i]`` a type and, where it has several groups, ``share[g, region]``.

    Parameters
    ----------
    types
        Each group in at most one.
    wanted
        ``int64[G]``: at most so many of each group.
    new
        Makes a variable from its bounds.
    """

    def __init__(self, types: Sequence[TaskType], wanted: Ints, new: Callable[[int, int], Variable]) -> None:
        self._types = [_OfType(kind, wanted, new) for kind in types]
        self._of_group = {g: one for one in self._types for g in one.kind.groups}
        self._asked: dict[tuple[int, ...], list[tuple[_OfType, tuple[int, ...]]]] = {}

    def candidates(self, group: int) -> Ints:
        """Instances (ascending) where the group may start a task."""
        return self._of_group[group].candidates if group in self._of_group else np.zeros(0, np.int64)

    def touched(self, groups: Iterable[int]) -> Ints:
        """Instances (ascending) where one of the groups may start a task."""
        found = [one.candidates for one, _ in self._by_type(tuple(groups))]
        return np.unique(np.concatenate([np.zeros(0, np.int64), *found]))

    def over(self, groups: tuple[int, ...], instances: Ints) -> tuple[Variable, ...]:
        """Variables that add up to the starts of the groups on the instances.

        Raises
        ------
        UndeclaredReading
            If they cannot be told from the type's other groups there.
        """
        inside = instances.tolist()
        return tuple(v for one, members in self._by_type(groups) for v in one.over(members, inside))

    def on_instance(self) -> dict[int, list[tuple[int, Variable]]]:
        """Of each instance a group of every type that may start there, and the variable of the type."""
        found: dict[int, list[tuple[int, Variable]]] = {}
        for one in self._types:
            for i, variable in one.held.items():
                found.setdefault(i, []).append((one.kind.groups[0], variable))
        return found

    def links(self) -> Iterator[tuple[Sum, Sum]]:
        """Sums that are equal: what the instances of a region hold, and what the groups have there."""
        for one in self._types:
            yield from one.links()

    def values(self, started: Counts) -> list[int]:
        """The value of every variable in a plan, in the order in which they were made."""
        return [value for one in self._types for value in one.values(started)]

    def deal(self, value: Value, near: Counts, shape: tuple[int, int]) -> Counts:
        """Starts group by group from a solution; of the ways to deal them out, one that keeps what it can of ``near``."""
        cells = [cell for one in self._types for cell in one.deal(value, near)]
        columns = np.array(cells, np.int64).reshape(len(cells), 3).T
        return Counts.of(shape, columns[0], columns[1], columns[2])

    def _by_type(self, groups: tuple[int, ...]) -> list[tuple[_OfType, tuple[int, ...]]]:
        if groups not in self._asked:
            found: dict[int, tuple[_OfType, list[int]]] = {}
            for g in dict.fromkeys(groups):
                if one := self._of_group.get(g):
                    found.setdefault(one.kind.groups[0], (one, []))[1].append(g)
            self._asked[groups] = [(one, tuple(members)) for one, members in found.values()]
        return self._asked[groups]


class _OfType:
    """The variables of one type."""

    def __init__(self, kind: TaskType, wanted: Ints, new: Callable[[int, int], Variable]) -> None:
        self.kind = kind
        self.candidates: Ints = np.flatnonzero(kind.most > 0)
        most = kind.most.tolist()
        self.held = {i: new(0, most[i]) for i in self.candidates.tolist()}
        self.share: dict[int, list[Variable]] = {}
        self._regions: list[list[int]] = []
        if len(kind.groups) > 1:
            self._regions = [np.flatnonzero(kind.region == region).tolist() for region in range(kind.regions)]
            room = [sum(most[i] for i in region) for region in self._regions]
            self.share = {g: [new(0, min(int(wanted[g]), fits)) for fits in room] for g in kind.groups}

    def over(self, groups: tuple[int, ...], instances: list[int]) -> Iterable[Variable]:
        """Variables that add up to the starts of these groups of the type on the instances."""
        if len(groups) == len(self.kind.groups):
            return [self.held[i] for i in instances if i in self.held]
        inside = {i for i in instances if i in self.held}
        regions = {int(self.kind.region[i]) for i in inside}
        if sum(len(self._regions[region]) for region in regions) != len(inside):
            raise UndeclaredReading(f"groups {groups} are told from others of {self.kind.groups} inside a region")
        return [self.share[g][region] for g in groups for region in sorted(regions)]

    def links(self) -> Iterator[tuple[Sum, Sum]]:
        """For each region, what its instances hold and what its groups have."""
        for region, instances in enumerate(self._regions):
            shares = [self.share[g][region] for g in self.kind.groups]
            yield _plain([self.held[i] for i in instances]), _plain(shares)

    def values(self, started: Counts) -> Iterator[int]:
        """The values in a plan, in the order in which the variables were made."""
        rows = {g: started.row(g) for g in self.kind.groups}
        yield from sum_of(rows.values(), started.instances)[self.candidates].tolist()
        for g in self.share:
            yield from (int(rows[g][instances].sum()) for instances in self._regions)

    def deal(self, value: Value, near: Counts) -> Iterator[tuple[int, int, int]]:
        """Group, instance and count of what starts."""
        held = {i: count for i, v in self.held.items() if (count := value(v))}
        if not self.share:
            yield from ((self.kind.groups[0], i, count) for i, count in held.items())
            return
        left = {g: [value(v) for v in shares] for g, shares in self.share.items()}
        for g in self.kind.groups:
            for i, count in zip(*(column.tolist() for column in near.cells_of(g)), strict=True):
                kept = min(count, held.get(i, 0), left[g][int(self.kind.region[i])]) if i in held else 0
                if kept > 0:
                    yield self._taken(g, i, kept, held, left)
        for region, instances in enumerate(self._regions):
            waiting = [g for g in self.kind.groups if left[g][region]]
            for i in (i for i in instances if i in held):
                while held[i]:
                    g = waiting[-1]
                    yield self._taken(g, i, min(held[i], left[g][region]), held, left)
                    if not left[g][region]:
                        waiting.pop()

    def _taken(
        self, group: int, instance: int, count: int, held: dict[int, int], left: dict[int, list[int]]
    ) -> tuple[int, int, int]:
        held[instance] -= count
        left[group][int(self.kind.region[instance])] -= count
        return group, instance, count


def _plain(variables: Sequence[Variable]) -> Sum:
    return Sum(tuple(variables), (1,) * len(variables))
