"""Which of the tasks of a group on an instance stop first (§9.1)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from solver.domain.request import RunningTask

Key = tuple[bool, bool, bool, float, str]


def stops_first(newest_first: bool = False) -> Callable[[RunningTask], Key]:
    """What stops first has the least key."""

    def key(task: RunningTask) -> Key:
        age = _instant(task.started_at)
        unknown = age is None
        return task.healthy, task.running, unknown, (-(age or 0.0) if newest_first else (age or 0.0)), task.id

    return key


def _instant(text: str) -> float | None:
    """Seconds since the epoch; None where it is no ISO 8601. No zone means UTC (§3.3)."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
