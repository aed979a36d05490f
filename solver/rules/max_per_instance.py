"""``maxPerInstance(k)`` and ``distinctInstance``, which is k = 1: tasks of one family on an instance (§3.4).

A DAEMON service has it by itself. Source: ECS API PlacementConstraintType (``distinctInstance``), schedulingStrategy
(DAEMON); the cap of k is ours.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from solver.domain.counts import Ints
from solver.domain.placement import Placement
from solver.domain.problem import Problem
from solver.rules.argument import nothing, split, whole_number
from solver.rules.base import UNLIMITED, Breaches, Constraint, Reading
from solver.rules.model import Literal, Model
from solver.rules.terms import AtMost, Term, flags

TYPE = "maxPerInstance"
DISTINCT = "distinctInstance"


@dataclass(frozen=True)
class MaxPerInstance(Constraint):
    """At most ``k`` tasks of the owner's family on an instance."""

    owner: int
    k: int
    name: str
    reason: str

    @classmethod
    def parse(cls, owner: int, argument: str) -> MaxPerInstance:
        """Read ``k``.

        Raises
        ------
        InvalidRequest
            If it is not a whole number from 1.
        """
        (text,) = split(argument, "a whole number from 1", 1, 1)
        k = whole_number(text, "limit", 1)
        return cls(owner, k, f"{TYPE}({k})", "MaxPerInstance placement constraint unsatisfied.")

    @classmethod
    def parse_distinct(cls, owner: int, argument: str) -> MaxPerInstance:
        """Read nothing.

        Raises
        ------
        InvalidRequest
            If there is an argument.
        """
        nothing(argument)
        return cls(owner, 1, DISTINCT, "DistinctInstance placement constraint unsatisfied.")

    @classmethod
    def of_daemon(cls, owner: int) -> MaxPerInstance:
        """What DAEMON scheduling says by itself: one task on an instance."""
        return cls(owner, 1, "one DAEMON task an instance", "DaemonTask placement constraint unsatisfied.")

    def _family(self, problem: Problem) -> str:
        return problem.groups[self.owner].family

    def scope(self, problem: Problem) -> Iterable[int]:
        return problem.families[self._family(problem)]

    def room(self, state: Placement, group: int) -> Ints:
        family = self._family(state.problem)
        if state.problem.groups[group].family != family:
            return np.full(state.size, UNLIMITED)
        return np.maximum(self.k - state.family(family), 0)

    def readings(self, problem: Problem) -> Iterable[Reading]:
        yield Reading.of_groups(problem, self.scope(problem))

    def terms(self, problem: Problem) -> Sequence[Term] | None:
        weight = flags(len(problem.groups), self.scope(problem)).astype(np.int64)
        everywhere = np.arange(problem.cluster.size)
        return (AtMost(weight, everywhere, np.full(problem.cluster.size, self.k)),)

    def compile(self, model: Model) -> None:
        family = model.problem.families[self._family(model.problem)]
        before = model.problem.running_of(self._family(model.problem))
        for i in model.touched(family).tolist():
            tasks = model.tasks_over(family, np.array([i]))
            model.at_most(tasks, max(self.k, int(before[i])))

    def breaks(self, model: Model) -> Iterable[Literal]:
        family = self._family(model.problem)
        for i in np.flatnonzero(model.problem.running_of(family) > self.k).tolist():
            yield model.at_least(model.tasks_over(model.problem.families[family], np.array([i])), self.k + 1)

    def breaches(self, placement: Placement) -> Breaches:
        family = self._family(placement.problem)
        tasks = placement.family(family)
        unit = f"tasks of {family}"
        return Breaches(tasks.copy(), np.full_like(tasks, self.k), placement.problem.cluster.label, unit)
