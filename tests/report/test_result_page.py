"""The report of a folder: whole, in one file, safe, and readable in both colour schemes."""

from __future__ import annotations

import base64
import hashlib
import itertools
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from solver.domain.counts import Counts
from solver.domain.survival import LossOutcome
from solver.errors import InvalidRequest
from solver.formats.kept_plan import kept_plan
from solver.report.page.templates import SHARED
from solver.report.result.cluster_map import MOST_BOXES, cluster_map
from solver.report.result.folder import read_result
from solver.report.result.histogram import Bar, counts, histograms, with_numbers
from solver.report.result.html import FOLDER, html
from tests.markup import parsed
from tests.report.answers import answer
from tests.report.results import EVIL, SCENARIOS, plan_folder, what_if_folder


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    return html(read_result(what_if_folder(tmp_path_factory.mktemp("results") / "run")))


def test_markup_in_names_is_text(page: str, tmp_path: Path) -> None:
    """Of scenarios, groups, the cluster, reasons and warnings: the only script is the page's own."""
    for text in (page, html(read_result(plan_folder(tmp_path / "plan")))):
        seen = parsed(text)
        assert seen.unbalanced == []
        assert [name for name, _ in seen.tags].count("script") == 1
        assert not {"img", "iframe", "object", "embed"} & {name for name, _ in seen.tags}
        assert not [name for _, tag in seen.tags for name in tag if name.startswith("on")]
        assert any(EVIL in said for said in seen.texts)


def test_nothing_is_fetched_and_only_the_own_script_may_run(page: str) -> None:
    """The policy names the digest of the script as it stands there."""
    seen = parsed(page)
    addresses = [tag[name] for _, tag in seen.tags for name in ("href", "src", "action", "data") if name in tag]
    assert all(address.startswith("#") or address == "data:," for address in addresses)
    assert "url(" not in page and "@import" not in page and "://" not in page
    (policy,) = [tag["content"] for name, tag in seen.tags if tag.get("http-equiv") == "Content-Security-Policy"]
    script = page[page.index("<script>") + 8 : page.index("</script>")]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert policy == f"default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src 'sha256-{digest}'"


def test_every_scenario_has_its_row_and_links_lead_somewhere(page: str) -> None:
    """Those with a plan lead to it."""
    seen = parsed(page)
    names = [tag["id"] for _, tag in seen.tags if "id" in tag]
    assert len(names) == len(set(names))
    assert {tag["href"][1:] for name, tag in seen.tags if name == "a"} <= set(names)
    assert [tag["data-kind"] for name, tag in seen.tags if name == "tr" and "data-kind" in tag] == [
        "base", "short", "short", "short", "good", "failed",
    ]  # fmt: skip
    for name in SCENARIOS:
        assert name in seen.texts


def test_boxes_charts_and_what_scrolls_can_be_reached_and_say_what_they_are(page: str) -> None:
    """By keyboard and by ear, not by colour alone."""
    tags = parsed(page).tags
    boxes = [tag for name, tag in tags if name == "svg" and tag.get("class") == "box"]
    assert len(boxes) == 2 * 2 * 60
    assert all(tag["tabindex"] == "0" and tag["role"] == "img" for tag in boxes)
    assert len(re.findall(r'<svg class="box"[^>]*><title>[^<]+</title>', page)) == len(boxes)
    charts = [tag for name, tag in tags if name == "svg" and tag.get("role") == "img" and tag.get("class") != "box"]
    assert charts and all(tag["aria-label"] for tag in charts)
    assert all(tag["aria-label"] for _, tag in tags if "scroll" in tag.get("class", "").split())
    assert "takes no new tasks" in page


@pytest.mark.parametrize("after", [False, True])
def test_a_histogram_counts_each_instance_once(after: bool) -> None:
    """In the tenth that a count of one's own finds."""
    made = answer(size=40)
    kept = kept_plan(made)
    for r in range(2):
        expected = [0] * 10
        for i in range(40):
            used = int(made.problem.cluster.capacity[i, r] - made.problem.cluster.free[i, r])
            if after:
                used += sum(int(made.problem.demand[g, r]) * n for g, at, n in made.tasks if at == i)
            share = used / int(made.problem.cluster.capacity[i, r])
            expected[min(int(share * 10 + 1e-9), 9)] += 1
        assert counts(kept, r, after=after) == expected
    for one in histograms(kept):
        assert sum(bar.count for bar in one.bars) == 80


def test_a_box_shows_and_says_what_changes() -> None:
    """A task that moves leaves one box before, and arrives in another after."""
    made = answer(size=9, groups=1, each=1)
    (_, there, _), size = next(iter(made.tasks)), 9
    other = next(i for i in range(size) if i != there)
    running = Counts.of((1, size), np.array([0]), np.array([other]), np.array([1]))
    group = replace(made.problem.groups[0], start=0, movable=1)
    moved = replace(made, problem=replace(made.problem, groups=(group,), running=running))
    before, after = ([box for zone in side.zones for box in zone.boxes] for side in cluster_map(kept_plan(moved)).sides)
    (leaves,) = [box for box in before if any(shape.kind == "leaves" for shape in box.shapes)]
    (arrives,) = [box for box in after if any(shape.kind == "arrives" for shape in box.shapes)]
    assert leaves.text.startswith(made.problem.cluster.label(other)) and "leave: 1 service:web" in leaves.text
    assert arrives.text.startswith(made.problem.cluster.label(there)) and "arrive: 1 service:web" in arrives.text
    assert all(
        s.x >= 3 and s.x + s.width <= 33.01 and s.y >= 3 and s.y + s.height <= 33.01 for b in after for s in b.shapes
    )


def test_many_instances_are_profiles() -> None:
    """No page of a hundred thousand boxes; the shares stay in words."""
    found = cluster_map(kept_plan(answer(size=MOST_BOXES + 1)))
    assert not found.boxes
    assert all(not zone.boxes and zone.profile and "cpu" in zone.text for side in found.sides for zone in side.zones)
    assert len(html_of(answer(size=MOST_BOXES + 1))) < 100_000


def html_of(made: object) -> str:
    from solver.domain.answer import Answer
    from solver.report.result.folder import Result

    assert isinstance(made, Answer)
    return html(Result("run", None, (kept_plan(made, operation="place"),), {}))


def test_losses_that_a_plan_must_survive_are_listed() -> None:
    """Those first that leave tasks without a place, of which groups; a plan that must survive nothing has no such table."""
    losses = (
        LossOutcome("zone", "a", 20, 8, {}, 0, 0, False),
        LossOutcome("attribute:rack", EVIL, 3, 7, {EVIL: 2, "service:api": 1}, 1, 4, False),
    )
    page = html_of(replace(answer(), losses=losses))
    seen = parsed(page)
    assert seen.unbalanced == []
    assert "Every task has a place after 1 of the 2 losses that the plan must survive." in seen.texts
    first = seen.texts.index(f"rack {EVIL}")
    cells = [f"rack {EVIL}", "3", "7", f"2 of {EVIL}, 1 of service:api", "1", "4, not proved to be the fewest"]
    assert seen.texts[first : first + 6] == cells
    assert seen.texts[first + 6 : first + 12] == ["zone a", "20", "8", "none", "0", "0"]
    assert "The losses that the plan must survive" not in parsed(html_of(answer())).texts
    many = tuple(replace(losses[0], value=f"i{k}") for k in range(300))
    assert "The first 50 of 300: where most tasks have no place." in html_of(replace(answer(), losses=many))


def test_a_plan_without_instances_or_groups_is_a_page_too() -> None:
    """Nothing to draw is no error."""
    kept = kept_plan(answer(size=6, groups=1, each=1))
    from solver.report.result.folder import Result

    empty = replace(kept, instances=(), groups=(), tiers=(), shortfalls=())
    assert parsed(html(Result("run", None, (empty,), {}))).unbalanced == []


@pytest.mark.parametrize("make", ["nothing", "empty", "header", "run"])
def test_a_folder_that_holds_no_result_is_refused(tmp_path: Path, make: str) -> None:
    """With what would be right."""
    folder = tmp_path / "run"
    if make != "nothing":
        folder.mkdir()
    if make == "header":
        (folder / "results.csv").write_text("a,b\n", encoding="utf-8")
    if make == "run":
        what_if_folder(tmp_path / "other")
        folder = tmp_path / "other"
        (folder / "run.json").write_text("{", encoding="utf-8")
    with pytest.raises(InvalidRequest) as refused:
        read_result(folder)
    assert str(folder) in str(refused.value)


SCHEMES = ("light", "dark")
TEXTS = [
    ("ink", "paper"), ("ink", "raised"), ("faint", "paper"), ("faint", "raised"), ("link", "paper"), ("good", "good-back"),
    ("bad", "bad-back"), ("open", "open-back"),
]  # fmt: skip
SHAPES = [
    ("stays", "raised"), ("leaves", "raised"), ("arrives", "raised"), ("edge", "paper"), ("refused", "paper"), ("left", "paper"),
    ("c0", "paper"), ("c1", "paper"), ("c2", "paper"),
]  # fmt: skip


def colours(scheme: str) -> dict[str, str]:
    """The variables of both style files: those in force in a scheme."""
    found: dict[str, str] = {}
    for path in (SHARED / "page.css", FOLDER / "result.css"):
        blocks = re.findall(r":root \{(.*?)\}", path.read_text(encoding="utf-8"), flags=re.DOTALL)
        for block in blocks[: 1 if scheme == "light" else 2]:
            found |= dict(re.findall(r"--([a-z0-9-]+): (#[0-9a-f]{6})", block))
    return found


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours (WCAG 2.2, relative luminance)."""

    def luminance(colour: str) -> float:
        parts = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_contrast_is_that_of_the_standard() -> None:
    """Black on white is 21; the same colour 1."""
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#123456", "#123456") == 1
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_colours_can_be_told_apart(scheme: str) -> None:
    """Text has 4.5 to 1, shapes 3 to 1 (WCAG 2.2, 1.4.3 and 1.4.11)."""
    known = colours(scheme)
    text = {pair: round(contrast(*(known[name] for name in pair)), 2) for pair in TEXTS}
    shape = {pair: round(contrast(*(known[name] for name in pair)), 2) for pair in SHAPES}
    assert {pair: ratio for pair, ratio in text.items() if ratio < 4.5} == {}
    assert {pair: ratio for pair, ratio in shape.items() if ratio < 3} == {}


@pytest.mark.parametrize(
    "counts", [[7] * 10, [66] * 10, [120, 118] * 5, [1234, 1230] * 5, [0, 45, 44, 0, 9, 150, 149, 2, 0, 88]]
)
def test_numbers_of_a_histogram_do_not_touch(counts: list[int]) -> None:
    """Of full histograms neither: each stands beside the others or above them, and inside the drawing."""
    bars = with_numbers(
        [
            Bar(kind, 8 + 31.8 * tenth + 13.9 * k, 128 - 100 * count / max(counts), 13.9, 0.0, "", count)
            for tenth, count in enumerate(counts)
            for k, kind in enumerate(("before", "after"))
        ]
    )
    shown = [bar for bar in bars if bar.count]
    for one, other in itertools.combinations(shown, 2):
        beside = abs(one.x - other.x) - 0.56 * (one.size * len(str(one.count)) + other.size * len(str(other.count))) / 2
        assert beside >= 1 or abs(one.number_y - other.number_y) >= min(one.size, other.size)
    assert all(bar.number_y - bar.size >= 0 and bar.number_y < bar.y for bar in shown)
    assert all(0.56 * bar.size * len(str(bar.count)) <= bar.width for bar in shown)
