"""Whether what a problem wants can all be placed: by counting, by a plan that shows it, or by the exact engine."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from enum import Enum

import numpy as np

from solver.domain.counts import Bools, Counts, Ints
from solver.domain.placement import Placement
from solver.domain.problem import Problem
from solver.domain.request import Limits
from solver.engines import packed_first, sequential
from solver.engines.deadline import Deadline
from solver.engines.incumbent import Incumbent
from solver.engines.loading import loaded
from solver.engines.portfolio import run
from solver.explain.counting import enough_by_counting
from solver.explain.target import placed
from solver.rules.bind import bind
from solver.rules.bound import Rules
from solver.rules.filling import fill_in_order
from solver.rules.unplaced import Unplaced
from solver.verify import check

SEARCH_SECONDS = 1.0
"""The exact engine searches one question no longer than this."""

SHARE = 0.5
"""Nor longer than this share of what is left."""

MOST_SEARCHES = 24
"""Searches of the exact engine for one answer, so that an answer with a deterministic limit ends (§10.1)."""


class Verdict(Enum):
    """What is known of a question."""

    YES = "YES"
    NO = "NO"
    """Proved."""
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True, eq=False)
class Finding:
    """A verdict and, where one was made, the checked plan that shows it."""

    verdict: Verdict
    plan: Counts | None = None


@dataclass
class Prober:
    """Answers questions within a deadline; ``searches`` is how often the exact engine may still be asked."""

    limits: Limits
    deadline: Deadline
    searches: int = field(default=MOST_SEARCHES)

    def part(self, share: float) -> Prober:
        """One for a share of the time and of the searches that are left."""
        deadline = self.deadline if self.limits.deterministic_limit is not None else self.deadline.part(share)
        return Prober(self.limits, deadline, math.ceil(self.searches * share))

    def ask(self, rules: Rules, needed: Ints, known: Counts, *, show: bool = False) -> Finding:
        """Whether ``needed`` can be placed under ``rules`` (of ``target.asked``).

        Parameters
        ----------
        known
            A plan that nearly does it: tried first.
        show
            A YES needs a plan that the checker passed; counting is not enough.
        """
        counted = enough_by_counting(rules, needed)
        if counted is False:
            return Finding(Verdict.NO)
        if counted and not show:
            return Finding(Verdict.YES)
        for plan in self._plans(rules, needed, known):
            if (placed(rules.problem, plan) >= needed).all() and not check(rules.problem, plan, rules):
                return Finding(Verdict.YES, plan)
        return self._search(rules, needed, known)

    def best(self, problem: Problem, starts: Ints) -> Ints:
        """``int64[G]``: what is placed of ``starts``, class by class, as well as the engines find in a short time."""
        groups = tuple(replace(g, start=n) for g, n in zip(problem.groups, starts.tolist(), strict=True))
        rules = bind(replace(problem, groups=groups))
        rules = replace(rules, tiers=tuple(cost for cost in rules.tiers if isinstance(cost, Unplaced)))
        found = run(rules, self._short(), cancelled=lambda: self.deadline.was_cancelled).solution
        return placed(rules.problem, found.tasks)

    def _short(self) -> Limits:
        """Limits of one search."""
        seconds = max(min(SEARCH_SECONDS, self.deadline.remaining() * SHARE), 0.001)
        if self.limits.deterministic_limit is None:
            return replace(self.limits, time_limit=seconds)
        return replace(self.limits, deterministic_limit=min(self.limits.deterministic_limit, SEARCH_SECONDS) / 4)

    def _plans(self, rules: Rules, needed: Ints, known: Counts) -> Iterable[Counts]:
        """Cheap plans: the known one and what is missing, the sequential scheduler's, and a tight one."""
        extended = _extended(rules, needed, known)
        if extended is not None:
            yield extended
        for place in (sequential.place, packed_first.place):
            if self.deadline.passed():
                return
            yield place(rules, self.limits.seed, self.deadline)

    def _search(self, rules: Rules, needed: Ints, known: Counts) -> Finding:
        if self.searches <= 0 or self.deadline.passed():
            return Finding(Verdict.UNKNOWN)
        self.searches -= 1
        incumbent = Incumbent(rules)
        incumbent.offer(_restricted(rules, needed, known))
        limits = self._short()
        seconds = limits.time_limit if limits.deterministic_limit is None else self.deadline.remaining()
        exact = loaded("exact", self.deadline.remaining())
        if exact is None:
            return Finding(Verdict.UNKNOWN)
        exact.improve(incumbent, limits, Deadline(seconds, lambda: self.deadline.was_cancelled))
        if incumbent.values[0] == 0:
            return Finding(Verdict.YES, incumbent.tasks)
        return Finding(Verdict.NO if incumbent.bound(0).value > 0 else Verdict.UNKNOWN)


def _restricted(rules: Rules, needed: Ints, known: Counts) -> Counts:
    """The known plan without the starts that are no longer asked for."""
    started = (known - rules.problem.running).positive()
    kept: Bools = (started.totals() <= rules.problem.wanted)[started.group]
    columns = (started.group[kept], started.instance[kept], started.count[kept])
    return rules.problem.running + Counts(started.groups, started.instances, *columns)


def _extended(rules: Rules, needed: Ints, known: Counts) -> Counts | None:
    """The known plan with what is missing put wherever there is room; None if that is not simple."""
    base = _restricted(rules, needed, known)
    missing = needed - placed(rules.problem, base)
    short = np.flatnonzero(missing > 0).tolist()
    if len(short) != 1:
        return None
    group = short[0]
    amount = int(missing[group])
    stepwise = any(rule.stepwise(rules.problem, group) for rule in rules.concerning(group))
    room = np.minimum(rules.room(Placement(rules.problem, base), group), 1 if stepwise else amount)
    if int(room.sum()) < amount or (stepwise and amount > 1):
        return None
    started = fill_in_order(room, amount)
    instances = np.flatnonzero(started)
    shape = (base.groups, base.instances)
    return base + Counts.of(shape, np.full(len(instances), group), instances, started[instances])


def least(deadline: Deadline, low: int, high: int, works: Callable[[int], bool]) -> int | None:
    """The least number from ``low`` to ``high`` that works, where every larger one works too.

    None if none does; when time runs out, the least found so far.
    """
    if low > high or deadline.passed() or not works(high):
        return None
    while low < high and not deadline.passed():
        middle = (low + high) // 2
        if works(middle):
            high = middle
        else:
            low = middle + 1
    return high
