"""Cycles: a task that moves makes way by a third instance, where the budget of moves allows one more (§1.4, §9.2)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from solver.domain.counts import Ints
from solver.domain.placement import Placement
from solver.engines.deadline import Deadline
from solver.rules.base import UNLIMITED
from solver.rules.bound import Rules
from solver.steps.events import Events
from solver.steps.waves import Builder, Course, Policy

MOST_DETOURS = 16
"""Detours of one plan."""

MOST_MOVES, MOST_STOPOVERS = 24, 8
"""Blocked moves, and third instances for each, that are tried for a detour."""


@dataclass(frozen=True)
class Detour:
    """A task of a group that moves from an instance by way of another."""

    group: int
    instance: int
    via: int


@dataclass(frozen=True, eq=False)
class Budget:
    """Moves that are left beside those of the plan.

    Parameters
    ----------
    moves, cost
        Of all groups.
    groups
        ``int64[G]``: of each group; 0 where it may not move.
    """

    moves: int
    cost: int
    groups: Ints

    @classmethod
    def of(cls, rules: Rules, events: Events) -> Budget:
        """What the moves of the plan leave."""
        problem = rules.problem
        size = len(problem.groups)
        ups = np.bincount(events.group[events.start], events.count[events.start], size).astype(np.int64)
        downs = np.bincount(events.group[~events.start], events.count[~events.start], size).astype(np.int64)
        used = np.minimum(ups, downs)
        costs = np.array([group.move_cost for group in problem.groups], np.int64)
        most = np.array([UNLIMITED if g.max_moves is None else g.max_moves for g in problem.groups], np.int64)
        freedom = problem.freedom
        most_cost = UNLIMITED if freedom.max_move_cost is None else freedom.max_move_cost
        if rules.gain is not None:
            most_cost = min(most_cost, rules.gain.most(Placement(problem, events.after(problem))))
        return cls(
            UNLIMITED if freedom.max_moves is None else freedom.max_moves - int(used.sum()),
            UNLIMITED if most_cost == UNLIMITED else most_cost - int((used * costs).sum()),
            np.where(problem.operation.moving, most - used, 0),
        )

    def unlimited(self, rules: Rules) -> Budget:
        """As many moves as may help, of the groups that may move."""
        return Budget(UNLIMITED, UNLIMITED, np.where(rules.problem.operation.moving, UNLIMITED, 0))

    def allows(self, group: int, move_cost: int) -> bool:
        """Whether one more task of the group may move."""
        return self.moves > 0 and self.cost >= move_cost and int(self.groups[group]) > 0

    def less(self, group: int, move_cost: int) -> Budget:
        """After one more move."""
        groups = self.groups.copy()
        groups[group] -= 1
        return replace(self, moves=self.moves - 1, cost=self.cost - move_cost, groups=groups)


def with_detours(
    rules: Rules, course: Course, built: Builder, budget: Budget, deadline: Deadline
) -> tuple[Builder, tuple[Detour, ...]]:
    """From where an order is stuck, one detour after another, each that gets most done; what it comes to, and by which."""
    found: list[Detour] = []
    while not built.done and len(found) < MOST_DETOURS and not deadline.passed():
        best: tuple[Builder, Detour] | None = None
        for detour in _candidates(rules, built, budget):
            if deadline.passed():
                break
            longer = built.events.with_detour(detour.group, detour.via)
            prefix = [np.append(wave, [0, 0]) for wave in built.waves]
            tried = Builder(course, longer, Policy(), prefix).run(deadline)
            if tried.left.sum() < (best[0] if best else built).left.sum():
                best = tried, detour
                if tried.done:
                    break
        if best is None:
            break
        built, detour = best
        found.append(detour)
        budget = budget.less(detour.group, rules.problem.groups[detour.group].move_cost)
    return built, tuple(found)


def _candidates(rules: Rules, built: Builder, budget: Budget) -> Iterator[Detour]:
    """Blocked moves that others wait for, by third instances with room, those first where nobody waits."""
    problem, events = rules.problem, built.events
    waiting = events.start & (built.left > 0)
    awaited = np.zeros(problem.cluster.size, np.bool_)
    awaited[events.instance[waiting]] = True
    moving = set(events.group[waiting].tolist())
    blocked = [
        (int(events.group[c]), int(events.instance[c]))
        for c in np.flatnonzero(~events.start & (built.left > 0) & ~events.passing)
    ]
    blocked = sorted(set(blocked), key=lambda cell: (not awaited[cell[1]], cell))
    free = built.wave.base.free
    for g, i in blocked[:MOST_MOVES]:
        # Where a task of devices would lie on its way is not looked for.
        if g in problem.device_groups or g not in moving or not budget.allows(g, problem.groups[g].move_cost):
            continue
        own = events.instance[events.group == g]
        fits = rules.admits(g) & (free >= problem.demand[g]).all(axis=1)
        fits[own] = False
        order = np.lexsort((-free.sum(axis=1), awaited))
        for via in order[fits[order]][:MOST_STOPOVERS].tolist():
            yield Detour(g, i, via)
