"""``placement-solver audit``."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.service.audit.records import written


def test_records_that_hang_together_pass(run: Run, tmp_path: Path) -> None:
    """It says how many they are and the head, which can be given the next time."""
    file = tmp_path / "audit.db"
    head = written(file, 3)[-1].hash
    answer = run("audit", "verify", file)
    assert (answer.exit_code, answer.stdout) == (0, f"3 records, head {head}\n")
    written(file, 2)
    assert run("audit", "verify", file, "--head", head.upper()).exit_code == 0


def test_a_record_that_was_changed_is_named(run: Run, tmp_path: Path) -> None:
    """The first one, and exit code 1."""
    file = tmp_path / "audit.db"
    head = written(file, 3)[0].hash
    with closing(sqlite3.connect(file)) as database:
        database.executescript(
            "DROP TRIGGER no_update; UPDATE record SET body = replace(body, 'db', 'me') WHERE number = 2;"
        )
    answer = run("audit", "verify", file)
    assert (answer.exit_code, answer.stdout) == (1, f"1 records, head {head}\n")
    assert answer.stderr == f"error: {file}: record 2 is not what it was: its hash is another\n"


def test_records_that_were_cut_off_are_found_by_the_head(run: Run, tmp_path: Path) -> None:
    """Without it, nothing is missed: the chain does not know its end."""
    file = tmp_path / "audit.db"
    head = written(file, 3)[-1].hash
    with closing(sqlite3.connect(file)) as database:
        database.executescript("DROP TRIGGER no_delete; DELETE FROM record WHERE number = 3;")
    assert run("audit", "verify", file).exit_code == 0
    answer = run("audit", "verify", file, "--head", head)
    assert answer.exit_code == 1
    assert f"no record has the hash {head}" in answer.stderr


@pytest.mark.parametrize(
    ("options", "numbers"),
    [
        ((), [1, 2, 3, 4, 5]),
        (("--caller", "db"), [2, 4]),
        (("--method", "Commit"), [2, 4]),
        (("--method", "PlacementService/Place", "--limit", "2"), [3, 5]),
        (("--since", "2026-01-01T00:00:03"), [4, 5]),
        (("--since", "2026-01-01T01:00:03+01:00", "--caller", "web"), [5]),
        (("--since", "2027-01-01"), []),
    ],
)
def test_records_are_chosen(run: Run, tmp_path: Path, options: tuple[str, ...], numbers: list[int]) -> None:
    """By caller, method and time; the last ones of them."""
    file = tmp_path / "audit.db"
    records = written(file, 5)
    answer = run("audit", "show", file, *options, "-o", "json")
    found = [json.loads(line) for line in answer.stdout.splitlines()]
    assert (answer.exit_code, [one["number"] for one in found]) == (0, numbers)
    assert all(one["hash"] == records[one["number"] - 1].hash for one in found)


def test_records_are_shown_to_people(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line each, with what matters."""
    monkeypatch.setenv("COLUMNS", "120")
    written(tmp_path / "audit.db", 2)
    lines = run("audit", "show", tmp_path / "audit.db").stdout.splitlines()
    assert lines[0].split() == ["number", "at", "caller", "method", "cluster", "outcome", "label"]
    assert lines[-1].split() == ["2", "2026-01-01T00:00:01", "db", "Commit", "-", "-", "é1"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("show", "none.db"), "error: FILE: none.db is not there; name the file of serve --audit"),
        (("verify", "none.db"), "error: FILE: none.db is not there; name the file of serve --audit"),
        (("show", "none.db", "--since", "yesterday"), "error: --since: is 'yesterday'; write it as 2026-01-31"),
    ],
)
def test_what_cannot_be_read_is_refused(run: Run, arguments: tuple[str, ...], message: str) -> None:
    """With exit code 2."""
    answer = run("audit", *arguments)
    assert (answer.exit_code, answer.stdout) == (2, "")
    assert answer.stderr.startswith(message)
