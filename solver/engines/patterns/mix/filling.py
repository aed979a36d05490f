"""Fills instances with tasks: one instance from a pool, and a pool into what is open."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from solver.domain.counts import Ints
from solver.engines.patterns.fillers import Floats
from solver.engines.patterns.mix.problem import Filled, Mix, MixProblem


@dataclass(eq=False)
class Open:
    """An instance in use: its offer, the tasks that it holds by type, and what is free."""

    offer: int
    free: Ints
    held: dict[int, int] = field(default_factory=dict)

    def put(self, problem: MixProblem, kind: int, count: int) -> None:
        """So many tasks of a type more."""
        self.held[kind] = self.held.get(kind, 0) + count
        self.free = self.free - count * problem.demand[kind]

    def copy(self) -> Open:
        """One that may change by itself."""
        return Open(self.offer, self.free, dict(self.held))


def mix_of(open_ones: list[Open]) -> Mix:
    """The mix that they are."""
    return Mix(tuple(Filled(one.offer, dict(one.held)) for one in open_ones))


def opened(problem: MixProblem, one: Filled) -> Open:
    """An instance of a mix that may change."""
    load = np.zeros(problem.demand.shape[1], np.int64)
    for kind, count in one.held.items():
        load += problem.demand[kind] * count
    return Open(one.offer, problem.capacity[one.offer] - load, dict(one.held))


def fill(problem: MixProblem, offer: int, pool: Ints, weight: Floats) -> Open:
    """An instance of the offer filled from ``pool[T]``, which is left alone.

    Each time the task is taken that leaves the least ``sum weight * left²`` (Panigrahy et al., Heuristics for vector bin
    packing, 2011, "norm-based greedy"): large tasks of the instance's own proportions first, and what closes the rest last.

    Parameters
    ----------
    weight
        ``float64[R]`` for shares of the capacity.
    """
    whole = problem.capacity[offer]
    filled = Open(offer, whole.copy())
    room = np.minimum(pool, problem.cap[:, offer])
    kinds = np.flatnonzero((room > 0) & (problem.demand <= whole).all(axis=1))
    factor = np.sqrt(weight) / np.maximum(whole, 1)
    demand = problem.demand[kinds]
    scaled = demand * factor
    left = room[kinds]
    # A task that needs nothing of what is scarce is taken as often as it can be.
    while len(kinds):
        gap = filled.free * factor - scaled
        score = np.einsum("tr,tr->t", gap, gap)
        at = int(score.argmin())
        need = demand[at]
        some = need > 0
        fit = int((filled.free[some] // need[some]).min()) if some.any() else int(left[at])
        count = 1 if some.any() and fit > 1 and len(kinds) > 1 else min(fit, int(left[at]))
        if len(kinds) == 1 or not some.any():
            count = min(fit, int(left[at]))
        filled.put(problem, int(kinds[at]), count)
        left[at] -= count
        keep = (left > 0) & (demand <= filled.free).all(axis=1)
        if not keep.all():
            kinds, demand, scaled, left = kinds[keep], demand[keep], scaled[keep], left[keep]
    return filled


def insert(problem: MixProblem, open_ones: list[Open], pool: Ints, order: Ints, weight: Floats) -> Ints:
    """Put tasks of the pool into what is open, type by type in that order, where they fit best; what is left of the pool."""
    left = pool.copy()
    if not open_ones:
        return left
    free = np.array([one.free for one in open_ones])
    offers = np.array([one.offer for one in open_ones])
    size = np.maximum(problem.capacity[offers], 1)
    for kind in order[left[order] > 0].tolist():
        demand = problem.demand[kind]
        may = np.flatnonzero((free >= demand).all(axis=1) & (problem.cap[kind, offers] > 0))
        if not len(may):
            continue
        gap = (free[may] - demand) / size[may]
        for at in may[np.argsort((gap * gap) @ weight, kind="stable")].tolist():
            one = open_ones[at]
            some = demand > 0
            fit = int((free[at][some] // demand[some]).min()) if some.any() else int(left[kind])
            count = min(fit, int(left[kind]), int(problem.cap[kind, one.offer]) - one.held.get(kind, 0))
            if count > 0:
                one.put(problem, kind, count)
                free[at] = one.free
                left[kind] -= count
            if left[kind] == 0:
                break
    return left


def sizes(problem: MixProblem) -> Floats:
    """``float64[T]``: the largest share of the largest capacity that one task takes, then the sum of all shares."""
    share = problem.demand / np.maximum(problem.capacity.max(axis=0, initial=1), 1)
    result: Floats = share.max(axis=1, initial=0.0) + 1e-3 * share.sum(axis=1)
    return result
