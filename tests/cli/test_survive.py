"""``--survive``: what it prints beside a plan, what it ends with, and what it refuses."""

from __future__ import annotations

import csv
import io
import json
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


def test_json_tells_what_becomes_of_each_loss(run: Run, tables: Path) -> None:
    """Its status, value, bound and proof, and what starts again where; nothing is told where it was not asked for."""
    answer = run("place", tables, "--group", "web=1", "--survive", "zone", "--time-limit", "20s", "-o", "json")
    losses = json.loads(answer.stdout)["losses"]
    assert [one["value"] for one in losses] == ["us-east-1a", "us-east-1b", "us-east-1c"]
    for one in losses:
        assert one["status"] == "LOSS_STATUS_SURVIVED" and one["proven"] and not one["withoutPlace"]
        assert sum(row["count"] for row in one["fallbacks"]) == int(one["tasks"])
    assert json.loads(run("place", tables, "--group", "web=1", "-o", "json").stdout)["losses"] == []


def test_a_request_file_says_it(run: Run, tables: Path, tmp_path: Path) -> None:
    """As the options that wrote it; beside them, and in a command that does not keep it, it is refused."""
    file = tmp_path / "request.json"
    options = ("--survive", "zone", "--survive-group", "web", "--time-limit", "20s")
    written = run("place", tables, "--group", "web=4", *options, "--save-request", file)
    said = json.loads(file.read_text())
    assert (said["survive"], said["surviveGroups"]) == (["zone"], ["web"])
    read = run("place", "--request", file)
    assert (read.exit_code, read.stdout.splitlines()[0]) == (written.exit_code, written.stdout.splitlines()[0])
    assert "After the plan" in read.stdout
    plan = tmp_path / "plan.csv"
    plan.write_text(run("place", tables, "--group", "web=1", "-o", "csv").stdout)
    for command, message in (
        (("place", "--request", file, "--survive", "type"), "--survive: stands beside survive of the request file"),
        (("drain", "--request", file), "survive: names zone; drain keeps no survival"),
        (("check", file, plan), "survive: is said of a plan to check"),
    ):
        answer = run(*command)
        assert answer.exit_code == 2 and message in answer.stderr, answer.stderr


def test_a_request_file_s_faults_name_its_fields(run: Run, tables: Path, tmp_path: Path) -> None:
    """Also where it is only to be validated; so does a curve that would leave it out."""
    file = tmp_path / "request.json"
    run("place", tables, "--group", "web=1", "--save-request", file)
    said = json.loads(file.read_text())
    for more in ({}, {"validateOnly": True}):
        file.write_text(json.dumps(said | more | {"survive": ["zone", "rack"]}))
        answer = run("place", "--request", file)
        assert answer.exit_code == 2 and "survive[1]: is 'rack'" in answer.stderr, answer.stderr
    run("rebalance", tables, "--max-moves", "2", "--survive", "zone", "--save-request", file, "--time-limit", "1s")
    answer = run("rebalance", "--request", file, "--curve")
    assert answer.exit_code == 2 and "--curve: stands beside survive of the request file" in answer.stderr
