"""What an instance of each class is worth at given prices of a task, and the bound that follows.

Let a task of type ``t`` that starts in zone ``z`` earn ``price[t, z] >= 0``. Any plan opens at least

    min over allowed zone counts x of sum price * x  -  sum over instances of max(0, best filling's price - cost)

where ``cost`` is 1 for an empty instance and 0 for one in use (Lagrangian relaxation of "every task starts"). It holds
for *any* prices, so prices from floating-point linear programming are rounded to integers and the value is computed
again exactly.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from solver.domain.counts import Ints
from solver.engines.patterns.classes import Classes
from solver.engines.patterns.knapsack import Grid, Table
from solver.engines.patterns.types import TaskTypes

SCALE = 10**7
"""Integer prices are in this part of an opened instance."""
MAX_PRICE = 10**4
"""A larger price proves nothing more: it only says that a task cannot be placed."""
MAX_CHOICE_BYTES = 2**26
"""Tables are filled for so many rows at once that the choices kept need no more."""


class Pricing:
    """Price tables over the grid, one row for each (zone, kind of eligibility) that has instances."""

    def __init__(self, types: TaskTypes, classes: Classes) -> None:
        self.types = types
        self.classes = classes
        keys = np.column_stack([classes.zone, classes.kind])
        rows, number = np.unique(keys, axis=0, return_inverse=True)
        self._zone, self._kind = rows[:, 0], rows[:, 1]
        self._row = number.reshape(-1).astype(np.int64)

    def worth(self, price: Table, grid: Grid) -> Table:
        """``[C]``: the best filling's price on an instance of each class."""
        result = np.zeros(self.classes.count, dtype=price.dtype)
        for rows, here in self._chunks(grid):
            table = grid.best(self._values(price, rows))
            result[here] = table[(self._row[here] - rows.start, *self.classes.cells[here].T)]
        return result

    def best_patterns(self, price: NDArray[np.float64]) -> tuple[NDArray[np.float64], Ints]:
        """``float64[C]`` and ``int64[C, T]``: the best filling's price of each class, and that filling."""
        grid = self.classes.grid
        worth = np.zeros(self.classes.count)
        held = np.zeros((self.classes.count, self.types.count), dtype=np.int64)
        for rows, here in self._chunks(grid):
            table, choices = grid.best_and_choices(self._values(price, rows))
            row, cell = self._row[here] - rows.start, self.classes.cells[here]
            worth[here] = table[(row, *cell.T)]
            held[here] = grid.patterns(choices, row, cell, self.types.count)
        return worth, held

    def bound(self, price: NDArray[np.float64]) -> int:
        """At least so many empty instances are opened by any plan: exact integers, for whatever prices."""
        whole = np.floor(np.clip(np.nan_to_num(price), 0, MAX_PRICE) * SCALE).astype(np.int64)
        worth = self.worth(whole, self.classes.loose)
        profit = np.maximum(worth - np.where(self.classes.empty, SCALE, 0), 0)
        value = self.types.cheapest_zones(whole) - int((profit * self.classes.size).sum())
        return max(-(-value // SCALE), 0)

    def _chunks(self, grid: Grid) -> list[tuple[range, Ints]]:
        """Rows to fill at once, and the classes that read them."""
        step = max(1, MAX_CHOICE_BYTES // (grid.cells * max(len(grid.parts), 8)))
        rows = [range(begin, min(begin + step, len(self._zone))) for begin in range(0, len(self._zone), step)]
        return [(part, np.flatnonzero((self._row >= part.start) & (self._row < part.stop))) for part in rows]

    def _values(self, price: Table, rows: range) -> Table:
        allowed = self.classes.allowed[self._kind[rows.start : rows.stop]]
        values: Table = np.where(allowed, price.T[self._zone[rows.start : rows.stop]], -1)
        return values
