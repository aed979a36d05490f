"""The suite of vector packing: what it asks, what it keeps, and its table."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from benchmarks import vector_packing
from benchmarks.vector_packing import Found, table


def test_a_run_asks_what_is_not_in_its_results(
    published: Callable[[str], Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The smallest problems of a class; then the same again, from the file."""
    published("vector_packing/New_instances.tar.gz")
    results = tmp_path / "results.csv"
    asked = ["--only", "class1_20_3", "--every", "5", "--results", str(results)]
    vector_packing.main(asked)
    first = capsys.readouterr().out
    kept = pd.read_csv(results)
    assert kept["name"].tolist() == ["class1_20_3_0", "class1_20_3_5"]
    assert (kept["bins"] == kept["optimum"]).all() and (kept["bins"] == kept["bound"]).all()
    before = results.read_bytes()
    vector_packing.main(asked)
    assert capsys.readouterr().out == first
    assert results.read_bytes() == before
    assert first.splitlines()[-1].startswith("| **all** | | 2 |")


def test_the_table_counts_what_was_met_and_what_was_proved() -> None:
    """Below, equal and above the best heuristic; known optima apart; a row for each class and number of dimensions."""
    found = [
        Found("class1_20_3_0", bins=10, bound=10, seconds=0.1, best=11, optimum=10),
        Found("class1_20_3_1", bins=12, bound=11, seconds=9.0, best=12, optimum=12),
        Found("class2_20_5_0", bins=22, bound=20, seconds=9.0, best=21, optimum=-1),
    ]
    _, _, first, second, total = table(found)
    assert first == "| 1 | 3 | 2 | 1 | 1 | 0 | 1 | 2 of 2 | 1 | 4.8% |"
    assert second == "| 2 | 5 | 1 | 0 | 0 | 1 | 0 | 0 of 0 | 0 | 10.0% |"
    assert total == "| **all** | | 3 | 1 | 1 | 1 | 1 | 2 of 2 | 1 | 7.3% |"
