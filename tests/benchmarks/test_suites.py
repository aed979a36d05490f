"""Suites with a command of their own: their files become comparisons, headlines and charts, misses as well as hits."""

from __future__ import annotations

import pkgutil
from pathlib import Path

import pytest

import benchmarks.suites
from benchmarks.page.blocks import Bars, Shares, Table, Verdict
from benchmarks.suites import priorities, suites, vector_packing

GRID = "nodes,tasks,priorities,utilisation,seed,limit,better,proven,missing_gap,moved_gap\n"
PACKED = "name,bins,bound,seconds,best,optimum\n"


def test_every_module_is_a_suite() -> None:
    """Whatever module lies in ``benchmarks/suites`` has its part of the page, under its own name."""
    assert [suite.name for suite in suites()] == sorted(
        module.name for module in pkgutil.iter_modules(benchmarks.suites.__path__)
    )


@pytest.fixture
def grid(tmp_path: Path) -> Path:
    """One cell of two cases: one better and proved at once, the other neither, but proved with more time."""
    rows = ["4,4,1,0.9,1,1.0,True,True,0,0", "4,4,1,0.9,1,10.0,True,True,0,0"]
    rows += ["4,4,1,0.9,2,1.0,False,False,1,1", "4,4,1,0.9,2,10.0,False,True,0,0"]
    (tmp_path / priorities.FILE).write_text(GRID + "\n".join(rows) + "\n", encoding="utf-8")
    return tmp_path


def test_the_grid_is_compared_with_the_paper_at_each_limit(grid: Path) -> None:
    """Half of the cases are better than the default: more than the 44 % at 1 s, fewer than the 73 % at 10 s."""
    found = priorities.read(grid)
    assert [one.verdict for one in found.comparisons] == [Verdict.BETTER, Verdict.WORSE]
    assert not any(one.measured for one in found.comparisons)
    assert found.headlines[0][0] == "2 of 2"


def test_the_grid_shows_the_share_that_is_proved(grid: Path) -> None:
    """A row for each shape, a cell for each utilisation and limit."""
    ((block,),) = [section.blocks for section in priorities.read(grid).sections]
    assert isinstance(block, Shares)
    assert list(block.head) == ["nodes x tasks", "priorities", "0.90, 1 s", "0.90, 10 s"]
    (((shape, classes), cells),) = block.rows
    assert (shape, classes) == ("4 x 4", "1")
    assert [(cell.share, cell.text) for cell in cells] == [(0.5, "50%"), (1.0, "100%")]


def packed(folder: Path, *rows: str) -> Path:
    (folder / vector_packing.FILE).write_text(PACKED + "\n".join(rows) + "\n", encoding="utf-8")
    return folder


def test_packing_is_compared_with_heuristics_and_with_optima(tmp_path: Path) -> None:
    """Fewer bins than the best heuristic in one problem and never more is ahead of it; one bin above an optimum is behind."""
    found = vector_packing.read(
        packed(tmp_path, "class1_20_3_0,11,11,0.9,12,11", "class1_20_3_5,9,8,10,9,8", "class2_20_3_0,7,7,1,7,-1")
    )
    heuristics, optima = found.comparisons
    assert (heuristics.verdict, heuristics.ours) == (
        Verdict.BETTER,
        "27 bins together; fewer in 1, equal in 2, more in 0",
    )
    assert (optima.verdict, optima.theirs, optima.ours) == (
        Verdict.WORSE,
        "19 bins together",
        "20 bins together; the optimum in 1 of 2",
    )
    assert found.headlines[0][0] == "2 of 3"


def test_packing_with_more_bins_than_a_heuristic_is_behind(tmp_path: Path) -> None:
    """And every optimum met is equal: nothing can be ahead of an optimum."""
    found = vector_packing.read(packed(tmp_path, "class1_20_3_0,12,11,10,11,12"))
    assert [one.verdict for one in found.comparisons] == [Verdict.WORSE, Verdict.EQUAL]


def test_packing_is_drawn_by_class_and_dimensions(tmp_path: Path) -> None:
    """The parts of a bar are the whole of its problems; the table has every problem."""
    rows = ["class1_20_3_0,11,11,0.9,12,11", "class1_20_3_5,9,8,10,9,8", "class1_20_5_0,7,7,1,6,-1"]
    ((bars, table),) = [section.blocks for section in vector_packing.read(packed(tmp_path, *rows)).sections]
    assert isinstance(bars, Bars) and isinstance(table, Table)
    assert [bar.label for bar in bars.bars] == ["class 1, 3 dimensions", "class 1, 5 dimensions"]
    assert [[(part.width, bars.legend[part.legend]) for part in bar.parts] for bar in bars.bars] == [
        [(50, "fewer than the best heuristic"), (50, "equal")],
        [(100, "more")],
    ]
    assert [row[-1] for row in table.rows] == ["11", "8", "unknown"]
