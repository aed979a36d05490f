"""The largest skew (ours): how far the fullest and the emptiest bucket of a family are apart, where that is most.

``max over families of (max - min) of its tasks in the buckets``, and what of that is beyond a number: where it is zero, each of
the families keeps ``maxSkew(field, k)``. Buckets are those of ``spread`` and ``maxSkew`` (§3.6, §4.1).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from solver.domain.counts import Ints, sum_of
from solver.domain.placement import Placement
from solver.domain.problem import Problem
from solver.domain.request import Scheduling
from solver.rules.base import Cost, Counting, Reading
from solver.rules.bound import Rules
from solver.rules.buckets import Buckets
from solver.rules.model import Model, Sum
from solver.rules.moved import Moved


@dataclass(frozen=True, eq=False)
class LargestSkew(Cost):
    """``max(largest skew - beyond, 0)``.

    Parameters
    ----------
    families
        Those that count, each with its buckets: the values on instances that it may use.
    """

    adds_up: ClassVar[bool] = False
    field: str
    families: tuple[tuple[str, Buckets], ...]
    beyond: int = 0

    @classmethod
    def of(cls, rules: Rules, field: str, beyond: int = 0) -> LargestSkew:
        """Over all families that the request may change and that have several buckets; DAEMON services follow the instances."""
        problem, operation = rules.problem, rules.problem.operation
        changing = {*operation.stoppable.group.tolist(), *np.flatnonzero(problem.wanted).tolist()}
        found = []
        for family, members in problem.families.items():
            counts = [g for g in members if problem.groups[g].scheduling is not Scheduling.DAEMON]
            if counts and changing.intersection(counts):
                usable = np.logical_or.reduce([rules.usable(g) for g in members])
                buckets = Buckets.over(problem, field, usable)
                found += [(family, buckets)] if len(buckets) > 1 else []
        return cls(field, tuple(found), beyond)

    @property
    def name(self) -> str:
        return f"skew({self.field})" + (f"/beyond {self.beyond}" if self.beyond else "")

    @property
    def title(self) -> str:
        return f"largest skew beyond {self.beyond:,}" if self.beyond else "largest skew"

    def _skews(self, placement: Placement) -> list[tuple[int, str]]:
        counts = ((buckets.count_of(placement, family), family) for family, buckets in self.families)
        return [(int(row.max() - row.min()), family) for row, family in counts]

    def value(self, placement: Placement) -> int:
        return max(max((skew for skew, _ in self._skews(placement)), default=0) - self.beyond, 0)

    def remark(self, placement: Placement) -> str:
        """The family with the largest skew."""
        worst = max(self._skews(placement), key=lambda one: one[0], default=(0, ""))
        return f"largest skew {worst[0]:,}, of {worst[1]}" if worst[0] else ""

    def readings(self, problem: Problem) -> Iterable[Reading]:
        for family, buckets in self.families:
            yield Reading.of_groups(problem, problem.families[family], part=buckets.of)

    def compile(self, model: Model) -> Sum:
        apart = list(self._apart(model))
        return model.least_enough([apart], self.ceiling(model.problem)) if apart else Sum()

    def _apart(self, model: Model) -> Iterator[tuple[Sum, int]]:
        """What each bucket holds more than the smallest, less what is allowed."""
        for family, buckets in self.families:
            groups = model.problem.families[family]
            counts = [model.tasks_over(groups, members) for members in buckets.members()]
            smallest = model.smallest(counts)
            for count in counts:
                yield count - smallest + -self.beyond, 1

    def ceiling(self, problem: Problem) -> int:
        most = max((problem.most_tasks(problem.families[family]) for family, _ in self.families), default=0)
        return max(most - self.beyond, 0)

    def bound(self, facts: Counting) -> int:
        """What the fixed tasks, the room of each bucket and the number of tasks leave of evenness, family by family."""
        least = max((_least_skew(family, buckets, facts) for family, buckets in self.families), default=0)
        now = max((skew for skew, _ in self._skews(facts.base.before)), default=0)
        while least < now and not self._is_affordable(facts, least):
            least += 1
        return max(least - self.beyond, 0)

    def _is_affordable(self, facts: Counting, skew: int) -> bool:
        """Whether budgets of moves, and an earlier tier that counts them, may allow a skew so small."""
        freedom = facts.problem.freedom
        tasks, cost = self._moves_for(facts, skew)
        budgets = [(tasks, freedom.max_moves), (cost, freedom.max_move_cost)]
        budgets += [
            (cost, facts.values[one.name]) for one in facts.earlier if isinstance(one, Moved) and one.priority is None
        ]
        return all(most is None or amount <= most for amount, most in budgets)

    def least_moves(self, facts: Counting, value: int) -> int:
        return self._moves_for(facts, self.beyond + value)[1]

    def _moves_for(self, facts: Counting, skew: int) -> tuple[int, int]:
        """How many tasks have to move at least for a skew so small, and what that costs at least."""
        needed = [_moves_of(family, buckets, facts, skew) for family, buckets in self.families]
        return sum(tasks for tasks, _ in needed), sum(tasks * price for tasks, price in needed)


def _moves_of(family: str, buckets: Buckets, facts: Counting, skew: int) -> tuple[int, int]:
    """Tasks of a family that have to move at least so that it has no larger skew, and the least that a move costs.

    With the emptiest bucket at ``t`` tasks, what is above ``t + skew`` has to leave its bucket and what is below ``t`` to come
    from elsewhere, as far as no tasks are lost or new.
    """
    problem, members = facts.problem, facts.problem.families[family]
    counts = buckets.count_of(facts.base.before, family)
    lost, now = int(facts.lost()[list(members)].sum()), problem.running.totals()
    fixed = problem.operation.fixed.totals()
    new = sum(max(int(fixed[g]) + facts.most(g) - int(now[g]), 0) for g in members)
    lowest = np.arange(int(counts.max()) + 1)[:, None]
    above = np.maximum(counts - (lowest + skew), 0).sum(axis=1) - lost
    below = np.maximum(lowest - counts, 0).sum(axis=1) - new
    tasks = max(int(np.maximum(above, below).min()), 0)
    return tasks, min((problem.groups[g].move_cost for g in members if problem.operation.moving[g]), default=1)


def _least_skew(family: str, buckets: Buckets, facts: Counting) -> int:
    members: Sequence[int] = facts.problem.families[family]
    fixed = buckets.count_of(facts.base, family)
    room: Ints = sum_of((np.minimum(facts.room[g], facts.most(g)) for g in members), facts.problem.cluster.size)
    outside = int(np.minimum(room[~buckets.inside], facts.problem.most_tasks(members)).sum())
    least, most = sum(int(facts.least[g]) for g in members), sum(facts.most(g) for g in members)
    smallest = int((fixed + buckets.count(room)).min())
    inside = int(fixed.sum()) + max(least - outside, 0)
    fullest = max(int(fixed.max()), -(-inside // len(buckets)))
    uneven = least == most and not outside and inside % len(buckets) > 0
    return max(fullest - smallest, int(uneven))
