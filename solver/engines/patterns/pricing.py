"""What an instance of each class is worth at given prices of a task, and the bound that follows.

Let a task of type ``t`` that starts in zone ``z`` earn ``price[t, z] >= 0``. Any plan opens at least

    min over allowed zone counts x of sum price * x  -  sum over instances of max(0, best filling's price - cost)

where ``cost`` is 1 for an empty instance and 0 for one in use (Lagrangian relaxation of "every task starts"). Within a
box, the number of instances of a class that take tasks stays within its bounds. The bound holds for *any* prices, so
prices from floating-point linear programming are rounded to integers and the value is computed again exactly.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from solver.domain.counts import Ints
from solver.engines.patterns.box import Box
from solver.engines.patterns.classes import Classes
from solver.engines.patterns.types import TaskTypes
from solver.knapsack import Grid, Table

Floats = NDArray[np.float64]

SCALE = 10**7
"""Integer prices are in this part of an opened instance."""
MAX_PRICE = 10**4
"""A larger price proves nothing more: it only says that a task cannot be placed."""


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
        return grid.best_at(self._values(price), self._row, self.classes.cells)

    def best_patterns(self, price: Floats) -> tuple[Floats, Ints]:
        """``float64[C]`` and ``int64[C, T]``: the best filling's price of each class, and that filling.

        On a rounded grid: the better of what fits when rounded up, and what fits when rounded down less the tasks
        that are too much.
        """
        classes = self.classes
        worth, held = classes.grid.best_fillings(self._values(price), self._row, classes.cells)
        if classes.loose is classes.grid:
            return worth, held
        trimmed = classes.loose.best_fillings(self._values(price), self._row, classes.cells)[1]
        self._trim(price, trimmed)
        trimmed_worth = (price.T[classes.zone] * trimmed).sum(axis=1)
        better = trimmed_worth > worth
        return np.where(better, trimmed_worth, worth), np.where(better[:, None], trimmed, held)

    def _trim(self, price: Floats, held: Ints) -> None:
        """Take out tasks, those that earn least for what is too much of, until everything fits."""
        demand = self.types.demand
        while True:
            excess = held @ demand - self.classes.free
            over = np.flatnonzero((excess > 0).any(axis=1))
            if not len(over):
                return
            share = np.maximum(excess[over], 0) / np.maximum(self.classes.free[over], 1)
            relief = share @ demand.T
            usable = (held[over] > 0) & (relief > 0)
            cost = np.where(usable, price.T[self.classes.zone[over]] / np.maximum(relief, 1e-12), np.inf)
            held[over, cost.argmin(axis=1)] -= 1

    def bound(self, price: Floats, box: Box) -> int:
        """At least so many empty instances are opened by any plan in the box: exact integers, for whatever prices."""
        whole = np.floor(np.clip(np.nan_to_num(price), 0, MAX_PRICE) * SCALE).astype(np.int64)
        loss = np.where(self.classes.empty, SCALE, 0) - self.worth(whole, self.classes.loose)
        value = self.types.cheapest_zones(whole, box.least_excess, box.most_excess)
        value += int((loss * np.where(loss < 0, box.most_used, box.least_used)).sum())
        return max(-(-value // SCALE), 0)

    def _values(self, price: Table) -> Table:
        values: Table = np.where(self.classes.allowed[self._kind], price.T[self._zone], -1)
        return values
