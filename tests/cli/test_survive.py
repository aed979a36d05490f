"""``--survive``: what it prints beside a plan, what it ends with, and what it refuses."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from tests.cli.conftest import Run


def test_a_plan_that_survives_says_so(run: Run, tables: Path) -> None:
    """Below the plan, a line a loss."""
    answer = run("place", tables, "--group", "web=1", "--survive", "zone", "--time-limit", "20s")
    assert answer.exit_code == 0
    assert "After the plan each of 3 losses leaves every task a place (each checked)" in " ".join(answer.stdout.split())
    assert "zone us-east-1a" in answer.stdout


def test_what_would_not_survive_is_not_placed(run: Run, tables: Path) -> None:
    """Exit code 3, and the loss that one task more would not survive; without the rule all are placed."""
    options = ("place", tables, "--group", "web=4", "--time-limit", "20s")
    assert run(*options).exit_code == 0
    answer = run(*options, "--survive", "zone")
    said = " ".join(answer.stdout.split())
    assert answer.exit_code == 3
    assert "a place for every task after the loss of zone us-east-1" in said and "would have none" in said


def test_machines_get_the_plan_alone(run: Run, tables: Path) -> None:
    """What becomes of each loss goes to standard error."""
    answer = run("place", tables, "--group", "web=1", "--survive", "zone", "--time-limit", "20s", "-o", "csv")
    assert [row["group"] for row in csv.DictReader(io.StringIO(answer.stdout))] == ["web"]
    assert "leaves every task a place" in answer.stderr


def test_rebalance_and_reconcile_take_it(run: Run, tables: Path) -> None:
    """Nothing that they do leaves a task without a place after a loss."""
    for options in (("rebalance", tables, "--max-moves", "2"), ("reconcile", tables, "--desired", "web=3")):
        answer = run(*options, "--survive", "zone", "--survive-group", "web", "--time-limit", "20s")
        assert answer.exit_code in (0, 3) and "After the plan" in answer.stdout, options


def test_bad_input_ends_with_2(run: Run, tables: Path) -> None:
    """The message names the option."""
    for options, said in (
        (("--survive", "rack"), "--survive: is 'rack'"),
        (("--survive", "attribute:rak"), "--survive: is attribute:rak, and no instance has the attribute 'rak'"),
        (("--survive", "zone", "--survive-group", "wep"), "--survive-group: 'wep' is no group and no family"),
        (("--survive-group", "web"), "--survive-group: stands without --survive"),
    ):
        answer = run("place", tables, "--group", "web=1", *options)
        assert answer.exit_code == 2 and said in answer.stderr, answer.stderr
    answer = run("rebalance", tables, "--max-moves", "2", "--curve", "--survive", "zone")
    assert answer.exit_code == 2 and "--curve: stands beside --survive" in answer.stderr
