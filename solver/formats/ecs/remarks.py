"""Warnings: one sentence a kind, with the names that it concerns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

NAMED = 5
"""Names that a warning lists before it counts."""


def listed(names: Iterable[str]) -> str:
    """The first names, and how many more there are."""
    distinct = list(dict.fromkeys(names))
    more = len(distinct) - NAMED
    return ", ".join(distinct[:NAMED]) + (f" and {more} more" if more > 0 else "")


def counted(count: int, noun: str) -> str:
    """``1 task``, ``2 tasks``."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


class Remarks:
    """Collects warnings about the documents as a whole, each said once."""

    def __init__(self) -> None:
        self._said: dict[str, None] = {}

    def say(self, text: str) -> None:
        """Warn."""
        self._said.setdefault(text)

    def about(self, names: Iterable[str], one: str, many: str) -> None:
        """Warn about some names, if there are any: ``one`` or ``many`` with ``{names}`` and ``{count}``."""
        distinct = list(dict.fromkeys(names))
        if distinct:
            text = one if len(distinct) == 1 else many
            self.say(text.format(names=listed(distinct), count=f"{len(distinct):,}"))

    def __iter__(self) -> Iterator[str]:
        return iter(self._said)
