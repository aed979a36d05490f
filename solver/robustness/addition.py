"""The cheapest instances to add so that a loss is survived: best first by price, each guess solved again."""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from solver.domain.counts import Bools, Counts
from solver.domain.problem import Problem
from solver.domain.request import Limits
from solver.engines.deadline import Deadline
from solver.engines.refilling import refill
from solver.robustness.judging import Judgement, Verdict, judged
from solver.robustness.kinds import Kind, grown, kinds_for
from solver.robustness.lacking import Lacking
from solver.robustness.loss import Loss, after
from solver.rules.bind import bind

MOST_ADDED = 1_000
"""Instances of one addition."""

MOST_LOOKED_AT = 100_000
"""Mixes that are taken up in order of price before the search ends."""

NO_KIND = "no kind of instance that the cluster has and the loss leaves gives what is missing"

LEAST_SECONDS = 0.05
GREEDY_SHARE, ASK_SHARE = 0.5, 0.25
"""Of the time: what is kept from the first addition for cheaper ones, and what one mix may take at most."""


@dataclass(frozen=True)
class Addition:
    """Instances that repair a loss.

    Parameters
    ----------
    counts
        So many of each kind, above zero; the cluster with them was solved again, and every lost task has a place there.
    price
        Of all of them, in the kinds' unit.
    at_least
        Nothing of the kinds that were offered repairs the loss for less; equal to ``price`` where that is proved the cheapest.
    """

    counts: tuple[tuple[Kind, int], ...]
    price: int
    at_least: int

    @property
    def proven(self) -> bool:
        """Whether nothing cheaper repairs the loss."""
        return self.at_least >= self.price

    @property
    def size(self) -> int:
        """Instances."""
        return sum(count for _, count in self.counts)


@dataclass(frozen=True)
class Outcome:
    """What the search for an addition came to.

    Parameters
    ----------
    addition
        None where none was found.
    reason
        Why there is none.
    """

    addition: Addition | None
    reason: str = ""


class Search:
    """Looks for the cheapest addition that repairs one loss.

    Parameters
    ----------
    problem
        The cluster before the loss.
    prices
        By type, in millionths; without any, the fewest instances are looked for, and of those the smallest.
    """

    def __init__(
        self,
        problem: Problem,
        loss: Loss,
        prices: Mapping[str, int],
        limits: Limits,
        max_moves: int = 0,
        cancelled: Callable[[], bool] | None = None,
    ) -> None:
        self._problem = problem
        self._loss = loss
        self._limits = limits
        self._moves = max_moves
        self._cancelled = cancelled
        self._end = time.monotonic() + limits.time_limit
        self._kinds = () if loss.gone.all() else kinds_for(problem, loss, prices)
        self._known: dict[tuple[int, ...], Judgement] = {}

    def run(self, before: Judgement) -> Outcome:
        """Find an addition, then look for what is cheaper until there is nothing left, or no time.

        Parameters
        ----------
        before
            The loss as it is, which fails or is not decided.
        """
        if before.plan is None:
            return Outcome(None, "no instance is left: have some where this loss does not take them")
        if not self._kinds:
            return Outcome(None, NO_KIND)
        self._before = before
        self._lacking = Lacking.of(self._problem, self._loss, self._kinds, self._moves)
        if self._lacking.is_out_of_reach:
            return Outcome(None, NO_KIND)
        best, at_least = self._cheapest(self._greedy())
        if best is None:
            return Outcome(None, "none was found in the time given")
        chosen = tuple((kind, count) for kind, count in zip(self._kinds, best, strict=True) if count)
        price = self._lacking.price(best)
        return Outcome(Addition(chosen, price, min(at_least, price)))

    # One mix.

    def _ask(self, counts: tuple[int, ...], seconds: float) -> Judgement:
        """What becomes of the loss with so many instances of each kind more; asked once."""
        if counts not in self._known:
            limits = replace(self._limits, time_limit=max(min(seconds, self._left), LEAST_SECONDS))
            asked, gone = self._grown(counts)
            hint = self._refilled(counts)
            self._known[counts] = judged(asked, gone, limits, self._moves, self._cancelled, hint)
        return self._known[counts]

    def _grown(self, counts: tuple[int, ...]) -> tuple[Problem, Bools]:
        """The cluster before the loss with so many instances more, and what is lost of it."""
        gone = np.append(self._loss.gone, np.zeros(sum(counts), np.bool_))
        return grown(self._problem, self._kinds, counts), gone

    def _refilled(self, counts: tuple[int, ...]) -> Counts:
        """The plan of the loss as it is, and on the new instances what it has no place for, as far as that fits at once."""
        asked = after(*self._grown(counts), self._moves)
        plan = self._before.plan
        known = Counts.empty(len(asked.groups), asked.cluster.size) if plan is None else _widened(plan, sum(counts))
        return refill(bind(asked), known, Deadline(max(self._left, LEAST_SECONDS)))

    @property
    def _left(self) -> float:
        gone = self._cancelled is not None and self._cancelled()
        return 0.0 if gone else self._end - time.monotonic()

    # A first addition.

    def _greedy(self) -> tuple[int, ...] | None:
        """Add the kind that gives the most places for its price, again and again; then take away what is not needed."""
        counts = (0,) * len(self._kinds)
        whole = sum(self._before.missing.values())
        missing = whole
        while missing and sum(counts) < MOST_ADDED and self._left > GREEDY_SHARE * self._limits.time_limit:
            gains = [missing - self._unfilled(_plus(counts, k, 1)) for k in range(len(self._kinds))]
            k = max(range(len(gains)), key=lambda k: (Fraction(gains[k], max(self._kinds[k].price, 1)), -k))
            if gains[k] <= 0:
                return None
            # As many at once as give places like the first one, halved so that the last ones are chosen anew.
            counts = _plus(counts, k, max(missing // gains[k] // 2, 1))
            missing = self._unfilled(counts)
        if missing or not any(counts) or not self._holds(counts):
            return None
        for k in sorted(range(len(counts)), key=lambda k: -self._kinds[k].price):
            while counts[k] and self._left > 0 and not self._unfilled(less := _plus(counts, k, -1)):
                if not any(less) or not self._holds(less):
                    break
                counts = less
        return counts

    def _unfilled(self, counts: tuple[int, ...]) -> int:
        """Tasks without a place in the plan of the loss as it is once new instances take what fits."""
        asked = after(*self._grown(counts), self._moves)
        return int(asked.missing(self._refilled(counts)).sum())

    def _holds(self, counts: tuple[int, ...]) -> bool:
        return self._ask(counts, ASK_SHARE * self._limits.time_limit).verdict is Verdict.HOLDS

    # What is cheaper.

    def _cheapest(self, found: tuple[int, ...] | None) -> tuple[tuple[int, ...] | None, int]:
        """The mixes in the order of what they cost at least: the first one that holds is the cheapest if all before fail.

        A mix that leaves a deficit is taken up by the price of the mix and of the cheapest way to fill that, which no mix that
        contains it undercuts; one that leaves none is solved.

        Returns
        -------
        tuple
            The mix, None where none was found; and what nothing that repairs the loss undercuts.
        """
        most = None if found is None else self._lacking.price(found)
        floor, exact = 0, True
        start = (0,) * len(self._kinds)
        queue: list[tuple[int, int, tuple[int, ...], int]] = [(self._lacking.estimate(start) or 0, 0, start, 0)]
        for _ in range(MOST_LOOKED_AT):
            if not queue:
                break
            at_least, size, counts, first = heapq.heappop(queue)
            floor = at_least if exact else floor
            if most is not None and at_least >= most:
                return found, floor
            if self._left <= 0:
                break
            if any(counts) and self._lacking.is_filled(counts):
                verdict = self._ask(counts, ASK_SHARE * self._limits.time_limit).verdict
                if verdict is Verdict.HOLDS:
                    return counts, floor
                exact = exact and verdict is Verdict.FAILS
            for k in range(first, len(self._kinds) if size < MOST_ADDED else 0):
                more = _plus(counts, k, 1)
                if (estimate := self._lacking.estimate(more)) is not None:
                    heapq.heappush(queue, (estimate, size + 1, more, k))
        return found, floor


def _plus(counts: Sequence[int], k: int, count: int) -> tuple[int, ...]:
    return (*counts[:k], counts[k] + count, *counts[k + 1 :])


def _widened(plan: Counts, more: int) -> Counts:
    """A plan with instances more, on which there is nothing."""
    return Counts(plan.groups, plan.instances + more, plan.group.copy(), plan.instance.copy(), plan.count.copy())
