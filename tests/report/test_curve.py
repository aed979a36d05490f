"""A curve in a terminal, as a picture, as CSV and as JSON."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from solver.curves import curve
from solver.domain.curve import CurvePoint
from solver.domain.request import Limits
from solver.errors import InvalidRequest
from solver.formats.curve import curve_to_csv, curve_to_json
from solver.report.curve import curve_picture, draw_curve, show_curve
from tests.test_curves import crowded


@pytest.fixture(scope="module")
def points() -> tuple[CurvePoint, ...]:
    return curve(crowded(), Limits(time_limit=60, workers=1))


def shown(points: tuple[CurvePoint, ...], warnings: tuple[str, ...] = (), width: int = 80) -> str:
    out = io.StringIO()
    show_curve(points, warnings, Console(file=out, width=width, highlight=False))
    return out.getvalue()


def test_a_row_a_budget_with_the_tiers_that_change(points: tuple[CurvePoint, ...]) -> None:
    """Tiers by letter, named below; the number of moves has its own column."""
    text = shown(points, ("a warning",))
    assert text.splitlines()[0] == "What up to 8 moves gain; every row is proved"
    assert [line.split() for line in text.splitlines()[4:10]] == [
        ["0", "0", "36", "yes"], ["1", "1", "26", "yes"], ["2", "2", "18", "yes"],
        ["3", "3", "12", "yes"], ["5", "4", "10", "yes"], ["8", "4", "10", "yes"],
    ]  # fmt: skip
    assert "  A unevenness (sum of squares) (1/spread/evenness)" in text and "  - a warning" in text
    assert all(line == line.rstrip() for line in text.splitlines())


def test_bounds_stand_in_brackets_where_a_row_is_not_proved(points: tuple[CurvePoint, ...]) -> None:
    """Beside the value; the row says that it is not proved."""
    tiers = tuple(replace(tier, bound=tier.value // 2, proven=False) for tier in points[1].tiers)
    text = shown((points[0], replace(points[1], tiers=tiers), *points[2:]))
    assert text.splitlines()[0] == "What up to 8 moves gain; where a row is not proved, bounds stand in brackets"
    assert text.splitlines()[5].split() == ["1", "1", "(0)", "26", "(13)", "no"]


def test_a_table_is_no_wider_than_the_terminal(points: tuple[CurvePoint, ...]) -> None:
    """The most important tiers stay, and the number of the others is told."""
    many = tuple(replace(point, tiers=(*point.tiers[1:2] * 30,)) for point in points)
    lines = shown(many).splitlines()
    assert max(map(len, lines)) <= 80 and any(line.endswith("more (-o csv has them)") for line in lines)


def test_a_curve_that_gains_nothing_says_so(points: tuple[CurvePoint, ...]) -> None:
    """No tier differs between its rows."""
    assert "No budget gains anything" in shown(points[-2:])


def test_a_row_a_budget_as_csv(points: tuple[CurvePoint, ...]) -> None:
    """Value, bound and proof of every tier."""
    first, *rows = csv.reader(io.StringIO(curve_to_csv(points)))
    assert first[:3] == ["max_moves", "moves", "proven"] and len(first) == 3 + 3 * len(points[0].tiers)
    at = first.index("1/spread/evenness value")
    assert [(row[0], row[1], row[at], row[at + 1], row[at + 2]) for row in rows][4] == ("5", "4", "10", "10", "yes")


def test_a_point_a_budget_as_json(points: tuple[CurvePoint, ...]) -> None:
    """As an answer has its tiers."""
    found = json.loads(curve_to_json(points))["points"]
    assert [point["maxMoves"] for point in found] == ["0", "1", "2", "3", "5", "8"]
    assert found[1]["moves"] == "1" and found[1]["proven"] is True
    assert found[1]["tiers"][1] == {
        "name": "1/spread/evenness", "title": "unevenness (sum of squares)", "value": "26", "bound": "26",
        "proven": True, "source": points[1].tiers[1].source, "remark": "largest skew 5",
    }  # fmt: skip


def test_a_picture_of_the_kind_that_its_name_says(points: tuple[CurvePoint, ...], tmp_path: Path) -> None:
    """The same curve gives the same bytes; another ending is refused."""
    draw_curve(points, tmp_path / "a.png")
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    assert curve_picture(points, "svg") == curve_picture(points, "svg")
    assert curve_picture(points[-1:], "svg")
    with pytest.raises(InvalidRequest, match=r"\.svg or \.png"):
        draw_curve(points, tmp_path / "a.gif")
