"""Clusters on disk: one SQLite file, in which a change is written before it is acknowledged.

Each cluster has a snapshot and the states' changes since as a journal, so that a change costs its own size and not the
cluster's. Write-ahead logging with ``synchronous=FULL`` (https://www.sqlite.org/wal.html, https://www.sqlite.org/pragma.html):
a transaction that has returned survives the end of the process and of the machine; one that has not is gone whole. One
process has the file at a time.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from google.protobuf.message import DecodeError

from solver.errors import InvalidRequest, StoreFailed
from solver.service.clusters import documents, placements
from solver.service.clusters.state import LiveCluster
from solver.service.pieces import fields_of
from solver.v1 import cluster_service_pb2 as wire

IN_MEMORY = ":memory:"
"""The path of a store that ends with the process."""

SCHEMA = 3
"""Raised when the tables change; a file of another schema is refused."""

JOURNAL_ROWS = 500
"""Entries of a journal after which a new snapshot takes its place."""

_TABLES = """
CREATE TABLE cluster (name TEXT PRIMARY KEY, version INTEGER NOT NULL, snapshot BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE journal (
    name TEXT NOT NULL REFERENCES cluster ON DELETE CASCADE, version INTEGER NOT NULL, kind TEXT NOT NULL,
    reservation TEXT NOT NULL, at TEXT NOT NULL, payload BLOB NOT NULL, PRIMARY KEY (name, version)
) WITHOUT ROWID;
"""

_FORMS = (_TABLES, documents.TABLES, placements.TABLES)
"""What each form of the file adds to the one before."""


class Store:
    """The file, used by one thread at a time.

    Parameters
    ----------
    path
        Of the file, made where it is missing; ``IN_MEMORY`` for none.

    Raises
    ------
    InvalidRequest
        If the file is no store, or one of another version of this package.
    StoreFailed
        If it cannot be opened, or another process has it.
    """

    def __init__(self, path: Path | str) -> None:
        self._path = str(path)
        self._entries: dict[str, int] = {}
        with self._failing("opened"):
            # Made in one thread and used in another, never in two at once.
            self._database = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False, timeout=1.0)
            for pragma in ("locking_mode=EXCLUSIVE", "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
                self._database.execute(f"PRAGMA {pragma}")
            (schema,) = self._database.execute("PRAGMA user_version").fetchone()
            if schema < SCHEMA:
                added = "".join(_FORMS[schema:])
                self._database.executescript(f"BEGIN IMMEDIATE; {added} PRAGMA user_version={SCHEMA}; COMMIT;")
        self._placements = placements.EventRows(self._database)
        if schema > SCHEMA:
            self.close()
            problem = f"{self._path} has the form {schema}"
            raise InvalidRequest.at("state", problem, f"use a file of this version, of the form {SCHEMA}, or a new one")

    def close(self) -> None:
        """Let another process have the file."""
        self._database.close()

    def load(self) -> dict[str, LiveCluster]:
        """Every cluster at its last acknowledged version.

        Raises
        ------
        StoreFailed
            If what is in the file cannot be read.
        """
        found: dict[str, LiveCluster] = {}
        with self._failing("read"):
            for name, snapshot in self._database.execute("SELECT name, snapshot FROM cluster ORDER BY name"):
                found[name] = LiveCluster.restored(name, wire.GetClusterResponse.FromString(snapshot))
            rows = self._database.execute(
                "SELECT name, kind, reservation, at, payload FROM journal ORDER BY name, version"
            )
            for name, kind, reservation, at, payload in rows:
                found[name] = _replayed(found[name], kind, reservation, at, payload)
                self._entries[name] = self._entries.get(name, 0) + 1
            mirrors = documents.load(self._database)
        return {name: replace(cluster, ecs=mirrors.get(name)) for name, cluster in found.items()}

    def put(self, cluster: LiveCluster) -> None:
        """Keep a cluster, in the place of what was kept under its name.

        Raises
        ------
        StoreFailed
            If it cannot be written; then nothing has changed. So it is with the other calls.
        """
        with self._transaction():
            self._write_whole(cluster)
            documents.write_all(self._database, cluster.name, cluster.ecs)
        self._entries[cluster.name] = 0

    def delete(self, name: str) -> None:
        """Forget a cluster."""
        with self._transaction():
            self._database.execute("DELETE FROM cluster WHERE name = ?", (name,))
            self._placements.drop(name)
        self._entries.pop(name, None)

    def add_changes(self, after: LiveCluster, request: wire.ApplyChangesRequest, payload: bytes | None = None) -> None:
        """Keep what ``LiveCluster.changed`` has made.

        Parameters
        ----------
        payload
            The request in bytes, where they are at hand.
        """
        self._add(after, "changes", request.SerializeToString() if payload is None else payload)

    def add_commit(
        self,
        after: LiveCluster,
        request: wire.CommitRequest,
        reservation: str,
        now: datetime,
        events: Sequence[str] = (),
        payload: bytes | None = None,
    ) -> None:
        """Keep what ``LiveCluster.committed`` has made, and its events; ``payload`` as in ``add_changes``."""
        written = request.SerializeToString() if payload is None else payload
        self._add(after, "commit", written, reservation, now.isoformat(), events)

    def add_lapse(
        self, after: LiveCluster, now: datetime, events: Sequence[str] = (), reservations: Sequence[str] = ()
    ) -> None:
        """Keep what ``LiveCluster.given_up`` has made of these reservations, and its events.

        Without any it is what ``LiveCluster.lapsed`` has made, as servers wrote it that went by calendar time.
        """
        self._add(after, "lapse", "\n".join(reservations).encode(), "", now.isoformat(), events)

    def add_placements(self, name: str, events: Sequence[str]) -> None:
        """Keep events of a cluster."""
        with self._transaction():
            self._placements.append(name, events)

    def placements_after(self, name: str, position: int | None) -> placements.Page:
        """Events of a cluster after a position; none for None."""
        with self._failing("read"):
            return self._placements.after(name, position)

    def add_events(
        self, after: LiveCluster, changes: Sequence[wire.Change] | None, written: Iterable[tuple[str, str]]
    ) -> None:
        """Keep what ECS events have made.

        Parameters
        ----------
        changes
            Of the state, which has a version more where there are any; None where it is all new.
        written
            The documents that have changed, by file and ARN.
        """
        with self._transaction():
            entries = self._entries.get(after.name, 0)
            if changes is None:
                self._write_whole(after)
                entries = 0
            elif changes:
                named = wire.ApplyChangesRequest(name=after.name).SerializeToString()
                payload = named + fields_of(wire.ApplyChangesRequest.CHANGES_FIELD_NUMBER, changes)
                entries = self._entry(after, "changes", payload)
            if after.ecs is not None:
                documents.write(self._database, after.name, after.ecs, written)
        self._entries[after.name] = entries

    def _add(
        self,
        after: LiveCluster,
        kind: str,
        payload: bytes,
        reservation: str = "",
        at: str = "",
        events: Sequence[str] = (),
    ) -> None:
        with self._transaction():
            self._placements.append(after.name, events)
            entries = self._entry(after, kind, payload, reservation, at)
        self._entries[after.name] = entries

    def _entry(self, after: LiveCluster, kind: str, payload: bytes, reservation: str = "", at: str = "") -> int:
        """Write an entry of the journal, or all of the state in the place of a long one; how long the journal is then."""
        entries = self._entries.get(after.name, 0) + 1
        if entries > JOURNAL_ROWS:
            self._write_whole(after)
            return 0
        row = (after.name, after.version, kind, reservation, at, payload)
        self._database.execute("INSERT INTO journal VALUES (?, ?, ?, ?, ?, ?)", row)
        return entries

    def _write_whole(self, cluster: LiveCluster) -> None:
        self._database.execute("DELETE FROM journal WHERE name = ?", (cluster.name,))
        self._snapshot(cluster)

    def _snapshot(self, cluster: LiveCluster) -> None:
        kept = cluster.written()
        # Not REPLACE, which would delete the journal through the foreign key.
        self._database.execute(
            "INSERT INTO cluster VALUES (?, ?, ?) "
            "ON CONFLICT (name) DO UPDATE SET version = excluded.version, snapshot = excluded.snapshot",
            (cluster.name, cluster.version, kept),
        )

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """All of it is on disk afterwards, or nothing."""
        with self._failing("written"):
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._database.execute("COMMIT")
            except BaseException:
                if self._database.in_transaction:
                    self._database.execute("ROLLBACK")
                raise

    @contextmanager
    def _failing(self, what: str) -> Iterator[None]:
        try:
            yield
        except sqlite3.DatabaseError as error:
            hint = "; another process has it" if "locked" in str(error) else ""
            raise StoreFailed(f"the state in {self._path} could not be {what}: {error}{hint}") from error
        except (DecodeError, KeyError, ValueError) as error:
            raise StoreFailed(f"the state in {self._path} could not be {what}: it is damaged ({error})") from error


def _replayed(cluster: LiveCluster, kind: str, reservation: str, at: str, payload: bytes) -> LiveCluster:
    """The state after an entry of the journal."""
    if kind == "changes":
        return cluster.changed(wire.ApplyChangesRequest.FromString(payload).changes)
    if kind == "commit":
        return cluster.committed(wire.CommitRequest.FromString(payload), reservation, datetime.fromisoformat(at))
    if payload:
        return cluster.given_up(payload.decode().split("\n"))
    return cluster.lapsed(datetime.fromisoformat(at))
