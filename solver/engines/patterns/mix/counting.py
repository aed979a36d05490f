"""Instances that are there counted one by one, new ones only in sum: a bound where some may be given up, and a mix.

minimise    sum price * kept[e] + sum price * bought[k]
subject to  sum tasks[t, e] + sum share[t, k]  =  total[t]
            load of tasks on e                 <=  capacity[e] * kept[e],     tasks[t, e]  <=  fits[t, e] * kept[e]
            load of shares on k                <=  capacity[k] * bought[k],   share[t, k]  <=  fits[t, k] * bought[k]
            sum of stay[t, e]                  >=  sum running - max_moves,   stay  <=  tasks,  stay  <=  running * kept

All are whole numbers. Of what is new only the sum of each offer is looked at, so this is a relaxation, and its bound holds
for every mix. The linear relaxation gives up a third of an instance; this does not. The bound is CP-SAT's own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from ortools.sat.python import cp_model

from solver.domain.counts import Ints
from solver.engines.deadline import Deadline
from solver.engines.patterns.mix.problem import Mix, MixProblem

MOST_CELLS = 40_000
"""Types times offers: beyond, nothing is said."""

Sum = cp_model.LinearExpr


@dataclass(frozen=True, eq=False)
class Counted:
    """What is known.

    Parameters
    ----------
    bound
        No mix costs less; 0 where nothing is known.
    tasks
        ``int64[T, E]``: tasks on what is kept, in the cheapest choice found; None for none.
    kept
        ``bool[E]``.
    """

    bound: int
    tasks: Ints | None = None
    kept: Ints | None = None


def may_count(problem: MixProblem) -> bool:
    """Whether something is there that may be given up, and the model is not too large."""
    return problem.there > 0 and not problem.stays.all() and problem.kinds * problem.offers <= MOST_CELLS


def counted(problem: MixProblem, known: Mix | None, bound: int, deadline: Deadline) -> Counted:
    """The bound, and what is kept with which tasks.

    Parameters
    ----------
    known
        A mix to begin with.
    bound
        What is known already: no mix costs less.
    """
    model = _Model(problem, bound)
    if known is not None:
        model.begin_with(known)
    return model.solved(deadline)


class _Model:
    """The variables, and where they are."""

    def __init__(self, problem: MixProblem, bound: int) -> None:
        self._problem = problem
        self._model = cp_model.CpModel()
        total, fits = problem.total, np.minimum(problem.fits(), problem.total[:, None])
        new_var = self._model.new_int_var
        self._used = [
            new_var(int(k < problem.there and problem.stays[k]), int(min(problem.most[k], total.sum())), "")
            for k in range(problem.offers)
        ]
        self._on = {
            (t, k): new_var(0, int(min(fits[t, k] * min(int(problem.most[k]), int(total[t])), total[t])), "")
            for t, k in zip(*(at.tolist() for at in np.nonzero(fits)), strict=True)
        }
        by_kind: dict[int, list[int]] = {}
        by_offer: dict[int, list[int]] = {}
        for t, k in self._on:
            by_kind.setdefault(t, []).append(k)
            by_offer.setdefault(k, []).append(t)
        for t in range(problem.kinds):
            self._model.add(Sum.sum([self._on[t, k] for k in by_kind.get(t, [])]) == int(total[t]))
        for k, kinds in by_offer.items():
            self._offer(k, kinds, fits)
        self._moves()
        prices: list[int] = problem.price.tolist()
        cost = Sum.weighted_sum(self._used, prices)
        self._model.add(cost >= bound)
        self._model.minimize(cost)

    def _offer(self, k: int, kinds: list[int], fits: Ints) -> None:
        problem, used = self._problem, self._used[k]
        for r in range(problem.demand.shape[1]):
            need = problem.demand[kinds, r].tolist()
            if any(need):
                load = Sum.weighted_sum([self._on[t, k] for t in kinds], need)
                self._model.add(load <= int(problem.capacity[k, r]) * used)
        for t in kinds:
            self._model.add(self._on[t, k] <= int(fits[t, k]) * used)

    def _moves(self) -> None:
        """What stays is at most what runs there and what is there in the end."""
        problem = self._problem
        self._stay = {}
        if problem.max_moves is None:
            return
        for t, e in zip(*(at.tolist() for at in np.nonzero(problem.running)), strict=True):
            stay = self._model.new_int_var(0, int(problem.running[t, e]), "")
            self._stay[t, e] = stay
            self._model.add(stay <= self._on[t, e])
        self._model.add(Sum.sum(list(self._stay.values())) >= int(problem.running.sum()) - problem.max_moves)

    def begin_with(self, mix: Mix) -> None:
        """Hint at a mix."""
        used = [0] * self._problem.offers
        on = dict.fromkeys(self._on, 0)
        for one in mix.filled:
            used[one.offer] += 1
            for t, count in one.held.items():
                on[t, one.offer] = on.get((t, one.offer), 0) + count
        for k, count in enumerate(used):
            self._model.add_hint(self._used[k], count)
        for at, variable in self._on.items():
            self._model.add_hint(variable, on[at])
        for (t, e), variable in self._stay.items():
            self._model.add_hint(variable, min(on[t, e], int(self._problem.running[t, e])))

    def solved(self, deadline: Deadline) -> Counted:
        """What is known when the time is over."""
        problem = self._problem
        solver = cp_model.CpSolver()
        solver.parameters.num_workers = 1
        solver.parameters.max_time_in_seconds = max(deadline.remaining(), 0.01)
        status = solver.solve(self._model)
        if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE, cp_model.UNKNOWN):
            return Counted(0)
        bound = int(np.ceil(solver.best_objective_bound - 1e-6))
        if status == cp_model.UNKNOWN:
            return Counted(bound)
        tasks = np.zeros((problem.kinds, problem.there), np.int64)
        for (t, k), variable in self._on.items():
            if k < problem.there:
                tasks[t, k] = solver.value(variable)
        kept = np.array([solver.value(self._used[e]) for e in range(problem.there)], np.int64)
        return Counted(bound, tasks, kept)
