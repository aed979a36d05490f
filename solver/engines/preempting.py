"""A plan that stops tasks of lower classes for those that found no room: where fewest have to go, one instance after the other.

The sequential scheduler pre-empts nothing. Searches do, but in a large request their first plan may take all the time there is;
this one takes a pass over the instances for as many tasks as there are instances. What rules say of a stop besides is the
checker's to judge.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from solver.domain.counts import Bools, Counts, Ints
from solver.domain.placement import Placement
from solver.domain.problem import Problem
from solver.domain.request import Preempt
from solver.engines.deadline import Deadline
from solver.rules.bound import Rules


@dataclass(frozen=True, eq=False)
class _Stops:
    """What has to stop on each of ``N`` instances for one more task.

    Parameters
    ----------
    counts
        ``int64[V, N]``: of each group that may be stopped.
    enough
        ``bool[N]``: whether the task then fits.
    """

    counts: Ints
    enough: Bools


def place(rules: Rules, tasks: Counts, deadline: Deadline) -> Counts:
    """Counts after stopping tasks of the plan ``tasks`` for those that it leaves out, class by class, the highest first.

    Gangs, and groups with rules that look at more than one instance, are left as they are.
    """
    problem = rules.problem
    if problem.freedom.preempt is Preempt.NONE or problem.all_or_nothing:
        return tasks
    state = Placement(problem, tasks)
    # What one task takes of the whole cluster's capacity, of the resource of which it is most.
    total = np.maximum(problem.cluster.capacity.sum(axis=0), 1)
    share = (problem.demand / total).max(axis=1, initial=0.0)
    for priority, groups in problem.classes():
        victims = _victims(problem, tasks, priority, share)
        for g in sorted(groups, key=lambda g: -share[g]) if victims else ():
            if deadline.passed():
                return state.tasks
            stepwise = any(rule.stepwise(problem, g) for rule in rules.concerning(g))
            if not stepwise and not problem.groups[g].all_or_nothing:
                _make_room(rules, state, g, victims, deadline)
    return state.tasks


def _victims(problem: Problem, tasks: Counts, priority: int, share: NDArray[np.float64]) -> list[int]:
    """Groups whose tasks may stop for the class: the lowest class first, in each the largest tasks.

    Not those of which the plan starts tasks and which may not move: a stop would make a move of the start.
    """
    operation, groups = problem.operation, problem.groups
    starting = set((tasks - problem.running).positive().group.tolist())
    lower = [
        g
        for g, group in enumerate(groups)
        if group.priority < priority
        and operation.kept[g] < operation.staying[g]
        and (g not in starting or operation.moving[g])
    ]
    return sorted(lower, key=lambda g: (groups[g].priority, -share[g]))


def _make_room(rules: Rules, state: Placement, group: int, victims: Sequence[int], deadline: Deadline) -> None:
    """Place the group's missing tasks, one on an instance at a time, where the least has to stop."""
    problem = rules.problem
    missing = int(problem.operation.desired[group] - problem.running.cells_of(group)[1].sum()) - state.net([group])
    refused = ~rules.admits(group)
    while missing > 0 and not deadline.passed():
        here = np.flatnonzero(~refused)
        stops = _stops(rules, state, group, victims, here, deadline)
        order = np.flatnonzero(stops.enough)
        # Of the highest class among those that stop as few as can be, then of the next.
        levels = np.array([problem.groups[v].priority for v in victims])
        keys = [stops.counts[levels == level][:, order].sum(axis=0) for level in np.unique(levels)]
        order = order[np.lexsort([here[order], *keys])][:missing]
        if not len(order):
            return
        chosen, counts = here[order], stops.counts[:, order]
        _stop(state, victims, chosen, counts)
        fits = rules.room(state, group)[chosen] > 0
        _stop(state, victims, chosen[~fits], -counts[:, ~fits])
        refused[chosen[~fits]] = True
        if fits.any():
            state.start(group, chosen[fits], np.ones(int(fits.sum()), np.int64))
            missing -= int(fits.sum())


def _stop(state: Placement, victims: Sequence[int], instances: Ints, counts: Ints) -> None:
    for v, stopped in zip(victims, counts, strict=True):
        some = np.flatnonzero(stopped)
        if len(some):
            state.start(v, instances[some], -stopped[some])


def _stops(
    rules: Rules, state: Placement, group: int, victims: Sequence[int], instances: Ints, deadline: Deadline
) -> _Stops:
    """As many of each group as are needed, in the order of the victims; then those are spared that need not have gone.

    Once the deadline has passed no more groups are looked at.
    """
    problem = rules.problem
    left = rules.available(state)[instances] - problem.demand[group]
    counts = np.zeros((len(victims), len(instances)), np.int64)
    for k, v in enumerate(victims):
        if deadline.passed():
            break
        stopped = np.maximum(-state.change(v), 0)
        may = np.maximum(problem.operation.stoppable.row(v) - stopped, 0)[instances]
        counts[k] = np.minimum(may, _needed(left, problem.demand[v]))
        left = left + counts[k][:, None] * problem.demand[v]
    # The highest class first: one of its tasks costs more than any number of a lower one.
    for k, v in reversed(list(enumerate(victims))):
        spared = np.where((left >= 0).all(axis=1), np.minimum(counts[k], _times(left, problem.demand[v])), 0)
        counts[k] -= spared
        left = left - spared[:, None] * problem.demand[v]
    return _Stops(counts, (left >= 0).all(axis=1))


def _needed(left: Ints, demand: Ints) -> Ints:
    """``int64[N]``: how many tasks free what is lacking, resource by resource, as far as they take it."""
    taken = np.flatnonzero(demand)
    lacking = np.maximum(-left[:, taken], 0)
    needed: Ints = (-(-lacking // demand[taken])).max(axis=1, initial=0)
    return needed


def _times(left: Ints, demand: Ints) -> Ints:
    """``int64[N]``: how often the demand fits into what is left."""
    taken = np.flatnonzero(demand)
    if not len(taken):
        return np.full(len(left), np.iinfo(np.int64).max)
    times: Ints = (np.maximum(left[:, taken], 0) // demand[taken]).min(axis=1)
    return times
