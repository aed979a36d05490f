"""How many tasks may move."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from solver.domain.counts import LARGEST_SUM
from solver.errors import Fault, InvalidRequest, require
from solver.whatif.asked import Asked
from solver.whatif.edits.base import Edit
from solver.whatif.node import Node
from solver.whatif.question import Place


@dataclass(frozen=True)
class MoveBudget(Edit):
    """Another budget of moves. Tasks whose place an edit took count in none.

    Parameters
    ----------
    moves
        Tasks that may move; None for as many as must.
    cost
        The sum of their move costs; None for any.
    """

    NAME: ClassVar[str] = "move_budget"
    moves: int | None = None
    cost: int | None = None

    @classmethod
    def read(cls, node: Node) -> MoveBudget:
        """``10``, or ``{moves: 10, cost: 50}``."""
        if not isinstance(node.value, dict):
            return cls(node.whole())
        fields = node.mapping(("moves", "cost"))
        found = {name: fields[name].whole() for name in fields if fields[name].value is not None}
        return cls(found.get("moves"), found.get("cost"))

    def applied_to(self, asked: Asked) -> Asked:
        """The question with the budget."""
        if isinstance(asked.question, Place):
            raise InvalidRequest.at("", "stands beside ask: place, which moves nothing", "ask: reconcile")
        require(
            Fault(name, f"is {number:,}", f"must be 0 to {LARGEST_SUM:,}")
            for name, number in (("moves", self.moves), ("cost", self.cost))
            if number is not None and not 0 <= number <= LARGEST_SUM
        )
        return replace(asked, question=replace(asked.question, max_moves=self.moves, max_move_cost=self.cost))
