"""What DAEMON services are owed, as tasks that start: one on each eligible instance, before all others (ECS developer guide)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from solver.domain.problem import Problem
from solver.rules.bind import bind
from solver.rules.resources import Resource


def with_daemons(problem: Problem, frozen: Collection[int], priorities: Mapping[str, int]) -> Problem:
    """The problem with every daemon that is missing started, in a priority class above all that have one.

    Parameters
    ----------
    frozen
        Groups where nothing may change.
    priorities
        By name, where somebody set them: these stay.

    Raises
    ------
    InvalidRequest
        If a rule cannot be read.
    """
    debts = next((rule.debts for rule in bind(problem).constraints if isinstance(rule, Resource)), ())
    groups = list(problem.groups)
    first = max((group.priority for group in groups), default=0) + 1
    for debt in debts:
        group = groups[debt.group]
        missing = int((debt.instances & problem.open_to_change).sum())
        if missing and debt.group not in frozen:
            named = group.name in priorities or group.family in priorities
            priority = group.priority if named else max(first, group.priority)
            groups[debt.group] = replace(group, start=missing, priority=priority)
    return replace(problem, groups=tuple(groups))
