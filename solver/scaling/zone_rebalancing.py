"""Availability zone rebalancing: start in the emptiest zone, then stop in the fullest (ECS developer guide, service rebalancing).

ECS does not document when it begins; ours: where the fullest zone has more than one task more than the emptiest.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

MOST_SKEW = 1


class Turn(NamedTuple):
    """Start in one zone; once the task is healthy, stop one in the other."""

    start: str
    stop: str


def next_turn(tasks: Mapping[str, int], desired: int, maximum_percent: int) -> Turn | None:
    """What comes next; None where nothing does: the zones are even, or one task more than desired is not allowed.

    Parameters
    ----------
    tasks
        Of the service, by zone; zones without any too.
    """
    if not tasks or sum(tasks.values()) + 1 > desired * maximum_percent // 100:
        return None
    few = min(tasks, key=lambda zone: (tasks[zone], zone))
    many = max(sorted(tasks), key=lambda zone: tasks[zone])
    return Turn(few, many) if tasks[many] - tasks[few] > MOST_SKEW else None


def turns(tasks: Mapping[str, int], desired: int, maximum_percent: int) -> Iterator[Turn]:
    """All turns until nothing comes next, each task being placed where it is asked for."""
    held = dict(tasks)
    while (turn := next_turn(held, desired, maximum_percent)) is not None:
        yield turn
        held[turn.start] += 1
        held[turn.stop] -= 1
