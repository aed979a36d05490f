"""The edits that a scenario is made of, one file a kind; ``EDITS`` is the list of their names in YAML."""

from __future__ import annotations

from solver.whatif.edits.addition import AddInstances
from solver.whatif.edits.base import Edit
from solver.whatif.edits.budget import MoveBudget
from solver.whatif.edits.counts import Scale, SetCount
from solver.whatif.edits.demands import ChangeDemand
from solver.whatif.edits.prices import SetPrices
from solver.whatif.edits.removal import LoseInstances, LoseZone, RemoveInstances
from solver.whatif.edits.retyping import ChangeType
from solver.whatif.edits.rules import AddRule, AlterRule, DropRule
from solver.whatif.edits.selection import Instances
from solver.whatif.edits.strategies import SetStrategies
from solver.whatif.edits.survival import Survive

KINDS: tuple[type[Edit], ...] = (
    AddInstances,
    RemoveInstances,
    LoseInstances,
    LoseZone,
    ChangeType,
    Scale,
    SetCount,
    ChangeDemand,
    AddRule,
    DropRule,
    AlterRule,
    SetStrategies,
    SetPrices,
    MoveBudget,
    Survive,
)

EDITS: dict[str, type[Edit]] = {kind.NAME: kind for kind in KINDS}
"""By the name in YAML."""

__all__ = [
    "EDITS",
    "AddInstances",
    "AddRule",
    "AlterRule",
    "ChangeDemand",
    "ChangeType",
    "DropRule",
    "Edit",
    "Instances",
    "LoseInstances",
    "LoseZone",
    "MoveBudget",
    "RemoveInstances",
    "Scale",
    "SetCount",
    "SetPrices",
    "SetStrategies",
    "Survive",
]
