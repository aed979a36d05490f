"""The restricted master problem: how often each known pattern is used, as a linear program that grows::

minimise    opened + penalty * missing
subject to  patterns of zone z hold of type t, + missing[t, z]  >=  base[t, z] + excess of the profiles there
            excess[k, z] <= range[k, z],   sum over z of excess[k, z] = slack[k]
            patterns used of class c  <=  instances of class c
"""

from __future__ import annotations

from dataclasses import dataclass

import highspy
import numpy as np

from solver.domain.counts import Bools, Ints
from solver.engines.deadline import Deadline
from solver.engines.patterns.box import Box
from solver.engines.patterns.classes import Classes
from solver.engines.patterns.fillers import Floats
from solver.engines.patterns.types import TaskTypes

OPTIONS: dict[str, str | int] = {
    "output_flag": False,
    "threads": 1,
    "solver": "simplex",
    # Patterns that are added leave the last basis feasible: the primal simplex goes on from there.
    "simplex_strategy": 4,
    "presolve": "off",
}
"""Of HiGHS, for a linear program that grows."""

WHOLE_OPTIONS: dict[str, str | int] = {"output_flag": False, "threads": 1}
"""For one in integers."""


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
    """One model of HiGHS: continuous and solved again and again from the last basis, or integer and solved once."""

    def __init__(self, types: TaskTypes, classes: Classes, *, whole: bool = False) -> None:
        self._types, self._classes, self._whole = types, classes, whole
        self._program = highspy.Highs()
        options = WHOLE_OPTIONS if whole else OPTIONS
        for name, value in options.items():
            self._program.setOptionValue(name, value)
        self._excess = np.argwhere(types.profile_range > 0)
        self._columns = 0
        self._missing = slice(0, 0)
        self._used: list[slice] = []
        tasks, instances = types.base.size, classes.count
        self._instances = np.arange(tasks, tasks + instances)
        self._opened = tasks + instances
        endless = np.full(tasks, highspy.kHighsInf)
        self._add_rows(
            np.concatenate([types.base.ravel(), np.zeros(instances + 1), types.profile_slack]),
            np.concatenate([endless, classes.size, [highspy.kHighsInf], types.profile_slack]),
        )
        profile, zone = self._excess.T
        rows = np.column_stack([self._row(types.profile_type[profile], zone), self._opened + 1 + profile])
        values = np.tile([-1.0, 1.0], len(profile))
        self._add(np.zeros(len(profile)), types.profile_range[profile, zone], rows.ravel(), values, 2)

    def _row(self, kind: Ints, zone: Ints) -> Ints:
        """The row of the tasks of a type in a zone."""
        row: Ints = kind * self._types.zones + zone
        return row

    def _add_rows(self, lower: Floats, upper: Floats) -> None:
        none, nowhere = np.zeros(0), np.zeros(len(lower), np.int32)
        self._program.addRows(len(lower), lower, upper, 0, nowhere, none.astype(np.int32), none)

    def _add(self, cost: Floats, top: Floats | Ints, rows: Ints, values: Floats, each: int | Ints) -> slice:
        """More columns from 0 to ``top``; ``each`` says how many entries a column has, in turn."""
        count = len(cost)
        start = np.cumsum(np.broadcast_to(each, (count,))) - each
        self._program.addCols(
            count,
            np.asarray(cost, float),
            np.zeros(count),
            np.asarray(top, float),
            len(rows),
            np.asarray(start, np.int32),
            np.asarray(rows, np.int32),
            np.asarray(values, float),
        )
        added = slice(self._columns, self._columns + count)
        self._columns += count
        if self._whole and count:
            where = np.arange(added.start, added.stop, dtype=np.int32)
            kinds = np.full(count, int(highspy.HighsVarType.kInteger), np.uint8)
            self._program.changeColsIntegrality(count, where, kinds)
        return added

    def enter(self, box: Box) -> None:
        """Keep to the box from now on."""
        rows = zip(self._instances.tolist(), box.least_used.tolist(), box.most_used.tolist(), strict=True)
        for row, least, most in rows:
            self._program.changeRowBounds(row, float(least), float(most))
        for column, (profile, zone) in enumerate(self._excess.tolist()):
            least, most = box.least_excess[profile, zone], box.most_excess[profile, zone]
            self._program.changeColBounds(column, float(least), float(most))

    def allow_missing(self, penalty: float) -> None:
        """Let tasks be missing at this cost each; called again, change the cost."""
        count = self._types.base.size
        cost = np.full(count, penalty)
        if self._missing.stop == 0:
            self._missing = self._add(cost, np.full(count, highspy.kHighsInf), np.arange(count), np.ones(count), 1)
        else:
            where = np.arange(self._missing.start, self._missing.stop, dtype=np.int32)
            self._program.changeColsCost(count, where, cost)

    def restrict_opened(self, least: int, most: int) -> None:
        """Open between ``least`` and ``most`` empty instances."""
        self._program.changeRowBounds(self._opened, float(least), float(most))

    def add(self, kind: Ints, held: Ints) -> None:
        """More patterns."""
        opens = self._classes.empty[kind]
        pattern, task = np.nonzero(held)
        every, opening = np.arange(len(kind)), np.flatnonzero(opens)
        of = np.concatenate([pattern, every, opening])
        rows = np.concatenate(
            [
                self._row(task, self._classes.zone[kind][pattern]),
                self._instances[kind],
                np.full(len(opening), self._opened),
            ]
        )
        values = np.concatenate([held[pattern, task], np.ones(len(every) + len(opening))])
        order = np.argsort(of, kind="stable")
        top = self._classes.size[kind] if self._whole else np.full(len(kind), highspy.kHighsInf)
        each = np.bincount(of, minlength=len(kind))
        self._used.append(self._add(opens.astype(float), top, rows[order], values[order], each))

    def _run(self, deadline: Deadline) -> bool:
        """Solve; whether to the end."""
        until = self._program.getRunTime() + max(deadline.remaining(), 1e-3)
        self._program.setOptionValue("time_limit", until)
        self._program.run()
        return bool(self._program.getModelStatus() == highspy.HighsModelStatus.kOptimal)

    def relax(self, deadline: Deadline) -> Relaxation | None:
        """The optimum of the linear program; None if there was no time for it."""
        if not self._run(deadline):
            return None
        solution = self._program.getSolution()
        value, dual = np.array(solution.col_value), np.array(solution.row_dual)
        excess = np.zeros(self._types.profile_range.shape)
        excess[tuple(self._excess.T)] = value[: len(self._excess)]
        price = dual[: self._types.base.size].reshape(self._types.base.shape)
        return Relaxation(
            value=float(self._program.getInfo().objective_function_value),
            missing=float(value[self._missing].sum()),
            used=self._used_of(value),
            excess=excess,
            price=np.maximum(price, 0.0),
            rent=-dual[self._instances],
        )

    def _used_of(self, value: Floats) -> Floats:
        return np.concatenate([value[:0], *(value[added] for added in self._used)])

    def integers(self, deadline: Deadline, seed: int) -> Ints | None:
        """``int64[P]``: the best whole solution that HiGHS found; None if none."""
        self._program.setOptionValue("random_seed", seed % 2**31)
        self._run(deadline)
        if self._program.getInfo().primal_solution_status != highspy.kSolutionStatusFeasible:
            return None
        value = np.array(self._program.getSolution().col_value)
        whole: Ints = np.rint(self._used_of(value)).astype(np.int64)
        return whole


def worth_keeping(relaxation: Relaxation, columns: Columns, classes: Classes, gap: float) -> Bools:
    """``bool[P]``: patterns whose reduced cost is below the gap; no other is part of a plan that closes it.

    The relaxation is of the root, and may know fewer patterns than there are by now.
    """
    price = relaxation.price.T[classes.zone[columns.kind]]
    reduced = classes.empty[columns.kind] + relaxation.rent[columns.kind] - (price * columns.held).sum(axis=1)
    keep: Bools = (reduced < gap) & columns.held.any(axis=1)
    return keep
