"""The table of an analysis: a line a scenario, what lacks a place, what has no answer, what is proved."""

from __future__ import annotations

import io
from dataclasses import replace

from rich.console import Console

from solver.report.what_if import MOST_ROWS, show_analysis
from solver.whatif.analysis import Analysis
from solver.whatif.row import Outcome, Row, Tier
from solver.whatif.scenario import BASE


def printed(analysis: Analysis, width: int = 90, warnings: tuple[str, ...] = ()) -> list[str]:
    """What a terminal shows, line by line."""
    out = io.StringIO()
    show_analysis(analysis, Console(file=out, width=width, highlight=False), warnings)
    return out.getvalue().splitlines()


def tiers(*, missing: int, proven: bool) -> tuple[Tier, ...]:
    return (
        Tier("unplaced", "tasks not placed", missing, missing, True),
        Tier("1/spread", "unevenness", 9, 9 if proven else 1, proven),
    )


BASE_ROW = Row(BASE, Outcome.OPTIMAL, wanted=2, placed=2, instances=4, used=3, tiers=tiers(missing=0, proven=True))
SHORT = Row(
    "zone lost",
    Outcome.FEASIBLE,
    wanted=9,
    placed=7,
    missing=2,
    short={"web": 2},
    lost=7,
    instances=3,
    used=3,
    tiers=tiers(missing=2, proven=False),
)


def test_each_scenario_has_a_line_beside_the_base() -> None:
    """With the difference from the base, and which part is proved."""
    lines = printed(Analysis((BASE_ROW, SHORT, Row.failed("odd", "because of this")), 3))
    assert lines[0] == "2 scenarios: 0 place as many tasks as are wanted, 1 lacks some, 1 has no answer"
    cells = {line.split("  ")[0]: line.split() for line in lines if line.startswith(("base", "zone", "odd"))}
    assert cells["base"] == ["base", "proved", "·", "2", "of", "2", "0", "·", "3", "of", "4"]
    assert cells["zone lost"] == ["zone", "lost", "in", "part", "7", "7", "of", "9", "2", "(+2)", "·", "3", "of", "3"]
    assert cells["odd"] == ["odd", "no", "answer"]
    assert "in part: that no more tasks find a place is proved, not all that is minimised after it" in lines
    assert "  - zone lost: 2 of web" in lines and "  - odd: because of this" in lines


def test_costs_have_a_column_where_there_are_prices() -> None:
    """An hour of all instances; nothing where one has no price."""
    priced = Row("priced", Outcome.OPTIMAL, cost=1_234_560)
    assert not any("an hour" in line for line in printed(Analysis((BASE_ROW,), 1)))
    lines = printed(Analysis((BASE_ROW, priced), 2))
    assert next(line for line in lines if line.startswith("priced")).endswith("1.23")
    assert next(line for line in lines if line.startswith("base")).endswith("3 of 4")


def test_losses_have_a_column_where_some_must_be_survived() -> None:
    """How many leave a task without a place; nothing of a scenario that asks for none."""
    assert not any("exposed" in line for line in printed(Analysis((BASE_ROW,), 1)))
    lines = printed(Analysis((BASE_ROW, replace(SHORT, unsurvived=2)), 2))
    assert lines[2].split() == ["scenario", "answer", "gone", "placed", "missing", "exposed", "moved", "in", "use"]
    assert next(line for line in lines if line.startswith("zone lost")).split()[9:12] == ["(+2)", "2", "·"]
    assert "exposed: losses to be survived after which some task has no place" in lines


def test_a_narrow_table_leaves_out_what_says_nothing() -> None:
    """So that names have room; where there is room, or a number, every column stays."""
    rows = (BASE_ROW, Row("a scenario whose name is rather long", Outcome.OPTIMAL, wanted=1_000, placed=1_000, lost=3))
    wide, narrow = printed(Analysis(rows, 2), width=120), printed(Analysis(rows, 2), width=70)
    assert wide[2].split() == ["scenario", "answer", "gone", "placed", "missing", "moved", "in", "use"]
    assert narrow[2].split() == ["scenario", "answer", "gone", "placed", "missing", "in", "use"]
    moved = (BASE_ROW, replace(rows[1], moved=1))
    assert "moved" in printed(Analysis(moved, 2), width=70)[2].split()


def test_a_long_analysis_is_cut_and_says_so() -> None:
    """The rest is in the file, CSV and JSON."""
    rows = (BASE_ROW, *(Row(f"s{n}", Outcome.OPTIMAL) for n in range(60)))
    lines = printed(Analysis(rows, 61))
    assert sum(line.startswith(("s", "base")) and "proved" in line for line in lines) == MOST_ROWS
    assert "... and 21 more scenarios (--out, -o csv and -o json have them)" in lines


def test_an_interrupted_analysis_says_how_far_it_came() -> None:
    """Even before the base is answered."""
    assert printed(Analysis((BASE_ROW, SHORT), 9, False))[0].startswith("Interrupted after 1 of 8 scenarios; ")
    assert printed(Analysis((), 9, False)) == [
        "Interrupted after 0 of 8 scenarios; 0 place as many tasks as are wanted"
    ]


def test_nothing_that_a_terminal_obeys_is_printed() -> None:
    """Names come from files of others; warnings are said once."""
    odd = Row("x\x1b[2J", Outcome.OPTIMAL, warnings=("mind",), short={"\x1bweb": 1}, missing=1)
    lines = printed(Analysis((odd,), 1), warnings=("mind",))
    assert not any("\x1b" in line for line in lines)
    assert sum("mind" in line for line in lines) == 1
