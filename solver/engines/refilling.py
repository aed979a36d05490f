"""What a plan has left out although there is room for it: tasks that need not have stopped, and tasks that still fit.

Searches that are cut short leave some. One pass over the groups, the highest class first: tasks go back to where they were
stopped, new ones where least is left. Strategies are not looked at: a tier that counts tasks comes before them.
"""

from __future__ import annotations

import numpy as np

from solver.domain.counts import Counts, Ints
from solver.domain.placement import Placement
from solver.engines.deadline import Deadline
from solver.rules.bound import Rules
from solver.rules.filling import fill_in_order


def refill(rules: Rules, tasks: Counts, deadline: Deadline) -> Counts:
    """Counts after starting what fits of what the plan ``tasks`` lacks; gangs are left as they are."""
    problem = rules.problem
    missing = problem.missing(tasks)
    if problem.all_or_nothing or not missing.any():
        return tasks
    state = Placement(problem, tasks)
    groups = sorted(np.flatnonzero(missing).tolist(), key=lambda g: (-problem.groups[g].priority, g))
    for g in groups:
        if deadline.passed():
            break
        if problem.groups[g].all_or_nothing:
            continue
        instances, change = state.change_of(g)
        stopped = np.zeros(state.size, np.int64)
        stopped[instances] = np.maximum(-change, 0)
        left = int(missing[g]) - _start(rules, state, g, int(missing[g]), stopped, deadline)
        # With tasks of the group stopped elsewhere a new one would have moved.
        if left and left >= int(stopped.sum()) == 0:
            _start(rules, state, g, left, np.full(state.size, left), deadline)
    return state.tasks


def fullest_first(state: Placement, instances: Ints) -> Ints:
    """``int64[N]``: the instances in the order of what is left on them, as shares of their capacity added up, the least first."""
    share = np.maximum(state.free[instances], 0) / np.maximum(state.problem.cluster.capacity[instances], 1)
    ordered: Ints = instances[np.argsort(share.sum(axis=1), kind="stable")]
    return ordered


def _start(rules: Rules, state: Placement, group: int, wanted: int, most: Ints, deadline: Deadline) -> int:
    """Start up to ``wanted`` tasks, at most ``most[I]`` on each instance, where least is left; how many were started."""
    stepwise = any(rule.stepwise(rules.problem, group) for rule in rules.concerning(group))
    most, started = most.copy(), 0
    while started < wanted and most.any() and not deadline.passed():
        room = np.minimum(rules.room(state, group), most)
        order = fullest_first(state, np.flatnonzero(room > 0))
        if not len(order):
            break
        counts = fill_in_order(room[order], wanted - started)
        if stepwise:
            order, counts = order[:1], np.ones(1, np.int64)
        here = counts > 0
        state.start(group, order[here], counts[here])
        most[order[here]] -= counts[here]
        started += int(counts.sum())
        if not stepwise:
            break
    return started
