"""Search and bound side by side, in rounds: annealing from the best plan, and prices for the first tier that is not proved.

A later tier must not be paid for with an earlier one, which a sum of costs cannot say exactly: each tier weighs some times
the next, and where a round wins a later tier at the cost of an earlier one, that weight grows.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
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

STEPS_A_TASK, FIRST_STEPS, MOST_STEPS = 1_000, 50_000, 4_000_000
"""Of annealing: for each task in the first round, at most in that, and in any; each is twice as long as the one before."""

CHUNK = 200_000
"""Steps between looks at the deadline: some 50 ms."""

STEPS_A_SECOND = 2_000_000
"""By which deterministic seconds are counted."""

CLIMBS = 10
"""Of the bound in each round, where the search does not run beside it."""

HOT, COLD = (2.0, 0.6, 0.2), 0.15
"""Temperatures at the beginning of a round, in turn, in what a task of the first tier that is not proved costs; and at the end of
each, in what one of the last tier costs."""

RATIO, MOST_RATIO, STEEPER = 6.0, 64.0, (1.0, 4.0)
"""What a tier weighs more than the next at first, and at most; and how many times that in rounds in turn."""

FIRST_SLACK = UNIT // 50
"""What the fillings that a plan is first made of may lose; doubled until they are too many."""

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
                searchers = max(self.limits.workers - 1, 1)
                found = [threads.submit(self._anneal, left_over, tier, steps, seed + k) for k in range(searchers)]
                seed += searchers
                left -= steps
                proved = self._bound(tier, found if self.limits.workers > 1 and budget is None else [])
                better = self._take(left_over, [future.result() for future in found])
                closed = self._close()
                proved, better = proved or closed, better or closed
                stalled, waited = (0, 0) if better or proved else (stalled + 1, waited + steps)
                steps = min(2 * steps, MOST_STEPS)

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
        slack = FIRST_SLACK
        while not self.deadline.passed():
            whole = slack >= bound.slack(least)
            slack = min(slack, bound.slack(value - 1))
            fillings = usable(bound.relaxation, bound.prices(), slack)
            if fillings is None:
                return False
            for target in dict.fromkeys((least, value - 1)):
                chosen = choose(fillings, bound.wanted(target), self.limits, self.deadline)
                if chosen is False and whole and target == least:
                    self.plan.prove(tier, least + 1, given)
                    return True
                if chosen is None or isinstance(chosen, bool):
                    continue
                return self.plan.offer(bound.left.counts + chosen)
            if slack == bound.slack(value - 1):
                return False
            slack = slack * 3 // 2
        return False

    def _weights(self, steeper: float) -> NDArray[np.float64]:
        """``float64[tiers]``: what a unit of each costs in the sum."""
        weights = np.ones(len(self.ratios), np.float64)
        for tier in range(len(weights) - 2, -1, -1):
            weights[tier] = weights[tier + 1] * self.ratios[tier] * steeper
        return weights

    def _anneal(self, left: Pinned, tier: int, steps: int, seed: int) -> list[Ints]:
        """One round from the plan; the best places of each chunk of it."""
        problem, tasks, sets = left.problem, left.problem.tasks, left.problem.sets
        start = places_of(tasks, self.plan.counts() - left.counts)
        weights = self._weights(STEEPER[seed // len(HOT) % len(STEEPER)])
        out = np.where(tasks.out_tier >= 0, weights[tasks.out_tier], 0.0)
        away: NDArray[np.float64] = np.where(tasks.move_tier >= 0, weights[tasks.move_tier], 0.0) * tasks.move_cost
        cold = COLD * weights[-1]
        hot = max(HOT[seed % len(HOT)] * weights[tier], 2 * cold)
        chunks = max(-(-steps // CHUNK), 1)
        place, found = start.copy(), []
        for chunk in range(chunks):
            best = place.copy()
            anneal(
                problem.capacity, problem.demand, problem.most, tasks.group, tasks.home, tasks.may_go, out, away,
                tasks.move_cost, np.array([problem.max_moves, problem.max_move_cost]), problem.group_moves,
                sets.part, sets.before, sets.limit, sets.skew, sets.parts, sets.start, sets.of, sets.weight,
                sets.apart_start, sets.apart_of, place, steps // chunks,
                hot * (cold / hot) ** (chunk / chunks), hot * (cold / hot) ** ((chunk + 1) / chunks),
                (seed * 1_000_003 + chunk) % 2**31, best,
            )  # fmt: skip
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
