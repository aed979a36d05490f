"""What tasks can use of an instance: each amount cut down to what sums of their demands can reach.

Of what is free only what some set of tasks can use up counts. Most of the strength of every bound on instances opened
comes from that cut: capacities that no sum of demands meets promise room that is not there.
"""

from __future__ import annotations

import numpy as np

from solver.domain.counts import Bools, Ints
from solver.knapsack import Grid

MAX_WORK = 4 * 10**7
"""Entries of all tables times steps, a quarter of a second; a finer grid is coarsened."""
MIN_CELLS, MAX_CELLS = 2**10, 2**18
"""Entries of a table, whatever the work."""
MAX_REACH = 2**22
"""Sums of one resource are enumerated up to so many units."""


def cut(demand: Ints, cap: Ints, allowed: Bools, free: Ints, kind: Ints) -> Ints:
    """``int64[I, R]``: of each amount the most that admitted tasks within *all* amounts of the instance can use.

    Parameters
    ----------
    demand, cap
        ``int64[T, R]`` and ``int64[T]``: what one task of a type takes, and how many an instance holds at most.
    allowed
        ``bool[E, T]``: types that instances of each kind admit.
    free, kind
        ``int64[I, R]``, zero or more, and ``int64[I]``.
    """
    unit, shape = grid_shape(demand, cap, cap, free, len(allowed))
    found = cut_alone(demand, cap, allowed, free, kind)
    if (demand % unit).any():
        return found
    return cut_together(demand, allowed, Grid.over(demand // unit, cap, shape), unit, found, kind)


def grid_shape(demand: Ints, cap: Ints, total: Ints, free: Ints, tables: int) -> tuple[Ints, tuple[int, ...]]:
    """The unit of each resource and the cells that the largest instance has, so many that the tables can be filled.

    The unit is the greatest common divisor of the demands. While the tables are too large, the resource with the
    most cells gets a unit an eighth larger.

    Parameters
    ----------
    demand, cap, total
        ``int64[T, R]``, ``int64[T]``, ``int64[T]``: of one task of a type; how many an instance holds; how many there are.
    free
        ``int64[I, R]``.
    tables
        How many tables of that shape are filled.
    """
    unit = np.maximum(np.gcd.reduce(demand, axis=0), 1)
    most = np.minimum(free.max(axis=0, initial=0), (demand * total[:, None]).sum(axis=0))
    steps = int(np.ceil(np.log2(cap + 1.0)).sum())
    affordable = np.clip(MAX_WORK / max(tables * steps, 1), MIN_CELLS, MAX_CELLS)
    while np.prod(most // unit + 1.0) > affordable:
        coarsest = np.argmax(most // unit)
        unit[coarsest] = -(-unit[coarsest] * 9 // 8)
    return unit, tuple((most // unit + 1).tolist())


def cut_alone(demand: Ints, cap: Ints, allowed: Bools, free: Ints, kind: Ints) -> Ints:
    """``int64[I, R]``: each amount cut to the largest sum of admitted demands below it, resource by resource."""
    found = free.copy()
    for number, row in enumerate(allowed):
        here = np.flatnonzero(kind == number)
        for resource in range(free.shape[1]) if len(here) else ():
            found[here, resource] = largest_sums(demand[row, resource], cap[row], free[here, resource])
    return found


def cut_together(demand: Ints, allowed: Bools, grid: Grid, unit: Ints, free: Ints, kind: Ints) -> Ints:
    """``int64[I, R]``: each amount cut to the most that a set of tasks within *all* amounts can use of it.

    Parameters
    ----------
    grid
        Of demands in units: ``demand`` divides without rest.
    """
    found = free.copy()
    cells = np.minimum(free // unit, np.array(grid.shape, dtype=np.int64) - 1)
    for resource in range(free.shape[1]):
        amounts = np.where(allowed, demand[:, resource] // unit[resource], -1)
        found[:, resource] = grid.best_at(amounts, kind, cells) * unit[resource]
    return found


def largest_sums(demand: Ints, cap: Ints, amounts: Ints) -> Ints:
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
