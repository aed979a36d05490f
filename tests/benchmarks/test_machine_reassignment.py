"""The suite of machine reassignment: what it asks, what it keeps, and its table."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from benchmarks import machine_reassignment
from benchmarks.machine_reassignment import Found, table


def test_a_run_asks_what_is_not_in_its_results(
    published: Callable[[str], Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The smallest problem; then the same again, from the file."""
    published("roadef2012/model_a1_1.txt.xz")
    results = tmp_path / "results.csv"
    asked = ["--only", "a1_1", "--limit", "2", "--results", str(results)]
    machine_reassignment.main(asked)
    first = capsys.readouterr().out
    kept = pd.read_csv(results)
    assert kept["name"].tolist() == ["a1_1"]
    assert (kept["initial"] == 49_528_750).all() and (kept["bound"] == 44_306_390).all()
    assert (kept["cost"] <= kept["initial"]).all() and (kept["cost"] >= kept["bound"]).all()
    before = results.read_bytes()
    machine_reassignment.main(asked)
    assert capsys.readouterr().out == first
    assert results.read_bytes() == before


def test_the_table_sets_each_problem_against_the_others() -> None:
    """A row for each, then how many are at or below."""
    found = [
        Found("a1_1", 200, 101, 90, 3, 1000, 60.0, winner=101, team=100, best=100),
        Found("a2_1", 500, 0, 0, 9, 1000, 12.3, winner=359, team=0, best=0),
    ]
    _, _, first, second, total = table(found)
    assert first == "| a1_1 | 200 | 101 | 90 | 10.891% | 60 | 101 | +0.000% | 100 | +1.000% | 100 | +1.000% |"
    assert second == "| a2_1 | 500 | 0 | 0 | 0.000% | 12 | 359 | -100.000% | 0 | +0.000% | 0 | +0.000% |"
    assert total == "| **2** | | | | | | at or below it: 2 | | 1 | | 1 | |"
