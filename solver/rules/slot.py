"""The largest free slot (``rebalance --defragment``; ours): free room in one piece, for a task that is still to come.

A slot is a demand by resource. The cost is what is missing of it on the instance where least is: in thousandths of the slot,
``min over instances of max over resources of ceil(1000 * max(need - free, 0) / need)``, over the instances that take new
tasks. 0: the slot is free. What rules hold back (``reserve``, tasks that a DAEMON service owes) counts as free.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from solver.domain.counts import Ints
from solver.domain.placement import Placement
from solver.domain.problem import Problem
from solver.rules.base import Cost, Counting, Reading, kinds_of
from solver.rules.model import Model, Sum

WHOLE = 1_000
"""The slot in the unit of the cost."""


@dataclass(frozen=True, eq=False)
class Slot(Cost):
    """What is missing of the slot.

    Parameters
    ----------
    need
        Amount by resource (index), all above zero.
    """

    need: Mapping[int, int]
    name: str = "defragment/slot"
    title: str = "missing of the slot, in thousandths"

    @classmethod
    def of(cls, problem: Problem) -> Slot:
        """As the request asks."""
        resources = problem.cluster.resources
        return cls({resources.index(name): int(amount) for name, amount in problem.freedom.slot.items()})

    def _missing(self, problem: Problem, free: Ints) -> Ints:
        """``int64[I]``: what is missing on each instance, where so much is free (``int64[I, R]``)."""
        missing = np.zeros(len(free), np.int64)
        for r, need in self.need.items():
            short = need - np.clip(free[:, r], 0, need)
            missing = np.maximum(missing, -(-WHOLE * short // need))
        return np.where(problem.open_to_change, missing, WHOLE)

    def readings(self, problem: Problem) -> Iterable[Reading]:
        """What one task takes of each resource."""
        yield Reading(kinds_of(problem.demand[:, list(self.need)]))

    def value(self, placement: Placement) -> int:
        return int(self._missing(placement.problem, placement.free).min(initial=WHOLE))

    def compile(self, model: Model) -> Sum:
        problem = model.problem
        short = {
            i: [
                (model.load_change(r, i) * WHOLE + WHOLE * (need - int(problem.cluster.free[i, r])), need)
                for r, need in self.need.items()
            ]
            for i in np.flatnonzero(problem.open_to_change).tolist()
        }
        return model.least_enough(list(short.values()), WHOLE)

    def remark(self, placement: Placement) -> str:
        """The largest slot of these proportions that is free, and where."""
        cluster = placement.problem.cluster
        missing = self._missing(placement.problem, placement.free)
        if not placement.problem.open_to_change.any():
            return "no instance takes tasks"
        at = int(missing.argmin())
        resource, need = min(self.need.items(), key=lambda item: max(int(placement.free[at, item[0]]), 0) / item[1])
        have = min(max(int(placement.free[at, resource]), 0), need)
        parts = (f"{amount * have // need:,} {cluster.resources[r]}" for r, amount in self.need.items())
        return f"largest free {', '.join(parts)} on {cluster.label(at)}"

    def ceiling(self, problem: Problem) -> int:
        return WHOLE

    def bound(self, facts: Counting) -> int:
        """What is missing where the largest tasks that may move away have, or all that may stop."""
        problem = facts.problem
        free = facts.base.free
        if problem.freedom.max_moves is not None and _only_moves(problem):
            free = np.column_stack(
                [problem.cluster.free[:, r] + _most_freed(problem, r) for r in range(free.shape[1])]
            ).astype(np.int64)
        return int(self._missing(problem, free).min(initial=WHOLE))


def _only_moves(problem: Problem) -> bool:
    """Whether each task that stops counts as moved: none is asked to stop, and none stops for others."""
    operation = problem.operation
    lost = operation.asked.any() or (operation.kept < problem.running.totals()).any()
    return not lost


def _most_freed(problem: Problem, r: int) -> Ints:
    """``int64[I]``: what the largest tasks take of a resource that may stop on each instance, as many as may move."""
    stoppable = problem.operation.stoppable
    demand = problem.demand[stoppable.group, r]
    order = np.lexsort((-demand, stoppable.instance))
    instance, count, demand = stoppable.instance[order], stoppable.count[order], demand[order]
    before = np.cumsum(count) - count
    first = np.searchsorted(instance, instance)
    moved = np.clip((problem.freedom.max_moves or 0) - (before - before[first]), 0, count)
    freed = np.zeros(problem.cluster.size, np.int64)
    np.add.at(freed, instance, moved * demand)
    return freed
