"""How much for how many moves: the best plan known under each of several budgets."""

from __future__ import annotations

from dataclasses import dataclass

from solver.domain.answer import Answer
from solver.domain.solution import TierResult


@dataclass(frozen=True, eq=False)
class CurvePoint:
    """One budget of moves, and the best plan within it.

    Parameters
    ----------
    max_moves
        The budget: tasks that may move.
    moves
        Tasks that the plan moves.
    tiers
        The plan under this budget, in order of importance: each bound holds for every plan within it.
    answer
        The answer that the plan is from; it may be one to a smaller or a larger budget.
    """

    max_moves: int
    moves: int
    tiers: tuple[TierResult, ...]
    answer: Answer

    @property
    def proven(self) -> bool:
        """Whether no plan within the budget is better."""
        return all(tier.proven for tier in self.tiers)
