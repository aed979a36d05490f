"""Rounds of annealing: with what weights, for how many tasks, and how long.

A later tier must not be paid for with an earlier one, which a sum of costs cannot say exactly: an earlier tier weighs more,
and where a round wins a later tier of moves at the cost of an earlier one, that weight grows. How many tasks are nowhere is not
left to weights: a round hopes for so many, and is kept from leaving fewer.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from solver.domain.counts import Ints
from solver.domain.request import Limits
from solver.engines.assignment.plan import Plan
from solver.engines.assignment.problem import AssignmentProblem, Pinned, counts_of, places_of
from solver.engines.deadline import Deadline
from solver.engines.kernels.annealing import anneal

Floats = NDArray[np.float64]

STEPS_A_TASK, FIRST_STEPS, MOST_STEPS = 1_000, 200_000, 16_000_000
"""Of a round: for each task in the first one, at most in that, and in any."""

CHUNK = 200_000
"""Steps between looks at the deadline: some 50 ms."""

STEPS_A_SECOND = 2_000_000
"""Of annealing, by which deterministic seconds are counted."""

HOT, COLD = 0.12, 0.004
"""Temperatures at the beginning and at the end of a round. Unit of these and of the weights: what an average task too much on an
instance costs in the rounds where that is least."""

OUT = 3.0
"""Weight of a task that is nowhere, in the first tier that is not proved: so much that none is left out for want of room."""

PLACING = ((2.0, 0.027), (4.0, 0.027), (1.0, 0.009), (4.0, 0.009))
MOVING = ((4.0, 0.1), (4.0, 0.05), (2.0, 0.05), (4.0, 0.15))
"""Where that tier counts tasks that are missing, and where it counts moves, in rounds in turn: what an average task too much
costs, and the weight of one that moves, so little that none is kept at home without room."""

RATIO, MOST_RATIO, STEEPER = 4.0, 64.0, 1.5
"""What a tier of moves weighs more than the next at first, at most, and how many times that after it was paid with."""


@dataclass(frozen=True, eq=False)
class Round:
    """One round, which several threads may run from different seeds.

    Parameters
    ----------
    left
        The problem without what stays in any case.
    place
        ``int64[T]``: where its tasks are to begin with, -1 for nowhere.
    fewest_out
        ``int64[tiers]``: how many tasks of each are nowhere at least.
    weights
        ``float64[tiers]``: what a unit of each costs.
    overload
        What an average task too much on an instance costs.
    steps
        So many.
    """

    left: Pinned
    place: Ints
    fewest_out: Ints
    weights: Floats
    overload: float
    steps: int

    def run(self, seed: int, deadline: Deadline) -> list[Ints]:
        """``int64[G, I]`` each: the best plan of each part of the round."""
        problem, tasks, sets = self.left.problem, self.left.problem.tasks, self.left.problem.sets
        if len(tasks) == 0 or len(problem.capacity) == 0:
            return []
        out = np.where(tasks.out_tier >= 0, self.weights[tasks.out_tier], 0.0)
        away: Floats = np.where(tasks.move_tier >= 0, self.weights[tasks.move_tier], 0.0) * tasks.move_cost
        away /= max(float(tasks.move_cost.mean()), 1.0)
        overload = self.overload * len(tasks) / len(problem.capacity)
        budgets = np.array([problem.max_moves, problem.max_move_cost])
        chunks = max(-(-self.steps // CHUNK), 1)
        place, found = self.place.copy(), []
        for chunk in range(chunks):
            best = place.copy()
            least = anneal(
                problem.capacity, problem.demand, problem.most, tasks.group, tasks.home, tasks.may_go, tasks.out_tier,
                self.fewest_out, out, away, overload, tasks.move_cost, budgets, problem.group_moves, sets.part, sets.before,
                sets.limit, sets.skew, sets.parts, sets.start, sets.of, sets.weight, sets.apart_start, sets.apart_of, place,
                self.steps // chunks, HOT * (COLD / HOT) ** (chunk / chunks), HOT * (COLD / HOT) ** ((chunk + 1) / chunks),
                (seed * 1_000_003 + chunk) % 2**31, best,
            )  # fmt: skip
            if math.isfinite(least):
                found.append(self.left.counts + counts_of(tasks, best, problem.most.shape))
            if deadline.passed():
                break
        return found


def steps_within(limits: Limits) -> float:
    """Of annealing, all rounds together: a whole number where they are limited, else without end."""
    budget = limits.deterministic_limit
    return math.inf if budget is None else math.ceil(budget * STEPS_A_SECOND)


@dataclass
class Pace:
    """How much a round hopes for, and how long it takes: after failures less, then longer.

    Parameters
    ----------
    steps
        Of a round.
    jump
        How far the value is hoped to fall; a success doubles it.
    tries, hopeful_tries
        Rounds before there are twice as many steps, and before half as much is hoped for.
    doubled
        How often there were more steps since the last success.
    """

    steps: int
    jump: int
    tries: int
    hopeful_tries: int
    doubled: int = 0
    _failed: int = 0

    @classmethod
    def of(cls, problem: AssignmentProblem, jump: int, tries: int, hopeful_tries: int) -> Pace:
        """At the beginning of a search."""
        return cls(min(STEPS_A_TASK * (len(problem.tasks) + 1), FIRST_STEPS), jump, tries, hopeful_tries)

    def hope(self, most: int) -> int:
        """How far the value is hoped to fall, where it can by so much: at least by 1."""
        self.jump = max(min(self.jump, most), 1)
        return self.jump

    def after(self, better: bool) -> None:
        """Go on after a round."""
        if better:
            self.jump, self.doubled, self._failed = 2 * self.jump, 0, 0
            return
        self._failed += 1
        if self._failed < (self.hopeful_tries if self.jump > 1 else self.tries):
            return
        self._failed = 0
        if self.jump > 1:
            self.jump //= 2
        else:
            self.steps, self.doubled = min(2 * self.steps, MOST_STEPS), self.doubled + 1


class Rounds:
    """What each round is begun with.

    Attributes
    ----------
    pace
        Of the rounds.
    """

    def __init__(self, problem: AssignmentProblem) -> None:
        self.pace = Pace.of(problem, 1, len(PLACING), len(PLACING))
        self._counts_moves = [bool((tier.stay > 0).any()) for tier in problem.tiers]
        self._ratios = np.full(len(problem.tiers), RATIO)
        self._tier, self._turn = -1, 0
        self._values: tuple[int, ...] = ()

    def begin(self, plan: Plan, left: Pinned, tier: int, most: float) -> Round:
        """A round from the plan, for the first tier that is not proved, of at most so many steps."""
        value, bound, _ = plan.known(tier)
        if tier != self._tier:
            self._tier, self.pace.jump = tier, value - bound
        self._values = plan.values(len(self._counts_moves))
        turns = MOVING if self._counts_moves[tier] else PLACING
        overload, moved = turns[self._turn % len(turns)]
        # Moves come down little by little: no number of them is aimed at.
        fewer = self.pace.hope(1 if self._counts_moves[tier] else value - bound)
        return Round(
            left=left,
            place=places_of(left.problem.tasks, plan.counts() - left.counts),
            fewest_out=self._fewest_out(plan, tier, value - fewer),
            weights=self._weights(tier, moved),
            overload=overload,
            steps=int(min(self.pace.steps, most)),
        )

    def _weights(self, tier: int, moved: float) -> Floats:
        """``float64[tiers]``: what a unit of each costs, with one of moves at the open tier or next after it."""
        moves, ratios = self._counts_moves, self._ratios
        weights = np.empty(len(moves), np.float64)
        weights[tier] = moved if moves[tier] else OUT
        for q in range(tier + 1, len(moves)):
            lower = weights[q - 1] / (ratios[q - 1] if moves[q - 1] else 2.0)
            weights[q] = min(lower, moved) if moves[q] else lower
        for q in range(tier - 1, -1, -1):
            if moves[q]:
                weights[q] = ratios[q] * (weights[q + 1] if moves[q + 1] else moved)
            else:
                weights[q] = max(2.0 * weights[q + 1 :].max(), OUT)
        return weights

    def _fewest_out(self, plan: Plan, tier: int, hoped: int) -> Ints:
        """``int64[tiers]``: what is proved, in the open tier what is hoped for, and in later ones nothing."""
        fewest = np.zeros(len(self._counts_moves), np.int64)
        for q in range(tier):
            fewest[q] = plan.known(q)[1]
        fewest[tier] = hoped
        return fewest

    def after(self, begun: Round, found: list[list[Ints]], better: bool) -> None:
        """Go on after a round: without success with other weights, and with what it found that was worse."""
        self.pace.after(better)
        if better:
            return
        self._turn += 1
        for counts in (counts for plans in found for counts in plans):
            self._learn(_values(begun.left, counts))

    def _learn(self, found: tuple[int, ...]) -> None:
        """Weigh a tier of moves more that was paid for a later one."""
        changed = (t for t, (new, old) in enumerate(zip(found, self._values, strict=True)) if new != old)
        worse = next(changed, None)
        if worse is not None and found[worse] > self._values[worse]:
            self._ratios[worse] = min(self._ratios[worse] * STEEPER, MOST_RATIO)


def _values(left: Pinned, counts: Ints) -> tuple[int, ...]:
    """The tiers of a plan, from its tasks."""
    tasks = left.problem.tasks
    place, values = places_of(tasks, counts - left.counts), np.zeros(len(left.problem.tiers), np.int64)
    out = (place < 0) & (tasks.out_tier >= 0)
    away = (place >= 0) & (tasks.home >= 0) & (place != tasks.home) & (tasks.move_tier >= 0)
    np.add.at(values, tasks.out_tier[out], 1)
    np.add.at(values, tasks.move_tier[away], tasks.move_cost[away])
    return tuple(values.tolist())
