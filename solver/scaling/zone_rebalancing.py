"""Availability zone rebalancing: start in the emptiest zone, then stop in the fullest (ECS developer guide, service rebalancing).

ECS does not document when it begins; ours: where the fullest zone has more than one task more than the emptiest.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from solver.domain.cluster import ZONE
from solver.domain.counts import Bools
from solver.domain.request import TaskGroup
from solver.scaling.fleet import Fleet, wanting

MOST_SKEW = 1

MOST_PERCENT = 200
"""Tasks on the way, of those desired, where a service does not say: ECS's default."""


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


def refusal(group: TaskGroup) -> str:
    """Why ECS does not rebalance a service; empty where it does."""
    if group.maximum_percent is not None and group.maximum_percent <= 100:
        return "needs maximumPercent above 100: a task starts before another stops"
    first = group.strategies[0] if group.strategies else None
    if first is not None and (first.type != "spread" or first.argument.removeprefix("attribute:") != ZONE):
        return f"needs spread(attribute:{ZONE}) as the first strategy, or none"
    return ""


def rebalance(fleet: Fleet, group: str, desired: int, providers: Sequence[str]) -> int:
    """Take turns until the zones are even or no task fits where one should start; how many were taken.

    A zone counts if an instance of the providers there takes tasks.
    """
    percent = fleet.problem.groups[fleet.problem.by_name[group]].maximum_percent or MOST_PERCENT
    taken = 0
    while (turn := next_turn(_by_zone(fleet, group, providers), desired, percent)) is not None:
        # Whether one can stop is known before one starts: those that are protected do not.
        if not _stops_one(fleet, group, turn.stop, carried_out=False):
            break
        asked = wanting(fleet.problem, {group: 1}, {group: providers}, zones={group: (turn.start,)})
        if not fleet.take(fleet.ask(asked)):
            break
        _stops_one(fleet, group, turn.stop, carried_out=True)
        taken += 1
    fleet.moved += taken
    return taken


def _stops_one(fleet: Fleet, group: str, zone: str, *, carried_out: bool) -> bool:
    """Whether a task of the service of a group stops in a zone, by the rules for what stops."""
    asked = replace(fleet.stopping(group, 1), frozen=~_in_zone(fleet, zone))
    answer = fleet.ask(asked)
    if carried_out:
        fleet.take(answer)
    return len((asked.running - answer.tasks).positive()) > 0


def _in_zone(fleet: Fleet, zone: str) -> Bools:
    column = fleet.problem.cluster.column(ZONE)
    return column.where(np.array([value == zone for value in column.values], np.bool_))


def _by_zone(fleet: Fleet, group: str, providers: Sequence[str]) -> dict[str, int]:
    """Tasks of the service of a group by zone."""
    problem = fleet.problem
    here = np.any([fleet.of(name) for name in providers], axis=0)
    rows = problem.running_of(problem.groups[problem.by_name[group]].family)
    zones = problem.cluster.column(ZONE).values
    inside = {zone: _in_zone(fleet, zone) for zone in zones}
    return {
        zone: int(rows[inside[zone]].sum()) for zone in zones if (inside[zone] & here & problem.cluster.accepts).any()
    }
