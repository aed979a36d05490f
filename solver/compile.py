"""From a problem and its rules to one CP-SAT model: capacity and constraints, and the tiers as sums."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from solver.cpsat.model import CountModel
from solver.domain.counts import Ints
from solver.rules.bind import Rules
from solver.rules.model import Sum


@dataclass(frozen=True, eq=False)
class CompiledModel:
    """A model with every rule in it, and the sum of each tier."""

    model: CountModel
    tiers: tuple[Sum, ...]


def compile_model(
    rules: Rules, most: list[Ints] | None = None, give_up: Callable[[], bool] | None = None
) -> CompiledModel:
    """Compile all rules.

    Parameters
    ----------
    most
        Narrows where groups may start; left out, wherever a rule does not forbid it.
    give_up
        Asked now and then while building.

    Raises
    ------
    BuildStopped
        Once ``give_up`` is true.
    """
    problem = rules.problem
    model = CountModel(problem, most or [rules.most(g) for g in range(len(problem.groups))], give_up)
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
