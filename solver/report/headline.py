"""An answer in one sentence, and the numbers that every report repeats."""

from __future__ import annotations

import numpy as np

from solver.domain.answer import Answer
from solver.domain.cluster import ZONE
from solver.domain.counts import Ints
from solver.domain.solution import Status, Stop

NO_ZONE = "no zone"

_KNOWN = {
    Status.OPTIMAL: "proved optimal",
    Status.INFEASIBLE: "proved impossible",
    Status.NOT_FOUND: "not found in the time given",
}
_STOPPED = {
    Stop.PROVED: "not proved",
    Stop.TIME: "time was up before the proof",
    Stop.CANCELLED: "cancelled before the proof",
    Stop.ENGINE_DONE: "the engine proves nothing more",
}


def headline(answer: Answer) -> str:
    """How many of the tasks are placed, and what is known of the plan: one sentence without the full stop."""
    wanted, placed = int(answer.problem.wanted.sum()), int(answer.placed().sum())
    if placed < wanted or not wanted:
        whole = f"{placed:,} of {wanted:,} {plural('task', wanted)}"
    else:
        whole = "the task" if wanted == 1 else f"all {wanted:,} tasks"
    return f"placed {whole}, {verdict(answer)}"


def verdict(answer: Answer) -> str:
    """What is known of the plan; of one that is optimal and lacks tasks, that no more fit."""
    if answer.status is Status.OPTIMAL and not answer.complete:
        priorities = {group.priority for group in answer.problem.groups if group.start}
        # More of a lower priority might fit in place of what is placed.
        return "proved that no more fit" + (" in order of priority" if len(priorities) > 1 else "")
    return _KNOWN.get(answer.status) or _STOPPED[answer.stop]


def zones(answer: Answer) -> tuple[str, ...]:
    """The availability zones in order, ``no zone`` last where an instance has none."""
    column = answer.problem.cluster.column(ZONE)
    return (*column.values, NO_ZONE) if (column.codes < 0).any() else column.values


def zone_of(answer: Answer) -> Ints:
    """``int64[I]``: the index of each instance's zone in ``zones``."""
    column = answer.problem.cluster.column(ZONE)
    return np.where(column.codes < 0, len(column.values), column.codes).astype(np.int64)


def by_zone(answer: Answer) -> Ints:
    """``int64[G, Z]``: new tasks of each group in each zone."""
    started = answer.started
    found = np.zeros((len(answer.problem.groups), len(zones(answer))), np.int64)
    np.add.at(found, (started.group, zone_of(answer)[started.instance]), started.count)
    return found


def plural(noun: str, count: int) -> str:
    """The noun, with an s unless there is one."""
    return noun if count == 1 else f"{noun}s"


def printable(text: str) -> str:
    """The text without what a terminal would obey: names come from documents of others."""
    return "".join(char if char.isprintable() else "�" for char in text)


def duration(seconds: float) -> str:
    """Seconds for people: ``4 ms``, ``0.31 s``, ``12.0 s``."""
    if seconds < 0.1:
        return f"{seconds * 1000:.0f} ms"
    return f"{seconds:.2f} s" if seconds < 10 else f"{seconds:.1f} s"
