"""Buckets: the values of a field, and the tasks in each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from solver.domain.counts import Bools, Ints
from solver.domain.placement import Cells, Placement
from solver.domain.problem import Problem


@dataclass(frozen=True, eq=False)
class Buckets:
    """The values of a field that some instances carry, and which instance carries which.

    Parameters
    ----------
    of
        ``int64[I]``: the bucket of each instance; -1 for one without the field or whose value is not among them.
    size
        ``B``, the number of buckets.
    name
        The value of a bucket.
    """

    of: Ints
    size: int
    name: Callable[[int], str]

    @classmethod
    def over(cls, problem: Problem, field: str, usable: Bools) -> Buckets:
        """The values found on ``usable`` instances; every instance with such a value is in its bucket."""
        column = problem.cluster.column(field)
        codes = np.asarray(column.codes, np.int64)
        carried = np.zeros(len(column.values) + 1, np.bool_)
        carried[codes[usable]] = True
        carried[-1] = False
        found = np.flatnonzero(carried)
        position = np.full(len(column.values) + 1, -1, np.int64)
        position[found] = np.arange(len(found))

        def name(bucket: int) -> str:
            code = int(found[bucket])
            return problem.cluster.label(code) if field == "instanceId" else column.values[code]

        return cls(position[codes], len(found), name)

    @classmethod
    def everywhere(cls, problem: Problem, field: str) -> Buckets:
        """All values of the field."""
        return cls.over(problem, field, np.ones(problem.cluster.size, np.bool_))

    def __len__(self) -> int:
        return self.size

    @cached_property
    def inside(self) -> Bools:
        """``bool[I]``: instances that are in a bucket."""
        return self.of >= 0

    @cached_property
    def or_last(self) -> Ints:
        """``int64[I]``: the bucket of each instance, ``B`` for one in none."""
        return np.where(self.inside, self.of, self.size)

    def named(self, *more: str) -> Callable[[int], str]:
        """Names of the buckets, then of further places."""
        return lambda place: self.name(place) if place < self.size else more[place - self.size]

    def count(self, tasks: Ints) -> Ints:
        """``int64[B]``: tasks in each bucket, from ``int64[I]``."""
        return np.bincount(self.of + 1, weights=tasks, minlength=self.size + 1)[1:].astype(np.int64)

    def count_of(self, placement: Placement, family: str) -> Ints:
        """``int64[B]``: tasks of a family in each bucket."""
        return placement.family_in(family, self.of, self.size)

    def count_cells(self, cells: Cells) -> Ints:
        """``int64[B]``: tasks in each bucket, from instances and how many there are on each."""
        instances, counts = cells
        return np.bincount(self.of[instances] + 1, weights=counts, minlength=self.size + 1)[1:].astype(np.int64)

    def members(self) -> list[Ints]:
        """The instances of each bucket, ascending."""
        order = np.argsort(self.of, kind="stable")
        edges = np.searchsorted(self.of[order], np.arange(len(self) + 1))
        return [order[edges[b] : edges[b + 1]] for b in range(len(self))]


def has_field(problem: Problem, field: str) -> Bools:
    """``bool[I]``: instances that carry the field."""
    return np.asarray(problem.cluster.column(field).codes >= 0)
