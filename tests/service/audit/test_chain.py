"""Records that hang together (solver.service.audit.chain): whatever is changed is found."""

from __future__ import annotations

from dataclasses import replace

import pytest

from solver.service.audit.chain import FIRST, Record, canonical, hash_of, verified
from tests.service.audit.records import fields


def chain(count: int = 4) -> list[Record]:
    made: list[Record] = []
    for number in range(count):
        made.append(Record.after(made[-1] if made else None, fields(number)))
    return made


def test_records_hang_together() -> None:
    """As many as there are, with the hash of the last; none have the hash that the first one follows."""
    records = chain()
    assert verified(records) == verified(records, records[1].hash)
    assert (verified(records).records, verified(records).head, verified(records).broken) == (4, records[-1].hash, "")
    assert (verified([]).head, verified([]).broken) == (FIRST, "")


def test_any_byte_that_changes_is_found() -> None:
    """Each bit of each byte of each text and hash, and each number."""
    records = chain(3)
    for k, record in enumerate(records):
        changed = [replace(record, number=record.number + by) for by in (-1, 1, 100)]
        for name in ("body", "hash"):
            text = getattr(record, name)
            changed += [
                replace(record, **{name: text[:at] + chr(ord(text[at]) ^ 1 << bit) + text[at + 1 :]})
                for at in range(len(text))
                for bit in range(8)
            ]
        for one in changed:
            found = verified([*records[:k], one, *records[k + 1 :]])
            assert found.broken, one
            assert found.records == k


def test_a_record_that_was_written_anew_is_found() -> None:
    """With a hash that fits its text, it does not fit the one behind it."""
    records = chain()
    other = Record.after(records[0], {**fields(1), "caller": "nobody"})
    assert verified([records[0], other, *records[2:]]).broken == "record 3 does not follow the one before"


def test_what_is_taken_out_or_put_in_or_swapped_is_found() -> None:
    """At the beginning and in the middle."""
    records = chain()
    for found in (records[1:], [*records[:2], *records[3:]], [records[1], records[0], *records[2:]]):
        assert "is missing" in verified(found).broken
    twice = [*records[:2], *records[1:]]
    assert verified(twice).records == 2


def test_another_form_of_the_same_record_is_found() -> None:
    """A text has one form alone, so that nothing can hide in it."""
    record = chain(1)[0]
    for body in (record.body.replace(",", ", "), record.body[:-1] + ',"number":1}', "[]", "nothing", '{"number":NaN}'):
        assert verified([Record(1, body, hash_of(body))]).broken


def test_what_is_missing_at_the_end_is_found_by_a_hash_that_was_noted() -> None:
    """The chain alone does not show it."""
    records = chain()
    noted = records[-1].hash
    assert verified(records[:-1]).broken == ""
    assert "no record has the hash" in verified(records[:-1], noted).broken
    assert verified([*records, Record.after(records[-1], fields(9))], noted).broken == ""


@pytest.mark.parametrize("said", ["é", "\u2028", "\ud800", 'quote " and \\', "line\nbreak"])
def test_texts_have_one_form(said: str) -> None:
    """In ASCII, whatever they are."""
    assert canonical({"b": said, "a": 1}).isascii()
    assert verified([Record.after(None, {"label": said})]).broken == ""
