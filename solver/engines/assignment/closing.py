"""The last step between a bound and a plan: every filling that a plan of the wanted value can use, and an exact choice of them.

A plan that costs no more than ``target`` loses at most ``target - bound`` against the fillings that the bound is made of,
all instances together, so that each of its fillings is within that of the best (Dantzig and Wolfe 1960, with reduced
costs). Where the bound is close these are few, and CP-SAT chooses one for each instance, or proves that no choice will do.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np
from ortools.sat.python import cp_model

from solver.domain.counts import Ints
from solver.domain.request import Limits
from solver.engines.assignment.lagrangian import Prices, Relaxation
from solver.engines.choosing import solver_of_choices
from solver.engines.deadline import Deadline

MOST_COLUMNS = 4_000
"""That CP-SAT is given."""

MOST_NODES = 2_000_000
"""Of the search for them, in all instances together."""

SECONDS, DETERMINISTIC = 1.0, 1.0
"""For CP-SAT: by the clock, and in its deterministic seconds where those are the limit."""


@dataclass(frozen=True, eq=False)
class Columns:
    """Fillings of the instances.

    Parameters
    ----------
    instance
        ``int64[N]``.
    tasks, stays
        ``int64[N, G]``: how many tasks of each group, and how many of them are at home.
    instances
        ``I``.
    """

    instances: int
    instance: Ints
    tasks: Ints
    stays: Ints


@dataclass(frozen=True, eq=False)
class Wanted:
    """What a plan has to come to.

    Parameters
    ----------
    points
        ``int64[G, B]``: counts of tasks between which every tier is linear; no fewer than the first, no more than the last.
    at, stay, limit
        ``int64[Q, G, B]``, ``int64[Q, G]``, ``int64[Q]``: the tiers, and the most that each may cost.
    """

    points: Ints
    at: Ints
    stay: Ints
    limit: Ints


def usable(relaxation: Relaxation, prices: Prices, slack: int) -> Columns | None:
    """The fillings that lose at most ``slack`` units; None where they are too many."""
    size = len(relaxation.capacity)
    found = relaxation.near_best(prices, MOST_NODES // max(size, 1), slack, MOST_COLUMNS)
    return None if found is None else Columns(size, *found)


@dataclass(frozen=True, eq=False)
class Chosen:
    """What came of a choice.

    Parameters
    ----------
    counts
        ``int64[G, I]``: the best plan found; None where none was.
    bound
        No plan of these fillings costs less.
    """

    counts: Ints | None
    bound: int


def choose(columns: Columns, wanted: Wanted, limits: Limits, deadline: Deadline) -> Chosen:
    """The cheapest plan of the fillings among those that are wanted.

    A filling may hold more tasks than a group has: those that are too many are left out, none of them at home.
    """
    model, instances = cp_model.CpModel(), columns.instances
    used = [model.new_bool_var("") for _ in columns.instance]
    edges = np.searchsorted(columns.instance, np.arange(instances + 1)).tolist()
    for i in range(instances):
        model.add_exactly_one(used[edges[i] : edges[i + 1]])
    there, at_home = [], []
    for g, points in enumerate(wanted.points.tolist()):
        holding = np.flatnonzero(columns.tasks[:, g])
        count = model.new_int_var(points[0], points[-1], "")
        offered = [used[c] for c in holding.tolist()]
        model.add(count <= cp_model.LinearExpr.weighted_sum(offered, columns.tasks[holding, g].tolist()))
        there.append(count)
        staying = np.flatnonzero(columns.stays[:, g])
        at_home.append(
            cp_model.LinearExpr.weighted_sum([used[c] for c in staying.tolist()], columns.stays[staying, g].tolist())
        )
        # A plan that has fewer tasks than it has at home in these fillings may as well keep those.
        model.add(at_home[-1] <= count)
    for q, limit in enumerate(wanted.limit.tolist()):
        terms = [_cost(model, there[g], wanted.points[g], wanted.at[q, g]) for g in range(len(there))]
        terms += [at_home[g] * -each for g, each in enumerate(wanted.stay[q].tolist()) if each]
        cost = cp_model.LinearExpr.sum(terms)
        model.add(cost <= limit)
    model.minimize(cost)
    if limits.deterministic_limit is None:
        solver = solver_of_choices(limits.seed, min(deadline.remaining(), SECONDS), None)
    else:
        solver = solver_of_choices(limits.seed, deadline.remaining(), min(limits.deterministic_limit, DETERMINISTIC))
    status = solver.solve(model)
    most = int(wanted.limit[-1])
    if status == cp_model.INFEASIBLE:
        return Chosen(None, most + 1)
    bound = min(math.ceil(solver.best_objective_bound - 1e-6), most + 1)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return Chosen(None, bound)
    chosen = np.flatnonzero([solver.boolean_value(one) for one in used])
    return Chosen(_without_surplus(columns, chosen, np.array([solver.value(count) for count in there])), bound)


def _cost(model: cp_model.CpModel, count: cp_model.IntVar, points: Ints, at: Ints) -> cp_model.LinearExpr:
    """What so many tasks cost, linear between the points."""
    first, last = int(points[0]), int(points[-1])
    costs = np.round(np.interp(np.arange(first, last + 1), points, at)).astype(np.int64).tolist()
    steps = {after - before for before, after in itertools.pairwise(costs)}
    if len(steps) > 1:
        cost = model.new_int_var(min(costs), max(costs), "")
        model.add_element(count - first, costs, cost)
        return cost
    step = steps.pop() if steps else 0
    return cp_model.LinearExpr.affine(count, step, costs[0] - step * first)


def _without_surplus(columns: Columns, chosen: Ints, there: Ints) -> Ints:
    """``int64[G, I]``: the chosen fillings, with ``there[g]`` tasks of each group."""
    tasks = np.zeros((len(there), columns.instances), np.int64)
    tasks[:, columns.instance[chosen]] = columns.tasks[chosen].T
    away = np.zeros_like(tasks)
    away[:, columns.instance[chosen]] = (columns.tasks - columns.stays)[chosen].T
    for g in range(len(there)):
        surplus = int(tasks[g].sum() - there[g])
        for i in np.flatnonzero(away[g]).tolist():
            left_out = min(surplus, int(away[g, i]))
            tasks[g, i] -= left_out
            surplus -= left_out
    return tasks
