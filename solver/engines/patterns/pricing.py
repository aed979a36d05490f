"""What an instance of each class is worth at given prices of a task, and the bound that follows.

Let a task of type ``t`` that starts in zone ``z`` earn ``price[t, z] >= 0``. Any plan opens at least

    min over allowed zone counts x of sum price * x  -  sum over instances of max(0, best filling's price - cost)

where ``cost`` is 1 for an empty instance and 0 for one in use (Lagrangian relaxation of "every task starts"). Within a
box, the number of instances of a class that take tasks stays within its bounds. The bound holds for *any* prices, so
prices from floating-point linear programming are rounded to integers and the value is computed again exactly.
"""

from __future__ import annotations

import numpy as np

from solver.engines.patterns.box import Box
from solver.engines.patterns.classes import Classes
from solver.engines.patterns.fillers import SCALE, Filler, Floats, whole_prices
from solver.engines.patterns.types import TaskTypes


def bound(types: TaskTypes, classes: Classes, filler: Filler, price: Floats, box: Box) -> int:
    """At least so many empty instances are opened by any plan in the box: exact integers, for whatever prices."""
    return max(-(-lagrangian(types, classes, filler, price, box) // SCALE), 0)


def lagrangian(types: TaskTypes, classes: Classes, filler: Filler, price: Floats, box: Box) -> int:
    """The same before it is rounded up, in parts of an opened instance."""
    whole = whole_prices(price)
    loss = np.where(classes.empty, SCALE, 0) - filler.worth(whole)
    value = types.cheapest_zones(whole, box.least_excess, box.most_excess)
    return value + int((loss * np.where(loss < 0, box.most_used, box.least_used)).sum())
