"""A plan that cares for room alone: largest groups first, the fullest instances first (first fit decreasing, by group).

The sequential scheduler loses room by spreading before it knows what comes next. Where it leaves tasks unplaced, this plan
often places them; the tiers then say whether it is the better one.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from solver.domain.counts import Counts
from solver.engines import sequential
from solver.engines.deadline import Deadline
from solver.rules.base import Strategy
from solver.rules.bind import Rules
from solver.rules.binpack import Binpack
from solver.rules.max_skew import MaxSkew
from solver.rules.spread import Spread


def place(rules: Rules, seed: int, deadline: Deadline | None = None) -> Counts:
    """Counts after placing class by class, in each class the groups with the largest tasks first."""
    sizes = [_share(rules, g).max(initial=0.0) for g in range(len(rules.problem.groups))]
    order = sorted(range(len(sizes)), key=lambda g: -sizes[g])
    return sequential.place(replace(rules, strategies=chains(rules)), seed, deadline, order)


def chains(rules: Rules) -> tuple[tuple[Strategy, ...], ...]:
    """Chains that leave the most room: even over the buckets of a ``maxSkew``, then the fullest instances first."""
    return tuple(_chain(rules, g) for g in range(len(rules.problem.groups)))


def _chain(rules: Rules, group: int) -> tuple[Strategy, ...]:
    problem = rules.problem
    family = problem.groups[group].family
    chain: list[Strategy] = []
    skews = (rule for rule in rules.concerning(group) if isinstance(rule, MaxSkew) and rule.owner == group)
    chain += [Spread(problem, family, rule.field, rule.usable) for rule in skews][:1]
    share = _share(rules, group)
    if share.max(initial=0.0) > 0:
        chain.append(Binpack(group, problem.cluster.resources[int(share.argmax())]))
    return tuple(chain)


def _share(rules: Rules, group: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """``float64[R]``: what one task takes of the whole cluster's capacity."""
    total = np.maximum(rules.problem.cluster.capacity.sum(axis=0), 1)
    share: np.ndarray[tuple[int], np.dtype[np.float64]] = rules.problem.demand[group] / total
    return share
