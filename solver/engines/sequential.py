"""The scheduler that ECS documents: one task at a time, constraints, then strategies in order (§6.5).

It is what users have today: the reference, the first answer and the hint. Each task goes to the instance that the
strategies prefer in the state that the tasks before it left; ties go by instance identity, for ``random`` by a seeded
draw (§4.5). Groups are placed whole where that gives the same result as one task at a time (``_Allotment``); where a rule
looks at more than the instance itself, one task at a time (``_place_stepwise``).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from solver.domain.counts import Counts, Ints
from solver.domain.placement import Placement
from solver.domain.problem import Problem
from solver.engines.deadline import Deadline
from solver.rules.base import Constraint, Strategy
from solver.rules.bind import Rules, room_of
from solver.rules.binpack import Binpack
from solver.rules.filling import fill_evenly, fill_in_order, tied_at_the_end
from solver.rules.max_skew import MaxSkew
from solver.rules.random import Random
from solver.rules.spread import LAST, Spread
from solver.verify import check


def place(rules: Rules, seed: int, deadline: Deadline | None = None, order: Sequence[int] | None = None) -> Counts:
    """Counts after stopping what is to stop and placing what is wanted, as the ECS scheduler would (§6.5).

    First the stops that were asked for, by ECS's rule task by task; then class by class, in the order of the request or in
    another ``order``, what leaves drained instances and what is new. Nothing else moves, and nothing is pre-empted.
    Incomplete gangs are taken back. When the deadline passes, what is placed so far is the answer.
    """
    problem = rules.problem
    state = Placement(problem)
    scheduler = _Scheduler(rules, state, np.random.default_rng(seed), deadline)
    if problem.operation.changes:
        scheduler.stop_asked()
    point = scheduler.placed
    turn = {g: k for k, g in enumerate(range(len(problem.groups)) if order is None else order)}
    for g in (g for _, groups in problem.classes() for g in sorted(groups, key=turn.__getitem__)):
        if scheduler.is_late():
            break
        scheduler.replace(g)
        before = scheduler.placed
        started = scheduler.place(g, int(problem.wanted[g]))
        if problem.groups[g].all_or_nothing and started < problem.wanted[g]:
            scheduler.take_back(before)
    if problem.all_or_nothing and state.net(range(len(problem.groups))) < problem.most_wanted(
        range(len(problem.groups))
    ):
        scheduler.take_back(point)
    if problem.operation.changes and check(problem, state.tasks, rules):
        # A stop may have made a rule of the same family unkeepable for what starts: then nothing starts.
        scheduler.take_back(point)
    scheduler.leave()
    return state.tasks


class _Scheduler:
    """A state that tasks are started in, and the log by which they are taken back."""

    def __init__(self, rules: Rules, state: Placement, rng: np.random.Generator, deadline: Deadline | None) -> None:
        self.rules = rules
        self.state = state
        self.rng = rng
        self.deadline = deadline
        self.rank = _identity_rank(state.problem)
        self._moved: dict[int, int] = {}
        self._log: list[tuple[int, Ints, Ints]] = []

    def is_late(self) -> bool:
        """Whether the deadline has passed."""
        return self.deadline is not None and self.deadline.passed()

    @property
    def placed(self) -> int:
        """How many entries the log has: a point to go back to."""
        return len(self._log)

    def start(self, group: int, instances: Ints, counts: Ints) -> None:
        """Start tasks and remember it."""
        self.state.start(group, instances, counts)
        self._log.append((group, instances, counts))

    def take_back(self, point: int) -> None:
        """Undo everything after a point of the log."""
        for group, instances, counts in reversed(self._log[point:]):
            self.state.start(group, instances, -counts)
        del self._log[point:]

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
        stopped = np.maximum(-self.state.change(group), 0)
        left = np.maximum(problem.operation.leaving.row(group) - stopped, 0)
        return np.repeat(np.arange(self.state.size), left).tolist()

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

    def place(self, group: int, wanted: int) -> int:
        """Place up to ``wanted`` tasks of a group; how many were placed."""
        chain = self.rules.strategies[group]
        problem = self.state.problem
        steady, stepwise = self._sorted(group)
        if all(_evened_out_by(rule, chain, problem, group) for rule in stepwise):
            room = np.minimum(room_of(steady, self.state, group), wanted)
            skew = min((rule.k for rule in stepwise if isinstance(rule, MaxSkew)), default=None)
            allotment = _Allotment(self, group, chain, room)
            if allotment.is_exact():
                started = allotment.allot(wanted, skew)
                instances = np.flatnonzero(started)
                if len(instances):
                    self.start(group, instances, started[instances])
                return int(started.sum())
        return self._place_stepwise(group, wanted, chain, steady, stepwise)

    def _sorted(self, group: int) -> tuple[list[Constraint], list[Constraint]]:
        """The rules that concern a group: those whose room a start changes only there and by one, and the others."""
        sorted_: tuple[list[Constraint], list[Constraint]] = ([], [])
        for rule in self.rules.concerning(group):
            sorted_[rule.stepwise(self.state.problem, group)].append(rule)
        return sorted_

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
            if not len(eligible):
                return done
            chosen = self._preferred(group, eligible, chain)
            self.start(group, np.array([chosen]), one)
            room[chosen] -= 1
        return wanted

    def _preferred(self, group: int, eligible: Ints, chain: Sequence[Strategy]) -> int:
        for strategy in chain:
            if isinstance(strategy, Random):
                return int(self.rng.choice(eligible))
            keys = strategy.preference(self.state, group)[eligible]
            eligible = eligible[keys == keys.min()]
        return int(eligible[np.argmin(self.rank[eligible])])


def _identity_rank(problem: Problem) -> Ints:
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
    if not isinstance(rule, MaxSkew) or rule.owner != group or not chain:
        return False
    first = chain[0]
    return (
        isinstance(first, Spread)
        and first.field == rule.field
        and np.array_equal(first.buckets.of, rule.buckets(problem).of)
    )


class _Allotment:
    """All tasks of a group at once, with the result that one at a time would have.

    A chain is walked level by level. ``spread`` fills its buckets evenly, and which of the tied buckets get the last few
    is decided by the levels below; ``binpack`` fills instances in the order of what is left; below the last level,
    instances are filled by identity. That is exact where the buckets of each ``spread`` lie inside those of the one before.
    """

    def __init__(self, scheduler: _Scheduler, group: int, chain: Sequence[Strategy], room: Ints) -> None:
        self.state = scheduler.state
        self.problem = scheduler.state.problem
        self.rank = scheduler.rank
        self.rng = scheduler.rng
        self.group = group
        self.chain = _until_random(chain)
        self.room = room
        self.started = np.zeros_like(room)
        self._buckets: dict[int, tuple[Ints, Ints]] = {}
        for level, strategy in enumerate(self.chain):
            if isinstance(strategy, Spread):
                buckets = strategy.buckets
                of = np.where(buckets.inside, buckets.of, len(buckets))
                counts = np.append(buckets.count(self.state.family(strategy.family)), LAST)
                self._buckets[level] = (of, counts)

    def is_exact(self) -> bool:
        """Whether the chain is one that can be walked level by level."""
        eligible = np.flatnonzero(self.room > 0)
        outer = np.zeros(len(eligible), np.int64)
        packed = False
        for level, strategy in enumerate(self.chain):
            if isinstance(strategy, Binpack):
                index = self.problem.cluster.resources.index(strategy.resource)
                if self.problem.demand[self.group, index] == 0:
                    return False
                packed = True
            elif isinstance(strategy, Spread):
                of, _ = self._buckets[level]
                inner = of[eligible]
                if packed and np.bincount(inner).max(initial=0) > 1:
                    return False
                holder = np.zeros(int(inner.max(initial=0)) + 1, np.int64)
                holder[inner] = outer
                if (holder[inner] != outer).any():
                    return False
                outer = inner
        return True

    def allot(self, wanted: int, skew: int | None) -> Ints:
        """``int64[I]``: tasks started on each instance."""
        self._fill(np.flatnonzero(self.room > 0), wanted, 0, skew)
        return self.started

    def _fill(self, instances: Ints, amount: int, level: int, skew: int | None = None) -> None:
        if amount <= 0 or not len(instances):
            return
        if level == len(self.chain):
            self._in_order(instances[np.argsort(self.rank[instances])], amount)
        elif isinstance(self.chain[level], Spread):
            self._evenly(instances, amount, level, skew)
        elif isinstance(self.chain[level], Binpack):
            self._in_order(instances[self._order(instances, level)], amount)
        else:
            self._at_random(instances, amount)

    def _in_order(self, ordered: Ints, amount: int) -> None:
        """Fill one instance after the other."""
        self.started[ordered] += fill_in_order(self.room[ordered] - self.started[ordered], amount)

    def _at_random(self, instances: Ints, amount: int) -> None:
        """Each task uniformly among the instances with room: draws that meet a full one are drawn again."""
        while amount > 0:
            room = self.room[instances] - self.started[instances]
            instances, room = instances[room > 0], room[room > 0]
            if not len(instances):
                return
            drawn = np.bincount(self.rng.integers(len(instances), size=amount), minlength=len(instances))
            accepted = np.minimum(drawn, room)
            self.started[instances] += accepted
            amount -= int(accepted.sum())

    def _evenly(self, instances: Ints, amount: int, level: int, skew: int | None) -> None:
        of, all_counts = self._buckets[level]
        here = of[instances]
        position = np.full(len(all_counts), -1, np.int64)
        position[here] = 0
        buckets = np.flatnonzero(position == 0)
        position[buckets] = np.arange(len(buckets))
        place = position[here]
        counts = all_counts[buckets] + self._started_in(level, buckets)
        room = np.zeros(len(buckets), np.int64)
        np.add.at(room, place, self.room[instances] - self.started[instances])
        if skew is not None:
            room = np.minimum(room, np.maximum(self._cap(all_counts[:-1], buckets, room) + skew - counts, 0))
        added = fill_evenly(counts, room, amount)
        tied = np.flatnonzero(tied_at_the_end(counts, room, added))
        alone = len(buckets) == len(instances)
        if len(tied) > 1:
            # Whole levels first; who of the tied gets one more is decided by what the levels below leave.
            last = int((counts + added)[tied].max())
            extra = tied[(counts + added)[tied] == last]
            added[extra] -= 1
            self._distribute(instances, place, added, level, alone)
            chosen = self._next_of(instances, place, tied, level, len(extra))
            added = np.zeros_like(added)
            added[chosen] = 1
        self._distribute(instances, place, added, level, alone)

    def _started_in(self, level: int, buckets: Ints) -> Ints:
        """Nothing yet at the levels above; below, what this group started in the bucket before."""
        of, counts = self._buckets[level]
        started = np.zeros(len(counts), np.int64)
        here = np.flatnonzero(self.started)
        np.add.at(started, of[here], self.started[here])
        return started[buckets]

    def _cap(self, counts: Ints, buckets: Ints, room: Ints) -> int:
        """The lowest level at which a bucket of the rule is full: none may end more than the skew above it."""
        full = counts.copy()
        full[buckets[buckets < len(counts)]] += room[buckets < len(counts)]
        return int(full.min()) if len(full) else 0

    def _distribute(self, instances: Ints, place: Ints, added: Ints, level: int, alone: bool) -> None:
        if alone:
            self.started[instances] += added[place]
            return
        order = np.argsort(place, kind="stable")
        edges = np.searchsorted(place[order], np.arange(len(added) + 1))
        for b in np.flatnonzero(added).tolist():
            members = instances[order[edges[b] : edges[b + 1]]]
            self._fill(members[self.room[members] > self.started[members]], int(added[b]), level + 1)

    def _next_of(self, instances: Ints, place: Ints, tied: Ints, level: int, amount: int) -> Ints:
        """Which ``amount`` of the tied buckets come next: those whose best instance the levels below prefer."""
        with_room = np.isin(place, tied) & (self.room[instances] > self.started[instances])
        candidates, bucket = instances[with_room], place[with_room]
        order = self._order(candidates, level + 1)
        _, first = np.unique(bucket[order], return_index=True)
        return bucket[order][np.sort(first)[:amount]]

    def _order(self, instances: Ints, level: int) -> Ints:
        """The order of preference of instances by the chain from a level on, as it stands now."""
        keys: list[Ints] = []
        for depth in range(level, len(self.chain)):
            strategy = self.chain[depth]
            if isinstance(strategy, Spread):
                of, counts = self._buckets[depth]
                keys.append(counts[of[instances]] + self._started_in(depth, of[instances]))
            elif isinstance(strategy, Binpack):
                index = self.problem.cluster.resources.index(strategy.resource)
                left = self.state.free[:, index] - self.started * self.problem.demand[self.group, index]
                keys.append(strategy.order(self.state, left)[instances])
            else:
                keys.append(self.rng.permutation(len(instances)))
        keys.append(self.rank[instances])
        return np.lexsort(keys[::-1])


def _until_random(chain: Sequence[Strategy]) -> tuple[Strategy, ...]:
    """``random`` decides everything: what follows it never matters."""
    kept: list[Strategy] = []
    for strategy in chain:
        kept.append(strategy)
        if isinstance(strategy, Random):
            break
    return tuple(kept)
