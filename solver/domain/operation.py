"""What an operation may change: which running tasks may stop, which must, and how many tasks there should be (§1.3)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from solver.domain.counts import Bools, Counts, Ints
from solver.domain.request import Freedom, Preempt, RunningTask, Scheduling, TaskGroup


@dataclass(frozen=True, eq=False)
class Operation:
    """The limits that the request itself sets, whatever the rules say.

    Parameters
    ----------
    stoppable
        Tasks that may stop, on each instance.
    fixed
        Tasks that stay where they are: ``running - stoppable``.
    leaving
        Of ``stoppable``, those on instances being drained: they stop there, whatever comes of it.
    asked
        ``int64[G]``: stops that were asked for, as many of them as protection allows.
    desired
        ``int64[G]``: tasks after an operation that does all it is asked for.
    staying
        ``int64[G]``: ``running - asked - leaving``: fewer are left only where tasks are stopped for others.
    kept
        ``int64[G]``: no fewer tasks may be left.
    moving
        ``bool[G]``: tasks of the group may move.
    startable
        ``int64[G]``: tasks that may start, for new ones and for those that move.
    """

    stoppable: Counts
    fixed: Counts
    leaving: Counts
    asked: Ints
    desired: Ints
    staying: Ints
    kept: Ints
    moving: Bools
    startable: Ints

    @classmethod
    def of(
        cls,
        groups: Sequence[TaskGroup],
        running: Counts,
        tasks: Sequence[RunningTask],
        drained: Bools,
        frozen: Bools,
        freedom: Freedom,
    ) -> Operation:
        """The operation of a problem with these parts."""
        stops = np.array([group.stop for group in groups], np.int64)
        preempted = _preemptible(groups, freedom.preempt)
        movable = np.array([group.movable for group in groups], np.bool_)
        replaced = movable | np.array([group.scheduling is Scheduling.REPLICA for group in groups], np.bool_)
        if not (stops.any() or preempted.any() or movable.any() or drained.any()):
            # Nothing may stop: who is protected need not be known.
            tasks = ()
        held = _held_back(running, tasks, lambda task: task.protected)
        awake = _held_back(running, tasks, lambda task: task.protected or not task.running)
        g, i = running.group, running.instance
        open_ = ~frozen[i]
        leaves = drained[i] & replaced[g] & open_
        most = np.where((stops > 0)[g] | preempted[g] | leaves, running.count - held, 0)
        most = np.where(movable[g], np.maximum(most, running.count - awake), most) * open_
        stoppable = _cells(running, most)
        leaving = _cells(running, np.where(leaves, most, 0))
        total, left = running.totals(), leaving.totals()
        asked = np.minimum(stops, stoppable.totals())
        start = np.array([group.start for group in groups], np.int64)
        moving = movable | (left > 0)
        staying = total - asked - left
        return cls(
            stoppable=stoppable,
            fixed=running - stoppable,
            leaving=leaving,
            asked=asked,
            desired=total + start - asked,
            staying=staying,
            kept=np.where(preempted, total - stoppable.totals(), staying),
            moving=moving,
            startable=start + np.where(moving, stoppable.totals(), 0),
        )

    @property
    def changes(self) -> bool:
        """Whether any running task may stop."""
        return len(self.stoppable) > 0


def _held_back(running: Counts, tasks: Sequence[RunningTask], holds: Callable[[RunningTask], bool]) -> Ints:
    """``int64[N]``: of the tasks in each cell of ``running``, those that may not stop, as far as they are known by name."""
    held = np.zeros(len(running), np.int64)
    tasks = [task for task in tasks if holds(task)]
    if not tasks:
        return held
    cell = {(g, i): n for n, (g, i, _) in enumerate(running)}
    for task in tasks:
        if (task.group, task.instance) in cell:
            held[cell[task.group, task.instance]] += 1
    return np.minimum(held, running.count)


def _preemptible(groups: Sequence[TaskGroup], preempt: Preempt) -> Bools:
    """``bool[G]``: whose running tasks may be stopped for others."""
    wanting = [group.priority for group in groups if group.start]
    if preempt is Preempt.NONE or not wanting:
        return np.zeros(len(groups), np.bool_)
    replaceable = np.array([group.scheduling is not Scheduling.DAEMON for group in groups], np.bool_)
    lower = np.array([group.priority < max(wanting) or preempt is Preempt.ANY for group in groups], np.bool_)
    return replaceable & lower


def _cells(running: Counts, count: Ints) -> Counts:
    return Counts.of((running.groups, running.instances), running.group, running.instance, count)
