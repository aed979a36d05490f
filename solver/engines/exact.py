"""The exact engine: the count model in CP-SAT, one tier after the other (§5.2).

Each tier is minimised with the earlier ones held at or below their values, hinted with the best plan so far, warm from
tier to tier, and given a share of the time that is left. Where a bound already meets the plan there is no search.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from ortools.sat.python import cp_model

from solver.compile import CompiledModel, compile_model
from solver.cpsat.merging import TaskType
from solver.cpsat.model import BuildStopped
from solver.domain.request import Limits
from solver.engines.deadline import Deadline
from solver.engines.incumbent import Incumbent

LARGEST_MODEL = 150_000
"""Start variables beyond which the count model is not built (building takes some 5 µs a variable and holds the lock)."""

LEAST_SECONDS, SECONDS_A_START = 0.02, 30e-6
"""What building a model and getting anything out of CP-SAT takes at least; with less left it is not begun."""

TIER_SHARE, ALONE_SHARE = 0.6, 0.9
"""Of the time left, for a tier that is not the last; and where those after it owe nothing before it finds a better plan."""

STOP_INTERVAL = 0.005
"""Seconds between looks at the deadline; a stop that comes before the search begins is lost, so it is repeated."""


def improve(incumbent: Incumbent, limits: Limits, deadline: Deadline) -> None:
    """Improve the incumbent and its bounds until all is proved or the time is over."""
    rules = incumbent.rules
    types = incumbent.types
    starts = starts_of(types)
    if not fits(starts, deadline.remaining()):
        incumbent.cut_short |= fits(starts, math.inf)
        return
    most = [rules.most_beside(g) for g in range(len(rules.problem.groups))]
    try:
        compiled = compile_model(rules, types, deadline.passed)
    except BuildStopped:
        incumbent.cut_short = True
        return
    budget = limits.deterministic_limit
    budget = None if budget is None else max(budget - incumbent.deterministic_spent, 0.0)
    held: list[int] = []
    for tier in range(len(compiled.tiers)):
        incumbent.count(tier, most)
        if not _settled(incumbent, compiled, tier):
            last = tier == len(compiled.tiers) - 1
            rest = all(_settled(incumbent, compiled, later) for later in range(tier + 1, len(compiled.tiers)))
            share = 1.0 if last else ALONE_SHARE if rest else TIER_SHARE
            given = None if budget is None else budget * share
            own = replace(limits, deterministic_limit=given)
            spent = _minimise(incumbent, compiled, tier, own, deadline.part(share))
            budget = None if budget is None else max(budget - spent, 0.0)
        _hold(incumbent, compiled, tier, held)
        if deadline.passed():
            incumbent.cut_short = True
            break


def starts_of(types: Sequence[TaskType]) -> int:
    """Variables for what starts, which is most of a model."""
    return sum(one.size for one in types)


def fits(starts: int, seconds: float) -> bool:
    """Whether a model with so many starts is built and searched within the seconds."""
    return starts <= LARGEST_MODEL and seconds >= LEAST_SECONDS + starts * SECONDS_A_START


def _hold(incumbent: Incumbent, compiled: CompiledModel, tier: int, held: list[int]) -> None:
    """Hold every tier up to this one at or below its value; ``held`` is what they are held at already."""
    for t, value in enumerate(incumbent.values[: tier + 1]):
        if t == len(held):
            held.append(value)
        elif value >= held[t]:
            continue
        held[t] = value
        compiled.model.at_most(compiled.tiers[t], value)


def _settled(incumbent: Incumbent, compiled: CompiledModel, tier: int) -> bool:
    """Whether the plan already meets a bound of the tier."""
    if incumbent.bound(tier).value < incumbent.values[tier]:
        low, _ = compiled.model.range_of(compiled.tiers[tier])
        incumbent.add_bound(tier, low, "model", ())
    return incumbent.bound(tier).value >= incumbent.values[tier]


def _minimise(incumbent: Incumbent, compiled: CompiledModel, tier: int, limits: Limits, deadline: Deadline) -> float:
    """Search one tier, hinted with the plan; deterministic seconds spent."""
    model = compiled.model
    model.minimise(compiled.tiers[tier])
    model.hint(incumbent.tasks)
    solver = cp_model.CpSolver()
    _configure(solver, limits, deadline)
    given = incumbent.values
    report = _Report(incumbent, compiled, tier) if incumbent.is_watched else None
    status = _solve(solver, model.cp, report, deadline)
    if status in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        incumbent.offer(model.decode(solver.value))
    if status in (cp_model.OPTIMAL, cp_model.FEASIBLE, cp_model.UNKNOWN):
        incumbent.add_bound(tier, _rounded_up(solver.best_objective_bound), "model", given)
    return float(solver.response_proto.deterministic_time)


def _configure(solver: cp_model.CpSolver, limits: Limits, deadline: Deadline) -> None:
    parameters = solver.parameters
    parameters.num_workers = limits.workers
    parameters.random_seed = limits.seed
    parameters.max_time_in_seconds = max(deadline.remaining(), 0.01)
    if limits.deterministic_limit is not None:
        parameters.max_deterministic_time = limits.deterministic_limit
    parameters.repair_hint = False
    # Halves the presolve of a model of 7,000 variables, and the bound is there as soon.
    parameters.cp_model_probing_level = 0
    parameters.log_search_progress = False
    # Whoever runs the search decides what SIGINT means: caught there, the next solve would not know of it.
    parameters.catch_sigint_signal = False


def _solve(
    solver: cp_model.CpSolver,
    model: cp_model.CpModel,
    report: cp_model.CpSolverSolutionCallback | None,
    deadline: Deadline,
) -> cp_model.CpSolverStatus:
    """Solve, stopped from outside once the deadline has passed or the caller has gone."""
    finished = threading.Event()

    def watch() -> None:
        while not finished.wait(STOP_INTERVAL):
            if deadline.passed():
                solver.stop_search()

    watcher = threading.Thread(target=watch, name="deadline", daemon=True)
    watcher.start()
    try:
        return solver.solve(model, report)
    finally:
        finished.set()
        watcher.join()


class _Report(cp_model.CpSolverSolutionCallback):
    """Offers each solution to the incumbent while the search runs, at most every tenth of a second."""

    def __init__(self, incumbent: Incumbent, compiled: CompiledModel, tier: int) -> None:
        super().__init__()
        self._incumbent = incumbent
        self._model = compiled.model
        self._next = 0.0
        self._tier = tier

    def on_solution_callback(self) -> None:
        """Called by CP-SAT with each better solution."""
        now = time.monotonic()
        if now >= self._next:
            self._incumbent.offer(self._model.decode(self.value))
            self._next = now + 0.1


def _rounded_up(bound: float) -> int:
    """The least integer that is not below the bound, allowing for the solver's floating point."""
    nearest = round(bound)
    return int(nearest) if abs(bound - nearest) < 1e-6 * max(1.0, abs(bound)) else int(-(-bound // 1))


def confirms_impossible(incumbent: Incumbent, limits: Limits, deadline: Deadline) -> bool:
    """Whether a second configuration of the solver, too, proves that not everything can be placed together."""
    rules = incumbent.rules
    try:
        compiled = compile_model(rules, None, deadline.passed)
    except BuildStopped:
        return False
    everywhere = np.arange(rules.problem.cluster.size)
    for g in range(len(rules.problem.groups)):
        compiled.model.at_most(compiled.model.change_over([g], everywhere) * -1, -rules.problem.most_wanted([g]))
    solver = cp_model.CpSolver()
    _configure(solver, replace(limits, workers=1, seed=limits.seed + 1), deadline)
    solver.parameters.cp_model_presolve = False
    status = _solve(solver, compiled.model.cp, None, deadline)
    return status == cp_model.INFEASIBLE
