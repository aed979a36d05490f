"""The file of the audit: SQLite, to which records are only ever added.

Write-ahead logging with ``synchronous=FULL`` (https://www.sqlite.org/pragma.html#pragma_synchronous): what was added survives
the end of the process and of the machine. One server adds to it; others may read meanwhile.
"""

from __future__ import annotations

import fcntl
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from solver.errors import InvalidRequest, StoreFailed, UnreadableDocument
from solver.service.audit.chain import Fields, Record, hash_of

SCHEMA = 1
"""Raised when the table changes; a file of another schema is refused."""

APPLICATION = 0x50534155
"""``PSAU``, in the head of the file (https://www.sqlite.org/pragma.html#pragma_application_id)."""

_TABLES = f"""
BEGIN IMMEDIATE;
CREATE TABLE record (number INTEGER PRIMARY KEY, body TEXT NOT NULL, hash TEXT NOT NULL);
CREATE TRIGGER no_update BEFORE UPDATE ON record BEGIN SELECT RAISE(ABORT, 'records do not change'); END;
CREATE TRIGGER no_delete BEFORE DELETE ON record BEGIN SELECT RAISE(ABORT, 'records do not go'); END;
PRAGMA application_id={APPLICATION};
PRAGMA user_version={SCHEMA};
COMMIT;
"""


class AuditStore:
    """The file, written by one thread of one server.

    Parameters
    ----------
    path
        Of the file, made where it is missing.

    Raises
    ------
    InvalidRequest
        If the file is something else, or of another version of this package.
    StoreFailed
        If it cannot be opened, another server has it, or its last record is damaged.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        with self._failing("opened"):
            # Not the file itself: closing any descriptor of it would let go of SQLite's own locks.
            self._lock = Path(f"{path}-lock").open("w")  # noqa: SIM115 - held until the store is closed
            try:
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                self._lock.close()
                raise StoreFailed(f"the audit in {path} could not be opened: another server has it") from None
            self._database = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=5.0)
        try:
            with self._failing("opened"):
                self._prepare()
                self._last = self._read_last()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Let another server have the file."""
        self._database.close()
        self._lock.close()

    def add(self, every: Sequence[Fields]) -> None:
        """Add records, in order.

        Raises
        ------
        StoreFailed
            If they cannot be written; then none is there.
        """
        last, made = self._last, []
        for fields in every:
            last = Record.after(last, fields)
            made.append((last.number, last.body, last.hash))
        with self._failing("written"):
            self._database.execute("BEGIN IMMEDIATE")
            try:
                self._database.executemany("INSERT INTO record VALUES (?, ?, ?)", made)
                self._database.execute("COMMIT")
            except BaseException:
                if self._database.in_transaction:
                    self._database.execute("ROLLBACK")
                raise
        self._last = last

    def _prepare(self) -> None:
        (tables,) = self._database.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        if tables:
            _require_kind(self._database, self._path, "audit")
        for pragma in ("journal_mode=WAL", "synchronous=FULL"):
            self._database.execute(f"PRAGMA {pragma}")
        if not tables:
            self._database.executescript(_TABLES)

    def _read_last(self) -> Record | None:
        row = self._database.execute("SELECT number, body, hash FROM record ORDER BY number DESC LIMIT 1").fetchone()
        last = None if row is None else Record(*row)
        if last is not None and hash_of(last.body) != last.hash:
            raise StoreFailed(f"the audit in {self._path} is damaged: record {last.number} is not what it was")
        return last

    @contextmanager
    def _failing(self, what: str) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise StoreFailed(f"the audit in {self._path} could not be {what}: {error}") from error


@contextmanager
def reading(path: Path) -> Iterator[Iterator[Record]]:
    """The records of a file, in order; a server may add to it meanwhile.

    Raises
    ------
    UnreadableDocument
        If it is missing, or no audit; also while records are read.
    """
    if not path.is_file():
        raise UnreadableDocument.at("FILE", f"{path} is not there", "name the file of serve --audit")
    # Without a log there is no server, and SQLite would want to make one, perhaps where nothing may be written.
    mode = "mode=ro" if Path(f"{path}-wal").exists() else "mode=ro&immutable=1"
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?{mode}", uri=True)) as database:
            _require_kind(database, path, "FILE")
            rows = database.execute("SELECT number, body, hash FROM record ORDER BY number")
            yield (Record(*row) for row in rows)
    except (sqlite3.Error, UnicodeDecodeError) as error:
        raise UnreadableDocument.at("FILE", f"{path} cannot be read: {error}", "restore it from a copy") from None


def _require_kind(database: sqlite3.Connection, path: Path, where: str) -> None:
    (application,) = database.execute("PRAGMA application_id").fetchone()
    (schema,) = database.execute("PRAGMA user_version").fetchone()
    if application != APPLICATION:
        raise InvalidRequest.at(
            where, f"{path} is another kind of file", "name one that serve --audit made, or a new one"
        )
    if schema != SCHEMA:
        raise InvalidRequest.at(where, f"{path} has the form {schema}", f"use one of the form {SCHEMA}, or a new one")
