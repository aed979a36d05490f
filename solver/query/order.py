"""Which of two texts is less (§3.3): numbers, versions, instants, otherwise text."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeVar

# Python converts at most 4,300 digits; a longer run of digits is compared as text.
_INTEGER = re.compile(r"[+-]?[0-9]{1,4000}")
_VERSION = re.compile(r"[0-9]{1,4000}(?:\.[0-9]{1,4000})*")
_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"(?:[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]{1,9})?)?(?:Z|[+-][0-9]{2}(?::?[0-9]{2})?)?)?"
)

Key = TypeVar("Key", int, tuple[int, ...], datetime, str)


def integer(text: str) -> int | None:
    """The number that an optional sign and digits write; None if the text is something else."""
    return int(text) if _INTEGER.fullmatch(text) else None


def version(text: str) -> tuple[int, ...] | None:
    """The components of digits and dots, without zeros at the end: ``1.14`` is ``1.14.0``. None for other text."""
    if not _VERSION.fullmatch(text):
        return None
    components = [int(component) for component in text.split(".")]
    while components and components[-1] == 0:
        components.pop()
    return tuple(components)


def instant(text: str) -> datetime | None:
    """The instant of an ISO 8601 date, or date and time, to the microsecond; UTC if it names no zone.

    None for other text.
    """
    if not _INSTANT.fullmatch(text):
        return None
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        return None
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def against(argument: str) -> Callable[[str], int]:
    """A function of a text: -1 where it is less than the argument, 0 where equal, 1 where greater.

    The pair is compared by the first of integer, version and instant that reads both sides, else as text.
    """
    ways = [_way(integer, argument), _way(version, argument), _way(instant, argument)]

    def compare(text: str) -> int:
        for way in ways:
            sign = way(text)
            if sign is not None:
                return sign
        return _sign(text, argument)

    return compare


def _way(read: Callable[[str], Key | None], argument: str) -> Callable[[str], int | None]:
    right = read(argument)
    if right is None:
        return lambda text: None

    def compare(text: str) -> int | None:
        left = read(text)
        return None if left is None else _sign(left, right)

    return compare


def _sign(left: Key, right: Key) -> int:
    return int(left > right) - int(left < right)
