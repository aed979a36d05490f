"""The searches that prices take, each with its part of the time."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from solver.domain.counts import Counts
from solver.domain.placement import Placement
from solver.domain.problem import Problem
from solver.domain.request import Limits
from solver.engines.portfolio import run
from solver.pricing import one_family
from solver.pricing.implied import implied
from solver.pricing.least import Least, Span, is_counted, least
from solver.pricing.measure import Measure
from solver.rules.bind import bind
from solver.rules.bound import Rules
from solver.verify import check

BASE_PART = 0.5
"""Every price rests on the least with all constraints: of what time is left, it gets so much."""

BESIDE_PART, FIRST_PART, IMPLIED_PART, AHEAD_PART = 0.1, 0.15, 0.5, 0.3
"""Of the time of a strategy or soft rule: for the family beside the others, for how well it can be followed, for what that
implies, and for the family ahead of the others."""

SEARCHES = 7
"""That a strategy or soft rule takes at most."""

ALONE_PART = 0.3
"""Of the last: for the family without the others."""

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

    @property
    def may_repeat(self) -> bool:
        """Whether there may be more searches than were shared out: not within a deterministic limit."""
        return self._limits.deterministic_limit is None

    def are_over(self, part: float) -> bool:
        """Whether there is no time for a search with so much of what is left."""
        return self.cancelled() or self._left() * part < SHORTEST

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

    def solved(self, problem: Problem, hint: Counts, part: float, low: int = 0, *, briefly: bool = False) -> Least:
        """The least that a request needs, as far as its part of the time tells.

        Parameters
        ----------
        hint
            A plan that may hold.
        low, briefly
            As ``least`` takes them.
        """
        rules, limits = self.bound(problem), self.limited(part)
        return least(rules, self._measure.unit, limits, hint, self.cancelled, low, briefly=briefly)

    def bound(self, problem: Problem) -> Rules:
        """A request with what is measured."""
        return bind(problem, self._measure.objective)

    def followed(
        self,
        plain: Problem,
        asked: Problem,
        base: Least,
        part: float,
        of: str | None,
        known: Least | None = None,
        *,
        ahead: bool,
    ) -> Least:
        """The least where strategies and soft rules come before what is measured.

        First the family alone, beside the others, until it is proved how well the strategies can be followed; where that
        does not come out, the family is placed before the others. Then constraints stand in the place of strategies, where they
        imply some. What time is left is for a search.

        Parameters
        ----------
        plain, asked
            The request without them, and with them.
        base
            The least without them.
        of
            The only family that has some; None for several.
        known
            What an earlier call has found.
        ahead
            Whether the others may be placed around the family.
        """
        low = base.amount.low
        if known is None:
            hint = base.tasks
            if of is not None:
                near = one_family.beside(asked, base.tasks, of)
                hint = self.solved(near, near.running, part * BESIDE_PART, low).tasks
            known = self.solved(asked, hint, part * FIRST_PART, low, briefly=True)
        found, narrow = known, self._narrowed(plain, asked, known)
        if narrow is None and of is not None and ahead:
            hint = self._placed_ahead(asked, of, base, part * AHEAD_PART)
            found = self._better(asked, found, self.solved(asked, hint, part * FIRST_PART, low, briefly=True))
            narrow = self._narrowed(plain, asked, found)
        if narrow is not None:
            found = self._packed(asked, narrow, found, part * IMPLIED_PART)
        if found.amount.proven:
            return found
        rest = 1 - BESIDE_PART - FIRST_PART - (AHEAD_PART if narrow is None else IMPLIED_PART)
        return self._better(asked, found, self.solved(asked, found.tasks, part * rest, found.amount.low))

    def _narrowed(self, plain: Problem, asked: Problem, found: Least) -> Problem | None:
        """The request without strategies, with the constraints that they imply; None for none, or where nothing is open."""
        return None if found.amount.proven else implied(plain, self.bound(asked), found.tiers)

    def _placed_ahead(self, asked: Problem, of: str, base: Least, part: float) -> Counts:
        """A plan in which the family is placed first, near the instances in use, and the others around it."""
        alone = bind(one_family.ahead(asked, of), one_family.near(asked, base.tasks))
        placed = run(alone, self.limited(part * ALONE_PART), cancelled=self.cancelled).solution
        rest = one_family.behind(asked, placed.tasks, of)
        return self.solved(rest, rest.running, part * (1 - ALONE_PART)).tasks

    def _packed(self, asked: Problem, narrow: Problem, found: Least, part: float) -> Least:
        """What is known once constraints stand in the place of strategies as well.

        The bound holds for every plan that follows the strategies as well as any can. The plan counts if it keeps every rule, and
        as the least only where it is proved how well they can be followed.
        """
        packed = self.solved(narrow, found.tasks, part, found.amount.low)
        rules = self.bound(asked)
        amount = found.amount.within(low=packed.amount.low)
        values, others = (self._values(rules, tasks) for tasks in (found.tasks, packed.tasks))
        if others >= values or check(asked, packed.tasks, rules):
            return replace(found, amount=amount)
        settled = all(tier.proven for tier in found.tiers[: len(others[0])])
        most = others[1] if settled else amount.high
        return replace(found, tasks=packed.tasks, amount=Span(others[1], amount.low, most))

    def _better(self, asked: Problem, found: Least, other: Least) -> Least:
        """What two answers to the request with strategies know together: the better plan, and both bounds."""
        rules = self.bound(asked)
        (ahead, value), (others, least) = (self._values(rules, tasks) for tasks in (found.tasks, other.tasks))
        low = max(found.amount.low, other.amount.low)
        if others > ahead:
            return replace(found, amount=found.amount.within(low=low))
        if others < ahead:
            # It follows them better: what the first one says of the most is of plans that do not.
            return replace(other, amount=other.amount.within(low=low))
        best, known = found if value <= least else other, max(found, other, key=_proven)
        most = min(found.amount.high, other.amount.high)
        return replace(known, tasks=best.tasks, amount=Span(min(value, least), low, most))

    def _values(self, rules: Rules, tasks: Counts) -> tuple[tuple[int, ...], int]:
        """The tiers of a plan before what is measured, and what is measured."""
        placement = Placement(rules.problem, tasks)
        counted = [t for t, cost in enumerate(rules.tiers) if is_counted(self._measure.unit, cost)]
        before = tuple(cost.value(placement) for cost in rules.tiers[: counted[0]])
        return before, sum(rules.tiers[t].value(placement) for t in counted)


def _proven(found: Least) -> int:
    """How many tiers are proved."""
    return sum(tier.proven for tier in found.tiers)
