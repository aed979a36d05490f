"""An answer in one sentence, and the numbers that every report repeats."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from solver.domain.answer import Answer
from solver.domain.cluster import ZONE
from solver.domain.counts import Counts, Ints
from solver.domain.solution import Status, Stop
from solver.report.changes import Changes, changes_what_runs, emptied

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
    """How many of the tasks are placed, stopped and moved, and what is known of the plan: one sentence, no full stop."""
    problem, changes = answer.problem, Changes.of(answer)
    wanted, asked = int(problem.wanted.sum()), sum(group.stop for group in problem.groups)
    said = []
    general = changes_what_runs(problem)
    if wanted or not general:
        said.append(f"placed {_of(int(changes.new.totals().sum()), wanted)}")
    if general:
        said += _of_what_ran(answer, changes, asked)
    if answer.steps is not None and answer.steps.block is not None:
        every = sum(int(part.totals().sum()) for part in (changes.new, changes.stopped, changes.moved_in))
        said.append(f"{len(answer.steps.actions):,} of these {every:,} changes can be carried out")
    return ", ".join([*said, verdict(answer)])


def _of_what_ran(answer: Answer, changes: Changes, asked: int) -> Iterator[str]:
    """How many of the running tasks stop and move, those that stop though nobody asked apart; instances emptied."""
    stops = np.array([group.stop for group in answer.problem.groups], np.int64)
    stopped, moved = changes.stopped.totals(), int(changes.moved_in.totals().sum())
    for_others = int(np.maximum(stopped - stops, 0).sum())
    empty = emptied(answer)
    if asked:
        yield f"stopped {_of(int(np.minimum(stopped, stops).sum()), asked)}"
    if for_others:
        yield f"lost {for_others:,} {plural('task', for_others)} that nobody asked to stop"
    if moved or not (asked or for_others or answer.problem.wanted.any()):
        yield f"moved {moved:,} {plural('task', moved)}"
    if empty:
        yield f"emptied {empty:,} {plural('instance', empty)}"


def _of(done: int, asked: int) -> str:
    """``all 3 tasks``, or ``2 of 3 tasks``."""
    if done < asked or not asked:
        return f"{done:,} of {asked:,} {plural('task', asked)}"
    return "the task" if asked == 1 else f"all {asked:,} tasks"


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


def by_zone(answer: Answer, tasks: Counts | None = None) -> Ints:
    """``int64[G, Z]``: tasks of each group in each zone; left out, the new ones."""
    tasks = Changes.of(answer).new if tasks is None else tasks
    found = np.zeros((len(answer.problem.groups), len(zones(answer))), np.int64)
    np.add.at(found, (tasks.group, zone_of(answer)[tasks.instance]), tasks.count)
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
