"""First fit decreasing over a catalogue: what a mix is measured against.

Tasks come by size, the largest first. Each goes onto the first open instance that has room; where none has, a new one is
opened: of one type as long as the task fits there, else of the cheapest that holds it. Every type is tried as that one, and so is
"always the cheapest that holds the task"; the cheapest outcome stands.
"""

from __future__ import annotations

import numpy as np

from solver.domain.counts import Ints
from solver.engines.deadline import Deadline
from solver.engines.patterns.mix.filling import Open, mix_of, sizes
from solver.engines.patterns.mix.problem import Mix, MixProblem


def first_fit(problem: MixProblem, deadline: Deadline, most_types: int = 24) -> Mix | None:
    """The cheapest outcome, None where tasks are left over; everything that is there is kept, and nothing moves.

    Parameters
    ----------
    most_types
        So many types are tried, those that hold all tasks together for the least if tasks could be cut.
    """
    best: Mix | None = None
    for favourite in [None, *_favourites(problem)[:most_types]]:
        if best is not None and deadline.passed():
            break
        found = _packed(problem, favourite)
        if found is not None and (best is None or found.cost(problem) < best.cost(problem)):
            best = found
    return best


def _favourites(problem: MixProblem) -> list[int]:
    """New offers, those first of which all tasks together would cost least."""
    load = (problem.demand * problem.wanted[:, None]).sum(axis=0).astype(float)
    new = np.arange(problem.there, problem.offers)
    share = load / np.maximum(problem.capacity[new], 0.5)
    cost = share.max(axis=1, initial=0.0) * problem.price[new]
    order: list[int] = new[np.argsort(cost, kind="stable")].tolist()
    return order


def _packed(problem: MixProblem, favourite: int | None) -> Mix | None:
    opened = [
        Open(
            e,
            problem.free[e].copy(),
            {int(t): int(problem.running[t, e]) for t in np.flatnonzero(problem.running[:, e])},
        )
        for e in range(problem.there)
    ]
    row = _Row(problem, opened)
    bought = np.zeros(problem.offers, np.int64)
    fits = problem.fits()
    for kind in np.argsort(-sizes(problem), kind="stable").tolist():
        left = row.fill(kind, int(problem.wanted[kind]))
        while left:
            offer = _offer(problem, fits[kind], favourite, bought)
            if offer is None:
                return None
            many = min(-(-left // int(fits[kind, offer])), int(problem.most[offer] - bought[offer]))
            bought[offer] += many
            row.open(offer, many)
            left = row.fill(kind, left)
    return mix_of(row.opened)


def _offer(problem: MixProblem, fits: Ints, favourite: int | None, bought: Ints) -> int | None:
    """What is opened for a task: the favourite, else the cheapest that holds it."""
    may = (fits > 0) & (bought < problem.most)
    may[: problem.there] = False
    if favourite is not None and may[favourite]:
        return favourite
    offers = np.flatnonzero(may)
    return int(offers[problem.price[offers].argmin()]) if len(offers) else None


class _Row:
    """Open instances in the order of their opening.

    What is free stands resource by resource, with room for instances to come: most of the time is spent looking through it.
    """

    def __init__(self, problem: MixProblem, opened: list[Open]) -> None:
        self._problem = problem
        self.opened = opened
        self._free: Ints = np.zeros((problem.demand.shape[1], 2 * len(opened) + 64), np.int64)
        self._offer: Ints = np.zeros(self._free.shape[1], np.int64)
        for at, one in enumerate(opened):
            self._free[:, at], self._offer[at] = one.free, one.offer

    def open(self, offer: int, many: int) -> None:
        """Empty instances more."""
        first, last = len(self.opened), len(self.opened) + many
        if last > self._free.shape[1]:
            more = last + len(self.opened)
            self._free = np.pad(self._free, ((0, 0), (0, more)))
            self._offer = np.pad(self._offer, (0, more))
        whole = self._problem.capacity[offer]
        self.opened += [Open(offer, whole.copy()) for _ in range(many)]
        self._free[:, first:last], self._offer[first:last] = whole[:, None], offer

    def fill(self, kind: int, left: int) -> int:
        """Put tasks onto the first that have room; how many are left."""
        demand, cap, count = self._problem.demand[kind], self._problem.cap[kind], len(self.opened)
        some = np.flatnonzero(demand)
        may = cap[self._offer[:count]] > 0
        for r in some.tolist():
            may &= self._free[r, :count] >= demand[r]
        for at in np.flatnonzero(may).tolist():
            if left == 0:
                break
            one = self.opened[at]
            most = int(cap[one.offer]) - one.held.get(kind, 0)
            fit = int((self._free[some, at] // demand[some]).min()) if len(some) else left
            many = min(left, most, fit)
            if many > 0:
                one.put(self._problem, kind, many)
                self._free[:, at] = one.free
                left -= many
        return left
