"""A Pareto front on a page: every point, its bounds, what no plan reaches, and what is not decided."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from solver.errors import InvalidRequest
from solver.formats.kept_front import KeptAxis, KeptFront, KeptPoint
from solver.formats.kept_plan import kept_plan
from solver.report.result.folder import MOST_POINTS, read_result
from solver.report.result.front import BOTTOM, LEFT, MOST_LEVELS, RIGHT, TOP, said_of, shown_front
from solver.report.result.html import html
from tests.markup import parsed
from tests.report.answers import answer
from tests.report.results import EVIL

AXES = (
    KeptAxis("cost", "instances in use", 0),
    KeptAxis("moves", "tasks moved", 0),
    KeptAxis("skew", "largest skew", 0),
)


def point(number: int, values: tuple[float, ...], bounds: tuple[float, ...] = ()) -> KeptPoint:
    known = bounds or values
    return KeptPoint(values, known, known == values, known == values, int(values[1]), "", f"point-{number:02}")


def front(*points: KeptPoint, **fields: object) -> KeptFront:
    made = KeptFront(
        format=1, operation="rebalance", cluster="demo", taken_at="", instances=9, axes=AXES, points=points,
        undecided=(), impossible=(), proven=True, missing=0, missing_proven=True, searches=4, seconds=1.5,
        stopped=False, seed=0, time_limit=60, versions={"python": "3"}, warnings=(),
    )  # fmt: skip
    return replace(made, **fields)


THREE = (point(1, (3, 4, 5)), point(2, (5, 2, 5), (4, 1, 5)), point(3, (6, 3, 1)), point(4, (9, 0, 5)))
OPEN = front(*THREE, undecided=((4, 3, None),), impossible=((None, 1, None), (4, None, None)), proven=False)


def folder_of(folder: Path, made: KeptFront) -> Path:
    """As ``pareto --out`` writes it."""
    (folder / "plans").mkdir(parents=True)
    (folder / "front.json").write_text(made.to_json(), encoding="utf-8")
    for one in made.points:
        text = kept_plan(answer(size=6), operation="rebalance", scenario=one.plan).to_json()
        (folder / "plans" / f"{one.plan}.json").write_text(text, encoding="utf-8")
    return folder


def numbers(path: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in (pair.split(",") for pair in path.split())]


def test_every_point_stands_where_its_values_say() -> None:
    """More moves further right, more cost further up; a bound stands below its point; what is not proved is hollow."""
    picture = shown_front(OPEN, {}).picture
    assert picture is not None
    marks = dict(zip((one.plan for one in OPEN.points), picture.marks, strict=True))
    across = [marks[f"point-0{k}"].x for k in (4, 2, 3, 1)]
    up = [marks[f"point-0{k}"].y for k in (4, 3, 2, 1)]
    assert across == sorted(across) and len(set(across)) == 4
    assert up == sorted(up) and len(set(up)) == 4
    assert [mark.hollow for mark in picture.marks] == [False, True, False, False]
    assert marks["point-02"].bound > marks["point-02"].y and marks["point-01"].bound == marks["point-01"].y
    assert "cost" not in marks["point-02"].text and "in use at least 4, moved at least 1" in marks["point-02"].text
    assert all(LEFT <= mark.x <= RIGHT and TOP <= mark.y <= BOTTOM for mark in picture.marks)


def test_a_staircase_for_each_limit_of_the_third_axis() -> None:
    """Each goes through the best points within its limit, and never up."""
    picture = shown_front(OPEN, {}).picture
    assert picture is not None
    assert [line.name for line in picture.lines] == ["at most 5 skew", "at most 1 skew"]
    loose, tight = (numbers(line.points) for line in picture.lines)
    assert len(loose) == 2 * 3 and len(tight) == 2
    for line in (loose, tight):
        assert all(a[0] <= b[0] and a[1] <= b[1] for a, b in zip(line, line[1:], strict=False))
    assert [mark.level for mark in picture.marks] == [0, 0, 1, 0]


def test_what_no_plan_reaches_lies_below_every_point() -> None:
    """The edge of the hatched area is no higher than a point: none below 4 in use, and none at all without a move."""
    picture = shown_front(replace(OPEN, impossible=((4, None, None), (9, 1, None))), {}).picture
    assert picture is not None
    edge = re.match(r"M([\d.]+) [\d.]+((?:V[\d.]+H[\d.]+)+)", picture.impossible)
    assert edge is not None
    steps = [(float(y), float(x)) for y, x in re.findall(r"V([\d.]+)H([\d.]+)", edge[2])]
    assert len(steps) == 2 and steps[0][0] < steps[1][0] and steps[-1][1] == RIGHT
    for mark in picture.marks[1:]:
        assert next(y for y, x in steps if mark.x <= x) >= mark.y - 0.01
    assert shown_front(replace(OPEN, impossible=()), {}).picture.impossible == ""


def test_two_axes_are_one_staircase() -> None:
    """With what is best known, and no limit of a third."""
    points = [replace(one, values=one.values[:2], bounds=one.bounds[:2]) for one in (THREE[0], THREE[1], THREE[3])]
    picture = shown_front(front(*points, axes=AXES[:2]), {}).picture
    assert picture is not None and [line.name for line in picture.lines] == ["best known"]
    assert len(numbers(picture.lines[0].points)) == 2 * 3


def test_many_limits_share_the_last_staircase() -> None:
    """There are six shapes."""
    points = [point(k + 1, (20 - k, k, 12 - k)) for k in range(12)]
    picture = shown_front(front(*points), {}).picture
    assert picture is not None and len(picture.lines) == MOST_LEVELS
    assert max(mark.level for mark in picture.marks) == MOST_LEVELS - 1


def test_one_point_alone_is_drawn_too() -> None:
    """With nothing to span a scale."""
    picture = shown_front(front(point(1, (0, 0, 0))), {}).picture
    assert picture is not None and len(picture.marks) == 1 and picture.x_ticks and picture.y_ticks


def test_the_page_has_the_front_the_points_and_their_plans(tmp_path: Path) -> None:
    """In words too; links lead somewhere, and no name is obeyed."""
    made = replace(OPEN, cluster=EVIL, warnings=(EVIL,))
    made = replace(made, points=(replace(made.points[0], blocked=EVIL), *made.points[1:]))
    page = html(read_result(folder_of(tmp_path / "front", made)))
    seen = parsed(page)
    assert seen.unbalanced == []
    assert not {"img", "iframe"} & {name for name, _ in seen.tags} and "url(" not in page
    names = [tag["id"] for _, tag in seen.tags if "id" in tag]
    assert {"front", "plan-0", "plan-3", "warnings"} <= set(names) and len(names) == len(set(names))
    assert {tag["href"][1:] for name, tag in seen.tags if name == "a"} <= set(names)
    choices = [tag for name, tag in seen.tags if name == "g" and tag.get("class") == "choice"]
    assert len(choices) == 4 and all(tag["aria-label"] and tag["role"] == "img" for tag in choices)
    said = " ".join(seen.texts)
    assert "4 points of cost against moves against skew: 3 proved, others may be missing." in said
    assert "at most 4 in use, at most 3 moved" in said and "Point 02: 5 in use, 2 moved, 5 skew" in said


def test_plans_of_a_long_front_are_spread_over_it(tmp_path: Path) -> None:
    """The ends, and as many between as are drawn."""
    points = [point(k + 1, (40 - k, k, 1)) for k in range(30)]
    found = read_result(folder_of(tmp_path / "front", front(*points)))
    assert len(found.plans) == MOST_POINTS
    assert [found.plans[k].scenario for k in (0, -1)] == ["point-01", "point-30"]


def test_a_front_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    """With the file and the field."""
    folder = folder_of(tmp_path / "front", OPEN)
    (folder / "front.json").write_text(OPEN.to_json().replace('"proven": false', '"proven": 1'), encoding="utf-8")
    with pytest.raises(InvalidRequest, match=r"front.json: .*proven: is 1; must be true or false"):
        read_result(folder)


def test_money_is_not_called_instances() -> None:
    """A cost in the currency is one of an hour; without prices it is instances in use."""
    axes = (KeptAxis("cost", "cost an hour of the instances in use", 3), AXES[1])
    priced = front(point(1, (0.75, 4)), point(2, (1.35, 0)), axes=axes)
    assert said_of(priced, priced.points[0]) == "0.750 an hour, 4 moved"
    assert said_of(OPEN, OPEN.points[0]) == "3 in use, 4 moved, 5 skew"
