"""Parts that every page may have: tables, and bars beside each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True)
class Table:
    """Rows of text, the first column their names; ``folded`` ones are opened by the reader."""

    kind: ClassVar[str] = "table"
    caption: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    text: str = ""
    folded: bool = False


@dataclass(frozen=True)
class Part:
    """A part of a bar: ``width`` in percent of the longest, what it is of (a place in the legend), and what it says."""

    width: float
    legend: int
    text: str


@dataclass(frozen=True)
class Bar:
    """A row of a bar chart, its parts side by side."""

    label: str
    parts: Sequence[Part]
    text: str


@dataclass(frozen=True)
class Bars:
    """A bar chart; with an empty legend the parts have no names of their own."""

    kind: ClassVar[str] = "bars"
    caption: str
    legend: Sequence[str]
    bars: Sequence[Bar]
