"""Steps: from counts to named tasks (§9.1), and from these to waves in which they start, stop and move (§9.2)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import islice

import numpy as np

from solver.domain.counts import Counts, Ints
from solver.domain.problem import Problem
from solver.domain.steps import Action, Block, Steps
from solver.engines.deadline import Deadline
from solver.rules.bound import Rules
from solver.steps.block import MOST_WAITING, Remedies, half_done, waiting
from solver.steps.choose import Change, choose, paired, starts, stops
from solver.steps.detour import Budget, Detour, with_detours
from solver.steps.events import Bounds, Events
from solver.steps.fewest import fewest
from solver.steps.waves import Builder, Course, Policy, best_of

ORDER_SHARE = 0.6
"""Of the time left, for an order; the rest is for saying what blocks it."""

RESTARTS = 6
"""Other orders of filling waves that are tried where the usual ones get stuck."""


def steps_of(
    problem: Problem, rules: Rules, tasks: Counts, deadline_seconds: float = 10.0, newest_first: bool = False
) -> Steps:
    """The order in which the operation that ends with the counts ``tasks`` is carried out.

    A plan that stops nothing is one wave. Otherwise waves are filled with as much as possible; a small plan gets the
    fewest there are, proved. Tasks that block each other make way by a third instance where the budget of moves allows.

    Parameters
    ----------
    tasks
        A plan that passes the checker.
    deadline_seconds
        After which no better order is looked for. The size of what is tried is limited besides, so that small plans get the
        same order whatever the clock says.
    newest_first
        Of the tasks of a group on an instance, the newest stop instead of the oldest (§9.1).
    """
    started, stopped = (tasks - problem.running).positive(), stops(problem, tasks, newest_first)
    if not stopped:
        return Steps(_only_starts(problem, started), int(len(started) > 0), None, True)
    deadline = Deadline(deadline_seconds)
    events, bounds = Events.of(started, stopped), Bounds.of_plan(problem, tasks)
    course = Course.of(rules, tasks, bounds)
    built = best_of(course, events, deadline.part(ORDER_SHARE), RESTARTS)
    waves, proven, stuck = built.waves, len(built.waves) == 1, False
    detours: tuple[Detour, ...] = ()
    if not proven or not built.done:
        found = fewest(rules, tasks, events, bounds, deadline)
        proven = found.proven
        if found.waves is not None and (not built.done or len(found.waves) < len(waves)):
            return Steps(_actions(problem, events, found.waves, stopped, newest_first), len(found.waves), None, True)
        stuck = found.proven and found.waves is None
    if not built.done:
        built, detours = with_detours(rules, course, built, Budget.of(rules, events), deadline)
        waves, proven = built.waves, False
    if built.done:
        actions = _actions(problem, built.events, waves, stopped, newest_first, detours)
        return Steps(actions, len(waves), None, proven)
    return _blocked(rules, tasks, course, events, built, stopped, newest_first, detours, stuck, deadline)


def _only_starts(problem: Problem, started: Counts) -> tuple[Action, ...]:
    groups, ids = problem.groups, problem.cluster.instance_ids
    return tuple(Action("start", groups[g].name, "", ids[i], "", 1) for g, i, count in started for _ in range(count))


def _blocked(
    rules: Rules,
    tasks: Counts,
    course: Course,
    events: Events,
    built: Builder,
    stopped: Sequence[Change],
    newest_first: bool,
    detours: Sequence[Detour],
    proven: bool,
    deadline: Deadline,
) -> Steps:
    """What can be carried out, and why no more."""
    problem = rules.problem
    _, waiting_stops = _in_waves(built.events, built.waves, stopped)
    listed = tuple(islice(waiting(course, built, waiting_stops), MOST_WAITING))
    carried, waves = _without_halves(course, built, deadline.part(ORDER_SHARE))
    remedies = tuple(Remedies(rules, tasks, course, events, built, deadline).find())
    block = Block(listed, int(np.count_nonzero(built.left)) - len(listed), proven, remedies)
    actions = _actions(problem, carried, waves, stopped, newest_first, detours)
    return Steps(actions, len(waves), block)


def _without_halves(course: Course, built: Builder, deadline: Deadline) -> tuple[Events, Sequence[Ints]]:
    """The waves of a stuck order without moves that would be left half done, as far as they can do without."""
    events, groups = built.events, len(course.problem.groups)
    done = events.count - built.left
    for halves, start in zip(half_done(events, built.waves, groups), (True, False), strict=True):
        for g in np.flatnonzero(halves).tolist():
            left = int(halves[g])
            for cell in np.flatnonzero((events.group == g) & (events.start == start))[::-1].tolist():
                out = min(left, int(done[cell]))
                done[cell] -= out
                left -= out
    whole = Events(events.start, events.group, events.instance, events.healthy, done, events.passing)
    again = Builder(course, whole, Policy()).run(deadline)
    if again.done:
        return whole, again.waves
    # A task may be started early, but none is stopped whose replacement never starts.
    waves = list(built.waves)
    while waves and half_done(events, waves, groups)[1].any():
        waves.pop()
    return events, waves


def _in_waves(events: Events, waves: Sequence[Ints], stopped: Sequence[Change]) -> tuple[list[Change], list[Change]]:
    """The changes with their waves, and the tasks whose stop is in none."""
    queues: dict[tuple[int, int, bool], list[Change]] = defaultdict(list)
    for change in reversed(stopped):
        queues[change.group, change.instance, change.healthy].append(change)
    found = []
    for step, wave in enumerate(waves, start=1):
        for cell in np.flatnonzero(wave).tolist():
            g, i = int(events.group[cell]), int(events.instance[cell])
            queue = queues[g, i, bool(events.healthy[cell])]
            for _ in range(int(wave[cell])):
                if events.start[cell]:
                    found.append(Change(g, i, None, step, True))
                else:
                    task = None if events.passing[cell] else queue.pop().task
                    found.append(Change(g, i, task, step))
    return found, [change for queue in queues.values() for change in queue]


def _actions(
    problem: Problem,
    events: Events,
    waves: Sequence[Ints],
    stopped: Sequence[Change],
    newest_first: bool,
    detours: Sequence[Detour] = (),
) -> tuple[Action, ...]:
    """One action a task, with its wave; a detour is two moves."""
    changes, _ = _in_waves(events, waves, stopped)
    ups, downs = [c for c in changes if c.starts], [c for c in changes if not c.starts]
    pairs = []
    for detour in detours:
        up = next((c for c in ups if (c.group, c.instance) == (detour.group, detour.via)), None)
        down = next((c for c in downs if (c.group, c.instance) == (detour.group, detour.instance)), None)
        if up is not None and down is not None:
            ups.remove(up)
            downs.remove(down)
            pairs.append((up, down))
    return paired(problem, ups, downs, newest_first, pairs)


__all__ = ["Steps", "choose", "starts", "steps_of", "stops"]
