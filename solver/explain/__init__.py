"""Why: the funnel, the conflict and the repairs of a shortfall (§7.1), the price of a rule (§7.2), why there (§7.3)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from solver.domain.explanation import FunnelStage, Repair, Shortfall
from solver.domain.placement import Placement
from solver.domain.problem import Problem
from solver.domain.request import Limits
from solver.domain.solution import Solution, Status
from solver.engines.deadline import Deadline
from solver.explain.conflict import Core, core
from solver.explain.costs import RulePrice, prices
from solver.explain.feasibility import MOST_SEARCHES, Prober
from solver.explain.funnel import closest, event, funnel
from solver.explain.repair import Repairer
from solver.explain.target import placed
from solver.explain.why import reasons, why
from solver.rules.bind import bind
from solver.rules.bound import Rules

MOST_FUNNELS = 1_000
"""Groups with a funnel; more than that nobody reads."""

FEW_SEARCHES = 2
"""Searches for the repairs of a conflict that is not proved: most would only run out of time."""

REPEATABLE_SEARCHES = 6
"""Searches for a conflict, and for its repairs, where a deterministic limit replaces the clock (§10.1)."""

LEAST_FUNNELS = 20
"""Groups that get their funnel even where no time is left; one takes some milliseconds."""

MOST_DETAILED = 5
"""Groups with a conflict and repairs where a deterministic limit replaces the clock (§10.1)."""


def shortfalls(
    rules: Rules,
    solution: Solution,
    limits: Limits,
    seconds: float,
    cancelled: Callable[[], bool] | None = None,
) -> tuple[Shortfall, ...]:
    """Why tasks of each group that falls short were not placed, in the order of priority.

    The first groups get their funnel whatever the time, the others while ``seconds`` last; conflicts come next, group by
    group, then repairs.

    Parameters
    ----------
    rules
        Of the request as it came.
    solution
        What the engines found.
    seconds
        Left for reasons; ignored under a deterministic limit, where the number of searches is what ends them.
    cancelled
        Asked between steps.
    """
    problem, tasks = rules.problem, solution.tasks
    if problem.operation.changes:
        return _after(problem, solution, limits, seconds, cancelled)
    repeatable = limits.deterministic_limit is not None
    deadline = Deadline(10**6 if repeatable else seconds, cancelled)
    had = placed(problem, tasks)
    short = [g for _, groups in problem.classes() for g in groups if had[g] < problem.wanted[g]]
    detailed = short[:MOST_DETAILED] if repeatable else short
    state = Placement(problem, tasks)
    funnels: dict[int, tuple[FunnelStage, ...]] = {}
    for g in short[:MOST_FUNNELS]:
        if len(funnels) >= LEAST_FUNNELS and deadline.passed():
            break
        funnels[g] = funnel(rules, tasks, g, state)
    cores: dict[int, Core] = {}
    repairs: dict[int, tuple[Repair, ...]] = {}
    for k, g in enumerate(detailed):
        if deadline.passed():
            break
        share = _part(deadline, len(detailed) - k, repeatable)
        prober = Prober(limits, share, REPEATABLE_SEARCHES if repeatable else MOST_SEARCHES)
        found = core(rules, tasks, g, prober, known_impossible=_proven(rules, solution, g))
        if found is not None:
            cores[g] = found
    for k, g in enumerate(detailed):
        if deadline.passed():
            break
        if g in cores:
            share = _part(deadline, len(detailed) - k, repeatable)
            searches = REPEATABLE_SEARCHES if repeatable else MOST_SEARCHES
            prober = Prober(limits, share, searches if cores[g].proven else FEW_SEARCHES)
            repairs[g] = Repairer(rules, tasks, g, cores[g], prober).repairs()
    return tuple(
        Shortfall(
            problem.groups[g].name,
            int(problem.wanted[g]),
            int(had[g]),
            _proven(rules, solution, g),
            funnels.get(g, ()),
            cores[g].conflict() if g in cores else None,
            repairs.get(g, ()),
        )
        for g in short
    )


def _after(
    problem: Problem, solution: Solution, limits: Limits, seconds: float, cancelled: Callable[[], bool] | None
) -> tuple[Shortfall, ...]:
    """Of a plan that also stops or moves tasks: why what it leaves out finds no place in the state that it ends in."""
    settled = problem.after(solution.tasks)
    found = shortfalls(bind(settled), solution, limits, seconds, cancelled)
    operation = problem.operation
    wanted = problem.wanted + operation.leaving.totals()
    missing = problem.missing(solution.tasks)
    asked = {group.name: (int(wanted[g]), int(missing[g])) for g, group in enumerate(problem.groups)}
    return tuple(
        replace(one, wanted=max(asked[one.group]), placed=max(asked[one.group]) - asked[one.group][1]) for one in found
    )


def _part(deadline: Deadline, open_groups: int, repeatable: bool) -> Deadline:
    """An equal share of what is left, twice over, since most groups need less."""
    return deadline if repeatable else deadline.part(min(1.0, 2.0 / open_groups))


def _proven(rules: Rules, solution: Solution, group: int) -> bool:
    """Whether no plan places more of the group's class."""
    if solution.status is Status.INFEASIBLE:
        return True
    name = f"unplaced/{rules.problem.groups[group].priority}"
    return any(tier.name == name and tier.proven for tier in solution.tiers)


__all__ = ["RulePrice", "closest", "event", "funnel", "prices", "reasons", "shortfalls", "why"]
