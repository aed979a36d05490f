"""N1's whole grid: how often plans for nearly full nodes are better than the default scheduler's, and proved."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from benchmarks.page.blocks import Cell, Comparison, Content, Section, Shares, Suite, Verdict

FILE = "priorities.csv"
COMMAND = "python -m benchmarks.priority_grid --seeds 20 --results benchmarks/priorities.csv"
PAPER = "arXiv 2511.08373"
BETTER_THERE = {1.0: 0.44, 10.0: 0.73}
"""Share of such cases in which the paper's plans are better than the default's, by the time limit."""

ORIGIN = (
    "Two cores, shared with other programs, placement-solver 0.1.0 with two CP-SAT workers; the cells of one class at 0.90 and "
    "0.95 were asked while nothing else ran. `PRIORITIES.md` has the gaps as well."
)
SHAPE, TIGHT, LIMIT = ["nodes", "tasks", "priorities"], "utilisation", "limit"


def read(folder: Path) -> Content:
    """The grid, and what the paper says of the same cases."""
    if not (folder / FILE).is_file():
        return Content()
    cases = pd.read_csv(folder / FILE)
    last = cases[cases[LIMIT] == cases[LIMIT].max()]
    return Content(
        note=f"Ours on all cells of N1: {ORIGIN}",
        headlines=[
            (
                f"{int(last['proven'].sum()):,} of {len(last):,}",
                "cases of N1's grid of nearly full nodes proved in 10 s",
            )
        ],
        comparisons=[_comparison(cases, limit, there) for limit, there in BETTER_THERE.items()],
        sections=[
            Section(
                "priorities",
                "N1: place, keep and move on nearly full nodes",
                f"The grid of {PAPER}: {len(cases) // 2:,} cases in {len(cases.groupby([*SHAPE, TIGHT])):,} cells. Share of the "
                "cases of a cell that are *proved*, every tier and the moves included, within 1 s and within 10 s.",
                COMMAND,
                ORIGIN,
                [_grid(cases)],
            )
        ],
    )


def _comparison(cases: pd.DataFrame, limit: float, there: float) -> Comparison:
    asked = cases[cases[LIMIT] == limit]
    better, proven = float(asked["better"].mean()), float(asked["proven"].mean())
    return Comparison(
        system="Priority Optimizer",
        workload=f"N1, all cells: better than the default scheduler within {limit:g} s",
        theirs=f"in more than {there:.0%} of the cases",
        ours=f"in {better:.0%} of the cases; proved the best in {proven:.0%}",
        verdict=Verdict.BETTER if better > there else Verdict.WORSE,
        measured=False,
        source=PAPER,
        command=COMMAND,
    )


def _grid(cases: pd.DataFrame) -> Shares:
    limits, tightness = sorted(cases[LIMIT].unique()), sorted(cases[TIGHT].unique())
    proven = cases.groupby([*SHAPE, TIGHT, LIMIT])["proven"].mean()
    rows = [
        (
            [f"{nodes} x {tasks}", str(priorities)],
            [_cell(float(proven[nodes, tasks, priorities, tight, limit])) for tight in tightness for limit in limits],
        )
        for nodes, tasks, priorities in sorted({shape[:3] for shape in proven.index})
    ]
    head = ["nodes x tasks", "priorities", *(f"{tight:.2f}, {limit:g} s" for tight in tightness for limit in limits)]
    return Shares("Proved, by utilisation and time limit", head, rows)


def _cell(share: float) -> Cell:
    return Cell(share, f"{share:.0%}")


SUITE = Suite("priorities", read)
