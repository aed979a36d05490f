"""The report in a real browser: sorted, filtered, read by keyboard, at the width of a telephone, in both colour schemes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from solver.report.result.folder import read_result
from solver.report.result.html import html
from tests.report.browser import CHROMIUM, TELEPHONE, chromium, seen, served
from tests.report.results import what_if_folder

pytestmark = pytest.mark.skipif(not CHROMIUM, reason="no Chromium is installed")

DRIVER = """<!doctype html><title>driver</title><iframe id="page" src="report.html" width="%d" height="800"></iframe>
<pre id="out"></pre><script>
addEventListener("load", () => {
  const view = document.getElementById("page").contentWindow, page = view.document, found = {};
  const rows = "#rows tbody tr";
  const names = () => [...page.querySelectorAll(rows)].filter((row) => !row.hidden).map((row) => row.cells[0].textContent);
  const keys = (key) => new view.KeyboardEvent("keydown", {key, bubbles: true, cancelable: true});
  const press = (key) => page.activeElement.dispatchEvent(keys(key));
  const head = (name) => [...page.querySelectorAll("#rows thead button")].find((one) => one.textContent === name);
  found.scheme = view.getComputedStyle(page.body).backgroundColor;
  found.over = page.documentElement.scrollWidth - page.documentElement.clientWidth;
  found.title = page.title;
  found.fetched = view.performance.getEntriesByType("resource").map((one) => one.name);
  found.asWritten = names();
  head("missing").click();
  found.upwards = names();
  found.sort = head("missing").closest("th").getAttribute("aria-sort");
  head("missing").click();
  found.downwards = names();
  const words = page.getElementById("words"), kinds = page.getElementById("kinds");
  words.value = "HUNDRED";
  words.dispatchEvent(new view.Event("input"));
  found.filtered = names();
  found.told = page.getElementById("shown").textContent;
  words.value = "";
  kinds.value = "failed";
  kinds.dispatchEvent(new view.Event("change"));
  found.failed = names();
  const group = page.querySelector(".boxes"), boxes = [...group.querySelectorAll(".box")];
  const status = () => page.querySelector(".told").textContent;
  found.stops = boxes.filter((box) => box.tabIndex === 0).length;
  boxes[0].focus();
  found.first = [status(), boxes[0].querySelector("title").textContent];
  press("ArrowRight");
  found.second = [status(), boxes[1].querySelector("title").textContent];
  press("End");
  found.last = [status(), boxes[boxes.length - 1].querySelector("title").textContent];
  boxes[2].dispatchEvent(new view.PointerEvent("pointerover", {bubbles: true}));
  found.pointed = [status(), boxes[2].querySelector("title").textContent];
  view.location.hash = "#plan-1";
  setTimeout(() => {
    found.unfolded = page.querySelector("#plan-1 details").open;
    found.afterwards = page.title;
    document.getElementById("out").textContent = JSON.stringify(found);
  }, 200);
});
</script>"""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The page beside what drives it, so that the one may look into the other."""
    folder = tmp_path_factory.mktemp("served")
    page = html(read_result(what_if_folder(tmp_path_factory.mktemp("results") / "run")))
    (folder / "report.html").write_text(page, encoding="utf-8")
    (folder / "driver.html").write_text(DRIVER % TELEPHONE, encoding="utf-8")
    with served(folder) as address:
        yield address


@pytest.fixture(scope="module", params=["light", "dark"])
def found(request: pytest.FixtureRequest, address: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """What the driver saw, by scheme."""
    return seen(tmp_path_factory.mktemp("profile"), f"{address}/driver.html", request.param)


def test_the_scheme_is_the_reader_s(found: dict[str, object]) -> None:
    """Light paper or dark."""
    assert found["scheme"] == ("rgb(18, 23, 30)" if found["asked"] == "dark" else "rgb(255, 255, 255)")


def test_it_fits_a_telephone(found: dict[str, object]) -> None:
    """What is wider scrolls by itself; the page does not."""
    assert found["over"] == 0


def test_nothing_is_fetched_and_no_name_is_obeyed(found: dict[str, object]) -> None:
    """Names of scenarios, groups and the cluster are scripts and pictures that would set the title."""
    assert found["fetched"] == []
    assert found["title"] == found["afterwards"] != "obeyed"


def test_rows_are_sorted_by_number(found: dict[str, object]) -> None:
    """9 before 10 before 100; a row without an answer is the last in both directions."""
    written = found["asWritten"]
    assert isinstance(written, list)
    base, nine, ten, hundred, evil, broken = written
    assert (nine, ten, hundred, broken) == ("nine", "ten", "a hundred", "broken")
    assert found["upwards"] == [base, evil, nine, ten, hundred, broken]
    assert found["downwards"] == [hundred, ten, nine, base, evil, broken]
    assert found["sort"] == "ascending"


def test_rows_are_filtered_by_words_and_by_kind(found: dict[str, object]) -> None:
    """However they are written; how many are left is told."""
    assert (found["filtered"], found["told"]) == (["a hundred"], "1 of 6 rows")
    assert found["failed"] == ["broken"]


def test_a_box_is_reached_by_keyboard_and_pointer(found: dict[str, object]) -> None:
    """One stop of the Tab key for each zone, then arrow keys; the line below says what is chosen."""
    assert found["stops"] == 1
    for name in ("first", "second", "last", "pointed"):
        pair = found[name]
        assert isinstance(pair, list) and pair[0] == pair[1] and "cpu" in pair[0]


def test_a_link_opens_what_is_folded(found: dict[str, object]) -> None:
    """The map of a scenario is unfolded by its link."""
    assert found["unfolded"] is True


@pytest.mark.parametrize(("name", "size"), [("wide", "1280,1600"), ("narrow", "500,1600")])
def test_it_is_drawn(address: str, tmp_path: Path, name: str, size: str) -> None:
    """A picture of the page has more than paper on it."""
    from matplotlib.image import imread

    picture = tmp_path / f"{name}.png"
    chromium(tmp_path / "profile", f"--window-size={size}", f"--screenshot={picture}", f"{address}/report.html")
    pixels = imread(picture)
    assert pixels.shape[1] == int(size.split(",")[0])
    assert len({tuple(pixel) for pixel in pixels[::7, ::7, :3].reshape(-1, 3).round(2).tolist()}) > 12
