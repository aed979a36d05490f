"""The relaxation in which tasks and instances may be cut, over tasks that are alike: what a unit is worth where.

minimise    sum price * bought + sum price * kept
subject to  shares of type t over all offers  >=  wanted[t] + sum running[t, e] * (1 - kept[e])
            load of the shares on k           <=  capacity[k] * bought[k],  or  free[e] * kept[e]
            sum of the tasks of e * (1 - kept[e])  <=  max_moves
"""

from __future__ import annotations

import highspy
import numpy as np

from solver.domain.counts import Ints
from solver.engines.deadline import Deadline
from solver.engines.patterns.fillers import Floats
from solver.engines.patterns.master import OPTIONS
from solver.engines.patterns.mix.certificate import Certificate, best_move, certificate, scale_of, whole_units, worths
from solver.engines.patterns.mix.problem import MixProblem

MOST_COLUMNS = 20_000
"""Shares of types on offers in the linear program; beyond, more tasks count as alike."""

MOST_CLUSTERS = 240

FEWEST_CLUSTERS, LEAST_SECONDS = 24, 1.0
"""Where the time was too short for more: a program that takes milliseconds, and what it may take."""


def relaxed(problem: MixProblem, deadline: Deadline) -> tuple[Certificate, Floats]:
    """The best bound found, and ``float64[K]``: instances of each offer that the relaxation takes."""
    most = int(np.clip(MOST_COLUMNS // max(problem.offers, 1), FEWEST_CLUSTERS, MOST_CLUSTERS))
    unit, move, taken = _solve(problem, *_clusters(problem, most), deadline)
    if not unit.any():
        unit, move, taken = _solve(problem, *_clusters(problem, FEWEST_CLUSTERS), Deadline(LEAST_SECONDS))
    whole = whole_units(problem, unit)
    moves = {int(max(move, 0.0) * scale_of(problem)), best_move(problem, whole, worths(problem, whole))}
    best = max((certificate(problem, whole, one) for one in sorted(moves)), key=lambda one: one.value)
    return best, taken


def _clusters(problem: MixProblem, most: int) -> tuple[Ints, int]:
    """``int64[T]``: a number for tasks that are alike, and how many numbers there are, at most ``most``.

    Tasks of one number may be on the same offers and need similar amounts; each stays its own where few are.
    """
    may = np.packbits(problem.fits() > 0, axis=1)
    admitted = np.unique(may, axis=0, return_inverse=True)[1].reshape(-1)
    exact = np.unique(np.column_stack([admitted, problem.demand]), axis=0, return_inverse=True)[1].reshape(-1)
    if int(exact.max(initial=-1)) < most:
        return exact.astype(np.int64), int(exact.max(initial=-1)) + 1
    sizes = np.log2(np.maximum(problem.demand, 1).astype(float))
    spread = np.maximum(np.ptp(sizes, axis=0), 1e-9)
    for side in range(32, 0, -1):
        cell = np.minimum((sizes - sizes.min(axis=0)) / spread * side, side - 1).astype(np.int64)
        # Where tasks fit only matters as finely as there is room for.
        # One number for each row, in the order of the rows: much quicker to tell apart.
        place = np.zeros(problem.kinds, np.int64)
        for r in range(cell.shape[1]):
            place = np.unique(place * side + cell[:, r], return_inverse=True)[1].reshape(-1)
        for key in (admitted * problem.kinds + place, place):
            number = np.unique(key, return_inverse=True)[1].reshape(-1)
            if int(number.max()) < most:
                return number.astype(np.int64), int(number.max()) + 1
    return np.zeros(problem.kinds, np.int64), 1


def _solve(problem: MixProblem, of: Ints, count: int, deadline: Deadline) -> tuple[Floats, float, Floats]:
    """``unit[K, R]`` in millionths, the worth of a move, and the instances taken of each offer."""
    offers, there, resources = problem.offers, problem.there, problem.demand.shape[1]
    total = np.zeros(count)
    np.add.at(total, of, problem.total.astype(float))
    sums = np.zeros((count, resources))
    np.add.at(sums, of, problem.demand * np.maximum(problem.total, 1)[:, None].astype(float))
    weight = np.zeros(count)
    np.add.at(weight, of, np.maximum(problem.total, 1).astype(float))
    mean = sums / weight[:, None]
    may = np.zeros((count, offers), np.bool_)
    np.logical_or.at(may, of, problem.fits() > 0)
    running = np.zeros((count, there))
    np.add.at(running, of, problem.running.astype(float))
    size = np.maximum(problem.capacity.max(axis=0, initial=1), 1).astype(float)
    tasks = running.sum(axis=0)
    budget = float(tasks.sum() if problem.max_moves is None else problem.max_moves)

    program = highspy.Highs()
    for name, option in OPTIONS.items():
        program.setOptionValue(name, option)
    program.setOptionValue("simplex_strategy", 1)
    program.setOptionValue("presolve", "choose")
    program.setOptionValue("time_limit", float(deadline.remaining()))
    endless = highspy.kHighsInf
    rows = count + offers * resources + 1
    # With everything kept there is nothing to give up: moving terms are on the left, sums of all tasks on the right.
    lower = np.concatenate([total, np.full(offers * resources, -endless), [tasks.sum() - budget]])
    upper = np.concatenate([np.full(count, endless), np.zeros(offers * resources), [endless]])
    none, nowhere = np.zeros(0), np.zeros(rows, np.int32)
    program.addRows(rows, lower, upper, 0, nowhere, none.astype(np.int32), none)
    room = np.vstack([problem.free, problem.capacity[there:]]).astype(float)
    for k in range(offers):
        at = [count + k * resources + r for r in range(resources)]
        value = (-room[k] / size).tolist()
        least, most = 0.0, float(problem.most[k])
        if k < there:
            kinds = np.flatnonzero(running[:, k]).tolist()
            at += [*kinds, rows - 1]
            value += [*running[kinds, k].tolist(), float(tasks[k])]
            least = 1.0 if problem.stays[k] else 0.0
        program.addCol(float(problem.price[k]), least, most, len(at), np.array(at, np.int32), np.array(value))
    kind, offer = np.nonzero(may)
    where = np.column_stack([kind, *(count + offer * resources + r for r in range(resources))])
    amount = np.column_stack([np.ones(len(kind)), mean[kind] / size])
    start = np.arange(len(kind)) * (resources + 1)
    shares = len(kind)
    program.addCols(
        shares,
        np.zeros(shares),
        np.zeros(shares),
        np.full(shares, endless),
        where.size,
        start.astype(np.int32),
        where.ravel().astype(np.int32),
        amount.ravel(),
    )
    program.run()
    solution = program.getSolution()
    if len(solution.row_dual) != rows:
        return np.zeros((offers, resources)), 0.0, np.zeros(offers)
    dual = np.array(solution.row_dual)
    unit = np.maximum(-dual[count : rows - 1].reshape(offers, resources), 0.0) / size
    taken = np.array(solution.col_value[:offers])
    return unit, float(max(dual[-1], 0.0)), taken
