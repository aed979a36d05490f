"""What is known of a scenario once it is answered: one row of a table."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum

from solver.domain.money import MILLIONTHS, decimal
from solver.domain.solution import TierResult


class Outcome(StrEnum):
    """What became of a scenario."""

    OPTIMAL = "OPTIMAL"
    FEASIBLE = "FEASIBLE"
    INFEASIBLE = "INFEASIBLE"
    NOT_FOUND = "NOT_FOUND"
    """These four are the status of an answer (``solver.domain.solution.Status``)."""
    FAILED = "FAILED"
    """There is no answer: the edits make no sense together, or the worker ended; ``reason`` says which."""


@dataclass(frozen=True)
class Tier:
    """One tier of the objective, as of ``TierResult``."""

    name: str
    title: str
    value: int
    bound: int
    proven: bool

    @classmethod
    def of(cls, tier: TierResult) -> Tier:
        """Of an answer."""
        return cls(tier.name, tier.title, tier.value, tier.bound, tier.proven)


@dataclass(frozen=True)
class Row:
    """One scenario and its outcome; everything but ``seconds`` repeats where the limits are deterministic.

    Parameters
    ----------
    reason
        Why there is no answer; empty where there is one.
    wanted, placed
        New tasks wanted, those of instances that are gone included, and how many of them are placed.
    missing
        Tasks that there should be and are not.
    short
        The groups that lack tasks, with how many.
    displaced, lost
        Tasks whose place the edits took, by plan and by failure.
    moved, stopped
        Tasks that the plan moves beside, and that it stops for good.
    unsurvived
        Losses after which some task has no place in the plan that was found for then; None where none is to be survived.
    instances, used
        Instances that there are, and those that hold tasks which are no DAEMON's.
    cost, used_cost
        Of all instances, and of those in use, for an hour in millionths of the currency; None where one has no price.
    tiers
        In order of importance.
    warnings
        What matters beside; those that the base has too are left out of a table.
    fingerprint
        Of the problem (§10.2).
    plan
        The plan as JSON, for a scenario whose plan is kept (``solver.formats.kept_plan``); in a file of its own, not in a table.
    """

    scenario: str
    status: Outcome
    reason: str = ""
    wanted: int = 0
    placed: int = 0
    missing: int = 0
    short: Mapping[str, int] | None = None
    displaced: int = 0
    lost: int = 0
    moved: int = 0
    stopped: int = 0
    unsurvived: int | None = None
    instances: int = 0
    used: int = 0
    cost: int | None = None
    used_cost: int | None = None
    tiers: tuple[Tier, ...] = ()
    warnings: tuple[str, ...] = ()
    fingerprint: str = ""
    seconds: float = 0.0
    plan: str = field(default="", compare=False, repr=False)

    @classmethod
    def failed(cls, scenario: str, reason: str) -> Row:
        """A scenario without an answer."""
        return cls(scenario, Outcome.FAILED, " ".join(reason.split()) or "no reason is known")

    @property
    def is_answered(self) -> bool:
        """Whether there is an answer."""
        return self.status is not Outcome.FAILED

    @property
    def proven(self) -> bool:
        """Whether every tier is proved."""
        return self.is_answered and all(tier.proven for tier in self.tiers)

    @property
    def shortfall_proven(self) -> bool:
        """Whether it is proved that no more tasks find a place, class by class."""
        return self.is_answered and all(tier.proven for tier in self.tiers if tier.name.startswith("unplaced"))

    def without_time(self) -> Row:
        """The row without what no two runs have alike."""
        return replace(self, seconds=0.0)


COLUMNS = tuple(one.name for one in fields(Row) if one.name != "plan")
"""Of a table of results, in order."""

_COUNTS = ("wanted", "placed", "missing", "displaced", "lost", "moved", "stopped", "instances", "used")
_COSTS = ("cost", "used_cost")


def to_cells(row: Row) -> list[str]:
    """The row as text, column by column; no cell holds a line break. Costs are in the currency."""
    cells = {name: str(getattr(row, name)) for name in _COUNTS}
    cells |= {name: "" if getattr(row, name) is None else decimal(getattr(row, name)) for name in _COSTS}
    tiers = [[tier.name, tier.title, tier.value, tier.bound, tier.proven] for tier in row.tiers]
    cells |= {
        "scenario": row.scenario,
        "status": row.status.value,
        "reason": row.reason,
        "unsurvived": "" if row.unsurvived is None else str(row.unsurvived),
        "short": json.dumps(dict(row.short or {}), ensure_ascii=False) if row.short else "",
        "tiers": json.dumps(tiers, ensure_ascii=False) if tiers else "",
        "warnings": json.dumps(list(row.warnings), ensure_ascii=False) if row.warnings else "",
        "fingerprint": row.fingerprint,
        "seconds": f"{row.seconds:.3f}",
    }
    return [cells[name] for name in COLUMNS]


def from_cells(cells: Sequence[str]) -> Row:
    """The row of such cells.

    Raises
    ------
    ValueError
        If they are no row.
    """
    if len(cells) != len(COLUMNS):
        raise ValueError(f"has {len(cells)} columns in place of {len(COLUMNS)}")
    cell = dict(zip(COLUMNS, cells, strict=True))
    short = json.loads(cell["short"]) if cell["short"] else None
    tiers = tuple(
        Tier(str(name), str(title), int(value), int(bound), bool(proven))
        for name, title, value, bound, proven in (json.loads(cell["tiers"]) if cell["tiers"] else ())
    )
    warnings = tuple(str(text) for text in (json.loads(cell["warnings"]) if cell["warnings"] else ()))
    counts = {name: int(cell[name]) for name in _COUNTS}
    cost, used_cost = (None if cell[name] == "" else round(float(cell[name]) * MILLIONTHS) for name in _COSTS)
    return Row(
        scenario=cell["scenario"],
        status=Outcome(cell["status"]),
        reason=cell["reason"],
        unsurvived=None if cell["unsurvived"] == "" else int(cell["unsurvived"]),
        short=None if short is None else {str(name): int(count) for name, count in short.items()},
        cost=cost,
        used_cost=used_cost,
        tiers=tiers,
        warnings=warnings,
        fingerprint=cell["fingerprint"],
        seconds=float(cell["seconds"]),
        plan="",
        **counts,
    )
