"""A command line that cannot be read."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Run


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("place", "x", "--engine", "cp"), "--engine: is 'cp'; must be one of auto, exact, sequential"),
        (("place", "x", "-o", "yaml"), "--output: is 'yaml'; must be one of table, json, csv"),
        (("place", "x", "--sed", "1"), "--sed: is not an option of placement-solver place; did you mean --seed?"),
        (
            ("query", "x", "y", "--wrong"),
            "--wrong: is not an option of placement-solver query; see placement-solver query --help",
        ),
        (("--zzz",), "--zzz: is not an option of placement-solver; see placement-solver --help"),
        (("query",), "CLUSTER_DIR: is missing; see placement-solver query --help"),
        (("import", "ecs", "d"), "--cluster: is missing; see placement-solver import ecs --help"),
        (("place", "x", "--why=3"), "--why: takes no value; leave it out"),
        (("place", "x", "--seed"), "--seed: has no value; see placement-solver --help"),
        (("serve", "--workers", "a"), "--workers: is 'a'; must be a whole number"),
        (("plac",), "no such command 'plac'. Did you mean 'place'?"),
        (("place", "x", "y"), "got unexpected extra argument(s) (y); see placement-solver place --help"),
    ],
)
def test_one_line_and_exit_code_2(run: Run, arguments: tuple[str, ...], message: str) -> None:
    """What is wrong with the command line is said in one line without a box, on standard error, with exit code 2."""
    answer = run(*arguments)
    assert (answer.exit_code, answer.stdout, answer.stderr) == (2, "", f"error: {message}\n")


def test_numbers_that_are_none(run: Run) -> None:
    """Every number that cannot be read is told at once, together with all else that is wrong."""
    answer = run("place", "x", "--seed", "x", "--workers", "1.5", "--deterministic-limit", "nan")
    assert answer.exit_code == 2
    assert answer.stderr.splitlines() == [
        "error: --seed: is 'x'; must be a whole number",
        "error: --deterministic-limit: is 'nan'; must be a number, like 2 or 0.5",
        "error: --workers: is '1.5'; must be a whole number",
        "error: x: does not exist; must be the folder of a cluster",
    ]


def test_help_is_no_error(run: Run) -> None:
    """Asking for help ends with 0 and writes to standard output alone."""
    answer = run("place", "--help")
    assert (answer.exit_code, answer.stderr) == (0, "")
    assert "Usage" in answer.stdout
