"""Which tiers a curve of budgets is about."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class Aim(Protocol):
    """A tier of a plan: its name, its value, and what no plan is below."""

    @property
    def name(self) -> str:
        """Such as ``consolidate/instances``."""

    @property
    def value(self) -> int:
        """Of the plan."""

    @property
    def bound(self) -> int:
        """Of every plan."""


def changing(budgets: Sequence[Sequence[Aim]]) -> list[int]:
    """The tiers that differ between budgets or are not proved, but for the moves themselves.

    Parameters
    ----------
    budgets
        The tiers of each, the same ones in the same order.
    """
    found = []
    for t, tier in enumerate(budgets[0]):
        differs = len({tiers[t].value for tiers in budgets}) > 1
        is_open = any(tiers[t].bound < tiers[t].value for tiers in budgets)
        if (differs or is_open) and not tier.name.startswith("moved"):
            found.append(t)
    return found
