"""Rows beside the base, tier by tier, and as frames."""

from __future__ import annotations

import pandas as pd
import pytest

from solver.errors import InvalidRequest
from solver.whatif import Analysis, Outcome, Place, Row, Scenario, what_if
from solver.whatif.analysis import first_difference
from solver.whatif.edits import LoseZone, Scale, SetCount
from solver.whatif.row import Tier
from solver.whatif.scenario import BASE
from tests.whatif.clusters import QUICK, Break, small


def tier(name: str, value: int, *, proven: bool = True) -> Tier:
    return Tier(name, name.upper(), value, value if proven else 0, proven)


BASE_ROW = Row(BASE, Outcome.OPTIMAL, missing=1, used=5, cost=2_000_000, tiers=(tier("unplaced", 1), tier("spread", 9)))
WORSE = Row(
    "worse",
    Outcome.FEASIBLE,
    missing=4,
    used=4,
    cost=1_500_000,
    tiers=(tier("unplaced", 1), tier("packed", 3), tier("spread", 7, proven=False)),
    warnings=("new",),
)
FAILED = Row.failed("failed", "because")
WHOLE = Analysis((BASE_ROW, WORSE, FAILED), 3)


def test_tiers_are_compared_by_name_in_the_order_of_importance() -> None:
    """Those that both have with the difference, those of one alone without."""
    found = [(change.name, change.difference, change.proven) for change in WHOLE.changes("worse")]
    assert found == [("unplaced", 0, True), ("packed", None, False), ("spread", -2, False)]
    first = first_difference(BASE_ROW, WORSE)
    assert first is not None and first.name == "spread"
    assert first_difference(BASE_ROW, BASE_ROW) is None


def test_the_frame_has_differences_from_the_base() -> None:
    """One row a scenario; what has no answer has no numbers, but its reason."""
    frame = WHOLE.frame()
    assert list(frame.index) == [BASE, "worse", "failed"]
    worse = frame.loc["worse"]
    assert (worse["missing"], worse["missing_change"], worse["used_change"]) == (4, 3, -1)
    assert (worse["cost"], worse["cost_change"]) == (1.5, -0.5)
    assert (worse["first_change"], worse["first_change_by"], worse["warnings"]) == ("SPREAD", -2, "new")
    assert frame.loc["failed", "reason"] == "because"
    assert frame.loc["failed", ["missing", "missing_change", "cost", "cost_change"]].isna().all()
    assert frame["missing"].dtype == "Int64" and frame["cost_change"].dtype == "Float64"


def test_the_frame_of_tiers_has_a_row_a_scenario_and_tier() -> None:
    """With the base's value beside, missing where it has none."""
    frame = WHOLE.tiers_frame().set_index(["scenario", "tier"])
    assert len(frame) == 5
    assert frame.loc[("worse", "spread"), ["value", "bound", "base", "change"]].tolist() == [7, 0, 9, -2]
    assert pd.isna(frame.loc[("worse", "packed"), "base"])


def test_a_frame_without_an_answer_to_the_base_has_no_differences() -> None:
    """An interrupted run, or a base that failed."""
    for rows in ((WORSE,), (Row.failed(BASE, "why"), WORSE)):
        frame = Analysis(rows, 2).frame()
        assert "missing_change" not in frame and frame.loc["worse", "missing"] == 4
    assert len(Analysis((WORSE,), 2).tiers_frame()) == 3


def test_scenarios_written_in_python_are_answered() -> None:
    """Edits are values; the base is the first row, and a scenario that fails is a row."""
    scenarios = [
        Scenario("zone a lost", (LoseZone("a"),)),
        Scenario("twice", (Scale(2),)),
        Scenario("broken", (Break(),)),
    ]
    with pytest.raises(ZeroDivisionError):
        what_if(small(), scenarios, limits=QUICK, workers=1)
    analysis = what_if(small(), scenarios[:2], limits=QUICK, workers=1, prices={"large": 0.5, "small": 0.25})
    frame = analysis.frame()
    assert list(frame.index) == [BASE, "zone a lost", "twice"]
    assert frame["lost"].tolist() == [0, 2, 0] and frame["wanted"].tolist() == [0, 2, 5]
    assert frame["cost_change"].tolist() == [0.0, -0.75, 0.0]
    assert analysis.is_whole and not analysis.failed


def test_scenarios_written_in_python_are_refused_at_once() -> None:
    """Names that clash and edits that cannot apply, each with its path, before anything is answered."""
    scenarios = [
        Scenario("one", (LoseZone("q"),)),
        Scenario("one", (SetCount({"web": 2}), Scale(-1))),
        Scenario("base"),
        Scenario("a\nb"),
    ]
    with pytest.raises(InvalidRequest) as refused:
        what_if(small(), scenarios, Place({"web": 1}), limits=QUICK)
    assert [fault.path for fault in refused.value.faults] == [
        "scenarios[1].name",
        "scenarios[2].name",
        "scenarios[3].name",
        "scenarios[0].edits[0].lose_zone",
        "scenarios[1].edits[1].scale.factor",
    ]
    with pytest.raises(InvalidRequest, match="prices.large: is -1"):
        what_if(small(), [], prices={"large": -1})
