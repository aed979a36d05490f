"""The cheapest instances to add so that a loss is survived: best first by price, each guess solved again."""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from solver.domain.counts import Bools, Counts
from solver.domain.problem import Problem
from solver.domain.request import Limits
from solver.engines import packed_first
from solver.engines.deadline import Deadline
from solver.engines.refilling import refill
from solver.robustness.judging import Judgement, Verdict, judged
from solver.robustness.kinds import LARGEST, PER_INSTANCE, Kind, grown, kinds_for
from solver.robustness.lacking import Lacking, Places
from solver.robustness.loss import Loss, after
from solver.robustness.relaxation import least_price
from solver.rules.bind import bind
from solver.verify import check

MOST_ADDED = 1_000
"""Instances of one addition."""

MOST_LOOKED_AT = 100_000
"""Mixes that are taken up in order of price before the search ends."""

NO_KIND = "no kind of instance that the cluster has and the loss leaves gives what is missing"

LEAST_SECONDS = 0.05
RELAXED_SHARE = 0.2
"""Of the time, at most, for what additions cost at least."""

FIRST_SHARE, DESCENT_SHARE, ASK_SHARE = 0.5, 0.6, 0.25
"""Of the time: what is kept from the first addition for cheaper ones, what of the rest the way down from it may take, and what
one mix may take at most."""


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

    @property
    def size_at_least(self) -> int:
        """No fewer instances repair the loss; where the fewest were looked for, not the cheapest."""
        return self.size if self.proven else -(-self.at_least // (PER_INSTANCE + LARGEST))


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


@dataclass(frozen=True)
class _Fit:
    """Tasks without a place by packing alone, and of each kind the new instances that hold some."""

    missing: int
    used: tuple[int, ...]


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
        self._floor = 0
        """What no addition undercuts."""

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
        places = Places.of(self._problem, self._loss, self._kinds, self._moves)
        self._lacking = Lacking.of(places, self._kinds)
        if self._lacking.is_out_of_reach:
            return Outcome(None, NO_KIND)
        if not self._moves:
            self._floor = least_price(places, self._kinds, Deadline(RELAXED_SHARE * self._left))
        first = self._first()
        best, at_least = self._cheapest(None if first is None else self._descend(first))
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

    def _first(self) -> tuple[int, ...] | None:
        """The cheapest of what packing opens when it is offered enough of one type, and of all; less what is not needed.

        Where a type alone leaves tasks without a place, all kinds are offered beside what was opened of it.
        """
        every = range(len(self._kinds))
        names = dict.fromkeys(self._kinds[k].type for k in sorted(every, key=self._lacking.rate))
        types = [[k for k in every if self._kinds[k].type == name] for name in names]
        found = []
        # All of them first: where anything helps, that does.
        for some in [list(every), *(types if len(types) > 1 else [])]:
            fit = self._fit(self._enough((0,) * len(self._kinds), some))
            if fit.missing:
                fit = self._fit(self._enough(fit.used, every))
            if not fit.missing and any(fit.used):
                found.append(fit.used)
            if self._left < FIRST_SHARE * self._limits.time_limit and found:
                break
        best = min(found, key=self._lacking.price, default=None)
        return None if best is None else self._less(best)

    def _enough(self, counts: tuple[int, ...], some: Sequence[int]) -> tuple[int, ...]:
        """A mix with as many more of some kinds as there are tasks without a place, as far as additions go."""
        most = (MOST_ADDED - sum(counts)) // len(some)
        more = min(sum(self._before.missing.values()) or 1, most)
        return tuple(count + more * (k in some) for k, count in enumerate(counts))

    def _less(self, counts: tuple[int, ...]) -> tuple[int, ...]:
        """A mix that holds without the instances that packing can do without, the dearest taken away first."""
        for k in sorted(range(len(counts)), key=lambda k: -self._kinds[k].price):
            while counts[k] and self._left > 0:
                fit = self._fit(_plus(counts, k, -1))
                if fit.missing or not any(fit.used):
                    break
                counts = fit.used
        return counts

    def _fit(self, counts: tuple[int, ...]) -> _Fit:
        """What becomes of the loss with a mix, by packing alone; the checker has passed the plan where nothing is missing."""
        asked = after(*self._grown(counts), self._moves)
        rules, deadline = bind(asked), Deadline(max(self._left, LEAST_SECONDS))
        fits = []
        for plan in (packed_first.place(rules, self._limits.seed, deadline), self._refilled(counts)):
            missing = int(asked.missing(plan).sum())
            if missing or not check(asked, plan, rules):
                fits.append(_Fit(missing, self._used(plan, counts)))
        whole = (0,) * len(self._kinds)
        return min(fits, key=lambda fit: (fit.missing, self._lacking.price(fit.used)), default=_Fit(1, whole))

    def _used(self, plan: Counts, counts: tuple[int, ...]) -> tuple[int, ...]:
        """Of each kind the new instances that hold tasks; they are the last ones, in the order of the kinds."""
        first = plan.instances - sum(counts)
        kind_of = np.repeat(np.arange(len(counts)), counts)
        used = np.unique(plan.instance[plan.instance >= first]) - first
        return tuple(np.bincount(kind_of[used], minlength=len(counts)).tolist())

    def _descend(self, counts: tuple[int, ...]) -> tuple[int, ...]:
        """The mix without one instance more, again and again, as long as a search finds places for all."""
        until = self._left * (1 - DESCENT_SHARE)
        for k in sorted(range(len(counts)), key=lambda k: (-self._kinds[k].price, -counts[k])):
            while counts[k] and sum(counts) > 1 and self._left > until:
                less = _plus(counts, k, -1)
                if not self._may_hold(less) or not self._holds(less):
                    break
                counts = self._less(less)
        return counts

    def _may_hold(self, counts: tuple[int, ...]) -> bool:
        """Whether no bound says that the mix repairs nothing."""
        return self._lacking.price(counts) >= self._floor and self._lacking.is_filled(counts)

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
        floor, exact = self._floor, True
        start = (0,) * len(self._kinds)
        # Of mixes that cost as much at least, the largest first: one that can be solved is reached soon.
        queue: list[tuple[int, int, tuple[int, ...], int]] = [
            (max(self._lacking.estimate(start) or 0, self._floor), 0, start, 0)
        ]
        for _ in range(MOST_LOOKED_AT):
            if not queue:
                break
            at_least, negative, counts, first = heapq.heappop(queue)
            floor = at_least if exact else floor
            if most is not None and at_least >= most:
                return found, floor
            if self._left <= 0:
                break
            if any(counts) and self._may_hold(counts):
                verdict = self._ask(counts, ASK_SHARE * self._limits.time_limit).verdict
                if verdict is Verdict.HOLDS:
                    return counts, floor
                exact = exact and verdict is Verdict.FAILS
            for k in range(first, len(self._kinds) if -negative < MOST_ADDED else 0):
                more = _plus(counts, k, 1)
                if (estimate := self._lacking.estimate(more)) is not None:
                    heapq.heappush(queue, (max(estimate, self._floor), negative - 1, more, k))
        return found, floor


def _plus(counts: Sequence[int], k: int, count: int) -> tuple[int, ...]:
    return (*counts[:k], counts[k] + count, *counts[k + 1 :])


def _widened(plan: Counts, more: int) -> Counts:
    """A plan with instances more, on which there is nothing."""
    return Counts(plan.groups, plan.instances + more, plan.group.copy(), plan.instance.copy(), plan.count.copy())
