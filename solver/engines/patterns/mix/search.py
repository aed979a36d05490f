"""Looks for a cheap mix: filled by what tasks are worth in the relaxation, then taken apart and filled again."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from solver.domain.counts import Ints
from solver.engines.deadline import Deadline
from solver.engines.patterns.fillers import Floats
from solver.engines.patterns.mix.certificate import Certificate
from solver.engines.patterns.mix.closing import close
from solver.engines.patterns.mix.filling import Open, fill, insert, mix_of, sizes
from solver.engines.patterns.mix.first_fit import first_fit
from solver.engines.patterns.mix.fluid import relaxed
from solver.engines.patterns.mix.problem import Filled, Mix, MixProblem

MOST_TRIED = 12
"""Offers that are filled to see which is worth its price best."""

FEWEST_APART, MOST_APART = 2, 10
"""Instances that are taken apart at once."""

PATIENCE = 4_000
"""Attempts without a gain after which no more are made."""


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
        ``relaxation`` or ``patterns``: where the bound comes from.
    first_fit
        What first fit decreasing costs; None where it leaves tasks over.
    attempts
        How often a mix was taken apart.
    """

    mix: Mix | None
    cost: int
    bound: int
    source: str
    first_fit: int | None
    attempts: int

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
    search.offer(search.built(None))
    bound, source = proof.bound, "relaxation"
    if not search.done(bound):
        closed = close(problem, search.best, deadline.part(0.4))
        search.offer(closed.mix)
        if closed.bound > bound:
            bound, source = closed.bound, "patterns"
    attempts = 0 if search.done(bound) else search.improve(bound)
    best = search.best
    return MixResult(
        best,
        0 if best is None else best.cost(problem),
        bound,
        source,
        None if simple is None else simple.cost(problem),
        attempts,
    )


class _Search:
    """The best mix so far, and how it is made better."""

    def __init__(self, problem: MixProblem, proof: Certificate, taken: Floats, deadline: Deadline, seed: int) -> None:
        self._problem, self._deadline = problem, deadline
        self._random = np.random.default_rng(seed)
        self._worth = proof.worth / proof.scale
        earned = (proof.unit * problem.capacity) / proof.scale
        share = earned / np.maximum(earned.sum(axis=1, keepdims=True), 1e-9)
        needed = problem.demand.any(axis=0)
        self._weight = share + np.where(needed, 0.05, 0.0)
        self._sizes = sizes(problem)
        self._fits = problem.fits()
        self._candidates = self._offers(taken)
        self._cheapest = self._by_price()
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

    def _offers(self, taken: Floats) -> Ints:
        """New offers worth a try: those of the relaxation, most money first, then those with the least lost."""
        problem = self._problem
        new = np.arange(problem.there, problem.offers)
        spent = (taken * problem.price)[new]
        kept: Ints = new[np.argsort(-spent, kind="stable")]
        return kept[: MOST_TRIED * 3]

    def _by_price(self) -> Ints:
        new = np.arange(self._problem.there, self._problem.offers)
        order: Ints = new[np.argsort(self._problem.price[new], kind="stable")]
        return order

    # From nothing.

    def built(self, noise: Floats | None) -> Mix | None:
        """Everything that is there kept, the rest filled into it and into new instances."""
        problem = self._problem
        opened = [Open(e, problem.free[e].copy(), _held(problem.running[:, e])) for e in range(problem.there)]
        order = np.argsort(-self._sizes, kind="stable")
        left = (
            insert(problem, opened, problem.wanted, order, self._weight[: problem.there].mean(axis=0))
            if opened
            else problem.wanted.copy()
        )
        more = self._filled(left, noise, np.zeros(problem.offers, np.int64), ())
        return None if more is None else mix_of([*opened, *more])

    def _filled(self, pool: Ints, noise: Floats | None, bought: Ints, homes: tuple[int, ...]) -> list[Open] | None:
        """New instances that hold the pool, each of the offer that is worth its price best; None where none holds a task.

        Parameters
        ----------
        bought
            ``int64[K]``: instances of each offer that are in use already; written to.
        homes
            What is there and given up for now: may be kept again.
        """
        problem = self._problem
        left, opened = pool.copy(), list[Open]()
        shares: dict[int, float] = {}
        while left.any():
            found = self._best_filling(left, noise, bought, homes, shares)
            if found is None:
                return None
            times = int(min(left[kind] // count for kind, count in found.held.items()))
            times = min(times, int(problem.most[found.offer] - bought[found.offer]))
            opened += [found.copy() for _ in range(times)]
            bought[found.offer] += times
            for kind, count in found.held.items():
                left[kind] -= count * times
        return opened

    def _best_filling(
        self, left: Ints, noise: Floats | None, bought: Ints, homes: tuple[int, ...], shares: dict[int, float]
    ) -> Open | None:
        """The filling that is worth most of its price.

        Parameters
        ----------
        shares
            What a filling of each offer was last worth of its price: it falls as the pool empties, so an offer whose last is
            below the best found need not be filled again. Written to.
        """
        problem = self._problem
        tried = [k for k in (*homes, *self._candidates.tolist()) if bought[k] < problem.most[k]]
        most_tried = 1 if self._deadline.passed() else MOST_TRIED
        wanted = np.flatnonzero(left)
        best: Open | None = None
        value = -1.0
        pooled = float((left[wanted] * self._worth[wanted]).sum())
        sum_left = left[wanted] @ problem.demand[wanted]
        holds_all = [k for k in self._cheapest.tolist() if (problem.capacity[k] >= sum_left).all()][:3]
        looked = 0
        order = sorted(dict.fromkeys(tried), key=lambda k: -shares.get(k, 2.0))
        for offer in [*holds_all, *(k for k in order if k not in holds_all)]:
            if (
                offer not in holds_all
                and best is not None
                and (shares.get(offer, 2.0) <= value or looked >= most_tried)
            ):
                break
            if not (self._fits[wanted, offer] > 0).any():
                continue
            looked += 1
            found = fill(problem, offer, left, self._weight[offer], noise)
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
                return fill(problem, offer, left, self._weight[offer], noise)
        return None

    # Better.

    def improve(self, bound: int) -> int:
        """Take a few instances apart and fill them again, until the time is over or nothing helps; how often."""
        if self.best is None:
            return 0
        problem = self._problem
        opened = [_opened(problem, one) for one in self.best.filled]
        attempts = idle = 0
        while not self._deadline.passed() and not self.done(bound) and idle < PATIENCE:
            attempts += 1
            idle += 1
            apart = self._chosen(opened)
            changed = self._again(opened, apart)
            if changed is None:
                continue
            before = sum(int(problem.price[opened[at].offer]) for at in apart)
            after = sum(int(problem.price[one.offer]) for one in changed[1])
            if after > before:
                continue
            for at, one in changed[0].items():
                opened[at] = one
            candidate = [opened[at] for at in range(len(opened)) if at not in apart] + changed[1]
            if problem.there and not self._within_budget(candidate):
                for at in changed[0]:
                    opened[at] = changed[2][at]
                continue
            opened = candidate
            if after < before:
                idle = 0
                self.offer(mix_of(opened))
        return attempts

    def _within_budget(self, opened: list[Open]) -> bool:
        limit = self._problem.max_moves
        return limit is None or mix_of(opened).moves(self._problem) <= limit

    def _chosen(self, opened: list[Open]) -> list[int]:
        """Instances to take apart: those that lose most of their price, and some at random."""
        problem = self._problem
        loss = np.array(
            [
                problem.price[one.offer] - sum(self._worth[kind] * count for kind, count in one.held.items())
                for one in opened
            ]
        )
        may = np.array([one.offer >= problem.there or not problem.must_keep[one.offer] for one in opened])
        if problem.max_moves is not None:
            held = np.array([problem.running[:, one.offer].sum() if one.offer < problem.there else 0 for one in opened])
            may &= held <= problem.max_moves
        count = int(self._random.integers(FEWEST_APART, MOST_APART + 1))
        key = np.where(may, np.maximum(loss, 0) * self._random.exponential(1.0, len(opened)), -1.0)
        order = np.argsort(-key, kind="stable")[:count]
        return [int(at) for at in order if may[at]]

    def _again(
        self, opened: list[Open], apart: list[int]
    ) -> tuple[dict[int, Open], list[Open], dict[int, Open]] | None:
        """The tasks of what is taken apart, in what is open and in new instances: changed, new, and changed before."""
        problem = self._problem
        pool = np.zeros(problem.kinds, np.int64)
        gone = set(apart)
        bought = np.zeros(problem.offers, np.int64)
        for at, one in enumerate(opened):
            if at in gone:
                for kind, count in one.held.items():
                    pool[kind] += count
            else:
                bought[one.offer] += 1
        homes = [opened[at].offer for at in apart if opened[at].offer < problem.there]
        noise = self._random.lognormal(0.0, 0.05 * self._random.random(), problem.kinds)
        some = np.flatnonzero(pool)
        order = some[np.argsort(-self._sizes[some] * noise[some], kind="stable")]
        rooms = [at for at in range(len(opened)) if at not in gone]
        free = np.array([opened[at].free for at in rooms], np.int64).reshape(len(rooms), problem.demand.shape[1])
        least = problem.demand[some].min(axis=0) if len(some) else np.zeros(problem.demand.shape[1], np.int64)
        rooms = [rooms[n] for n in np.flatnonzero((free >= least).all(axis=1)).tolist()]
        before = {at: opened[at] for at in rooms}
        copies = {at: opened[at].copy() for at in rooms}
        left = pool
        if self._random.random() < 0.5:
            left = insert(problem, list(copies.values()), pool, order, self._weight.mean(axis=0))
        more = self._filled(left, noise, bought, tuple(homes))
        if more is None:
            return None
        if self._random.random() < 0.5 or any(one.offer >= problem.there for one in more):
            more = [self._smallest(one, bought) for one in more]
        changed = {at: one for at, one in copies.items() if len(one.held) and one.held != before[at].held}
        return changed, more, before

    def _smallest(self, one: Open, bought: Ints) -> Open:
        """The same tasks on the cheapest offer that holds them."""
        problem = self._problem
        if one.offer < problem.there:
            return one
        load = problem.capacity[one.offer] - one.free
        kinds = np.array(list(one.held), np.int64)
        counts = np.array(list(one.held.values()), np.int64)
        for offer in self._cheapest.tolist():
            if problem.price[offer] >= problem.price[one.offer]:
                break
            if (
                bought[offer] < problem.most[offer]
                and (problem.capacity[offer] >= load).all()
                and (problem.cap[kinds, offer] >= counts).all()
            ):
                bought[offer] += 1
                bought[one.offer] -= 1
                return Open(offer, problem.capacity[offer] - load, one.held)
        return one


def _held(row: Ints) -> dict[int, int]:
    return {int(kind): int(row[kind]) for kind in np.flatnonzero(row)}


def _opened(problem: MixProblem, one: Filled) -> Open:
    load = np.zeros(problem.demand.shape[1], np.int64)
    for kind, count in one.held.items():
        load += problem.demand[kind] * count
    return Open(one.offer, problem.capacity[one.offer] - load, dict(one.held))
