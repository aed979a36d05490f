"""As many tasks as fit, where not all do: patterns per instance, relaxed, bounded and rounded.

A task that starts nowhere costs 1. At prices of at most 1 a task, any plan leaves out at least

    sum over tasks of their price  -  sum over instances of the best filling's price

(Lagrangian relaxation of "each task is on an instance or left out"), which is counted in whole numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from solver.domain.counts import Ints
from solver.engines.deadline import Deadline
from solver.engines.kernels import compiled
from solver.engines.patterns.box import Box
from solver.engines.patterns.classes import Classes, classes
from solver.engines.patterns.fillers import Filler, Searches, Tables
from solver.engines.patterns.master import Columns, Master, Relaxation
from solver.engines.patterns.pricing import certified
from solver.engines.patterns.problem import PackingProblem
from solver.engines.patterns.rounding import on_instances, round_with_noise
from solver.engines.patterns.state import PartialPlan
from solver.engines.patterns.types import TaskTypes, task_types

REDUCED_COST = 1e-7
TRIES_ON_THE_WAY, TRIES = 2, 60
"""Roundings of each relaxation, and of the last one."""
SIGMAS = (0.0, 0.1, 0.2, 0.3, 0.4)


@dataclass(frozen=True, eq=False)
class Placed:
    """The best plan found, and what is proved of all.

    Parameters
    ----------
    types
        What the rows of ``held`` are.
    held
        ``int64[T, I]``: tasks of each type that start on each instance.
    missing, bound
        Tasks that start nowhere, and how many every plan leaves out at least.
    uncompiled
        The compiled search would have served better, and there was no time to compile it.
    """

    types: TaskTypes
    held: Ints
    missing: int
    bound: int
    uncompiled: bool


def most_placed(
    problem: PackingProblem, deadline: Deadline, *, seed: int = 0, on_better: Callable[[Placed], None] | None = None
) -> Placed | None:
    """The plan that leaves out fewest tasks; None where there is nothing to place or nowhere to place it.

    Parameters
    ----------
    problem
        With one zone and no instance that is opened: ``empty`` nowhere true.
    seed
        Of the noise in rounding.
    on_better
        Told of each better plan.
    """
    types = task_types(problem)
    if types is None or not types.count or not problem.instances:
        return None
    search = _Search(problem, types, deadline, seed, on_better)
    search.run()
    return search.result()


class _Search:
    def __init__(
        self,
        problem: PackingProblem,
        types: TaskTypes,
        deadline: Deadline,
        seed: int,
        on_better: Callable[[Placed], None] | None,
    ) -> None:
        self._types, self._deadline, self._on_better = types, deadline, on_better
        self._classes: Classes = classes(problem, types)
        self._rng = np.random.default_rng(seed)
        exact = self._classes.loose is self._classes.grid
        self._uncompiled = not exact and not compiled.ready(compiled.PACKING, deadline.remaining())
        tables = exact or self._uncompiled
        self._filler: Filler = Tables(types, self._classes) if tables else Searches(types, self._classes)
        self._columns = Columns(types.count)
        self._plan = PartialPlan(problem, types)
        self._order = np.argsort(self._plan.sizes(), kind="stable")
        self._best = self._plan.held
        self._missing, self._bound = int(types.total.sum()), 0

    @property
    def _done(self) -> bool:
        return self._missing <= self._bound or self._deadline.passed()

    def result(self) -> Placed:
        """The best plan so far and the bound."""
        return Placed(self._types, self._best, self._missing, self._bound, self._uncompiled)

    def run(self) -> None:
        """Column generation with roundings on the way, and more roundings at its end."""
        self._take(np.zeros(0, np.int64), np.zeros((0, self._types.count), np.int64), 0.0)
        for kind in range(self._classes.count):
            members = self._classes.members[self._classes.start[kind] : self._classes.start[kind + 1]]
            held = np.unique(self._best[:, members].T, axis=0)
            self._columns.add(np.full(len(held), kind), held)
        master = Master(self._types, self._classes)
        master.allow_missing(1.0)
        master.add(self._columns.kind, self._columns.held)
        root = Box.whole(self._types, self._classes)
        relaxation: Relaxation | None = None
        while not self._done:
            found = master.relax(self._deadline)
            if found is None:
                break
            relaxation = found
            self._round(relaxation, TRIES_ON_THE_WAY)
            price = np.minimum(relaxation.price, 1.0)
            known = len(self._columns.kind)
            worth, held = self._filler.best_patterns(price)
            self._bound = max(self._bound, certified(self._types, self._classes, self._filler, price, root).bound)
            better = np.flatnonzero(worth - relaxation.rent > REDUCED_COST)
            if not self._columns.add(better, held[better]):
                break
            self._columns.add(*self._filler.more_patterns(price, self._types.total))
            master.add(self._columns.kind[known:], self._columns.held[known:])
        if relaxation is not None:
            self._round(relaxation, TRIES)

    def _round(self, relaxation: Relaxation, tries: int) -> None:
        known = len(relaxation.used)
        kinds, held = self._columns.kind[:known], self._columns.held[:known]
        for number in range(tries):
            if self._done:
                return
            sigma = SIGMAS[number % len(SIGMAS)]
            times = round_with_noise(relaxation.used, kinds, self._classes, 0, sigma, self._rng)
            # Patterns with many tasks first: where there are too many, those at the end are left out.
            fullest = np.argsort(-held.sum(axis=1), kind="stable")
            pattern = np.repeat(fullest, times[fullest])
            self._take(kinds[pattern], held[pattern], sigma)

    def _take(self, kinds: Ints, held: Ints, sigma: float) -> None:
        """Fill instances with patterns and then one type after the other; keep the plan if it is better."""
        self._plan.clear()
        self._plan.load(*on_instances(kinds, held, self._classes))
        noise = 0.3 * sigma * self._rng.standard_normal(self._types.count)
        order = self._order[np.argsort(np.arange(len(self._order)) + len(self._order) * noise, kind="stable")]
        self._plan.fill_up(order)
        missing = int((self._types.total - self._plan.placed.sum(axis=1)).sum())
        if missing < self._missing:
            self._missing, self._best = missing, self._plan.held.copy()
            if self._on_better is not None:
                self._on_better(self.result())
