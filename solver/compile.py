"""From a problem and its rules to one CP-SAT model: capacity and constraints, and the tiers as sums."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from solver.cpsat.merging import TaskType, task_types
from solver.cpsat.model import CountModel
from solver.rules.bind import Rules
from solver.rules.model import Sum


@dataclass(frozen=True, eq=False)
class CompiledModel:
    """A model with every rule in it, and the sum of each tier."""

    model: CountModel
    tiers: tuple[Sum, ...]


def types_of(rules: Rules) -> tuple[TaskType, ...]:
    """The groups that may start tasks, merged where no rule tells them apart."""
    groups = range(len(rules.problem.groups))
    ceilings = {g: rules.ceiling(g) for g in groups if rules.problem.wanted[g]}
    return task_types(ceilings, rules.problem.wanted, rules.readings())


def compile_model(
    rules: Rules, types: Sequence[TaskType] | None = None, give_up: Callable[[], bool] | None = None
) -> CompiledModel:
    """Compile all rules.

    Parameters
    ----------
    types
        Those of ``types_of``, where they are known already.
    give_up
        Asked now and then while building.

    Raises
    ------
    BuildStopped
        Once ``give_up`` is true.
    """
    problem = rules.problem
    model = CountModel(problem, types_of(rules) if types is None else types, give_up)
    for g, group in enumerate(problem.groups):
        if group.start:
            model.at_most(model.total_started(g), group.start)
        if group.all_or_nothing and group.start and not problem.all_or_nothing:
            model.all_or_nothing([g])
    if problem.all_or_nothing:
        model.all_or_nothing([g for g in range(len(problem.groups)) if problem.wanted[g]])
    for constraint in rules.constraints:
        constraint.compile(model)
    compiled = CompiledModel(model, tuple(cost.compile(model) for cost in rules.tiers))
    model.complete()
    return compiled
