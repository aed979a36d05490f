"""The report in a real browser: sorted, filtered, read by keyboard, at the width of a telephone, in both colour schemes."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from solver.report.result.folder import read_result
from solver.report.result.html import html
from tests.report.results import what_if_folder

CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), ""
)
pytestmark = pytest.mark.skipif(not CHROMIUM, reason="no Chromium is installed")

TELEPHONE = 390
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

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def chromium(profile: Path, *arguments: str) -> str:
    """What a headless Chromium prints. It has no sandbox: tests may run as root, and the page is ours."""
    fixed = ("--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--virtual-time-budget=5000")
    command = [CHROMIUM, *fixed, f"--user-data-dir={profile}", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=180).stdout


@pytest.fixture(scope="module", params=["light", "dark"])
def found(request: pytest.FixtureRequest, address: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """What the driver saw, by scheme."""
    # Blink's PreferredColorScheme: 0 is dark, 1 is light.
    scheme = f"--blink-settings=preferredColorScheme={0 if request.param == 'dark' else 1}"
    text = chromium(tmp_path_factory.mktemp("profile"), scheme, "--dump-dom", f"{address}/driver.html")
    said = re.search(r'<pre id="out">(.*?)</pre>', text, flags=re.DOTALL)
    assert said and said[1], text[-2000:]
    from html import unescape

    seen: dict[str, object] = json.loads(unescape(said[1]))
    return {**seen, "asked": request.param}


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
