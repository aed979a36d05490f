"""``report``, and ``--out`` of the commands that plan: from a cluster to a page."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from solver.formats.kept_plan_reading import read_kept_plan
from solver.whatif.store import PLANS, plan_file, read_rows
from tests.cli.conftest import Run
from tests.markup import parsed

STUDY = """\
scenarios:
  - {name: "<b>b</b> is lost", edits: [lose_zone: us-east-1b]}
  - {name: more, edits: [set_count: {web: 9}]}
"""


def test_from_scenarios_to_a_page(run: Run, tables: Path, tmp_path: Path) -> None:
    """Each scenario has a plan that agrees with its row, and a row of the page."""
    (tmp_path / "study.yaml").write_text(STUDY, encoding="utf-8")
    out, page = tmp_path / "results", tmp_path / "report.html"
    asked = ("what-if", tables, tmp_path / "study.yaml", "--engine", "sequential", "--workers", "1", "--out", out)
    assert run(*asked).exit_code == 0
    rows = read_rows(out)
    assert len(rows) == 3
    for name, row in rows.items():
        plan = read_kept_plan(out / PLANS / plan_file(name))
        assert plan.scenario == name
        assert len(plan.instances) == row.instances
        assert sum(group.missing for group in plan.groups) == row.missing
        assert sum(one.held_after for one in plan.instances) == row.used
        assert {one.group: one.wanted - one.placed for one in plan.shortfalls} == dict(row.short or {})
        assert all(one.funnel for one in plan.shortfalls)
    assert run("report", out, "-o", page).exit_code == 0
    seen = parsed(page.read_text(encoding="utf-8"))
    assert {"base", "<b>b</b> is lost", "more"} <= set(seen.texts) and seen.unbalanced == []


def test_from_a_plan_to_a_page(run: Run, tables: Path, tmp_path: Path) -> None:
    """What is kept is the plan that is printed, with its reasons."""
    out, page = tmp_path / "plan", tmp_path / "plan.html"
    asked = ("place", tables, "--group", "web=8", "--engine", "sequential", "--out", out)
    answer = run(*asked, "-o", "json")
    assert answer.exit_code == 3
    plan = read_kept_plan(out / "plan.json")
    starts = list(csv.DictReader((out / "plan.csv").open(encoding="utf-8")))
    assert sum(group.after - group.before for group in plan.groups) == len(starts) > 0
    assert plan.operation == "place" and plan.shortfalls
    assert json.loads(answer.stdout)
    assert run("report", out, "-o", page).exit_code == 0
    assert "without a place" in page.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "where"),
    [
        (("{tmp}/none",), "none"),
        (("{tmp}",), "holds none of"),
        (("{tmp}", "-o", "{tmp}/page.pdf"), "--output"),
        (("{tmp}", "-o", "{tmp}/no/page.html"), "--output"),
    ],
)
def test_what_is_no_result_ends_with_2(run: Run, tmp_path: Path, arguments: tuple[str, ...], where: str) -> None:
    """And writes nothing."""
    answer = run("report", *(one.format(tmp=tmp_path) for one in arguments))
    assert answer.exit_code == 2 and where in answer.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_folder_for_a_plan_is_refused_before_the_search(run: Run, tables: Path, tmp_path: Path) -> None:
    """One that holds rows, a file, one whose parent is missing."""
    (tmp_path / "rows").mkdir()
    (tmp_path / "rows" / "results.csv").write_text("", encoding="utf-8")
    for name in ("rows", "instances.csv", "no/where"):
        answer = run("place", tables, "--group", "web=1", "--out", tmp_path / name)
        assert answer.exit_code == 2 and "--out" in answer.stderr


def test_a_curve_is_kept_and_reported(run: Run, tables: Path, tmp_path: Path) -> None:
    """With the rows and the plan of each budget; a plan that is kept in its place is what the folder is about."""
    out = tmp_path / "out"
    answer = run("rebalance", tables, "--max-moves", "2", "--consolidate", "--curve", "--workers", 1, "--out", out)
    assert answer.exit_code == 0 and f"kept: {out}" in answer.stderr
    lines = (out / "curve.csv").read_text(encoding="utf-8").splitlines()
    assert [line.split(",")[0] for line in lines] == ["max_moves", "0", "1", "2"]
    for plan in sorted((out / "plans").glob("*.csv")):
        assert run("check", tables, plan).exit_code == 0
    page = tmp_path / "page.html"
    assert run("report", out, "-o", page).exit_code == 0
    assert "What up to 2 moves gain; " in page.read_text(encoding="utf-8")
    assert run("rebalance", tables, "--max-moves", "2", "--workers", 1, "--out", out).exit_code == 0
    assert run("report", out, "-o", page).exit_code == 0
    assert "What up to" not in page.read_text(encoding="utf-8")


@pytest.mark.parametrize("options", [(), ("--suite", "packing"), ("--report", "--roadef", "a", "b")])
def test_bench_needs_a_problem_or_a_report(run: Run, options: tuple[str, ...]) -> None:
    """One of the two."""
    answer = run("bench", *options)
    assert answer.exit_code == 2 and answer.stderr.startswith("error: --")
