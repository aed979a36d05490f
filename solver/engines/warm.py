"""The plan of a request like this one, fitted to this one: what still holds of it is kept, what is new is placed around it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from solver.domain.counts import Counts, Ints
from solver.domain.placement import Placement
from solver.engines import packed_first, sequential
from solver.engines.deadline import Deadline
from solver.engines.memory import Memory
from solver.rules.bound import Rules
from solver.rules.filling import fill_evenly, fill_in_order
from solver.rules.spread import Spread


def plans(rules: Rules, memory: Memory, seed: int, deadline: Deadline) -> Iterator[Counts]:
    """Counts after starting what the remembered plan starts and is still wanted, and the rest where it leaves most room.

    Of what is started first each instance takes as much as it has room for; rules that look at more than one instance may be
    broken by it. The second plan does without the groups that have such rules. Where tasks may stop the remembered plan is
    the only one, for what is not wanted any more is not known of it.
    """
    problem = rules.problem
    tasks = memory.tasks_in(problem)
    if problem.operation.changes:
        yield tasks
        return
    begun = _wanted(rules, (tasks - problem.running).positive())
    packing = replace(rules, strategies=packed_first.chains(rules))
    yield sequential.place(packing, seed, deadline, begun=begun)
    alone = np.array(
        [not any(rule.stepwise(problem, g) for rule in rules.concerning(g)) for g in range(len(problem.groups))],
        np.bool_,
    )
    here = alone[begun.group]
    if not here.all():
        shape = (begun.groups, begun.instances)
        some = Counts.of(shape, begun.group[here], begun.instance[here], begun.count[here])
        yield sequential.place(packing, seed, deadline, begun=some)


def _wanted(rules: Rules, started: Counts) -> Counts:
    """Of the starts no more than are wanted: as even over the buckets as can be, those on the fullest instances."""
    problem = rules.problem
    after = Placement(problem, problem.running + started)
    # What is left of the resource that is left least of: the last ones to lose a task are full.
    left = (np.maximum(after.free, 0) / np.maximum(problem.cluster.capacity, 1)).min(axis=1, initial=1.0)
    surplus = started.totals() - problem.wanted
    counts = started.count.copy()
    for g in np.flatnonzero(surplus > 0).tolist():
        first, last = np.searchsorted(started.group, [g, g + 1])
        instances, here = started.instance[first:last], started.count[first:last]
        counts[first:last] = _fewer(rules, g, instances, here, left[instances])
    shape = (started.groups, started.instances)
    return Counts.of(shape, started.group, started.instance, counts)


def _fewer(rules: Rules, group: int, instances: Ints, counts: Ints, left: np.ndarray) -> Ints:
    """As many as are wanted of a group's starts."""
    problem = rules.problem
    wanted = max(int(problem.wanted[group]), 0)
    spread = next((rule for rule in rules.strategies[group] if isinstance(rule, Spread)), None)
    part = np.zeros(len(instances), np.int64) if spread is None else spread.buckets.or_last[instances]
    room = np.bincount(part, weights=counts).astype(np.int64)
    running = np.zeros(len(room), np.int64)
    if spread is not None:
        before = np.append(spread.buckets.count_of(rules.before, spread.family), 0)
        running = before[: len(room)]
    share = fill_evenly(running, room, wanted)
    kept = np.zeros_like(counts)
    for bucket in np.flatnonzero(share).tolist():
        members = np.flatnonzero(part == bucket)
        members = members[np.argsort(left[members], kind="stable")]
        kept[members] = fill_in_order(counts[members], int(share[bucket]))
    return kept
