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
    """Open instances in the order of their opening."""

    def __init__(self, problem: MixProblem, opened: list[Open]) -> None:
        self._problem = problem
        self.opened = opened
        resources = problem.demand.shape[1]
        self._free: Ints = np.array([one.free for one in opened], np.int64).reshape(len(opened), resources)
        self._offer: Ints = np.array([one.offer for one in opened], np.int64)

    def open(self, offer: int, many: int) -> None:
        """Empty instances more."""
        whole = self._problem.capacity[offer]
        self.opened += [Open(offer, whole.copy()) for _ in range(many)]
        self._free = np.vstack([self._free, np.repeat(whole[None, :], many, axis=0)])
        self._offer = np.append(self._offer, np.full(many, offer))

    def fill(self, kind: int, left: int) -> int:
        """Put tasks onto the first that have room; how many are left."""
        demand = self._problem.demand[kind]
        may = (self._free >= demand).all(axis=1) & (self._problem.cap[kind, self._offer] > 0)
        some = demand > 0
        for at in np.flatnonzero(may).tolist():
            if left == 0:
                break
            one = self.opened[at]
            most = int(self._problem.cap[kind, one.offer]) - one.held.get(kind, 0)
            fit = int((self._free[at][some] // demand[some]).min()) if some.any() else left
            count = min(left, most, fit)
            if count > 0:
                one.put(self._problem, kind, count)
                self._free[at] = one.free
                left -= count
        return left
