"""Finds a front by the epsilon-constraint method: the best plan along one axis within limits along the others, again and again.

Each answer gives a point, and its bounds refute corners (``region``). Where the points known and the corners refuted leave a
zone open, the zone's own limits are asked next, the largest zone first, so that a front that is cut short is spread out. Zones
that time did not suffice for are asked again with more of it while any is left.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from solver.api import answered, ordered, require_sensible
from solver.domain.answer import Answer
from solver.domain.cluster import INSTANCE_TYPE, ZONE
from solver.domain.counts import Counts
from solver.domain.money import millionths, price_faults
from solver.domain.problem import Problem
from solver.domain.request import Engine, Limits
from solver.domain.solution import Stop
from solver.errors import Fault, InvalidRequest, require, under
from solver.pareto.axes import Axes, Axis, Question
from solver.pareto.front import Front, Point
from solver.pareto.region import NO_LIMIT, Refuted, Vector, inside, is_within, nondominated, without, zones_of
from solver.rules.argument import field_name
from solver.rules.bind import bind

LEAST_SECONDS = 0.1
"""For one request: with less left, no other is begun. The first one is answered in any case."""

OTHERS = 3
"""One request gets the time left, shared with the zones that are open and so many that will open yet."""

USUAL, MORE = 1.5, 1.3
"""So many times what the longest one took that was proved; and so many times what it had, and a request is asked again."""

ORDER_SHARE, MOST_ORDER_SECONDS = 0.05, 1.0
"""Of the time limit, for the order of all plans; and for one of them."""

MOST_POINTS = 500
"""Points of a front: with more, zones are left open. A curve of so many is finer than anybody reads."""

Told = Callable[[int, int], None]
"""Told how many points are known, and how many zones are open."""


def front(
    problem: Problem,
    axes: Sequence[str] = ("cost", "moves", "skew"),
    *,
    limits: Limits | None = None,
    prices: Mapping[str, float] | None = None,
    skew_over: str = f"attribute:{ZONE}",
    told: Told | None = None,
    cancelled: Callable[[], bool] | None = None,
    warnings: Sequence[str] = (),
) -> Front:
    """The plans of a request that are best weighed along several axes: none is better along one and no worse along the others.

    Every plan leaves as few tasks without a place as the best one that was found within the request's own budgets.

    Parameters
    ----------
    problem
        A request that may move or start tasks, such as ``rebalance`` or ``reconcile(rebalance=True)`` make.
    axes
        At least two of ``cost``, ``moves``, ``skew``.
    limits
        The time limit is for the whole front. A deterministic limit is for each request of it, and then the front repeats
        as long as the time limit ends nothing.
    prices
        Of an instance for an hour, by type, for every type of the cluster: the cost is then the currency's; without, the
        instances in use are counted.
    skew_over
        The field over whose values the skew is counted; the largest of all families that the request may change counts.
    cancelled
        Asked while searching; once true, what is known is returned.
    warnings
        Carried into the front, from whoever read the input.

    Raises
    ------
    InvalidRequest
        If axes, prices, limits or rules make no sense, or the request asks for what a front does not weigh.
    """
    limits = limits or Limits()
    require_sensible(limits)
    asked = _axes(problem, axes, prices or {}, skew_over)
    search = _Search(asked, limits, told, cancelled)
    search.run()
    return search.front(tuple(warnings))


def _axes(problem: Problem, names: Sequence[str], prices: Mapping[str, float], field: str) -> Axes:
    """What is weighed, with everything that is wrong with it."""
    faults = [
        Fault("axes", f"'{name}' is no axis", f"must be of {', '.join(Axis)}")
        for name in names
        if name not in set(Axis)
    ]
    chosen = tuple(axis for axis in Axis if axis.value in names)
    if not faults and (len(chosen) < 2 or len(names) != len(chosen)):
        said = ", ".join(names) or "none"
        faults.append(Fault("axes", f"are {said}", f"must be at least two of {', '.join(Axis)}, each once"))
    faults += under("prices", price_faults(prices))
    if not faults and prices:
        faults += _unpriced(problem, prices, Axis.COST in chosen)
    faults += list(_goals(problem))
    try:
        field = field_name(field)
    except InvalidRequest as invalid:
        faults += [replace(fault, path="skew_over") for fault in invalid.faults]
    else:
        if Axis.SKEW in chosen and not problem.cluster.column(field).values:
            faults.append(Fault("skew_over", f"no instance has '{field}'", "name an attribute that instances have"))
    require(faults)
    return Axes(problem, chosen, field, millionths(prices))


def _unpriced(problem: Problem, prices: Mapping[str, float], counts: bool) -> list[Fault]:
    """Types of instances without a price, and prices that count for nothing."""
    if not counts:
        return [Fault("prices", "are given, and the cost is no axis", "add cost to the axes, or leave them out")]
    column = problem.cluster.column(INSTANCE_TYPE)
    types = [column[i] for i in range(problem.cluster.size)]
    found = []
    for name in dict.fromkeys(types):
        if name not in prices:
            label = problem.cluster.label(types.index(name))
            what = f"has no price, and {label} is one" if name else f"are given, and {label} has no type"
            found.append(
                Fault(f"prices.{name}" if name else "prices", what, "give a price for every type of the cluster")
            )
    return found


def _goals(problem: Problem) -> list[Fault]:
    """What a request may ask for and a front does not weigh."""
    freedom = problem.freedom
    asked = {
        "min_gain": freedom.min_gain,
        "empty": freedom.empty,
        "repair": freedom.repair,
        "slot": bool(freedom.slot),
    }
    faults = [
        Fault(f"freedom.{name}", "is asked for", "ask for it without a Pareto front")
        for name, on in asked.items()
        if on
    ]
    if problem.all_or_nothing:
        faults.append(Fault("all_or_nothing", "is asked for", "ask for it without a Pareto front"))
    return faults


@dataclass
class _Search:
    """The points and the corners known, and what is asked next."""

    axes: Axes
    limits: Limits
    told: Told | None
    cancelled: Callable[[], bool] | None
    found: dict[Vector, Answer] = field(default_factory=dict)
    reference: Vector = ()
    missing_proven: bool = False
    searches: int = 0
    usual: float = 0.0
    stopped: bool = False

    def __post_init__(self) -> None:
        self.begun = time.monotonic()
        self.refuted = Refuted(self.axes.given)
        self.rules = bind(self.axes.problem)
        self.leading = len(self.rules.leading)
        self.zones = zones_of((), len(self.axes.chosen))
        self.open = list(self.zones)

    def run(self) -> None:
        """Ask until no zone is open, or the time is over."""
        none = (NO_LIMIT,) * len(self.axes.chosen)
        asked = {none: self._seconds(OTHERS)}
        self._ask(none, OTHERS, first=True)
        if Axis.MOVES in self.axes.chosen[1:] and not self._gone():
            # What can be had without any move is quickly known, and where every front ends.
            still = tuple(0 if axis is Axis.MOVES else NO_LIMIT for axis in self.axes.chosen)
            asked[still] = self._seconds(OTHERS)
            self._ask(still, OTHERS)
        while not self._gone() and self.open and len(self.found) < MOST_POINTS:
            wanted = list(dict.fromkeys((NO_LIMIT, *inside(zone)[1:]) for zone in self.open))
            fresh = [limits for limits in wanted if limits not in asked]
            others = len(fresh) + OTHERS
            if not fresh:
                # All of them were asked already: once more, if each gets more time than it had.
                others = len(wanted)
                fresh = [limits for limits in wanted if self._seconds(others) > MORE * asked[limits]]
                if not fresh or self.limits.deterministic_limit is not None:
                    return
            limits = max(fresh, key=lambda one: (self._size(one), one))
            asked[limits] = self._seconds(others)
            self._ask(limits, others)

    def _ask(self, limits: Vector, others: int, *, first: bool = False) -> None:
        """Answer one request; its point, and what it refutes."""
        question = self.axes.asked(limits)
        given, begun = self._seconds(others), time.monotonic()
        answer, _ = answered(
            question.problem,
            self._within(question, given),
            explain=False,
            on_incumbent=None,
            on_progress=None,
            cancelled=self.cancelled,
            warnings=(),
            label="",
            hint=self._hint(limits),
            objective=question.objective,
            bounds={} if first else question.bounds(self.refuted, self.reference),
            order=False,
        )
        self.searches += 1
        if answer.stop is Stop.PROVED:
            self.usual = max(self.usual, time.monotonic() - begun)
        values = tuple(tier.value for tier in answer.tiers[: self.leading])
        self.reference = values if first else self.reference
        for corner in question.refuted(answer, self.reference):
            self.refuted.add(corner)
        if is_within(values, self.reference):
            self._keep(self.axes.vector(answer), answer, values)
            # What is proved within limits says nothing of plans beyond them.
            proven = all(tier.proven for tier in answer.tiers[: self.leading])
            self.missing_proven |= proven and min(limits) == NO_LIMIT
        self.open = [zone for zone in self.zones if not self.refuted.covers(inside(zone))]
        if self.told is not None:
            self.told(len(nondominated(self.found)), len(self.open))

    def _within(self, question: Question, seconds: float) -> Limits:
        """The limits of a request; one that changes nothing needs no search."""
        own = replace(self.limits, time_limit=seconds)
        return replace(own, engine=Engine.SEQUENTIAL) if question.changes_nothing else own

    def _keep(self, vector: Vector, answer: Answer, first_tiers: Vector) -> None:
        """Remember a plan; where it has a place for more tasks than those before, these are none of the front any more."""
        if first_tiers != self.reference:
            self.reference, self.missing_proven = first_tiers, False
            self.found.clear()
            self.zones = zones_of((), len(self.axes.chosen))
        if vector not in self.found:
            self.found[vector] = answer
            self.zones = without(self.zones, vector)

    def _seconds(self, others: int) -> float:
        """For the next request: its share of what is left, and no less than others took to be proved."""
        left = max(self._left(), LEAST_SECONDS)
        if self.limits.deterministic_limit is not None:
            return left
        return min(max(left / others, USUAL * self.usual, LEAST_SECONDS), left)

    def _hint(self, limits: Vector) -> Counts | None:
        """The best plan known within the limits."""
        known = [vector for vector in self.found if is_within(vector, limits)]
        return self.found[min(known)].tasks if known else None

    def _size(self, limits: Vector) -> float:
        """How much of what the points span lies within the limits."""
        size = 1.0
        for k, limit in enumerate(limits):
            low, high = (pick(vector[k] for vector in self.found) for pick in (min, max)) if self.found else (0, 0)
            size *= (min(limit, high) - low + 1) / (high - low + 1)
        return size

    def _gone(self) -> bool:
        self.stopped = self.cancelled is not None and self.cancelled()
        return self.stopped or self._left() < LEAST_SECONDS

    def _left(self) -> float:
        """Seconds for searches."""
        return (1 - ORDER_SHARE) * self.limits.time_limit - (time.monotonic() - self.begun)

    def front(self, warnings: tuple[str, ...]) -> Front:
        """What is known."""
        vectors = nondominated(self.found)
        seconds = min(ORDER_SHARE * self.limits.time_limit / max(len(vectors), 1), MOST_ORDER_SECONDS)
        points = tuple(self._point(vector, seconds) for vector in vectors)
        missing = int(points[0].answer.missing().sum()) if points else 0
        undecided = tuple(inside(zone) for zone in self.open)
        return Front(
            self.axes,
            points,
            undecided,
            self.refuted.corners,
            missing,
            self.missing_proven,
            self.searches,
            time.monotonic() - self.begun,
            self.stopped,
            warnings,
        )

    def _point(self, vector: Vector, seconds: float) -> Point:
        bounds = tuple(min(self.refuted.bound(vector, k), vector[k]) for k in range(len(vector)))
        # A zone begins at a point where the point is its limit along one axis, and strictly below it along the others.
        beside = [
            zone
            for zone in self.open
            if any(
                zone[k] == vector[k] and all(vector[j] < zone[j] for j in range(len(zone)) if j != k)
                for k in range(len(zone))
            )
        ]
        answer = self.found[vector]
        # By the budgets of the request: the limits under which the plan was found are not those of its order.
        steps, doubts = ordered(self.rules, answer.tasks, seconds)
        whole = replace(answer, steps=steps, warnings=(*answer.warnings, *doubts))
        return Point(vector, bounds, not beside, whole)


__all__ = ["front"]
