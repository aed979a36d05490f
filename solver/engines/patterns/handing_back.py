"""From types back to groups: who gets which zone is a flow, who gets which instance is any order."""

from __future__ import annotations

import numpy as np
from ortools.graph.python import max_flow

from solver.domain.counts import Ints
from solver.engines.patterns.problem import PackingProblem, Started
from solver.engines.patterns.types import TaskTypes


def hand_back(problem: PackingProblem, types: TaskTypes, held: Ints) -> Started | None:
    """The starts of groups that add up to ``held[T, I]``; None if the zone counts suit no distribution."""
    placed = np.stack([held[:, problem.zone == zone].sum(axis=1) for zone in range(types.zones)], axis=1)
    share = _zone_shares(problem, types, placed)
    if share is None:
        return None
    parts = []
    for kind in range(types.count):
        groups = np.flatnonzero(types.of_group == kind)
        for zone in range(types.zones):
            here = np.flatnonzero((held[kind] > 0) & (problem.zone == zone))
            if len(here):
                parts.append(deal(groups, share[groups, zone], here, held[kind, here]))
    if not parts:
        return Started.nothing()
    group, instance, count = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.lexsort((instance, group))
    return Started(group[order], instance[order], count[order])


def _zone_shares(problem: PackingProblem, types: TaskTypes, placed: Ints) -> Ints | None:
    """``int64[G, Z]``: a whole maximum flow from groups to the zones of their type."""
    active = np.flatnonzero(types.of_group >= 0)
    lower = problem.lower[active]
    upper = np.minimum(problem.upper[active], problem.wanted[active][:, None])
    slack = problem.wanted[active] - lower.sum(axis=1)
    demand = placed.copy()
    np.subtract.at(demand, types.of_group[active], lower)
    if (demand < 0).any():
        return None
    count, zones = len(active), types.zones
    group_vertex = 2 + np.arange(count)
    zone_vertex = 2 + count + np.arange(types.count * zones)
    to_zone = 2 + count + types.of_group[active][:, None] * zones + np.arange(zones)
    flow = max_flow.SimpleMaxFlow()
    flow.add_arcs_with_capacity(np.zeros(count, dtype=np.int64), group_vertex, slack)
    arcs = flow.add_arcs_with_capacity(np.repeat(group_vertex, zones), to_zone.ravel(), (upper - lower).ravel())
    flow.add_arcs_with_capacity(zone_vertex, np.ones(len(zone_vertex), dtype=np.int64), demand.ravel())
    if flow.solve(0, 1) != flow.OPTIMAL or flow.optimal_flow() != slack.sum() or slack.sum() != demand.sum():
        return None
    share = np.zeros((problem.groups, zones), dtype=np.int64)
    share[active] = lower + np.array(flow.flows(arcs), dtype=np.int64).reshape(count, zones)
    return share


def deal(groups: Ints, share: Ints, instances: Ints, amount: Ints) -> tuple[Ints, Ints, Ints]:
    """Groups, instances and counts from two ways of cutting the same row of tasks: ``share`` a group, ``amount`` an instance."""
    by_group, by_instance = np.cumsum(share), np.cumsum(amount)
    cuts = np.union1d(by_group, by_instance)
    cuts = cuts[cuts > 0]
    count = np.diff(cuts, prepend=0)
    group = groups[np.searchsorted(by_group, cuts)]
    instance = instances[np.searchsorted(by_instance, cuts)]
    return group, instance, count
