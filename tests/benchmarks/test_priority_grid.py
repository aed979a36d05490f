"""N1's grid as a table: a row for each cell, shares that are shares, and the total."""

from __future__ import annotations

import pytest

from benchmarks import priority_grid
from solver.domain.problem import Problem
from solver.domain.request import Limits


def test_a_cell_is_asked_within_each_limit_and_told_in_a_row(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The smallest nodes are proved, and better than the default, which leaves something pending."""
    monkeypatch.setattr(priority_grid, "NODES", (4,))
    monkeypatch.setattr(priority_grid, "TASKS", (4,))
    monkeypatch.setattr(priority_grid, "PRIORITIES", (1,))
    monkeypatch.setattr(priority_grid, "UTILISATION", (0.90,))
    priority_grid.main(["--seeds", "2"])
    head, _, row, total = capsys.readouterr().out.strip().splitlines()
    assert head.count("|") == row.count("|") == 9
    assert row.startswith("| 4 x 4 | 1 | 0.90 | 100% | ")
    assert total.startswith("| **all** | | | 100% |")
    assert row.endswith("100% | 0.0 (0), 0.0 (0) |")


def test_a_case_that_is_not_proved_is_asked_again_with_more_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """And one that is proved is not."""
    asked: list[float] = []
    found = priority_grid.Found(better=True, proven=False, missing_gap=1, moved_gap=0)

    def place(problem: Problem, limits: Limits, *, explain: bool) -> float:
        asked.append(limits.time_limit)
        return limits.time_limit

    monkeypatch.setattr(priority_grid.api, "place", place)
    monkeypatch.setattr(priority_grid, "_found", lambda seconds: priority_grid.Found(True, seconds > 1, 0, 0))
    cell = priority_grid.Cell(4, 4, 1, 0.90)
    assert [one.proven for one in priority_grid._case(cell, 1)] == [False, True]
    assert asked == [1.0, 10.0]
    monkeypatch.setattr(priority_grid, "_found", lambda seconds: found)
    assert [one.missing_gap for one in priority_grid._case(cell, 1)] == [1, 1]
