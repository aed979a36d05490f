"""``min_gain``: moves must pay (``rebalance --min-gain``; ours).

The *goal* is the first tier that the state before the operation does not have at its counting bound: what a rebalance can
gain something in. A plan moves tasks only if ``min_gain * cost of the moves <= goal before - goal after``, so that it is one
more budget, and moving nothing always keeps it. The gain is that of the whole plan: on average each move gains so much.

The goal is known before any search. Where counting cannot see that nothing is to be gained in it (a rule that nothing can
repair), nothing moves, for a later tier neither.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import gcd

import numpy as np

from solver.domain.counts import Ints
from solver.domain.explanation import Violation
from solver.domain.placement import Placement
from solver.domain.problem import Problem
from solver.rules.base import Cost, Counting
from solver.rules.model import Model, Sum
from solver.rules.moved import Moved

PER_UNIT = 1_000
"""``Freedom.min_gain`` counts thousandths of the goal's unit."""

LARGEST_PRODUCT = 2**62
"""No side of the inequality may exceed it."""


@dataclass(frozen=True, eq=False)
class Gain:
    """``price * cost of the moves <= unit * (before - goal after)``, in lowest terms.

    Parameters
    ----------
    goal
        What is to gain; None where counting says that nothing can be gained.
    tier
        Its place among the tiers.
    before
        Its value before the operation.
    moved
        The moves of all groups, at their move costs.
    """

    price: int
    unit: int
    goal: Cost | None
    tier: int
    before: int
    moved: Moved

    @classmethod
    def of(cls, problem: Problem, tiers: Sequence[Cost], emptied: Placement, room: Sequence[Ints]) -> Gain:
        """Of a request.

        Parameters
        ----------
        tiers
            What is minimised, in order.
        emptied, room
            The state in which only the fixed tasks run, and ``int64[I]`` a group, how many of its others fit where.
        """
        divisor = gcd(problem.freedom.min_gain, PER_UNIT)
        price, unit = problem.freedom.min_gain // divisor, PER_UNIT // divisor
        moved = Moved(tuple(np.flatnonzero(problem.operation.moving).tolist()))
        least = problem.operation.kept - problem.operation.fixed.totals()
        before = Placement(problem)
        values: dict[str, int] = {}
        tight: list[Cost] = []
        for tier, cost in enumerate(tiers):
            value = cost.value(before)
            if value > cost.bound(Counting(problem, emptied, room, least, values, tuple(tiers[:tier]), tuple(tight))):
                return cls(price, unit, cost, tier, value, moved)
            values[cost.name] = value
            tight.append(cost)
        return cls(price, unit, None, len(tiers), 0, moved)

    def most(self, placement: Placement) -> int:
        """What moves may cost at most in a state, by what it gains; below zero where the goal is worse than before."""
        gained = 0 if self.goal is None else self.before - self.goal.value(placement)
        return self.unit * gained // self.price

    def violations(self, placement: Placement) -> tuple[Violation, ...]:
        """Moves that cost more than the plan gains."""
        cost, most = self.moved.value(placement), self.most(placement)
        if cost <= most:
            return ()
        return (Violation("gain of moves", "", "cluster", most, cost, "cost of the moves"),)

    def compile(self, model: Model, tiers: Sequence[Sum]) -> None:
        """The same to the solver, with the sums of the tiers."""
        paid = self.moved.compile(model) * self.price
        if self.goal is None:
            model.at_most(paid, 0)
        else:
            model.at_most(paid + tiers[self.tier] * self.unit, self.before * self.unit)

    def remark(self, placement: Placement) -> str:
        """What people should know of it."""
        asked = f"moves must gain {self.price / self.unit:g} each"
        if self.goal is None:
            return f"{asked}, and there is nothing to gain: nothing moves"
        after, cost = self.goal.value(placement), self.moved.value(placement)
        return f"{asked} in {self.goal.title}: {self.before:,} before, {after:,} after, moves count {cost:,}"
