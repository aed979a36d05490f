"""Why tasks are not placed in a plan that survives: which loss one task more would not survive (§7.1)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from solver.api import place
from solver.domain.answer import Answer
from solver.domain.counts import Bools, Counts
from solver.domain.explanation import Conflict, Shortfall
from solver.domain.problem import Problem
from solver.domain.request import Limits
from solver.engines.deadline import Deadline
from solver.engines.incumbent import Incumbent
from solver.robustness.loss import Loss
from solver.robustness.witness import Witnesses
from solver.rules.unplaced import Unplaced

LEAST_SECONDS, ONE_MORE_SECONDS = 0.05, 0.5
"""For a place for one task more, at least and at most."""


class Reasons:
    """Why tasks are not placed: what the plain plan says, or which loss one task more would not survive."""

    def __init__(
        self,
        problem: Problem,
        incumbent: Incumbent,
        plain: Answer,
        found: Sequence[Loss],
        covered: Bools,
        witnesses: Witnesses,
        limits: Limits,
    ) -> None:
        self._problem = problem
        self._incumbent = incumbent
        self._plain = plain
        self._losses = found
        self._covered = covered
        self._witnesses = witnesses
        self._limits = limits

    def within(self, seconds: float) -> tuple[Shortfall, ...]:
        """A reason for each group that lacks tasks, as far as time lasts."""
        problem, deadline = self._problem, Deadline(seconds)
        missing = problem.missing(self._incumbent.tasks)
        without = problem.missing(self._plain.tasks)
        plain = {one.group: one for one in self._plain.shortfalls}
        wanted = problem.wanted
        told = []
        for g in np.flatnonzero(missing).tolist():
            name = problem.groups[g].name
            proven = self._is_proven(g)
            counts = (int(max(wanted[g], missing[g])), int(max(wanted[g], missing[g]) - missing[g]))
            if name in plain and without[g] >= missing[g]:
                told.append(replace(plain[name], wanted=counts[0], placed=counts[1], proven=proven))
            else:
                conflict = None if deadline.passed() else self._conflict(g, proven, deadline)
                told.append(Shortfall(name, *counts, proven, conflict=conflict))
        return tuple(told)

    def _is_proven(self, g: int) -> bool:
        """Whether it is proved that no plan that survives places more of the group's class."""
        tiers = [
            t for t, cost in enumerate(self._incumbent.rules.tiers) if isinstance(cost, Unplaced) and g in cost.groups
        ]
        return all(self._incumbent.proven(t) for t in tiers)

    def _conflict(self, g: int, proven: bool, deadline: Deadline) -> Conflict | None:
        """One task more, where the rules have room for it: the losses that it would not survive."""
        base = self._problem.after(self._incumbent.tasks)
        groups = tuple(replace(group, start=int(h == g), all_or_nothing=False) for h, group in enumerate(base.groups))
        more = replace(base, groups=groups)
        own = replace(self._limits, time_limit=max(min(deadline.remaining(), ONE_MORE_SECONDS), LEAST_SECONDS))
        tasks = place(more, own, explain=False).tasks
        if more.missing(tasks).any():
            return None
        judged = Witnesses(more, self._losses, self._covered, self._limits, deadline)
        members = list(self._failing(judged, tasks, deadline))
        return Conflict(tuple(members), False, proven) if members else None

    def _failing(self, judged: Witnesses, tasks: Counts, deadline: Deadline) -> Iterable[str]:
        order = self._witnesses.in_order()
        for at, k in enumerate(order):
            if deadline.passed():
                return
            allowed, near = self._witnesses.allowance(k)[0], self._witnesses.fallbacks(self._incumbent.tasks, k)
            one = judged.judge(tasks, k, deadline.part(1 / (len(order) - at)), near)
            if one is not None and one.missing > allowed:
                count = f"{one.missing:,} task{'s' if one.missing > 1 else ''}"
                now = f" (before the operation {allowed:,})" if allowed else ""
                yield f"a place for every task after the loss of {self._losses[k].name}: {count} would have none{now}"
