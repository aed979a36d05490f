"""``bench``: a published problem from its files to an assignment file, and what people read of it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.engines.reassignment.drawn import drawn
from tests.engines.reassignment.evaluator import cost, is_allowed, read


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """A small problem."""
    model, assignment = drawn(3, 8, 4)
    paths = tmp_path / "model.txt", tmp_path / "assignment.txt"
    for path, text in zip(paths, (model, assignment), strict=True):
        path.write_text(text)
    return paths


def test_what_is_written_costs_what_is_said(run: Run, files: tuple[Path, Path], tmp_path: Path) -> None:
    """The assignment is allowed and costs what the table says, before and after, by the evaluator outside the solver."""
    written = tmp_path / "out.txt"
    answer = run("bench", "--roadef", *files, "--time-limit", "1s", "--seed", "3", "-o", written)
    assert answer.exit_code == 0
    model = read(files[0].read_text())
    initial, final = ([int(word) for word in path.read_text().split()] for path in (files[1], written))
    assert is_allowed(model, initial, final)
    said = [line.split() for line in answer.stdout.splitlines()]
    assert ["before", f"{cost(model, initial, initial):,}"] in said
    assert ["after", f"{cost(model, initial, final):,}"] in said
    assert any(line[:1] == ["bound"] for line in said) and any(line[:1] == ["gap"] for line in said)


def test_bad_input_is_said_in_a_line_and_ends_with_2(run: Run, files: tuple[Path, Path], tmp_path: Path) -> None:
    """A file that is missing, a limit that makes no sense, a folder that is missing: exit code 2, nothing on standard output."""
    missing = tmp_path / "missing.txt"
    for arguments, said in (
        (("--roadef", files[0], missing), "missing.txt: cannot be read"),
        (("--roadef", *files, "--time-limit", "0s"), "--time-limit: is '0s'"),
        (("--roadef", *files, "--workers", "99"), "--workers: is 99; must be 1 to 64"),
        (("--roadef", *files, "-o", missing / "out.txt"), "--output: the folder"),
        (("--roadef", files[1], files[0]), "assignment.txt line 1 field"),
        ((), "--roadef"),
    ):
        answer = run("bench", *arguments)
        assert (answer.exit_code, answer.stdout) == (2, "") and said in answer.stderr


def test_an_interrupt_takes_the_best_plan_so_far(files: tuple[Path, Path], tmp_path: Path) -> None:
    """The first interrupt ends the search, not the command: what was found is printed and written."""
    code = (
        "import os, signal\n"
        "import solver.engines.reassignment.engine as engine\n"
        "reassign = engine.reassign\n"
        "def interrupted(*arguments, cancelled, **more):\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "    return reassign(*arguments, cancelled=cancelled, **more)\n"
        "engine.reassign = interrupted\n"
        "from solver.cli import main\n"
        "main()\n"
    )
    written = tmp_path / "out.txt"
    command = [sys.executable, "-c", code, "bench", "--roadef", *map(str, files), "-o", str(written)]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    assert answer.returncode == 0 and answer.stdout.startswith("Moved 0 of 8 tasks")
    assert written.read_text().split() == files[1].read_text().split()
