"""``pareto``: what it prints, what it keeps, and what it ends with."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from tests.cli.conftest import Run

QUICK = ("--max-moves", "2", "--group", "web", "--time-limit", "20s", "--workers", "1")


def test_a_table_for_people(run: Run, tables: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A row a point, within 80 columns: two tasks of web beside each other are moved apart or stay."""
    monkeypatch.setenv("COLUMNS", "80")
    answer = run("pareto", tables, *QUICK)
    assert answer.exit_code == 0, answer.stderr
    lines = answer.stdout.splitlines()
    assert lines[0] == "2 points of cost against moves against skew: proved, and no other is missing"
    assert max(map(len, lines)) <= 80 and not any(line.endswith(" ") for line in lines)
    assert [line.split() for line in lines if line.endswith(("point-01", "point-02"))] == [
        ["1", "2", "0", "2", "yes", "point-01"],
        ["2", "3", "1", "0", "yes", "point-02"],
    ]


def test_json_and_csv_have_the_same_points(run: Run, tables: Path) -> None:
    """Values, bounds and proofs."""
    found = json.loads(run("pareto", tables, *QUICK, "-o", "json").stdout)
    rows = list(csv.DictReader(io.StringIO(run("pareto", tables, *QUICK, "-o", "csv").stdout)))
    assert [axis["name"] for axis in found["axes"]] == ["cost", "moves", "skew"]
    assert [point["values"] for point in found["points"]] == [
        [int(row[name]) for name in ("cost", "moves", "skew")] for row in rows
    ]
    assert [row["proven"] for row in rows] == ["yes", "yes"] and found["proven"]


def test_prices_are_dollars(run: Run, tables: Path) -> None:
    """As they were written."""
    prices = ("--price", "m5.large=0.096", "--price", "m5.xlarge=0.192")
    found = json.loads(run("pareto", tables, *QUICK, *prices, "-o", "json").stdout)
    assert [point["values"][0] for point in found["points"]] == [0.288, 0.384]


def test_a_folder_keeps_every_plan(run: Run, tables: Path, tmp_path: Path) -> None:
    """``check`` passes each of them; plans of an earlier front are gone."""
    out = tmp_path / "front"
    (out / "plans").mkdir(parents=True)
    (out / "plans" / "point-07.csv").write_text("old")
    assert run("pareto", tables, *QUICK, "--out", out).exit_code == 0
    plans = sorted((out / "plans").glob("*.csv"))
    assert [plan.name for plan in plans] == ["point-01.csv", "point-02.csv"]
    for plan in plans:
        assert run("check", tables, plan).exit_code == 0
    assert json.loads((out / "front.json").read_text())["time_limit"] == 20


def test_reconcile_starts_what_is_missing_in_every_point(run: Run, root: Path) -> None:
    """Of the demo cluster: as many tasks as the services should have, whatever is weighed."""
    options = ("--reconcile", "--desired", "service:web=46", "--max-moves", "0", "--axes", "cost,skew", "-o", "json")
    found = json.loads(run("pareto", root / "datasets" / "demo", *options, "--time-limit", "30s").stdout)
    assert found["operation"] == "reconcile" and found["points"]


def test_bad_input_ends_with_2(run: Run, tables: Path, tmp_path: Path) -> None:
    """The message names the option."""
    (tmp_path / "file").write_text("")
    for options, said in (
        (("--axes", "cost"), "--axes: are cost; must be at least two of cost, moves, skew"),
        (("--axes", "cost,prise"), "--axes: 'prise' is no axis"),
        (("--price", "m5.large=0.1"), "--price m5.xlarge: has no price, and i-0c1 is one"),
        (("--price", "m5.large"), "--price: 'm5.large' is not TYPE=PRICE"),
        (("--price", "a=1", "--price", "a=2"), "--price: a is named twice"),
        (("--skew-over", "attribute:rak"), "--skew-over: no instance has 'attribute:rak'"),
        (("--max-moves", "-1"), "--max-moves"),
        (("--time-limit", "0s"), "--time-limit"),
        (("--desired", "web=3"), "--desired: stands without --reconcile"),
        (("--group", "wep"), "wep"),
        (("--out", str(tmp_path / "file")), "--out"),
    ):
        answer = run("pareto", tables, *options)
        assert answer.exit_code == 2 and said in answer.stderr, (options, answer.stderr)
