"""N1's grid as a table: a row for each cell, shares that are shares, and the total."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import priority_grid
from solver.domain.answer import Answer
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


def test_a_run_goes_on_where_it_was_stopped(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What the file holds is not asked again, half a case is, and the table is the same."""
    for name, values in (("NODES", (4,)), ("TASKS", (4,)), ("PRIORITIES", (1,)), ("UTILISATION", (0.90, 1.05))):
        monkeypatch.setattr(priority_grid, name, values)
    asked: list[tuple[float, int]] = []

    def case(cell: priority_grid.Cell, seed: int) -> tuple[priority_grid.Found, ...]:
        asked.append((cell.utilisation, seed))
        return priority_grid.Found(True, seed > 1, 2, 3), priority_grid.Found(True, True, 0, 0)

    monkeypatch.setattr(priority_grid, "_case", case)
    results = tmp_path / "grid.csv"
    priority_grid.main(["--seeds", "1", "--results", str(results)])
    results.write_text("\n".join(results.read_text().splitlines()[:-1]) + "\n")
    priority_grid.main(["--seeds", "2", "--results", str(results)])
    stopped = capsys.readouterr().out
    assert asked == [(0.90, 1), (1.05, 1), (1.05, 1), (0.90, 2), (1.05, 2)]
    priority_grid.main(["--seeds", "2", "--results", str(results)])
    assert len(asked) == 5
    assert stopped.endswith(capsys.readouterr().out)


def test_a_case_whose_plan_breaks_a_rule_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The checker is asked once more; the run ends, and nothing of the case is recorded."""
    place = priority_grid.api.place

    def twice(problem: Problem, limits: Limits, *, explain: bool) -> Answer:
        answer = place(problem, limits, explain=explain)
        return replace(answer, tasks=answer.tasks + answer.tasks)

    monkeypatch.setattr(priority_grid.api, "place", twice)
    with pytest.raises(AssertionError, match="the plan breaks a rule, and its case is not recorded"):
        priority_grid.main(["--seeds", "1", "--results", str(tmp_path / "grid.csv")])
    assert not (tmp_path / "grid.csv").exists()
