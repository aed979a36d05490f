"""A plan that cares for room and for few instances alone: largest tasks first, into what is in use, then into the largest.

The sequential scheduler loses room by spreading before it knows what comes next, and opens instances that a larger one
would have made unnecessary. Where it leaves tasks unplaced or keeps instances in use by packing alone, this plan (first fit
decreasing, by group) is often the better one; the tiers then say whether it is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from solver.domain.counts import Bools, Counts, Ints
from solver.domain.placement import Placement
from solver.domain.problem import Problem
from solver.domain.request import Scheduling
from solver.engines import sequential
from solver.engines.deadline import Deadline
from solver.rules.base import Strategy
from solver.rules.binpack import Binpack
from solver.rules.bound import Rules
from solver.rules.max_skew import MaxSkew
from solver.rules.spread import Spread

Floats = NDArray[np.float64]


def place(rules: Rules, seed: int, deadline: Deadline | None = None) -> Counts:
    """Counts after placing class by class, in each class the groups with the largest tasks first."""
    order = smallest_first(rules)[::-1]
    return sequential.place(replace(rules, strategies=chains(rules)), seed, deadline, order)


def smallest_first(rules: Rules) -> list[int]:
    """The groups, those with the smallest tasks first: so most tasks are placed where not all can be."""
    order: list[int] = np.argsort(_shares(rules).max(axis=1, initial=0.0), kind="stable").tolist()
    return order


def chains(rules: Rules) -> tuple[tuple[Strategy, ...], ...]:
    """Chains that leave the most room: even over the buckets that must or should be even, then the fewest instances."""
    in_use = _in_use(rules.problem)
    return tuple(_chain(rules, g, share, in_use) for g, share in enumerate(_shares(rules)))


@dataclass(frozen=True, eq=False)
class _FewestOpened(Binpack):
    """The fullest of the instances in use; where none has room, the largest of the others.

    Parameters
    ----------
    in_use
        ``bool[I]``: before the operation, by anything but daemons.
    """

    in_use: Bools

    def order(self, state: Placement, instances: Ints, left: Ints) -> Ints:
        started = state.running_tasks[instances] > state.before.running_tasks[instances]
        used = self.in_use[instances] | started
        most = int(left.max(initial=0))
        return np.where(used, left, 2 * most + 1 - left)


def _chain(rules: Rules, group: int, share: Floats, in_use: Bools) -> tuple[Strategy, ...]:
    problem = rules.problem
    family = problem.groups[group].family
    chain: list[Strategy] = []
    skews = (rule for rule in rules.concerning(group) if isinstance(rule, MaxSkew) and rule.owner == group)
    chain += [Spread(problem, family, rule.field, rule.buckets.inside, rule.buckets) for rule in skews][:1]
    first = rules.strategies[group][:1]
    if not chain and isinstance(first[0], Spread) and len(first[0].buckets) < problem.cluster.size // 2:
        chain += first
    if share.max(initial=0.0) > 0:
        chain.append(_FewestOpened(group, problem.cluster.resources[int(share.argmax())], in_use))
    return tuple(chain)


def _in_use(problem: Problem) -> Bools:
    """``bool[I]``: instances that hold something other than daemons before the operation."""
    used = problem.holds_unlisted.copy()
    for g, group in enumerate(problem.groups):
        if group.scheduling is not Scheduling.DAEMON:
            used[problem.running.cells_of(g)[0]] = True
    return used


def _shares(rules: Rules) -> Floats:
    """``float64[G, R]``: what one task of each group takes of the whole cluster's capacity."""
    shares: Floats = rules.problem.demand / np.maximum(rules.problem.cluster.capacity.sum(axis=0), 1)
    return shares
