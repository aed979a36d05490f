"""The events of each kept cluster, in the store and on their way to whoever watches.

Each cluster counts its own positions from 1, and goes on where it was after a restart, and after it was deleted and put again.
A watcher reads from the store at its own pace, so that one who is slow costs nobody memory.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol, TypeVar

from solver.errors import PlacementSolverError, PositionGone, ServiceUnavailable

T = TypeVar("T")

KEPT = 100_000
"""Events of one cluster that are kept; the oldest go first."""

READ = 500
"""Events that a watcher reads at a time."""

MOST_PENDING = 256
"""Answers whose events are not written yet; the next one waits."""

TABLES = """
CREATE TABLE placement_event (
    name TEXT NOT NULL, position INTEGER NOT NULL, event TEXT NOT NULL, PRIMARY KEY (name, position)
) WITHOUT ROWID;
CREATE TABLE placement_position (name TEXT PRIMARY KEY, last INTEGER NOT NULL) WITHOUT ROWID;
"""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Page:
    """Some events of a cluster.

    Parameters
    ----------
    first, last
        Positions of the oldest and the newest that is kept; ``first`` is one more than ``last`` where none is.
    events
        After the position that was asked for, in order.
    """

    first: int
    last: int
    events: tuple[tuple[int, str], ...]


class EventRows:
    """The tables. Who writes has a transaction open.

    Parameters
    ----------
    kept
        Events of one cluster at most.
    """

    def __init__(self, database: sqlite3.Connection, kept: int = KEPT) -> None:
        self._database = database
        self._kept = kept

    def append(self, name: str, events: Sequence[str]) -> None:
        """Add events, and drop those that are too many."""
        if not events:
            return
        last = self._last(name)
        rows = [(name, position, event) for position, event in enumerate(events, last + 1)]
        self._database.executemany("INSERT INTO placement_event VALUES (?, ?, ?)", rows)
        last += len(events)
        self._database.execute(
            "INSERT INTO placement_position VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET last = excluded.last",
            (name, last),
        )
        self._database.execute(
            "DELETE FROM placement_event WHERE name = ? AND position <= ?", (name, last - self._kept)
        )

    def drop(self, name: str) -> None:
        """Drop all events of a cluster; its next one has the next position."""
        self._database.execute("DELETE FROM placement_event WHERE name = ?", (name,))

    def after(self, name: str, position: int | None) -> Page:
        """Events after a position; none for None."""
        last = self._last(name)
        (first,) = self._database.execute(
            "SELECT MIN(position) FROM placement_event WHERE name = ?", (name,)
        ).fetchone()
        rows = self._database.execute(
            "SELECT position, event FROM placement_event WHERE name = ? AND position > ? ORDER BY position LIMIT ?",
            (name, last if position is None else position, READ),
        )
        return Page(last + 1 if first is None else first, last, tuple(rows))

    def _last(self, name: str) -> int:
        row = self._database.execute("SELECT last FROM placement_position WHERE name = ?", (name,)).fetchone()
        return 0 if row is None else int(row[0])


class EventStore(Protocol):
    """What the log asks of the store; its thread alone calls it."""

    def add_placements(self, name: str, events: Sequence[str]) -> None:
        """Keep events."""
        ...

    def placements_after(self, name: str, position: int | None) -> Page:
        """Read events."""
        ...


class InThread(Protocol):
    """Calls a function in the thread of the store."""

    def __call__(self, act: Callable[[], T], /) -> Awaitable[T]: ...


class PlacementLog:
    """Events as they are written and watched. All methods belong to one event loop.

    Parameters
    ----------
    in_thread
        Runs what asks the store.
    require
        Raises ``ClusterNotFound`` where no cluster is kept under a name.
    """

    def __init__(self, store: EventStore, in_thread: InThread, require: Callable[[str], object]) -> None:
        self._store = store
        self._in_thread = in_thread
        self._require = require
        self._watching: dict[str, set[asyncio.Event]] = {}
        self._pending: set[asyncio.Task[None]] = set()
        self._ended = False

    async def record(self, name: str, make: Callable[[], Sequence[str]]) -> None:
        """Make events and write them, soon and beside the caller, who need not wait for it.

        A server that is killed meanwhile has lost them, and nothing else.
        """
        while len(self._pending) >= MOST_PENDING:
            await asyncio.wait(self._pending, return_when=asyncio.FIRST_COMPLETED)
        task = asyncio.get_running_loop().create_task(self._write(name, make))
        self._pending.add(task)
        task.add_done_callback(self._pending.discard)

    async def _write(self, name: str, make: Callable[[], Sequence[str]]) -> None:
        try:
            events = await asyncio.to_thread(make)
            if events:
                self._require(name)
                await self._in_thread(lambda: self._store.add_placements(name, events))
                self.tell(name)
        except PlacementSolverError as error:
            _log.error("events of cluster '%s' are not kept: %s", name, error)
        except Exception:
            _log.exception("events of cluster '%s' could not be made", name)

    def tell(self, name: str) -> None:
        """Have those who watch a cluster look again: there are events, or it is gone."""
        for news in self._watching.get(name, ()):
            news.set()

    async def watch(self, name: str, after: int | None) -> AsyncGenerator[tuple[int, str], None]:
        """The events of a cluster after a position, with theirs, and then those that come.

        Parameters
        ----------
        after
            The position of the last one that is known, 0 for none; None for only those that come.

        Raises
        ------
        ClusterNotFound
            If the cluster is not kept, or once it is no more.
        PositionGone
            If an event after the position is no longer kept, or the position was never reached.
        ServiceUnavailable
            Once the server ends.
        """
        news = asyncio.Event()
        self._watching.setdefault(name, set()).add(news)
        position = after
        try:
            while True:
                news.clear()
                self._require(name)
                if self._ended:
                    raise ServiceUnavailable("the server ends; watch again after the last position")
                page = await self._in_thread(partial(self._store.placements_after, name, position))
                position = page.last if position is None else position
                if not page.first - 1 <= position <= page.last:
                    raise _gone(name, position, page)
                for position, event in page.events:
                    yield position, event
                if not page.events:
                    await news.wait()
        finally:
            self._watching[name].discard(news)
            if not self._watching[name]:
                del self._watching[name]

    def end(self) -> None:
        """End what watches."""
        self._ended = True
        for name in self._watching:
            self.tell(name)

    async def close(self) -> None:
        """Write what is pending."""
        self.end()
        if self._pending:
            await asyncio.wait(self._pending)


def _gone(name: str, position: int, page: Page) -> PositionGone:
    kept = f"kept are {page.first:,} to {page.last:,}" if page.last >= page.first else "none is kept"
    said = f"cluster '{name}' has no events from position {position:,} on; {kept}"
    return PositionGone(said, page.first)
