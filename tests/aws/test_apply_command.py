"""``placement-solver apply`` on moto's server: what it prints, where, and with which exit code."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from solver.cli.app import app
from tests.aws.clusters import HEADER, Account


def run(account: Account, endpoint: str, plan: Path, *more: str) -> Result:
    arguments = [
        "apply",
        str(plan),
        "--cluster",
        account.name,
        "--endpoint-url",
        endpoint,
        "--region",
        "us-east-1",
        *more,
    ]
    return CliRunner().invoke(app, arguments, prog_name="placement-solver", env={"COLUMNS": "120"})


@pytest.fixture
def plan(account: Account, tmp_path: Path) -> Path:
    """Two starts and a move, in two waves."""
    one, two, three = account.instances
    moved = account.start("batch:1", "family:batch", one)
    rows = [
        f"start,family:batch,,{account.ec2[two]},,1",
        f"start,family:site,,{three},,1",
        f"move,family:batch,{moved},{three},{one},2",
    ]
    path = tmp_path / "plan.csv"
    path.write_text(HEADER + "\n".join(rows) + "\n", encoding="utf-8")
    return path


def test_a_dry_run_is_the_default(account: Account, endpoint: str, plan: Path) -> None:
    """It prints the calls by wave, says that nothing was changed, and changes nothing."""
    before = account.running()
    answer = run(account, endpoint, plan)
    assert (answer.exit_code, answer.stderr) == (0, "")
    lines = [line.split() for line in answer.stdout.splitlines()]
    assert lines[0][:4] == ["Dry", "run", "of", lines[0][3]] and "3 tasks would start and 1 would stop" in answer.stdout
    one, two, three = (account.ec2[i] for i in account.instances)
    assert ["1", "StartTask", "family:batch", "batch:1", "1", two] in lines
    assert ["1", "StartTask", "family:site", "site:1", "1", three] in lines
    assert ["2", "StartTask", "family:batch", "batch:1", "1", three] in lines
    assert [line[:3] + line[4:] for line in lines if "StopTask" in line] == [
        ["2", "StopTask", "family:batch", "1", one]
    ]
    assert answer.stdout.endswith("Nothing was changed; --yes carries it out.\n")
    assert account.running() == before


def test_yes_carries_it_out_once(account: Account, endpoint: str, plan: Path) -> None:
    """What was done is told; the second time all of it was done earlier."""
    answer = run(account, endpoint, plan, "--yes")
    assert (answer.exit_code, answer.stderr) == (0, "")
    assert answer.stdout.startswith("Carried out placement-solver/")
    assert answer.stdout.endswith("3 tasks started, 1 stopped\n")
    again = run(account, endpoint, plan, "--yes")
    assert again.exit_code == 0 and again.stdout.endswith("0 tasks started, 0 stopped, 4 orders carried out earlier\n")
    assert len(account.running()) == 3


def test_nothing_done(account: Account, endpoint: str, plan: Path) -> None:
    """A cluster that has changed: each change on standard error, exit code 1, with and without --yes."""
    account.drain(account.instances[1])
    message = f"error: the instance {account.ec2[account.instances[1]]} is DRAINING and takes no task\n"
    dry = run(account, endpoint, plan)
    assert (dry.exit_code, dry.stderr) == (1, message) and "--yes would do nothing" in dry.stdout
    wet = run(account, endpoint, plan, "--yes")
    assert (wet.exit_code, wet.stderr) == (1, message)
    assert wet.stdout.startswith("Not carried out:") and "To go on: the same command again" in wet.stdout


def test_done_in_part(account: Account, endpoint: str, plan: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is left is listed, with the way to go on; exit code 3."""
    from solver.aws.apply import Application

    def end(self: Application, waves: int) -> None:
        if waves == 1:
            raise KeyboardInterrupt
        whole(self, waves)

    whole = Application._wave
    with monkeypatch.context() as patch:
        patch.setattr(Application, "_wave", end)
        answer = run(account, endpoint, plan, "--yes")
    assert (answer.exit_code, answer.stderr) == (3, "error: interrupted\n")
    lines = [line.split() for line in answer.stdout.splitlines()]
    one, _, three = (account.ec2[i] for i in account.instances)
    assert answer.stdout.startswith("Carried out in part: ") and "2 tasks started, 0 stopped" in answer.stdout
    assert ["start", "family:batch", "batch:1", "1", three] in lines
    assert [line[:2] + line[3:] for line in lines if line[:1] == ["stop"]] == [["stop", "family:batch", "1", one]]
    assert "To go on: the same command again" in answer.stdout
    dry = run(account, endpoint, plan)
    assert dry.exit_code == 0 and "An earlier run has carried out 2 of its orders." in dry.stdout


def test_rows_that_cannot_be_carried_out_are_bad_input(account: Account, endpoint: str, tmp_path: Path) -> None:
    """Each with the file, the line and a remedy; exit code 2."""
    path = tmp_path / "plan.csv"
    path.write_text(HEADER + f"start,service:web,,{account.instances[0]},,1\n", encoding="utf-8")
    answer = run(account, endpoint, path, "--yes")
    assert (answer.exit_code, answer.stdout) == (2, "")
    assert answer.stderr == (
        f"error: {path} line 2: 1 task of service:web would start, which the service's own scheduler does and StartTask "
        "cannot; raise the service's desired count, or use --as-standalone for tasks in the group 'web'\n"
    )


def test_a_cluster_that_is_not_there(endpoint: str, plan: Path) -> None:
    """Named; exit code 2."""
    answer = CliRunner().invoke(app, ["apply", str(plan), "--cluster", "nope", "--endpoint-url", endpoint])
    assert answer.exit_code == 2 and answer.stderr.startswith("error: cluster: 'nope' is not there (MISSING)")
