"""The bound by counting: what is wanted, less what instances in use take, shared out over the largest empty ones."""

from __future__ import annotations

import numpy as np

from solver.domain.counts import Bools, Ints
from solver.engines.patterns.classes import Classes
from solver.engines.patterns.types import TaskTypes


def counting_bound(types: TaskTypes, classes: Classes) -> int:
    """At least so many empty instances are opened; more than there are if what is wanted cannot fit.

    The larger of two counts: all zones together, and zone by zone what each must take at least.
    """
    everything = _fewest(types.demand, types.total, classes, np.ones(classes.count, dtype=bool))
    by_zone = [_fewest(types.demand, types.base[:, zone], classes, classes.zone == zone) for zone in range(types.zones)]
    return max(everything, sum(by_zone))


def _fewest(demand: Ints, amount: Ints, classes: Classes, here: Bools) -> int:
    result = 0
    for resource in range(demand.shape[1]):
        need = int((demand[:, resource] * amount).sum())
        in_use = here & ~classes.empty
        need -= int((classes.free[in_use, resource] * classes.size[in_use]).sum())
        if need <= 0:
            continue
        closed = np.flatnonzero(here & classes.empty)
        sizes = np.repeat(classes.free[closed, resource], classes.size[closed])
        reached = np.cumsum(-np.sort(-sizes))
        result = max(result, int(np.searchsorted(reached, need)) + 1)
    if result > int(classes.size[here & classes.empty].sum()):
        return int(classes.size[classes.empty].sum()) + 1
    return result
