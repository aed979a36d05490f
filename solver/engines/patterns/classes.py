"""Instances that no type tells apart become one class, each cut down to the amounts that sums of demands can reach."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from solver.domain.counts import Bools, Ints
from solver.engines.patterns.problem import PackingProblem
from solver.engines.patterns.types import TaskTypes, numbers_of_bits
from solver.knapsack import Grid
from solver.reach import cut_alone, cut_together, grid_shape


@dataclass(frozen=True, eq=False)
class Classes:
    """``C`` classes of instances, ``E`` kinds of eligibility.

    Parameters
    ----------
    zone, empty, free, size
        Of each class: ``int64[C]``, ``bool[C]``, ``int64[C, R]`` after the cut, ``int64[C]`` instances.
    kind
        ``int64[C]``: the row of ``allowed``.
    allowed
        ``bool[E, T]``: types that instances of the kind admit.
    members, start
        The instances of class ``c`` are ``members[start[c]:start[c + 1]]``, ``int64[...]`` and ``int64[C + 1]``.
    grid
        Of demands rounded up: whatever it packs fits. Its ``cell`` is in ``cells``.
    loose
        Of demands rounded down: packs whatever fits. The same object where nothing was rounded.
    cells
        ``int64[C, R]``: ``free`` in cells, rounded down.
    """

    zone: Ints
    empty: Bools
    free: Ints
    size: Ints
    kind: Ints
    allowed: Bools
    members: Ints
    start: Ints
    grid: Grid
    loose: Grid
    cells: Ints

    @property
    def count(self) -> int:
        """``C``."""
        return len(self.size)

    def some(self, chosen: Ints) -> Classes:
        """Some of the classes, in that order."""
        width = np.diff(self.start)[chosen]
        start = np.concatenate([[0], np.cumsum(width)]).astype(np.int64)
        members = np.repeat(self.start[chosen] - start[:-1], width) + np.arange(start[-1])
        return replace(
            self,
            zone=self.zone[chosen],
            empty=self.empty[chosen],
            free=self.free[chosen],
            size=self.size[chosen],
            kind=self.kind[chosen],
            members=self.members[members],
            start=start,
            cells=self.cells[chosen],
        )


def classes(problem: PackingProblem, types: TaskTypes) -> Classes:
    """Merge the instances that can take at least one task."""
    free = np.maximum(problem.free, 0)
    kind, allowed = _eligibility(types, problem.instances)
    rows = len(np.unique(problem.zone * len(allowed) + kind))
    unit, shape = grid_shape(types.demand, types.cap, types.total, free, rows)
    need = _in_cells_up(types.demand, unit)
    grid = Grid.over(need, types.cap, shape)
    exact = not (types.demand % unit).any()
    loose = grid if exact else Grid.over(types.demand // unit, types.cap, shape)
    fits = np.stack([(row <= free).all(axis=1) for row in types.demand], axis=1) & allowed[kind]
    useful = np.flatnonzero(fits.any(axis=1))
    cut = cut_alone(types.demand, types.cap, allowed, free[useful], kind[useful])
    if exact:
        cut = cut_together(types.demand, allowed, grid, unit, cut, kind[useful])
    bits = np.packbits(fits[useful], axis=1).astype(np.int64)
    keys = np.column_stack([problem.zone[useful], problem.empty[useful], kind[useful], bits, cut])
    first, number = np.unique(keys, axis=0, return_index=True, return_inverse=True)[1:]
    number = number.reshape(-1)
    size = np.bincount(number, minlength=len(first)).astype(np.int64)
    top = np.array(shape, dtype=np.int64) - 1
    return Classes(
        zone=problem.zone[useful][first],
        empty=problem.empty[useful][first],
        free=cut[first],
        size=size,
        kind=kind[useful][first],
        allowed=allowed,
        members=useful[np.argsort(number, kind="stable")],
        start=np.concatenate([[0], np.cumsum(size)]).astype(np.int64),
        grid=grid,
        loose=loose,
        cells=np.minimum(cut[first] // unit, top),
    )


def _eligibility(types: TaskTypes, instances: int) -> tuple[Ints, Bools]:
    """``kind[I]`` and ``allowed[E, T]``."""
    if types.admits is None:
        return np.zeros(instances, dtype=np.int64), np.ones((1, types.count), dtype=bool)
    kind = numbers_of_bits(types.admits.T)
    first = np.unique(kind, return_index=True)[1]
    return kind, types.admits[:, first].T.copy()


def _in_cells_up(demand: Ints, unit: Ints) -> Ints:
    cells: Ints = -(-demand // unit)
    return cells
