"""What a rule costs: the objective without it (§7.2)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from solver.domain.placement import Placement
from solver.domain.problem import Problem
from solver.domain.request import Limits
from solver.domain.solution import Solution
from solver.engines.deadline import Deadline
from solver.engines.portfolio import run
from solver.explain import changes
from solver.rules import random as random_strategy
from solver.rules.bind import bind
from solver.rules.bound import Rules

SHORTEST = 0.01
"""Seconds below which it is no use to solve again."""


@dataclass(frozen=True)
class RulePrice:
    """What one rule costs.

    Parameters
    ----------
    rule
        As it is written.
    group
        Whose rule it is; empty for a rule of the cluster.
    value, without
        The tiers of the request without the rule: of the plan that keeps it, and of the best plan found that need not;
        never worse lexicographically. (A rule may decide over which buckets tasks spread, so both are measured alike.)
    proven
        Both plans are proved best in every tier: then the difference is the price, otherwise an estimate.
    titles
        What each of these tiers is, for people.
    """

    rule: str
    group: str
    value: tuple[int, ...]
    without: tuple[int, ...]
    proven: bool
    titles: tuple[str, ...] = ()

    @property
    def is_free(self) -> bool:
        """Whether no better plan was found without the rule."""
        return self.value == self.without

    def first_difference(self) -> tuple[int, int] | None:
        """The first tier that the rule makes worse and by how much; None if it is free."""
        for tier, (value, without) in enumerate(zip(self.value, self.without, strict=True)):
            if value != without:
                return tier, value - without
        return None


def prices(
    rules: Rules,
    solution: Solution,
    limits: Limits,
    seconds: float,
    cancelled: Callable[[], bool] | None = None,
) -> tuple[RulePrice, ...]:
    """What each constraint and strategy of the groups and each rule of the cluster costs, one after the other while time lasts.

    Rules not reached in time are left out.
    """
    deadline = Deadline(10**6 if limits.deterministic_limit is not None else seconds, cancelled)
    written = list(_without_each(rules.problem))
    optimal = all(tier.proven for tier in solution.tiers)
    found = []
    for k, (rule, group, problem) in enumerate(written):
        share = deadline.remaining() / (len(written) - k)
        if share < SHORTEST:
            break
        freer = bind(problem)
        other = run(freer, replace(limits, time_limit=min(limits.time_limit, share)), cancelled=cancelled).solution
        value = _measured(freer, solution)
        without = min(_measured(freer, other), value)
        proven = optimal and all(tier.proven for tier in other.tiers)
        titles = tuple(cost.title for cost in freer.tiers)
        found.append(RulePrice(rule, group, value, without, proven, titles))
    return tuple(found)


def _measured(rules: Rules, solution: Solution) -> tuple[int, ...]:
    """The tiers of a plan."""
    placement = Placement(rules.problem, solution.tasks)
    return tuple(cost.value(placement) for cost in rules.tiers)


def _without_each(problem: Problem) -> Iterator[tuple[str, str, Problem]]:
    """The request without each rule in turn; without a strategy the next ones of its group move up.

    A strategy of a group of which nothing may change is none that a plan could follow.
    """
    operation = problem.operation
    changing = (operation.startable > 0) | (operation.stoppable.totals() > 0)
    for g, group in enumerate(problem.groups):
        for at, spec in enumerate(group.constraints):
            yield str(spec), group.name, changes.with_constraint(problem, g, at, None)
        for at, spec in enumerate(problem.strategies(g) if changing[g] else ()):
            if spec.type != random_strategy.TYPE:
                yield str(spec), group.name, changes.without_strategy(problem, g, at)
    for at, spec in enumerate(problem.rules):
        yield str(spec), "", changes.with_cluster_rule(problem, at, None)
