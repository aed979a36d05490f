"""The costs of a measure (§5.1): what is to be little among the plans that follow the strategies and the soft rules best."""

from __future__ import annotations

from collections.abc import Iterator

from solver.domain.measure import Measure
from solver.domain.problem import Problem
from solver.rules.base import Cost
from solver.rules.binpack import InUse
from solver.rules.running_cost import RunningCost
from solver.rules.summed_skew import SummedSkew


def costs(problem: Problem, measure: Measure) -> Iterator[Cost]:
    """Its tiers, in order."""
    if measure.instances:
        yield InUse.of(problem)
    if measure.prices:
        yield RunningCost.of(problem, dict(measure.prices))
    if measure.levels:
        yield SummedSkew.of(problem, measure.levels)
