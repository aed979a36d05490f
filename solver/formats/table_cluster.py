"""A cluster from tables, and what is asked of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from solver.domain.problem import Problem
from solver.domain.request import RuleSpec
from solver.formats.choose import choose
from solver.formats.names import TableNames
from solver.formats.operable import Operable


@dataclass(frozen=True, eq=False)
class TableCluster(Operable):
    """A cluster from tables, offered as one from ECS documents is (``solver.formats.ecs.EcsCluster``).

    Of several groups of one family the first in the table is the newest revision.
    """

    problem: Problem
    warnings: tuple[str, ...] = ()

    @cached_property
    def names(self) -> TableNames:
        """What its groups are called."""
        return TableNames(self.problem)

    def desired_counts(self) -> dict[str, int]:
        """By family: what runs, with what the table wants started and without what it wants stopped."""
        problem = self.problem
        change = [group.start - group.stop for group in problem.groups]
        tasks = problem.running.totals() + np.array(change, np.int64)
        return {family: sum(int(tasks[g]) for g in members) for family, members in problem.families.items()}

    def request(
        self,
        starts: Mapping[str, int],
        *,
        constraints: Sequence[RuleSpec] | None = None,
        strategies: Sequence[RuleSpec] | None = None,
        priorities: Mapping[str, int] | None = None,
        frozen: Sequence[str] = (),
    ) -> tuple[Problem, tuple[str, ...]]:
        """The problem of starting so many tasks of each group; without any, what the table of groups wants.

        Raises
        ------
        InvalidRequest
            With every unknown group or instance, and every contradiction.
        """
        wanted = starts or {group.name: group.start for group in self.problem.groups if group.start}
        return choose(self.problem, wanted, constraints, strategies, priorities or {}, frozen), ()
