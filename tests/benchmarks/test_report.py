"""The tables of the benchmarks: growth, memory, the row of a release."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.growth import exponents, fitted_exponent
from benchmarks.peak_memory import peak_of, peak_of_this_process
from benchmarks.report import Machine, Measurement, met, read, release_row, render, seconds, several, with_release
from benchmarks.speed import seconds_of_a_loop
from benchmarks.subject import Aim

MACHINE = Machine("2026-11-23", "abc", "a processor", 2, "Linux", 1.0, 0.04)
FOUND = {
    ("packing", "seeds 1 to 3", "answer"): Measurement(
        seconds=(1.0, 2.0, 9.0),
        peak_mb=150.0,
        status=("OPTIMAL",) * 3,
        value=(30, 35, 25),
        bound=(30, 35, 24),
        proven=(True, True, False),
    )
}


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


def test_table_has_value_bound_proof_and_rivals() -> None:
    """A row shows value, bound, how many are proved, times, memory, and what others reached."""
    text = render(FOUND, MACHINE, [])
    (row,) = [line for line in text.splitlines() if line.startswith("| seeds 1 to 3 | answer")]
    for cell in (
        "| 30, 35, 25 |",
        "| 30, 35, 24 |",
        "| 2 of 3 |",
        "| 2.00 |",
        "| 150 |",
        "kube-scheduler 1.34: 99, 125, 91",
    ):
        assert cell in row
    assert "Elsewhere, measured on these instances, 2 cores: count model" in text


def test_release_row() -> None:
    """A release has one row: measured again, it is replaced, and earlier releases stay."""
    row = release_row(FOUND, MACHINE)
    assert row["N4: opened, seeds 1 to 3"] == "30, 35, 25; proved 2 of 3; 2.00 s"
    assert row["N2: one task"] == "–"
    before = [{"release": row["release"], "date": "before"}, {"release": "0.0.1", "date": "long ago"}]
    assert with_release(before, row) == [row, before[1]]


def test_reading_what_pytest_benchmark_writes(tmp_path: Path) -> None:
    """The times of all rounds and what the subjects noted come back."""
    path = tmp_path / "benchmarks.json"
    path.write_text(
        '{"datetime": "2026-11-23T10:00:00", "commit_info": {"id": "0123456789abcdef", "dirty": false},'
        '"machine_info": {"system": "Linux", "python_version": "3.11.7", "loop_seconds": 0.04,'
        '"cpu": {"brand_raw": "a processor"}},'
        '"benchmarks": [{"stats": {"data": [0.5, 0.25]}, "extra_info": {"subject": "s", "case": "c", "phase": "p",'
        '"scale": 0.5, "status": ["OPTIMAL", ""], "value": [1], "bound": [1], "proven": [true], "figures": [{}],'
        '"peak_mb": 42.5}}]}'
    )
    found, machine = read(path)
    assert found["s", "c", "p"].seconds == (0.5, 0.25)
    assert found["s", "c", "p"].status == ("OPTIMAL",)
    assert (machine.commit, machine.scale) == ("0123456789", 0.5)


def test_a_run_in_which_a_measurement_failed_is_refused_by_name(tmp_path: Path) -> None:
    """It has left nothing but its times: no value that the report could show."""
    path = tmp_path / "benchmarks.json"
    path.write_text('{"benchmarks": [{"name": "test_subject[s-c-p]", "stats": {"data": [0.5]}, "extra_info": {}}]}')
    with pytest.raises(SystemExit, match=r"test_subject\[s-c-p\] failed"):
        read(path)


def test_the_report_says_how_fast_the_machine_was() -> None:
    """Beside its name, which says nothing of the others that use it."""
    assert "A million additions in Python took 40 ms meanwhile." in render(FOUND, MACHINE, [])
    assert seconds_of_a_loop() > 0


def test_peak_memory_is_of_the_fresh_process_alone() -> None:
    """What this process holds, 400 MB, does not count as the peak of the one that it starts."""
    held = np.ones(50_000_000)
    assert peak_of_this_process() > held.nbytes / 1e6
    assert 10 < peak_of("one_task", "1,000 instances", "rules", 1, 0.02) < 300
