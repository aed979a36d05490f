"""From a problem and its rules to one CP-SAT model: capacity and constraints, and the tiers as sums."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from solver.cpsat.merging import TaskType, types_of
from solver.cpsat.model import CountModel
from solver.rules.bound import Rules
from solver.rules.model import Sum, total
from solver.rules.moved import moved


@dataclass(frozen=True, eq=False)
class CompiledModel:
    """A model with every rule in it, and the sum of each tier."""

    model: CountModel
    tiers: tuple[Sum, ...]


def compile_model(
    rules: Rules,
    types: Sequence[TaskType] | None = None,
    give_up: Callable[[], bool] | None = None,
    model: CountModel | None = None,
) -> CompiledModel:
    """Compile all rules.

    Parameters
    ----------
    types
        Those of ``types_of``, where they are known already.
    give_up
        Asked now and then while building.
    model
        An empty one of the problem to build in; left out, a new one, and only then ``types`` and ``give_up`` matter.

    Raises
    ------
    BuildStopped
        Once ``give_up`` is true.
    """
    problem = rules.problem
    if model is None:
        model = CountModel(problem, types_of(rules) if types is None else types, give_up)
    _limit(model)
    for constraint in rules.constraints:
        constraint.compile(model)
    compiled = CompiledModel(model, tuple(cost.compile(model) for cost in rules.tiers))
    if rules.gain is not None:
        rules.gain.compile(model, compiled.tiers)
    model.complete()
    return compiled


def _limit(model: CountModel) -> None:
    """What the operation itself sets: how many tasks there may be, gangs, and budgets for moves."""
    problem, operation = model.problem, model.problem.operation
    everywhere = np.arange(problem.cluster.size)
    running = problem.running.totals()
    for g, group in enumerate(problem.groups):
        change = model.change_over([g], everywhere)
        model.at_most(change, int(operation.desired[g] - running[g]))
        model.at_most(change * -1, int(running[g] - operation.kept[g]))
        if group.all_or_nothing and group.start and not problem.all_or_nothing:
            model.all_or_nothing([g])
    if problem.all_or_nothing:
        model.all_or_nothing([g for g in range(len(problem.groups)) if problem.wanted[g]])
    if operation.changes:
        _limit_moves(model)


def _limit_moves(model: CountModel) -> None:
    problem, freedom = model.problem, model.problem.freedom
    moves = {g: moved(model, g) for g in range(len(problem.groups))}
    for g, group in enumerate(problem.groups):
        if (most := group.max_moves if problem.operation.moving[g] else 0) is not None:
            model.at_most(moves[g], most)
    if freedom.max_moves is not None:
        model.at_most(total(moves.values()), freedom.max_moves)
    if freedom.max_move_cost is not None:
        model.at_most(total(moves[g] * problem.groups[g].move_cost for g in moves), freedom.max_move_cost)
