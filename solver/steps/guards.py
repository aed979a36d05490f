"""Whether a rule holds at every moment of a wave, whatever the order inside it (§9.2).

The moments of a wave are the state before it with any part of its starts and stops. Where more tasks only make a rule
worse, the worst moment has all starts and no stop. ``affinity`` is worst with the owner's starts and the family's stops,
``maxSkew`` with all stops in the smallest bucket and all starts in the others. What an expression says is looked up for
every part of what happens on the instance. Of a rule that is not known here, every part of the wave is tried.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import product

import numpy as np

from solver.domain.counts import Bools, Counts, Ints
from solver.domain.explanation import Violation
from solver.domain.placement import Placement
from solver.domain.problem import Problem
from solver.rules.affinity import Affinity
from solver.rules.anti_affinity import AntiAffinity
from solver.rules.base import Constraint, kinds_of
from solver.rules.devices import Devices
from solver.rules.isolate_roles import IsolateRoles
from solver.rules.max_per_instance import MaxPerInstance
from solver.rules.max_skew import MaxSkew
from solver.rules.member_of import MemberOf
from solver.rules.ports import HostPort, PortCount
from solver.rules.resources import Resource
from solver.rules.seating import without_stops
from solver.steps.events import Events
from solver.steps.moment import Mixture, Moment

MOST_PARTS = 128
"""Parts of a wave that are tried for a rule of which nothing better is known."""

RISING = (AntiAffinity, HostPort, IsolateRoles, MaxPerInstance, PortCount, Resource)
"""Rules that more tasks only make worse."""


@dataclass
class Wave:
    """A wave being made.

    Parameters
    ----------
    base
        The state before it.
    high, low
        That state with all starts of the wave, and with all stops.
    taken
        ``int64[C]``: how many tasks of each cell are in the wave.
    """

    events: Events
    base: Moment
    high: Moment
    low: Moment
    taken: Ints

    def add(self, cells: Ints, counts: Ints) -> None:
        """Take tasks of some cells, all starts or all stops, into the wave; negative: out of it."""
        events = self.events
        self.taken[cells] += counts
        for moment, sign, chosen in ((self.high, 1, events.start[cells]), (self.low, -1, ~events.start[cells])):
            if chosen.any():
                here = cells[chosen]
                moment.change_by(events.group[here], events.instance[here], sign * counts[chosen])

    def close(self) -> None:
        """The wave is over: what it did is the state before the next one."""
        events = self.events
        up = np.flatnonzero((self.taken > 0) & events.start)
        down = np.flatnonzero((self.taken > 0) & ~events.start)
        for moment, cells, sign in (
            (self.base, up, 1),
            (self.low, up, 1),
            (self.base, down, -1),
            (self.high, down, -1),
        ):
            moment.change_by(events.group[cells], events.instance[cells], sign * self.taken[cells])
        self.taken = np.zeros(len(events), np.int64)


def key(violation: Violation) -> tuple[str, str, str]:
    """What makes two violations the same one, if not as large."""
    return violation.rule, violation.group, violation.place


@dataclass
class Guard(ABC):
    """A rule on the way.

    Parameters
    ----------
    rule, problem
        What is guarded, and where.
    excused
        What the state after the operation breaks all the same: as much is allowed on the way.
    started, stopped
        ``bool[G]``: the groups of which a start, or a stop, can break the rule.
    """

    rule: Constraint
    problem: Problem
    excused: dict[tuple[str, str, str], int]
    started: Bools
    stopped: Bools

    @property
    def is_local(self) -> bool:
        """Whether an instance where it is broken is named, and only what happens there matters."""
        return False

    def found(self, moment: Placement) -> list[Violation]:
        """What a state breaks and nothing excuses."""
        violations = self.rule.violations(moment)
        return [found for found in violations if found.after > self.excused.get(key(found), -1)]

    @abstractmethod
    def fails(self, wave: Wave) -> bool:
        """Whether some moment of the wave may break the rule."""


@dataclass
class Rising(Guard):
    """A rule that more tasks only make worse: with all starts and no stop it is worst."""

    local: bool = False

    @property
    def is_local(self) -> bool:
        return self.local

    def fails(self, wave: Wave) -> bool:
        return bool(self.found(wave.high))

    def broken_at(self, wave: Wave) -> set[int]:
        """The instances where some moment of the wave breaks it."""
        return {i for found in self.found(wave.high) for i in self._labels.get(found.place, ())}

    @cached_property
    def _labels(self) -> dict[str, list[int]]:
        return labels(self.problem)


@dataclass
class Seated(Rising):
    """Devices: where not all that starts on an instance fits before anything stops, it waits for all that stops there.

    So a task that has started never has to go to other devices (``solver.rules.seating.seats_of``).
    """

    rule: Devices
    after: Placement = field(kw_only=True)

    @property
    def is_local(self) -> bool:
        return True

    def found(self, moment: Placement) -> list[Violation]:
        found = []
        for i in moment.unseated_instances():
            here, end = moment.unseated(i), self.after.unseated(i)
            starts = any(count > 0 for count in here.values())
            waits = any(count < min(here.get(g, 0), 0) for g, count in end.items())
            if starts and waits and not without_stops(self.after, i):
                found.append(Violation(self.rule.name, "", self.problem.cluster.label(i), 0, 1, "starts on devices"))
        return found


@dataclass
class Following(Guard):
    """``affinity`` with another family: worst where the owner starts and the family stops."""

    rule: Affinity

    def fails(self, wave: Wave) -> bool:
        return bool(self.found(Mixture(wave.high, wave.low.family)))


@dataclass
class Level(Guard):
    """``maxSkew``: worst with the stops in the bucket that is smallest with them, and the starts in all others."""

    rule: MaxSkew

    def fails(self, wave: Wave) -> bool:
        if self.rule.has_few:
            return bool(self.found(wave.high))
        buckets = self.rule.buckets
        name = self.problem.groups[self.rule.owner].family
        high, low = wave.high.family(name), wave.low.family(name)
        # The smallest bucket, and the next for the case that the largest is the smallest itself.
        for bucket in np.argsort(buckets.count(low), kind="stable")[:2].tolist():
            row = np.where(buckets.of == bucket, low, high)
            if self.found(Mixture(wave.high, _always(row))):
                return True
        return not len(buckets) and bool(self.found(wave.high))


@dataclass
class Expressed(Guard):
    """``memberOf`` with an expression that reads tasks: it binds at the moment of a start, on its instance.

    Groups that the rule does not tell apart are interchangeable, so only their sums are tried.
    """

    rule: MemberOf

    @property
    def is_local(self) -> bool:
        return True

    def fails(self, wave: Wave) -> bool:
        return bool(self.broken_at(wave))

    def broken_at(self, wave: Wave, only: int | None = None) -> set[int]:
        """The instances (or the one) where a start of the wave is refused in some order."""
        events = wave.events
        taken = wave.taken > 0
        own = taken & events.start & (events.group == self.rule.owner)
        broken: set[int] = set()
        parts: dict[int, list[tuple[Ints, Ints]]] = {}
        for i in set(events.instance[own].tolist()) if only is None else {only} & set(events.instance[own].tolist()):
            cells = np.flatnonzero(taken & (events.instance == i))
            found = list(_parts(wave, cells, self._kind[events.group[cells]] * 2 + events.start[cells]))
            if not found:
                broken.add(i)
            parts[i] = [part for part in found if part[1][own[part[0]]].any()]
        for turn in range(max((len(found) for found in parts.values()), default=0)):
            here = [(i, found[turn]) for i, found in parts.items() if turn < len(found) and i not in broken]
            broken |= self._refused(wave, here)
        return broken

    def _refused(self, wave: Wave, here: list[tuple[int, tuple[Ints, Ints]]]) -> set[int]:
        """Where the expression does not hold with one part on each instance."""
        if not here:
            return set()
        cells = np.concatenate([part[0] for _, part in here])
        counts = np.concatenate([part[1] for _, part in here])
        _apply(wave, cells, counts)
        amount = self.rule.breaches(wave.base).amount
        _apply(wave, cells, -counts)
        return {i for i, _ in here if amount[i] > self._allowed[i]}

    @cached_property
    def _kind(self) -> Ints:
        """``int64[G]``: groups of one number are the same to the rule."""
        return kinds_of(np.column_stack([reading.kind for reading in self.rule.readings(self.problem)]))

    @cached_property
    def _allowed(self) -> Ints:
        """``int64[I]``: what the end breaks may be broken on the way."""
        allowed = np.zeros(self.problem.cluster.size, np.int64)
        for (_, _, place), amount in self.excused.items():
            allowed[labels(self.problem).get(place, [])] = amount
        return allowed


@dataclass
class Unknown(Guard):
    """A rule of which nothing is known but its plain form."""

    def fails(self, wave: Wave) -> bool:
        cells = np.flatnonzero(wave.taken > 0)
        parts = list(_parts(wave, cells, np.arange(len(cells))))
        if not parts:
            return len(cells) > 0
        for chosen, counts in parts:
            _apply(wave, chosen, counts)
            broken = self.found(wave.base)
            _apply(wave, chosen, -counts)
            if broken:
                return True
        return False


def _parts(wave: Wave, cells: Ints, kind: Ints) -> Iterator[tuple[Ints, Ints]]:
    """Every part of what the wave does in some cells, those of a kind taken in turn; nothing where they are too many."""
    members = [np.flatnonzero(kind == k) for k in np.unique(kind)]
    sums = [int(wave.taken[cells[these]].sum()) for these in members]
    if np.log2(np.array(sums) + 1.0).sum() > np.log2(MOST_PARTS):
        return
    for part in product(*(range(n + 1) for n in sums)):
        counts = np.zeros(len(cells), np.int64)
        for these, n in zip(members, part, strict=True):
            held = wave.taken[cells[these]]
            counts[these] = np.clip(n - (np.cumsum(held) - held), 0, held)
        yield cells, counts


def _apply(wave: Wave, cells: Ints, counts: Ints) -> None:
    events = wave.events
    sign = np.where(events.start[cells], 1, -1)
    wave.base.change_by(events.group[cells], events.instance[cells], sign * counts)


def labels(problem: Problem) -> dict[str, list[int]]:
    """The instances by the name that a violation gives them."""
    found: dict[str, list[int]] = {}
    for i in range(problem.cluster.size):
        found.setdefault(problem.cluster.label(i), []).append(i)
    return found


def guards_of(problem: Problem, constraints: Iterable[Constraint], tasks: Counts) -> list[Guard]:
    """A guard for every rule that the way to the counts ``tasks`` can break, though they themselves do not."""
    after = Placement(problem, tasks)
    found = []
    for rule in constraints:
        # What no count changes is as good on the way as at its end.
        if rule.is_static or not any(True for _ in rule.readings(problem)):
            continue
        excused = {key(violation): violation.after for violation in rule.violations(after)}
        found.append(_guard(rule, problem, excused, after))
    return found


def _guard(rule: Constraint, problem: Problem, excused: dict[tuple[str, str, str], int], after: Placement) -> Guard:
    everyone = np.ones(len(problem.groups), np.bool_)
    nobody = np.zeros(len(problem.groups), np.bool_)
    scope = nobody.copy()
    scope[list(rule.scope(problem))] = True
    if isinstance(rule, MaxSkew):
        return Level(rule, problem, excused, scope, scope)
    if isinstance(rule, Affinity) and not rule.with_itself(problem):
        family = nobody.copy()
        family[list(rule.members(problem))] = True
        return Following(rule, problem, excused, scope, family)
    if isinstance(rule, Devices):
        return Seated(rule, problem, excused, scope, nobody, after=after)
    if isinstance(rule, MemberOf):
        return Expressed(rule, problem, excused, everyone, everyone)
    if isinstance(rule, (Affinity, *RISING)):
        local = all(reading.part is None for reading in rule.readings(problem))
        return Rising(rule, problem, excused, scope, nobody, local)
    return Unknown(rule, problem, excused, everyone, everyone)


def _always(row: Ints) -> Callable[[str], Ints]:
    """The same row, whatever the family."""
    return lambda _: row
