"""The figure of an answer."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import pytest

from solver import Limits, place
from solver.domain.answer import Answer
from solver.domain.counts import Counts
from solver.errors import InvalidRequest
from solver.report import figure
from solver.report.figure import COLOURS, Numbers, draw, picture
from tests.builders import cluster, group, problem
from tests.report.answers import answer


def svg(found: Answer) -> str:
    return picture(found, "svg").decode()


@pytest.mark.parametrize(("suffix", "start"), [(".png", b"\x89PNG"), (".svg", b"<?xml"), (".SVG", b"<?xml")])
def test_the_name_says_the_kind(suffix: str, start: bytes, tmp_path: Path) -> None:
    """The ending of the file's name decides between PNG and SVG."""
    path = tmp_path / f"picture{suffix}"
    draw(answer(20, 2, 4), path)
    assert path.read_bytes().startswith(start)
    assert [found.name for found in tmp_path.iterdir()] == [path.name]


def test_a_path_may_be_a_string(tmp_path: Path) -> None:
    """The path of a picture is a Path or a string, and so is the one of a kind that is refused."""
    draw(answer(), str(tmp_path / "a.svg"))
    draw(answer(), tmp_path / "b.svg")
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
    with pytest.raises(InvalidRequest, match=r"\.svg or \.png"):
        draw(answer(), str(tmp_path / "a.gif"))


def test_another_kind_is_refused(tmp_path: Path) -> None:
    """Another ending is refused with the two that there are, and nothing is written."""
    with pytest.raises(InvalidRequest, match=r"is neither SVG nor PNG; must end in \.svg or \.png"):
        draw(answer(20, 2, 4), tmp_path / "picture.pdf")
    assert list(tmp_path.iterdir()) == []


def test_a_figure_that_cannot_be_written_leaves_what_was_there(tmp_path: Path) -> None:
    """Where the folder is missing nothing is written; the error names the folder."""
    with pytest.raises(FileNotFoundError, match="nowhere"):
        draw(answer(20, 2, 4), tmp_path / "nowhere" / "picture.png")


@pytest.mark.parametrize("kind", ["svg", "png"])
def test_the_same_answer_gives_the_same_bytes(kind: str) -> None:
    """A figure holds no date and no random name, and no time of the search."""
    again = replace(answer(20, 2, 4), seconds=9.9)
    assert picture(answer(20, 2, 4), kind) == picture(again, kind)


def test_groups_with_new_tasks_have_their_colours() -> None:
    """The colours of the groups appear after the operation; without new tasks only in the legend."""
    found = answer(20, 3, 4)
    empty = replace(found, tasks=Counts.empty(3, 20))
    for colour in COLOURS[:3]:
        assert svg(found).count(colour) > svg(empty).count(colour) > 0
    assert COLOURS[3] not in svg(found)


@pytest.mark.parametrize(("size", "groups"), [(0, 1), (1, 1), (60, 30), (240, 3), (241, 3), (3000, 5)])
def test_every_size_is_drawn(size: int, groups: int) -> None:
    """Clusters from empty to thousands of instances give a well-formed figure of bounded size."""
    found = answer(size, groups, 4) if size > 1 else answer(size, groups, 0)
    text = svg(found)
    assert ET.fromstring(text).tag.endswith("svg")
    assert len(text) < 1_500_000


@pytest.mark.parametrize("free", [1_000, 600])
def test_what_is_drawn_thicker_than_it_is_stays_in_its_box(free: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """An instance filled by a large task and many small ones: no bar begins below its box or ends above it."""
    small = [group(f"s{n}", 1, cpu=1, memory=1) for n in range(9)]
    large = group("large", 1, cpu=free - 20, memory=10)
    full = cluster([{"cpu": 1_000, "memory": 1_000, "free": {"cpu": free, "memory": free}}])
    bars: list[tuple[float, float]] = []

    def bar(axes: object, x: Numbers, y: Numbers, width: float, height: Numbers, colour: str) -> None:
        bars.extend((float(low), float(low + high)) for low, high in zip(y, height, strict=True) if high > 0)

    monkeypatch.setattr(figure, "_bar", bar)
    picture(place(problem(full, [*small, large], {}), Limits(time_limit=2)), "svg")
    assert len(bars) >= 20
    assert min(low for low, _ in bars) >= -1e-9
    assert max(high for _, high in bars) <= 1 - figure.BOX_GAP + 1e-9
    assert min(high - low for low, high in bars) > figure.LEAST / 2


def test_names_are_drawn_as_they_are() -> None:
    """A name with dollar signs is no formula, one in a script that the font lacks is no error."""
    found = answer(20, 1, 4)
    for name in ("service:$x^{", "_hidden", "服务", "a" * 300):
        group = replace(found.problem.groups[0], name=name)
        text = svg(replace(found, problem=replace(found.problem, groups=(group,))))
        assert re.search("<svg", text)
