"""N9: machine reassignment, set A of the ROADEF/EURO challenge, against the winners and the best listed costs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from benchmarks.page.blocks import Comparison, Content, Section, Suite, Table, Verdict

FILE = "machine_reassignment.csv"
COMMAND = "python -m benchmarks.machine_reassignment --results benchmarks/machine_reassignment.csv"
ORIGIN = "Two shared cores, two threads, 60 s for each problem, one run."

RIVALS = (
    ("winner", "the challenge's winning team, 60 s", True, "measured: its program, 60 s, 2 cores"),
    ("team", "a team of the challenge, 300 s", False, "published with the instances"),
    ("best", "best listed", False, "published with the instances"),
)
"""Column, name, whether it was measured side by side, source."""


def read(folder: Path) -> Content:
    """Problem by problem."""
    if not (folder / FILE).is_file():
        return Content()
    found = pd.read_csv(folder / FILE)
    return Content(
        note=f"Ours on N9: {ORIGIN}",
        comparisons=list(_comparisons(found)),
        sections=[
            Section(
                "machine-reassignment",
                "N9: machine reassignment",
                "Ten published problems of 100 to 1,000 tasks on 4 to 100 instances: load above safety levels, balance between "
                "resources and what moves cost, in one weighted sum; less is better. Bounds are by counting.",
                COMMAND,
                ORIGIN,
                [_table(found)],
            )
        ],
    )


def _comparisons(found: pd.DataFrame) -> Iterator[Comparison]:
    for column, name, measured, source in RIVALS:
        known = found[found[column] > 0]
        if known.empty:
            continue
        below, equal = int((known["cost"] < known[column]).sum()), int((known["cost"] == known[column]).sum())
        above = len(known) - below - equal
        worst = float(100 * (known["cost"] / known[column] - 1).max())
        yield Comparison(
            system=name,
            workload=f"N9, {len(known)} problems: cost",
            theirs="its cost, problem by problem",
            ours=f"below in {below}, equal in {equal}, above in {above}, by {worst:.1f} % at most",
            verdict=Verdict.BETTER if not above and below else Verdict.EQUAL if not above else Verdict.WORSE,
            measured=measured,
            source=source,
            command=COMMAND,
        )


def _table(found: pd.DataFrame) -> Table:
    columns = ["name", "initial", "cost", "bound", "winner", "team", "best"]
    rows = [
        [str(row["name"]), *(f"{int(row[column]):,}" for column in columns[1:])]
        for row in found[columns].to_dict("records")
    ]
    head = ["problem", "before", "cost", "bound", "winner, 60 s", "a team, 300 s", "best listed"]
    return Table("Cost of each problem", head, rows)


SUITE = Suite("machine_reassignment", read)
