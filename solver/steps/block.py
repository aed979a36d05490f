"""Why a plan cannot be ordered: what waits for what, and which single change would let it through (§9.2)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from solver.domain.counts import Bools, Counts, Ints
from solver.domain.steps import Waiting
from solver.engines.deadline import Deadline
from solver.rules.base import UNLIMITED
from solver.rules.bind import bind
from solver.rules.bound import Rules
from solver.rules.resources import Resource
from solver.steps.choose import Change
from solver.steps.detour import Budget, with_detours
from solver.steps.events import Bounds, Events
from solver.steps.fewest import fewest
from solver.steps.waves import Builder, Course, best_of

MOST_WAITING = 20
"""Cells of starts and stops that are listed; more nobody reads."""

MOST_OTHERS = 5
"""What one waits for, as far as it is listed."""

MOST_LIMITS = 12
"""Bounds tried for a family, from the one that it has."""

MOST_ROOMS = 6
"""Instances that are tried with more room."""

LOWER, UPPER = "minimumHealthyPercent", "maximumPercent"


def waiting(course: Course, built: Builder, changes: Sequence[Change]) -> Iterator[Waiting]:
    """What is left of a stuck order, cell by cell, each with the first rule that refuses it.

    Parameters
    ----------
    changes
        The tasks that are still to stop.
    """
    problem, events = course.problem, built.events
    for cell in np.flatnonzero(built.left).tolist():
        g, i = int(events.group[cell]), int(events.instance[cell])
        rule, others = _refusal(course, built, cell)
        names = [c.task.id for c in changes if c.task is not None and (c.group, c.instance) == (g, i)]
        yield Waiting(
            "start" if events.start[cell] else "stop",
            problem.groups[g].name,
            problem.cluster.label(i),
            int(built.left[cell]),
            rule,
            tuple(_named(course, built, np.flatnonzero(others & (built.left > 0)))),
            () if events.start[cell] else tuple(names),
        )


def _named(course: Course, built: Builder, cells: Ints) -> Iterator[str]:
    problem, events = course.problem, built.events
    for cell in cells[:MOST_OTHERS].tolist():
        kind = "start" if events.start[cell] else "stop"
        where = problem.cluster.label(int(events.instance[cell]))
        yield f"{kind} of {problem.groups[int(events.group[cell])].name} on {where}"
    if len(cells) > MOST_OTHERS:
        yield f"{len(cells) - MOST_OTHERS:,} more"


def _refusal(course: Course, built: Builder, cell: int) -> tuple[str, Bools]:
    """The rule that refuses one more task of a cell, and the cells that could make way."""
    events, bounds = built.events, course.bounds
    start, family = bool(events.start[cell]), int(bounds.of[events.group[cell]])
    kin = (bounds.of[events.group] == family) & (events.start != start)
    if family >= 0 and start and built.total[family] >= bounds.upper[family]:
        return UPPER, kin
    if family >= 0 and not start and events.healthy[cell] and built.healthy[family] <= bounds.lower[family]:
        return LOWER, kin
    one = np.array([cell]), np.array([1])
    built.wave.add(*one)
    failing = [guard for guard in course.guards if guard.fails(built.wave)]
    built.wave.add(one[0], -one[1])
    if not failing:
        return "its replacement comes first", kin & (events.group == events.group[cell])
    guard = failing[0]
    others = events.start != start
    if guard.is_local:
        others &= events.instance == events.instance[cell]
    else:
        others &= (guard.started | guard.stopped)[events.group]
    return guard.rule.name, others


@dataclass
class Remedies:
    """Looks for single changes with which the whole plan can be ordered; each is tried.

    Parameters
    ----------
    events
        All of the plan's, without detours.
    built
        The order that is stuck.
    """

    rules: Rules
    tasks: Counts
    course: Course
    events: Events
    built: Builder
    deadline: Deadline

    def find(self) -> Iterator[str]:
        """What would unblock the plan, the smallest change of each kind."""
        yield from self._percentages()
        yield from self._moves()
        yield from self._room()

    def _orders(self, course: Course, rules: Rules, budget: Budget | None = None) -> bool:
        built = best_of(course, self.events, self.deadline, 2)
        if built.done:
            return True
        if fewest(rules, self.tasks, self.events, course.bounds, self.deadline).waves is not None:
            return True
        budget = budget or Budget.of(rules, self.events)
        return with_detours(rules, course, built, budget, self.deadline)[0].done

    def _percentages(self) -> Iterator[str]:
        bounds, built = self.course.bounds, self.built
        left = np.unique(bounds.of[self.events.group[built.left[: len(self.events)] > 0]])
        for family in left[left >= 0].tolist():
            name, desired = bounds.families[family], max(int(bounds.desired[family]), 1)
            lower, upper = int(bounds.lower[family]), int(bounds.upper[family])
            below = [(n, bounds.with_limit(family, lower=n)) for n in range(lower - 1, -1, -1)]
            least = self._limit(below)
            if least is not None:
                yield f"{name}: {LOWER} {100 * least // desired} instead of {self._percent(family, LOWER)}"
            starts = int(self.events.count[(bounds.of[self.events.group] == family) & self.events.start].sum())
            if upper < UNLIMITED:
                above = [(n, bounds.with_limit(family, upper=n)) for n in range(upper + 1, upper + starts + 1)]
                most = self._limit(above)
                if most is not None:
                    yield f"{name}: {UPPER} {-(-100 * most // desired)} instead of {self._percent(family, UPPER)}"

    def _percent(self, family: int, which: str) -> int:
        members = self.rules.problem.families[self.course.bounds.families[family]]
        groups = [self.rules.problem.groups[g] for g in members]
        if which == LOWER:
            return max(g.minimum_healthy_percent or 0 for g in groups)
        return min(g.maximum_percent for g in groups if g.maximum_percent is not None)

    def _limit(self, tried: Sequence[tuple[int, Bounds]]) -> int | None:
        """The first of the limits with which the plan can be ordered; looked for only if the farthest helps."""
        if not tried or not self._ordered_within(tried[-1][1]):
            return None
        near = next((limit for limit, bounds in tried[:MOST_LIMITS] if self._ordered_within(bounds)), None)
        if near is not None or len(tried) <= MOST_LIMITS:
            return near
        low, high = MOST_LIMITS, len(tried) - 1
        while low < high and not self.deadline.passed():
            middle = (low + high) // 2
            low, high = (low, middle) if self._ordered_within(tried[middle][1]) else (middle + 1, high)
        return tried[high][0]

    def _ordered_within(self, bounds: Bounds) -> bool:
        return not self.deadline.passed() and self._orders(replace(self.course, bounds=bounds), self.rules)

    def _moves(self) -> Iterator[str]:
        """More moves than the budget has."""
        have = Budget.of(self.rules, self.events)
        built = best_of(self.course, self.events, self.deadline, 0)
        built, detours = with_detours(self.rules, self.course, built, have.unlimited(self.rules), self.deadline)
        if built.done and detours:
            problem = self.rules.problem
            ways = [
                f"{problem.groups[d.group].name} from {problem.cluster.label(d.instance)}"
                f" by way of {problem.cluster.label(d.via)}"
                for d in detours
            ]
            yield f"{len(detours)} more {'move' if len(detours) == 1 else 'moves'}: {', '.join(ways)}"

    def _room(self) -> Iterator[str]:
        """Room for one more task on an instance where one waits for a resource."""
        problem, events, tried = self.rules.problem, self.events, 0
        left = self.built.left[: len(events)]
        for cell in np.flatnonzero(events.start & (left > 0)).tolist():
            if tried >= MOST_ROOMS or self.deadline.passed():
                return
            rule, _ = _refusal(self.course, self.built, cell)
            if not any(isinstance(guard.rule, Resource) and guard.rule.name == rule for guard in self.course.guards):
                continue
            tried += 1
            g, i = int(events.group[cell]), int(events.instance[cell])
            amounts = {
                name: list(column)
                for name, column in (("capacity", problem.cluster.capacity), ("free", problem.cluster.free))
            }
            rows = {name: np.array(rows) for name, rows in amounts.items()}
            for row in rows.values():
                row[i] += problem.demand[g]
            larger = replace(problem, cluster=replace(problem.cluster, capacity=rows["capacity"], free=rows["free"]))
            rules = bind(larger)
            if self._orders(Course.of(rules, self.tasks, self.course.bounds), rules):
                yield f"room for one more {problem.groups[g].name} on {problem.cluster.label(i)}"
                return


def half_done(events: Events, waves: Iterable[Ints], groups: int) -> tuple[Ints, Ints]:
    """``int64[G]`` each: moves of which only the start has been carried out, and those of which only the stop has."""

    def totals(cells: Bools, counts: Ints) -> Ints:
        return np.bincount(events.group[cells], counts[cells], groups).astype(np.int64)

    done = sum(waves, np.zeros(len(events), np.int64))
    more = totals(events.start, events.count) - totals(~events.start, events.count)
    net = totals(events.start, done) - totals(~events.start, done)
    return np.maximum(net - np.maximum(more, 0), 0), np.maximum(np.minimum(more, 0) - net, 0)
