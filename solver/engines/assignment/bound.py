"""The bound of one tier with the earlier ones held, climbed a little at a time."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from solver.domain.counts import Ints
from solver.engines.assignment.closing import Wanted
from solver.engines.assignment.lagrangian import UNIT, Evaluated, Floats, Prices, Relaxation
from solver.engines.assignment.problem import Pinned
from solver.engines.deadline import Deadline

STEPS, STEPS_SECONDS = 20, 0.05
"""Between looks at the deadline: as many as take so long, unless the clock must not decide (§10.1)."""

NODES = (1_000, 10_000, 100_000)
"""Of the search for the best filling of an instance, before its first bound is taken instead: few while that gains something."""

MOST_NODES = 2_000_000
"""The same for all instances together."""

FIRST_STEP, NEXT_STEP, LEAST_STEP = 1.0, 0.3, 0.004
"""Of Polyak's step: at first, with more nodes, and where it gains nothing more."""

PATIENCE, SHORTER, MOMENTUM = 20, 0.6, 0.3
"""Steps without a gain before they get shorter, how much shorter, and what each keeps of the last one's direction."""

LEAST_GAIN = 0.01
"""In the unit of the tier: with more nodes nothing is to be gained where the last time they gained less."""

FIRST_PRICES = np.geomspace(0.2, 30.0, 16)
"""Tried for a task of average size, to begin with."""

FIRST_PENALTIES = (1.0, 4.0, 16.0)


NOTHING = np.iinfo(np.int64).min // 2
"""Below any bound."""


@dataclass(frozen=True, eq=False)
class _Basis:
    """A bound in units, and the prices and penalties that it was found with."""

    bound: int
    price: Floats
    penalty: Floats


class Bound:
    """A lower bound of a tier.

    Parameters
    ----------
    left
        The problem without the tasks that stay in any case.
    tier
        Which of the problem's.
    given
        Values of the earlier tiers: the bound speaks of plans that are no worse there.
    least
        ``int64[G]``: how few tasks there are in such plans.

    Attributes
    ----------
    phase
        How often it converged, each time with more nodes for a filling than before.
    """

    def __init__(self, left: Pinned, tier: int, given: tuple[int, ...], least: Ints) -> None:
        self.given = given
        self.left = left
        problem = self._problem = left.problem
        least = np.maximum(least - left.counts.sum(axis=1), problem.least)
        self._points = np.clip(problem.points, least[:, None], problem.total[:, None])
        held = [q for q in range(tier) if self._binds(q, given[q])]
        instance, group = np.nonzero(problem.home.T)
        scale, size = self._sizes()
        self.relaxation = Relaxation(
            capacity=problem.capacity,
            demand=problem.demand,
            most=problem.most,
            home_start=np.searchsorted(instance, np.arange(len(problem.capacity) + 1)),
            home_group=group.astype(np.int64),
            home_count=problem.home[group, instance],
            points=self._points,
            at=np.array([self._at_points(q) for q in (*held, tier)]),
            stay=np.array([problem.tiers[q].stay for q in (*held, tier)]),
            limit=np.array([given[q] for q in held], np.int64),
            scale=scale,
        )
        none = np.zeros(len(problem.demand)), np.zeros(len(held))
        self._best = _Basis(NOTHING, *none)
        self._firm: _Basis | None = None
        self._waited = 0
        self._price, self._penalty = none
        self._move, self._push = (np.zeros_like(prices) for prices in none)
        self._step, self._before = FIRST_STEP, 0
        self.phase = 0
        self._begin = [
            (price * size, penalty) for penalty in (FIRST_PENALTIES if held else (0.0,)) for price in FIRST_PRICES
        ]

    def _at_points(self, tier: int) -> Ints:
        """``int64[G, B]``: the tier at the points that are left; it is linear between the problem's."""
        known, at = self._problem.points, self._problem.tiers[tier].at
        return np.array(
            [np.round(np.interp(self._points[g], known[g], at[g])) for g in range(len(known))], np.int64
        ).reshape(known.shape)

    def _binds(self, tier: int, value: int) -> bool:
        """Whether plans within the points may be worse than the value."""
        stays = self._problem.tiers[tier].stay * self._problem.home.sum(axis=1)
        return bool((stays > 0).any()) or int(self._at_points(tier).max(axis=1).sum()) > value

    def _sizes(self) -> tuple[Ints, Floats]:
        """By what the resources are added up, scarce ones more (``int64[R]``); and each task's share of the average instance."""
        problem = self._problem
        capacity = np.maximum(problem.capacity.sum(axis=0), 1)
        use = (problem.total[:, None] * problem.demand).sum(axis=0) / capacity
        scarce = np.maximum(use - use.max(initial=0.0) / 2, 0.0)
        scale = np.round(scarce / max(scarce.max(initial=0.0), 1e-9) * capacity.max(initial=0.0) / capacity * 100)
        size = (problem.demand / (capacity / len(problem.capacity)) * (scarce / max(scarce.sum(), 1e-9))).sum(axis=1)
        return scale.astype(np.int64), size * 2

    @property
    def stalled(self) -> bool:
        """Whether more steps would gain nothing."""
        return self.phase == len(NODES)

    def climb(self, value: int, deadline: Deadline, repeatable: bool = False) -> int:
        """Some steps towards a plan's value; the best bound so far.

        Parameters
        ----------
        repeatable
            The clock must not decide how many (§10.1).
        """
        goal = (value - 1) * UNIT + 1
        while self._begin and self._best.bound < goal and not deadline.passed():
            self._try(*self._begin.pop(0))
        if self._best.bound < goal and not self.stalled and not deadline.passed():
            begin = time.monotonic()
            for _ in range(STEPS):
                self._take_step(value * UNIT)
                if self._best.bound >= goal or self._step < LEAST_STEP:
                    break
                if not repeatable and time.monotonic() - begin > STEPS_SECONDS:
                    break
            if self._step < LEAST_STEP:
                self._next_phase()
        # The least whole number that is not below it.
        return max(-(-self._best.bound // UNIT), 0)

    def _try(self, price: Floats, penalty: float) -> None:
        """Look at these prices."""
        tried = price, np.full_like(self._penalty, penalty)
        found = _Basis(self._evaluate(*tried).bound, *tried)
        if -UNIT // 2 <= found.bound <= 0 and (self._firm is None or price.sum() > self._firm.price.sum()):
            self._firm = found
        if found.bound > self._best.bound:
            self._best = found
            self._price, self._penalty = tried

    def _evaluate(self, price: Floats, penalty: Floats) -> Evaluated:
        nodes = min(NODES[self.phase], MOST_NODES // max(len(self.relaxation.capacity), 1))
        return self.relaxation.evaluate(Prices.rounded(price, penalty), nodes)

    def _take_step(self, target: int) -> None:
        """A subgradient step towards the target (Polyak 1969), with some of the last step's direction."""
        found = self._evaluate(self._price, self._penalty)
        self._waited = 0 if found.bound > self._best.bound + UNIT // 500 else self._waited + 1
        if found.bound > self._best.bound:
            self._best = _Basis(found.bound, self._price, self._penalty)
        if self._waited >= PATIENCE:
            self._step, self._waited = self._step * SHORTER, 0
            self._price, self._penalty = self._best.price, self._best.penalty
            self._move, self._push = np.zeros_like(self._move), np.zeros_like(self._push)
            return
        self._move = MOMENTUM * self._move + found.by_task
        self._push = MOMENTUM * self._push + found.by_tier
        norm = float((self._move**2).sum() + (self._push**2).sum())
        if norm == 0.0:
            # The fillings are a plan: no prices prove more.
            self._step = 0.0
            return
        length = self._step * max(target - found.bound, UNIT // 10) / UNIT / norm
        self._price = np.maximum(self._price + length * self._move, 0.0)
        self._penalty = np.maximum(self._penalty + length * self._push, 0.0)

    def _basis(self) -> _Basis:
        """The prices that fillings are judged by.

        Where nothing better than zero is proved, prices tend to zero and tell nothing apart: then it is the highest that prove
        little less.
        """
        return self._best if self._firm is None or self._best.bound > 0 else self._firm

    def _next_phase(self) -> None:
        gained = self._best.bound - self._before
        # Where the prices tend to zero, no filling is better than another, and more nodes find nothing.
        over = self._best.bound <= 0 or (self.phase and gained < LEAST_GAIN * UNIT)
        self.phase = len(NODES) if over else self.phase + 1
        self._step, self._before = NEXT_STEP, self._best.bound

    def slack(self, target: int) -> int:
        """What a plan that costs no more than the target may lose against the bound, in whole units."""
        return target * UNIT - self._basis().bound

    def within(self, slack: int) -> int:
        """The highest value of which every plan loses at most so much."""
        return (slack + self._basis().bound) // UNIT

    def prices(self) -> Prices:
        """What fillings are judged by."""
        basis = self._basis()
        return Prices.rounded(basis.price, basis.penalty)

    def wanted(self, target: int) -> Wanted:
        """A plan that is no worse in the earlier tiers and costs no more than the target."""
        held = self.relaxation
        return Wanted(held.points, held.at, held.stay, np.append(held.limit, target))
