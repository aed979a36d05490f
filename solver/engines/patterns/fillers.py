"""Two ways to find what fills an instance best at given prices: tables over a grid of amounts, and branch and bound.

Tables answer for every amount at once, and are exact where sums of demands meet a grid that is not too large. Branch and
bound looks at each class by itself, whatever the number of resources and however fine the demands.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from solver.domain.counts import Ints
from solver.engines.kernels.packing import fill_each, fill_in_turn
from solver.engines.patterns.classes import Classes
from solver.engines.patterns.types import TaskTypes
from solver.knapsack import Grid, Table

Floats = NDArray[np.float64]

SCALE = 10**7
"""Integer prices are in this part of an opened instance."""
MAX_PRICE = 10**4
"""A larger price proves nothing more: it only says that a task cannot be placed."""
LARGEST = 2**62
"""Of all sums."""

NODES, NODES_IN_TURN = 20_000, 100
"""Of the searches for the best filling of each class together, after which a bound is taken, some hundredths of a second at
first; and of each of many that need not be the best."""
MOST_NODES = 20_000_000
HARDER = 10
"""So many times as long is searched where prices have settled and the bound has not."""
TUNING = 4
"""Steps in which the weights of the search's bound follow the prices."""
MOST_IN_TURN = 400
"""Fillings of equal instances at once, made one after the other."""


def whole_prices(price: Floats, tasks: int) -> Ints:
    """``int64``: prices rounded down to parts of an opened instance, so low that ``tasks`` of them add up."""
    whole: Ints = np.floor(np.clip(np.nan_to_num(price), 0, MAX_PRICE) * SCALE).astype(np.int64)
    return np.minimum(whole, LARGEST // max(tasks, 1))


class Filler(Protocol):
    """What fills an instance of each class best; ``price`` is ``[T, Z]``, of a task that starts in a zone."""

    def worth(self, price: Ints) -> Ints:
        """``int64[C]``: no filling of an instance of the class is worth more."""
        ...

    def best_patterns(self, price: Floats) -> tuple[Floats, Ints]:
        """``float64[C]`` and ``int64[C, T]``: a filling of each class, as good as can be found, and what it is worth."""
        ...

    def try_harder(self) -> bool:
        """Search ``HARDER`` times as long from now on; whether that can gain anything."""
        ...

    def ease(self) -> None:
        """Search as long as at first again."""
        ...

    def more_patterns(self, price: Floats, left: Ints) -> tuple[Ints, Ints]:
        """``int64[P]`` and ``int64[P, T]``: classes and fillings that together take each of the ``left[T]`` tasks once."""
        ...


class Tables:
    """Price tables over the grid, one row for each (zone, kind of eligibility) that has instances."""

    def __init__(self, types: TaskTypes, classes: Classes) -> None:
        self._types = types
        self._classes = classes
        self._zone, self._kind, self._row = rows_of(classes)

    def worth(self, price: Ints) -> Ints:
        """``int64[C]``, of demands rounded down."""
        return self._classes.loose.best_at(self._values(price), self._row, self._classes.cells)

    def best_patterns(self, price: Floats) -> tuple[Floats, Ints]:
        """Of each class.

        On a rounded grid: the better of what fits when rounded up, and what fits when rounded down less the tasks
        that are too much.
        """
        classes = self._classes
        worth, held = self._fillings(classes.grid, price)
        if classes.loose is classes.grid:
            return worth, held
        trimmed = self._fillings(classes.loose, price)[1]
        self._trim(price, trimmed)
        trimmed_worth = (price.T[classes.zone] * trimmed).sum(axis=1)
        better = trimmed_worth > worth
        return np.where(better, trimmed_worth, worth), np.where(better[:, None], trimmed, held)

    def try_harder(self) -> bool:
        """Tables are what they are."""
        return False

    def ease(self) -> None:
        """And stay so."""

    def more_patterns(self, price: Floats, left: Ints) -> tuple[Ints, Ints]:
        """None: there are as many classes as patterns are needed at once."""
        return np.zeros(0, np.int64), np.zeros((0, self._types.count), np.int64)

    def _fillings(self, grid: Grid, price: Floats) -> tuple[Floats, Ints]:
        return grid.best_fillings(self._values(price), self._row, self._classes.cells)

    def _trim(self, price: Floats, held: Ints) -> None:
        """Take out tasks, those that earn least for what is too much of, until everything fits."""
        demand = self._types.demand
        while True:
            excess = held @ demand - self._classes.free
            over = np.flatnonzero((excess > 0).any(axis=1))
            if not len(over):
                return
            share = np.maximum(excess[over], 0) / np.maximum(self._classes.free[over], 1)
            relief = share @ demand.T
            usable = (held[over] > 0) & (relief > 0)
            cost = np.where(usable, price.T[self._classes.zone[over]] / np.maximum(relief, 1e-12), np.inf)
            held[over, cost.argmin(axis=1)] -= 1

    def _values(self, price: Table) -> Table:
        values: Table = np.where(self._classes.allowed[self._kind], price.T[self._zone], -1)
        return values


class Searches:
    """Branch and bound, one search a class."""

    def __init__(self, types: TaskTypes, classes: Classes) -> None:
        self._types = types
        self._classes = classes
        self._zone, kind, self._row = rows_of(classes)
        self._most = np.where(classes.allowed[kind], types.cap, 0)
        resources = classes.free.shape[1]
        self._scale = np.full(classes.free.shape, 1 / max(resources, 1))
        self._tasks = int(types.total.sum())
        self._nodes = self._nodes_at_first = max(NODES // max(classes.count, 1), NODES_IN_TURN)
        self._last: tuple[bytes, Ints, Ints] = b"", np.zeros(0, np.int64), np.zeros((0, 0), np.int64)

    def worth(self, price: Ints) -> Ints:
        """``int64[C]``."""
        return self._filled(price)[0]

    def best_patterns(self, price: Floats) -> tuple[Floats, Ints]:
        """Of each class."""
        held = self._filled(whole_prices(price, self._tasks))[1]
        return (price.T[self._classes.zone] * held).sum(axis=1), held

    def try_harder(self) -> bool:
        """Up to a limit."""
        if self._nodes * self._classes.count * HARDER > MOST_NODES:
            return False
        self._nodes, self._last = self._nodes * HARDER, (b"", *self._last[1:])
        return True

    def ease(self) -> None:
        """With what is known of the last prices kept."""
        self._nodes = self._nodes_at_first

    def more_patterns(self, price: Floats, left: Ints) -> tuple[Ints, Ints]:
        """Of classes with several instances, the largest first."""
        values, rest = whole_prices(price, self._tasks).T[self._zone], left.copy()
        kinds, found, room = [], [], MOST_IN_TURN
        for c in np.argsort(-self._classes.size, kind="stable").tolist():
            times, row = int(min(self._classes.size[c], room)), self._row[c]
            if times < 2 or not rest.any():
                break
            usable = np.minimum(rest, self._most[row])
            held = np.zeros((times, self._types.count), np.int64)
            many = fill_in_turn(
                self._classes.free[c], self._types.demand, usable, values[row], self._scale[c], NODES_IN_TURN, held
            )
            rest -= held[:many].sum(axis=0)
            room -= many
            kinds.append(np.full(many, c))
            found.append(held[:many])
        if not found:
            return np.zeros(0, np.int64), np.zeros((0, self._types.count), np.int64)
        return np.concatenate(kinds), np.concatenate(found)

    def _filled(self, price: Ints) -> tuple[Ints, Ints]:
        """Bounds on the worth, and fillings; those of the last prices are kept."""
        key = price.tobytes()
        if self._last[0] != key:
            classes = self._classes
            worth, held = np.zeros(classes.count, np.int64), np.zeros((classes.count, self._types.count), np.int64)
            values = np.ascontiguousarray(price.T[self._zone])
            fill_each(
                classes.free, self._row, self._types.demand, self._most, values, self._scale, TUNING, self._nodes, worth, held
            )  # fmt: skip
            self._last = key, worth, held
        return self._last[1:]


def rows_of(classes: Classes) -> tuple[Ints, Ints, Ints]:
    """Zones and kinds of eligibility of ``B`` rows, ``int64[B]`` each, and the row of each class, ``int64[C]``."""
    rows, number = np.unique(np.column_stack([classes.zone, classes.kind]), axis=0, return_inverse=True)
    return rows[:, 0], rows[:, 1], number.reshape(-1).astype(np.int64)
