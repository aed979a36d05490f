"""The largest number of tasks moved in any family: changes of a service should come a few at a time (§5.3; ours).

``max over families of the tasks that stop here and start there``. Source: ROADEF/EURO challenge 2012, "service move cost".
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from solver.domain.placement import Placement
from solver.domain.problem import Problem
from solver.rules.base import Cost, Counting, Reading
from solver.rules.model import Model, Sum


@dataclass(frozen=True)
class FamilyMoves(Cost):
    """The largest number moved; of groups that start no new tasks, so that what starts has come from elsewhere."""

    name: str = "service moves"
    title: str = "largest number moved of a service"

    def value(self, placement: Placement) -> int:
        families = placement.problem.families.values()
        return max((sum(placement.moved(g) for g in members) for members in families), default=0)

    def readings(self, problem: Problem) -> Iterable[Reading]:
        """Which instance each group leaves."""
        yield Reading(np.arange(len(problem.groups)))

    def compile(self, model: Model) -> Sum:
        everywhere = np.arange(model.problem.cluster.size)
        moved = [model.started_over(members, everywhere) * -1 for members in model.problem.families.values()]
        return model.smallest(moved) * -1

    def ceiling(self, problem: Problem) -> int:
        return problem.most_tasks(range(len(problem.groups)))

    def bound(self, facts: Counting) -> int:
        return 0
