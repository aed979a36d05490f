"""An audit with some records, for tests."""

from __future__ import annotations

from pathlib import Path

from solver.service.audit.chain import Record
from solver.service.audit.store import AuditStore, reading


def fields(number: int) -> dict[str, str]:
    """What a record may say."""
    return {
        "at": f"2026-01-01T00:00:{number:02d}.000+00:00",
        "caller": ("web", "db")[number % 2],
        "method": ("PlacementService/Place", "ClusterService/Commit")[number % 2],
        "label": f"é{number}",
    }


def written(path: Path, count: int) -> list[Record]:
    """A file with so many records, and the records."""
    store = AuditStore(path)
    store.add([fields(number) for number in range(count)])
    store.close()
    return read(path)


def read(path: Path) -> list[Record]:
    """The records of a file."""
    with reading(path) as records:
        return list(records)
