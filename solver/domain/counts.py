"""How many tasks of each group are on each instance: a sparse matrix of counts (§1.1)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


def read_only(array: NDArray[np.generic]) -> None:
    """Let nobody write to it."""
    array.flags.writeable = False


def sum_of(rows: Iterable[Ints], size: int) -> Ints:
    """``int64[size]``: rows added up; zeros where there are none."""
    total = np.zeros(size, np.int64)
    for row in rows:
        total += row
    return total


LARGEST_SUM = 2**53
"""Sums beyond this are refused (§11.2): every reader of a double still holds them exactly."""


def too_large(amounts: Ints, times: Ints | None = None) -> bool:
    """Whether ``sum |amounts| * times`` is above 2^53; exact, however large the amounts are."""
    factors = np.ones_like(amounts) if times is None else times
    estimate = float((np.abs(amounts.astype(float)) * factors.astype(float)).sum())
    if estimate < LARGEST_SUM * 0.99:
        return False
    return bool(sum(abs(a) * t for a, t in zip(amounts.tolist(), factors.tolist(), strict=True)) > LARGEST_SUM)


@dataclass(frozen=True, eq=False)
class Counts:
    """``tasks[g, i]`` as the cells that are not zero, sorted by group, then instance.

    Parameters
    ----------
    groups, instances
        The shape: ``G`` groups, ``I`` instances.
    group, instance, count
        ``int64[N]`` each. No cell twice, no count of zero.
    """

    groups: int
    instances: int
    group: Ints
    instance: Ints
    count: Ints

    def __post_init__(self) -> None:
        for column in (self.group, self.instance, self.count):
            read_only(column)

    @classmethod
    def of(cls, shape: tuple[int, int], group: Ints, instance: Ints, count: Ints) -> Counts:
        """From cells in any order; counts of one cell are added up and zeros dropped."""
        groups, instances = shape
        address = np.asarray(group, np.int64) * instances + np.asarray(instance, np.int64)
        cells, place = np.unique(address, return_inverse=True)
        summed = np.zeros(len(cells), np.int64)
        np.add.at(summed, place, np.asarray(count, np.int64))
        kept = summed != 0
        cells, summed = cells[kept], summed[kept]
        width = max(instances, 1)
        return cls(groups, instances, cells // width, cells % width, summed)

    @classmethod
    def empty(cls, groups: int, instances: int) -> Counts:
        """No task anywhere."""
        none = np.zeros(0, np.int64)
        return cls(groups, instances, none, none.copy(), none.copy())

    @classmethod
    def dense(cls, matrix: NDArray[np.integer]) -> Counts:
        """From ``int[G, I]``."""
        group, instance = np.nonzero(matrix)
        return cls.of(matrix.shape, group, instance, matrix[group, instance].astype(np.int64))

    def to_dense(self) -> Ints:
        """``int64[G, I]``; only where the product is known to be small."""
        matrix = np.zeros((self.groups, self.instances), np.int64)
        matrix[self.group, self.instance] = self.count
        return matrix

    def cells_of(self, group: int) -> tuple[Ints, Ints]:
        """The instances that hold the group, ascending, and how many tasks each holds."""
        start, stop = self._edges[group], self._edges[group + 1]
        return self.instance[start:stop], self.count[start:stop]

    @cached_property
    def _edges(self) -> list[int]:
        """Where the cells of each group begin, and where the last ones end."""
        edges: list[int] = np.searchsorted(self.group, np.arange(self.groups + 1)).tolist()
        return edges

    def row(self, group: int) -> Ints:
        """``int64[I]``: the group's tasks on each instance (a fresh array)."""
        row = np.zeros(self.instances, np.int64)
        instance, count = self.cells_of(group)
        row[instance] = count
        return row

    def totals(self) -> Ints:
        """``int64[G]``: the tasks of each group."""
        total = np.zeros(self.groups, np.int64)
        np.add.at(total, self.group, self.count)
        return total

    def load(self, demand: Ints) -> Ints:
        """``int64[I, R]``: what the tasks take, from ``demand[G, R]``."""
        taken = np.zeros((self.instances, demand.shape[1]), np.int64)
        np.add.at(taken, self.instance, demand[self.group] * self.count[:, None])
        return taken

    def per_instance(self) -> Ints:
        """``int64[I]``: the tasks on each instance."""
        total = np.zeros(self.instances, np.int64)
        np.add.at(total, self.instance, self.count)
        return total

    def __iter__(self) -> Iterator[tuple[int, int, int]]:
        return zip(self.group.tolist(), self.instance.tolist(), self.count.tolist(), strict=True)

    def __len__(self) -> int:
        return len(self.count)

    def _combined(self, other: Counts, sign: int) -> Counts:
        return Counts.of(
            (self.groups, self.instances),
            np.concatenate([self.group, other.group]),
            np.concatenate([self.instance, other.instance]),
            np.concatenate([self.count, sign * other.count]),
        )

    def __add__(self, other: Counts) -> Counts:
        return self._combined(other, 1)

    def __sub__(self, other: Counts) -> Counts:
        return self._combined(other, -1)

    def positive(self) -> Counts:
        """The cells above zero."""
        kept = self.count > 0
        return Counts(self.groups, self.instances, self.group[kept], self.instance[kept], self.count[kept])

    def same_as(self, other: Counts) -> bool:
        """Whether the two are the same matrix."""
        return (
            (self.groups, self.instances) == (other.groups, other.instances)
            and np.array_equal(self.group, other.group)
            and np.array_equal(self.instance, other.instance)
            and np.array_equal(self.count, other.count)
        )
