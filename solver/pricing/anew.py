"""A request whose tasks are placed anew: what may move is taken off its instances first, however many tasks that moves."""

from __future__ import annotations

from dataclasses import replace

from solver.domain.counts import Bools, Counts
from solver.domain.problem import Problem
from solver.query import comparisons
from solver.query.syntax import SubjectKind
from solver.rules.bind import bind
from solver.rules.member_of import MemberOf


def anew(problem: Problem) -> tuple[Problem, tuple[str, ...]]:
    """The request with every task that may move wanted once more, and what is said of it.

    What runs on an instance that takes no new tasks stays there, and so do groups with a ``memberOf`` that reads where tasks
    are, and those that it names: such a rule reads the state before (§3.2), in which they would be nowhere. Where new tasks
    of such a group wait and it counts all tasks, everything stays, and moves as the request lets it.
    """
    operation = problem.operation
    if problem.device_groups or not operation.changes:
        return problem, ()
    rules = [rule for rule in bind(problem).constraints if isinstance(rule, MemberOf) and rule.counts]
    counting = [rule for rule in rules if problem.wanted[rule.owner] and _counts_all(rule)]
    if counting:
        name = problem.groups[counting[0].owner].name
        return problem, (
            f"{name}: {counting[0].name} counts what runs, so that tasks move one by one, which takes longer",
        )
    staying = {rule.owner for rule in rules}
    staying |= {g for rule in rules for name in rule.names(problem) for g in problem.families[name]}
    movers = operation.moving.copy()
    movers[list(staying)] = False
    stoppable = operation.stoppable
    taken = movers[stoppable.group] & problem.open_to_change[stoppable.instance]
    said = _said(problem, staying)
    if not taken.any():
        return problem, said
    left = problem.running - _cells(stoppable, taken)
    fresh = problem.after(left)
    start = [group.start for group in fresh.groups]
    rest = stoppable.totals() - _cells(stoppable, taken).totals()
    # What may stop and was not taken is as it was: to be stopped where that was asked for, else to stay.
    groups = tuple(
        replace(
            group,
            start=max(start[g], 0),
            all_or_nothing=problem.groups[g].all_or_nothing and start[g] > 0,
            stop=min(problem.groups[g].stop, int(rest[g])) if not movers[g] else 0,
        )
        for g, group in enumerate(fresh.groups)
    )
    return replace(
        fresh,
        groups=groups,
        frozen=problem.frozen,
        all_or_nothing=problem.all_or_nothing,
        tasks=tuple(task for task in problem.tasks if not movers[task.group]),
    ), said


def _counts_all(rule: MemberOf) -> bool:
    return any(leaf.subject.kind is SubjectKind.RUNNING_TASKS_COUNT for leaf in comparisons(rule.expression))


def _cells(counts: Counts, chosen: Bools) -> Counts:
    shape = (counts.groups, counts.instances)
    return Counts.of(shape, counts.group[chosen], counts.instance[chosen], counts.count[chosen])


def _said(problem: Problem, staying: set[int]) -> tuple[str, ...]:
    totals = problem.running.totals()
    named = [problem.groups[g].name for g in sorted(staying) if totals[g] and problem.operation.moving[g]]
    if not named:
        return ()
    return (
        f"{', '.join(named)} stay where they are: a memberOf reads where their tasks run (with a budget of moves they move)",
    )


__all__ = ["anew"]
