"""What an engine found: counts, and for each tier the value, the bound and whether it is proved (§6.1)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from solver.domain.counts import Counts


class Status(Enum):
    """What is known of the answer (§6.1); why the search stopped is kept apart, in ``Stop``."""

    OPTIMAL = "OPTIMAL"
    """Every tier is proved."""
    FEASIBLE = "FEASIBLE"
    """A checked plan; some tier is not proved."""
    INFEASIBLE = "INFEASIBLE"
    """``all_or_nothing``, and proved impossible."""
    NOT_FOUND = "NOT_FOUND"
    """``all_or_nothing``, and nothing found in the time given."""


class Stop(Enum):
    """Why the search stopped."""

    PROVED = "PROVED"
    TIME = "TIME"
    CANCELLED = "CANCELLED"
    ENGINE_DONE = "ENGINE_DONE"
    """The engine that was asked for has nothing more to try."""


@dataclass(frozen=True)
class TierResult:
    """One tier of the objective.

    Parameters
    ----------
    value
        The plan's cost.
    bound
        No plan whose earlier tiers are at or below the values here costs less (§6.2).
    proven
        ``value == bound`` and every earlier tier is proven.
    source
        Where the bound comes from: ``counting``, ``model``, ``relaxation``.
    sequential
        What the sequential scheduler's plan costs.
    remark
        What people read beside the value, such as the largest skew (§4.1).
    """

    name: str
    title: str
    value: int
    bound: int
    proven: bool
    source: str
    sequential: int
    remark: str = ""


@dataclass(frozen=True, eq=False)
class Solution:
    """Counts after the operation and what is known of them; ``tasks`` is the state before where nothing was found."""

    status: Status
    stop: Stop
    tasks: Counts
    tiers: tuple[TierResult, ...]
    engine: str
