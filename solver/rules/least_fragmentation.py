"""``leastFragmentation``: as little of the devices as can be is lost to the tasks that are to be expected.

Two measures of an instance for a kind of task, added up. Fragmentation as in Weng et al., "Beware of Fragmentation" (USENIX ATC
2023, section 4): all that is left of its devices where no task of the kind fits, else what is left on devices with too little
for one. And, ours, what is left of its devices beside as many tasks of the kind as would fit there: so that it counts, too,
where CPU or memory would end before the devices do.

Both are summed over the instances and the kinds, times how many tasks of each are expected (``arrivals`` of the groups) for each
device that the kind may use: of what only few devices can do, less is lost in vain. Where new tasks could lie on several
devices they lie on those for which the sum is least.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from solver.domain.counts import Bools, Ints
from solver.domain.devices import WHOLE, DeviceNeed, Free, Seats, layouts
from solver.domain.placement import Placement
from solver.domain.problem import Problem
from solver.domain.seating import needs_of
from solver.errors import InvalidRequest
from solver.rules.argument import nothing
from solver.rules.base import UNLIMITED, Cost, Counting, Reading, Strategy, kinds_of
from solver.rules.model import Literal, Model, Sum, total
from solver.rules.seating import need_kinds, needs_in, seat, seats_in

TYPE = "leastFragmentation"
FEW = 32
"""Rows that are looked at without looking for equal ones among them."""

SCALE = 10
"""Of weights: a kind that may use every device has so many for each task that is expected."""


@dataclass(frozen=True, eq=False)
class Expected:
    """The tasks that are to be expected: ``M`` kinds.

    Parameters
    ----------
    weight, count, each
        ``int64[M]``: ``SCALE`` for each task to be expected, times the devices of the cluster for each that the kind may use;
        how many devices one task needs, and how much of each.
    demand
        ``int64[M, R]``.
    admits
        ``bool[M, I]``.
    """

    weight: Ints
    count: Ints
    each: Ints
    demand: Ints
    admits: Bools

    @classmethod
    def of(cls, problem: Problem, admits: Sequence[Bools]) -> Expected:
        """The groups with ``arrivals`` that need devices; those that differ in nothing else are one kind."""
        kinds: dict[bytes, list[int]] = {}
        for g in sorted(problem.device_groups):
            need = problem.groups[g].devices
            if need is not None and problem.groups[g].arrivals:
                row = np.array([need.count, need.each, *problem.demand[g]], np.int64)
                kinds.setdefault(row.tobytes() + admits[g].tobytes(), []).append(g)
        first = [groups[0] for groups in kinds.values()]
        needs = needs_of(problem, first)
        count = problem.cluster.device_count
        usable = [max(int(count[admits[g]].sum()), 1) for g in first]
        arrivals = [sum(problem.groups[g].arrivals for g in groups) for groups in kinds.values()]
        weights = [-(-SCALE * n * int(count.sum()) // devices) for n, devices in zip(arrivals, usable, strict=True)]
        return cls(
            weight=np.array(weights, np.int64),
            count=np.array([need.count for need in needs], np.int64),
            each=np.array([need.each for need in needs], np.int64),
            demand=problem.demand[first],
            admits=np.array([admits[g] for g in first], np.bool_).reshape(len(first), problem.cluster.size),
        )

    def lost(self, instances: Ints, free: Ints, left: Ints) -> Ints:
        """``int64[N]``: what is lost on instances with so much free (``int64[N, R]``) and so much left (``int64[N, D]``)."""
        if len(instances) < FEW:
            return self._lost(instances, free, left)
        # Instances of one kind are in few different states, and the order of devices is of no matter.
        rows = np.column_stack([self._alike[instances], free, np.sort(left, axis=1)])
        whole = np.ascontiguousarray(rows).view(np.dtype((np.void, rows.itemsize * rows.shape[1]))).reshape(-1)
        _, first, place = np.unique(whole, return_index=True, return_inverse=True)
        return self._lost(instances[first], free[first], left[first])[place.reshape(-1)]

    def _lost(self, instances: Ints, free: Ints, left: Ints) -> Ints:
        tables, size = self._tables
        devices, usable, shares = np.split(tables[left].sum(axis=1), 3, axis=1)
        number = shares[:, size] // self.count
        for r, (needs, need) in self._needs.items():
            room = np.where(needs > 0, np.maximum(free[:, r, None], 0) // np.maximum(needs, 1), UNLIMITED)
            np.minimum(number, room[:, need], out=number)
        number[~self.admits.T[instances]] = 0
        fits = (number > 0) & (devices[:, size] >= self.count)
        # Whole numbers below 2^53 (§11.2), which floats multiply and add exactly, and sooner.
        used = (fits * usable[:, size]) @ self._weight + number @ (self._weight * self.count * self.each)
        lost: Ints = 2 * left.sum(axis=1) * int(self.weight.sum()) - used.astype(np.int64)
        return lost

    @cached_property
    def _alike(self) -> Ints:
        """``int64[I]``: instances that admit the same kinds have the same number."""
        return kinds_of(self.admits.T.astype(np.int64))

    @cached_property
    def _weight(self) -> NDArray[np.float64]:
        return self.weight.astype(np.float64)

    @cached_property
    def _needs(self) -> dict[int, tuple[Ints, Ints]]:
        """Of each resource the different amounts that tasks need, and which of them each kind does."""
        found = {}
        for r in np.flatnonzero(self.demand.any(axis=0)).tolist():
            needs, need = np.unique(self.demand[:, r], return_inverse=True)
            found[r] = (needs, need.reshape(-1).astype(np.int64))
        return found

    @cached_property
    def _tables(self) -> tuple[Ints, Ints]:
        """For each amount left on a device, and each different amount that tasks take: whether there is enough for one, how
        much is then of use, and how many there is enough for, ``int64[1001, 3 * sizes]``; and the size of each kind.
        """
        sizes, size = np.unique(self.each, return_inverse=True)
        amounts = np.arange(WHOLE + 1)[:, None]
        tables = [amounts >= sizes, np.where(amounts >= sizes, amounts, 0), amounts // sizes]
        return np.concatenate(tables, axis=1).astype(np.int64), size.reshape(-1).astype(np.int64)


@dataclass
class _Known:
    """What a state was found to lose: up to which start, ``int64[I]`` in all, and by group what one more task adds."""

    point: int
    lost: Ints
    growth: dict[int, tuple[int, Ints]] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class LeastFragmentation(Strategy):
    """The instance where one more task adds least to what is lost; a state is looked at again only where tasks have started.

    Parameters
    ----------
    admits
        Of each group ``bool[I]``: where it may ever start.
    """

    problem: Problem
    expected: Expected
    admits: Sequence[Bools]
    name: str = TYPE
    _known: WeakKeyDictionary[Placement, _Known] = field(default_factory=WeakKeyDictionary)

    @staticmethod
    def parse(argument: str, problem: Problem) -> None:
        """Read nothing.

        Raises
        ------
        InvalidRequest
            If there is an argument, or nothing is expected.
        """
        nothing(argument)
        if not any(problem.groups[g].arrivals for g in problem.device_groups):
            remedy = "give the arrivals of the groups that need devices"
            raise InvalidRequest.at("arrivals", "says of no group that needs devices how many tasks to expect", remedy)

    def preference(self, state: Placement, group: int) -> Ints:
        known = self._of(state)
        first: Ints = np.full(state.size, UNLIMITED)
        point, growth = known.growth.get(group, (0, first))
        reached, changed = state.starts, state.started_on(point)
        if growth is first:
            changed = np.arange(state.size)
        changed = changed[self.admits[group][changed]]
        if len(changed):
            growth[changed] = self._growth(state, group, changed, known.lost)
        known.growth[group] = (reached, growth)
        return growth

    def devices(self, state: Placement, group: int, instance: int) -> tuple[int, ...]:
        """The devices of the instance on which one more task adds least; empty where the group needs none.

        All others are where they are to stay.
        """
        need = self.problem.groups[group].devices
        if need is None:
            return ()
        options = layouts(tuple(state.devices[instance].tolist()), (need,))
        lost = self._lost_with(state, group, instance, [left for left, _ in options])
        return options[int(lost.argmin())][1][0]

    def choose(self, state: Placement, instance: int, options: Sequence[tuple[Free, Seats]]) -> int:
        """The place of the layout on an instance with which the state loses least."""
        left = [left for left, _ in options]
        return int(_lost_on(self.expected, instance, state.free[instance], left).argmin())

    def _of(self, state: Placement) -> _Known:
        known = self._known.get(state)
        if known is None:
            known = _Known(0, least_lost(self.expected, state, np.arange(state.size)))
            known.point = state.starts
            self._known[state] = known
        reached, changed = state.starts, state.started_on(known.point)
        if len(changed):
            known.lost[changed] = least_lost(self.expected, state, changed)
            known.point = reached
        return known

    def _growth(self, state: Placement, group: int, instances: Ints, lost: Ints) -> Ints:
        """``int64[N]``: what one more task of the group adds on instances; ``UNLIMITED`` where it has no devices."""
        need = self.problem.groups[group].devices
        free = state.free[instances] - self.problem.demand[group]
        after: Ints = np.full(len(instances), UNLIMITED)
        unseated = np.isin(instances, state.unseated_instances())
        if need is None:
            after = self.expected.lost(instances, free, state.devices[instances])
        elif need.count == 1 or need.each == WHOLE:
            after = self._alone(need, group, instances, free, state.devices[instances])
        else:
            unseated[:] = True
        for n in np.flatnonzero(unseated).tolist():
            instance = int(instances[n])
            taken, starting = seats_in(state, instance, group)
            options = [left for left, _ in layouts(taken, needs_of(self.problem, starting))]
            found = self._lost_with(state, group, instance, options)
            after[n] = found.min(initial=UNLIMITED)
        grown: Ints = np.where(after < UNLIMITED, after - lost[instances], UNLIMITED)
        return grown

    def _alone(self, need: DeviceNeed, group: int, instances: Ints, free: Ints, left: Ints) -> Ints:
        """What is lost with one more task on one device, the best of all, or on whole ones; ``UNLIMITED`` where it cannot be."""
        takes = self.problem.demand[group] > 0
        fits = (left >= need.each) & (free[:, takes] >= 0).all(axis=1, keepdims=True)
        if need.each == WHOLE:
            here = fits & (fits.cumsum(axis=1) <= need.count)
            whole = here.sum(axis=1) == need.count
            laid: Ints = np.where(
                whole, self.expected.lost(instances, free, np.where(here, left - WHOLE, left)), UNLIMITED
            )
            return laid
        # Of devices with as much left the first one will do.
        twin = np.tril(left[:, :, None] == left[:, None, :], -1).any(axis=2)
        row, device = np.nonzero(fits & ~twin)
        tried = left[row]
        tried[np.arange(len(row)), device] -= need.each
        after = np.full(len(instances), UNLIMITED)
        np.minimum.at(after, row, self.expected.lost(instances[row], free[row], tried))
        return after

    def _lost_with(self, state: Placement, group: int, instance: int, options: Sequence[Free]) -> Ints:
        free = state.free[instance] - self.problem.demand[group]
        return _lost_on(self.expected, instance, free, options)


def _lost_on(expected: Expected, instance: int, free: Ints, options: Sequence[Free]) -> Ints:
    """``int64[N]``: what is lost on one instance with each of these amounts left on its devices."""
    if not options:
        return np.zeros(0, np.int64)
    left = np.array(options, np.int64)
    return expected.lost(np.full(len(options), instance), np.repeat(free[None], len(options), axis=0), left)


def least_lost(expected: Expected, state: Placement, instances: Ints) -> Ints:
    """``int64[N]``: what is lost on instances, the new tasks laid where it is least; without a layout, more than ever."""
    lost = expected.lost(instances, state.free[instances], state.devices[instances])
    unseated = set(state.unseated_instances())
    for n, instance in enumerate(instances.tolist()):
        if instance in unseated:
            options = [left for left, _ in layouts(*needs_in(state, instance))]
            most = _most_lost(expected, state.problem)
            lost[n] = _lost_on(expected, instance, state.free[instance], options).min(initial=most)
    return lost


def _most_lost(expected: Expected, problem: Problem) -> int:
    return 2 * int(expected.weight.sum()) * WHOLE * int(problem.cluster.devices.shape[1])


@dataclass(frozen=True, eq=False)
class Fragmentation(Cost):
    """What is lost on all instances."""

    position: int
    expected: Expected
    title: str = "thousandths of devices lost to tasks to be expected (two measures), summed over these"

    @property
    def name(self) -> str:
        return f"{self.position}/{TYPE}"

    def value(self, placement: Placement) -> int:
        return int(least_lost(self.expected, placement, np.arange(placement.size)).sum())

    def readings(self, problem: Problem) -> Iterable[Reading]:
        """What one task takes of resources and devices."""
        yield Reading(kinds_of(np.column_stack([problem.demand, need_kinds(problem)])))

    def compile(self, model: Model) -> Sum:
        touched = model.touched(range(len(model.problem.groups)))
        rest = np.setdiff1d(np.arange(model.problem.cluster.size), touched)
        unchanged = int(least_lost(self.expected, Placement(model.problem), rest).sum())
        return total(_Instance(model, self.expected, i).lost() for i in touched.tolist()) + unchanged

    def ceiling(self, problem: Problem) -> int:
        return _most_lost(self.expected, problem) * problem.cluster.size

    def bound(self, facts: Counting) -> int:
        """What is lost now where nothing can change."""
        problem = facts.problem
        changing = problem.operation.stoppable.per_instance() > 0
        for room in facts.room:
            changing |= room > 0
        return int(least_lost(self.expected, Placement(problem), np.flatnonzero(~changing)).sum())


class _Instance:
    """What is lost on one instance, said to the solver."""

    def __init__(self, model: Model, expected: Expected, instance: int) -> None:
        self._model, self._expected, self._instance = model, expected, instance
        problem = model.problem
        self._loads = [model.load_change(r, instance) for r in range(len(problem.cluster.resources))]
        self._free: Ints = problem.cluster.free[instance]
        self._left = seat(model, instance, self._best, self._loads)

    def lost(self) -> Sum:
        """All of it, kind by kind: where no task of the kind can use a device, and what is left beside as many as fit."""
        model, expected = self._model, self._expected
        enough: dict[int, list[Literal]] = {}
        shares: dict[int, Sum] = {}
        parts = [total(self._left) * int(expected.weight.sum())]
        for m in range(len(expected.weight)):
            each, weight = int(expected.each[m]), int(expected.weight[m])
            if each not in enough:
                enough[each] = [model.at_least(left, each) for left in self._left]
                shares[each] = total(self._at_most(left, each) for left in self._left)
            fits = self._fits(m, enough[each])
            for left, big in zip(self._left, enough[each], strict=True):
                useless = model.opposite(model.all_of([fits, big]))
                parts.append(model.where(useless, left) * weight)
            parts.append(self._number(m, shares[each]) * -(weight * int(expected.count[m]) * each))
        return total(parts)

    def _at_most(self, sum_: Sum, each: int) -> Sum:
        """``max(sum_, 0) // each``, exact where a larger number is better."""
        model = self._model
        low, high = model.range_of(sum_)
        if high < each:
            return Sum()
        (number,) = model.dealt([high // each], [sum_], lambda values: [max(values[0], 0) // each])
        enough = [] if low >= 0 else [model.at_least(sum_, 0)]
        model.at_most(number * each - sum_, 0, enough)
        for literal in enough:
            model.at_most(number, 0, [model.opposite(literal)])
        return number

    def _number(self, m: int, shares: Sum) -> Sum:
        """How many tasks of a kind would fit."""
        expected = self._expected
        if not expected.admits[m, self._instance]:
            return Sum()
        rooms = [self._at_most(shares, int(expected.count[m]))]
        for r in np.flatnonzero(expected.demand[m]).tolist():
            rooms.append(self._at_most(self._loads[r] * -1 + int(self._free[r]), int(expected.demand[m, r])))
        return self._model.smallest(rooms)

    def _fits(self, m: int, enough: Sequence[Literal]) -> Literal:
        model, expected = self._model, self._expected
        if not expected.admits[m, self._instance]:
            return model.constant(False)
        facts = [model.at_least(total(model.truth(big) for big in enough), int(expected.count[m]))]
        for r in np.flatnonzero(expected.demand[m]).tolist():
            room = self._loads[r] * -1 + int(self._free[r])
            facts.append(model.at_least(room, int(expected.demand[m, r])))
        return model.all_of(facts)

    def _best(self, free: Free, needs: tuple[DeviceNeed, ...], loads: tuple[int, ...]) -> Seats | None:
        """The layout with the least lost, where the operation adds so much to what is taken."""
        options = layouts(free, needs)
        if not options:
            return None
        left = [left for left, _ in options]
        lost = _lost_on(self._expected, self._instance, self._free - np.array(loads, np.int64), left)
        return options[int(lost.argmin())][1]


def costs(position: int, strategies: Sequence[LeastFragmentation]) -> tuple[Cost, ...]:
    """The tier of all ``leastFragmentation`` strategies at one position."""
    return (Fragmentation(position, strategies[0].expected),) if strategies else ()
