"""Buckets: the values of a field, and the tasks in each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from solver.domain.counts import Bools, Ints
from solver.domain.problem import Problem


@dataclass(frozen=True, eq=False)
class Buckets:
    """The values of a field that some instances carry, and which instance carries which.

    Parameters
    ----------
    names
        ``B`` values.
    of
        ``int64[I]``: the bucket of each instance; -1 for one without the field or whose value is not among them.
    """

    names: tuple[str, ...]
    of: Ints

    @classmethod
    def over(cls, problem: Problem, field: str, usable: Bools) -> Buckets:
        """The values found on ``usable`` instances; every instance with such a value is in its bucket."""
        column = problem.cluster.column(field)
        codes = np.asarray(column.codes, np.int64)
        found = np.unique(codes[usable & (codes >= 0)])
        position = np.full(len(column.values) + 1, -1, np.int64)
        position[found] = np.arange(len(found))
        names = tuple(
            problem.cluster.label(int(code)) if field == "instanceId" else column.values[code]
            for code in found.tolist()
        )
        return cls(names, position[codes])

    def __len__(self) -> int:
        return len(self.names)

    @property
    def inside(self) -> Bools:
        """``bool[I]``: instances that are in a bucket."""
        return self.of >= 0

    def count(self, tasks: Ints) -> Ints:
        """``int64[B]``: tasks in each bucket, from ``int64[I]``."""
        counted = np.zeros(len(self), np.int64)
        np.add.at(counted, self.of[self.inside], tasks[self.inside])
        return counted

    def members(self) -> list[Ints]:
        """The instances of each bucket, ascending."""
        order = np.argsort(self.of, kind="stable")
        edges = np.searchsorted(self.of[order], np.arange(len(self) + 1))
        return [order[edges[b] : edges[b + 1]] for b in range(len(self))]


def has_field(problem: Problem, field: str) -> Bools:
    """``bool[I]``: instances that carry the field."""
    return np.asarray(problem.cluster.column(field).codes >= 0)
