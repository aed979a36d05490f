"""A partial plan over types: what is free, what is placed, what is open; and typed first fit decreasing to complete it.

All tasks of a type are placed at once: into instances already open, the fullest first, then into empty ones, the
largest first.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from solver.domain.counts import Bools, Ints
from solver.engines.deadline import Deadline
from solver.engines.patterns.problem import PackingProblem
from solver.engines.patterns.types import TaskTypes
from solver.rules.filling import fill_in_order


class PartialPlan:
    """``held[T, I]`` tasks of each type on each instance, with what follows from it kept up to date."""

    def __init__(self, problem: PackingProblem, types: TaskTypes) -> None:
        self._types = types
        self._zone_members = [np.flatnonzero(problem.zone == zone) for zone in range(types.zones)]
        self._zone = problem.zone
        self._empty = problem.empty
        self._before = np.maximum(problem.free, 0)
        scale = np.maximum(self._before.max(axis=0, initial=1), 1)
        self._share = 1.0 / scale
        self.clear()

    def clear(self) -> None:
        """Nothing placed."""
        self.free = self._before.copy()
        self.held: Ints = np.zeros((self._types.count, len(self._zone)), dtype=np.int64)
        self.placed: Ints = np.zeros_like(self._types.base)
        self.closed: Bools = self._empty.copy()

    @property
    def opened(self) -> int:
        """Empty instances in use."""
        return int((self._empty & ~self.closed).sum())

    @property
    def complete(self) -> bool:
        """Whether everything is placed."""
        return bool((self.placed.sum(axis=1) == self._types.total).all())

    def load(self, instance: Ints, held: Ints) -> None:
        """Put ``held[N, T]`` on instances that hold nothing yet, the first rows first, as far as the zones allow."""
        for zone in range(self._types.zones):
            here = np.flatnonzero(self._zone[instance] == zone)
            room = self._types.zone_room(self.placed, zone)
            before = np.cumsum(held[here], axis=0) - held[here]
            kept = np.clip(room[None, :] - before, 0, held[here])
            self.held[:, instance[here]] = kept.T
            self.free[instance[here]] -= kept @ self._types.demand
            self.placed[:, zone] += kept.sum(axis=0)
            self.closed[instance[here[kept.any(axis=1)]]] = False

    def sizes(self) -> NDArray[np.float64]:
        """``float64[T]``: the largest share of a largest instance that one task takes."""
        shares = self._types.demand * self._share
        result: NDArray[np.float64] = shares.max(axis=1, initial=0.0) + 1e-3 * shares.sum(axis=1) + 1e-9
        return result

    def complete_first_fit(self, order: Ints, zone_order: Ints, most_opened: int, deadline: Deadline) -> bool:
        """Place what is missing, type by type in that order; False if more than ``most_opened`` would be opened, or too late."""
        for kind in order.tolist():
            if deadline.passed():
                return False
            left = int(self._types.total[kind] - self.placed[kind].sum())
            if left == 0:
                continue
            fit = self._fit(kind)
            for in_closed in (False, True):
                for only_base in (True, False):
                    for zone in zone_order.tolist():
                        left -= self._fill(kind, zone, fit, in_closed, only_base, left)
                        if left == 0:
                            break
            if left:
                return False
            if self.opened > most_opened:
                return False
        return True

    def fill_up(self, order: Ints) -> None:
        """Place as much as there is room for, type by type in that order; the fullest instances first, opened or not."""
        for kind in order.tolist():
            left = int(self._types.total[kind] - self.placed[kind].sum())
            fit = self._fit(kind) if left else np.zeros(0, np.int64)
            for in_closed in (False, True):
                for zone in range(self._types.zones if left else 0):
                    left -= self._fill(kind, zone, fit, in_closed, False, left)

    def _fit(self, kind: int) -> Ints:
        """``int64[I]``: how many more of the type each instance can take."""
        demand = self._types.demand[kind]
        fit: Ints = self._types.cap[kind] - self.held[kind]
        for resource in np.flatnonzero(demand).tolist():
            fit = np.minimum(fit, self.free[:, resource] // demand[resource])
        if self._types.admits is not None:
            fit = np.where(self._types.admits[kind], fit, 0)
        return fit

    def _fill(self, kind: int, zone: int, fit: Ints, in_closed: bool, only_base: bool, left: int) -> int:
        """Place up to ``left`` in one zone; how many."""
        need = self._types.base[kind, zone] - self.placed[kind, zone]
        quota = min(left, int(need) if only_base else self._room(kind, zone))
        if quota <= 0:
            return 0
        members = self._zone_members[zone]
        members = members[(fit[members] > 0) & (self.closed[members] == in_closed)]
        if not len(members):
            return 0
        fullness = self.free[members] @ self._share
        members = members[np.argsort(-fullness if in_closed else fullness, kind="stable")]
        amount = fill_in_order(fit[members], quota)
        some = amount > 0
        members, amount = members[some], amount[some]
        self.held[kind, members] += amount
        self.free[members] -= amount[:, None] * self._types.demand[kind]
        fit[members] -= amount
        self.closed[members] = False
        placed = int(amount.sum())
        self.placed[kind, zone] += placed
        return placed

    def _room(self, kind: int, zone: int) -> int:
        types = self._types
        excess = np.maximum(self.placed[kind] - types.base[kind], 0)
        inside = types.subsets[:, zone]
        left = types.subset_most[kind, inside] - types.subsets[inside] @ excess
        return max(int(types.base[kind, zone] - self.placed[kind, zone]), 0) + int(left.min())
