"""A transient resource: a task that moves holds it on the instance that it leaves, too, until it has arrived (§5.3; ours).

``taken before + demand of the tasks that start <= capacity`` on each instance: what stops there gives nothing back. Source:
ROADEF/EURO challenge 2012, "transient usage constraints", where disk is such a resource.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from solver.domain.counts import Ints
from solver.domain.placement import Placement
from solver.domain.problem import Problem
from solver.rules.base import UNLIMITED, Breaches, Constraint, Reading, Stage, kinds_of
from solver.rules.model import Literal, Model, Sum, total


@dataclass(frozen=True)
class Transient(Constraint):
    """One resource ``r`` of the cluster that moves hold twice."""

    stage: ClassVar[Stage] = Stage.CLUSTER
    r: int
    resource: str
    owner: int | None = None

    @property
    def name(self) -> str:
        return f"transient({self.resource})"

    @property
    def reason(self) -> str:
        return f"TRANSIENT:{self.resource}"

    def scope(self, problem: Problem) -> Iterable[int]:
        scope: list[int] = np.flatnonzero(problem.demand[:, self.r]).tolist()
        return scope

    def room(self, state: Placement, group: int) -> Ints:
        need = int(state.problem.demand[group, self.r])
        if need == 0:
            return np.full(state.size, UNLIMITED)
        left = np.maximum(state.problem.cluster.free[:, self.r] - self._started(state), 0) // need
        # What has left comes back for nothing.
        room: Ints = left + np.maximum(-state.change(group), 0)
        return room

    def _started(self, placement: Placement) -> Ints:
        """``int64[I]``: what tasks that start take."""
        started = (placement.tasks - placement.problem.running).positive()
        taken: Ints = started.load(placement.problem.demand)[:, self.r]
        return taken

    def readings(self, problem: Problem) -> Iterable[Reading]:
        """What one task takes; and of a group that may stop tasks, which it is: what it starts depends on where it was."""
        yield Reading(self._kinds(problem))

    def _kinds(self, problem: Problem) -> Ints:
        """``int64[G]``."""
        leaves = problem.operation.stoppable.totals() > 0
        identity = np.where(leaves, np.arange(len(problem.groups)) + 1, 0)
        return kinds_of(np.column_stack([problem.demand[:, self.r], identity]))

    def _alike(self, problem: Problem) -> list[list[int]]:
        """The groups of each kind that take something."""
        kinds = np.where(problem.demand[:, self.r] > 0, self._kinds(problem), -1)
        order = np.argsort(kinds, kind="stable")
        order = order[kinds[order] >= 0]
        edges = np.flatnonzero(np.diff(kinds[order])) + 1
        return [groups.tolist() for groups in np.split(order, edges) if len(groups)]

    def _sum(self, model: Model, alike: list[list[int]], instance: int) -> Sum:
        demand, here = model.problem.demand[:, self.r], np.array([instance])
        return total(model.started_over(groups, here) * int(demand[groups[0]]) for groups in alike)

    def compile(self, model: Model) -> None:
        free = np.maximum(model.problem.cluster.free[:, self.r], 0)
        alike = self._alike(model.problem)
        for i in model.touched(self.scope(model.problem)).tolist():
            model.at_most(self._sum(model, alike, i), int(free[i]))

    def breaks(self, model: Model) -> Iterable[Literal]:
        free, alike = model.problem.cluster.free[:, self.r], self._alike(model.problem)
        for i in np.flatnonzero(free < 0).tolist():
            yield model.at_least(self._sum(model, alike, i), int(free[i]) + 1)

    def breaches(self, placement: Placement) -> Breaches:
        cluster = placement.problem.cluster
        capacity = cluster.capacity[:, self.r]
        held = capacity - cluster.free[:, self.r] + self._started(placement)
        return Breaches(held, capacity, cluster.label, f"{self.resource} taken while tasks move")
