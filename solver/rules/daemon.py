"""What a DAEMON service still owes an instance is held back from every other group (§2.2; ECS developer guide, daemon)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from solver.domain.counts import Bools, Ints, sum_of
from solver.domain.placement import Placement
from solver.domain.problem import Problem
from solver.domain.request import Scheduling


@dataclass(frozen=True, eq=False)
class Debt:
    """A DAEMON service and the instances that it still owes a task.

    Parameters
    ----------
    group
        The revision whose task is owed.
    members
        All revisions of the service: a start of any of them pays.
    instances
        ``bool[I]``: eligible (ACTIVE, connected, admitted) and without a task of the family.
    """

    group: int
    members: tuple[int, ...]
    instances: Bools

    def payers(self, problem: Problem) -> tuple[int, ...]:
        """The revisions of which a start may pay, the one that is owed among them."""
        return tuple(g for g in self.members if g == self.group or problem.operation.startable[g])

    def owed(self, placement: Placement) -> Ints:
        """``int64[I]``: tasks still owed in a state, 0 or 1."""
        started = sum_of((np.maximum(placement.change(g), 0) for g in self.members), placement.size)
        owed: Ints = np.maximum(self.instances.astype(np.int64) - started, 0)
        return owed


def debts(problem: Problem, admitted: Sequence[Bools]) -> tuple[Debt, ...]:
    """What each DAEMON service owes, given where the static rules admit each group (``bool[I]``).

    Of several revisions it is the one that wants tasks that is owed, else the last one listed.
    """
    found = []
    for members in problem.families.values():
        daemons = [g for g in members if problem.groups[g].scheduling is Scheduling.DAEMON]
        if not daemons:
            continue
        owed = next((g for g in daemons if problem.wanted[g]), daemons[-1])
        present = sum_of((problem.running.row(g) for g in members), problem.cluster.size)
        instances = problem.cluster.accepts & admitted[owed] & (present == 0)
        if instances.any():
            found.append(Debt(owed, tuple(daemons), instances))
    return tuple(found)
