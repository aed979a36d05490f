"""Small questions to the end: every pattern written down, and CP-SAT chooses how often each is used.

A pattern is what one instance of an offer holds such that nothing more fits; where few tasks and few offers allow few of
them, their choice is the whole question and its bound a proof. Where there are more, nothing is said.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from ortools.sat.python import cp_model

from solver.domain.counts import Ints
from solver.engines.deadline import Deadline
from solver.engines.patterns.mix.problem import Filled, Mix, MixProblem

MOST_PATTERNS = 20_000
MOST_KINDS = 60


@dataclass(frozen=True, eq=False)
class Closed:
    """A mix, if one was found, and a bound; 0 where nothing is known."""

    mix: Mix | None
    bound: int


def close(problem: MixProblem, known: Mix | None, deadline: Deadline) -> Closed:
    """The best choice of patterns, where they are few; only where nothing is there yet."""
    if problem.there or not 0 < problem.kinds <= MOST_KINDS:
        return Closed(None, 0)
    patterns = _patterns(problem, deadline)
    if patterns is None:
        return Closed(None, 0)
    model = cp_model.CpModel()
    most = np.minimum(problem.most, int(problem.total.sum()))
    used = [model.new_int_var(0, int(most[offer]), "") for offer, _ in patterns]
    for kind in range(problem.kinds):
        here = [n for n, (_, held) in enumerate(patterns) if held[kind]]
        counts = [int(patterns[n][1][kind]) for n in here]
        model.add(cp_model.LinearExpr.weighted_sum([used[n] for n in here], counts) >= int(problem.total[kind]))
    for offer in range(problem.offers):
        here = [n for n, (of, _) in enumerate(patterns) if of == offer]
        if here and problem.most[offer] < problem.total.sum():
            model.add(cp_model.LinearExpr.sum([used[n] for n in here]) <= int(problem.most[offer]))
    model.minimize(cp_model.LinearExpr.weighted_sum(used, [int(problem.price[offer]) for offer, _ in patterns]))
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.max_time_in_seconds = max(deadline.remaining(), 0.01)
    status = solver.solve(model)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return Closed(None, 0)
    bound = int(np.ceil(solver.best_objective_bound - 1e-6))
    times = [solver.value(variable) for variable in used]
    return Closed(_mix(problem, patterns, times), bound)


def _mix(problem: MixProblem, patterns: list[tuple[int, Ints]], times: list[int]) -> Mix:
    """The instances of the patterns, without the tasks that they hold beyond those that there are."""
    left = problem.total.copy()
    filled = []
    for (offer, pattern), many in zip(patterns, times, strict=True):
        for _ in range(many):
            held = np.minimum(pattern, left)
            left -= held
            if held.any():
                filled.append(Filled(offer, {int(kind): int(held[kind]) for kind in np.flatnonzero(held)}))
    return Mix(tuple(filled))


def _patterns(problem: MixProblem, deadline: Deadline) -> list[tuple[int, Ints]] | None:
    """Every pattern to which nothing can be added; None where there are too many."""
    found: list[tuple[int, Ints]] = []
    looked = 0
    for offer in range(problem.offers):
        cap = np.minimum(problem.cap[:, offer], problem.total)
        here: set[tuple[int, ...]] = set()
        stack: list[tuple[int, Ints, tuple[int, ...]]] = [(0, problem.capacity[offer], ())]
        while stack:
            looked += 1
            if looked > 20 * MOST_PATTERNS or len(found) + len(here) > MOST_PATTERNS or deadline.passed():
                return None
            kind, free, held = stack.pop()
            if kind == problem.kinds:
                fits = (problem.demand <= free).all(axis=1) & (np.array(held, np.int64) < cap)
                if any(held) and not fits.any():
                    here.add(held)
                continue
            need = problem.demand[kind]
            some = need > 0
            fit = int(cap[kind])
            if some.any():
                fit = min(fit, int((free[some] // need[some]).min()))
            stack += [(kind + 1, free - count * need, (*held, count)) for count in range(fit + 1)]
        found += [(offer, np.array(held, np.int64)) for held in sorted(here)]
    return found
