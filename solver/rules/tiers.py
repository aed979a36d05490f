"""The tiers of the objective, in order (§5.1)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from solver.domain.problem import Problem, by_priority
from solver.domain.request import Preempt
from solver.rules import binpack, least_fragmentation, spread
from solver.rules.base import Constraint, Cost, Strategy
from solver.rules.broken import Broken
from solver.rules.emptying import ToEmpty
from solver.rules.moved import Moved
from solver.rules.slot import Slot
from solver.rules.soft import Soft
from solver.rules.unplaced import Preempted, Unplaced


def tiers_of(
    problem: Problem,
    constraints: tuple[Constraint, ...],
    chains: tuple[tuple[Strategy, ...], ...],
    soft: tuple[Cost, ...],
) -> tuple[Cost, ...]:
    """What is minimised: tasks placed, what the request asks for, the chains of the groups, soft rules, moves.

    Parameters
    ----------
    constraints
        All of them, of which few are to be broken.
    chains
        Each group's strategies.
    soft
        The soft rules of all groups.
    """
    operation = problem.operation
    changing = set(operation.stoppable.group.tolist()) | set(np.flatnonzero(problem.wanted).tolist())
    moving = tuple(g for g in sorted(changing) if operation.moving[g])
    tiers: list[Cost] = list(_first_tiers(problem, moving))
    if problem.freedom.empty:
        tiers += [ToEmpty.of(problem), *([Moved(moving)] if moving else [])]
    if problem.freedom.repair:
        tiers.append(Broken(constraints))
    if problem.freedom.consolidate:
        tiers.append(binpack.InUse.of(problem))
    if problem.freedom.slot:
        tiers.append(Slot.of(problem))
    asked = operation.asked > 0
    wanting = [g for g in sorted(changing) if problem.wanted[g] or asked[g] or operation.moving[g]]
    for position in range(max((len(chains[g]) for g in wanting), default=0)):
        here = [chains[g][position] for g in wanting if position < len(chains[g])]
        tiers += spread.costs(position + 1, [rule for rule in here if isinstance(rule, spread.Spread)])
        tiers += binpack.costs(position + 1, [rule for rule in here if isinstance(rule, binpack.Binpack)])
        fragmenting = [rule for rule in here if isinstance(rule, least_fragmentation.LeastFragmentation)]
        tiers += least_fragmentation.costs(position + 1, fragmenting)
    if soft:
        tiers.append(Soft(soft))
    if moving and not (problem.freedom.interleaved or problem.freedom.empty):
        tiers.append(Moved(moving))
    return tuple(tiers)


def _first_tiers(problem: Problem, moving: tuple[int, ...]) -> Iterator[Cost]:
    """Class by class: what is stopped for others, what is not placed, and where asked for what moves."""
    operation, freedom = problem.operation, problem.freedom
    preempted = [g for g in range(len(problem.groups)) if operation.kept[g] < operation.staying[g]]
    wanted = dict(problem.classes())
    classes = by_priority(problem.groups, {*preempted, *(g for groups in wanted.values() for g in groups), *moving})
    for priority, groups in classes:
        lost = tuple(g for g in groups if g in preempted)
        if freedom.preempt is Preempt.ANY:
            wanted[priority] = tuple(sorted({*lost, *wanted.get(priority, ())}))
        elif lost:
            yield Preempted(priority, lost)
        if wanted.get(priority):
            yield Unplaced(priority, wanted[priority])
        if freedom.interleaved and (movers := tuple(g for g in groups if g in moving)):
            yield Moved(movers, priority)
