"""The best checked plan so far, and what is proved of it: the one place where plans are compared (§6.5) and admitted (§6.4)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from solver.cpsat.merging import TaskType, types_of
from solver.domain.counts import Counts, Ints
from solver.domain.placement import Placement
from solver.domain.solution import TierResult
from solver.engines.memory import Memory
from solver.engines.patterns.problem import PatternMemory
from solver.errors import PlanRejected
from solver.rules.base import Counting
from solver.rules.bound import Rules
from solver.rules.unplaced import Preempted, Unplaced
from solver.verify import check


@dataclass(frozen=True)
class Bound:
    """No plan whose earlier tiers are at or below ``given`` costs less than ``value`` (§6.2)."""

    value: int
    source: str
    given: tuple[int, ...] = ()

    def holds_for(self, values: tuple[int, ...]) -> bool:
        """Whether it still says something of a plan with these values: its earlier tiers are no worse than given.

        A better plan may pay for an earlier tier with a later one, and then bounds found before no longer speak of it.
        """
        return all(value <= given for value, given in zip(values, self.given, strict=False))


def best_of(bounds: Iterable[Bound], values: tuple[int, ...]) -> Bound:
    """The highest of a tier's bounds that holds for a plan; zero, by counting, always does, for no cost is negative."""
    holding = [bound for bound in bounds if bound.holds_for(values)]
    return max([*holding, Bound(0, "counting")], key=lambda bound: bound.value)


Observer = Callable[[Counts, tuple[int, ...]], None]
"""Told of each better checked plan, with its tier values."""


@dataclass(frozen=True, eq=False)
class Known:
    """What is known of the best plan at one moment; it stays as it is while the search goes on.

    Parameters
    ----------
    tasks, values
        The plan, checked, and its tier values.
    sequential
        The tier values of the sequential plan.
    found
        Bounds by tier, those that hold for the plan and others.
    """

    rules: Rules
    tasks: Counts
    values: tuple[int, ...]
    sequential: tuple[int, ...]
    found: Mapping[int, Sequence[Bound]]

    @cached_property
    def bounds(self) -> tuple[Bound, ...]:
        """Of each tier, the best that holds for the plan."""
        return tuple(best_of(self.found.get(tier, ()), self.values) for tier in range(len(self.values)))

    @property
    def floors(self) -> tuple[int, ...]:
        """The bound of each tier, at most its value."""
        return tuple(min(bound.value, value) for bound, value in zip(self.bounds, self.values, strict=True))

    def results(self) -> tuple[TierResult, ...]:
        """What is known of each tier; worked out when it is asked for."""
        found: list[TierResult] = []
        placement = Placement(self.rules.problem, self.tasks)
        proven = True
        for t, cost in enumerate(self.rules.tiers):
            value, bound = self.values[t], self.bounds[t]
            proven = proven and bound.value >= value
            found.append(
                TierResult(
                    cost.name,
                    cost.title,
                    value,
                    min(bound.value, value),
                    proven,
                    bound.source,
                    self.sequential[t],
                    cost.remark(placement),
                )
            )
        return tuple(found)


ProgressObserver = Callable[[Known], None]
"""Told what is known whenever the best plan, or a bound that holds for it, may have changed."""


@dataclass
class Incumbent:
    """Holds the best plan that the checker passed.

    Parameters
    ----------
    rules
        Of the problem as it came.
    on_better
        Told of each better plan, with its tier values.
    on_progress
        Told what is known after each better plan and each bound that is added.
    memory
        Of a request like this one.
    condition
        What a plan must keep beside the rules; asked of better plans that the checker has passed.
    """

    rules: Rules
    on_better: Observer | None = None
    on_progress: ProgressObserver | None = None
    memory: Memory | None = None
    condition: Callable[[Counts], bool] | None = None
    tasks: Counts = field(init=False)
    values: tuple[int, ...] = field(init=False)
    sequential: tuple[int, ...] = field(init=False)
    rejected: list[str] = field(init=False, default_factory=list)
    cut_short: bool = field(init=False, default=False)
    """Whether an engine stopped, or was not begun, for want of time."""
    check_seconds: float = field(init=False, default=0.0)
    """How long it took to check and to value the sequential plan: a measure of the request's size on this computer."""
    uncompiled: bool = field(init=False, default=False)
    """Whether an engine was left out because it is not compiled yet and there was no time for it."""
    deterministic_spent: float = field(init=False, default=0.0)
    """CP-SAT's deterministic seconds that engines have taken of a limit that they share."""
    patterns: PatternMemory | None = field(init=False, default=None)
    """What the packing engine leaves for a request like this one."""
    _bounds: dict[int, list[Bound]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.tasks = self.rules.problem.running
        self.sequential = self.values = self.value(self.tasks)

    @property
    def is_watched(self) -> bool:
        """Whether anybody is told of a better plan before the last one."""
        return self.on_better is not None or self.on_progress is not None

    def value(self, tasks: Counts) -> tuple[int, ...]:
        """The cost of each tier."""
        placement = Placement(self.rules.problem, tasks)
        return tuple(cost.value(placement) for cost in self.rules.tiers)

    def offer(self, tasks: Counts, *, of_all_rules: bool = True) -> bool:
        """Take a plan if it is better and the checker passes it; whether it was taken.

        Parameters
        ----------
        of_all_rules
            Whether the engine knew every rule: then a plan that the checker refuses is a fault of this package.
        """
        values = self.value(tasks)
        if values >= self.values:
            return False
        violations = check(self.rules.problem, tasks, self.rules)
        if violations:
            if of_all_rules:
                self.rejected.append(str(violations[0]))
            return False
        if self.condition is not None and not self.condition(tasks):
            return False
        self.tasks, self.values = tasks, values
        if self.on_better is not None:
            self.on_better(tasks, values)
        self._tell_progress()
        return True

    def require_sequential(self, tasks: Counts) -> None:
        """Take the sequential plan as the reference.

        Raises
        ------
        PlanRejected
            If the checker refuses it: a fault of this package.
        """
        begun = time.monotonic()
        violations = check(self.rules.problem, tasks, self.rules)
        if violations:
            raise PlanRejected(f"the sequential plan breaks a rule: {violations[0]}")
        is_new = not tasks.same_as(self.tasks)
        if is_new:
            self.tasks, self.values = tasks, self.value(tasks)
        self.check_seconds = time.monotonic() - begun
        if is_new and self.on_better is not None:
            self.on_better(tasks, self.values)
        self.sequential = self.values
        self._tell_progress()

    def add_bound(self, tier: int, value: int, source: str, given: tuple[int, ...] | None = None) -> None:
        """Remember a bound of a tier.

        Parameters
        ----------
        given
            Values of the earlier tiers under which it was found; left out, those of the present plan.
        """
        bound = Bound(value, source, self.values[:tier] if given is None else given[:tier])
        holding = [known for known in self._bounds.get(tier, []) if known.holds_for(self.values)]
        self._bounds[tier] = holding if bound in holding else [*holding, bound]
        self._tell_progress()

    def _tell_progress(self) -> None:
        if self.on_progress is not None:
            self.on_progress(self.known())

    def count(self, tier: int, room: list[Ints]) -> None:
        """Add the counting bound of a tier, unless it is proved already."""
        if self.bound(tier).value >= self.values[tier]:
            return
        tight = tuple(cost for t, cost in enumerate(self.rules.tiers[:tier]) if self._is_tight(t))
        facts = Counting(
            self.rules.problem,
            self.rules.emptied,
            room,
            self.least(tier),
            self._named(tier),
            self.rules.tiers[:tier],
            tight,
            tuple(self._together(tier)),
        )
        self.add_bound(tier, self.rules.tiers[tier].bound(facts), "counting")

    def _is_tight(self, tier: int) -> bool:
        """Whether the tier is at the least that counting allows."""
        bound = self.bound(tier)
        return (bound.value, bound.source) == (self.values[tier], "counting")

    def least(self, tier: int) -> Ints:
        """``int64[G]``: tasks of each group beside the fixed ones in every plan whose tiers before are as good as here."""
        operation = self.rules.problem.operation
        least = operation.kept.copy()
        lost: dict[int, int] = {}
        for cost, value in zip(self.rules.tiers[:tier], self.values[:tier], strict=True):
            if isinstance(cost, Preempted):
                lost[cost.priority] = value
                members = list(cost.groups)
                least[members] = np.maximum(least[members], operation.staying[members] - value)
            if isinstance(cost, Unplaced):
                members = list(cost.groups)
                missing = value + lost.get(cost.priority, 0)
                least[members] = np.maximum(least[members], operation.desired[members] - missing)
        # Below zero where tasks whose stop was asked for may not stop.
        beside: Ints = np.maximum(least - operation.fixed.totals(), 0)
        return beside

    def _together(self, tier: int) -> Iterator[tuple[tuple[int, ...], int]]:
        """What the classes whose missing tasks were counted before have at least, group and group together."""
        operation = self.rules.problem.operation
        fixed = operation.fixed.totals()
        lost = 0
        for cost, value in zip(self.rules.tiers[:tier], self.values[:tier], strict=True):
            if isinstance(cost, Preempted):
                lost = value
            if isinstance(cost, Unplaced):
                members = list(cost.groups)
                yield cost.groups, int((operation.desired - fixed)[members].sum()) - value - lost
                lost = 0

    def _named(self, tier: int) -> dict[str, int]:
        return {cost.name: value for cost, value in zip(self.rules.tiers[:tier], self.values[:tier], strict=True)}

    def bound(self, tier: int) -> Bound:
        """The best bound of a tier that holds for the present plan; zero, by counting, always does, for no cost is negative."""
        return best_of(self._bounds.get(tier, ()), self.values)

    @cached_property
    def types(self) -> tuple[TaskType, ...]:
        """The types of the groups that may start tasks."""
        return types_of(self.rules)

    @property
    def finished(self) -> bool:
        """Whether every tier is proved."""
        return self.proven(len(self.values) - 1)

    def proven(self, tier: int) -> bool:
        """Whether the tier and all before it are proved."""
        return all(self.bound(t).value >= self.values[t] for t in range(tier + 1))

    def known(self) -> Known:
        """What is known at this moment."""
        # A copy of one level is enough: the lists in it are replaced, never written to.
        return Known(self.rules, self.tasks, self.values, self.sequential, dict(self._bounds))

    def results(self) -> tuple[TierResult, ...]:
        """What is known of each tier."""
        return self.known().results()
