"""Files that are read again while the server runs: when they change, and when somebody says so."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from solver.errors import PlacementSolverError

INTERVAL = 2.0
"""Seconds between two looks at the files."""

_log = logging.getLogger(__name__)

Stamp = tuple[tuple[int, int, int] | None, ...]


class Reader(Protocol):
    """What is read from files, and stays as it was where they cannot be read."""

    @property
    def name(self) -> str:
        """What it is, for the log."""
        ...

    def files(self) -> Sequence[Path]:
        """What it is read from."""
        ...

    def reload(self) -> None:
        """Read it again; raises ``PlacementSolverError``."""
        ...


class Watching:
    """Has readers read again what has changed.

    Parameters
    ----------
    readers
        Each has read its files once.
    interval
        Seconds between two looks.
    """

    def __init__(self, readers: Sequence[Reader], interval: float = INTERVAL) -> None:
        self._readers = tuple(readers)
        self._interval = interval
        self._seen = {reader: stamp_of(reader.files()) for reader in self._readers}
        self._told = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to look."""
        self._task = asyncio.get_running_loop().create_task(self._look())

    def told(self) -> None:
        """Somebody says that everything is to be read again."""
        self._told.set()

    async def close(self) -> None:
        """Look no more."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _look(self) -> None:
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._told.wait(), self._interval)
            told = self._told.is_set()
            self._told.clear()
            for reader in self._readers:
                await asyncio.to_thread(self._read, reader, told)

    def _read(self, reader: Reader, told: bool) -> None:
        stamp = stamp_of(reader.files())
        if stamp == self._seen[reader] and not told:
            return
        # Noted before it is read: what is written meanwhile is found at the next look.
        self._seen[reader] = stamp
        try:
            reader.reload()
        except PlacementSolverError as error:
            _log.error("%s stays as it was: %s", reader.name, error)
        except Exception:
            _log.exception("%s stays as it was", reader.name)
        else:
            _log.info("%s was read again", reader.name)


def stamp_of(files: Sequence[Path]) -> Stamp:
    """What tells whether a file has been written or replaced; None for one that is missing."""
    return tuple(_stamp(file) for file in files)


def _stamp(file: Path) -> tuple[int, int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
