"""The fewest waves of a small plan, by trying every one; or the proof that no order exists."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import product

import numpy as np

from solver.domain.counts import Counts, Ints
from solver.domain.placement import Placement
from solver.engines.deadline import Deadline
from solver.rules.base import Constraint
from solver.rules.bound import Rules
from solver.rules.member_of import MemberOf
from solver.steps.events import Bounds, Events
from solver.steps.guards import key, labels

MOST_STATES = 400
"""States on the way, up to which all orders are tried; one is judged in about a millisecond."""

MOST_WAVES_TRIED = 60_000
"""Pairs of a state and a wave from it."""

Part = tuple[int, ...]
"""How many tasks of each cell: what has been done, or what a wave does."""


@dataclass(frozen=True)
class Fewest:
    """What the search knows.

    Parameters
    ----------
    waves
        The shortest order; None if none was found.
    proven
        Nothing is shorter; or, where none was found, there is none.
    """

    waves: tuple[Ints, ...] | None
    proven: bool


def fewest(rules: Rules, tasks: Counts, events: Events, bounds: Bounds, deadline: Deadline) -> Fewest:
    """Breadth first over what is done after each wave; every moment is judged by the rules' plain form.

    A part of a wave that holds in any order holds, too: so waves are grown event by event from those that hold.
    """
    # Which devices a task has is settled when it starts, and a moment by itself does not tell.
    seated = not rules.problem.device_groups.isdisjoint(events.group.tolist())
    if seated or np.log2(events.count + 1.0).sum() > np.log2(MOST_STATES):
        return Fewest(None, False)
    return _Search(rules, tasks, events, bounds, deadline).run()


@dataclass
class _Search:
    rules: Rules
    tasks: Counts
    events: Events
    bounds: Bounds
    deadline: Deadline
    tried: int = 0
    _states: dict[Part, frozenset[tuple[int, int]] | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        problem = self.rules.problem
        after = Placement(problem, self.tasks)
        counting = [rule for rule in self.rules.constraints if any(True for _ in rule.readings(problem))]
        self._plain: list[Constraint] = [rule for rule in counting if not isinstance(rule, MemberOf)]
        self._expressed = [rule for rule in counting if isinstance(rule, MemberOf)]
        self._excused = {key(v): v.after for rule in counting for v in rule.violations(after)}
        self._labels = labels(problem)
        self._family = self.bounds.of[self.events.group].tolist()

    def run(self) -> Fewest:
        """The search."""
        start, goal = (0,) * len(self.events), tuple(self.events.count.tolist())
        came: dict[Part, Part] = {start: start}
        frontier = [start]
        while frontier and goal not in came:
            following = []
            for done in frontier:
                for wave in self._waves(done):
                    state = _sum(done, wave)
                    if state not in came:
                        came[state] = done
                        following.append(state)
                if self.tried > MOST_WAVES_TRIED or self.deadline.passed():
                    return Fewest(None, False)
            frontier = following
        if goal not in came:
            return Fewest(None, True)
        waves = []
        at = goal
        while at != start:
            waves.append(np.array(at, np.int64) - np.array(came[at], np.int64))
            at = came[at]
        return Fewest(tuple(reversed(waves)), True)

    def _waves(self, done: Part) -> Iterator[Part]:
        """Every wave from a state that holds whatever the order, the small ones first."""
        left = [n - d for n, d in zip(self.events.count.tolist(), done, strict=True)]
        none = (0,) * len(left)
        held = {none}
        for wave in sorted(product(*(range(n + 1) for n in left)), key=sum):
            if wave == none:
                continue
            # Each order ends with one of the events: what is before it must hold, and then it.
            shorter = [_less(wave, cell) for cell in range(len(wave)) if wave[cell]]
            if not all(part in held for part in shorter):
                continue
            self.tried += 1
            if self._holds(done, wave):
                held.add(wave)
                yield wave

    def _holds(self, done: Part, wave: Part) -> bool:
        """Whether the moment at which all of a wave has happened is allowed, and was whatever came last."""
        if not self._keeps_bounds(done, wave):
            return False
        refused = self._refused(_sum(done, wave))
        if refused is None:
            return False
        events = self.events
        starts = {(int(events.group[c]), int(events.instance[c])) for c, n in enumerate(wave) if n and events.start[c]}
        return starts.isdisjoint(refused)

    def _keeps_bounds(self, done: Part, wave: Part) -> bool:
        """Healthy tasks stop down to the lower bound, tasks start up to the upper; what starts is healthy after its wave."""
        events, bounds = self.events, self.bounds
        healthy, total = bounds.healthy.tolist(), bounds.total.tolist()
        stopped, started = [0] * len(healthy), [0] * len(healthy)
        for cell, family in enumerate(self._family):
            if family < 0:
                continue
            if events.start[cell]:
                healthy[family] += done[cell]
                total[family] += done[cell]
                started[family] += wave[cell]
            else:
                total[family] -= done[cell]
                if events.healthy[cell]:
                    healthy[family] -= done[cell]
                    stopped[family] += wave[cell]
        lower, upper = bounds.lower.tolist(), bounds.upper.tolist()
        return all(
            (not stopped[f] or healthy[f] - stopped[f] >= lower[f])
            and (not started[f] or total[f] + started[f] <= upper[f])
            for f in range(len(healthy))
        )

    def _refused(self, state: Part) -> frozenset[tuple[int, int]] | None:
        """Groups and instances where no start may have been the last event; None where nothing may lead here."""
        if state not in self._states:
            self._states[state] = self._judged(state)
        return self._states[state]

    def _judged(self, state: Part) -> frozenset[tuple[int, int]] | None:
        events, problem = self.events, self.rules.problem
        sign = np.where(events.start, 1, -1)
        shape = (len(problem.groups), problem.cluster.size)
        change = Counts.of(shape, events.group, events.instance, sign * np.array(state, np.int64))
        placement = Placement(problem, problem.running + change)
        placement.__dict__["before"] = self.rules.before
        if any(self._unexcused(rule, placement) for rule in self._plain):
            return None
        return frozenset(
            (rule.owner, i)
            for rule in self._expressed
            for place in self._unexcused(rule, placement)
            for i in self._labels.get(place, ())
        )

    def _unexcused(self, rule: Constraint, placement: Placement) -> list[str]:
        return [v.place for v in rule.violations(placement) if v.after > self._excused.get(key(v), -1)]


def _sum(one: Sequence[int], other: Sequence[int]) -> Part:
    return tuple(a + b for a, b in zip(one, other, strict=True))


def _less(part: Part, cell: int) -> Part:
    return (*part[:cell], part[cell] - 1, *part[cell + 1 :])
