"""``robust``: what it prints, and what it ends with."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

from tests.cli.conftest import Run


def test_a_table_for_people(run: Run, tables: Path) -> None:
    """A line a loss; everything that runs there has a place on the others."""
    answer = run("robust", tables, "--time-limit", "20s")
    assert answer.exit_code == 0
    assert answer.stdout.splitlines()[0] == "3 losses: every task has a place again after each, proved"


def test_a_loss_that_is_not_survived(run: Run, tables: Path) -> None:
    """Without b there is no instance of prod that takes tasks: exit code 3, with what lacks a place and what to add."""
    text = (tables / "instances.csv").read_text(encoding="utf-8").replace("b1,i-0b1,2048,4096", "b1,i-0b1,512,512")
    (tables / "instances.csv").write_text(text, encoding="utf-8")
    answer = run("robust", tables, "--price", "m5.large=0.1", "--price", "m5.xlarge=0.3", "--time-limit", "20s")
    assert answer.exit_code == 3
    assert answer.stdout.splitlines()[0] == "3 losses: 2 survived, 1 not survived, proved"
    assert "zone us-east-1a: 1 of web" in answer.stdout
    assert "1 m5.large in us-east-1b, 0.100 an hour (proved: nothing cheaper does)" in " ".join(answer.stdout.split())


def test_json_and_csv_have_the_same_losses(run: Run, tables: Path) -> None:
    """Every loss of every kind, with its verdict and its plan."""
    options = ("--lose", "zone", "--lose", "instance", "--time-limit", "20s")
    found = json.loads(run("robust", tables, *options, "-o", "json").stdout)
    rows = list(csv.DictReader(io.StringIO(run("robust", tables, *options, "-o", "csv").stdout)))
    assert [row["verdict"] for row in rows] == [loss["verdict"] for loss in found["losses"]] == ["holds"] * 7
    assert found["survives"] and found["whole"]
    plans = {f"{loss['lost']} {loss['value']}": loss["plan"] for loss in found["losses"]}
    assert plans["zone us-east-1a"] == [{"group": "web", "instance": "i-0b1", "count": 2}]


def test_bad_input_ends_with_2(run: Run, tables: Path) -> None:
    """The message names the option."""
    for options, said in (
        (("--lose", "rack"), "--lose: is 'rack'"),
        (("--lose", "attribute:rak"), "--lose: is attribute:rak, and no instance has the attribute 'rak'"),
        (("--price", "m5.large"), "--price: 'm5.large' is not TYPE=PRICE"),
        (("--price", "m5.large=-1"), "m5.large"),
        (("--price", "m5.lrge=1"), "--price m5.lrge: is the type of no instance; did you mean 'm5.large'?"),
        (("--max-moves", "-1"), "--max-moves"),
    ):
        answer = run("robust", tables, *options)
        assert answer.exit_code == 2 and said in answer.stderr
