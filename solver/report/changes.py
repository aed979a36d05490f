"""What a plan does to each group: new tasks, tasks that stop, and tasks that move, by instance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from solver.domain.answer import Answer
from solver.domain.counts import Counts, Ints
from solver.domain.problem import Problem


@dataclass(frozen=True, eq=False)
class Changes:
    """The tasks of a plan by what happens to them, each by group and instance.

    Parameters
    ----------
    new
        Where tasks start that did not run before.
    stopped
        Where tasks stop for good.
    moved_away, moved_in
        Where tasks that move ran before, and where they run afterwards.
    """

    new: Counts
    stopped: Counts
    moved_away: Counts
    moved_in: Counts

    @classmethod
    def of(cls, answer: Answer) -> Changes:
        """What an answer's plan does: as its actions say, else as many tasks move as start and stop in a group."""
        problem = answer.problem
        started, left = answer.started, (problem.running - answer.tasks).positive()
        most = np.minimum(started.totals(), left.totals())
        if not most.any():
            none = Counts.empty(len(problem.groups), problem.cluster.size)
            return cls(started, left, none, none)
        cells: Mapping[str, Counter[tuple[int, int]]] = {name: Counter() for name in ("start", "stop", "move", "from")}
        at = {name: i for i, name in enumerate(problem.cluster.instance_ids)}
        for action in answer.actions():
            g = problem.by_name[action.group]
            cells[action.kind][g, at[action.instance]] += 1
            if action.kind == "move":
                cells["from"][g, at[action.from_instance]] += 1
        found = {kind: _counts(problem, counter) for kind, counter in cells.items()}
        new, stopped, away, into = found["start"], found["stop"], found["from"], found["move"]
        # Actions may be a part of the plan, where no order carries out all of it.
        if not (len(into) and (new + into).same_as(started) and (stopped + away).same_as(left)):
            away, into = _first(left, most), _first(started, most)
            new, stopped = started - into, left - away
        return cls(new, stopped, away, into)


def emptied(answer: Answer) -> int:
    """Instances that tasks keep in use before and not after; those of DAEMON services keep none (§5.1)."""
    before, after = (answer.problem.in_use(tasks) for tasks in (answer.problem.running, answer.tasks))
    return int((before & ~after).sum())


def changes_what_runs(problem: Problem) -> bool:
    """Whether a request is about more than new tasks."""
    return problem.operation.changes or bool(problem.drained.any()) or any(group.stop for group in problem.groups)


def _first(tasks: Counts, most: Ints) -> Counts:
    """The first so many tasks of each group, by instance."""
    before = np.cumsum(tasks.count) - tasks.count
    of_group = np.concatenate([[0], np.cumsum(tasks.totals())])[tasks.group]
    count = np.clip(most[tasks.group] - (before - of_group), 0, tasks.count)
    return Counts.of((tasks.groups, tasks.instances), tasks.group, tasks.instance, count)


def _counts(problem: Problem, cells: Counter[tuple[int, int]]) -> Counts:
    rows = np.array([(g, i, n) for (g, i), n in cells.items()], np.int64).reshape(len(cells), 3)
    return Counts.of((len(problem.groups), problem.cluster.size), rows[:, 0], rows[:, 1], rows[:, 2])
