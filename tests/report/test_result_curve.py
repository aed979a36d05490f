"""A curve of budgets on a page: every budget with its value, its bound and its proof, and the plans behind them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from solver.curves import curve
from solver.domain.curve import CurvePoint
from solver.domain.request import Limits
from solver.errors import InvalidRequest
from solver.formats.kept_curve import KeptBudget, KeptCurve, kept_curve, plans_of, read_kept_curve
from solver.formats.kept_plan import KeptTier, kept_plan
from solver.report.result.curve import BOTTOM, LEFT, MOST_TIERS, RIGHT, TOP, shown_curve, title_of
from solver.report.result.folder import MOST_POINTS, read_result
from solver.report.result.html import html
from tests.markup import parsed
from tests.report.answers import answer
from tests.report.results import EVIL
from tests.test_curves import crowded


def budget(most: int, moves: int, *tiers: tuple[int, int], plan: str = "") -> KeptBudget:
    """A budget with a value and a bound for each tier."""
    kept = [KeptTier(f"{k}/tier", f"tier {k}", value, bound, value == bound) for k, (value, bound) in enumerate(tiers)]
    return KeptBudget(most, moves, tuple(kept), plan or f"moves-{most:04}")


def made(*budgets: KeptBudget, **fields: object) -> KeptCurve:
    found = KeptCurve(1, "rebalance", "demo", "", 9, budgets, 0, {"python": "3"}, ())
    return replace(found, **fields)


OPEN = made(
    budget(0, 0, (0, 0), (9, 9), (5, 5)),
    budget(1, 1, (0, 0), (7, 7), (6, 4)),
    budget(5, 2, (0, 0), (4, 3), (8, 1)),
    budget(8, 2, (0, 0), (4, 2), (8, 0), plan="moves-0005"),
)


def folder_of(folder: Path, kept: KeptCurve) -> Path:
    """As ``rebalance --curve --out`` writes it."""
    (folder / "plans").mkdir(parents=True)
    (folder / "curve.json").write_text(kept.to_json(), encoding="utf-8")
    for name in {one.plan for one in kept.budgets}:
        text = kept_plan(answer(size=6), operation="rebalance", scenario=name).to_json()
        (folder / "plans" / f"{name}.json").write_text(text, encoding="utf-8")
    return folder


def corners(points: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in (pair.split(",") for pair in points.split())]


def test_a_picture_for_each_tier_that_changes() -> None:
    """Not of what is the same and proved under every budget; the most important first, and not dozens."""
    assert [picture.title for picture in shown_curve(OPEN, {}).pictures] == ["tier 1", "tier 2"]
    many = made(*(budget(most, most, *[(9 - most, 9 - most)] * (MOST_TIERS + 2)) for most in (0, 1)))
    shown = shown_curve(many, {})
    assert len(shown.pictures) == MOST_TIERS and shown.more == 2
    assert len(shown.budgets.head) == 4 + MOST_TIERS + 2


def test_every_budget_stands_where_its_values_say() -> None:
    """More moves further right, less further down; what is not proved is hollow, with its bound below it."""
    picture = shown_curve(OPEN, {}).pictures[0]
    xs, ys = [mark.x for mark in picture.marks], [mark.y for mark in picture.marks]
    assert xs == sorted(set(xs)) and all(LEFT <= x <= RIGHT for x in xs)
    assert ys[0] < ys[1] < ys[2] == ys[3] and all(TOP <= y <= BOTTOM for y in ys)
    assert [mark.hollow for mark in picture.marks] == [False, False, True, True] and picture.is_open
    assert [mark.bound > mark.y for mark in picture.marks] == [False, False, True, True]
    assert picture.marks[2].bound < picture.marks[3].bound
    assert picture.marks[2].text == "at most 5 moves: 4 (not proved: at least 3), 2 moves made"


def test_a_value_holds_until_the_next_budget() -> None:
    """The line is level from a budget to the next one, and changes there."""
    picture = shown_curve(OPEN, {}).pictures[1]
    line = corners(picture.values)
    marks = [(mark.x, mark.y) for mark in picture.marks]
    assert line[::2] == marks
    assert line[1::2] == [(x, before[1]) for before, (x, _) in zip(marks, marks[1:], strict=False)]


def test_the_sentences_say_what_is_proved() -> None:
    """How many budgets, and of the most important tier what the moves gain."""
    first, second = shown_curve(OPEN, {}).sentences
    assert first == "What up to 8 moves gain; 1 of 4 budgets is proved."
    assert second == (
        "Tier 1: 9 with no move, 4 with 2 moves; with up to 8 all that is proved is that no plan has less than 2."
    )
    proved = shown_curve(made(*OPEN.budgets[:1], budget(1, 1, (0, 0), (7, 7), (5, 5))), {}).sentences
    assert proved == [
        "What up to 1 move gain; every budget is proved.",
        "Tier 1: 9 with no move, 7 with 1 move; with up to 1 no plan has less.",
    ]
    same = made(budget(0, 0, (2, 2)), budget(1, 0, (2, 2)))
    assert shown_curve(same, {}).sentences[1] == "No budget gains anything."
    assert shown_curve(same, {}).pictures == []


@pytest.fixture(scope="module")
def points() -> tuple[CurvePoint, ...]:
    return curve(crowded(), Limits(time_limit=60, workers=1))


def test_a_curve_is_kept_and_read_again(points: tuple[CurvePoint, ...], tmp_path: Path) -> None:
    """Every tier of every budget; budgets with the same plan share its file."""
    kept = kept_curve(points, "rebalance", ("a warning",))
    (tmp_path / "curve.json").write_text(kept.to_json(), encoding="utf-8")
    assert read_kept_curve(tmp_path / "curve.json") == kept
    assert [(one.max_moves, one.moves) for one in kept.budgets] == [(p.max_moves, p.moves) for p in points]
    for one, point in zip(kept.budgets, points, strict=True):
        assert [(t.value, t.bound, t.proven) for t in one.tiers] == [(t.value, t.bound, t.proven) for t in point.tiers]
        assert plans_of(points)[one.plan] is point.answer
    assert kept.budgets[4].plan == kept.budgets[5].plan != kept.budgets[3].plan


def test_the_page_has_the_curve_the_budgets_and_their_plans(tmp_path: Path) -> None:
    """In words too; links lead somewhere, and no name is obeyed."""
    tiers = tuple(replace(tier, title=EVIL) for tier in OPEN.budgets[0].tiers)
    evil = replace(
        OPEN, cluster=EVIL, warnings=(EVIL,), budgets=(replace(OPEN.budgets[0], tiers=tiers), *OPEN.budgets[1:])
    )
    page = html(read_result(folder_of(tmp_path / "run", evil)))
    seen = parsed(page)
    assert seen.unbalanced == [] and "url(" not in page
    assert not {"img", "iframe"} & {name for name, _ in seen.tags}
    names = [tag["id"] for _, tag in seen.tags if "id" in tag]
    assert {"curve", "plan-0", "plan-2", "warnings"} <= set(names) and len(names) == len(set(names))
    assert {tag["href"][1:] for name, tag in seen.tags if name == "a"} <= set(names)
    pictures = [tag for name, tag in seen.tags if name == "svg" and "curve" in tag.get("class", "").split()]
    assert len(pictures) == 2 and all(tag["aria-label"] for tag in pictures)
    assert len([tag for name, tag in seen.tags if name == "g" and tag.get("class") == "choice"]) == 2 * 4
    said = " ".join(seen.texts)
    assert "At most 5 to 8 moves" in said and "4 (3)" in said
    assert title_of(OPEN, "moves-0001") == "At most 1 move"


def test_plans_of_a_long_curve_are_spread_over_it(tmp_path: Path) -> None:
    """The ends, and as many between as are drawn."""
    long = made(*(budget(most, most, (40 - most, 0)) for most in range(20)))
    found = read_result(folder_of(tmp_path / "run", long))
    assert len(found.plans) == MOST_POINTS
    assert [found.plans[k].scenario for k in (0, -1)] == ["moves-0000", "moves-0019"]


@pytest.mark.parametrize(
    ("kept", "said"),
    [
        (replace(OPEN, budgets=()), r"curve.json: budgets: are none"),
        (replace(OPEN, budgets=OPEN.budgets[::-1]), r"curve.json: budgets\[1\].max_moves: is 5; must grow"),
        (made(OPEN.budgets[0], budget(1, 1, (0, 0))), r"curve.json: budgets\[1\].tiers: are not those of the first"),
    ],
)
def test_a_curve_that_cannot_be_read_is_refused(tmp_path: Path, kept: KeptCurve, said: str) -> None:
    """With the file and the field."""
    with pytest.raises(InvalidRequest, match=said):
        read_result(folder_of(tmp_path / "run", kept))
