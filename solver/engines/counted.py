"""The first tiers of a request: what is missing, stopped for others or moved, before any that looks at where tasks are."""

from __future__ import annotations

from solver.rules.bound import Rules
from solver.rules.moved import Moved
from solver.rules.unplaced import Preempted, Unplaced

CountedTier = Preempted | Unplaced | Moved


def counted_tiers(rules: Rules) -> tuple[CountedTier, ...]:
    """All tiers before the first of another kind."""
    found: list[CountedTier] = []
    for cost in rules.tiers:
        if not isinstance(cost, CountedTier):
            break
        found.append(cost)
    return tuple(found)
