"""What is known of an answer while the search goes on."""

from __future__ import annotations

from dataclasses import dataclass

from solver.domain.counts import Counts
from solver.domain.problem import Problem
from solver.domain.solution import TierResult


@dataclass(frozen=True, eq=False)
class Progress:
    """The best plan so far, and its tiers.

    Parameters
    ----------
    tasks
        After the operation; checked.
    tiers
        What is known of each, the bounds as they are at this moment.
    seconds
        Since the call began, by the clock of whoever answers.
    is_new
        Whether the plan is another than the last one; otherwise only bounds have changed.
    """

    problem: Problem
    tasks: Counts
    tiers: tuple[TierResult, ...]
    seconds: float
    is_new: bool
