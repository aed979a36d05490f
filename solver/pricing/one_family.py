"""Requests for one family of a request, and for what it leaves to the others: first plans where it follows something more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from solver.domain.counts import Bools, Counts
from solver.domain.problem import Problem
from solver.rules.base import Cost
from solver.rules.binpack import Opened
from solver.rules.bound import Rules
from solver.rules.running_cost import RunningCost


def beside(problem: Problem, base: Counts, of: str) -> Problem:
    """The request of the family alone: the tasks of all others are where a plan has them."""
    own = _members(problem, of)
    fixed = problem.operation.fixed
    mine, theirs = own[fixed.group], ~own[base.group]
    left = Counts.of(
        (base.groups, base.instances),
        np.concatenate([fixed.group[mine], base.group[theirs]]),
        np.concatenate([fixed.instance[mine], base.instance[theirs]]),
        np.concatenate([fixed.count[mine], base.count[theirs]]),
    )
    return _only(problem.after(left), own)


def ahead(problem: Problem, of: str) -> Problem:
    """The request of the family as if the others wanted nothing."""
    return _only(problem, _members(problem, of))


def near(problem: Problem, base: Counts) -> Callable[[Rules], tuple[Cost, ...]]:
    """The objective of a request, then few instances in use beside those of a plan of ``problem``.

    How many instances the family alone keeps in use does not count: the others will share them.
    """

    others = np.setdiff1d(np.arange(problem.cluster.size), base.instance).tolist()
    price = {problem.cluster.instance_ids[i]: 1 for i in others}

    def objective(rules: Rules) -> tuple[Cost, ...]:
        asked = (cost for cost in rules.tiers if not isinstance(cost, Opened))
        return (*asked, RunningCost.by_instance(rules.problem, price))

    return objective


def behind(problem: Problem, placed: Counts, of: str) -> Problem:
    """The request of the others where the family is placed."""
    return _only(problem.after(placed), ~_members(problem, of))


def _members(problem: Problem, of: str) -> Bools:
    """``bool[G]``: the groups of the family."""
    own = np.zeros(len(problem.groups), np.bool_)
    own[list(problem.families[of])] = True
    return own


def _only(problem: Problem, chosen: Bools) -> Problem:
    """With nothing to do for the other groups."""
    still = (replace(group, start=0, stop=0, movable=False) for group in problem.groups)
    groups = tuple(group if here else other for here, group, other in zip(chosen, problem.groups, still, strict=True))
    return replace(problem, groups=groups)


__all__ = ["ahead", "behind", "beside", "near"]
