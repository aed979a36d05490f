"""Curves: from rows, drawn with a seed, and what is wrong with rows."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from solver.errors import InvalidRequest, UnreadableDocument
from solver.scaling.curve import DAY, Daily, curve_of, curve_to_csv, read_curve

HEADER = ["minute", "service", "demand"]


def test_minutes_that_are_left_out_have_the_demand_before_them() -> None:
    """Columns stand in any order; the curve is as long as its last minute."""
    rows = [["service", "demand", "minute"], ["web", "10", "0"], ["api", "0.5", "0"], ["web", "20", "3"]]
    curve = curve_of(rows, "curve.csv", ["web", "api"])
    assert curve.demand["web"] == (10, 10, 10, 20)
    assert curve.demand["api"] == (Fraction(1, 2),) * 4 and curve.minutes == 4


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (["-1", "web", "5"], "line 3 minute: is '-1'"),
        (["20160", "web", "5"], "line 3 minute: is '20160'"),
        (["1", "web", "-5"], "line 3 demand: is '-5'"),
        (["1", "web", "nan"], "line 3 demand: is 'nan'"),
        (["1", "web", "1e9"], "line 3 demand: is '1e9'"),
        (["1", "other", "5"], "line 3 service: is 'other'; must be one of web"),
        (["0", "web", "5"], "line 3 minute: is 0 again for web"),
        (["1", "web"], "line 3: has 2 cells; must have 3"),
    ],
)
def test_a_row_that_is_wrong_is_told_with_its_line(row: list[str], message: str) -> None:
    """And with its column."""
    with pytest.raises(InvalidRequest, match=message):
        curve_of([HEADER, ["0", "web", "5"], row], "curve.csv", ["web"])


def test_a_service_without_a_beginning_and_other_columns_are_refused() -> None:
    """Minute 0 is there for each; the columns are the three."""
    with pytest.raises(InvalidRequest, match="no demand of api in minute 0"):
        curve_of([HEADER, ["0", "web", "5"]], "curve.csv", ["web", "api"])
    with pytest.raises(UnreadableDocument, match="has the columns a,b"):
        curve_of([["a", "b"]], "curve.csv", ["web"])


def test_a_day_has_its_peak_its_bounds_and_its_seed() -> None:
    """Without noise: the most at the peak, the least half a day from it. The same seed draws the same, another does not."""
    day = Daily(Fraction(100), Fraction(900), peak=600)
    row = day.drawn("web", DAY, 1)
    assert row[600] == max(row) == 900 and row[600 + 720] == min(row) == 100 and len(row) == DAY
    noisy = Daily(Fraction(100), Fraction(900), noise=Fraction(1, 10))
    assert noisy.drawn("web", 50, 1) == noisy.drawn("web", 50, 1) != noisy.drawn("web", 50, 2)
    assert noisy.drawn("web", 50, 1) != noisy.drawn("api", 50, 1)
    assert all(90 <= demand <= 990 for demand in noisy.drawn("web", DAY, 3))


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    """The curve is the same."""
    rows = [HEADER, ["0", "web", "5.25"], ["2", "web", "7"]]
    curve = curve_of(rows, "curve.csv", ["web"])
    path = tmp_path / "curve.csv"
    path.write_text(curve_to_csv(curve), encoding="utf-8")
    assert read_curve(path, ["web"]) == curve
