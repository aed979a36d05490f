"""From counts to named tasks: which task of a group on an instance stops (§9.1), and which start replaces which stop."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from solver.domain.cluster import ZONE
from solver.domain.counts import Counts
from solver.domain.problem import Problem
from solver.domain.request import RunningTask
from solver.domain.steps import Action
from solver.domain.stopping import Key, stops_first


@dataclass(frozen=True)
class Change:
    """One task that starts or stops on an instance.

    Parameters
    ----------
    group, instance
        Indices.
    task
        The one that stops; None for a start, and for a task that is not known by name.
    step
        The wave; 0 where no order was made.
    starts
        Whether it starts, or stops.
    """

    group: int
    instance: int
    task: RunningTask | None = None
    step: int = 0
    starts: bool = False

    @property
    def healthy(self) -> bool:
        """Whether the task counts as healthy (§9.2); a task that is not known by name does."""
        return self.task is None or (self.task.healthy and self.task.running)


def stops(problem: Problem, tasks: Counts, newest_first: bool = False) -> tuple[Change, ...]:
    """The tasks to stop for the counts ``tasks``: never a protected one; first the UNHEALTHY, then those not yet running.

    Then the oldest, or the newest; those of unknown age last, ties by id. Tasks that are not known by name come after
    those that are.
    """
    falls = {(g, i): n for g, i, n in (problem.running - tasks).positive()}
    named: dict[tuple[int, int], list[RunningTask]] = {cell: [] for cell in falls}
    for task in problem.tasks:
        if (task.group, task.instance) in named and not task.protected:
            named[task.group, task.instance].append(task)
    first = stops_first(newest_first)
    found: list[Change] = []
    for cell, count in falls.items():
        chosen: list[RunningTask | None] = [*sorted(named[cell], key=first)[:count]]
        chosen += [None] * (count - len(chosen))
        found += [Change(*cell, task) for task in chosen]
    return tuple(found)


def starts(problem: Problem, tasks: Counts) -> tuple[Change, ...]:
    """One start a new task."""
    return tuple(Change(g, i, starts=True) for g, i, n in (tasks - problem.running).positive() for _ in range(n))


def choose(problem: Problem, tasks: Counts, newest_first: bool = False) -> tuple[Action, ...]:
    """The actions that lead to the counts ``tasks``, named, not yet in an order: each with step 0.

    Parameters
    ----------
    newest_first
        Of the tasks of a group on an instance, the newest stop instead of the oldest.
    """
    return paired(problem, starts(problem, tasks), stops(problem, tasks, newest_first), newest_first)


def paired(
    problem: Problem,
    started: Iterable[Change],
    stopped: Iterable[Change],
    newest_first: bool = False,
    pairs: Iterable[tuple[Change, Change]] = (),
) -> tuple[Action, ...]:
    """Actions: as many starts and stops of each group as there are of both become moves, within a zone first.

    What stops without a start in its stead are the tasks that stop first anyway.

    Parameters
    ----------
    pairs
        Starts and stops that are moves already, beside the others.
    """
    ups: dict[int, list[Change]] = defaultdict(list)
    downs: dict[int, list[Change]] = defaultdict(list)
    for change in started:
        ups[change.group].append(change)
    for change in stopped:
        downs[change.group].append(change)
    actions = [(up.group, up.instance, _move(problem, up, down)) for up, down in pairs]
    first = stops_first(newest_first)
    for g in sorted({*ups, *downs}):
        leaving = sorted(downs[g], key=lambda change: _first(change, first))
        spare = max(len(leaving) - len(ups[g]), 0)
        moves, rest = _moves(problem, ups[g], leaving[spare:])
        actions += [(g, up.instance, _move(problem, up, down)) for up, down in moves]
        actions += [(g, up.instance, _single(problem, "start", up)) for up in rest]
        actions += [(g, down.instance, _single(problem, "stop", down)) for down in leaving[:spare]]
    return tuple(action for _, _, action in sorted(actions, key=lambda a: (a[2].step, a[0], a[1], a[2].kind)))


def _moves(
    problem: Problem, ups: Sequence[Change], downs: Sequence[Change]
) -> tuple[list[tuple[Change, Change]], list[Change]]:
    """Pairs of a start and a stop, those of one zone first, in the order of their waves; and the starts left over."""
    zone = problem.cluster.column(f"attribute:{ZONE}").codes
    pairs: list[tuple[Change, Change]] = []
    up, down = sorted(ups, key=_place), sorted(downs, key=_place)
    keys: list[Callable[[Change], int]] = [lambda change: int(zone[change.instance]), lambda change: 0]
    for key in keys:
        waiting: dict[int, list[Change]] = defaultdict(list)
        for change in up:
            waiting[key(change)].append(change)
        for queue in waiting.values():
            queue.reverse()
        left = []
        for change in down:
            queue = waiting[key(change)]
            # Nobody moves to where it is: a detour is left by the task that came by it.
            if queue and queue[-1].instance != change.instance:
                pairs.append((queue.pop(), change))
            elif len(queue) > 1:
                pairs.append((queue.pop(-2), change))
            else:
                left.append(change)
        up = sorted((change for queue in waiting.values() for change in queue), key=_place)
        down = left
    return pairs, up


def _place(change: Change) -> tuple[int, int]:
    return change.step, change.instance


def _move(problem: Problem, up: Change, down: Change) -> Action:
    ids = problem.cluster.instance_ids
    task = down.task.id if down.task else ""
    step = max(up.step, down.step)
    name = problem.groups[up.group].name
    return Action("move", name, task, ids[up.instance], ids[down.instance], step, up.step, down.step)


def _single(problem: Problem, kind: str, change: Change) -> Action:
    task = change.task.id if change.task else ""
    return Action(
        kind, problem.groups[change.group].name, task, problem.cluster.instance_ids[change.instance], "", change.step
    )


def _first(change: Change, first: Callable[[RunningTask], Key]) -> tuple[bool, Key]:
    return (False, first(change.task)) if change.task else (True, (True, True, True, 0.0, ""))
