"""The ECS documents of clusters in the store: a row each, so that an event costs its own size."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator

from solver.formats.ecs.mirror import MEMBERS, TASKS, Described, Document, Index, Mirror

TABLES = """
CREATE TABLE document (
    name TEXT NOT NULL REFERENCES cluster ON DELETE CASCADE, file TEXT NOT NULL, arn TEXT NOT NULL,
    version INTEGER NOT NULL, body BLOB, PRIMARY KEY (name, file, arn)
) WITHOUT ROWID;
"""
"""Instances and tasks by ARN, without a body where they have ended; the answers of other files by their number."""

_NOTES = "notes"
"""In the place of a file's name: the row of what is known beside the documents."""

Row = tuple[str, str, str, int, bytes | None]


def write_all(database: sqlite3.Connection, name: str, mirror: Mirror | None) -> None:
    """Write the documents of a cluster in the place of those that are there."""
    database.execute("DELETE FROM document WHERE name = ?", (name,))
    if mirror is not None:
        _insert(database, _rows(name, mirror))


def write(database: sqlite3.Connection, name: str, mirror: Mirror, written: Iterable[tuple[str, str]]) -> None:
    """Write the documents that have changed, by file and ARN."""
    rows: list[Row] = [_notes(name, mirror)]
    for file, arn in written:
        known = mirror.documents[file].get(arn)
        if known is not None:
            rows.append((name, file, arn, known.version, known.body))
        elif arn in mirror.ended:
            rows.append((name, file, arn, mirror.ended[arn], None))
        else:
            database.execute("DELETE FROM document WHERE name = ? AND file = ? AND arn = ?", (name, file, arn))
    _insert(database, rows)


def load(database: sqlite3.Connection) -> dict[str, Mirror]:
    """The documents of every cluster that has some.

    Raises
    ------
    ValueError, KeyError
        If they are damaged.
    """
    found: dict[str, _Loading] = {}
    for name, file, arn, version, body in database.execute("SELECT * FROM document ORDER BY name, file, arn"):
        found.setdefault(name, _Loading()).take(file, arn, version, body)
    return {name: loading.mirror() for name, loading in found.items()}


class _Loading:
    """The documents of one cluster, as their rows come."""

    def __init__(self) -> None:
        self._documents: dict[str, dict[str, Document]] = {file: {} for file in MEMBERS}
        self._answers: dict[str, list[object]] = {}
        self._ended: dict[str, int] = {}
        self._notes: dict[str, dict[str, object]] = {}

    def take(self, file: str, arn: str, version: int, body: bytes | None) -> None:
        if file == _NOTES:
            self._notes = json.loads(body or b"{}")
        elif file not in MEMBERS:
            self._answers.setdefault(file, []).append(json.loads(body or b""))
        elif body is None:
            self._ended[arn] = version
        else:
            self._documents[file][arn] = Document(version, body)

    def mirror(self) -> Mirror:
        notes = self._notes
        return Mirror(
            self._documents,
            Described({file: tuple(answers) for file, answers in self._answers.items()}),
            Index.of_documents(self._documents),
            self._ended,
            missing={arn: frozenset(_numbers(versions)) for arn, versions in notes["missing"].items()},
            unlisted={arn: int(str(tasks)) for arn, tasks in notes["unlisted"].items()},
            old_services={arn: str(reason) for arn, reason in notes["old_services"].items()},
            is_fed=bool(notes["is_fed"]),
        )


def _numbers(versions: object) -> Iterator[int]:
    if not isinstance(versions, list):
        raise ValueError("versions are not a list")
    yield from map(int, versions)


def _rows(name: str, mirror: Mirror) -> Iterator[Row]:
    yield _notes(name, mirror)
    for file, documents in mirror.documents.items():
        for arn, document in documents.items():
            yield name, file, arn, document.version, document.body
    for arn, version in mirror.ended.items():
        yield name, TASKS, arn, version, None  # What it was does not matter any more.
    for file, answers in mirror.described.answers.items():
        for k, answer in enumerate(answers):
            yield name, file, f"{k:09}", 0, json.dumps(answer).encode()


def _notes(name: str, mirror: Mirror) -> Row:
    notes = {
        "missing": {arn: sorted(versions) for arn, versions in mirror.missing.items()},
        "unlisted": dict(mirror.unlisted),
        "old_services": dict(mirror.old_services),
        "is_fed": mirror.is_fed,
    }
    return name, _NOTES, "", 0, json.dumps(notes).encode()


def _insert(database: sqlite3.Connection, rows: Iterable[Row]) -> None:
    database.executemany("INSERT OR REPLACE INTO document VALUES (?, ?, ?, ?, ?)", rows)
