"""``prefers(weight, expression)``: the owner's tasks rather go where an expression holds (ours).

Soft: each task of the owner on an instance where it does not hold costs the weight. The expression is one of the cluster
query language about facts of the instance. It says what Kubernetes calls preferred node affinity, where a node scores the
weights of all terms that it matches (Kubernetes documentation, Assigning Pods to Nodes).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from solver.domain.counts import Bools
from solver.domain.placement import Placement
from solver.domain.problem import Problem
from solver.errors import InvalidRequest
from solver.query import evaluate, parse, reads_state
from solver.query.syntax import Expression
from solver.rules.argument import split, whole_number
from solver.rules.base import Cost, Counting, Reading
from solver.rules.model import Model, Sum

TYPE = "prefers"


@dataclass(frozen=True)
class Prefers(Cost):
    """``weight`` for each task of the owner where ``expression`` does not hold."""

    owner: int
    weight: int
    expression: Expression
    text: str

    @classmethod
    def parse(cls, owner: int, argument: str) -> Prefers:
        """Read ``weight, expression``.

        Raises
        ------
        InvalidRequest
            If the weight is not a whole number from 1, or the expression cannot be read or reads what a placement changes.
        """
        weight, text = split(argument, "WEIGHT, EXPRESSION", 2, 2)
        expression = parse(text)
        if reads_state(expression):
            remedy = "must not read task:group or runningTasksCount, which a placement changes"
            raise InvalidRequest.at("argument", f"expression is '{text}'", remedy)
        return cls(owner, whole_number(weight, "weight", 1, 10**6), expression, text)

    @property
    def name(self) -> str:
        return f"{TYPE}({self.weight}, {self.text})"

    @property
    def title(self) -> str:
        return f"tasks where it does not hold: {self.text}"

    def _away(self, problem: Problem) -> Bools:
        """``bool[I]``: where it does not hold."""
        return ~evaluate(self.expression, Placement(problem))

    def readings(self, problem: Problem) -> Iterable[Reading]:
        yield Reading.of_groups(problem, [self.owner], part=self._away(problem).astype(np.int64))

    def value(self, placement: Placement) -> int:
        return self.weight * int(placement.row(self.owner)[self._away(placement.problem)].sum())

    def compile(self, model: Model) -> Sum:
        return model.tasks_over([self.owner], np.flatnonzero(self._away(model.problem))) * self.weight

    def ceiling(self, problem: Problem) -> int:
        return self.weight * problem.most_tasks([self.owner])

    def bound(self, facts: Counting) -> int:
        """What is fixed there, and what does not fit where it holds."""
        away = self._away(facts.problem)
        here = int(np.minimum(facts.room[self.owner][~away], facts.least[self.owner]).sum())
        fixed = int(facts.base.row(self.owner)[away].sum())
        return self.weight * (fixed + max(int(facts.least[self.owner]) - here, 0))
