"""What each rule costs (§7.2): how much less the best plan without it needs, in instances, dollars, skew, tasks or moves.

A constraint is priced beside the other constraints: the least that all of them need, less what they need without it. A strategy
or soft rule is followed before anything is measured, alone: the least of the plans that follow it best, less the
least of all plans. Each least comes with a bound, and each price with what follows from both.

Where the least without many constraints is proved to be no less, none of them costs anything: they are halved until those are
found that do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from solver.api import require_sensible
from solver.domain.counts import Counts
from solver.domain.problem import Problem
from solver.domain.request import Limits
from solver.engines.portfolio import run
from solver.pricing.anew import anew
from solver.pricing.least import Least, Span, Unit, measured
from solver.pricing.listed import (
    Kind,
    Listed,
    following,
    hard,
    listed,
    loosens_together,
    only_loosens,
    without,
)
from solver.pricing.measure import Measure, measure_of
from solver.pricing.price_list import PricedRule, PriceList
from solver.pricing.searches import BASE_PART, SEARCHES, Searches
from solver.rules.bind import bind
from solver.verify import check

BARE_PART = 0.25
"""The least without any constraint may settle most: of what time is left, it gets so much. What it does not need is for the
others."""

TASKS_PART, SEVERAL_PART = 0.2, 0.5
"""Of the time of a constraint: to see whether it costs tasks; and of the time of several, for what may settle all of them."""

PASSES = 3
"""Over the strategies and soft rules whose price is not proved at first."""

BASE = "every constraint, nothing else"
ALL_CONSTRAINTS, ALL_STRATEGIES, EVERYTHING = "all constraints", "all strategies and soft rules", "all rules"

Told = Callable[[int, int], None]
"""Told how many rules are priced, and of how many."""


def price_rules(
    problem: Problem,
    unit: Unit = Unit.INSTANCES,
    *,
    limits: Limits | None = None,
    prices: Mapping[str, float] | None = None,
    fields: Sequence[str] = (),
    afresh: bool = True,
    told: Told | None = None,
    cancelled: Callable[[], bool] | None = None,
    warnings: Sequence[str] = (),
) -> PriceList:
    """Price every constraint, strategy and soft rule of a request.

    Parameters
    ----------
    problem
        What is asked of the cluster, with its budgets of moves. Goals beside the strategies (``consolidate``, ``repair``, ...)
        are left out.
    limits
        The time limit, and the deterministic limit, are for all rules together, shared out.
    prices
        In dollars: of an instance for an hour, by type.
    fields
        In skew: every family over these fields; left out, each over the attributes that its own ``spread`` names.
    afresh
        Without a budget of moves, in instances, dollars and skew: whether everything that may move is placed anew, which
        finds more in the same time than moving it.
    told
        Told of progress.
    cancelled
        Asked while searching; once true, what is known is returned.

    Raises
    ------
    InvalidRequest
        If a rule cannot be read, a limit, field or price makes no sense, or an instance type has no price.
    """
    limits = limits or Limits()
    require_sensible(limits)
    bind(problem)
    measure = measure_of(problem, unit, prices or {}, fields)
    asked, said = problem, tuple[str, ...]()
    budget = problem.freedom.max_moves is not None or problem.freedom.max_move_cost is not None
    fresh = afresh and not budget and unit in (Unit.INSTANCES, Unit.DOLLARS, Unit.SKEW)
    if fresh:
        asked, said = anew(problem)
    freedom = replace(asked.freedom, min_gain=0, empty=0, repair=False, consolidate=False, slot={}, interleaved=False)
    pricing = _Pricing(replace(asked, freedom=freedom), fresh, problem.running, measure, limits, told, cancelled)
    return pricing.priced((*warnings, *said))


class _Pricing:
    """Shares the time out, and keeps what was found.

    Parameters
    ----------
    fresh
        Whether tasks are placed anew rather than moved.
    hint
        A plan that may hold: what runs.
    """

    def __init__(
        self,
        problem: Problem,
        fresh: bool,
        hint: Counts,
        measure: Measure,
        limits: Limits,
        told: Told | None,
        cancelled: Callable[[], bool] | None,
    ) -> None:
        self._fresh = fresh
        self._problem, self._measure, self._told = problem, measure, told
        self._rules = listed(problem)
        self._hard = hard(problem, self._rules)
        self._constraints = [one for one in self._rules if one.kind is Kind.CONSTRAINT]
        self._asking = [one for one in self._rules if one.kind is not Kind.CONSTRAINT]
        # What is left to solve: each rule, and all strategies and soft rules together.
        self._shares = len(self._rules) + bool(self._asking)
        most = 2 + 2 * len(self._constraints) + SEARCHES * len(self._asking)
        self._searches = Searches(measure, limits, most, cancelled)
        self._without: dict[Listed, Least] = {}
        self._following: dict[Listed, Least] = {}
        self._free: set[Listed] = set()
        self._tell()
        self._base = self._searches.solved(self._hard, hint, BASE_PART)

    def priced(self, warnings: tuple[str, ...]) -> PriceList:
        """Everything that there is time for."""
        bare = self._least(without(self._hard, self._constraints), BARE_PART) if self._constraints else None
        self._price_constraints(bare)
        idle = {one for one in self._asking if self._is_idle([one])}
        self._free |= idle
        asking = [one for one in self._asking if one not in idle]
        chosen = self._followed(asking) if asking else None
        for one in asking:
            found = chosen if len(asking) == 1 else self._followed([one])
            if found is not None:
                self._following[one] = found
                self._tell()
        self._follow_again()
        known = self._without.keys() | self._following.keys() | self._free
        return PriceList(
            unit=self._measure.unit,
            rules=tuple(sorted(self._rows(), key=_by_cost)),
            together=tuple(self._together(bare, chosen, bool(asking))),
            unpriced=tuple(one for one in self._rules if one not in known),
            base=self._row(None, BASE, self._base, self._base),
            levels=self._measure.levels,
            total=len(self._rules),
            warnings=warnings,
            seconds=self._searches.seconds,
            interrupted=self._searches.cancelled(),
        )

    # Solving.

    def _least(self, problem: Problem, part: float | None = None) -> Least | None:
        """The least that a request needs, for its part of the time; None where there is none left."""
        if part is None:
            part = 1 / max(self._shares, 1)
            self._shares -= 1
        if self._searches.are_over(part):
            return None
        found = self._searches.solved(problem, self._base.tasks, part)
        if self._searches.cancelled() and not found.amount.proven:
            # Nobody waited for more than the first plan.
            return None
        self._learn(found)
        return found

    def _learn(self, found: Least) -> None:
        """A better plan with fewer rules may keep them all: then it is the base's, too."""
        base = self._base
        if found.amount.value >= base.amount.value or check(self._hard, found.tasks):
            return
        first, amount = measured(self._searches.bound(self._hard), self._measure.unit, found.tasks)
        if first == tuple(span.value for span in base.first) and amount < base.amount.value:
            most = amount if all(span.proven for span in base.first) else base.amount.high
            self._base = replace(base, tasks=found.tasks, amount=Span(amount, base.amount.low, most))

    def _price_constraints(self, bare: Least | None) -> None:
        """Those that can only loosen by halves, the others one by one."""
        loose = [one for one in self._constraints if only_loosens(self._hard, one)]
        others = [one for one in self._constraints if one not in loose]
        if others and loose:
            bare = self._least(without(self._hard, loose))
        if bare is not None and not bare.as_many_as(self._base):
            # What costs tasks their place shows what nothing else does: the others are looked at without it.
            for one in [one for one in loose if self._costs_tasks(one)]:
                loose.remove(one)
                others.append(one)
            bare = self._least(without(self._hard, loose), self._share_of(loose)) if loose else None
        if loose:
            self._halve(loose, bare)
        for one in others:
            self._note(one, self._least(without(self._hard, [one])))

    def _costs_tasks(self, one: Listed) -> bool:
        """Whether more tasks have a place without the constraint, as far as a moment tells."""
        rules = bind(without(self._hard, [one]), lambda rules: rules.leading)
        found = run(
            rules,
            self._searches.limited(1 / max(self._shares, 1) * TASKS_PART),
            cancelled=self._searches.cancelled,
            hint=self._base.tasks,
        )
        return tuple(tier.value for tier in found.solution.tiers) < tuple(span.value for span in self._base.first)

    def _share_of(self, chosen: Sequence[Listed]) -> float:
        """Of the time left, for a search that may settle several constraints at once."""
        return SEVERAL_PART * len(chosen) / max(self._shares, 1)

    def _halve(self, chosen: Sequence[Listed], found: Least | None) -> None:
        """Price some constraints, where the least without all of them is ``found``."""
        if found is None:
            return
        if found.as_many_as(self._base):
            # With more rules nothing needs less.
            amount = self._base.amount.within(low=found.amount.low)
            self._base = replace(self._base, amount=amount)
            if found.amount.low >= amount.high:
                self._free |= set(chosen)
                self._shares -= len(chosen)
                self._tell()
                return
        if len(chosen) == 1:
            self._note(chosen[0], found)
            return
        for half in (chosen[: len(chosen) // 2], chosen[len(chosen) // 2 :]):
            deeper = self._least(without(self._hard, half), self._share_of(half) if len(half) > 1 else None)
            self._halve(half, None if deeper is None else self._between(found, deeper))

    def _between(self, fewer: Least, found: Least) -> Least:
        """What was found with some of the rules that ``fewer`` leaves out: it lies between that and the base.

        Where as many tasks have a place without any of these rules as with all of them, so they have without some.
        """
        base = self._base
        places = [[span.value for span in one.first] for one in (found, base)]
        if not fewer.as_many_as(base) or places[0] != places[1]:
            return found
        least = max(found.amount.low, fewer.amount.low)
        most = min(found.amount.value, base.amount.high)
        return replace(found, first=base.first, missing=base.missing, amount=Span(most, min(least, most), most))

    def _note(self, one: Listed, found: Least | None) -> None:
        if found is not None:
            self._without[one] = found
            self._tell()

    def _is_idle(self, chosen: Sequence[Listed]) -> bool:
        """Whether strategies and soft rules change nothing: tasks placed come before them, or no task of theirs may change."""
        tiers = bind(following(self._hard, self._problem, chosen)).tiers
        return self._measure.unit is Unit.TASKS or len(tiers) == len(bind(self._hard).tiers)

    def _follow_again(self) -> None:
        """Use what time is left for the strategies and soft rules whose price is not proved, the smallest gaps first."""
        for _ in range(PASSES):
            open_ = [one for one, found in self._following.items() if not found.amount.proven]
            self._shares = len(open_)
            for one in sorted(open_, key=self._gap):
                if self._searches.may_repeat and (found := self._followed([one], self._following[one])) is not None:
                    self._following[one] = found

    def _gap(self, one: Listed) -> int:
        amount = self._following[one].amount
        return amount.high - amount.low

    def _followed(self, chosen: Sequence[Listed], known: Least | None = None) -> Least | None:
        """The least where some strategies and soft rules come before what is measured."""
        of = chosen[0].of if len(chosen) == 1 else None
        asked, part = following(self._hard, self._problem, chosen), 1 / max(self._shares, 1)
        self._shares -= 1
        if self._searches.are_over(part):
            return None
        found = self._searches.followed(self._hard, asked, self._base, part, of, known, ahead=self._fresh)
        if self._searches.cancelled() and not found.amount.proven:
            return None
        self._learn(found)
        # The same tasks have a place, since they come first; and no plan needs less than the best of all.
        base = self._base
        return replace(found, first=base.first, missing=base.missing, amount=found.amount.within(low=base.amount.low))

    # What follows.

    def _rows(self) -> Iterator[PricedRule]:
        for one in self._rules:
            if one in self._free:
                yield self._row(one, "", self._base, self._base)
            elif one in self._without:
                yield self._row(one, "", self._base, self._without[one], only_loosens(self._hard, one))
            elif one in self._following:
                yield self._row(one, "", self._following[one], self._base, True)

    def _row(
        self, one: Listed | None, together: str, with_it: Least, bare: Least, never_saves: bool = False
    ) -> PricedRule:
        """The difference of two leasts; of one and itself it is nothing, whatever is known of it."""
        if with_it is bare:
            price = missing = Span(0, 0, 0)
        else:
            price, missing = with_it.amount - bare.amount, with_it.missing - bare.missing
        if with_it.missing is bare.missing:
            missing = Span(0, 0, 0)
        if never_saves and (missing == Span(0, 0, 0) or with_it.as_many_as(bare)):
            price = price.within(low=0)
        given = self._measure.given(self._problem)
        return PricedRule(one, together, price, missing, with_it.amount + given, bare.amount + given)

    def _together(self, bare: Least | None, chosen: Least | None, asks: bool) -> Iterator[PricedRule]:
        base = self._base
        loosens = loosens_together(self._hard, self._constraints)
        if bare is not None:
            yield self._row(None, ALL_CONSTRAINTS, base, bare, loosens)
        if asks and chosen is None:
            return
        chosen = chosen or base
        if self._asking:
            yield self._row(None, ALL_STRATEGIES, chosen, base, True)
        if bare is not None and self._asking:
            yield self._row(None, EVERYTHING, chosen, bare, loosens)

    def _tell(self) -> None:
        if self._told is not None:
            self._told(len(self._without) + len(self._free) + len(self._following), len(self._rules))


def _by_cost(row: PricedRule) -> tuple[int, int, int]:
    """Tasks first; then what is proved to cost most, before what only seems to."""
    return -row.missing.value, -row.price.low, -row.price.value
