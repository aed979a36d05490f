"""Instances that no type tells apart become one class, each cut down to the amounts that sums of demands can reach.

Of what is free on an instance only what some set of tasks can use up counts. Most of the strength of every bound here
comes from that cut.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from solver.domain.counts import Bools, Ints
from solver.engines.patterns.knapsack import Grid
from solver.engines.patterns.problem import PackingProblem
from solver.engines.patterns.types import TaskTypes

MAX_WORK = 4 * 10**7
"""Entries of all tables times steps, a quarter of a second; a finer grid is coarsened."""
MIN_CELLS, MAX_CELLS = 2**10, 2**18
"""Entries of a table, whatever the work."""
MAX_REACH = 2**22
"""Sums of one resource are enumerated up to so many units."""


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


def classes(problem: PackingProblem, types: TaskTypes) -> Classes:
    """Merge the instances that can take at least one task."""
    free = np.maximum(problem.free, 0)
    kind, allowed = _eligibility(types, problem.instances)
    rows = len(np.unique(problem.zone * len(allowed) + kind))
    unit, shape = _grid_shape(types, free, rows)
    need = _in_cells_up(types.demand, unit)
    grid = Grid.over(need, types.cap, shape)
    exact = not (types.demand % unit).any()
    loose = grid if exact else Grid.over(types.demand // unit, types.cap, shape)
    fits = np.stack([(row <= free).all(axis=1) for row in types.demand], axis=1) & allowed[kind]
    useful = np.flatnonzero(fits.any(axis=1))
    cut = _reachable(types, allowed, free[useful], kind[useful])
    if exact:
        cut = _reachable_together(types, allowed, grid, unit, cut, kind[useful])
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
    packed = np.packbits(types.admits, axis=0)
    first, kind = np.unique(packed, axis=1, return_index=True, return_inverse=True)[1:]
    return kind.reshape(-1).astype(np.int64), types.admits[:, first].T.copy()


def _grid_shape(types: TaskTypes, free: Ints, rows: int) -> tuple[Ints, tuple[int, ...]]:
    """The unit of each resource and the cells that the largest instance has, so many that the tables can be filled.

    The unit is the greatest common divisor of the demands. While the tables are too large, the resource with the
    most cells gets a unit an eighth larger.
    """
    unit = np.maximum(np.gcd.reduce(types.demand, axis=0), 1)
    most = np.minimum(free.max(axis=0, initial=0), (types.demand * types.total[:, None]).sum(axis=0))
    steps = int(np.ceil(np.log2(types.cap + 1.0)).sum())
    allowed = np.clip(MAX_WORK / max(rows * steps, 1), MIN_CELLS, MAX_CELLS)
    while np.prod(most // unit + 1.0) > allowed:
        coarsest = np.argmax(most // unit)
        unit[coarsest] = -(-unit[coarsest] * 9 // 8)
    return unit, tuple((most // unit + 1).tolist())


def _in_cells_up(demand: Ints, unit: Ints) -> Ints:
    cells: Ints = -(-demand // unit)
    return cells


def _reachable(types: TaskTypes, allowed: Bools, free: Ints, kind: Ints) -> Ints:
    """Each amount cut to the largest sum of admitted demands below it, resource by resource."""
    cut = free.copy()
    for number, row in enumerate(allowed):
        here = np.flatnonzero(kind == number)
        if not len(here):
            continue
        for resource in range(free.shape[1]):
            demand = types.demand[row, resource]
            cut[here, resource] = _largest_sums(demand, types.cap[row], free[here, resource])
    return cut


def _largest_sums(demand: Ints, cap: Ints, amounts: Ints) -> Ints:
    """For each amount the largest sum of at most ``cap`` of each demand that is not above it."""
    positive = demand > 0
    if not positive.any():
        return np.zeros_like(amounts)
    unit = int(np.gcd.reduce(demand[positive]))
    total = int((demand * cap).sum())
    most = min(int(amounts.max(initial=0)), total) // unit
    if most > MAX_REACH:
        return np.minimum(amounts, total)
    reach, mask = 1, (1 << (most + 1)) - 1
    for size, count in zip((demand[positive] // unit).tolist(), cap[positive].tolist(), strict=True):
        part = 1
        while count > 0:
            step = min(part, count)
            if step * size <= most:
                reach |= (reach << (step * size)) & mask
            count, part = count - step, part * 2
    bits = np.frombuffer(reach.to_bytes(most // 8 + 1, "little"), dtype=np.uint8)
    reached = np.unpackbits(bits, bitorder="little")[: most + 1]
    largest = np.maximum.accumulate(np.where(reached, np.arange(most + 1), 0))
    result: Ints = largest[np.minimum(amounts // unit, most)] * unit
    return result


def _reachable_together(types: TaskTypes, allowed: Bools, grid: Grid, unit: Ints, free: Ints, kind: Ints) -> Ints:
    """Each amount cut to the most that a set of tasks within *all* amounts can use of it."""
    cut = free.copy()
    cells = np.minimum(free // unit, np.array(grid.shape, dtype=np.int64) - 1)
    for resource in range(free.shape[1]):
        amounts = np.where(allowed, types.demand[:, resource] // unit[resource], -1)
        cut[:, resource] = grid.best_at(amounts, kind, cells) * unit[resource]
    return cut
