"""Search and bound side by side, in rounds: annealing from the best plan, prices for the first tier that is not proved, and,
where these have converged, an exact choice among the fillings that they leave."""

from __future__ import annotations

import itertools
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field

import numpy as np

from solver.domain.counts import Ints
from solver.domain.request import Limits
from solver.engines.assignment.bound import Bound
from solver.engines.assignment.closing import choose, usable
from solver.engines.assignment.lagrangian import UNIT
from solver.engines.assignment.plan import Plan
from solver.engines.assignment.problem import AssignmentProblem, Pinned, pinned
from solver.engines.assignment.rounds import Rounds, steps_within
from solver.engines.deadline import Deadline

CLIMBS = 10
"""Of the bound in each round, where the search does not run beside it."""

LEAST_SLACK = UNIT // 50
"""What the fillings that a plan is made of may lose: where those that lose so little are too many, there is nothing to choose."""

Choice = tuple[int, tuple[int, ...], int, int, int]
"""A tier, the values before it, its value, its bound and that one's phase."""

PATIENCE = 2
"""How often rounds become longer without anything found or proved: then the rest is left to others, where there are any."""


def improve(problem: AssignmentProblem, plan: Plan, limits: Limits, deadline: Deadline, *, others: bool = True) -> None:
    """Improve the plan and its bounds until all is proved or the time is over.

    Parameters
    ----------
    others
        Other engines can go on: then it ends where nothing more is found either.
    """
    _Search(problem, plan, limits, deadline, others).run()


@dataclass
class _Search:
    problem: AssignmentProblem
    plan: Plan
    limits: Limits
    deadline: Deadline
    others: bool
    _rounds: Rounds = field(init=False)
    _bounds: dict[int, Bound] = field(init=False, default_factory=dict)
    _closed: set[Choice] = field(init=False, default_factory=set)
    """What was tried already."""

    def __post_init__(self) -> None:
        self._rounds = Rounds(self.problem)

    def run(self) -> None:
        """Rounds of both."""
        seed = self.limits.seed
        left = steps_within(self.limits)
        repeatable = self.limits.deterministic_limit is not None
        with ThreadPoolExecutor(max(self.limits.workers, 1)) as threads:
            while left > 0 and not self.deadline.passed():
                tier = self.plan.open_tier(len(self.problem.tiers))
                if tier is None:
                    return
                seeds = range(seed, seed + self._searchers(tier))
                begun = self._rounds.begin(self.plan, self._left(tier), tier, left)
                found = [threads.submit(begun.run, one, self.deadline) for one in seeds]
                if self.limits.workers == 1:
                    wait(found)
                proved = self._bound(tier, found if self.limits.workers > 1 and not repeatable else [])
                closed = self._close()
                plans = [future.result() for future in found]
                taken = [self.plan.offer(counts) for counts in itertools.chain(*plans)]
                self._rounds.after(begun, plans, any(taken) or closed)
                left -= begun.steps
                seed = seeds.stop
                if proved:
                    self._rounds.pace.doubled = 0
                if self.others and self._rounds.pace.doubled >= PATIENCE and not self._climbs(tier):
                    return

    def _searchers(self, tier: int) -> int:
        """How many threads search: all but one while the bound climbs in that, or a choice is made."""
        return max(self.limits.workers - (self._climbs(tier) or self._choice(tier) is not None), 1)

    def _climbs(self, tier: int) -> bool:
        bound = self._bounds.get(tier)
        return bound is None or not bound.stalled

    def _left(self, tier: int) -> Pinned:
        """The problem without the running tasks that no plan can move whose tiers before this one are as good as they are."""
        problem, values = self.problem, self.plan.values(len(self.problem.tiers))
        running = problem.home.sum(axis=1)
        stays = self.plan.known(tier)[2] >= running
        unmoved = np.zeros(len(running), np.bool_)
        for earlier in range(tier):
            if values[earlier] == 0:
                unmoved |= problem.tiers[earlier].stay > 0
        return pinned(problem, stays & unmoved & (running > 0))

    def _choice(self, tier: int) -> Choice | None:
        """What would be decided; None where the bound has not converged, or that was tried."""
        bound, given = self._bounds.get(tier), self.plan.values(tier)
        if bound is None or bound.given != given or bound.phase == 0:
            return None
        value, least, _ = self.plan.known(tier)
        choice = (tier, given, value, least, bound.phase)
        return None if choice in self._closed else choice

    def _close(self) -> bool:
        """Decide what lies between bound and plan of the first open tier, by the fillings near the best; whether it moved."""
        tier = self.plan.open_tier(len(self.problem.tiers))
        choice = None if tier is None else self._choice(tier)
        if tier is None or choice is None:
            return False
        self._closed.add(choice)
        bound, given = self._bounds[tier], self.plan.values(tier)
        value, least, _ = self.plan.known(tier)
        slack = bound.slack(least)
        fillings = usable(bound.relaxation, bound.prices(), slack)
        while fillings is None and slack > LEAST_SLACK and not self.deadline.passed():
            slack //= 2
            fillings = usable(bound.relaxation, bound.prices(), slack)
        if fillings is None:
            return False
        chosen = choose(fillings, bound.wanted(value - 1), self.limits, self.deadline)
        better = chosen.counts is not None and self.plan.offer(bound.left.counts + chosen.counts)
        # Plans that lose more than the slack have other fillings. Where time did not suffice, the bound of the choice may be 0.
        proved = min(chosen.bound, bound.within(slack) + 1)
        if proved > least:
            self.plan.prove(tier, proved, given)
        return better or proved > least

    def _bound(self, tier: int, waiting: list[Future[list[Ints]]]) -> bool:
        """Climb for the first open tier, and the next ones once it is proved, while the search runs; whether a bound rose."""
        rose, climbs = False, 0
        for t in range(tier, len(self.problem.tiers)):
            value, known, least = self.plan.known(t)
            if known >= value:
                continue
            given = self.plan.values(t)
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
