"""Tasks moved: they stop here and start there, at the group's move cost (§5.1, tier 6)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from solver.domain.placement import Placement
from solver.domain.problem import Problem
from solver.rules.base import Cost, Counting, Reading
from solver.rules.model import Model, Sum, total


@dataclass(frozen=True)
class Moved(Cost):
    """``sum over groups of move_cost * min(tasks started, tasks stopped)``."""

    groups: tuple[int, ...]
    priority: int | None = None
    """The class whose moves these are; None for all of them, last of all."""

    @property
    def name(self) -> str:
        return "moved" if self.priority is None else f"moved/{self.priority}"

    @property
    def title(self) -> str:
        return f"tasks moved, priority {self.priority}" if self.priority else "tasks moved"

    def readings(self, problem: Problem) -> Iterable[Reading]:
        """Which instance each group leaves: a task that is dealt out where another of the group stops has not moved."""
        kind = np.zeros(len(problem.groups), np.int64)
        kind[list(self.groups)] = np.arange(1, len(self.groups) + 1)
        yield Reading(kind)

    def value(self, placement: Placement) -> int:
        groups = placement.problem.groups
        return sum(groups[g].move_cost * placement.moved(g) for g in self.groups)

    def compile(self, model: Model) -> Sum:
        return total(moved(model, g) * model.problem.groups[g].move_cost for g in self.groups)

    def remark(self, placement: Placement) -> str:
        """How many tasks it is, where they count differently."""
        count = sum(placement.moved(g) for g in self.groups)
        return "" if count == self.value(placement) else f"weighted by move cost ({count:,} moved)"

    def ceiling(self, problem: Problem) -> int:
        return sum(problem.groups[g].move_cost * problem.most_tasks([g]) for g in self.groups)

    def bound(self, facts: Counting) -> int:
        """Tasks that must leave drained instances, less those that need not be anywhere; or what an earlier tier takes."""
        operation = facts.problem.operation
        least = 0
        for g in self.groups:
            leaving = int(operation.leaving.cells_of(g)[1].sum())
            elsewhere = int(operation.fixed.cells_of(g)[1].sum() + operation.stoppable.cells_of(g)[1].sum()) - leaving
            there = int(facts.least[g] + operation.fixed.cells_of(g)[1].sum())
            if not facts.problem.groups[g].start:
                least += facts.problem.groups[g].move_cost * max(there - elsewhere, 0)
        movers = np.unique(operation.stoppable.group[operation.moving[operation.stoppable.group]])
        if np.isin(movers, self.groups).all():
            least = max([least, *(cost.least_moves(facts, facts.values[cost.name]) for cost in facts.earlier)])
        return least


def moved(model: Model, group: int) -> Sum:
    """``min(started, stopped)`` of a group: what stops and is not lost."""
    everywhere = np.arange(model.problem.cluster.size)
    started, stopped = model.started_over([group], everywhere), model.stopped_over([group], everywhere)
    if model.range_of(started)[1] == 0 or model.range_of(stopped)[1] == 0:
        return Sum()
    if not model.problem.groups[group].start:
        # It ends with no more tasks than it had, so that whatever starts has come from elsewhere.
        return started
    return stopped - model.positive_part(stopped - started)
