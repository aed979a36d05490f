"""The file of the audit (solver.service.audit.store)."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from solver.errors import InvalidRequest, StoreFailed, UnreadableDocument
from solver.service.audit.chain import verified
from solver.service.audit.store import AuditStore
from tests.service.audit.records import fields, read, written


def test_records_are_there_again_and_go_on(tmp_path: Path) -> None:
    """A store that is opened again continues the chain."""
    file = tmp_path / "audit.db"
    before = written(file, 3)
    after = written(file, 2)
    assert after[:3] == before
    assert (verified(after).records, verified(after).broken) == (5, "")


def test_records_can_be_read_while_a_server_adds(tmp_path: Path) -> None:
    """What was added is there."""
    file = tmp_path / "audit.db"
    store = AuditStore(file)
    for number in range(3):
        store.add([fields(number)])
        assert len(read(file)) == number + 1
    store.close()


def test_a_second_server_is_refused(tmp_path: Path) -> None:
    """While the first has the file, and no longer."""
    store = AuditStore(tmp_path / "audit.db")
    with pytest.raises(StoreFailed, match="another server has it"):
        AuditStore(tmp_path / "audit.db")
    store.close()
    AuditStore(tmp_path / "audit.db").close()


@pytest.mark.parametrize("statement", ["UPDATE record SET body = ''", "DELETE FROM record"])
def test_records_neither_change_nor_go(tmp_path: Path, statement: str) -> None:
    """The table itself refuses it."""
    file = tmp_path / "audit.db"
    written(file, 2)
    with closing(sqlite3.connect(file)) as database, pytest.raises(sqlite3.IntegrityError, match="records do not"):
        database.execute(statement)
    assert len(read(file)) == 2


def test_a_file_that_was_changed_on_the_disk_is_found(tmp_path: Path) -> None:
    """Every byte of every record, one after the other: it does not verify, or cannot be read."""
    file = tmp_path / "audit.db"
    records = written(file, 2)
    whole = file.read_bytes()
    for record in records:
        for text in (record.body.encode(), record.hash.encode()):
            start = whole.index(text)
            for at in range(start, start + len(text), 3):
                file.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
                try:
                    assert verified(read(file)).broken
                except UnreadableDocument:
                    continue


def test_a_last_record_that_is_damaged_stops_a_server(tmp_path: Path) -> None:
    """It would continue a chain that is broken."""
    file = tmp_path / "audit.db"
    last = written(file, 2)[-1]
    whole = file.read_bytes()
    at = whole.index(last.body.encode())
    file.write_bytes(whole[:at] + b" " + whole[at + 1 :])
    with pytest.raises(StoreFailed, match="record 2 is not what it was"):
        AuditStore(file)


def test_another_kind_of_file_is_refused(tmp_path: Path) -> None:
    """Another database, which stays as it was, and a file that is none."""
    file = tmp_path / "other.db"
    with closing(sqlite3.connect(file)) as database:
        database.execute("CREATE TABLE other (x)")
    before = file.read_bytes()
    with pytest.raises(InvalidRequest, match="audit: .* is another kind of file"):
        AuditStore(file)
    assert file.read_bytes() == before
    with pytest.raises(InvalidRequest, match="FILE: .* is another kind of file"):
        read(file)
    file.write_text("no database at all, but long enough to be looked at" * 30)
    with pytest.raises(StoreFailed, match="could not be opened"):
        AuditStore(file)
    with pytest.raises(UnreadableDocument, match="cannot be read"):
        read(file)


def test_a_file_of_another_form_is_refused(tmp_path: Path) -> None:
    """Of a later version, say."""
    file = tmp_path / "audit.db"
    written(file, 1)
    with closing(sqlite3.connect(file)) as database:
        database.execute("PRAGMA user_version=2")
    with pytest.raises(InvalidRequest, match="has the form 2"):
        AuditStore(file)


def test_what_cannot_be_written_is_not_there(tmp_path: Path) -> None:
    """A full disk: all of a batch or nothing, and it goes on when there is room again."""
    file = tmp_path / "audit.db"
    store = AuditStore(file)
    store.add([fields(0)])
    (pages,) = store._database.execute("PRAGMA page_count").fetchone()
    store._database.execute(f"PRAGMA max_page_count={pages}")
    with pytest.raises(StoreFailed, match="could not be written: database or disk is full"):
        store.add([fields(number) for number in range(100)])
    assert len(read(file)) == 1
    store._database.execute("PRAGMA max_page_count=1000000")
    store.add([fields(1)])
    store.close()
    assert (verified(read(file)).records, verified(read(file)).broken) == (2, "")


def test_a_record_in_bytes_is_found(tmp_path: Path) -> None:
    """A column of text keeps bytes, too, where somebody writes them."""
    file = tmp_path / "audit.db"
    record = written(file, 1)[0]
    with closing(sqlite3.connect(file)) as database:
        database.execute("DROP TRIGGER no_update")
        database.execute("UPDATE record SET body = ?", (record.body.encode(),))
        database.commit()
    assert verified(read(file)).broken == "record 1 is not in its form"
