"""The searches that prices take, each with its part of the time."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from solver.domain.counts import Counts
from solver.domain.problem import Problem
from solver.domain.request import Limits
from solver.engines.incumbent import Incumbent
from solver.engines.portfolio import run
from solver.pricing import one_family
from solver.pricing.implied import implied
from solver.pricing.least import Least, is_counted, least
from solver.pricing.measure import Measure
from solver.rules.bind import bind
from solver.rules.bound import Rules

BASE_PART = 0.5
"""Every price rests on the least with all constraints: of what time is left, it gets so much."""

BESIDE_PART, ALONE_PART = 0.15, 0.15
"""Of the time of a first plan: for the family beside the others, and for the family without them."""

SHORTEST = 0.02
"""Seconds below which it is no use to solve again."""


class Searches:
    """Searches for the least that requests need.

    Parameters
    ----------
    measure
        What is to be little.
    limits
        Of all searches together.
    most
        How many searches share a deterministic limit.
    cancelled
        Asked while searching.
    """

    def __init__(self, measure: Measure, limits: Limits, most: int, cancelled: Callable[[], bool] | None) -> None:
        self._begun = time.monotonic()
        self._measure, self._limits, self._most = measure, limits, most
        self.cancelled = cancelled or (lambda: False)

    @property
    def seconds(self) -> float:
        """Since the first search."""
        return time.monotonic() - self._begun

    def are_over(self, part: float) -> bool:
        """Whether there is no time for a search with so much of what is left."""
        return self.cancelled() or self._left() * part < SHORTEST

    def first_plan(self, problem: Problem, of: str, base: Least, part: float, *, ahead: bool) -> Counts:
        """The better of two plans: the family placed again beside the others, and placed before them.

        The second takes longer. It is left out where the first needs no more than the base, and the family cannot do better.

        Parameters
        ----------
        of
            The family that the request treats otherwise than the base.
        ahead
            Whether to make the second plan.
        """
        near = one_family.beside(problem, base.tasks, of)
        beside = self.solved(near, near.running, part * BESIDE_PART)
        if not ahead:
            return beside.tasks
        alone = bind(one_family.ahead(problem, of), one_family.near(problem, base.tasks))
        placed = run(alone, self.limited(part * ALONE_PART), cancelled=self.cancelled).solution
        whole = Incumbent(self.bound(problem))
        apart = {tier.name: tier.bound for tier in placed.tiers}
        values = zip(whole.rules.tiers, whole.value(beside.tasks), strict=True)
        least = all(value <= apart.get(cost.name, value) for cost, value in values)
        if least and beside.amount.value <= base.amount.low:
            return beside.tasks
        rest = one_family.behind(problem, placed.tasks, of)
        behind = self.solved(rest, rest.running, part * (1 - BESIDE_PART - ALONE_PART)).tasks
        return min(beside.tasks, behind, key=whole.value)

    def _left(self) -> float:
        """Seconds."""
        return self._limits.time_limit - self.seconds

    def limited(self, part: float) -> Limits:
        """For a search that has so much of what is left."""
        seconds, fixed = self._left() * part, self._limits.deterministic_limit
        if fixed is not None:
            # The clock ends nothing early, so that prices repeat.
            seconds, fixed = self._left(), fixed * (BASE_PART if part == BASE_PART else (1 - BASE_PART) / self._most)
        return replace(self._limits, time_limit=max(seconds, SHORTEST), deterministic_limit=fixed)

    def solved(self, problem: Problem, hint: Counts, part: float) -> Least:
        """The least that a request needs, as far as its part of the time tells; ``hint`` is a plan that may hold."""
        return least(self.bound(problem), self._measure.unit, self.limited(part), hint, self.cancelled)

    def bound(self, problem: Problem) -> Rules:
        """A request with what is measured."""
        return bind(problem, self._measure.objective)

    def closer(self, plain: Problem, asked: Problem, found: Least, part: float) -> Least:
        """What else is known of a request with strategies, once what they imply are constraints of ``plain``, the one without."""
        rules = self.bound(asked)
        narrow = None if found.amount.proven else implied(plain, rules, found.tiers)
        if narrow is None or self.cancelled():
            return found
        packed = self.solved(narrow, found.tasks, part)
        amount = found.amount.within(low=packed.amount.low)
        whole = Incumbent(rules)
        values, better = whole.value(found.tasks), whole.value(packed.tasks)
        counted = [t for t, cost in enumerate(rules.tiers) if is_counted(self._measure.unit, cost)]
        if better[: max(counted) + 1] >= values[: max(counted) + 1]:
            return replace(found, amount=amount)
        return replace(found, tasks=packed.tasks, amount=amount.within(high=sum(better[t] for t in counted)))
