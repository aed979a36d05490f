"""The rows of a run side by side: each beside the base, tier by tier, and as pandas frames."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from solver.domain.money import MILLIONTHS
from solver.whatif.row import Row, Tier
from solver.whatif.scenario import BASE

COMPARED = ("missing", "moved", "instances", "used", "cost", "used_cost")
"""Columns of which the difference from the base stands beside."""


@dataclass(frozen=True)
class TierChange:
    """One tier of a scenario beside the base's.

    Parameters
    ----------
    before, after
        Of the base and of the scenario; None where one of them has no such tier.
    """

    name: str
    title: str
    before: Tier | None
    after: Tier | None

    @property
    def difference(self) -> int | None:
        """How much more the scenario's value is; None where one of the two has none."""
        return None if self.before is None or self.after is None else self.after.value - self.before.value

    @property
    def proven(self) -> bool:
        """Whether both values are proved."""
        return self.before is not None and self.after is not None and self.before.proven and self.after.proven


def tier_changes(base: Row, row: Row) -> tuple[TierChange, ...]:
    """The tiers of two rows by name, in the order of importance: the scenario's, then those that the base alone has."""
    before = {tier.name: tier for tier in base.tiers}
    after = {tier.name: tier for tier in row.tiers}
    both = [*after.values(), *(tier for name, tier in before.items() if name not in after)]
    return tuple(TierChange(tier.name, tier.title, before.get(tier.name), after.get(tier.name)) for tier in both)


def first_difference(base: Row, row: Row) -> TierChange | None:
    """The most important tier that both have and in which they differ; None where there is none."""
    return next((change for change in tier_changes(base, row) if change.difference), None)


@dataclass(frozen=True)
class Analysis:
    """What a run found.

    Parameters
    ----------
    rows
        The base first, then the scenarios in their order; those of an interrupted run that are answered.
    total
        Scenarios of the run, the base included.
    is_whole
        Whether each has its row.
    retried
        Scenarios that an earlier run had no answer to, and that this one answered once more; None where it was not asked to.
    """

    rows: tuple[Row, ...]
    total: int
    is_whole: bool = True
    retried: tuple[str, ...] | None = None

    @cached_property
    def by_name(self) -> dict[str, Row]:
        """The rows by scenario."""
        return {row.scenario: row for row in self.rows}

    @property
    def base(self) -> Row | None:
        """The row of the cluster as it is; None where it is not answered."""
        return self.by_name.get(BASE)

    @property
    def failed(self) -> tuple[Row, ...]:
        """The rows without an answer."""
        return tuple(row for row in self.rows if not row.is_answered)

    def changes(self, scenario: str) -> tuple[TierChange, ...]:
        """The tiers of a scenario beside the base's.

        Raises
        ------
        KeyError
            If there is no such row.
        """
        return tier_changes(self.base or self.by_name[scenario], self.by_name[scenario])

    def frame(self) -> pd.DataFrame:
        """One row a scenario, indexed by name: the columns of a table of results, and ``NAME_change`` beside the base.

        Costs are in the currency; a row without an answer has no numbers. ``first_change`` names the most important tier that
        differs from the base, ``first_change_by`` says by how much.
        """
        found = results_frame(self.rows).set_index("scenario")
        found["warnings"] = [", ".join(self.own_warnings(row)) for row in self.rows]
        base = self.base
        if base is None or not base.is_answered:
            return found.drop(columns="tiers")
        for name in COMPARED:
            found[f"{name}_change"] = _differences(self.rows, base, name)
        first = [first_difference(base, row) if row.is_answered else None for row in self.rows]
        found["first_change"] = [None if change is None else change.title for change in first]
        by = [None if change is None else change.difference for change in first]
        found["first_change_by"] = pd.array(by, dtype="Int64")
        return found.drop(columns="tiers")

    def tiers_frame(self) -> pd.DataFrame:
        """One row a scenario and tier, in the order of importance, beside the base's value."""
        columns = ["scenario", "tier", "title", "value", "bound", "proven", "base", "change"]
        found = pd.DataFrame(list(self._tiers()), columns=columns)
        return found.astype({name: "Int64" for name in ("value", "bound", "base", "change")})

    def _tiers(self) -> Iterator[tuple[object, ...]]:
        for row in self.rows:
            for change in self.changes(row.scenario) if row.is_answered else ():
                after, before = change.after, change.before
                cells = (None, None, False) if after is None else (after.value, after.bound, after.proven)
                value = None if before is None else before.value
                yield row.scenario, change.name, change.title, *cells, value, change.difference

    def own_warnings(self, row: Row) -> tuple[str, ...]:
        """The warnings of a row that the base does not have."""
        known = set() if self.base is None or row.scenario == BASE else set(self.base.warnings)
        return tuple(warning for warning in row.warnings if warning not in known)


def _differences(rows: Iterable[Row], base: Row, name: str) -> pd.api.extensions.ExtensionArray:
    """How much more each row has than the base; costs in the currency, missing where there is nothing to compare."""
    before = getattr(base, name)
    pairs = [(getattr(row, name) if row.is_answered else None, before) for row in rows]
    found = [None if None in pair else pair[0] - pair[1] for pair in pairs]
    if name in ("cost", "used_cost"):
        return pd.array([None if value is None else value / MILLIONTHS for value in found], dtype="Float64")
    return pd.array(found, dtype="Int64")


def results_frame(rows: Iterable[Row]) -> pd.DataFrame:
    """The rows as a frame: numbers as numbers, missing where there is no answer; lists as text, costs in the currency."""
    from solver.whatif.row import COLUMNS, to_cells

    listed = list(rows)
    cells = [dict(zip(COLUMNS, to_cells(row), strict=True)) for row in listed]
    found = pd.DataFrame(cells, columns=list(COLUMNS))
    answered = [row.is_answered for row in listed]
    for name in (
        "wanted",
        "placed",
        "missing",
        "displaced",
        "lost",
        "moved",
        "stopped",
        "unsurvived",
        "instances",
        "used",
    ):
        numbers = [getattr(row, name) if there else None for row, there in zip(listed, answered, strict=True)]
        found[name] = pd.array(numbers, dtype="Int64")
    for name in ("cost", "used_cost"):
        costs = [None if getattr(row, name) is None else getattr(row, name) / MILLIONTHS for row in listed]
        found[name] = pd.array(costs, dtype="Float64")
    found["seconds"] = [row.seconds for row in listed]
    return found
