"""Suites measured again by name, and the report after them."""

from __future__ import annotations

import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from benchmarks import again
from benchmarks.subjects import subjects


def test_each_suite_has_a_command() -> None:
    """Subjects are measured in one run and recorded; a suite with its own command by that, as the page names it."""
    own = again.own_commands()
    assert {"priorities", "vector_packing", "machine_reassignment", "gpu_sharing"} <= set(own)
    assert set(again.known()) == {subject.name for subject in subjects()} | set(own)
    measured, recorded, others = again.commands(["packing", "vector_packing", "one_task", "packing"])
    assert measured[:3] == ["-m", "pytest", "benchmarks"] and measured[-1] == "packing or one_task"
    assert recorded == ["-m", "benchmarks.report", again.MEASURED]
    assert shlex.join(["python", *others]) == own["vector_packing"]
    assert again.commands([]) == []


def test_each_chosen_subject_is_measured() -> None:
    """The expression for pytest selects cases of the subject, and none of most others."""
    (measured, _) = again.commands(["one_task"])
    listed = subprocess.run(
        [sys.executable, "-m", "pytest", "benchmarks", "--collect-only", "-q", *measured[-2:]],
        cwd=again.ROOT, capture_output=True, text=True, check=True, timeout=300,
    ).stdout  # fmt: skip
    cases = [line for line in listed.splitlines() if "::" in line]
    assert cases and all("one_task" in line for line in cases)


def test_a_failure_ends_the_run_before_the_report(monkeypatch: pytest.MonkeyPatch) -> None:
    """With its code; nothing is reported of half a run."""
    asked: list[Sequence[str]] = []
    reported: list[Sequence[str]] = []
    monkeypatch.setattr(again.report, "main", reported.append)

    def fails(arguments: Sequence[str]) -> int:
        asked.append(arguments)
        return 3

    assert again.run(["packing", "priorities"], fails) == 3
    assert len(asked) == 1 and reported == []
    assert again.run(["packing", "priorities"], lambda arguments: 0) == 0
    assert reported == [[]]


def test_an_unknown_suite_is_named(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """With those that there are."""
    assert again.main(["--suite", "packings"]) == 2
    said = capsys.readouterr().err
    assert "'packings'" in said and "vector_packing" in said
