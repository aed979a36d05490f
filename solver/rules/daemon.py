"""What a DAEMON service still owes an instance is held back from every other group (§2.2; ECS developer guide, daemon)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from solver.domain.counts import Bools, Ints, sum_of
from solver.domain.placement import Placement
from solver.domain.problem import Problem


@dataclass(frozen=True, eq=False)
class Debt:
    """A DAEMON group and the instances that it still owes a task.

    Parameters
    ----------
    group
        The DAEMON group.
    instances
        ``bool[I]``: eligible (ACTIVE, connected, admitted) and without a task of its family.
    """

    group: int
    instances: Bools

    def owed(self, placement: Placement) -> Ints:
        """``int64[I]``: tasks still owed in a state, 0 or 1."""
        started = np.maximum(placement.change(self.group), 0)
        return np.maximum(self.instances.astype(np.int64) - started, 0)


def debt(problem: Problem, group: int, admitted: Bools) -> Debt:
    """What the DAEMON group owes, given where the static rules admit it."""
    family = problem.families[problem.groups[group].family]
    present = sum_of((problem.running.row(g) for g in family), problem.cluster.size)
    return Debt(group, problem.cluster.accepts & admitted & (present == 0))
