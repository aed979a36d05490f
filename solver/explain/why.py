"""Why there: one sentence for the tasks of a group that a plan starts on an instance (§7.3)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from solver.domain.counts import Counts
from solver.domain.placement import Placement
from solver.rules.base import Strategy
from solver.rules.binpack import Binpack
from solver.rules.bound import Rules
from solver.rules.random import Random
from solver.rules.spread import Spread


def why(rules: Rules, tasks: Counts, group: int, instance: int) -> str:
    """Why the plan ``tasks`` starts tasks of the group on the instance: what the rules left open, what each strategy saw."""
    problem = rules.problem
    state = Placement(problem, tasks)
    started = int(state.change(group)[instance])
    before = state.before
    open_before = int(((rules.room(before, group) > 0) & rules.admits(group)).sum())
    noun = "task" if started == 1 else "tasks"
    label, size = problem.cluster.label(instance), problem.cluster.size
    opening = (
        f"{started:,} {noun} of {problem.groups[group].name} on {label}:"
        f" {open_before:,} of {size:,} instances could take one before the plan"
    )
    if not open_before:
        opening = f"{started:,} {noun} of {problem.groups[group].name} on {label}: possible with the rest of the plan"
    seen = [_seen(strategy, state, group, instance) for strategy in rules.strategies[group]]
    return "; ".join([opening, *seen])


def reasons(rules: Rules, tasks: Counts) -> Iterator[tuple[int, int, str]]:
    """Group, instance and sentence for every start of a plan."""
    for group, instance, _ in (tasks - rules.problem.running).positive():
        yield group, instance, why(rules, tasks, group, instance)


def _seen(strategy: Strategy, state: Placement, group: int, instance: int) -> str:
    """What a strategy says of the instance, after the plan."""
    if isinstance(strategy, Spread):
        return _spread(strategy, state, instance)
    if isinstance(strategy, Binpack):
        return _packed(strategy, state, instance)
    if isinstance(strategy, Random):
        return f"{strategy.name}: any of them was as good"
    return strategy.name


def _spread(strategy: Spread, state: Placement, instance: int) -> str:
    buckets = strategy.buckets
    bucket = int(buckets.of[instance])
    if bucket < 0:
        return f"{strategy.name}: it has no {strategy.field}, which comes after every bucket"
    counts = buckets.count(state.family(strategy.family))
    low, high = int(counts.min()), int(counts.max())
    range_ = f"every bucket has {low:,}" if low == high else f"buckets have {low:,} to {high:,}"
    return f"{strategy.name}: {buckets.name(bucket)} ends with {int(counts[bucket]):,} of {strategy.family}, {range_}"


def _packed(strategy: Binpack, state: Placement, instance: int) -> str:
    resource = strategy.resource
    r = state.problem.cluster.resources.index(resource)
    free = int(state.before.free[instance, r])
    left = int(state.free[instance, r])
    capacity = int(state.problem.cluster.capacity[instance, r])
    in_use = bool(np.any(state.before.free[instance] < state.problem.cluster.capacity[instance]))
    use = "already in use" if in_use else "newly in use"
    return f"{strategy.name}: {use}, {left:,} of {capacity:,} {resource} left where {free:,} were free"
