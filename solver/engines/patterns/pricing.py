"""What an instance of each class is worth at given prices of a task, and the bound that follows.

Let a task of type ``t`` that starts in zone ``z`` earn ``price[t, z] >= 0``. Any plan opens at least

    min over allowed zone counts x of sum price * x  -  sum over instances of max(0, best filling's price - cost)

where ``cost`` is 1 for an empty instance and 0 for one in use (Lagrangian relaxation of "every task starts"). Within a
box, the number of instances of a class that take tasks stays within its bounds. The bound holds for *any* prices, so
prices from floating-point linear programming are rounded to integers and the value is computed again exactly; and again
with all of them lowered by one factor, so that no empty instance is worth more than it costs (Farley 1990), which
loses less before the prices have settled.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from solver.domain.counts import Ints
from solver.engines.patterns.box import Box
from solver.engines.patterns.classes import Classes
from solver.engines.patterns.fillers import LARGEST, SCALE, Filler, Floats, whole_prices
from solver.engines.patterns.types import TaskTypes


@dataclass(frozen=True, eq=False)
class Certificate:
    """A bound with what proves it, in parts of an opened instance (``SCALE``).

    Parameters
    ----------
    value
        Any plan opens at least so much.
    price
        ``int64[T, Z]``.
    worth
        ``int64[C]``: no filling of an instance of the class earns more.
    """

    value: int
    price: Ints
    worth: Ints

    @property
    def bound(self) -> int:
        """At least so many empty instances are opened."""
        return max(-(-self.value // SCALE), 0)


def certified(types: TaskTypes, classes: Classes, filler: Filler, price: Floats, box: Box) -> Certificate:
    """The bound of all plans in the box at these prices, or at the same lowered; the better one."""
    whole = whole_prices(price, int(types.total.sum()))
    worth = filler.worth(whole)
    found = _certificate(types, classes, whole, worth, box)
    most = int(worth[classes.empty].max(initial=0))
    if most <= SCALE or max(int(worth.max()), int(whole.max(initial=0))) > LARGEST // SCALE:
        return found
    # Rounded down, a filling of lowered prices earns at most what the lowered bound on its worth says.
    lowered = _certificate(types, classes, whole * SCALE // most, worth * SCALE // most, box)
    return max(found, lowered, key=lambda one: one.value)


def _certificate(types: TaskTypes, classes: Classes, price: Ints, worth: Ints, box: Box) -> Certificate:
    loss = np.where(classes.empty, SCALE, 0) - worth
    value = types.cheapest_zones(price, box.least_excess, box.most_excess)
    used = np.where(loss < 0, box.most_used, box.least_used)
    value += sum(each * many for each, many in zip(loss.tolist(), used.tolist(), strict=True))
    return Certificate(value, price, worth)
