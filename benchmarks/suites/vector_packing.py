"""N10: published vector packing problems against the best heuristics known and the known optima."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from benchmarks.page.blocks import Bar, Bars, Comparison, Content, Part, Section, Suite, Table, Verdict

FILE = "vector_packing.csv"
COMMAND = "python -m benchmarks.vector_packing --every 5 --results benchmarks/vector_packing.csv"
SOURCE = "Vectorpack/experiments_vector_paper, New_summary_known.csv"
ORIGIN = "Two cores, placement-solver 0.1.0 with two CP-SAT workers, a limit of 10 s for each problem."
LEGEND = ("fewer than the best heuristic", "more", "equal")
FEWER, MORE, EQUAL = range(3)


def read(folder: Path) -> Content:
    """Problems by class and number of dimensions."""
    if not (folder / FILE).is_file():
        return Content()
    found = pd.read_csv(folder / FILE)
    parts = found["name"].str.split("_", expand=True)
    found = found.assign(kind=parts[0].str.removeprefix("class"), dimensions=parts[2].astype(int))
    known = found[found["optimum"] > 0]
    proved = int((found["bins"] == found["bound"]).sum())
    return Content(
        note=f"Ours on N10: {ORIGIN}",
        headlines=[(f"{proved:,} of {len(found):,}", "published vector packing problems proved in 10 s")],
        comparisons=[_against_heuristics(found), _against_optima(known)],
        sections=[
            Section(
                "vector-packing",
                "N10: vector packing",
                f"{len(found):,} of 1,080 published problems of 20 to 500 items in 3, 5 and 10 dimensions, in six classes: bins "
                f"used, beside the best of some 700 heuristics. Proved the fewest: {proved} of {len(found)}; of {len(known)} "
                f"known optima {int((known['bins'] <= known['optimum']).sum())} are met.",
                COMMAND,
                ORIGIN,
                [Bars("Problems of each class and number of dimensions", LEGEND, _bars(found)), _table(found)],
            )
        ],
    )


def _counts(found: pd.DataFrame) -> tuple[int, int, int]:
    """Problems with fewer bins than the best heuristic, as many, and more."""
    bins, best = found["bins"], found["best"]
    return int((bins < best).sum()), int((bins == best).sum()), int((bins > best).sum())


def _against_heuristics(found: pd.DataFrame) -> Comparison:
    fewer, equal, more = _counts(found)
    return Comparison(
        system="best of some 700 heuristics",
        workload=f"N10, {len(found)} problems: bins used",
        theirs=f"{int(found['best'].sum()):,} bins together",
        ours=f"{int(found['bins'].sum()):,} bins together; fewer in {fewer}, equal in {equal}, more in {more}",
        verdict=Verdict.BETTER if more == 0 and fewer > 0 else Verdict.WORSE if more > fewer else Verdict.EQUAL,
        measured=False,
        source=SOURCE,
        command=COMMAND,
    )


def _against_optima(known: pd.DataFrame) -> Comparison:
    met = int((known["bins"] <= known["optimum"]).sum())
    return Comparison(
        system="optima listed with the set",
        workload=f"N10, the {len(known)} problems whose optimum is known: bins used",
        theirs=f"{int(known['optimum'].sum()):,} bins together",
        ours=f"{int(known['bins'].sum()):,} bins together; the optimum in {met} of {len(known)}",
        verdict=Verdict.EQUAL if met == len(known) else Verdict.WORSE,
        measured=False,
        source=SOURCE,
        command=COMMAND,
    )


def _bars(found: pd.DataFrame) -> list[Bar]:
    bars = []
    for (kind, dimensions), rows in found.groupby(["kind", "dimensions"]):
        counts = _counts(rows)
        parts = [
            Part(100 * count / len(rows), legend, f"{LEGEND[legend]}: {count} of {len(rows)}")
            for legend, count in zip((FEWER, EQUAL, MORE), counts, strict=True)
            if count
        ]
        proved = int((rows["bins"] == rows["bound"]).sum())
        text = f"{counts[0]} fewer, {counts[1]} equal, {counts[2]} more; {proved} of {len(rows)} proved"
        bars.append(Bar(f"class {kind}, {dimensions} dimensions", parts, text))
    return bars


def _table(found: pd.DataFrame) -> Table:
    columns = ["name", "bins", "bound", "seconds", "best", "optimum"]
    rows = [
        [str(row[column]) if (column, row[column]) != ("optimum", -1) else "unknown" for column in columns]
        for row in found[columns].to_dict("records")
    ]
    return Table("Every problem", ["problem", *columns[1:4], "best heuristic", "optimum"], rows, folded=True)


SUITE = Suite("vector_packing", read)
