"""The table of scenarios: what each cell says, and by what it is sorted; and the tasks without a place as bars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from solver.domain.money import MILLIONTHS
from solver.report.page.blocks import Bar, Bars, Part
from solver.report.what_if import answer_of
from solver.whatif.analysis import Analysis
from solver.whatif.row import Row
from solver.whatif.scenario import BASE

MOST_BARS = 24
MOST_DIFFERENCES = 3
"""Tiers that a row names, the most important first."""


@dataclass(frozen=True)
class Cell:
    """What a cell says, and the number by which it is sorted; empty for text."""

    text: str
    number: str = ""


@dataclass(frozen=True)
class Line:
    """A scenario: ``kind`` is ``base``, ``good``, ``short`` or ``failed``, by which rows are filtered."""

    name: str
    kind: str
    answer: str
    plan: str
    cells: Sequence[Cell]


@dataclass(frozen=True)
class Scenarios:
    """The table: the heads of ``Line.cells``, and a line a scenario."""

    head: Sequence[str]
    lines: Sequence[Line]


def scenarios(analysis: Analysis, plans: Mapping[str, str]) -> Scenarios:
    """The table of an analysis.

    Parameters
    ----------
    plans
        Where in the page the plan of a scenario is, for those that are there.
    """
    priced = any(row.cost is not None for row in analysis.rows)
    surviving = any(row.unsurvived is not None for row in analysis.rows)
    head = ["gone", "wanted", "placed", "missing", "moved", "in use", "instances"]
    head += ["losses not survived"] if surviving else []
    head += ["an hour", "an hour, in use"] if priced else []
    lines = [_line(analysis, row, plans.get(row.scenario, ""), surviving, priced) for row in analysis.rows]
    return Scenarios([*head, "what differs from the base", "seconds"], lines)


def _line(analysis: Analysis, row: Row, plan: str, surviving: bool, priced: bool) -> Line:
    base = analysis.base
    if not row.is_answered:
        blank = [Cell("")] * (7 + surviving + 2 * priced)
        return Line(row.scenario, "failed", answer_of(row), plan, [*blank, Cell(row.reason), _seconds(row)])
    known = base if base is not None and base.is_answered and row.scenario != BASE else None
    cells = [Cell(f"{row.displaced + row.lost:,}", str(row.displaced + row.lost))]
    for name in ("wanted", "placed", "missing", "moved", "used", "instances"):
        cells.append(_number(getattr(row, name), None if known is None else getattr(known, name)))
    if surviving:
        cells.append(Cell("") if row.unsurvived is None else Cell(f"{row.unsurvived:,}", str(row.unsurvived)))
    if priced:
        cells += [_cost(row.cost), _cost(row.used_cost)]
    kind = (
        "base" if row.scenario == BASE else "short" if row.missing > (0 if base is None else base.missing) else "good"
    )
    return Line(row.scenario, kind, answer_of(row), plan, [*cells, Cell(_differs(analysis, row)), _seconds(row)])


def _number(value: int, before: int | None) -> Cell:
    change = 0 if before is None else value - before
    return Cell(f"{value:,} ({change:+,})" if change else f"{value:,}", str(value))


def _cost(value: int | None) -> Cell:
    return Cell("") if value is None else Cell(f"{value / MILLIONTHS:,.3f}", f"{value / MILLIONTHS:.6f}")


def _seconds(row: Row) -> Cell:
    return Cell(f"{row.seconds:.2f}", f"{row.seconds:.3f}")


def _differs(analysis: Analysis, row: Row) -> str:
    """The first tiers that differ, and what lacks tasks."""
    said = []
    if row.scenario != BASE and analysis.base is not None:
        changes = [change for change in analysis.changes(row.scenario) if change.difference]
        said = [
            f"{change.title}: {change.before.value:,} → {change.after.value:,}"
            for change in changes[:MOST_DIFFERENCES]
            if change.before is not None and change.after is not None
        ]
        more = len(changes) - len(said)
        said += [f"{more:,} more"] if more else []
    short = ", ".join(f"{count:,} of {name}" for name, count in (row.short or {}).items())
    return "; ".join([*([f"missing {short}"] if short else []), *said])


def bars(analysis: Analysis) -> Bars | None:
    """The tasks without a place by scenario, the most first; None where none is missing anywhere."""
    rows = [row for row in analysis.rows if row.is_answered and row.missing]
    if not rows:
        return None
    rows = sorted(rows, key=lambda row: -row.missing)[:MOST_BARS]
    most = rows[0].missing
    return Bars(
        f"Tasks without a place{f', the {MOST_BARS} scenarios with most' if len(rows) == MOST_BARS else ''}",
        [],
        [
            Bar(
                row.scenario,
                [Part(100 * row.missing / most, 1, f"{row.scenario}: {row.missing:,} missing")],
                f"{row.missing:,}" + ("" if row.shortfall_proven else ", not proved that no more fit"),
            )
            for row in rows
        ],
    )
