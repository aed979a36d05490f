"""The last look at a plan before it is handed on: every condition of the problem, in plain numpy (§6.4)."""

from __future__ import annotations

import numpy as np

from solver.engines.patterns.problem import PackingProblem, Started


def holds(problem: PackingProblem, started: Started) -> bool:
    """Whether the plan starts everything wanted and keeps capacity, eligibility, zone bounds and caps."""
    group, instance, count = started.group, started.instance, started.count
    if len(group) == 0:
        return not problem.wanted.any() and not problem.lower.any()
    if count.min() <= 0 or min(group.min(), instance.min()) < 0:
        return False
    if group.max() >= problem.groups or instance.max() >= problem.instances:
        return False
    if len(np.unique(group * problem.instances + instance)) != len(group):
        return False
    if problem.admits is not None and not problem.admits[problem.admitted(group), instance].all():
        return False
    if problem.limit is not None and (count > problem.limit[group]).any():
        return False
    load = np.zeros_like(problem.free)
    np.add.at(load, instance, problem.demand[group] * count[:, None])
    if ((load > np.maximum(problem.free, 0)) & (load > 0)).any():
        return False
    placed = np.zeros((problem.groups, problem.zones), dtype=np.int64)
    np.add.at(placed, (group, problem.zone[instance]), count)
    if (placed.sum(axis=1) != problem.wanted).any():
        return False
    return bool(((placed >= problem.lower) & (placed <= problem.upper)).all())


def opened(problem: PackingProblem, started: Started) -> int:
    """Empty instances that the plan uses."""
    used = np.unique(started.instance)
    return int(problem.empty[used].sum())


def weight(problem: PackingProblem, started: Started) -> int:
    """``sum of count * weight[instance]``; 0 where no weight is asked for."""
    if problem.weight is None:
        return 0
    return int((started.count * problem.weight[started.instance]).sum())
