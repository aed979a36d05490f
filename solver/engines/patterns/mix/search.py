"""Looks for a cheap mix: filled by what tasks are worth in the relaxation, then taken apart and filled again.

Both are done by the compiled search; where it is not compiled yet and there is no time for it, a mix is filled once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from solver.domain.counts import Ints
from solver.engines.deadline import Deadline
from solver.engines.kernels import compiled
from solver.engines.patterns.fillers import Floats
from solver.engines.patterns.mix.certificate import Certificate
from solver.engines.patterns.mix.closing import close
from solver.engines.patterns.mix.counting import Counted, counted, may_count
from solver.engines.patterns.mix.filling import Open, fill, insert, mix_of, opened, sizes
from solver.engines.patterns.mix.first_fit import first_fit
from solver.engines.patterns.mix.fluid import relaxed
from solver.engines.patterns.mix.improving import Improver
from solver.engines.patterns.mix.problem import Filled, Mix, MixProblem

MOST_TRIED = 12
"""Offers that are filled to see which is worth its price best."""


BEFORE_COUNTING, COUNTING = 0.3, 0.7
"""Of the time that is left: for a better mix before what is there is counted one by one, and for counting."""


@dataclass(frozen=True, eq=False)
class MixResult:
    """The cheapest mix found and what is known of all mixes.

    Parameters
    ----------
    mix
        None where none was found.
    cost
        In millionths for an hour; of the mix, 0 without one.
    bound
        No mix costs less.
    source
        ``relaxation``, ``patterns`` or ``counting``: where the bound comes from.
    first_fit
        What first fit decreasing costs; None where it leaves tasks over.
    attempts
        How often a mix was taken apart.
    simple
        The mix of first fit decreasing: all that is there is kept, and nothing moves.
    """

    mix: Mix | None
    cost: int
    bound: int
    source: str
    first_fit: int | None
    attempts: int
    simple: Mix | None = None

    @property
    def proven(self) -> bool:
        """No mix is cheaper."""
        return self.mix is not None and self.cost <= self.bound


def cheapest(problem: MixProblem, deadline: Deadline, seed: int = 0) -> MixResult:
    """The cheapest mix found in the time given, never dearer than first fit decreasing where that holds everything."""
    simple = first_fit(problem, deadline.part(0.1))
    proof, taken = relaxed(problem, deadline.part(0.4))
    search = _Search(problem, proof, taken, deadline, seed)
    search.offer(simple)
    search.offer(search.built())
    bound, source, attempts = proof.bound, "relaxation", 0
    if not search.done(bound):
        closed = close(problem, search.best, deadline.part(0.4))
        search.offer(closed.mix)
        if closed.bound > bound:
            bound, source = closed.bound, "patterns"
    if not search.done(bound) and may_count(problem):
        attempts += search.improve(bound, deadline.part(BEFORE_COUNTING))
        one_by_one = counted(problem, search.best, bound, deadline.part(COUNTING))
        search.offer(search.around(one_by_one))
        if one_by_one.bound > bound:
            bound, source = one_by_one.bound, "counting"
    if not search.done(bound):
        attempts += search.improve(bound, deadline)
    best = search.best
    return MixResult(
        best,
        0 if best is None else best.cost(problem),
        bound,
        source,
        None if simple is None else simple.cost(problem),
        attempts,
        simple,
    )


class _Search:
    """The best mix so far, and how it is made better."""

    def __init__(self, problem: MixProblem, proof: Certificate, taken: Floats, deadline: Deadline, seed: int) -> None:
        self._problem, self._deadline, self._seed = problem, deadline, seed
        self._worth = proof.worth / proof.scale
        earned = (proof.unit * problem.capacity) / proof.scale
        share = earned / np.maximum(earned.sum(axis=1, keepdims=True), 1e-9)
        self._weight = share + np.where(problem.demand.any(axis=0), 0.05, 0.0)
        self._fits = problem.fits()
        new = np.arange(problem.there, problem.offers)
        self._cheapest: Ints = new[np.argsort(problem.price[new], kind="stable")]
        # Worth a try first: those on which the relaxation spends most.
        spent = (taken * problem.price)[new]
        self._candidates: Ints = new[np.argsort(-spent, kind="stable")][: MOST_TRIED * 3]
        self._improver = Improver(problem, self._worth, earned.sum(axis=1), self._weight)
        self.best: Mix | None = None
        self._cost = 0

    def offer(self, mix: Mix | None) -> bool:
        """Take a mix if it is the cheapest so far and answers the question; whether it did."""
        if mix is None or next(mix.wrong(self._problem), None) is not None:
            return False
        cost = mix.cost(self._problem)
        if self.best is not None and cost >= self._cost:
            return False
        self.best, self._cost = mix, cost
        return True

    def done(self, bound: int) -> bool:
        """Whether nothing is left to gain."""
        return self.best is not None and self._cost <= bound

    def improve(self, bound: int, deadline: Deadline) -> int:
        """Take a few instances apart and fill them again, until the time is over or nothing helps; how often."""
        if self.best is None or not self._is_compiled():
            return 0
        better, attempts = self._improver.improved(self.best, deadline, bound, self._seed)
        self.offer(better)
        return attempts

    def _is_compiled(self) -> bool:
        # Loading takes less than filling a mix without it.
        seconds = max(self._deadline.remaining(), compiled.LOADING_SECONDS)
        return self._improver.is_possible and compiled.ready(compiled.MIXING, seconds)

    def built(self) -> Mix | None:
        """Everything that is there kept, the rest filled into it and into new instances."""
        problem = self._problem
        kept = [Open(e, problem.free[e].copy(), _held(problem.running[:, e])) for e in range(problem.there)]
        order = np.argsort(-sizes(problem), kind="stable")
        left = (
            insert(problem, kept, problem.wanted, order, self._weight[: problem.there].mean(axis=0))
            if kept
            else problem.wanted.copy()
        )
        return self._with_new(kept, left)

    def around(self, found: Counted) -> Mix | None:
        """What is there as it was counted, and new instances for the rest."""
        problem = self._problem
        if found.tasks is None or found.kept is None:
            return None
        kept = [opened(problem, Filled(e, _held(found.tasks[:, e]))) for e in range(problem.there) if found.kept[e]]
        return self._with_new(kept, problem.total - found.tasks.sum(axis=1))

    def _with_new(self, kept: list[Open], left: Ints) -> Mix | None:
        more = self._improver.filled(left, self._seed) if self._is_compiled() else self._filled(left)
        return None if more is None else mix_of([*kept, *more])

    def _filled(self, pool: Ints) -> list[Open] | None:
        """New instances that hold the pool, each of the offer that is worth its price best; None where none holds a task."""
        problem = self._problem
        left, new = pool.copy(), list[Open]()
        bought = np.zeros(problem.offers, np.int64)
        shares: dict[int, float] = {}
        while left.any():
            found = self._best_filling(left, bought, shares)
            if found is None:
                return None
            times = int(min(left[kind] // count for kind, count in found.held.items()))
            times = min(times, int(problem.most[found.offer] - bought[found.offer]))
            new += [found.copy() for _ in range(times)]
            bought[found.offer] += times
            for kind, count in found.held.items():
                left[kind] -= count * times
        return new

    def _best_filling(self, left: Ints, bought: Ints, shares: dict[int, float]) -> Open | None:
        """The filling that is worth most of its price.

        Parameters
        ----------
        shares
            What a filling of each offer was last worth of its price: it falls as the pool empties, so an offer whose last is
            below the best found need not be filled again. Written to.
        """
        problem = self._problem
        most_tried = 1 if self._deadline.passed() else MOST_TRIED
        wanted = np.flatnonzero(left)
        best: Open | None = None
        value, looked = -1.0, 0
        pooled = float((left[wanted] * self._worth[wanted]).sum())
        sum_left = left[wanted] @ problem.demand[wanted]
        holds_all = [k for k in self._cheapest.tolist() if (problem.capacity[k] >= sum_left).all()][:3]
        order = sorted(self._candidates.tolist(), key=lambda k: -shares.get(k, 2.0))
        for offer in [*holds_all, *(k for k in order if k not in holds_all)]:
            idle = best is not None and (shares.get(offer, 2.0) <= value or looked >= most_tried)
            if offer not in holds_all and idle:
                break
            if bought[offer] >= problem.most[offer] or not (self._fits[wanted, offer] > 0).any():
                continue
            looked += 1
            found = fill(problem, offer, left, self._weight[offer])
            if not found.held:
                continue
            gain = sum(self._worth[kind] * count for kind, count in found.held.items())
            share = gain / max(float(problem.price[offer]), 1e-9)
            shares[offer] = share
            if pooled - gain < 1e-6 * pooled and float(problem.price[offer]) < pooled * 1.0000001:
                share = max(share, 2.0 - float(problem.price[offer]) / max(pooled, 1e-9))
            if share > value:
                best, value = found, share
        if best is not None:
            return best
        for offer in self._cheapest.tolist():
            if bought[offer] < problem.most[offer] and (self._fits[wanted, offer] > 0).any():
                return fill(problem, offer, left, self._weight[offer])
        return None


def _held(row: Ints) -> dict[int, int]:
    return {int(kind): int(row[kind]) for kind in np.flatnonzero(row)}
