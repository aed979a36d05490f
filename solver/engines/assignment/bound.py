"""The bound of one tier with the earlier ones held, climbed a little at a time."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from solver.domain.counts import Ints
from solver.engines.assignment.closing import Prices, Wanted
from solver.engines.assignment.lagrangian import Floats, ascend
from solver.engines.assignment.problem import Pinned
from solver.engines.deadline import Deadline

UNIT = 10_000
"""Prices are whole numbers of 1 / 10,000."""

STEPS, STEPS_SECONDS = 20, 0.1
"""Between looks at the deadline: as many as take so long, unless the clock must not decide (§10.1)."""

NODES = (1_000, 10_000, 100_000)
"""Of the search for the best filling of an instance, before its first bound is taken instead: few while that gains something."""

MOST_NODES = 2_000_000
"""The same for all instances together."""

FIRST_STEP, NEXT_STEP, LEAST_STEP = 1.0, 0.3, 0.004
"""Of Polyak's step: at first, with more nodes, and where it gains nothing more."""

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
    """

    def __init__(self, left: Pinned, tier: int, given: tuple[int, ...], least: Ints) -> None:
        self.given = given
        self.left = left
        problem = left.problem
        least = least - left.counts.sum(axis=1)
        self._problem = problem
        self._points = np.clip(problem.points, np.maximum(least, problem.least)[:, None], problem.total[:, None])
        held = [q for q in range(tier) if self._binds(q, given[q])]
        tiers = [problem.tiers[q] for q in (*held, tier)]
        self._at = np.array([self._at_points(t) for t in (*held, tier)])
        self._stay = np.array([t.stay for t in tiers])
        self._limit = np.array([given[q] for q in held], np.int64)
        instance, group = np.nonzero(problem.home.T)
        self._home = (
            np.searchsorted(instance, np.arange(len(problem.capacity) + 1)),
            group.astype(np.int64),
            problem.home[group, instance],
        )
        self._scale, size = self._sizes()
        self._best = np.full(1, NOTHING)
        self._chunk = STEPS
        self._firm: _Basis | None = None
        self._price, self._penalty = np.zeros(len(problem.demand)), np.zeros(len(held))
        self._best_price, self._best_penalty = self._price.copy(), self._penalty.copy()
        self._step, self._phase, self._before = FIRST_STEP, 0, 0
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
        scale = np.round(scarce / max(scarce.max(initial=0.0), 1e-9) * capacity.max() / capacity * 100)
        size = (problem.demand / (capacity / len(problem.capacity)) * (scarce / max(scarce.sum(), 1e-9))).sum(axis=1)
        return scale.astype(np.int64), size * 2

    @property
    def stalled(self) -> bool:
        """Whether more steps would gain nothing."""
        return self._phase == len(NODES)

    def climb(self, value: int, deadline: Deadline, repeatable: bool = False) -> int:
        """Some steps towards a plan's value; the best bound so far.

        Parameters
        ----------
        repeatable
            The clock must not decide how many (§10.1).
        """
        goal = (value - 1) * UNIT + 1
        while self._begin and self._best[0] < goal and not deadline.passed():
            self._try(*self._begin.pop(0), value, goal)
            if not self._begin:
                self._price, self._penalty = self._best_price.copy(), self._best_penalty.copy()
        if self._best[0] < goal and not self.stalled and not deadline.passed():
            begin = time.monotonic()
            self._steps(value, goal, self._chunk)
            if not repeatable:
                a_step = (time.monotonic() - begin) / self._chunk
                self._chunk = int(np.clip(STEPS_SECONDS / max(a_step, 1e-9), 1, STEPS))
            if self._step < LEAST_STEP:
                self._next_phase()
        # The least whole number that is not below it.
        return max(int(-(-self._best[0] // UNIT)), 0)

    def _try(self, price: Floats, penalty: float, value: int, goal: int) -> None:
        """One step from these prices."""
        known, self._best[0] = int(self._best[0]), NOTHING
        best_price, best_penalty = self._best_price.copy(), self._best_penalty.copy()
        self._price, self._penalty = price.copy(), np.full_like(self._penalty, penalty)
        self._steps(value, goal, 1)
        found = int(self._best[0])
        if -UNIT // 2 <= found <= 0 and (self._firm is None or price.sum() > self._firm.price.sum()):
            self._firm = _Basis(found, self._best_price.copy(), self._best_penalty.copy())
        if found < known:
            self._best[0], self._best_price[:], self._best_penalty[:] = known, best_price, best_penalty

    def _basis(self) -> _Basis:
        """The prices that fillings are judged by.

        Where nothing better than zero is proved, prices tend to zero and tell nothing apart: then it is the highest that prove
        little less.
        """
        best = _Basis(int(self._best[0]), self._best_price, self._best_penalty)
        return best if self._firm is None or best.bound > 0 else self._firm

    def _next_phase(self) -> None:
        gained = int(self._best[0]) - self._before
        # Where the prices tend to zero, no filling is better than another, and more nodes find nothing.
        over = self._best[0] <= 0 or (self._phase and gained < LEAST_GAIN * UNIT)
        self._phase = len(NODES) if over else self._phase + 1
        self._step, self._before = NEXT_STEP, int(self._best[0])

    def slack(self, target: int) -> int:
        """What a plan that costs no more than the target may lose against the bound, in whole units."""
        return target * UNIT - self._basis().bound

    def prices(self) -> Prices:
        """What fillings are judged by, in whole units."""
        problem, basis = self._problem, self._basis()
        price, penalty = (np.maximum(np.round(p * UNIT), 0).astype(np.int64) for p in (basis.price, basis.penalty))
        bonus = UNIT * self._stay[-1] + penalty @ self._stay[:-1]
        return Prices(problem.capacity, problem.demand, problem.most, *self._home, price, bonus, self._scale)

    def wanted(self, target: int) -> Wanted:
        """A plan that is no worse in the earlier tiers and costs no more than the target."""
        return Wanted(self._points, self._at, self._stay, np.append(self._limit, target))

    def _steps(self, value: int, goal: int, steps: int) -> None:
        problem = self._problem
        self._step = ascend(
            problem.capacity, problem.demand, problem.most, *self._home, self._points, self._at, self._stay, self._limit,
            self._scale, UNIT, self._price, self._penalty, value * UNIT, goal, self._step, steps,
            min(NODES[self._phase], MOST_NODES // max(len(problem.capacity), 1)),
            self._best, self._best_price, self._best_penalty,
        )  # fmt: skip
