"""How little of something a request can do with: the plan found, and bounds for the best of all plans."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from solver.domain.counts import Counts
from solver.domain.placement import Placement
from solver.domain.request import Limits
from solver.domain.solution import TierResult
from solver.engines.incumbent import Known
from solver.engines.portfolio import run
from solver.rules.base import Cost
from solver.rules.binpack import InUse
from solver.rules.bound import Rules
from solver.rules.moved import Moved
from solver.rules.running_cost import RunningCost
from solver.rules.summed_skew import SummedSkew
from solver.rules.unplaced import Preempted, Unplaced


class Unit(StrEnum):
    """What a price is in."""

    INSTANCES = "instances"
    """Instances in use."""
    DOLLARS = "dollars"
    """What the instances in use cost an hour, in millionths of the currency."""
    SKEW = "skew"
    """Tasks in the fullest value of a field less tasks in the emptiest, summed over the families that spread over it."""
    TASKS = "tasks"
    """Tasks without a place."""
    MOVES = "moves"
    """Tasks that move, at their move cost."""


@dataclass(frozen=True)
class Span:
    """A number that is known in part.

    Parameters
    ----------
    value
        Of the plans that were found.
    low, high
        It is no less and no more than this; equal where it is proved.
    """

    value: int
    low: int
    high: int

    @property
    def proven(self) -> bool:
        """Whether nothing is left open."""
        return self.low == self.high

    def __add__(self, amount: int) -> Span:
        return Span(self.value + amount, self.low + amount, self.high + amount)

    def __sub__(self, other: Span) -> Span:
        return Span(self.value - other.value, self.low - other.high, self.high - other.low)

    def within(self, low: int | None = None, high: int | None = None) -> Span:
        """The same where more is known of it."""
        least = self.low if low is None else max(self.low, low)
        most = self.high if high is None else min(self.high, high)
        return Span(min(max(self.value, least), most), least, most)


@dataclass(frozen=True, eq=False)
class Least:
    """The best plan found of a request, and what is known of the best of all.

    Parameters
    ----------
    first
        The tiers before anything else, class by class: tasks stopped for others, tasks not placed.
    missing
        Tasks not placed, over all classes.
    amount
        What is measured.
    tasks
        The plan, checked.
    tiers
        Of the answer.
    """

    first: tuple[Span, ...]
    missing: Span
    amount: Span
    tasks: Counts
    tiers: tuple[TierResult, ...]

    def as_many_as(self, other: Least) -> bool:
        """Whether the best plans of both are proved to place as many tasks of each class."""
        pairs = zip(self.first, other.first, strict=True)
        return all(one.proven and two.proven and one.value == two.value for one, two in pairs)


def is_counted(unit: Unit, cost: Cost) -> bool:
    """Whether the tier is (a part of) what is measured."""
    kinds: dict[Unit, type[Cost]] = {
        Unit.INSTANCES: InUse,
        Unit.DOLLARS: RunningCost,
        Unit.SKEW: SummedSkew,
        Unit.TASKS: Unplaced,
        Unit.MOVES: Moved,
    }
    return isinstance(cost, kinds[unit])


def least(
    rules: Rules,
    unit: Unit,
    limits: Limits,
    hint: Counts | None,
    cancelled: Callable[[], bool] | None = None,
    low: int = 0,
    *,
    briefly: bool = False,
) -> Least:
    """Search until what is measured is proved, or the time is over.

    Parameters
    ----------
    hint
        A plan: the one found is no worse, if the checker passes it.
    low
        What is known already: no plan that leaves as few tasks without a place needs less.
    briefly
        End where what comes before what is measured is proved.
    """
    first = [t for t, cost in enumerate(rules.tiers) if isinstance(cost, Unplaced | Preempted)]
    counted = [t for t, cost in enumerate(rules.tiers) if is_counted(unit, cost)]
    last = max([*first, *counted], default=-1)
    known_enough = False

    def watch(known: Known) -> None:
        nonlocal known_enough
        open_ = [t for t in range(last + 1) if known.bounds[t].value < known.values[t]]
        enough = briefly or sum(known.values[t] for t in counted) <= low
        known_enough = not open_ or (enough and set(open_) <= set(counted))

    def over() -> bool:
        return known_enough or (cancelled is not None and cancelled())

    solution = run(rules, limits, on_progress=watch, cancelled=over, hint=hint).solution
    spans, settled = [], True
    for cost, tier in zip(rules.tiers, solution.tiers, strict=True):
        # A bound, and a value as the most, speak of the best plan only where all tiers before it are known.
        spans.append(
            Span(tier.value, tier.bound, tier.value)
            if settled
            else Span(tier.value, 0, max(cost.ceiling(rules.problem), tier.value))
        )
        settled = tier.proven
    missing = [t for t in first if isinstance(rules.tiers[t], Unplaced)]
    amount = _total(spans[t] for t in counted)
    return Least(
        tuple(spans[t] for t in first),
        _total(spans[t] for t in missing),
        amount.within(low=min(low, amount.high)),
        solution.tasks,
        solution.tiers,
    )


def _total(spans: Iterable[Span]) -> Span:
    found = Span(0, 0, 0)
    for span in spans:
        found = Span(found.value + span.value, found.low + span.low, found.high + span.high)
    return found


def measured(rules: Rules, unit: Unit, tasks: Counts) -> tuple[tuple[int, ...], int]:
    """The first tiers of a plan, and what is measured of it."""
    placement = Placement(rules.problem, tasks)
    first = tuple(cost.value(placement) for cost in rules.leading)
    return first, sum(cost.value(placement) for cost in rules.tiers if is_counted(unit, cost))
