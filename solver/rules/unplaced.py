"""Tasks wanted and not placed, and tasks stopped to place others, of one priority class: the first tiers (§5.1)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from solver.domain.placement import Placement
from solver.domain.problem import Problem
from solver.domain.request import Preempt
from solver.rules.base import Cost, Counting, Reading
from solver.rules.filling import fewest_that_free, least_left_out, most_filled
from solver.rules.model import Model, Sum, total


@dataclass(frozen=True)
class _OfClass(Cost):
    """A cost of the groups of one priority."""

    priority: int
    groups: tuple[int, ...]

    def readings(self, problem: Problem) -> Iterable[Reading]:
        """How many tasks of each group there are: what a group has too few of is not made up for by another."""
        yield Reading(np.arange(len(problem.groups)), np.zeros(problem.cluster.size, np.int64))

    def titled(self, what: str) -> str:
        """What is counted, with the priority where it is not the usual one."""
        return f"{what}, priority {self.priority}" if self.priority else what


@dataclass(frozen=True)
class Preempted(_OfClass):
    """Running tasks of the class that end nowhere although nobody asked (§5.1, 1a); a move is none."""

    @property
    def name(self) -> str:
        return f"preempted/{self.priority}"

    @property
    def title(self) -> str:
        return self.titled("tasks stopped for others")

    def lost(self, placement: Placement, group: int) -> int:
        """Tasks of the group that were stopped for others."""
        problem = placement.problem
        left = int(problem.running.cells_of(group)[1].sum()) + placement.net([group])
        return max(int(problem.operation.staying[group]) - left, 0)

    def value(self, placement: Placement) -> int:
        return sum(self.lost(placement, g) for g in self.groups)

    def compile(self, model: Model) -> Sum:
        everywhere = np.arange(model.problem.cluster.size)
        staying = model.problem.operation.staying
        return total(model.positive_part(model.tasks_over([g], everywhere) * -1 + int(staying[g])) for g in self.groups)

    def ceiling(self, problem: Problem) -> int:
        return problem.most_tasks(self.groups)

    def bound(self, facts: Counting) -> int:
        """What the class and those above it need of a resource and cannot have together, freed by its largest tasks.

        Instances hold of it at most what multiples of the demands can fill, once everything below the class is gone.
        """
        problem, operation = facts.problem, facts.problem.operation
        above = [g for g, group in enumerate(problem.groups) if group.priority > self.priority and facts.least[g]]
        own = [g for g in self.groups if operation.staying[g] > operation.fixed.cells_of(g)[1].sum()]
        there = np.array(
            [int(facts.least[g]) for g in above]
            + [int(operation.staying[g] - operation.fixed.cells_of(g)[1].sum()) for g in own],
            np.int64,
        )
        free, most = facts.free(), 0
        for r in range(len(problem.cluster.resources)):
            sizes = problem.demand[[*above, *own], r]
            taking = sizes > 0
            if taking[len(above) :].any():
                over = int((sizes * there).sum()) - int(most_filled(free[:, r], sizes[taking]).sum())
                mine = taking.copy()
                mine[: len(above)] = False
                most = max(most, fewest_that_free(over, sizes[mine], there[mine]))
        return most


@dataclass(frozen=True)
class Unplaced(_OfClass):
    """Tasks wanted of the class, those that leave drained instances included, that are nowhere (§5.1, 1b)."""

    @property
    def name(self) -> str:
        return f"unplaced/{self.priority}"

    @property
    def title(self) -> str:
        return self.titled("tasks not placed")

    def _preempted(self, problem: Problem) -> Preempted:
        """Those of the class that are counted apart: the ones that may be stopped for others."""
        operation = problem.operation
        groups = tuple(g for g in self.groups if operation.kept[g] < operation.staying[g])
        apart = groups if problem.freedom.preempt is Preempt.LOWER else ()
        return Preempted(self.priority, apart)

    def value(self, placement: Placement) -> int:
        problem = placement.problem
        missing = problem.most_wanted(self.groups) - placement.net(self.groups)
        return missing - self._preempted(problem).value(placement)

    def compile(self, model: Model) -> Sum:
        everywhere = np.arange(model.problem.cluster.size)
        missing = model.change_over(self.groups, everywhere) * -1 + model.problem.most_wanted(self.groups)
        return missing - self._preempted(model.problem).compile(model)

    def ceiling(self, problem: Problem) -> int:
        return problem.most_tasks(self.groups)

    def bound(self, facts: Counting) -> int:
        """Group by group what all instances together could take of it alone; or by a resource or port that groups share."""
        problem = facts.problem
        groups = list(self.groups)
        wanted = np.array([facts.most(g) for g in groups], np.int64)
        short: int = sum(
            max(most - int(np.minimum(facts.room[g], most).sum()), 0)
            for g, most in zip(groups, wanted.tolist(), strict=True)
        )
        reach = np.array([facts.room[g] > 0 for g in groups])
        for r in range(len(problem.cluster.resources)):
            sizes = problem.demand[groups, r]
            taking = sizes > 0
            if taking.sum() > 1:
                free = facts.free()[reach[taking].any(axis=0), r]
                short = max(short, least_left_out(free, sizes[taking], wanted[taking]))
        for port in {port for g in groups for port in problem.groups[g].ports}:
            holders = [k for k, g in enumerate(groups) if port in problem.groups[g].ports]
            # One an instance; and what holds it now, perhaps several of them, others may hold in its stead.
            stoppable = problem.operation.stoppable.totals()
            now = sum(int(stoppable[g]) for g, group in enumerate(problem.groups) if port in group.ports)
            short = max(short, int(wanted[holders].sum()) - int(reach[holders].any(axis=0).sum()) - now)
        return max(short - int(facts.values.get(f"preempted/{self.priority}", 0)), 0)
