"""What moves cost between instances: a price for each pair, from where a task is to where it goes (§5.3; ours).

``sum over groups and instances of distance[home, instance] * tasks that start there``. Source: ROADEF/EURO challenge 2012,
"machine move cost".
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from solver.domain.counts import Ints
from solver.domain.placement import Placement
from solver.domain.problem import Problem
from solver.rules.base import Cost, Counting, Reading
from solver.rules.model import Model, Sum, total


@dataclass(frozen=True, eq=False)
class MoveDistance(Cost):
    """The price of all moves.

    Parameters
    ----------
    home
        ``int64[G]``: the one instance where tasks of the group run.
    distance
        ``int64[I, I]``: from an instance to another; 0 to itself.
    """

    home: Ints
    distance: Ints
    name: str = "instance moves"
    title: str = "moves between instances"

    def value(self, placement: Placement) -> int:
        started = (placement.tasks - placement.problem.running).positive()
        return int((self.distance[self.home[started.group], started.instance] * started.count).sum())

    def readings(self, problem: Problem) -> Iterable[Reading]:
        """Which instance each group leaves."""
        yield Reading(np.arange(len(problem.groups)))

    def compile(self, model: Model) -> Sum:
        return total(
            model.started_over([g], np.array([i])) * int(self.distance[self.home[g], i])
            for g in range(len(model.problem.groups))
            for i in model.candidates(g).tolist()
        )

    def ceiling(self, problem: Problem) -> int:
        return int(self.distance.max(initial=0)) * problem.most_tasks(range(len(problem.groups)))

    def bound(self, facts: Counting) -> int:
        return 0
