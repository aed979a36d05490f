"""A request in the plain arrays of the assignment engine, and whether it has the form for them.

They know resources, what each instance admits, and the rules that are made of terms (``solver.rules.terms``). A rule that is
not is left out: that keeps a bound valid, since it then speaks of more plans, and a plan that breaks the rule is stopped by the
checker.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

from solver.domain.counts import Bools, Counts, Ints
from solver.domain.request import Preempt
from solver.engines.assignment.problem import AssignmentProblem, Sets, Tasks, Tier
from solver.engines.counted import CountedTier
from solver.rules.bound import Rules
from solver.rules.moved import Moved
from solver.rules.resources import Resource
from solver.rules.terms import AtMost, Skewed, Term
from solver.rules.unplaced import Preempted

MOST_CELLS = 4_000_000
"""Groups times instances: the arrays of the engine are dense."""

MOST_TASKS = 10_000
"""Beyond, tasks one by one are too many: with 25,000 on 5,000 instances the count model finds and proves more in the time."""


def applicable(rules: Rules) -> bool:
    """Whether each task is somewhere or nowhere by itself, and the arrays are not too large."""
    problem, operation = rules.problem, rules.problem.operation
    together = problem.all_or_nothing or any(group.all_or_nothing for group in problem.groups)
    owed = any(isinstance(rule, Resource) and rule.debts for rule in rules.constraints)
    tasks = int((operation.startable + operation.stoppable.totals()).sum())
    cells = len(problem.groups) * problem.cluster.size
    small = tasks <= MOST_TASKS and cells <= MOST_CELLS
    return small and not (together or owed or operation.asked.any() or problem.freedom.empty)


def in_arrays(rules: Rules, tiers: Sequence[CountedTier], terms: Sequence[Term] = ()) -> AssignmentProblem:
    """A request as an assignment problem with these tiers, and with terms beside those of its rules."""
    return _Form(rules, terms).problem(tiers)


class _Form:
    """A request in plain arrays."""

    def __init__(self, rules: Rules, terms: Sequence[Term]) -> None:
        self._rules = rules
        self._terms = terms
        self._request = rules.problem
        self._operation = rules.problem.operation
        self._shape = (len(self._request.groups), self._request.cluster.size)
        self._fixed = self._operation.fixed.totals()
        self._homes = self._operation.stoppable - self._operation.leaving

    def problem(self, tiers: Sequence[CountedTier]) -> AssignmentProblem:
        """With these tiers."""
        request, operation = self._request, self._operation
        least, total = operation.kept - self._fixed, operation.desired - self._fixed
        running = operation.stoppable.totals()
        points = np.sort(
            np.clip(
                np.stack([least, operation.staying - self._fixed, running, total], axis=1),
                least[:, None],
                total[:, None],
            )
        )
        home = self._homes.to_dense()
        sets, most = self._sets(home)
        freedom = request.freedom
        return AssignmentProblem(
            capacity=self._capacity(),
            demand=request.demand.copy(),
            most=most,
            home=home,
            least=least,
            total=total,
            points=points,
            tiers=tuple(self._tier(cost, points, running) for cost in tiers),
            tasks=self._tasks(tiers),
            sets=sets,
            max_moves=_budget(freedom.max_moves),
            max_move_cost=_budget(freedom.max_move_cost),
            group_moves=np.array([_budget(group.max_moves) for group in request.groups], np.int64),
        )

    def _capacity(self) -> Ints:
        """``int64[I, R]``: what is free once all that may stop has, and no less than that takes now (§8)."""
        taken = self._operation.stoppable.load(self._request.demand)
        free = self._request.cluster.free + taken
        for rule in self._rules.constraints:
            if isinstance(rule, Resource):
                free[:, rule.r] -= rule.reserved
        capacity: Ints = np.maximum(np.maximum(free, 0), taken)
        return capacity

    def _tier(self, cost: CountedTier, points: Ints, running: Ints) -> Tier:
        """A tier of these points, with what each task at home saves."""
        at, stay = np.zeros_like(points), np.zeros(len(points), np.int64)
        members = list(cost.groups)
        if isinstance(cost, Moved):
            price = self._move_costs()[members]
            at[members] = np.minimum(points[members], running[members][:, None]) * price[:, None]
            stay[members] = price
            return Tier(at, stay)
        lost = np.maximum((self._operation.staying - self._fixed)[members][:, None] - points[members], 0)
        if isinstance(cost, Preempted):
            at[members] = lost
            return Tier(at, stay)
        # ``most_wanted`` less the net change: what there should be less what there is, for each group.
        at[members] = (self._operation.desired - self._fixed)[members][:, None] - points[members]
        apart = [k for k, g in enumerate(members) if self._preempted_apart(g)]
        at[[members[k] for k in apart]] -= lost[apart]
        return Tier(at, stay)

    def _preempted_apart(self, group: int) -> bool:
        operation = self._operation
        return bool(self._request.freedom.preempt is Preempt.LOWER and operation.kept[group] < operation.staying[group])

    def _move_costs(self) -> Ints:
        return np.array([group.move_cost for group in self._request.groups], np.int64)

    def _tasks(self, tiers: Sequence[CountedTier]) -> Tasks:
        """Those that run and may stay, then those that have no home."""
        operation, homes = self._operation, self._homes
        groups = np.arange(self._shape[0])
        new = operation.desired - self._fixed - homes.totals()
        group = np.concatenate([np.repeat(homes.group, homes.count), np.repeat(groups, new)])
        home = np.concatenate([np.repeat(homes.instance, homes.count), np.full(int(new.sum()), -1)])
        lost, missing, moved = (np.full(len(groups), -1, np.int64) for _ in range(3))
        for t, cost in enumerate(tiers):
            found = moved if isinstance(cost, Moved) else lost if isinstance(cost, Preempted) else missing
            found[list(cost.groups)] = t
        runs = home >= 0
        apart = np.array([self._preempted_apart(g) for g in groups.tolist()], np.bool_)
        out = np.where(runs & apart[group], lost[group], missing[group])
        may_go = ~runs | (operation.kept < operation.staying)[group]
        return Tasks(group, home, may_go, out, np.where(runs, moved[group], -1), self._move_costs()[group])

    def _sets(self, home: Ints) -> tuple[Sets, Ints]:
        """What the terms count, resources apart; and ``int64[G, I]``, tasks at most."""
        most = np.stack([self._rules.most(g) for g in range(self._shape[0])]).reshape(self._shape) + home
        sets = _Counted(self._shape, self._operation.fixed)
        everywhere = np.arange(self._shape[1])
        fixed = self._operation.fixed
        rules = (rule for rule in self._rules.constraints if not isinstance(rule, Resource))
        for term in itertools.chain(self._terms, *(rule.terms(self._request) or () for rule in rules)):
            g = _only_group(term, everywhere)
            if isinstance(term, AtMost) and g is not None:
                left = term.limit // int(term.weight[g]) - fixed.row(g)
                most[g] = np.minimum(most[g], np.maximum(left, home[g]))
            else:
                sets.add(term)
        return sets.sets(), most


def _only_group(term: Term, everywhere: Ints) -> int | None:
    """The group that a term limits on each instance by itself; None for any other term."""
    if not isinstance(term, AtMost) or len(term.limit) != len(everywhere) or not np.array_equal(term.part, everywhere):
        return None
    counting = np.flatnonzero(term.weight)
    return int(counting[0]) if len(counting) == 1 else None


class _Counted:
    """Collects the sets that terms count."""

    def __init__(self, shape: tuple[int, int], fixed: Counts) -> None:
        self._shape = shape
        self._fixed = fixed
        self._weights: list[Ints] = []
        self._parts: list[Ints] = []
        self._limits: list[Ints] = []
        self._skews: list[int] = []
        self._apart: list[tuple[int, int]] = []

    def add(self, term: Term) -> None:
        """A term."""
        if isinstance(term, AtMost):
            self._set(term.weight, term.part, term.limit)
        elif isinstance(term, Skewed):
            self._set(term.groups, term.part, _free(term.parts), term.k)
        else:
            one = self._set(term.one, term.part, _free(term.parts))
            other = self._set(term.other, term.part, _free(term.parts))
            self._apart += [(one, other), (other, one)]

    def _set(self, weight: Ints | Bools, part: Ints, limit: Ints, skew: int = -1) -> int:
        self._weights.append(weight.astype(np.int64))
        self._parts.append(part)
        self._limits.append(limit)
        self._skews.append(skew if len(limit) else -1)
        return len(self._weights) - 1

    def sets(self) -> Sets:
        """All of them."""
        groups, instances = self._shape
        count, widest = len(self._weights), max((len(limit) for limit in self._limits), default=0)
        before, limit = np.zeros((count, widest), np.int64), np.zeros((count, widest), np.int64)
        weight = np.array(self._weights, np.int64).reshape(count, groups)
        for k, (part, most) in enumerate(zip(self._parts, self._limits, strict=True)):
            limit[k, : len(most)] = most
            there = part[self._fixed.instance] >= 0
            cells = part[self._fixed.instance][there]
            np.add.at(before[k], cells, (weight[k][self._fixed.group] * self._fixed.count)[there])
        g, n = np.nonzero(weight.T)
        pairs = np.array(sorted(self._apart), np.int64).reshape(-1, 2)
        return Sets(
            part=np.array(self._parts, np.int64).reshape(count, instances),
            before=before,
            limit=limit,
            skew=np.array(self._skews, np.int64),
            parts=np.array([len(most) for most in self._limits], np.int64),
            start=np.searchsorted(g, np.arange(groups + 1)),
            of=n.astype(np.int64),
            weight=weight.T[g, n].astype(np.int64),
            apart_start=np.searchsorted(pairs[:, 0], np.arange(count + 1)),
            apart_of=pairs[:, 1].copy(),
        )


def _free(parts: int) -> Ints:
    """Limits that limit nothing."""
    return np.full(parts, np.iinfo(np.int64).max // 4)


def _budget(limit: int | None) -> int:
    return np.iinfo(np.int64).max // 4 if limit is None else limit
