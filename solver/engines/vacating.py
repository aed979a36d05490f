"""Fewer instances in use with few moves: one after the other is emptied onto the others, those first that take least.

For requests whose moves have a budget, where a search of a few instances at a time cannot give the moves of one part of the
cluster to another. It finds plans and proves nothing; a plan that breaks a rule is stopped by the checker like any other.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from solver.domain.counts import Bools, Counts, Ints
from solver.domain.placement import Placement
from solver.domain.request import Limits, Scheduling
from solver.engines import sequential
from solver.engines.deadline import Deadline
from solver.engines.evening import evened
from solver.engines.incumbent import Incumbent
from solver.engines.refilling import fullest_first
from solver.rules.base import UNLIMITED, Cost
from solver.rules.binpack import InUse
from solver.rules.bound import Rules
from solver.rules.emptying import ToEmpty
from solver.rules.largest_skew import LargestSkew
from solver.rules.running_cost import RunningCost
from solver.rules.spread import Evenness
from solver.verify import check

Floats = NDArray[np.float64]

TIME_SHARE = 0.25
"""Of what is left."""

MOST_PASSES, STALLED = 60, 12
"""Passes over the instances, each in another order; and how many without a better plan are the last."""

PASSES_A_SECOND = 20
"""Under a deterministic limit, of its seconds: the clock must not decide then."""

NOISE = 0.6
"""An instance seems to take so much more or less than it does, at random."""


def improve(incumbent: Incumbent, limits: Limits, deadline: Deadline) -> None:
    """Improve the first tier of the incumbent that counts instances in use, where moves have a budget."""
    rules, problem = incumbent.rules, incumbent.rules.problem
    tier = next((t for t, cost in enumerate(rules.tiers) if isinstance(cost, InUse | RunningCost | ToEmpty)), None)
    if tier is None or not problem.operation.changes or incumbent.bound(tier).value >= incumbent.values[tier]:
        return
    if problem.freedom.max_moves is None and problem.freedom.max_move_cost is None:
        return
    until = deadline if limits.deterministic_limit is not None else deadline.part(TIME_SHARE)
    base = sequential.place(rules, limits.seed, until)
    for cost in rules.tiers[:tier]:
        if isinstance(cost, LargestSkew) and cost.value(Placement(problem, base)):
            base = evened(rules, base, cost, until)
            incumbent.offer(base, of_all_rules=False)
    part = _parts(rules)
    draw = np.random.default_rng(limits.seed)
    worth, failures, careful = _worth(rules.tiers[tier], problem.cluster.size), 0, False
    budget = limits.deterministic_limit
    passes = MOST_PASSES if budget is None else max(min(int(PASSES_A_SECOND * budget), MOST_PASSES), 1)
    for number in range(passes):
        if until.passed() or failures > STALLED or incumbent.bound(tier).value >= incumbent.values[tier]:
            return
        noise = draw.uniform(1 - NOISE, 1 + NOISE, problem.cluster.size) if number else np.ones(problem.cluster.size)
        found = _Pass(rules, base, worth, noise, part if number % 2 == 0 else None, careful).run(until)
        better = incumbent.offer(found, of_all_rules=False)
        failures = 0 if better else failures + 1
        # Where a stop breaks a rule of others, each instance is looked at by itself from now on.
        careful |= not better and bool(check(problem, found, rules))


def _worth(cost: Cost, size: int) -> Ints:
    """``int64[I]``: what it gains to empty an instance."""
    return cost.price if isinstance(cost, RunningCost) else np.ones(size, np.int64)


def _parts(rules: Rules) -> Ints | None:
    """``int64[I]``: the bucket of each instance that the first cost which looks at buckets counts in; None without one."""
    for cost in rules.tiers:
        if isinstance(cost, LargestSkew):
            return rules.problem.cluster.column(cost.field).codes.astype(np.int64)
        if isinstance(cost, Evenness):
            return cost.spreads[0].buckets.or_last
    return None


class _Pass:
    """One pass over the instances in use.

    Parameters
    ----------
    base
        What the sequential scheduler does: counts.
    noise
        ``float64[I]``: by which what each instance takes is multiplied, for the order.
    part
        ``int64[I]``: tasks stay in the part of the cluster that they are in; None where they may leave it.
    careful
        Whether the checker is asked after each instance.
    """

    def __init__(
        self, rules: Rules, base: Counts, worth: Ints, noise: Floats, part: Ints | None, careful: bool
    ) -> None:
        self._rules, self._problem, self._worth, self._noise, self._part = rules, rules.problem, worth, noise, part
        self._careful = careful
        self._state = Placement(self._problem, base)
        groups = self._problem.groups
        whole = np.maximum(self._problem.cluster.capacity.sum(axis=0), 1)
        self._share: Floats = (self._problem.demand / whole).max(axis=1, initial=0.0)
        self._price = np.array([group.move_cost for group in groups], np.int64)
        most = (UNLIMITED if group.max_moves is None else group.max_moves for group in groups)
        self._most = np.fromiter(most, np.int64, len(groups))
        self._moved = np.array([self._state.moved(g) for g in range(len(groups))], np.int64)
        self._open: Bools = self._problem.in_use(base)
        self._took = np.zeros(self._state.size, np.bool_)
        self._cells = self._cells_of(base)

    def run(self, deadline: Deadline) -> Counts:
        """Counts after emptying what the budgets allow."""
        for i in self._order():
            if deadline.passed():
                break
            if not self._took[i] and self._affordable(i):
                self._empty(i)
        return self._state.tasks

    def _cells_of(self, base: Counts) -> dict[int, list[tuple[int, int]]]:
        """Groups and counts on each instance that could be emptied: all that is there may move, and was there before."""
        problem, operation = self._problem, self._problem.operation
        kept = np.array([group.scheduling is not Scheduling.DAEMON for group in problem.groups], np.bool_)
        stays = problem.holds_unlisted.copy()
        for counts in (operation.fixed, (base - problem.running).positive(), operation.leaving):
            stays[counts.instance[kept[counts.group]]] = True
        here = kept[base.group] & operation.moving[base.group]
        stays[base.instance[kept[base.group] & ~here]] = True
        found: dict[int, list[tuple[int, int]]] = {}
        for g, i, count in zip(
            base.group[here].tolist(), base.instance[here].tolist(), base.count[here].tolist(), strict=True
        ):
            if not stays[i]:
                found.setdefault(i, []).append((g, count))
        return found

    def _order(self) -> Iterator[int]:
        """The instances that take least for what they are worth first."""
        freedom = self._problem.freedom
        weight = {}
        for i, cells in self._cells.items():
            tasks, cost = sum(count for _, count in cells), sum(count * int(self._price[g]) for g, count in cells)
            parts = [(tasks, freedom.max_moves), (cost, freedom.max_move_cost)]
            share = max(amount / max(most, 1) for amount, most in parts if most is not None)
            if self._worth[i]:
                weight[i] = share * float(self._noise[i]) / int(self._worth[i])
        yield from sorted(weight, key=lambda i: (weight[i], i))

    def _affordable(self, instance: int) -> bool:
        """Whether the budgets allow all moves that it takes."""
        more = np.zeros_like(self._moved)
        for g, count in self._cells[instance]:
            more[g] += count
        after = self._moved + more
        freedom = self._problem.freedom
        return (
            not (after > self._most)[more > 0].any()
            and (freedom.max_moves is None or int(after.sum()) <= freedom.max_moves)
            and (freedom.max_move_cost is None or int(after @ self._price) <= freedom.max_move_cost)
        )

    def _empty(self, instance: int) -> None:
        """Move everything on the instance to others in use; as it was where that does not go."""
        log: list[tuple[int, int, int]] = []
        self._open[instance] = False
        whole = True
        for g, count in sorted(self._cells[instance], key=lambda cell: (-self._share[cell[0]], cell[0])):
            whole = self._move(g, instance, count, log)
            if not whole:
                break
        if whole and not (self._careful and check(self._problem, self._state.tasks, self._rules)):
            for g, i, count in log:
                if i == instance:
                    self._moved[g] -= count
                else:
                    self._took[i] = True
            return
        for g, i, count in reversed(log):
            self._start(g, i, -count)
        self._open[instance] = True

    def _move(self, group: int, instance: int, count: int, log: list[tuple[int, int, int]]) -> bool:
        """Stop the tasks of a group there and start them on other instances in use, the fullest first; whether all could."""
        self._start(group, instance, -count)
        log.append((group, instance, -count))
        stepwise = any(rule.stepwise(self._problem, group) for rule in self._rules.concerning(group))
        left = count
        while left:
            inside = self._open if self._part is None else self._open & (self._part == self._part[instance])
            room = np.where(inside, self._rules.room(self._state, group), 0)
            order = fullest_first(self._state, np.flatnonzero(room > 0))
            if not len(order):
                return False
            chosen = int(order[0])
            some = 1 if stepwise else min(left, int(room[chosen]))
            self._start(group, chosen, some)
            log.append((group, chosen, some))
            left -= some
        return True

    def _start(self, group: int, instance: int, count: int) -> None:
        self._state.start(group, np.array([instance]), np.array([count]))
