"""Tasks placed so that after any one of some losses every task still has a place: one at a time, with a fallback for each loss.

A plan is kept together with its *witness*: for each loss, tasks on the instances that are left, among them all that the plan
has there. A task starts only where it can start in the cluster and in every witness; in that of a loss which takes its instance
it starts elsewhere, where least is left.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from solver.domain.counts import Bools, Counts, Ints
from solver.domain.placement import Placement
from solver.domain.problem import Problem
from solver.engines.deadline import Deadline
from solver.engines.sequential import Scheduler
from solver.rules.bound import Rules


@dataclass(frozen=True, eq=False)
class Fallback:
    """One loss: the cluster without what it takes, on which the tasks of the whole cluster are to have a place.

    Parameters
    ----------
    rules
        Of the smaller cluster's problem, which has the same groups and wants every task that may need a place there.
    left
        ``int64[I]``: the index that each instance has there; -1 where it is lost.
    covered
        ``bool[G]``: groups of which every task must have a place; the tasks of others are lost with their instance.
    allowed
        Tasks of covered groups that may be without a place: as many as are before the operation (§8).
    """

    rules: Rules
    left: Ints
    covered: Bools
    allowed: int


class FallbackScheduler(Scheduler):
    """The scheduler that ECS documents, on the instances where a task can start without breaking survival.

    Parameters
    ----------
    witnesses
        Of the state before, one a fallback.
    """

    def __init__(
        self,
        rules: Rules,
        state: Placement,
        rng: np.random.Generator,
        deadline: Deadline | None,
        fallbacks: Sequence[Fallback],
        witnesses: Sequence[Counts],
    ) -> None:
        super().__init__(rules, state, rng, deadline)
        running = rules.problem.running
        self._after = [_After(one, running, witness) for one, witness in zip(fallbacks, witnesses, strict=True)]

    @property
    def witnesses(self) -> tuple[Counts, ...]:
        """Of the state as it is, one a fallback."""
        return tuple(one.state.tasks for one in self._after)

    def start(self, group: int, instances: Ints, counts: Ints) -> None:
        """Start tasks, here and after each loss."""
        super().start(group, instances, counts)
        self._follow(group, instances, counts)

    def take_back(self, point: int) -> None:
        """Undo everything after a point of the log, here and after each loss."""
        for group, instances, counts in reversed(self.log[point:]):
            self._follow(group, instances, -counts)
        super().take_back(point)

    def place(self, group: int, wanted: int) -> int:
        """Place up to ``wanted`` tasks of a group; how many were placed."""
        return self.place_one_by_one(group, wanted)

    def allowed(self, group: int, instances: Ints) -> Ints:
        """Those where the task also has a place after each loss."""
        for one in self._after:
            if len(instances):
                instances = instances[one.takes(group, instances)]
        return instances

    def begin(self, begun: Counts | None) -> Ints:
        """Start tasks on given instances, as many of them as have a place after each loss: ``int64[G]`` started."""
        problem = self.state.problem
        started = np.zeros(len(problem.groups), np.int64)
        if begun is None or problem.all_or_nothing:
            return started
        for g, i, count in begun:
            here = np.array([i])
            for _ in range(0 if problem.groups[g].all_or_nothing else count):
                if self.is_late() or self.rules.room(self.state, g)[i] <= 0 or not len(self.allowed(g, here)):
                    break
                self.start(g, here, np.ones(1, np.int64))
                started[g] += 1
        return started

    def _follow(self, group: int, instances: Ints, counts: Ints) -> None:
        for one in self._after:
            for i, count in zip(instances.tolist(), counts.tolist(), strict=True):
                one.start(group, i, count)


class _After:
    """The state after one loss: what the plan has on the instances that are left, and beside it the fallbacks of lost tasks."""

    def __init__(self, fallback: Fallback, running: Counts, witness: Counts) -> None:
        self._fallback = fallback
        self._rules = fallback.rules
        self._left: list[int] = fallback.left.tolist()
        self._covered: list[bool] = fallback.covered.tolist()
        self.state = Placement(fallback.rules.problem, witness)
        self._moved: dict[int, list[int]] = {}
        self._missing: dict[int, int] = {}
        for g, j, count in witness - kept(running, fallback.left):
            self._moved.setdefault(g, []).extend([j] * count)
        for g, i, count in running:
            if self._left[i] < 0 and self._covered[g]:
                self._missing[g] = self._missing.get(g, 0) + count
        for g, places in self._moved.items():
            self._missing[g] = self._missing.get(g, 0) - len(places)

    def takes(self, group: int, instances: Ints) -> Bools:
        """``bool[N]``: whether a task that starts on each of the instances has a place after the loss."""
        room = self._rules.room(self.state, group)
        place = self._fallback.left[instances]
        elsewhere = not self._covered[group] or bool((room > 0).any())
        found: Bools = np.where(place < 0, elsewhere, room[place] > 0)
        return found

    def start(self, group: int, instance: int, count: int) -> None:
        """Follow what happens on an instance of the whole cluster: ``count`` tasks start, or below zero stop."""
        place = self._left[instance]
        if place >= 0:
            self._change(group, place, count)
        elif self._covered[group]:
            for _ in range(count):
                self._fall_back(group)
            for _ in range(-count):
                self._forget(group)

    def _fall_back(self, group: int) -> None:
        room = self._rules.room(self.state, group)
        places = np.flatnonzero(room > 0)
        if not len(places):
            self._missing[group] = self._missing.get(group, 0) + 1
            return
        capacity = np.maximum(self._rules.problem.cluster.capacity[places], 1)
        share = (np.maximum(self.state.free[places], 0) / capacity).sum(axis=1)
        place = int(places[np.argmin(share)])
        self._change(group, place, 1)
        self._moved.setdefault(group, []).append(place)

    def _forget(self, group: int) -> None:
        if self._missing.get(group, 0) > 0 or not self._moved.get(group):
            self._missing[group] = self._missing.get(group, 0) - 1
            return
        self._change(group, self._moved[group].pop(), -1)

    def _change(self, group: int, place: int, count: int) -> None:
        self.state.start(group, np.array([place]), np.array([count], np.int64))


def least_unplaced(problem: Problem, groups: Sequence[int], fallbacks: Sequence[Fallback]) -> int:
    """Tasks wanted of these groups that no plan places that survives, by counting what is left of each resource after each loss.

    New tasks, and those that the loss takes, are all on the instances that are left: what is free there bounds them. Where tasks
    may stop nothing is counted.
    """
    if problem.operation.changes:
        return 0
    found = 0
    for one in fallbacks:
        after = one.rules.problem
        free = np.maximum(after.cluster.free, 0)[after.open_to_change].sum(axis=0)
        lost = np.where(one.covered, problem.running.totals() - kept(problem.running, one.left).totals(), 0)
        # As many as may be without a place may be the largest.
        spare = one.allowed * problem.demand[one.covered].max(axis=0, initial=0)
        new = [g for g in groups if one.covered[g]]
        for r, room in enumerate((free - lost @ problem.demand + spare).tolist()):
            found = max(found, _left_out(problem, new, r, room))
    return found


def least_missing(asked: Problem) -> int:
    """Tasks that are asked for and that no plan places, by counting what is free of each resource: nothing stops or moves."""
    free = np.maximum(asked.cluster.free, 0)[asked.open_to_change].sum(axis=0)
    groups = np.flatnonzero(asked.wanted).tolist()
    return max((_left_out(asked, groups, r, room) for r, room in enumerate(free.tolist())), default=0)


def _left_out(problem: Problem, groups: Sequence[int], r: int, room: int) -> int:
    """How few tasks of the groups must be left out, the largest first, for the others to take no more of a resource."""
    over = int(sum(problem.wanted[g] * problem.demand[g, r] for g in groups)) - room
    count = 0
    for g in sorted(groups, key=lambda g: -int(problem.demand[g, r])):
        need, wanted = int(problem.demand[g, r]), int(problem.wanted[g])
        if over <= 0 or not need:
            break
        some = min(wanted, -(-over // need))
        count, over = count + some, over - some * need
    return count


def kept(tasks: Counts, left: Ints) -> Counts:
    """What a plan has on the instances that a loss leaves, by their index there.

    Parameters
    ----------
    left
        ``int64[I]``: -1 where an instance is lost.
    """
    place = left[tasks.instance]
    here = place >= 0
    shape = (tasks.groups, int((left >= 0).sum()))
    return Counts.of(shape, tasks.group[here], place[here], tasks.count[here])
