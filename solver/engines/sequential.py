"""The scheduler that ECS documents: one task at a time, constraints, then strategies in order (§6.5).

It is what users have today: the reference, the first answer and the hint. Each task goes to the instance that the
strategies prefer in the state that the tasks before it left; ties go by instance identity, for ``random`` by a seeded
draw (§4.5). Groups are placed whole where that gives the same result as one task at a time
(``solver.engines.allotment``); where a rule looks at more than the instance itself, one task at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from solver.domain.counts import Counts, Ints
from solver.domain.placement import Placement
from solver.domain.problem import Problem
from solver.engines.allotment import Allotment
from solver.engines.deadline import Deadline
from solver.engines.rooms import Rooms
from solver.rules.base import Constraint, Strategy
from solver.rules.bound import Rules, room_of
from solver.rules.filling import fill_in_order
from solver.rules.max_skew import MaxSkew
from solver.rules.random import Random
from solver.rules.spread import Spread
from solver.verify import check


def place(
    rules: Rules,
    seed: int,
    deadline: Deadline | None = None,
    order: Sequence[int] | None = None,
    begun: Counts | None = None,
    made: SchedulerMade | None = None,
) -> Counts:
    """Counts after stopping what is to stop and placing what is wanted, as the ECS scheduler would (§6.5).

    First the stops that were asked for, by ECS's rule task by task; then class by class, in the order of the request or in
    another ``order``, what leaves drained instances and what is new. Nothing else moves, and nothing is pre-empted.
    Incomplete gangs are taken back. When the deadline passes, what is placed so far is the answer.

    Parameters
    ----------
    begun
        Starts that are made first, as far as there is room for them where they are; not those of gangs.
    made
        Makes a scheduler that looks at more than the rules; left out, one that does not.
    """
    problem = rules.problem
    state = Placement(problem)
    scheduler = (made or Scheduler)(rules, state, np.random.default_rng(seed), deadline)
    if problem.operation.changes:
        scheduler.stop_asked()
    point = scheduler.placed
    already = scheduler.begin(begun)
    turn = {g: k for k, g in enumerate(range(len(problem.groups)) if order is None else order)}
    for g in (g for _, groups in problem.classes() for g in sorted(groups, key=turn.__getitem__)):
        if scheduler.is_late():
            break
        scheduler.replace(g)
        before = scheduler.placed
        started = int(already[g])
        started += scheduler.place(g, int(problem.wanted[g]) - started)
        if problem.groups[g].all_or_nothing and started < problem.wanted[g]:
            scheduler.take_back(before)
    everybody = range(len(problem.groups))
    if problem.all_or_nothing and state.net(everybody) < problem.most_wanted(everybody):
        scheduler.take_back(point)
    if problem.operation.changes and check(problem, state.tasks, rules):
        # A stop may have made a rule of the same family unkeepable for what starts: then nothing starts.
        scheduler.take_back(point)
    scheduler.leave()
    return state.tasks


class Scheduler:
    """A state that tasks are started in, and the log by which they are taken back."""

    def __init__(self, rules: Rules, state: Placement, rng: np.random.Generator, deadline: Deadline | None) -> None:
        self.rules = rules
        self.state = state
        self.rng = rng
        self.deadline = deadline
        self.rank = identity_rank(state.problem)
        self.rooms = Rooms(rules, state)
        self._moved: dict[int, int] = {}
        self.log: list[tuple[int, Ints, Ints]] = []

    def is_late(self) -> bool:
        """Whether the deadline has passed."""
        return self.deadline is not None and self.deadline.passed()

    @property
    def placed(self) -> int:
        """How many entries the log has: a point to go back to."""
        return len(self.log)

    def start(self, group: int, instances: Ints, counts: Ints) -> None:
        """Start tasks and remember it."""
        self.state.start(group, instances, counts)
        self.log.append((group, instances, counts))

    def take_back(self, point: int) -> None:
        """Undo everything after a point of the log."""
        for group, instances, counts in reversed(self.log[point:]):
            self.state.start(group, instances, -counts)
        del self.log[point:]

    def stop_asked(self) -> None:
        """The stops that were asked for: one task at a time where the strategies want one fewer (ECS, termination)."""
        operation = self.state.problem.operation
        for g in np.flatnonzero(operation.asked).tolist():
            left = operation.stoppable.row(g)
            # What leaves a drained instance anyway goes first.
            first = fill_in_order(operation.leaving.row(g), int(operation.asked[g]))
            self._stop(g, first)
            left -= first
            for done in range(int(first.sum()), int(operation.asked[g])):
                if self.is_late():
                    self._stop(g, fill_in_order(left, int(operation.asked[g]) - done))
                    break
                chosen = self._relieved(g, np.flatnonzero(left > 0))
                self.start(g, np.array([chosen]), -np.ones(1, np.int64))
                left[chosen] -= 1

    def replace(self, group: int) -> None:
        """What leaves drained instances: stop and place one by one, within the budgets."""
        for i in self._leaving(group):
            if self.is_late():
                return
            self.start(group, np.array([i]), -np.ones(1, np.int64))
            if self._may_move(group):
                self._moved[group] = self._moved.get(group, 0) + self.place(group, 1)

    def leave(self) -> None:
        """What has not left drained instances yet does, wherever it ends."""
        for g in np.unique(self.state.problem.operation.leaving.group).tolist():
            rest = np.bincount(self._leaving(g), minlength=self.state.size)
            self._stop(g, rest.astype(np.int64))

    def _leaving(self, group: int) -> list[int]:
        """The instances of the tasks that are to leave and have not yet, one entry a task."""
        problem = self.state.problem
        instances, leaving = problem.operation.leaving.cells_of(group)
        if not len(instances):
            return []
        stopped = np.maximum(-self.state.change(group)[instances], 0)
        return np.repeat(instances, np.maximum(leaving - stopped, 0)).tolist()

    def _may_move(self, group: int) -> bool:
        """Whether the budgets allow one more move of the group."""
        problem, freedom = self.state.problem, self.state.problem.freedom
        most = problem.groups[group].max_moves
        cost = sum(problem.groups[g].move_cost * count for g, count in self._moved.items())
        return (
            (most is None or self._moved.get(group, 0) < most)
            and (freedom.max_moves is None or sum(self._moved.values()) < freedom.max_moves)
            and (freedom.max_move_cost is None or cost + problem.groups[group].move_cost <= freedom.max_move_cost)
        )

    def _stop(self, group: int, counts: Ints) -> None:
        instances = np.flatnonzero(counts)
        if len(instances):
            self.start(group, instances, -counts[instances])

    def _relieved(self, group: int, instances: Ints) -> int:
        """The instance that loses a task of the group: the one that the strategies would fill last."""
        for strategy in self.rules.strategies[group]:
            if isinstance(strategy, Random):
                return int(self.rng.choice(instances))
            keys = strategy.preference(self.state, group)[instances]
            instances = instances[keys == keys.max()]
        return int(instances[np.argmin(self.rank[instances])])

    def begin(self, begun: Counts | None) -> Ints:
        """Start tasks on given instances, as many as there is room for on each by itself: ``int64[G]`` started."""
        problem = self.state.problem
        started = np.zeros(len(problem.groups), np.int64)
        if begun is None or problem.all_or_nothing:
            return started
        for g in np.unique(begun.group).tolist():
            if problem.groups[g].all_or_nothing or self.is_late():
                continue
            instances, counts = begun.cells_of(g)
            steady, _ = self._sorted(g)
            counts = np.minimum(counts, self.rooms.of(g, steady)[instances])
            here = counts > 0
            self.start(g, instances[here], counts[here])
            started[g] = counts[here].sum()
        return started

    def place(self, group: int, wanted: int) -> int:
        """Place up to ``wanted`` tasks of a group; how many were placed."""
        if wanted <= 0:
            return 0
        chain = self.rules.strategies[group]
        problem = self.state.problem
        steady, stepwise = self._sorted(group)
        if all(_evened_out_by(rule, chain, problem, group) for rule in stepwise):
            room = self.rooms.of(group, steady)
            skew = min((rule.k for rule in stepwise if isinstance(rule, MaxSkew)), default=None)
            allotment = Allotment(self.state, self.rank, self.rng, group, chain, room, wanted)
            if allotment.is_exact():
                instances, started = allotment.allot(skew)
                if len(instances):
                    self.start(group, instances, started)
                return int(started.sum())
        return self._place_stepwise(group, wanted, chain, steady, stepwise)

    def _sorted(self, group: int) -> tuple[list[Constraint], list[Constraint]]:
        """The rules that concern a group: those whose room a start changes only there and by one, and the others."""
        sorted_: tuple[list[Constraint], list[Constraint]] = ([], [])
        for rule in self.rules.concerning(group):
            sorted_[rule.stepwise(self.state.problem, group)].append(rule)
        return sorted_

    def place_one_by_one(self, group: int, wanted: int) -> int:
        """Place up to ``wanted`` tasks of a group, looking at everything before each; how many were placed."""
        return self._place_stepwise(group, wanted, self.rules.strategies[group], *self._sorted(group))

    def _place_stepwise(
        self,
        group: int,
        wanted: int,
        chain: Sequence[Strategy],
        steady: Sequence[Constraint],
        stepwise: Sequence[Constraint],
    ) -> int:
        state = self.state
        room = room_of(steady, state, group)
        one = np.ones(1, np.int64)
        for done in range(wanted):
            if self.is_late():
                return done
            eligible = np.flatnonzero(room > 0)
            for rule in stepwise:
                eligible = eligible[rule.room(state, group)[eligible] > 0]
            eligible = self.allowed(group, eligible)
            if not len(eligible):
                return done
            chosen = self._preferred(group, eligible, chain)
            self.start(group, np.array([chosen]), one)
            room[chosen] -= 1
        return wanted

    def allowed(self, group: int, instances: Ints) -> Ints:
        """Those of the instances where the next task of the group may start as far as anything but the rules says."""
        return instances

    def _preferred(self, group: int, eligible: Ints, chain: Sequence[Strategy]) -> int:
        for strategy in chain:
            if isinstance(strategy, Random):
                return int(self.rng.choice(eligible))
            keys = strategy.preference(self.state, group)[eligible]
            eligible = eligible[keys == keys.min()]
        return int(eligible[np.argmin(self.rank[eligible])])


SchedulerMade = Callable[[Rules, Placement, np.random.Generator, Deadline | None], Scheduler]
"""Makes a scheduler for a state that tasks are yet to be started in."""


def identity_rank(problem: Problem) -> Ints:
    """``int64[I]``: the place of each instance in the order of identities."""
    rank = np.empty(problem.cluster.size, np.int64)
    order = sorted(range(problem.cluster.size), key=problem.cluster.instance_ids.__getitem__)
    rank[np.array(order, np.int64)] = np.arange(problem.cluster.size)
    return rank


def _evened_out_by(rule: Constraint, chain: Sequence[Strategy], problem: Problem, group: int) -> bool:
    """Whether the rule is the group's own ``maxSkew`` on just the buckets that its first strategy fills evenly.

    Filling the lowest bucket first keeps every bucket within k of the smallest until a bucket is full; from then on no
    bucket may rise more than k above that one. So the rule is a cap known beforehand.
    """
    if not isinstance(rule, MaxSkew) or rule.owner != group or rule.has_few or not chain:
        return False
    first = chain[0]
    if not isinstance(first, Spread) or first.field != rule.field:
        return False
    return first.buckets is rule.buckets or np.array_equal(first.buckets.of, rule.buckets.of)
