"""``what-if``: what it prints, what it ends with, and that a run that was killed goes on with every row once."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from solver.cli.progress import progress_line
from solver.whatif.row import Row
from solver.whatif.store import RESULTS, read_rows, rows_to_csv
from tests.cli.conftest import Run

DEMO = Path(__file__).resolve().parents[2] / "datasets" / "demo"
COMMAND = (sys.executable, "-c", "from solver.cli import main; main()", "what-if")

SCENARIOS = """
ask: {reconcile: {max_moves: 0}}
prices: {m5.large: 0.1, m5.xlarge: 0.2}
scenarios:
  - name: b is lost
    edits: [lose_zone: us-east-1b]
  - name: more
    edits: [set_count: {web: 30}]
grid:
  axes:
    growth: {values: [1, 2], edits: {scale: {groups: [web], factor: $value}}}
"""
NAMES = ["base", "b is lost", "more", "growth=1", "growth=2"]


@pytest.fixture
def scenarios(tmp_path: Path) -> Path:
    """Four scenarios of the tables."""
    path = tmp_path / "scenarios.yaml"
    path.write_text(SCENARIOS, encoding="utf-8")
    return path


def lines_of(path: Path) -> int:
    """Whole rows so far."""
    return path.read_bytes().count(b"\n") - 1 if path.exists() else 0


def test_a_table_for_people(run: Run, tables: Path, scenarios: Path) -> None:
    """A line a scenario, what lacks a place, and costs; the exit code is 0 where every scenario has an answer."""
    answer = run("what-if", tables, scenarios, "--workers", 1)
    assert answer.exit_code == 0
    lines = answer.stdout.splitlines()
    assert lines[0] == "4 scenarios: 1 places as many tasks as are wanted, 3 lack some"
    assert [line.split("  ")[0] for line in lines if line.startswith(tuple(NAMES))] == NAMES
    assert "more: 22 of web" in answer.stdout


def test_csv_and_json_have_every_row(run: Run, tables: Path, scenarios: Path) -> None:
    """Nothing but the rows goes to standard output; JSON has the tiers beside the base's."""
    rows = list(csv.DictReader(io.StringIO(run("what-if", tables, scenarios, "-o", "csv").stdout)))
    assert [row["scenario"] for row in rows] == NAMES
    assert rows[1]["lost"] == "0" and rows[2]["missing"] == "22" and rows[0]["cost"] == "0.5"
    found = json.loads(run("what-if", tables, scenarios, "-o", "json").stdout)
    assert found["whole"] and [row["scenario"] for row in found["scenarios"]] == NAMES
    assert found["scenarios"][2]["tiers"][0]["value"] == "22" and found["scenarios"][2]["tiers"][0]["base"] == "0"


def test_a_run_is_kept_and_not_repeated(run: Run, tables: Path, scenarios: Path, tmp_path: Path) -> None:
    """The rows stand in the order of the scenarios; the same command answers nothing again, a changed one is refused."""
    out = tmp_path / "results"
    arguments = ("what-if", tables, scenarios, "--out", out)
    assert run(*arguments).exit_code == 0
    before = (out / RESULTS).read_bytes()
    assert list(read_rows(out)) == NAMES
    assert run(*arguments).exit_code == 0
    assert (out / RESULTS).read_bytes() == before
    other = run(*arguments, "--time-limit", "3s")
    assert other.exit_code == 2 and f"error: {out} limits: is not that of the rows there" in other.stderr
    scenarios.write_text(SCENARIOS.replace("30", "31"), encoding="utf-8")
    changed = run(*arguments)
    assert changed.exit_code == 2 and f"error: {out} scenarios: is not that of the rows there" in changed.stderr
    scenarios.write_text(SCENARIOS, encoding="utf-8")
    (tables / "running.csv").write_text("group,instance,count\nweb,i-0a1,1\n", encoding="utf-8")
    cluster = run(*arguments)
    assert cluster.exit_code == 2 and f"error: {out} cluster: is not that of the rows there" in cluster.stderr
    assert (out / RESULTS).read_bytes() == before


def test_parquet_in_the_end(run: Run, tables: Path, scenarios: Path, tmp_path: Path) -> None:
    """With --parquet the folder has both; without a folder it is refused."""
    pytest.importorskip("pyarrow")
    assert run("what-if", tables, scenarios, "--out", tmp_path / "both", "--parquet").exit_code == 0
    assert (tmp_path / "both" / "results.parquet").is_file()
    alone = run("what-if", tables, scenarios, "--parquet", "--retry-failed")
    assert alone.exit_code == 2
    for option in ("--parquet", "--retry-failed"):
        assert f"{option}: stands without --out" in alone.stderr


def test_bad_input_is_told_at_once(run: Run, tables: Path, scenarios: Path, tmp_path: Path) -> None:
    """Options, the folder and the file; nothing is answered or written."""
    scenarios.write_text("scenarios: [{name: x, edits: [lose_zone: mars]}]", encoding="utf-8")
    answer = run("what-if", tables, scenarios, "--workers", 0, "--time-limit", "soon", "--out", tmp_path / "none")
    assert answer.exit_code == 2 and not answer.stdout and not (tmp_path / "none").exists()
    assert [line.split(": ")[1] for line in answer.stderr.splitlines()] == [
        "--time-limit",
        "--workers",
        f"{scenarios} scenarios[0].edits[0].lose_zone",
    ]
    scenarios.write_text(SCENARIOS, encoding="utf-8")
    for arguments, said in (
        (("--executor", "grid://here"), "--executor: is 'grid://here'; must be local"),
        (("--executor", "dask://here"), "--executor: is 'dask://here'; must be dask://HOST:PORT"),
        (("--deterministic-limit", "0"), "--deterministic-limit: is 0"),
    ):
        refused = run("what-if", tables, scenarios, *arguments)
        assert refused.exit_code == 2 and f"error: {said}" in refused.stderr
    absent, empty, broken = (tmp_path / f"{name}.yaml" for name in ("absent", "empty", "broken"))
    empty.write_text("", encoding="utf-8")
    broken.write_text("a: [", encoding="utf-8")
    for path, said in ((absent, " cannot be read"), (empty, " is empty; must be YAML with"), (broken, " is no YAML")):
        refused = run("what-if", tables, path)
        assert refused.exit_code == 2
        # The name stands there once.
        assert refused.stderr.startswith(f"error: {path}") and refused.stderr.count(str(path)) == 1
        assert said in refused.stderr


def test_scenarios_that_fail_are_rows_and_the_exit_code_says_so(run: Run, tables: Path, scenarios: Path) -> None:
    """Combinations of a grid that make no sense together are found when they are answered."""
    axes = ""
    for name, zones in (("x", "ab"), ("y", "bc")):
        edits = ", ".join(f"lose_zone: us-east-1{zone}" for zone in zones)
        axes += f"    {name}: [none, {{name: lost, edits: [{edits}]}}]\n"
    scenarios.write_text(f"grid:\n  axes:\n{axes}", encoding="utf-8")
    answer = run("what-if", tables, scenarios, "--workers", 1)
    assert answer.exit_code == 3
    assert "x=lost y=lost: edits[2].lose_zone: 'us-east-1b' is lost already, by an edit before" in " ".join(
        answer.stdout.split()
    )


def test_what_is_retried_is_said_before_and_after(run: Run, tables: Path, scenarios: Path, tmp_path: Path) -> None:
    """How many, which and why there was no answer; then how many have one. Without such rows nothing is retried."""
    out = tmp_path / "results"
    arguments = ("what-if", tables, scenarios, "--out", out, "--workers", 1)
    assert run(*arguments).exit_code == 0
    rows = read_rows(out)
    for name in ("more", "growth=2"):
        rows[name] = Row.failed(name, "the process ended by signal 9")
    whole = (out / RESULTS).read_bytes()
    (out / RESULTS).write_text(rows_to_csv(rows.values()), encoding="utf-8")
    again = run(*arguments, "--retry-failed")
    reason = "(the process ended by signal 9)"
    begins = f"retried, since there was only a reason: 2 scenarios: more {reason}, growth=2 {reason}"
    assert again.exit_code == 0 and again.stderr.splitlines()[0] == begins
    assert "Retried 2: 2 have an answer now" in again.stdout.splitlines()
    assert [row.without_time() for row in read_rows(out).values()] == [
        row.without_time() for row in read_rows_of(whole, tmp_path).values()
    ]
    none = run(*arguments, "--retry-failed", "-o", "csv")
    assert none.stderr.splitlines()[0] == "nothing is retried: no scenario with a row is without an answer"
    assert "Retried" not in none.stdout + none.stderr


def test_what_fails_once_more_is_said(run: Run, tables: Path, scenarios: Path, tmp_path: Path) -> None:
    """By name, in the summary, and on standard error where the rows are on standard output."""
    zones = "{x: [none, lose_zone: us-east-1a], y: [none, lose_zone: us-east-1a]}"
    scenarios.write_text(f"grid: {{axes: {zones}}}", encoding="utf-8")
    arguments = ("what-if", tables, scenarios, "--out", tmp_path / "out", "--workers", 1)
    assert run(*arguments).exit_code == 3
    again = run(*arguments, "--retry-failed", "-o", "csv")
    name = "x=us-east-1a y=us-east-1a"
    lines = again.stderr.splitlines()
    assert again.exit_code == 3 and lines[0].startswith(
        f"retried, since there was only a reason: 1 scenario: {name} (edits[1]"
    )
    assert lines[-1] == f"Retried 1: 0 have an answer now, 1 still has none ({name})"


def read_rows_of(content: bytes, tmp_path: Path) -> dict[str, Row]:
    """The rows of what a file was."""
    folder = tmp_path / "before"
    folder.mkdir()
    (folder / RESULTS).write_bytes(content)
    return read_rows(folder)


def sweep(tmp_path: Path, count: int) -> tuple[list[str], Path]:
    """A command that answers so many scenarios of the demo cluster into a folder, and the file of its rows."""
    path = tmp_path / "sweep.yaml"
    values = list(range(1, count + 1))
    edits = "{add_instances: {type: m5.large, count: $value}}"
    path.write_text(f"grid: {{axes: {{more: {{values: {values}, edits: {edits}}}}}}}", encoding="utf-8")
    out = tmp_path / "swept"
    limits = ("--engine", "sequential", "--workers", "2", "--out", str(out))
    return [*COMMAND, str(DEMO), str(path), *limits], out / RESULTS


def interrupted(command: list[str], results: Path, rows: int, number: signal.Signals) -> tuple[int, str]:
    """Run a command until it has so many rows, and send it a signal; its exit code and standard error."""
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    end = time.monotonic() + 120
    while lines_of(results) < rows and process.poll() is None and time.monotonic() < end:
        time.sleep(0.01)
    assert process.poll() is None, "it ended before it was interrupted"
    os.kill(process.pid, number)
    _, said = process.communicate(timeout=60)
    return process.returncode, said


def left_behind(session: int) -> list[str]:
    """The processes of a session that are still there."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            # After the name in parentheses: state, parent, group, session.
            state, _, _, belongs_to = stat.read_text().rpartition(")")[2].split()[:4]
            if int(belongs_to) == session and state != "Z":
                found.append(stat.parent.name)
    return found


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
def test_workers_end_with_the_run_that_is_killed(tmp_path: Path) -> None:
    """Nobody is left to search for an answer that nobody waits for."""
    command, results = sweep(tmp_path, 40)
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    end = time.monotonic() + 120
    while lines_of(results) < 2 and process.poll() is None and time.monotonic() < end:
        time.sleep(0.01)
    assert len(left_behind(process.pid)) >= 3
    process.kill()
    process.wait()
    end = time.monotonic() + 30
    while left_behind(process.pid) and time.monotonic() < end:
        time.sleep(0.1)
    assert left_behind(process.pid) == []


def test_a_run_that_was_killed_goes_on_with_every_row_once(tmp_path: Path) -> None:
    """SIGKILL in the middle, a torn last row, then the same command: each scenario has one row, in order; none is repeated."""
    count = 40
    command, results = sweep(tmp_path, count)
    code, _ = interrupted(command, results, 8, signal.SIGKILL)
    assert code == -signal.SIGKILL
    kept = results.read_bytes()
    whole = kept[: kept.rfind(b"\n") + 1]
    with results.open("ab") as file:
        file.write(b"more=40,OPTIMAL,half a r")
    again = subprocess.run(command, capture_output=True, text=True, check=False, timeout=240)
    assert again.returncode == 0, again.stderr
    rows = read_rows(results.parent)
    assert list(rows) == ["base", *(f"more={n}" for n in range(1, count + 1))]
    assert all(row.instances == 66 + n for n, row in enumerate(rows.values()))
    # What was there is there still, as it was, its times too: it was not answered again.
    assert set(whole.splitlines()) <= set(results.read_bytes().splitlines()) and len(whole.splitlines()) > 8


def test_ctrl_c_keeps_what_is_answered_and_says_how_to_go_on(tmp_path: Path) -> None:
    """The first one ends the run in order."""
    command, results = sweep(tmp_path, 40)
    code, said = interrupted(command, results, 5, signal.SIGINT)
    assert code == 1
    assert "of 41 scenarios are not answered; the same command goes on from here" in said
    assert 5 <= len(read_rows(results.parent)) < 41


def test_progress_says_how_long_it_still_takes() -> None:
    """From what this run has answered, not from what was there."""
    assert progress_line("scenarios", 20, 520, 1_000, 10.0) == "520 of 1,000 scenarios, 2.0 a second, 240 s left"
    assert progress_line("scenarios", 0, 500, 1_000, 0.0) == "500 of 1,000 scenarios, 0.0 a second"
    assert progress_line("rules", 2, 2, 9, 12.0, limit=60.0) == "2 of 9 rules, at most 48 s left"
