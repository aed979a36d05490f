"""Small exact searches around the best plan: a few instances may change, all others keep what the plan gives them.

Which instances: some that the plan changes or that have room, where a better plan is most often found, and some at random. A
neighbourhood that is searched whole and quickly makes the next one larger, one that is not makes it smaller (adaptive large
neighbourhood search: Shaw 1998; Ropke and Pisinger 2006).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from solver.cpsat.model import CountModel
from solver.domain.counts import Bools, Counts, Ints
from solver.domain.placement import Placement
from solver.domain.problem import Problem
from solver.engines.deadline import Deadline
from solver.engines.incumbent import Incumbent

FIRST_SIZE, LEAST_SIZE = 5, 3
"""Instances of a neighbourhood."""

SECONDS, DETERMINISTIC = 0.5, 0.1
"""For the search of one: by the clock, and in CP-SAT's deterministic seconds where those are the limit."""

QUICK = 0.3
"""Of its time: a search that needed no more makes the next neighbourhood larger."""

MOST_FAILURES = 12
"""In a row, and the search is left to others."""


@dataclass(frozen=True)
class Searched:
    """What the search of one neighbourhood came to."""

    tasks: Counts | None
    whole: bool
    """Nothing better is left in it."""
    share: float
    """Of its time that it used."""
    spent: float
    """Deterministic seconds."""


Search = Callable[[Deadline, float | None], Searched]
"""Minimises the tier within a deadline and, where given, deterministic seconds."""


def improve(
    incumbent: Incumbent,
    model: CountModel,
    tier: int,
    seed: int,
    budget: float | None,
    deadline: Deadline,
    search: Search,
) -> float:
    """Improve the plan until time, budget or ideas are over; deterministic seconds spent."""
    problem = incumbent.rules.problem
    rng = np.random.default_rng(seed)
    size, failures, spent = FIRST_SIZE, 0, 0.0
    while failures < MOST_FAILURES and not deadline.passed() and (budget is None or spent < budget):
        if incumbent.bound(tier).value >= incumbent.values[tier]:
            break
        chosen = _chosen(problem, incumbent.tasks, rng, size)
        model.keep_outside(chosen, incumbent.tasks)
        # Under a deterministic limit the clock must not decide (§10.1).
        found = search(
            deadline.within(SECONDS) if budget is None else deadline, None if budget is None else DETERMINISTIC
        )
        spent += found.spent
        better = found.tasks is not None and incumbent.offer(found.tasks)
        failures = 0 if better else failures + 1
        if not found.whole:
            size = max(size - 1, LEAST_SIZE)
        elif found.share < QUICK:
            size += 1
        if chosen.all():
            break
    model.release()
    return spent


def _chosen(problem: Problem, tasks: Counts, rng: np.random.Generator, size: int) -> Bools:
    """``bool[I]``: the instances that may change."""
    usable = np.flatnonzero(problem.open_to_change | (problem.operation.stoppable.per_instance() > 0))
    chosen = np.zeros(problem.cluster.size, np.bool_)
    changed = np.unique((tasks - problem.running).instance)
    kind = rng.integers(3)
    if kind == 0 and len(changed):
        chosen[rng.choice(changed, min(len(changed), size - 1), replace=False)] = True
    elif kind == 1:
        chosen[_roomy(problem, tasks, usable, rng)[: size - 1]] = True
    rest = usable[~chosen[usable]]
    chosen[rng.choice(rest, min(len(rest), max(size - int(chosen.sum()), 0)), replace=False)] = True
    return chosen


def _roomy(problem: Problem, tasks: Counts, usable: Ints, rng: np.random.Generator) -> Ints:
    """Usable instances, those with much free of a random resource more likely first."""
    free = np.maximum(Placement(problem, tasks).free[usable], 0)
    resource = free[:, int(rng.integers(max(free.shape[1], 1)))].astype(float)
    order: Ints = usable[np.argsort(-(resource * rng.random(len(usable))), kind="stable")]
    return order
