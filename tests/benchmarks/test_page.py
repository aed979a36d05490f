"""The report as a page: complete, honest about where numbers are from, in one file, readable without a mouse."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import benchmarks.suites
from benchmarks import report
from benchmarks.measured import Measurement, Numbers
from benchmarks.page.against import comparisons, value_bars
from benchmarks.page.axes import LogAxis, amount, duration
from benchmarks.page.blocks import Comparison, Content, Goal, Section, Table, Verdict
from benchmarks.page.growth_plots import TOO_FEW, plots
from benchmarks.page.html import drawn, inline, page
from benchmarks.page.milestone_chart import timelines
from benchmarks.releases import read_releases
from benchmarks.results import load
from benchmarks.subject import Rival, Subject
from benchmarks.subjects import growth_rules, one_task, packing, subjects
from benchmarks.suites import suites
from tests.markup import parsed

FOLDER = Path(benchmarks.suites.__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def recorded() -> str:
    """The page of what the repository records."""
    return page(FOLDER)


def test_the_page_and_the_results_are_those_of_the_records(recorded: str) -> None:
    """Both files can be made again from a checkout, by ``make report``; after a change to the records it has to be run."""
    found, runs = load(FOLDER)
    assert (FOLDER / "RESULTS.md").read_text(encoding="utf-8") == report.render(found, runs, read_releases(FOLDER))
    assert (FOLDER / "report.html").read_text(encoding="utf-8") == recorded


def test_everything_is_in_the_file(recorded: str) -> None:
    """Nothing is fetched: no address but places in the page, no script, and a policy that forbids the rest."""
    seen = parsed(recorded)
    addresses = [
        tag[name] for _, tag in seen.tags for name in ("href", "src", "srcset", "action", "data") if name in tag
    ]
    assert addresses
    assert all(address.startswith("#") or address == "data:," for address in addresses)
    assert not {"script", "iframe", "img", "object", "embed", "use"} & {name for name, _ in seen.tags}
    assert "url(" not in recorded and "@import" not in recorded and "://" not in recorded
    (policy,) = [tag["content"] for name, tag in seen.tags if tag.get("http-equiv") == "Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")


def test_the_page_is_well_formed(recorded: str) -> None:
    """Tags match, names are unique, and links lead somewhere."""
    seen = parsed(recorded)
    assert seen.unbalanced == []
    names = [tag["id"] for _, tag in seen.tags if "id" in tag]
    assert len(names) == len(set(names))
    assert {tag["href"][1:] for name, tag in seen.tags if name == "a"} <= set(names)


def test_the_page_can_be_read_without_a_mouse_and_without_colours(recorded: str) -> None:
    """What scrolls can be reached by keyboard and has a name; so has every picture that is not said in figures beside it."""
    tags = parsed(recorded).tags
    scrolling = [tag for _, tag in tags if "scroll" in tag.get("class", "").split()]
    assert scrolling
    assert all(tag["tabindex"] == "0" and tag["aria-label"] for tag in scrolling)
    charts = [tag for name, tag in tags if name == "svg" and tag.get("role") == "img"]
    assert charts
    assert all(tag["aria-label"] for tag in charts)
    assert any(tag.get("name") == "viewport" for _, tag in tags)


@pytest.mark.parametrize("rival", [rival for subject in subjects() for rival in subject.rivals], ids=str)
def test_each_number_of_another_system_has_its_source(recorded: str, rival: Rival) -> None:
    """With its figure, and whether it was measured beside ours or is published."""
    rows = [row for row in recorded.split("<tr") if f">{inline(rival.system)}</th>" in row]
    known = "<strong>Side by side</strong>" if rival.measured else "<strong>Published</strong>"
    assert any(inline(rival.figure) in row and f"{known}: {inline(rival.source)}" in row for row in rows)


def test_systems_that_nothing_here_is_measured_against_are_shown_too(recorded: str) -> None:
    """As plainly as what is measured."""
    (row,) = [row for row in recorded.split("<tr") if ">Cluster Autoscaler</th>" in row]
    assert Verdict.MISSING.value in row and "nothing yet" in row


def test_what_is_missed_comes_first() -> None:
    """And counts at the top."""
    goals = [Goal("s", "c", "below 1 s", "0.5 s", True, "make"), Goal("t", "c", "below 1 s", "2 s", False, "make")]
    text = drawn([Content(goals=goals)])
    assert text.index(">t</th>") < text.index(">s</th>")
    assert "<strong>1 of 2</strong> aims met; 1 missed" in text


def test_what_is_said_is_shown_as_it_is() -> None:
    """Markup in names, figures and sources is text; code and emphasis are the only marks that are read."""
    evil = "<script>alert('&')</script>"
    comparison = Comparison(evil, evil, evil, evil, Verdict.BETTER, True, evil, evil, evil, evil)
    section = Section("one", evil, f"`{evil}` *{evil}*", evil, evil, [Table(evil, [evil], [[evil]], evil)])
    text = drawn([Content([(evil, evil)], [comparison], [Goal(evil, evil, evil, evil, True, evil)], [section])])
    assert "<script" not in text
    assert parsed(text).unbalanced == []
    assert inline("a `b<c` *d* **e**") == "a <code>b&lt;c</code> <em>d</em> <strong>e</strong>"
    assert inline("`a*b*c` 2 * 3") == "<code>a*b*c</code> 2 * 3"


def test_every_suite_says_nothing_where_its_files_are_absent(tmp_path: Path) -> None:
    """A page can be made from an empty folder: it has the rivals, all of them not measured."""
    for suite in suites():
        assert list(suite.read(tmp_path).sections) == []
    assert {one.verdict for suite in suites() for one in suite.read(tmp_path).comparisons} == {Verdict.MISSING}
    assert parsed(page(tmp_path)).unbalanced == []


def test_a_page_is_written_beside_the_results(tmp_path: Path) -> None:
    """By the command, from whatever is recorded in the folder."""
    for path in FOLDER.glob("*.csv"):
        shutil.copy(path, tmp_path)
    report.main([], tmp_path)
    assert (tmp_path / "report.html").read_text(encoding="utf-8") == page(FOLDER)


def answer(seconds: float, value: tuple[int, ...], **further: Numbers) -> Measurement:
    return Measurement(
        "run",
        {
            "seconds": Numbers.of([seconds] * len(value)),
            "peak MB": Numbers.of([50.0]),
            "status": {"FEASIBLE": len(value)},
            "value": Numbers.of(value),
            "bound": Numbers.of(value),
            "proven": Numbers.of([1] * len(value)),
            **further,
        },
    )


def verdicts(subject: Subject, one: Measurement) -> dict[str, tuple[Verdict, str, str]]:
    case = subject.rivals[0].case
    return {
        found.system: (found.verdict, found.note, found.drawback)
        for found in comparisons(subject, {(subject.name, case, "answer"): one})
    }


def test_a_value_is_compared_on_the_seeds_that_both_have() -> None:
    """Fewer is ahead, more is behind, even if it comes sooner; who takes longer than the other is called slower."""
    found = verdicts(packing.SUBJECT, answer(5.0, (40, 46, 25)))
    assert found["count model, no hint, 60 s"] == (Verdict.WORSE, "theirs 0.95 times ours", "")
    assert found["Rebalancer, local search, 24 s"] == (Verdict.BETTER, "theirs 1.27 times ours", "")
    assert found["kube-scheduler 1.34"] == (Verdict.BETTER, "theirs 2.84 times ours", "slower")
    assert verdicts(packing.SUBJECT, answer(5.0, (34, 46, 25)))["count model, no hint, 60 s"][0] is Verdict.EQUAL


def test_a_time_is_compared_with_the_least_of_theirs() -> None:
    """A tenth of a second is ahead of 0.432 s, half a second behind."""
    assert verdicts(one_task.SUBJECT, answer(0.1, (1,)))["VMware DCM"] == (Verdict.BETTER, "theirs 4.3 times ours", "")
    assert verdicts(one_task.SUBJECT, answer(0.5, (1,)))["VMware DCM"][0] is Verdict.WORSE


def test_bars_are_in_the_order_of_their_lengths() -> None:
    """The longest takes the whole width; ours has a colour of its own."""
    (drawn_bars,) = value_bars(packing.SUBJECT, {("packing", "seeds 1 to 3", "answer"): answer(5.0, (40, 46, 25))})
    widths = [bar.parts[0].width for bar in drawn_bars.bars]
    assert widths == sorted(widths)
    assert widths[-1] == 100
    assert [bar.label for bar in drawn_bars.bars if bar.parts[0].legend == 0] == ["placement-solver"]


def growing(times: tuple[float, ...], proved: tuple[bool, ...]) -> dict[tuple[str, str, str], Measurement]:
    found = {}
    for case, seconds, done in zip(growth_rules.SUBJECT.cases, times, proved, strict=True):
        plain = answer(seconds, (1,))
        stop = {"PROVED" if done else "TIME": 1}
        found["growth_rules", case.name, "answer"] = Measurement("run", {**plain.figures, "stop": stop})
    return found


def test_growth_is_fitted_to_what_no_time_limit_ended() -> None:
    """Times that grow with the size have exponent 1, whatever the limit cut; a single point has none."""
    (found,) = plots(growth_rules.SUBJECT, growing((0.05, 0.1, 0.25, 2.0), (True, True, True, False)))
    (curve,) = found.plots[0].curves
    assert curve.text == "exponent 1.00"
    assert [point.hollow for point in curve.points] == [False, False, False, True]
    (found,) = plots(growth_rules.SUBJECT, growing((0.05, 2.0, 2.0, 2.0), (True, False, False, False)))
    (curve,) = found.plots[0].curves
    assert (curve.text, curve.line) == (TOO_FEW, None)


def test_points_and_lines_lie_within_the_axes() -> None:
    """Fitted lines too, whose ends may be beyond every point."""
    for subject in subjects():
        for block in plots(subject, load(FOLDER)[0]):
            for curve in (curve for plot in block.plots for curve in plot.curves):
                ends = curve.line or ()
                assert all(50 <= x <= 330 for x in [*(point.x for point in curve.points), *ends[::2]])
                assert all(10 <= y <= 182 for y in [*(point.y for point in curve.points), *ends[1::2]])


def test_a_timeline_says_how_many_got_there() -> None:
    """A milestone that no seed reached has no mark; one that some reached says how many."""
    one = answer(4.0, (1, 1, 1), **{"first plan (s)": Numbers.of([0.1] * 3), "within 5 % (s)": Numbers.of([1.0, 2.0])})
    (found,) = timelines(packing.SUBJECT, {("packing", "seeds 1 to 3", "answer"): one})
    (track,) = found.tracks
    assert track.cells == ["0.100", "1.50 (2 of 3)", "–", "–", "–", "4.00"]
    assert [found.legend[mark.legend] for mark in track.marks] == ["first plan", "within 5 %", "end"]
    assert [mark.at for mark in track.marks] == sorted(mark.at for mark in track.marks)


def test_a_logarithmic_axis() -> None:
    """Equal ratios are equal distances; powers of ten have labels, and where they are few, twos and fives too."""
    axis = LogAxis.over([1, 100], 0, 100, margin=0)
    assert [axis.at(one) for one in (1, 10, 100)] == [0, 50, 100]
    assert [tick.label for tick in axis.ticks(amount)] == ["1", "10", "100"]
    assert [tick.label for tick in LogAxis.over([1, 10], 0, 1, margin=0).ticks(amount)] == ["1", "2", "5", "10"]
    assert [tick.label for tick in LogAxis.over([46, 51], 0, 1, margin=0).ticks(amount)] == [
        "46",
        "47",
        "48",
        "49",
        "50",
        "51",
    ]
    assert [duration(one) for one in (0.001, 0.02, 0.1, 10)] == ["1 ms", "20 ms", "0.1 s", "10 s"]
    assert [amount(one) for one in (100, 2_000, 1e6)] == ["100", "2k", "1M"]
