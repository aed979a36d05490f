"""``reserve``: keep an amount of a resource free on each instance of a selection (§3.9; ours).

Written ``resource, amount`` or ``resource, amount, expression``: ``reserve("memory, 512, attribute:stack == prod")``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from solver.domain.counts import Ints
from solver.domain.placement import Placement
from solver.domain.problem import Problem
from solver.errors import InvalidRequest
from solver.query import evaluate, parse, reads_state
from solver.query.syntax import Expression
from solver.rules.argument import split, whole_number

TYPE = "reserve"


@dataclass(frozen=True)
class Reserve:
    """``amount`` of ``resource`` stays free where ``selection`` holds; everywhere if there is none."""

    resource: str
    amount: int
    selection: Expression | None

    @classmethod
    def parse(cls, argument: str) -> Reserve:
        """Read the argument.

        Raises
        ------
        InvalidRequest
            If it is not ``resource, amount[, expression]``, or the expression reads what a placement changes.
        """
        parts = split(argument, "RESOURCE, AMOUNT or RESOURCE, AMOUNT, EXPRESSION", 2, 3)
        selection = parse(parts[2]) if len(parts) == 3 else None
        if selection is not None and reads_state(selection):
            remedy = "must not read task:group or runningTasksCount, which a placement changes"
            raise InvalidRequest.at("argument", f"expression is '{parts[2]}'", remedy)
        return cls(parts[0], whole_number(parts[1], "amount", 0, 2**53), selection)

    def held(self, problem: Problem) -> Ints:
        """``int64[I]``: what stays free on each instance."""
        everywhere = np.ones(problem.cluster.size, np.bool_)
        selected = everywhere if self.selection is None else evaluate(self.selection, Placement(problem))
        return np.where(selected, self.amount, 0)
