"""Search and bound side by side, in rounds: annealing from the best plan, and prices for the first tier that is not proved.

A later tier must not be paid for with an earlier one, which a sum of costs cannot say exactly: each tier weighs some times
the next, and where a round wins a later tier at the cost of an earlier one, that weight grows.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from solver.domain.counts import Ints
from solver.domain.request import Limits
from solver.engines.assignment.annealing import anneal
from solver.engines.assignment.bound import Bound
from solver.engines.assignment.closing import choose, usable
from solver.engines.assignment.lagrangian import UNIT
from solver.engines.assignment.problem import AssignmentProblem, Pinned, counts_of, pinned, places_of
from solver.engines.deadline import Deadline

STEPS_A_TASK, FIRST_STEPS, MOST_STEPS = 2_000, 200_000, 16_000_000
"""Of annealing: for each task in the first round, at most in that, and in any; each is twice as long as the one before."""

CHUNK = 200_000
"""Steps between looks at the deadline: some 50 ms."""

STEPS_A_SECOND = 2_000_000
"""By which deterministic seconds are counted."""

CLIMBS = 10
"""Of the bound in each round, where the search does not run beside it."""

HOT, COLD = 0.12, 0.004
"""Temperatures at the beginning and at the end of a round. Unit of these and of the weights: what an average task too much on an
instance costs in the rounds where that is least."""

OUT = 3.0
"""Weight of a task that is nowhere, in the first tier that is not proved: so much that none is left out for want of room."""

PLACING = ((2.0, 0.027), (4.0, 0.027), (1.0, 0.009), (4.0, 0.009))
MOVING = ((4.0, 0.1), (4.0, 0.05), (2.0, 0.05), (4.0, 0.15))
"""Where that tier counts tasks that are missing, and where it counts moves, in rounds in turn: what an average task too much
costs, and the weight of one that moves, so little that none is kept at home without room."""

RATIO, MOST_RATIO = 4.0, 64.0
"""What a tier of moves weighs more than the next at first, and at most."""

FIRST_SLACK = UNIT // 50
"""What the fillings that a plan is made of may lose at least: where these are too many already, there is nothing to choose."""

STALLED, STALLED_TIMES = 5, 80
"""Rounds in a row, and times the steps of the first one, without anything found or proved: then the rest is left to others."""


@dataclass(frozen=True)
class Plan:
    """The best plan and what is proved of it, as the search reads and writes them.

    Parameters
    ----------
    counts
        ``int64[G, I]``: the plan, beside what is fixed.
    offer
        Takes a plan if it is better and keeps every rule.
    known
        Of a tier: its value, its bound, and ``int64[G]`` how few tasks there may be with the tiers before as good as they are.
    prove
        Takes a bound of a tier that holds where the earlier tiers are no worse than the values given.
    """

    counts: Callable[[], Ints]
    offer: Callable[[Ints], bool]
    known: Callable[[int], tuple[int, int, Ints]]
    prove: Callable[[int, int, tuple[int, ...]], None]

    def open_tier(self, tiers: int) -> int | None:
        """The first tier whose bound is below its value; None where all are proved."""
        for tier in range(tiers):
            value, bound, _ = self.known(tier)
            if bound < value:
                return tier
        return None


def improve(problem: AssignmentProblem, plan: Plan, limits: Limits, deadline: Deadline) -> None:
    """Improve the plan and its bounds until all is proved, nothing more is found, or the time is over."""
    _Search(problem, plan, limits, deadline).run()


@dataclass
class _Search:
    problem: AssignmentProblem
    plan: Plan
    limits: Limits
    deadline: Deadline
    ratios: NDArray[np.float64] = field(init=False)
    jump: int = 1_000_000
    turn: int = 0
    _bounds: dict[int, Bound] = field(init=False, default_factory=dict)
    _closed: set[tuple[int, tuple[int, ...], int, int]] = field(init=False, default_factory=set)
    """Tiers, the values before them, their value and bound: what was tried already."""

    def __post_init__(self) -> None:
        self.ratios = np.full(len(self.problem.tiers), RATIO)

    def run(self) -> None:
        """Rounds of both."""
        first = min(STEPS_A_TASK * (len(self.problem.tasks) + 1), FIRST_STEPS)
        steps, stalled, waited, seed = first, 0, 0, self.limits.seed
        budget = self.limits.deterministic_limit
        left = math.inf if budget is None else budget * STEPS_A_SECOND
        with ThreadPoolExecutor(max(self.limits.workers, 1)) as threads:
            while (stalled < STALLED or waited < STALLED_TIMES * first) and left > 0 and not self.deadline.passed():
                tier = self.plan.open_tier(len(self.problem.tiers))
                if tier is None:
                    return
                left_over = self._left(tier)
                known = self._bounds.get(tier)
                climbing = known is None or not known.stalled
                searchers = max(self.limits.workers - climbing, 1)
                found = [threads.submit(self._anneal, left_over, tier, steps, seed + k) for k in range(searchers)]
                seed += searchers
                left -= steps
                if self.limits.workers == 1:
                    wait(found)
                proved = self._bound(tier, found if self.limits.workers > 1 and budget is None else [])
                closed = self._close()
                better = self._take(left_over, [future.result() for future in found])
                proved, better = proved or closed, better or closed
                stalled, waited = (0, 0) if better or proved else (stalled + 1, waited + steps)
                steps = self._next_turn(better, steps)

    def _next_turn(self, better: bool, steps: int) -> int:
        """Change how the search goes on, after a round without success first its weights, then its hopes, last its length."""
        if better:
            self.jump *= 2
        else:
            self.turn += 1
            if self.turn % len(PLACING) == 0:
                steps = min(2 * steps, MOST_STEPS) if self.jump == 1 else steps
                self.jump = max(self.jump // 2, 1)
        return steps

    def _left(self, tier: int) -> Pinned:
        """The problem without the running tasks that no plan can move whose tiers before this one are as good as they are."""
        problem, values = self.problem, self._values()
        running = problem.home.sum(axis=1)
        stays = self.plan.known(tier)[2] >= running
        unmoved = np.zeros(len(running), np.bool_)
        for earlier in range(tier):
            if values[earlier] == 0:
                unmoved |= problem.tiers[earlier].stay > 0
        return pinned(problem, stays & unmoved & (running > 0))

    def _close(self) -> bool:
        """Decide what lies between bound and plan of the first open tier, by the fillings near the best; whether it moved."""
        tier = self.plan.open_tier(len(self.problem.tiers))
        if tier is None or tier not in self._bounds:
            return False
        bound, given = self._bounds[tier], self._values()[:tier]
        value, least, _ = self.plan.known(tier)
        if bound.given != given or not bound.stalled or (tier, given, value, least) in self._closed:
            return False
        self._closed.add((tier, given, value, least))
        slack = bound.slack(least)
        fillings = usable(bound.relaxation, bound.prices(), slack)
        while fillings is None and slack > FIRST_SLACK and not self.deadline.passed():
            slack //= 2
            fillings = usable(bound.relaxation, bound.prices(), slack)
        if fillings is None:
            return False
        chosen = choose(fillings, bound.wanted(value - 1), self.limits, self.deadline)
        better = chosen.counts is not None and self.plan.offer(bound.left.counts + chosen.counts)
        # Plans that lose more than the slack have other fillings.
        proved = min(chosen.bound, bound.within(slack) + 1)
        if proved > least:
            self.plan.prove(tier, proved, given)
        return better or proved > least

    def _weights(self, tier: int, moved: float) -> NDArray[np.float64]:
        """``float64[tiers]``: what a unit of each costs in the sum, with one of moves at the first open tier or after it."""
        moves = [bool((tier.stay > 0).any()) for tier in self.problem.tiers]
        weights = np.empty(len(moves), np.float64)
        weights[tier] = moved if moves[tier] else OUT
        for q in range(tier + 1, len(moves)):
            lower = weights[q - 1] / (self.ratios[q - 1] if moves[q - 1] else 2.0)
            weights[q] = min(lower, moved) if moves[q] else lower
        for q in range(tier - 1, -1, -1):
            if moves[q]:
                weights[q] = self.ratios[q] * (weights[q + 1] if moves[q + 1] else moved)
            else:
                weights[q] = max(2.0 * weights[q + 1 :].max(), OUT)
        return weights

    def _fewest_out(self, tier: int) -> Ints:
        """``int64[tiers]``: how many tasks are nowhere at least: what is proved, and in the open tier what is hoped for."""
        fewest = np.zeros(len(self.problem.tiers), np.int64)
        for q in range(tier + 1):
            value, bound, _ = self.plan.known(q)
            fewest[q] = bound
        self.jump = max(min(self.jump, value - bound), 1)
        fewest[tier] = value - self.jump
        return fewest

    def _anneal(self, left: Pinned, tier: int, steps: int, seed: int) -> list[Ints]:
        """One round from the plan; the best places of each chunk of it."""
        problem, tasks, sets = left.problem, left.problem.tasks, left.problem.sets
        start = places_of(tasks, self.plan.counts() - left.counts)
        turns = PLACING if (tasks.out_tier == tier).any() else MOVING
        overload, moved = turns[self.turn % len(turns)]
        weights = self._weights(tier, moved)
        out = np.where(tasks.out_tier >= 0, weights[tasks.out_tier], 0.0)
        away: NDArray[np.float64] = np.where(tasks.move_tier >= 0, weights[tasks.move_tier], 0.0) * tasks.move_cost
        away /= max(float(tasks.move_cost.mean()), 1.0)
        fewest = self._fewest_out(tier)
        chunks = max(-(-steps // CHUNK), 1)
        place, found = start.copy(), []
        for chunk in range(chunks):
            best = place.copy()
            least = anneal(
                problem.capacity, problem.demand, problem.most, tasks.group, tasks.home, tasks.may_go, tasks.out_tier,
                fewest, out, away, overload * len(tasks) / len(problem.capacity), tasks.move_cost, np.array([problem.max_moves, problem.max_move_cost]), problem.group_moves,
                sets.part, sets.before, sets.limit, sets.skew, sets.parts, sets.start, sets.of, sets.weight,
                sets.apart_start, sets.apart_of, place, steps // chunks,
                HOT * (COLD / HOT) ** (chunk / chunks), HOT * (COLD / HOT) ** ((chunk + 1) / chunks),
                (seed * 1_000_003 + chunk) % 2**31, best,
            )  # fmt: skip
            if math.isfinite(least):
                found.append(best)
            if self.deadline.passed():
                break
        return found

    def _take(self, left: Pinned, found: list[list[Ints]]) -> bool:
        """Offer what was found; whether any of it was better."""
        tasks, shape = left.problem.tasks, self.problem.most.shape
        before = self._values()
        better = False
        for best in (places for rounds in found for places in rounds):
            better |= self.plan.offer(left.counts + counts_of(tasks, best, shape))
        if not better:
            self._learn(before, [self._costs(left, best) for rounds in found for best in rounds])
        return better

    def _learn(self, before: tuple[int, ...], found: list[tuple[int, ...]]) -> None:
        """Weigh a tier more that was paid for a later one."""
        for values in found:
            worse = next((t for t, (new, old) in enumerate(zip(values, before, strict=True)) if new != old), None)
            if worse is not None and values[worse] > before[worse]:
                self.ratios[worse] = min(self.ratios[worse] * 1.5, MOST_RATIO)

    def _values(self) -> tuple[int, ...]:
        return tuple(self.plan.known(tier)[0] for tier in range(len(self.problem.tiers)))

    def _costs(self, left: Pinned, place: Ints) -> tuple[int, ...]:
        """The tiers of a plan, from its tasks."""
        tasks, costs = left.problem.tasks, np.zeros(len(self.problem.tiers), np.int64)
        out = (place < 0) & (tasks.out_tier >= 0)
        away = (place >= 0) & (tasks.home >= 0) & (place != tasks.home) & (tasks.move_tier >= 0)
        np.add.at(costs, tasks.out_tier[out], 1)
        np.add.at(costs, tasks.move_tier[away], tasks.move_cost[away])
        return tuple(costs.tolist())

    def _bound(self, tier: int, waiting: list[Future[list[Ints]]]) -> bool:
        """Climb for the first open tier, and the next ones once it is proved, while the search runs; whether a bound rose."""
        rose, climbs = False, 0
        for t in range(tier, len(self.problem.tiers)):
            value, known, least = self.plan.known(t)
            if known >= value:
                continue
            given = self._values()[:t]
            bound = self._bounds.get(t)
            if bound is None or bound.given != given:
                bound = self._bounds[t] = Bound(self._left(t), t, given, least)
            while True:
                found = bound.climb(value, self.deadline, self.limits.deterministic_limit is not None)
                if found > known:
                    self.plan.prove(t, found, given)
                    rose, known = True, found
                climbs += 1
                if known >= value or bound.stalled or self.deadline.passed():
                    break
                if all(future.done() for future in waiting) and (waiting or climbs >= CLIMBS):
                    break
            if known < value:
                break
        return rose
