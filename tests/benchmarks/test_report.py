"""The tables of the benchmarks: growth, memory, the row of a release."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks import report
from benchmarks.growth import exponents, fitted_exponent
from benchmarks.measured import Measurement, Numbers, Run, read
from benchmarks.notation import seconds, several
from benchmarks.peak_memory import peak_of, peak_of_this_process
from benchmarks.report import met, release_row, render, with_release
from benchmarks.results import by_run, least_seconds, load, merged, save
from benchmarks.speed import seconds_of_a_loop
from benchmarks.subject import Aim

VERSIONS = {"placement-solver": "0.1.0", "ortools": "9.15", "numpy": "2.4"}
RUN = Run("first", "2026-11-23", "abc", "a processor", 2, "Linux", "3.11.7", 0.04, VERSIONS)
RUNS = {"first": RUN}
KEY = ("packing", "seeds 1 to 3", "answer")
FOUND = {
    KEY: Measurement(
        "first",
        {
            "seconds": Numbers.of([1.0, 2.0, 9.0]),
            "peak MB": Numbers.of([150.0]),
            "status": {"OPTIMAL": 2, "FEASIBLE": 1},
            "value": Numbers.of([30, 35, 25]),
            "bound": Numbers.of([30, 35, 24]),
            "proven": Numbers.of([1, 1, 0]),
            "engine": {"packing": 3},
            "within 1 % (s)": Numbers.of([0.5, 0.7]),
        },
    )
}
DOCUMENT = (
    '{"datetime": "2026-11-23T10:00:00", "commit_info": {"id": "0123456789abcdef", "dirty": false},'
    '"machine_info": {"system": "Linux", "python_version": "3.11.7", "loop_seconds": 0.04,'
    '"cpu": {"brand_raw": "a processor"}},'
    '"benchmarks": [{"stats": {"data": [0.5, 0.25]}, "extra_info": {"subject": "one_task", "case": "1,000 instances",'
    '"phase": "answer", "scale": SCALE, "status": ["OPTIMAL", ""], "value": [1], "bound": [1], "proven": [true],'
    '"figures": [{"engine": "exact", "placed": 3, "first plan (s)": 0.5}, {}], "peak_mb": 42.5}}]}'
)


def test_exponents() -> None:
    """Time that grows with the square of the size has exponent 2, time that stays has 0."""
    assert exponents((10, 100, 1_000), (1.0, 100.0, 100.0)) == pytest.approx([2.0, 0.0])
    assert fitted_exponent((1, 2, 4), (3.0, 12.0, 48.0)) == pytest.approx(2.0)


def test_one_size_has_no_growth() -> None:
    """A single size is refused."""
    with pytest.raises(ValueError, match="at least two"):
        fitted_exponent((10,), (1.0,))


@pytest.mark.parametrize(
    ("amount", "text"), [(0.0021449, "0.00214"), (0.5, "0.500"), (1.249, "1.25"), (12.34, "12.3"), (1234.5, "1234")]
)
def test_seconds_have_three_digits(amount: float, text: str) -> None:
    """Times are written with the digits that count."""
    assert seconds(amount) == text


def test_several_values() -> None:
    """Equal values stand once, few in full, many as range and sum."""
    assert several((7, 7, 7, 7)) == "7"
    assert several((30, 35, 25)) == "30, 35, 25"
    assert several((1, 2, 3, 4)) == "1 to 4, sum 10"


def test_aim() -> None:
    """The median has to be below the aim, every run where it says so, and all proved where it says so."""
    (one,) = FOUND.values()
    assert met(Aim(3.0), one)
    assert not met(Aim(2.0), one)
    assert not met(Aim(3.0, every=True), one)
    assert not met(Aim(3.0, proven=True), one)


def test_an_aim_for_every_run_is_not_met_where_only_the_median_is_known() -> None:
    """What is not known is not claimed."""
    assert not met(Aim(3.0, every=True), Measurement("first", {"seconds": Numbers(3, median=1.0)}))


def test_table_has_value_bound_proof_and_rivals() -> None:
    """A row shows value, bound, how many are proved, times, memory, what others reached, and further figures."""
    text = render(FOUND, RUNS, [])
    (row,) = [line for line in text.splitlines() if line.startswith("| seeds 1 to 3 | answer")]
    for cell in (
        "| 30, 35, 25 |",
        "| 30, 35, 24 |",
        "| 2 of 3 |",
        "| OPTIMAL 2, FEASIBLE 1 |",
        "| 2.00 |",
        "| 150 |",
        "kube-scheduler 1.34: 99, 125, 91",
        "engine packing; within 1 % (s) 0.600 (2 of 3)",
    ):
        assert cell in row
    assert "Elsewhere, measured on these instances, 2 cores: count model" in text


def test_release_row() -> None:
    """A release has one row: measured again, it is replaced, and earlier releases stay."""
    row = release_row(FOUND, RUN)
    assert row["N4: opened, seeds 1 to 3"] == "30, 35, 25; proved 2 of 3; 2.00 s"
    assert row["N2: one task"] == "–"
    before = [{"release": row["release"], "date": "before"}, {"release": "0.0.1", "date": "long ago"}]
    assert with_release(before, row) == [row, before[1]]


def test_what_is_recorded_comes_back(tmp_path: Path) -> None:
    """Numbers as the integers or fractions that they were, texts with their counts, and the run."""
    save(tmp_path, FOUND, {**RUNS, "unused": RUN})
    once = load(tmp_path)
    assert once[1] == RUNS
    assert once[0][KEY].figures == {
        name: replace(figure, p95=pytest.approx(figure.p95)) if isinstance(figure, Numbers) else figure
        for name, figure in FOUND[KEY].figures.items()
    }
    assert once[0][KEY].numbers("value").whole
    assert not once[0][KEY].numbers("seconds").whole
    save(tmp_path, *once)
    assert load(tmp_path) == once


def test_new_measurements_stand_in_place_of_old_ones() -> None:
    """What is measured again is replaced, what is not stays, and what is no case any more goes."""
    other, gone = ("one_task", "1,000 instances", "answer"), ("gone", "gone", "answer")
    old = Measurement("first", {"seconds": Numbers.of([7.0])})
    both = merged({KEY: old, gone: old, other: old}, FOUND, report.measurable())
    assert both == {KEY: FOUND[KEY], other: old}
    assert list(both) == [other, KEY]


def test_each_run_is_said_with_what_it_measured() -> None:
    """The one with most measurements first; a subject measured in part by its cases and phases."""
    one, two = (Measurement(run, {"seconds": Numbers.of([1.0])}) for run in ("one", "two"))
    found = {("a", "c", "p"): one, ("a", "c", "q"): two, ("a", "d", "q"): two, ("b", "c", "p"): two}
    assert list(by_run(found).items()) == [("two", "`a` (q), `b`"), ("one", "`a` (c: p)")]


def test_how_long_a_run_takes_is_known_before_it() -> None:
    """Three seeds of 2 s and the process for peak memory; what was never measured is counted apart."""
    assert least_seconds(FOUND, [KEY, ("one_task", "new", "answer")]) == (pytest.approx(8.8), 1)


def test_a_bound_above_a_value_is_refused(tmp_path: Path) -> None:
    """Records that cannot be true are not shown."""
    wrong = {**FOUND[KEY].figures, "bound": Numbers.of([30, 36, 24])}
    save(tmp_path, {KEY: Measurement("first", wrong)}, RUNS)
    with pytest.raises(ValueError, match="packing, seeds 1 to 3, answer: a bound is above a value"):
        load(tmp_path)


def test_a_measurement_of_a_run_that_nobody_knows_is_refused(tmp_path: Path) -> None:
    """Without its run, nobody can say where and of what it was measured."""
    save(tmp_path, FOUND, {})
    with pytest.raises(ValueError, match=r"results.csv, line 2: the run 'first' is not known; runs.csv must list it"):
        load(tmp_path)


def test_reading_what_pytest_benchmark_writes(tmp_path: Path) -> None:
    """The times of all rounds and what the subjects noted come back."""
    path = tmp_path / "benchmarks.json"
    path.write_text(DOCUMENT.replace("SCALE", "0.5"))
    found, run = read(path)
    one = found["one_task", "1,000 instances", "answer"]
    assert one.numbers("seconds").each == (0.5, 0.25)
    assert one.texts("status") == {"OPTIMAL": 1}
    assert (one.proven, one.answers) == (1, 1)
    assert one.remarks() == {"engine": "exact", "placed": "3", "first plan (s)": "0.500 (1 of 2)"}
    assert (run.name, run.commit, run.scale) == ("2026-11-23T10:00 at 0123456789", "0123456789", 0.5)


def test_a_run_in_which_a_measurement_failed_is_refused_by_name(tmp_path: Path) -> None:
    """It has left nothing but its times: no value that the report could show. What was recorded before stays."""
    path = tmp_path / "benchmarks.json"
    path.write_text(
        '{"datetime": "2026-11-23T10:00:00", "commit_info": {},'
        '"benchmarks": [{"name": "test_subject[s-c-p]", "stats": {"data": [0.5]}, "extra_info": {}}]}'
    )
    save(tmp_path, FOUND, RUNS)
    before = load(tmp_path)
    with pytest.raises(SystemExit, match=r"test_subject\[s-c-p\] failed"):
        report.main([str(path)], tmp_path)
    assert load(tmp_path) == before
    assert not (tmp_path / "RESULTS.md").exists()


def test_a_run_of_some_subjects_leaves_the_others(tmp_path: Path) -> None:
    """The report names both runs, and the release has the headlines of both."""
    save(tmp_path, FOUND, RUNS)
    path = tmp_path / "benchmarks.json"
    path.write_text(DOCUMENT.replace("SCALE", "1.0"))
    report.main([str(path)], tmp_path)
    found, runs = load(tmp_path)
    assert set(found) == {KEY, ("one_task", "1,000 instances", "answer")}
    assert set(runs) == {"first", "2026-11-23T10:00 at 0123456789"}
    text = (tmp_path / "RESULTS.md").read_text()
    assert "Of another run `" in text
    (row,) = report.read_releases(tmp_path)
    assert row["N4: opened, seeds 1 to 3"] == "30, 35, 25; proved 2 of 3; 2.00 s"
    assert row["N2: one task"] == "0.375 s"


def test_a_smaller_scale_is_printed_and_not_recorded(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The figures of a workload at half its size are not those of the workload."""
    save(tmp_path, FOUND, RUNS)
    path = tmp_path / "benchmarks.json"
    path.write_text(DOCUMENT.replace("SCALE", "0.5"))
    before = load(tmp_path)
    report.main([str(path)], tmp_path)
    assert load(tmp_path) == before
    assert "**Scale 0.5, not the workloads as described.**" in capsys.readouterr().out


def test_the_report_says_how_fast_the_machine_was() -> None:
    """Beside its name, which says nothing of the others that use it."""
    assert "A million additions in Python took 40 ms meanwhile." in render(FOUND, RUNS, [])
    assert seconds_of_a_loop() > 0


def test_peak_memory_is_of_the_fresh_process_alone() -> None:
    """What this process holds, 400 MB, does not count as the peak of the one that it starts."""
    held = np.ones(50_000_000)
    assert peak_of_this_process() > held.nbytes / 1e6
    assert 10 < peak_of("one_task", "1,000 instances", "rules", 1, 0.02) < 300
