"""Records that hang together: each holds the hash of the one before, so that none can change unnoticed.

The hash of a record is SHA-256 over its text, which is JSON in one form alone: keys in order, no spaces, ASCII. Whoever can
write to the file can make another chain, or leave out the last records; both are found by a hash that was noted elsewhere.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

FIRST = "0" * 64
"""What the first record holds in the place of a hash."""

Value = str | int | float | None | Mapping[str, str]
Fields = Mapping[str, Value]
"""What a record says."""


@dataclass(frozen=True)
class Record:
    """A record as it is kept.

    Parameters
    ----------
    number
        From 1.
    body
        Its text; it says the number, and the hash of the one before as ``previous``.
    hash
        Of the text.
    """

    number: int
    body: str
    hash: str

    @classmethod
    def after(cls, last: Record | None, fields: Fields) -> Record:
        """The record that says these fields, behind the last one."""
        number, previous = (1, FIRST) if last is None else (last.number + 1, last.hash)
        body = canonical({**fields, "number": number, "previous": previous})
        return cls(number, body, hash_of(body))

    def fields(self) -> dict[str, Value]:
        """What it says."""
        found: dict[str, Value] = json.loads(self.body)
        return found


@dataclass(frozen=True)
class Verdict:
    """What was found of a chain.

    Parameters
    ----------
    records
        How many hang together, from the first.
    head
        The hash of the last of them.
    broken
        What is wrong with the one behind them; empty where nothing is.
    """

    records: int
    head: str
    broken: str = ""


def canonical(fields: Fields) -> str:
    """The text of a record: the same fields always give the same."""
    return json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def hash_of(body: str) -> str:
    """SHA-256 of a text, in hexadecimal digits."""
    return hashlib.sha256(body.encode()).hexdigest()


def verified(records: Iterable[Record], head: str | None = None) -> Verdict:
    """Whether records hang together.

    Parameters
    ----------
    head
        A hash that was noted before: one of the records must have it. None where none was.
    """
    last: Record | None = None
    met = head is None
    for record in records:
        if broken := _broken(last, record):
            return Verdict(0 if last is None else last.number, FIRST if last is None else last.hash, broken)
        last = record
        met = met or record.hash == head
    number, found = (0, FIRST) if last is None else (last.number, last.hash)
    if not met:
        broken = f"no record has the hash {head}: the last ones are missing, or all were written anew"
        return Verdict(number, found, broken)
    return Verdict(number, found)


def _broken(last: Record | None, record: Record) -> str:
    """What is wrong with a record behind another; empty where nothing is."""
    number, previous = (1, FIRST) if last is None else (last.number + 1, last.hash)
    if record.number != number:
        return f"record {number} is missing"
    if not isinstance(record.body, str):  # SQLite keeps bytes in a column of text, too.
        return f"record {number} is not in its form"
    if record.hash != hash_of(record.body):
        return f"record {number} is not what it was: its hash is another"
    try:
        fields = record.fields()
        same = isinstance(fields, dict) and canonical(fields) == record.body
    except (ValueError, RecursionError):
        return f"record {number} cannot be read"
    if not same or fields.get("number") != number:
        return f"record {number} is not in its form"
    if fields.get("previous") != previous:
        return f"record {number} does not follow the one before"
    return ""
