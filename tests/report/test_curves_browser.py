"""Pareto fronts, curves of budgets and timelines in a real browser, and the table of scenarios on a wide screen."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from solver.report.result.folder import read_result
from solver.report.result.html import html
from tests.report import test_result_curve as curves
from tests.report import test_result_front as fronts
from tests.report import test_result_timeline as timelines
from tests.report.browser import CHROMIUM, TELEPHONE, chromium, seen, served
from tests.report.results import what_if_folder

pytestmark = pytest.mark.skipif(not CHROMIUM, reason="no Chromium is installed")

WIDE = 1200
DRIVER = """<!doctype html><title>driver</title>
<iframe id="front" src="front.html" width="PHONE" height="800"></iframe>
<iframe id="curve" src="curve.html" width="PHONE" height="800"></iframe>
<iframe id="timeline" src="timeline.html" width="PHONE" height="800"></iframe>
<iframe id="rows" src="rows.html" width="WIDE" height="800"></iframe>
<pre id="out"></pre><script>
addEventListener("load", () => {
  const view = (name) => document.getElementById(name).contentWindow, found = {};
  const over = (name) => {
    const root = view(name).document.documentElement;
    return root.scrollWidth - root.clientWidth;
  };
  const press = (name, key) => {
    const event = new (view(name).KeyboardEvent)("keydown", {key, bubbles: true, cancelable: true});
    view(name).document.activeElement.dispatchEvent(event);
  };
  found.scheme = view("front").getComputedStyle(view("front").document.body).backgroundColor;
  found.over = ["front", "curve", "timeline", "rows"].map(over);
  found.fetched = ["front", "curve", "timeline"].flatMap((name) => view(name).performance.getEntriesByType("resource").length);
  const page = view("front").document, points = [...page.querySelectorAll(".choice")];
  const told = () => page.querySelector(".told").textContent;
  found.stops = points.filter((point) => point.getAttribute("tabindex") === "0").length;
  points[0].focus();
  found.first = told();
  press("front", "ArrowRight");
  found.second = told();
  press("front", "End");
  found.last = told();
  points[2].querySelector(".target").dispatchEvent(new (view("front").PointerEvent)("pointerover", {bubbles: true}));
  found.pointed = told();
  found.size = points[0].querySelector(".target").getBoundingClientRect().width;
  found.letters = Math.min(...[...page.querySelectorAll(".front text")].map((one) => one.getBoundingClientRect().height));
  const budgets = [...view("curve").document.querySelectorAll("#curve .chart")].map((chart) => {
    const marks = [...chart.querySelectorAll(".choice")], say = () => chart.querySelector(".told").textContent;
    marks[0].focus();
    const begin = say();
    press("curve", "End");
    const end = say();
    marks[1].querySelector(".target").dispatchEvent(new (view("curve").PointerEvent)("pointerover", {bubbles: true}));
    const size = marks[0].querySelector(".target").getBoundingClientRect().width;
    const letters = Math.min(...[...chart.querySelectorAll("text")].map((one) => one.getBoundingClientRect().height));
    const tall = chart.getBoundingClientRect();
    return {begin, end, pointed: say(), size, letters, out: tall.right - view("curve").innerWidth};
  });
  found.budgets = budgets;
  const plot = view("timeline").document.querySelector(".timeline");
  const at = () => plot.parentElement.querySelector(".at").textContent;
  plot.focus();
  found.begin = at();
  press("timeline", "ArrowRight");
  found.next = at();
  const box = plot.getBoundingClientRect();
  const where = {bubbles: true, clientX: box.right - 2, clientY: box.top + 20};
  plot.dispatchEvent(new (view("timeline").PointerEvent)("pointermove", where));
  found.end = at();
  const rows = view("rows").document.querySelector(".rows");
  found.scrolls = rows.scrollWidth - rows.clientWidth;
  found.cut = [...rows.querySelectorAll("td")].filter((cell) => cell.scrollWidth > cell.clientWidth + 1).length;
  document.getElementById("out").textContent = JSON.stringify(found);
});
</script>"""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The pages beside what drives them."""
    folder, made = tmp_path_factory.mktemp("served"), tmp_path_factory.mktemp("made")
    pages = {
        "curve": curves.folder_of(made / "curve", curves.OPEN),
        "front": fronts.folder_of(made / "front", fronts.OPEN),
        "timeline": timelines.folder_of(made / "timeline"),
        "rows": what_if_folder(made / "rows"),
    }
    for name, results in pages.items():
        (folder / f"{name}.html").write_text(html(read_result(results)), encoding="utf-8")
    driver = DRIVER.replace("PHONE", str(TELEPHONE)).replace("WIDE", str(WIDE))
    (folder / "driver.html").write_text(driver, encoding="utf-8")
    with served(folder) as found:
        yield found


@pytest.fixture(scope="module", params=["light", "dark"])
def found(request: pytest.FixtureRequest, address: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """What the driver saw, by scheme."""
    return seen(tmp_path_factory.mktemp("profile"), f"{address}/driver.html", request.param)


def test_pages_follow_the_reader_fit_and_fetch_nothing(found: dict[str, object]) -> None:
    """Light paper or dark; on a telephone no page scrolls sideways."""
    assert found["scheme"] == ("rgb(18, 23, 30)" if found["asked"] == "dark" else "rgb(255, 255, 255)")
    assert found["over"] == [0, 0, 0, 0] and found["fetched"] == [0, 0, 0]


def test_a_point_is_reached_by_keyboard_and_pointer(found: dict[str, object]) -> None:
    """One stop of the Tab key, then arrow keys; the line below says values, proof and gap."""
    assert found["stops"] == 1
    assert str(found["first"]).startswith("point-01: 3 in use, 4 moved, 5 skew; proved")
    assert str(found["second"]).startswith("point-02: 5 in use, 2 moved, 5 skew; not proved (in use at least 4")
    assert str(found["last"]).startswith("point-04: 9 in use") and str(found["pointed"]).startswith("point-03")


def test_points_and_letters_are_large_enough_on_a_telephone(found: dict[str, object]) -> None:
    """A finger finds 16 pixels, and letters are 10 high."""
    assert isinstance(found["size"], float | int) and found["size"] >= 16
    assert isinstance(found["letters"], float | int) and found["letters"] >= 10


def test_a_budget_is_reached_by_keyboard_and_pointer(found: dict[str, object]) -> None:
    """In each picture of a curve, which says its own values below; large enough, and within a telephone."""
    pictures = found["budgets"]
    assert isinstance(pictures, list) and len(pictures) == 2
    for picture, values in zip(pictures, ((9, 4, 7), (5, 8, 6)), strict=True):
        assert picture["begin"] == f"at most 0 moves: {values[0]} (proved), no move made"
        assert picture["end"].startswith(f"at most 8 moves: {values[1]} (not proved: at least ")
        assert picture["pointed"].startswith(f"at most 1 move: {values[2]} (")
        assert picture["size"] >= 16 and picture["letters"] >= 10 and picture["out"] <= 0


def test_a_timeline_says_what_there_was_in_a_minute(found: dict[str, object]) -> None:
    """Where the arrow keys lead, and where somebody points."""
    assert found["begin"] == "0:00: ECS's rules 2, ours 2"
    assert found["next"] == "0:01: ECS's rules 3, ours 2"
    assert found["end"] == "0:02: ECS's rules 3, ours 2"


def test_the_table_of_scenarios_needs_no_scrolling_on_a_wide_screen(found: dict[str, object]) -> None:
    """All of its twelve columns, with prices, in 1,200 pixels; and no cell is cut."""
    assert found["scrolls"] == 0 and found["cut"] == 0


@pytest.mark.parametrize("name", ["front", "curve", "timeline"])
def test_it_is_drawn(address: str, tmp_path: Path, name: str) -> None:
    """A picture of the page has more than paper on it."""
    from matplotlib.image import imread

    picture = tmp_path / f"{name}.png"
    chromium(tmp_path / "profile", "--window-size=900,1200", f"--screenshot={picture}", f"{address}/{name}.html")
    pixels = imread(picture)
    assert len({tuple(pixel) for pixel in pixels[::5, ::5, :3].reshape(-1, 3).round(2).tolist()}) > 12
