"""The last step: a choice among all fillings that a plan within a target may use, which finds that plan or refutes it.

At prices whose bound is ``L``, a plan that opens at most ``target`` uses only fillings that are worth at most ``target - L``
less than the best one of their class (reduced costs; Dantzig and Wolfe 1960). Where these can be listed, CP-SAT chooses
among them, exactly, and its answer holds for all plans: a filling that is not listed takes nothing more than one that is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from ortools.sat.python import cp_model

from solver.domain.counts import Ints
from solver.engines.choosing import solver_of_choices
from solver.engines.deadline import Deadline
from solver.engines.kernels.packing import fill_all
from solver.engines.patterns.classes import Classes
from solver.engines.patterns.fillers import LARGEST, SCALE, rows_of
from solver.engines.patterns.pricing import Certificate
from solver.engines.patterns.types import TaskTypes

MOST_FILLINGS, FILLINGS_A_SECOND = 10_000, 5_000
"""Of one choice; and how many a choice can be begun with for each second that is left, for presolving does not look at the
clock."""
NODES, SECONDS = 1_000_000, 5.0
"""Of the search in all classes together, a second or two; and with less time left than this a hundredth of them."""
TUNING = 20
"""Steps in which the weights of the search's bound follow the prices."""
DETERMINISTIC = 10.0
"""Deterministic seconds of one choice."""


@dataclass(frozen=True, eq=False)
class Listed:
    """Fillings ``held``, ``int64[P, T]``, of instances of classes ``kind``, ``int64[P]``."""

    kind: Ints
    held: Ints


@dataclass(frozen=True, eq=False)
class Chosen:
    """What came of a choice.

    Parameters
    ----------
    times
        ``int64[P]``: how often each filling is used; None where no plan was found.
    bound
        No plan opens fewer instances.
    """

    times: Ints | None
    bound: int


def usable(types: TaskTypes, classes: Classes, proof: Certificate, target: int, deadline: Deadline) -> Listed | None:
    """The fillings that a plan which opens at most ``target`` may use, by the proof of a bound.

    None where they are too many to choose among, or for the time that is left.
    """
    slack = min(target * SCALE - proof.value, LARGEST)
    nodes = NODES if deadline.remaining() > SECONDS else NODES // 100
    zone, of_row, row = rows_of(classes)
    threshold = np.maximum(np.maximum(proof.worth, np.where(classes.empty, SCALE, 0)) - slack, 0)
    kind, held = np.zeros(MOST_FILLINGS, np.int64), np.zeros((MOST_FILLINGS, types.count), np.int64)
    many = fill_all(
        classes.free,
        row,
        types.demand,
        np.where(classes.allowed[of_row], types.cap, 0),
        np.ascontiguousarray(proof.price.T[zone]),
        np.full(classes.free.shape, 1 / max(classes.free.shape[1], 1)),
        TUNING,
        threshold,
        nodes // max(classes.count, 1),
        kind,
        held,
    )
    return None if not 0 <= many <= FILLINGS_A_SECOND * deadline.remaining() else Listed(kind[:many], held[:many])


def choose(
    types: TaskTypes, classes: Classes, listed: Listed, target: int, bound: int, deadline: Deadline, seed: int
) -> Chosen:
    """A plan of these fillings that opens as few as possible, from ``bound`` to ``target``, or that there is none."""
    model = cp_model.CpModel()
    most = np.minimum(classes.size[listed.kind], types.total.max(initial=1))
    used = [model.new_int_var(0, top, "") for top in most.tolist()]
    for c in range(classes.count):
        here = np.flatnonzero(listed.kind == c)
        model.add(cp_model.LinearExpr.sum([used[p] for p in here.tolist()]) <= int(classes.size[c]))
    excess: dict[tuple[int, int], list[cp_model.IntVar]] = {}
    for k, t in enumerate(types.profile_type.tolist()):
        slack = int(types.profile_slack[k])
        parts = [model.new_int_var(0, min(top, slack), "") for top in types.profile_range[k].tolist()]
        model.add(cp_model.LinearExpr.sum(parts) == slack)
        for zone, part in enumerate(parts):
            excess.setdefault((t, zone), []).append(part)
    zone_of = classes.zone[listed.kind]
    for t in range(types.count):
        for zone in range(types.zones):
            holding = np.flatnonzero((listed.held[:, t] > 0) & (zone_of == zone))
            there = cp_model.LinearExpr.weighted_sum(
                [used[p] for p in holding.tolist()], listed.held[holding, t].tolist()
            )
            model.add(there >= int(types.base[t, zone]) + cp_model.LinearExpr.sum(excess.get((t, zone), [])))
    opening = np.flatnonzero(classes.empty[listed.kind])
    opened = cp_model.LinearExpr.sum([used[p] for p in opening.tolist()])
    model.add_linear_constraint(opened, bound, target)
    model.minimize(opened)
    solver = solver_of_choices(seed, deadline.remaining(), DETERMINISTIC)
    status = solver.solve(model)
    if status == cp_model.INFEASIBLE:
        return Chosen(None, target + 1)
    proved = min(max(math.ceil(solver.best_objective_bound - 1e-6), bound), target + 1)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return Chosen(None, proved)
    return Chosen(np.array([solver.value(one) for one in used], np.int64), proved)
