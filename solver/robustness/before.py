"""What is before the operation: what must be done whatever comes, and losses that are not survived then (§8)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from solver.domain.counts import Counts
from solver.domain.problem import Problem
from solver.engines import sequential
from solver.robustness.loss import Loss
from solver.rules.bind import bind

MOST_TOLD = 10
"""Losses that are told one by one."""


def what_must_be(problem: Problem) -> Counts:
    """The plan that stops what is asked for and leaves what is drained, and changes nothing else."""
    if not (problem.operation.asked.any() or len(problem.operation.leaving)):
        return problem.running
    idle = replace(problem, groups=tuple(replace(group, start=0) for group in problem.groups), all_or_nothing=False)
    return sequential.place(bind(idle), 0)


def remarks(losses: Sequence[Loss], allowances: Mapping[int, tuple[int, bool]]) -> Iterator[str]:
    """What is to be said of losses that are not survived before the operation.

    Parameters
    ----------
    allowances
        By the loss: tasks without a place then, and whether that is proved.
    """
    broken = [(losses[k].name, *allowances[k]) for k in sorted(allowances) if allowances[k][0]]
    for name, missing, is_proved in broken[:MOST_TOLD]:
        told = f"{missing:,} task{'s have' if missing > 1 else ' has'}"
        said = f"the loss of {name} is not survived before the operation: {told} no place"
        yield f"{said} ({'proved' if is_proved else 'fewer are not ruled out'}); the plan leaves no more without one"
    more = len(broken) - MOST_TOLD
    if more > 0:
        yield f"{more:,} more losses are not survived before the operation"
