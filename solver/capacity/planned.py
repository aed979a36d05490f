"""A mix as a plan for the cluster."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from solver.domain.counts import Counts
from solver.domain.problem import Problem
from solver.verify import check


@dataclass(frozen=True, eq=False)
class Planned:
    """A plan for the cluster with some instances kept and some bought.

    Parameters
    ----------
    problem
        The cluster with what is bought at the end, and what is given up drained.
    tasks
        After the operation.
    kept
        Instances that are there and stay.
    bought
        The market's offer of each new instance.
    cost
        In millionths for an hour.
    """

    problem: Problem
    tasks: Counts
    kept: frozenset[int]
    bought: tuple[int, ...]
    cost: int

    @property
    def is_right(self) -> bool:
        """Whether the checker passes it and every task has a place."""
        return not self.problem.missing(self.tasks).any() and not check(self.problem, self.tasks)

    @property
    def moved(self) -> int:
        """Tasks that end elsewhere than they are."""
        before = widened(self.problem.running, self.problem.cluster.size)
        started, stopped = ((a - b).positive() for a, b in ((self.tasks, before), (before, self.tasks)))
        return int(np.minimum(started.totals(), stopped.totals()).sum())


def widened(counts: Counts, instances: int) -> Counts:
    """The same counts in a cluster with more instances at the end."""
    return Counts(counts.groups, instances, counts.group.copy(), counts.instance.copy(), counts.count.copy())
