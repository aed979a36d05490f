"""What one search leaves for the next: the prices it ended with, and the patterns that were worth something at them.

Nothing of it is trusted: prices prove a bound only once it is counted anew for the problem at hand (``pricing``), and of the
patterns those are taken that fit it.
"""

from __future__ import annotations

import numpy as np

from solver.domain.counts import Ints
from solver.engines.patterns.classes import Classes
from solver.engines.patterns.fillers import Floats
from solver.engines.patterns.master import Columns, Relaxation, worth_keeping
from solver.engines.patterns.problem import PatternMemory
from solver.engines.patterns.types import TaskTypes

WORTH = 0.05
"""Patterns within so much of an opened instance of being used are remembered."""


def remembered(types: TaskTypes, classes: Classes, columns: Columns, relaxation: Relaxation) -> PatternMemory:
    """What is worth remembering of a search that ended with this relaxation."""
    known = len(relaxation.used)
    keep = worth_keeping(relaxation, columns, classes, WORTH)
    keep[:known] |= relaxation.used > 0
    return PatternMemory(types.demand, relaxation.price, _where(classes)[columns.kind[keep]], columns.held[keep])


def recalled(memory: PatternMemory, types: TaskTypes, classes: Classes) -> tuple[Ints, Ints, Floats] | None:
    """Classes ``int64[P]``, patterns ``int64[P, T]`` and prices ``float64[T, Z]`` for another problem; None if none fits.

    Types are known by their demand, the first of those that have the same; what was not known costs nothing.
    """
    if memory.demand.shape[1] != types.demand.shape[1]:
        return None
    known: dict[bytes, int] = {}
    for number, row in enumerate(memory.demand):
        known.setdefault(row.tobytes(), number)
    source = np.array([known.get(row.tobytes(), -1) for row in types.demand], np.int64)
    of_class = {row.tobytes(): number for number, row in enumerate(_where(classes))}
    kind = np.array([of_class.get(row.tobytes(), -1) for row in memory.where], np.int64)
    new = source >= 0
    held = np.zeros((len(kind), types.count), np.int64)
    held[:, new] = memory.held[:, source[new]]
    held[~classes.allowed[classes.kind[kind]]] = 0
    held = np.minimum(held, types.cap)
    fits = (kind >= 0) & held.any(axis=1) & (held @ types.demand <= classes.free[kind]).all(axis=1)
    price = np.zeros((types.count, types.zones))
    zones = min(types.zones, memory.price.shape[1])
    price[np.ix_(np.flatnonzero(new), np.arange(zones))] = memory.price[source[new], :zones]
    return (kind[fits], held[fits], price) if fits.any() else None


def _where(classes: Classes) -> Ints:
    return np.column_stack([classes.zone, classes.empty, classes.free]).astype(np.int64)
