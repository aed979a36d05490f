"""The restricted master problem: how often each known pattern is used, as a linear program that grows::

minimise    opened + penalty * missing
subject to  patterns of zone z hold of type t, + missing[t, z]  >=  base[t, z] + excess of the profiles there
            excess[k, z] <= range[k, z],   sum over z of excess[k, z] = slack[k]
            patterns used of class c  <=  instances of class c
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from ortools.math_opt.python import mathopt

from solver.domain.counts import Bools, Ints
from solver.engines.deadline import Deadline
from solver.engines.patterns.box import Box
from solver.engines.patterns.classes import Classes
from solver.engines.patterns.fillers import Floats
from solver.engines.patterns.types import TaskTypes


@dataclass(frozen=True, eq=False)
class Relaxation:
    """A solution of the linear program over ``P`` patterns.

    Parameters
    ----------
    value, missing
        The objective, and how many tasks no pattern holds.
    used
        ``float64[P]``.
    excess
        ``float64[K, Z]``.
    price
        ``float64[T, Z]``: the duals of the rows of tasks.
    rent
        ``float64[C]``: what one more instance of the class would save; negative where the box asks for more.
    """

    value: float
    missing: float
    used: Floats
    excess: Floats
    price: Floats
    rent: Floats


class Columns:
    """The known patterns: ``int64[P, T]`` held, ``int64[P]`` class; none twice."""

    def __init__(self, types: int) -> None:
        self.held: Ints = np.zeros((0, types), dtype=np.int64)
        self.kind: Ints = np.zeros(0, dtype=np.int64)
        self._known: set[tuple[int, bytes]] = set()

    def add(self, kind: Ints, held: Ints) -> int:
        """Those that are new; how many."""
        fresh = []
        for number, (of, row) in enumerate(zip(kind.tolist(), held, strict=True)):
            key = (of, row.tobytes())
            if key not in self._known:
                self._known.add(key)
                fresh.append(number)
        self.held = np.concatenate([self.held, held[fresh]])
        self.kind = np.concatenate([self.kind, kind[fresh]])
        return len(fresh)


class Master:
    """One model of MathOpt: continuous and solved again and again by GLOP, or integer and solved once by HiGHS."""

    def __init__(self, types: TaskTypes, classes: Classes, *, whole: bool = False) -> None:
        self._types, self._classes, self._whole = types, classes, whole
        self._model = mathopt.Model()
        self._used: list[mathopt.Variable] = []
        model = self._model
        self._tasks = [[model.add_linear_constraint(lb=float(base)) for base in row.tolist()] for row in types.base]
        self._instances = [model.add_linear_constraint(lb=0.0, ub=float(size)) for size in classes.size.tolist()]
        self._opened = model.add_linear_constraint(lb=0.0)
        self._missing: list[mathopt.Variable] = []
        self._add_excess()
        self._solver: mathopt.IncrementalSolver | None = None

    def _add_excess(self) -> None:
        model, types = self._model, self._types
        self._excess: list[tuple[int, int, mathopt.Variable]] = []
        for number, kind in enumerate(types.profile_type.tolist()):
            slack = float(types.profile_slack[number])
            total = model.add_linear_constraint(lb=slack, ub=slack)
            for zone, most in enumerate(types.profile_range[number].tolist()):
                if most:
                    excess = model.add_variable(lb=0.0, ub=float(most), is_integer=self._whole)
                    total.set_coefficient(excess, 1.0)
                    self._tasks[kind][zone].set_coefficient(excess, -1.0)
                    self._excess.append((number, zone, excess))

    def _excess_of(self, result: mathopt.SolveResult) -> Floats:
        excess = np.zeros(self._types.profile_range.shape)
        for number, zone, variable in self._excess:
            excess[number, zone] = result.variable_values(variable)
        return excess

    def enter(self, box: Box) -> None:
        """Keep to the box from now on."""
        least, most = box.least_used.tolist(), box.most_used.tolist()
        for row, low, high in zip(self._instances, least, most, strict=True):
            if row.lower_bound != low:
                row.lower_bound = float(low)
            if row.upper_bound != high:
                row.upper_bound = float(high)
        for number, zone, excess in self._excess:
            excess.lower_bound = float(box.least_excess[number, zone])
            excess.upper_bound = float(box.most_excess[number, zone])

    def allow_missing(self, penalty: float) -> None:
        """Let tasks be missing at this cost each; called again, change the cost."""
        if not self._missing:
            for row in self._tasks:
                for constraint in row:
                    missing = self._model.add_variable(lb=0.0)
                    constraint.set_coefficient(missing, 1.0)
                    self._missing.append(missing)
        for missing in self._missing:
            self._model.objective.set_linear_coefficient(missing, penalty)

    def restrict_opened(self, least: int, most: int) -> None:
        """Open between ``least`` and ``most`` empty instances."""
        self._opened.lower_bound, self._opened.upper_bound = float(least), float(most)

    def add(self, kind: Ints, held: Ints) -> None:
        """More patterns."""
        zones, empty = self._classes.zone[kind].tolist(), self._classes.empty[kind].tolist()
        sizes = self._classes.size[kind].tolist()
        for of, row, zone, opens, size in zip(kind.tolist(), held, zones, empty, sizes, strict=True):
            top = float(size) if self._whole else float("inf")
            used = self._model.add_variable(lb=0.0, ub=top, is_integer=self._whole)
            if opens:
                self._model.objective.set_linear_coefficient(used, 1.0)
                self._opened.set_coefficient(used, 1.0)
            self._instances[of].set_coefficient(used, 1.0)
            for task in np.flatnonzero(row).tolist():
                self._tasks[task][zone].set_coefficient(used, float(row[task]))
            self._used.append(used)

    def relax(self, deadline: Deadline) -> Relaxation | None:
        """The optimum of the linear program; None if there was no time for it."""
        if self._solver is None:
            self._solver = mathopt.IncrementalSolver(self._model, mathopt.SolverType.GLOP)
        limit = timedelta(seconds=max(deadline.remaining(), 1e-3))
        result = self._solver.solve(params=mathopt.SolveParameters(time_limit=limit))
        if result.termination.reason != mathopt.TerminationReason.OPTIMAL:
            return None
        shape = self._types.base.shape
        price = np.array(result.dual_values([row for rows in self._tasks for row in rows])).reshape(shape)
        return Relaxation(
            value=result.objective_value(),
            missing=float(sum(result.variable_values(self._missing))) if self._missing else 0.0,
            used=np.array(result.variable_values(self._used)),
            excess=self._excess_of(result),
            price=np.maximum(price, 0.0),
            rent=-np.array(result.dual_values(self._instances)),
        )

    def integers(self, deadline: Deadline, seed: int) -> Ints | None:
        """``int64[P]``: the best whole solution that HiGHS found; None if none."""
        limit = timedelta(seconds=max(deadline.remaining(), 1e-3))
        params = mathopt.SolveParameters(time_limit=limit, random_seed=seed % 2**31)
        result = mathopt.solve(self._model, mathopt.SolverType.HIGHS, params=params)
        if not result.has_primal_feasible_solution():
            return None
        whole: Ints = np.rint(np.array(result.variable_values(self._used))).astype(np.int64)
        return whole

    def close(self) -> None:
        """Free what the incremental solver holds."""
        if self._solver is not None:
            self._solver.close()
            self._solver = None


def worth_keeping(relaxation: Relaxation, columns: Columns, classes: Classes, gap: float) -> Bools:
    """``bool[P]``: patterns whose reduced cost is below the gap; no other is part of a plan that closes it.

    The relaxation is of the root, and may know fewer patterns than there are by now.
    """
    price = relaxation.price.T[classes.zone[columns.kind]]
    reduced = classes.empty[columns.kind] + relaxation.rent[columns.kind] - (price * columns.held).sum(axis=1)
    keep: Bools = (reduced < gap) & columns.held.any(axis=1)
    return keep
