"""A simulation of scaling as pictures: what changes minute by minute, a line for each set of rules."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from solver.errors import Fault, InvalidRequest
from solver.report.page.blocks import Table
from solver.report.page.scale import Scale
from solver.report.scaling import TITLES
from solver.scaling.timeline import COLUMNS, SUMMARY

TIMELINE, SUMMARY_FILE = "timeline.csv", "summary.csv"

WIDTH, HEIGHT = 360.0, 150.0
LEFT, RIGHT, TOP, BOTTOM = 40.0, 352.0, 8.0, 128.0
"""Where the drawing's amounts are, in its units."""

MOST_SERVICES = 12
"""Services with a picture of their own: those with the most tasks."""

MOST_ROWS = 20_000_000
DAY, HOUR = 1440, 60


@dataclass(frozen=True)
class Series:
    """A line: the points of an SVG polyline, and its steps, ``[minute, amount]`` each, as JSON for who points at it."""

    legend: int
    name: str
    points: str
    steps: str


@dataclass(frozen=True)
class Chart:
    """One picture; ``first`` and ``last`` are its minutes."""

    title: str
    text: str
    first: int
    last: int
    x_ticks: Sequence[tuple[float, str]]
    y_ticks: Sequence[tuple[float, str]]
    series: Sequence[Series]


@dataclass(frozen=True)
class Timeline:
    """What a folder of ``simulate-scaling`` holds.

    Parameters
    ----------
    summary
        A row of text for each set of rules, by column.
    rows
        Of the timeline, by column; numbers where ``amount`` finds them.
    """

    summary: Sequence[Mapping[str, str]]
    rows: Sequence[Mapping[str, str]]


@dataclass(frozen=True)
class ShownTimeline:
    """A simulation as the page has it."""

    sentences: Sequence[str]
    summary: Table
    charts: Sequence[Chart]


def read_timeline(folder: Path) -> Timeline:
    """The files of a simulation.

    Raises
    ------
    InvalidRequest
        If one is missing, has other columns, or a cell is no number: with every fault of the first ones.
    """
    faults: list[Fault] = []
    summary = _rows(folder / SUMMARY_FILE, SUMMARY, faults)
    rows = _rows(folder / TIMELINE, COLUMNS, faults)
    for at, row in enumerate(rows):
        for column in COLUMNS:
            if column not in ("rules", "kind", "name") and row[column] and amount(row, column) is None:
                where = f"{folder / TIMELINE}: row {at + 1}, {column}"
                faults.append(Fault(where, f"is '{row[column][:40]}'", "must be a number"))
        if len(faults) > 10:
            break
    if not rows and not faults:
        faults.append(Fault(str(folder / TIMELINE), "has no row", "have simulate-scaling write it again"))
    if faults:
        raise InvalidRequest(faults)
    return Timeline(summary, rows)


def _rows(path: Path, columns: Sequence[str], faults: list[Fault]) -> list[dict[str, str]]:
    remedy = "have simulate-scaling write it again"
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            if tuple(reader.fieldnames or ()) != tuple(columns):
                faults.append(Fault(str(path), f"has not the columns {', '.join(columns)}", remedy))
                return []
            found = [dict(row) for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as failed:
        what = getattr(failed, "strerror", None) or str(failed)
        faults.append(Fault(str(path), f"cannot be read ({what})", remedy))
        return []
    short = next((k for k, row in enumerate(found) if None in row or None in row.values()), None)
    if short is not None:
        faults.append(Fault(f"{path}: row {short + 1}", f"has not {len(columns)} cells", remedy))
        return []
    return found


def amount(row: Mapping[str, str], column: str) -> float | None:
    """The number of a cell; None where it is empty or no number."""
    text = row[column]
    try:
        found = float(text) if text and set(text) <= set("0123456789.-") else None
    except ValueError:
        found = None
    return found


def shown_timeline(timeline: Timeline) -> ShownTimeline:
    """What the page says and draws of a simulation."""
    rules = list(dict.fromkeys(row["rules"] for row in timeline.rows))
    return ShownTimeline(list(_sentences(timeline.summary)), _summary(timeline.summary), list(_charts(timeline, rules)))


def _sentences(summary: Sequence[Mapping[str, str]]) -> Iterable[str]:
    for row in summary:
        name = TITLES.get(row["rules"], row["rules"])
        yield (
            f"By {name}: {shown('cost', row)} in all, {shown('unplaced', row)} task-minutes unplaced of "
            f"{shown('wanted', row)} wanted, {shown('moved', row)} tasks moved, at most {shown('most_instances', row)} instances."
        )


def shown(name: str, row: Mapping[str, str]) -> str:
    """A sum as people write it: money with two decimals, thousands apart."""
    value = amount(row, name)
    if value is None:
        return row[name]
    return f"{value:,.2f}" if name == "cost" else f"{value:,.0f}"


def _summary(summary: Sequence[Mapping[str, str]]) -> Table:
    heads = [name.replace("_", " ") for name in SUMMARY]
    rows = [[TITLES.get(row["rules"], row["rules"]), *(shown(name, row) for name in SUMMARY[1:])] for row in summary]
    return Table("The sums, by set of rules", heads, rows)


def _charts(timeline: Timeline, rules: Sequence[str]) -> Iterable[Chart]:
    wholes = (
        ("Instances that take tasks", "provider", "running"),
        ("What all instances cost an hour", "cluster", "price"),
        ("Tasks that wait for a place", "service", "waiting"),
    )
    for title, kind, column in wholes:
        rows = [row for row in timeline.rows if row["kind"] == kind]
        yield _chart(title, [(k, TITLES.get(one, one), _sums(rows, one, column)) for k, one in enumerate(rules)])
    services = [row for row in timeline.rows if row["kind"] == "service"]
    most: dict[str, float] = {}
    for row in services:
        most[row["name"]] = max(most.get(row["name"], 0), amount(row, "running") or 0)
    for name in sorted(most, key=lambda one: (-most[one], one))[:MOST_SERVICES]:
        own = [row for row in services if row["name"] == name]
        lines = [(k, TITLES.get(one, one), _sums(own, one, "running")) for k, one in enumerate(rules)]
        yield _chart(f"{name}: tasks that run", lines)


def _sums(rows: Sequence[Mapping[str, str]], rules: str, column: str) -> dict[int, float]:
    """By minute, the sum over the rows of one set of rules."""
    found: dict[int, float] = {}
    for row in rows:
        value = amount(row, column)
        if row["rules"] == rules and value is not None:
            minute = int(row["minute"])
            found[minute] = found.get(minute, 0) + value
    return found


def _chart(title: str, lines: Sequence[tuple[int, str, dict[int, float]]]) -> Chart:
    minutes = [minute for _, _, amounts in lines for minute in amounts] or [0]
    values = [value for _, _, amounts in lines for value in amounts.values()] or [0.0]
    first, last = min(minutes), max(minutes)
    across = Scale(first, max(last, first + 1), LEFT, RIGHT)
    up = Scale(0.0, max(*values, 1e-9) * 1.08 if max(values) else 1.0, BOTTOM, TOP)
    series = [_series(legend, name, amounts, across, up) for legend, name, amounts in lines]
    said = [f"{name}: {_span(amounts)}" for _, name, amounts in lines]
    return Chart(
        title,
        f"{title}, minute {first:,} to {last:,}. {'; '.join(said)}.",
        first,
        last,
        [(across.at(minute), _clock(minute, last - first)) for minute in _minutes(first, last)],
        up.ticks(lambda one: f"{one:,.6g}", whole=max(values) >= 5),
        series,
    )


def _series(legend: int, name: str, amounts: Mapping[int, float], across: Scale, up: Scale) -> Series:
    """A step line: a minute has its amount until the next one begins."""
    steps: list[tuple[int, float]] = []
    for minute in sorted(amounts):
        if not steps or amounts[minute] != steps[-1][1]:
            steps.append((minute, amounts[minute]))
    corners: list[tuple[float, float]] = []
    for minute, value in steps:
        x, y = across.at(minute), up.at(value)
        corners += [(x, corners[-1][1])] if corners else []
        corners.append((x, y))
    if corners:
        corners.append((RIGHT, corners[-1][1]))
    shown = [[minute, int(value) if value == int(value) else value] for minute, value in steps]
    return Series(legend, name, " ".join(f"{x:g},{y:g}" for x, y in corners), json.dumps(shown, separators=(",", ":")))


def _span(amounts: Mapping[int, float]) -> str:
    if not amounts:
        return "nothing"
    return f"from {min(amounts.values()):,.6g} to {max(amounts.values()):,.6g}"


def _minutes(first: int, last: int) -> list[int]:
    """Round minutes: hours of a day, days of a longer time."""
    span = last - first
    steps = (
        5,
        10,
        15,
        30,
        HOUR,
        2 * HOUR,
        3 * HOUR,
        4 * HOUR,
        6 * HOUR,
        12 * HOUR,
        DAY,
        2 * DAY,
        7 * DAY,
        14 * DAY,
        28 * DAY,
    )
    step = next((one for one in steps if span <= 6 * one), max(span // 6, 1))
    return list(range(-(-first // step) * step, last + 1, step))


def _clock(minute: int, span: int) -> str:
    if span > 3 * DAY:
        return f"day {minute // DAY}"
    return f"{minute // HOUR}:{minute % HOUR:02}"
