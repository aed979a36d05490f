"""``isolateRoles(role, role, ...)``: tasks of different roles among these never share an instance (§3.8; ours).

A rule of the whole cluster, on the task roles of the groups. Source of the need: ECS developer guide, task IAM roles.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import ClassVar

import numpy as np

from solver.domain.counts import Ints, sum_of
from solver.domain.placement import Placement
from solver.domain.problem import Problem
from solver.errors import InvalidRequest
from solver.rules.argument import split
from solver.rules.base import UNLIMITED, Breaches, Constraint, Reading, Stage
from solver.rules.model import Literal, Model, total
from solver.rules.terms import Apart, Term, flags

TYPE = "isolateRoles"
MOST_ROLES = 10**6


@dataclass(frozen=True)
class IsolateRoles(Constraint):
    """At most one of the roles on an instance."""

    stage: ClassVar[Stage] = Stage.FINAL
    roles: tuple[str, ...]
    reason: str = "Isolation of task roles unsatisfied."
    owner: int | None = None

    @classmethod
    def parse(cls, argument: str) -> IsolateRoles:
        """Read at least two roles.

        Raises
        ------
        InvalidRequest
            If there are fewer.
        """
        roles = tuple(dict.fromkeys(split(argument, "two or more different ROLEs", 2, MOST_ROLES)))
        if len(roles) < 2:
            raise InvalidRequest.at("argument", f"is '{argument}'", "must be two or more different ROLEs")
        return cls(roles)

    @property
    def name(self) -> str:
        return f"{TYPE}({', '.join(self.roles)})"

    def _members(self, problem: Problem) -> list[list[int]]:
        """The groups of each role."""
        return [[g for g, group in enumerate(problem.groups) if group.role == role] for role in self.roles]

    def _tasks(self, placement: Placement) -> Ints:
        """``int64[roles, I]``."""
        return np.array(
            [
                sum_of((placement.row(g) for g in members), placement.size)
                for members in self._members(placement.problem)
            ]
        )

    def scope(self, problem: Problem) -> Iterable[int]:
        return (g for members in self._members(problem) for g in members)

    def room(self, state: Placement, group: int) -> Ints:
        role = state.problem.groups[group].role
        if role not in self.roles:
            return np.full(state.size, UNLIMITED)
        others = np.delete(self._tasks(state), self.roles.index(role), axis=0).sum(axis=0)
        return np.where(others > 0, 0, UNLIMITED)

    def readings(self, problem: Problem) -> Iterable[Reading]:
        number = {role: k for k, role in enumerate(self.roles, start=1)}
        yield Reading(np.array([number.get(group.role, 0) for group in problem.groups], np.int64))

    def terms(self, problem: Problem) -> Sequence[Term] | None:
        of_role = [flags(len(problem.groups), groups) for groups in self._members(problem)]
        size = problem.cluster.size
        return [Apart(one, other, np.arange(size), size) for one, other in combinations(of_role, 2)]

    def compile(self, model: Model) -> None:
        problem = model.problem
        members = self._members(problem)
        before = self._tasks(Placement(problem))
        together = self._together(before)
        for i in model.touched([g for groups in members for g in groups]).tolist():
            sums = [model.tasks_over(groups, np.array([i])) for groups in members]
            present = [model.at_least_one(tasks) for tasks in sums]
            if together[i] == 0:
                model.at_most(total(model.truth(literal) for literal in present), 1)
                continue
            several = model.at_least(total(model.truth(literal) for literal in present), 2)
            model.at_most(total(sums), int(together[i]), [several])

    def breaks(self, model: Model) -> Iterable[Literal]:
        members = self._members(model.problem)
        for i in np.flatnonzero(self._together(self._tasks(Placement(model.problem)))).tolist():
            present = [model.at_least_one(model.tasks_over(groups, np.array([i]))) for groups in members]
            yield model.at_least(total(model.truth(literal) for literal in present), 2)

    def _together(self, tasks: Ints) -> Ints:
        """``int64[I]``: tasks that stand together against the rule."""
        return np.where((tasks > 0).sum(axis=0) > 1, tasks.sum(axis=0), 0)

    def breaches(self, placement: Placement) -> Breaches:
        amount = self._together(self._tasks(placement))
        unit = "tasks whose roles must not share an instance"
        return Breaches(amount, np.zeros_like(amount), placement.problem.cluster.label, unit)
