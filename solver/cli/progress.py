"""Bars on standard error, or lines now and then, for work that tells how far it is."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from solver.cli.exits import say

if TYPE_CHECKING:
    from solver.aws.calls import Progress

TELL_SECONDS = 30.0
"""Between two lines of progress, where standard error is no terminal."""


@contextmanager
def progress() -> Iterator[Progress]:
    """One bar for each kind of work that is told of, where standard error is a terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    shown = Bars(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty())
    bars: dict[str, TaskID] = {}

    def tell(what: str, done: int, total: int) -> None:
        if what not in bars:
            bars[what] = shown.add_task(what, total=total)
        shown.update(bars[what], completed=done, total=total)

    with shown:
        yield tell


@contextmanager
def counted(what: str, limit: float | None = None) -> Iterator[Callable[[int, int], None]]:
    """Tells how many of something are done and how long the rest still takes.

    A bar where standard error is a terminal, else a line now and then.

    Parameters
    ----------
    what
        What is counted, in the plural.
    limit
        Seconds after which all ends, done or not; None for none.
    """
    if not sys.stderr.isatty():
        yield _lines(what, time.monotonic, limit)
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    left = (TextColumn("left"), TimeRemainingColumn()) if limit is None else (TextColumn(f"of at most {limit:,.0f} s"),)
    with Progress(*columns, *left, console=Console(stderr=True)) as shown:
        task = shown.add_task(what, total=None)

        def tell(done: int, total: int) -> None:
            shown.update(task, completed=done, total=total)

        yield tell


def _lines(what: str, clock: Callable[[], float], limit: float | None) -> Callable[[int, int], None]:
    begun = said = clock()
    first: list[int] = []

    def tell(done: int, total: int) -> None:
        nonlocal said
        first.append(done) if not first else None
        now = clock()
        if now - said >= TELL_SECONDS:
            said = now
            say(progress_line(what, done - first[0], done, total, now - begun, limit))

    return tell


def progress_line(what: str, new: int, done: int, total: int, seconds: float, limit: float | None = None) -> str:
    """How much is done, how fast, and how long the rest still takes.

    Parameters
    ----------
    what
        What is counted, in the plural.
    new
        Of those that are ``done``, those of this run; the others were there.
    limit
        Seconds from the beginning after which all ends; None for none.
    """
    if limit is not None:
        return f"{done:,} of {total:,} {what}, at most {max(limit - seconds, 0.0):,.0f} s left"
    rate = new / seconds if seconds > 0 else 0.0
    left = f", {(total - done) / rate:,.0f} s left" if rate > 0 else ""
    return f"{done:,} of {total:,} {what}, {rate:.1f} a second{left}"
