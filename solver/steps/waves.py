"""Waves: as much as possible in each, such that every moment holds whatever the order inside a wave (§9.2)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from solver.domain.counts import Bools, Counts, Ints
from solver.domain.placement import Placement
from solver.domain.problem import Problem
from solver.engines.deadline import Deadline
from solver.rules.base import UNLIMITED
from solver.rules.bound import Rules
from solver.steps.events import Bounds, Events
from solver.steps.guards import Expressed, Guard, Rising, Wave, guards_of
from solver.steps.moment import Moment


@dataclass(frozen=True, eq=False)
class Course:
    """A plan on its way: what every attempt at an order shares.

    Parameters
    ----------
    before
        The state before the operation.
    guards
        The rules that the way can break.
    starting
        The groups of which the plan starts tasks.
    """

    problem: Problem
    before: Placement
    guards: tuple[Guard, ...]
    starting: frozenset[int]
    bounds: Bounds

    @classmethod
    def of(cls, rules: Rules, tasks: Counts, bounds: Bounds) -> Course:
        """Of a plan with the counts ``tasks``."""
        problem = rules.problem
        starting = frozenset((tasks - problem.running).positive().group.tolist())
        return cls(problem, rules.before, tuple(guards_of(problem, rules.constraints, tasks)), starting, bounds)

    def moment(self) -> Moment:
        """The state before the operation, to be changed."""
        return Moment(self.problem, self.before, self.starting)


@dataclass(frozen=True)
class Policy:
    """How a wave is filled where there is a choice.

    Parameters
    ----------
    patient
        A task that moves stops before its replacement starts only where somebody waits for its place.
    seed
        Above 0, starts and stops are taken in an order drawn with it.
    """

    patient: bool = True
    seed: int = 0


class Builder:
    """Fills wave after wave until nothing is left, or nothing can be done.

    Attributes
    ----------
    left
        ``int64[C]``: tasks of each cell that no wave has yet.
    waves
        ``int64[C]`` each: how many tasks of each cell.
    """

    def __init__(self, course: Course, events: Events, policy: Policy, prefix: Sequence[Ints] = ()) -> None:
        self.course, self.events, self.policy = course, events, policy
        problem, bounds = course.problem, course.bounds
        self.left = events.count.copy()
        self.waves: list[Ints] = []
        self.healthy, self.total = bounds.healthy.copy(), bounds.total.copy()
        moments = [course.moment() for _ in range(3)]
        self.wave = Wave(events, moments[0], moments[1], moments[2], np.zeros(len(events), np.int64))
        self._family = bounds.of[events.group]
        self._spare = np.minimum(course.before.free, 0)
        self._rank = np.arange(len(events))
        if policy.seed:
            self._rank = np.random.default_rng(policy.seed).permutation(len(events))
        groups = len(problem.groups)
        self._started, self._stopped = np.zeros(groups, np.int64), np.zeros(groups, np.int64)
        ups = np.bincount(events.group[events.start], events.count[events.start], groups).astype(np.int64)
        downs = np.bincount(events.group[~events.start], events.count[~events.start], groups).astype(np.int64)
        # Stops without a start in their stead.
        self._plain = np.maximum(downs - ups, 0)
        for taken in prefix:
            cells = np.flatnonzero(taken)
            for kind in (events.start[cells], ~events.start[cells]):
                self.wave.add(cells[kind], taken[cells[kind]])
            self._close()

    @property
    def done(self) -> bool:
        """Whether nothing is left."""
        return not self.left.any()

    def run(self, deadline: Deadline) -> Builder:
        """Fill waves until nothing is left, nothing can be done, or time is over."""
        while not self.done and not deadline.passed():
            if not self.step():
                break
        return self

    def step(self) -> bool:
        """Fill the next wave; whether there is anything in it."""
        self._starts()
        self._stops(self.policy.patient)
        if not self.wave.taken.any():
            self._stops(False)
        if not self.wave.taken.any():
            return False
        self._close()
        return True

    def _close(self) -> None:
        """The wave is over: what started is healthy, what stopped is gone."""
        events, taken = self.events, self.wave.taken
        self.waves.append(taken)
        self.left = self.left - taken
        up, down = np.where(events.start, taken, 0), np.where(events.start, 0, taken)
        np.add.at(self._started, events.group, up)
        np.add.at(self._stopped, events.group, down)
        bounded = self._family >= 0
        family = self._family[bounded]
        np.add.at(self.healthy, family, (up - np.where(events.healthy, down, 0))[bounded])
        np.add.at(self.total, family, (up - down)[bounded])
        self.wave.close()

    # Starts.

    def _starts(self) -> None:
        """Every start for which there is room with all other starts of the wave and without its stops."""
        events, bounds = self.events, self.course.bounds
        room = bounds.upper - self.total
        cells = np.flatnonzero(events.start & (self.left > 0))
        slack = np.append(self.healthy - bounds.lower, UNLIMITED)[self._family[cells]]
        # First those without which nothing of their family may stop.
        order = cells[np.lexsort((self._rank[cells], slack > 0))]
        tries = self.left.copy()
        queues: dict[int, list[int]] = {}
        for cell in order[::-1].tolist():
            queues.setdefault(int(events.instance[cell]), []).append(cell)
        while queues:
            layer = self._layer(queues, tries, room)
            if not layer:
                continue
            chosen = np.array(layer, np.int64)
            refused = self._try_starts(chosen, tries[chosen])
            for cell in layer:
                if cell in refused:
                    tries[cell] //= 2
                    if tries[cell]:
                        continue
                else:
                    self._use(room, cell, int(tries[cell]))
                self._drop(queues, cell)
        self._settle(True)

    def _layer(self, queues: dict[int, list[int]], tries: Ints, room: Ints) -> list[int]:
        """The next cell of each instance, with as many tasks as its free resources and its family's bound allow."""
        events, demand = self.events, self.course.problem.demand
        heads = np.array([queue[-1] for queue in queues.values()], np.int64)
        need = demand[events.group[heads]]
        # What was taken beyond the capacity before may be taken again (§8).
        free = np.maximum(self.wave.high.free - self._spare, 0)[events.instance[heads]]
        fits = np.where(need > 0, free // np.maximum(need, 1), UNLIMITED).min(axis=1, initial=UNLIMITED)
        planned = room.copy()
        layer = []
        for cell, fit in zip(heads.tolist(), fits.tolist(), strict=True):
            family = self._family[cell]
            most = min(int(tries[cell]), fit, int(planned[family]) if family >= 0 else UNLIMITED)
            tries[cell] = max(most, 0)
            if most > 0:
                self._use(planned, cell, most)
                layer.append(cell)
            else:
                self._drop(queues, cell)
        return layer

    def _use(self, room: Ints, cell: int, count: int) -> None:
        if self._family[cell] >= 0:
            room[self._family[cell]] -= count

    def _drop(self, queues: dict[int, list[int]], cell: int) -> None:
        queue = queues[int(self.events.instance[cell])]
        queue.pop()
        if not queue:
            del queues[int(self.events.instance[cell])]

    def _try_starts(self, cells: Ints, counts: Ints) -> set[int]:
        """Add starts, one cell an instance; the cells that a rule refuses are left out again and returned."""
        self.wave.add(cells, counts)
        instances = self.events.instance[cells]
        broken: set[int] = set()
        concerned = self._concerned(cells, True)
        for guard in concerned:
            if isinstance(guard, Rising) and guard.is_local:
                broken |= guard.broken_at(self.wave)
        out = np.isin(instances, list(broken))
        self.wave.add(cells[out], -counts[out])
        refused = set(cells[out].tolist())
        wide = [guard for guard in concerned if not guard.is_local]
        kept = [(int(c), int(n)) for c, n in zip(cells[~out], counts[~out], strict=True)]
        return refused | self._one_by_one(wide, kept, True)

    def _one_by_one(self, guards: Sequence[Guard], cells: Sequence[tuple[int, int]], start: bool) -> set[int]:
        """Of cells in the wave already: where rules refuse them together, take them out and back in one by one."""
        failing = [guard for guard in guards if guard.fails(self.wave)]
        if not failing:
            return set()
        touched = np.logical_or.reduce([guard.started if start else guard.stopped for guard in failing])
        suspects = [(c, n) for c, n in cells if touched[self.events.group[c]]]
        for cell, count in suspects:
            self.wave.add(np.array([cell]), np.array([-count]))
        refused = set()
        for cell, count in suspects:
            g = self.events.group[cell]
            self.wave.add(np.array([cell]), np.array([count]))
            if any((guard.started if start else guard.stopped)[g] and guard.fails(self.wave) for guard in guards):
                self.wave.add(np.array([cell]), np.array([-count]))
                refused.add(cell)
        return refused

    def _concerned(self, cells: Ints, start: bool) -> list[Guard]:
        groups = np.unique(self.events.group[cells])
        return [g for g in self.course.guards if (g.started if start else g.stopped)[groups].any()]

    # Stops.

    def _stops(self, patient: bool) -> None:
        """Every stop that leaves enough healthy tasks without the starts of the wave, and breaks no rule in any order."""
        events, bounds = self.events, self.course.bounds
        cells = np.flatnonzero(~events.start & (self.left > self.wave.taken))
        if not len(cells):
            return
        room = np.maximum(self.healthy - bounds.lower, 0)
        awaited = self._awaited()
        taken = np.where(events.start, self.wave.taken, 0)
        started = self._started + np.bincount(events.group, taken, len(self._started)).astype(np.int64)
        even = started + self._plain - self._stopped
        chosen: list[tuple[int, int]] = []
        key = (self._rank[cells], ~awaited[events.instance[cells]], events.healthy[cells])
        for cell in cells[np.lexsort(key)].tolist():
            g, family = int(events.group[cell]), int(self._family[cell])
            most = int(self.left[cell])
            if events.passing[cell] or (patient and not awaited[events.instance[cell]] and not self._crowded(family)):
                most = min(most, max(int(even[g]), 0))
            if events.passing[cell] and most:
                most = min(most, self._passed(cell))
            if family >= 0 and events.healthy[cell]:
                most = min(most, int(room[family]))
                room[family] -= most
            if most:
                even[g] -= most
                chosen.append((cell, most))
        if chosen:
            self._try_stops(chosen)

    def _passed(self, cell: int) -> int:
        """Tasks that came by a detour to the instance in an earlier wave, and are still there."""
        events = self.events
        came = events.start & (events.group == events.group[cell]) & (events.instance == events.instance[cell])
        return int((events.count - self.left)[came].sum() - (events.count - self.left)[cell])

    def _awaited(self) -> Bools:
        """``bool[I]``: instances where a start waits that the wave has no room for."""
        awaited = np.zeros(self.course.problem.cluster.size, np.bool_)
        waiting = self.events.start & (self.left > self.wave.taken)
        awaited[self.events.instance[waiting]] = True
        return awaited

    def _crowded(self, family: int) -> bool:
        """Whether the family may start nothing more before something of it stops."""
        return family >= 0 and bool(self.total[family] >= self.course.bounds.upper[family])

    def _try_stops(self, chosen: list[tuple[int, int]]) -> None:
        cells, counts = (np.array(column, np.int64) for column in zip(*chosen, strict=True))
        self.wave.add(cells, counts)
        self._settle(False)
        kept = [(c, n) for c, n in chosen if self.wave.taken[c]]
        wide = [guard for guard in self._concerned(cells, False) if not guard.is_local]
        self._one_by_one(wide, kept, False)

    def _settle(self, start: bool) -> None:
        """Where an expression refuses what the wave does on an instance, take that out, and back in one by one."""
        events, wave = self.events, self.wave
        expressed = [guard for guard in self.course.guards if isinstance(guard, Expressed)]
        for i in sorted({i for guard in expressed for i in guard.broken_at(wave)}):
            cells = np.flatnonzero((wave.taken > 0) & (events.instance == i) & (events.start == start))
            counts = wave.taken[cells]
            wave.add(cells, -counts)
            for cell, count in zip(cells.tolist(), counts.tolist(), strict=True):
                while count and not self._agreed(expressed, cell, count, i):
                    count //= 2

    def _agreed(self, guards: Sequence[Expressed], cell: int, count: int, instance: int) -> bool:
        """Take tasks of a cell into the wave if no expression refuses what it then does on the instance."""
        self.wave.add(np.array([cell]), np.array([count]))
        if any(guard.broken_at(self.wave, instance) for guard in guards):
            self.wave.add(np.array([cell]), np.array([-count]))
            return False
        return True


def best_of(course: Course, events: Events, deadline: Deadline, restarts: int) -> Builder:
    """The order with the most done, then the fewest waves, of some ways to fill waves."""
    best = Builder(course, events, Policy()).run(deadline)
    for policy in _others(restarts):
        # Two waves are the fewest: whatever fits into one is there at once.
        if (best.done and (len(best.waves) <= 2 or policy.seed)) or deadline.passed():
            break
        built = Builder(course, events, policy).run(deadline)
        best = min(best, built, key=_worth)
    return best


def _others(restarts: int) -> Iterable[Policy]:
    yield Policy(patient=False)
    for seed in range(1, restarts + 1):
        yield Policy(patient=seed % 2 == 0, seed=seed)


def _worth(built: Builder) -> tuple[int, int]:
    """What is left, then the waves."""
    return int(built.left.sum()), len(built.waves)
