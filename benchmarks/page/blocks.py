"""What the page is made of: comparisons, aims, and sections of tables and charts. Suites make them, the template draws."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import ClassVar

from solver.report.page.blocks import Bar, Bars, Part, Table


class Verdict(Enum):
    """How a number of ours stands beside that of another system."""

    BETTER = "ahead"
    EQUAL = "equal"
    WORSE = "behind"
    OPEN = "no common number"
    MISSING = "not measured"


@dataclass(frozen=True)
class Comparison:
    """One number of another system beside ours.

    Parameters
    ----------
    workload
        On what.
    theirs, ours
        With units.
    note
        What the two have to do with each other: how many times as much.
    drawback
        In what ours is worse although the verdict is another; empty where it is not.
    measured
        Whether theirs was measured beside ours; else it is published.
    source
        Where theirs is from.
    command
        What makes ours; empty where nothing does yet.
    """

    system: str
    workload: str
    theirs: str
    ours: str
    verdict: Verdict
    measured: bool
    source: str
    command: str
    note: str = ""
    drawback: str = ""


@dataclass(frozen=True)
class Goal:
    """An aim and whether it is reached."""

    subject: str
    case: str
    asked: str
    found: str
    met: bool
    command: str


@dataclass(frozen=True)
class Tick:
    """A place on an axis, in percent of a timeline or in units of a plot, and its label."""

    at: float
    label: str


@dataclass(frozen=True)
class Mark:
    """A moment on a timeline: in percent of its width, a place in the legend, what it says."""

    at: float
    legend: int
    text: str


@dataclass(frozen=True)
class Track:
    """A row of a timeline; ``cells`` say it in figures."""

    label: str
    marks: Sequence[Mark]
    cells: Sequence[str]


@dataclass(frozen=True)
class Timeline:
    """Moments on a logarithmic axis, a row for each case; ``head`` names the cells."""

    kind: ClassVar[str] = "timeline"
    caption: str
    legend: Sequence[str]
    head: Sequence[str]
    ticks: Sequence[Tick]
    tracks: Sequence[Track]
    folded: bool = False


@dataclass(frozen=True)
class Point:
    """A measurement in a plot; hollow where the time limit ended it."""

    x: float
    y: float
    text: str
    hollow: bool = False


@dataclass(frozen=True)
class Curve:
    """Points of one phase, and the line fitted to them as x and y of both ends; None where too few can be fitted."""

    name: str
    legend: int
    points: Sequence[Point]
    line: tuple[float, ...] | None
    text: str


@dataclass(frozen=True)
class Plot:
    """Curves between two logarithmic axes, in the units of its drawing."""

    title: str
    x_label: str
    y_label: str
    x_ticks: Sequence[Tick]
    y_ticks: Sequence[Tick]
    curves: Sequence[Curve]


@dataclass(frozen=True)
class Plots:
    """Plots side by side."""

    kind: ClassVar[str] = "plots"
    caption: str
    text: str
    plots: Sequence[Plot]


@dataclass(frozen=True)
class Cell:
    """A share in 0 to 1 and what it says."""

    share: float
    text: str


@dataclass(frozen=True)
class Shares:
    """A table of shares, the greener the larger; the first ``len(row) - len(cells)`` columns of the head name the row."""

    kind: ClassVar[str] = "shares"
    caption: str
    head: Sequence[str]
    rows: Sequence[tuple[Sequence[str], Sequence[Cell]]]


__all__ = ["Bar", "Bars", "Part", "Table"]
"""Those that other pages have too."""

Block = Table | Bars | Timeline | Plots | Shares


@dataclass(frozen=True)
class Section:
    """A part of the page.

    Parameters
    ----------
    name
        What links to it are called.
    text
        What it shows; with `code`, *emphasis* and **stress** as in Markdown.
    command
        What makes its figures; empty where the blocks say so themselves.
    origin
        When, where and of what they were measured.
    """

    name: str
    title: str
    text: str
    command: str
    origin: str
    blocks: Sequence[Block]


@dataclass(frozen=True)
class Content:
    """What a suite has to say.

    Parameters
    ----------
    headlines
        A figure and what it is of, for the top of the page.
    note
        When, where and of what ours in the comparisons was measured.
    """

    headlines: Sequence[tuple[str, str]] = ()
    comparisons: Sequence[Comparison] = ()
    goals: Sequence[Goal] = ()
    sections: Sequence[Section] = ()
    note: str = ""


@dataclass(frozen=True)
class Suite:
    """Measurements that are kept in files of the folder of the benchmarks.

    Parameters
    ----------
    read
        From that folder to what is shown; nothing where its files are absent.
    """

    name: str
    read: Callable[[Path], Content]
