"""A simulation of scaling on a page: what there is in each minute, a line for each set of rules."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from solver.errors import InvalidRequest
from solver.report.result.folder import read_result
from solver.report.result.html import html
from solver.report.result.timeline import BOTTOM, LEFT, MOST_SERVICES, RIGHT, TOP, read_timeline, shown_timeline
from solver.scaling.timeline import COLUMNS, SUMMARY
from tests.markup import parsed
from tests.report.results import EVIL


def folder_of(folder: Path, *, services: int = 1, minutes: int = 3) -> Path:
    """As ``simulate-scaling --out`` writes it: by ECS's rules 2, 3, 3, ... instances, by ours 2 throughout."""
    folder.mkdir()
    lines = []
    for rules in ("ecs", "ours"):
        for minute in range(minutes):
            cells = {"minute": minute, "rules": rules}
            for s in range(services):
                own = {"kind": "service", "name": f"s{s}{EVIL}", "running": s + minute, "waiting": minute, "short": 0}
                lines.append({**cells, **own})
            for name, running in (("a", 1), ("b", 1 + (rules == "ecs" and minute > 0))):
                lines.append({**cells, "kind": "provider", "name": name, "running": running})
            lines.append({**cells, "kind": "cluster", "name": "", "moved": 0, "price": "0.25"})
    text = [",".join(COLUMNS), *(",".join(_cell(row.get(name, "")) for name in COLUMNS) for row in lines)]
    (folder / "timeline.csv").write_text("\n".join(text) + "\n", encoding="utf-8")
    sums = [",".join(SUMMARY)] + [f"{rules},1.5,9,8,1,0,2,6,3,1,0" for rules in ("ecs", "ours")]
    (folder / "summary.csv").write_text("\n".join(sums) + "\n", encoding="utf-8")
    return folder


def _cell(value: object) -> str:
    return '"' + str(value).replace('"', '""') + '"'


def test_providers_add_up_minute_by_minute(tmp_path: Path) -> None:
    """A step where the number changes, and only there; each set of rules has its line."""
    shown = shown_timeline(read_timeline(folder_of(tmp_path / "run")))
    chart = shown.charts[0]
    assert chart.title == "Instances that take tasks" and (chart.first, chart.last) == (0, 2)
    assert [(one.name, json.loads(one.steps)) for one in chart.series] == [
        ("ECS's rules", [[0, 2], [1, 3]]),
        ("ours", [[0, 2]]),
    ]
    corners = [tuple(map(float, pair.split(","))) for pair in chart.series[0].points.split()]
    assert corners[0][0] == LEFT and corners[-1][0] == RIGHT and len(corners) == 4
    assert all(TOP <= y <= BOTTOM for _, y in corners) and corners[-1][1] < corners[0][1]


def test_each_service_has_a_picture_but_not_hundreds(tmp_path: Path) -> None:
    """Those with the most tasks."""
    shown = shown_timeline(read_timeline(folder_of(tmp_path / "run", services=MOST_SERVICES + 3)))
    assert len(shown.charts) == 3 + MOST_SERVICES
    assert shown.charts[3].title.startswith(f"s{MOST_SERVICES + 2}")


def test_money_is_written_as_people_write_it(tmp_path: Path) -> None:
    """Two decimals and thousands apart, in the sentences and in the table; the file keeps six."""
    folder = folder_of(tmp_path / "run")
    text = (folder / "summary.csv").read_text(encoding="utf-8").replace("1.5,9,", "1211.709613,21705,")
    (folder / "summary.csv").write_text(text, encoding="utf-8")
    made = shown_timeline(read_timeline(folder))
    assert made.sentences[0].startswith("By ECS's rules: 1,211.71 in all, 1 task-minutes unplaced of 21,705 wanted")
    assert list(made.summary.rows[1])[:3] == ["ours", "1,211.71", "21,705"]


def test_hours_are_written_below(tmp_path: Path) -> None:
    """At round minutes, at most seven."""
    shown = shown_timeline(read_timeline(folder_of(tmp_path / "run", minutes=181)))
    assert [label for _, label in shown.charts[0].x_ticks] == ["0:00", "0:30", "1:00", "1:30", "2:00", "2:30", "3:00"]


def test_the_page_has_every_picture_in_words_and_obeys_no_name(tmp_path: Path) -> None:
    """And the sums as a table."""
    page = html(read_result(folder_of(tmp_path / "run")))
    seen = parsed(page)
    assert seen.unbalanced == [] and "url(" not in page
    assert not {"img", "iframe"} & {name for name, _ in seen.tags}
    charts = [tag for name, tag in seen.tags if name == "svg" and "timeline" in tag.get("class", "")]
    assert len(charts) == 4 and all(tag["aria-label"] and tag["tabindex"] == "0" for tag in charts)
    assert (
        "By ours: 1.50 in all, 1 task-minutes unplaced of 9 wanted, 2 tasks moved, at most 3 instances." in seen.texts
    )


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda text: "", r"timeline.csv: has not the columns minute, rules"),
        (lambda text: text.splitlines()[0] + "\n", r"timeline.csv: has no row"),
        (
            lambda text: text.replace('"0.25"', '"much"', 1),
            r"timeline.csv: row \d+, price: is 'much'; must be a number",
        ),
        (lambda text: text + "1,2\n", r"timeline.csv: row \d+: has not 17 cells"),
    ],
)
def test_files_that_are_no_timeline_are_refused(tmp_path: Path, change: object, said: str) -> None:
    """With the row and the column."""
    folder = folder_of(tmp_path / "run")
    assert callable(change)
    text = change((folder / "timeline.csv").read_text(encoding="utf-8"))
    (folder / "timeline.csv").write_text(text, encoding="utf-8")
    with pytest.raises(InvalidRequest, match=said):
        read_result(folder)


def test_a_missing_summary_is_refused(tmp_path: Path) -> None:
    """It is written beside the timeline."""
    folder = folder_of(tmp_path / "run")
    (folder / "summary.csv").unlink()
    with pytest.raises(InvalidRequest, match=r"summary.csv: cannot be read"):
        read_result(folder)
