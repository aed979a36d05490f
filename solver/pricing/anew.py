"""A request whose tasks are placed anew: what may move is taken off its instances first, however many tasks that moves."""

from __future__ import annotations

from dataclasses import replace

from solver.domain.counts import Bools, Counts
from solver.domain.placement import Placement
from solver.domain.problem import Problem
from solver.query import comparisons, evaluate
from solver.query.syntax import SubjectKind
from solver.rules.bind import bind
from solver.rules.member_of import MemberOf


def anew(problem: Problem) -> tuple[Problem, tuple[str, ...]]:
    """The request with every task that may move wanted once more, and what is said of it.

    What runs on an instance that takes no new tasks stays there. A ``memberOf`` that reads where tasks are holds before and
    after (§3.2). Where nothing runs yet it mostly holds before (``not(task:group == cache)``), and what it says of the end is
    what matters. A group whose rule needs others to be there moves from where it is, and so do those that it names. One that
    needs a number of tasks stays; where new tasks of it wait, nothing is placed anew.
    """
    operation = problem.operation
    if problem.device_groups or not operation.changes:
        return problem, ()
    stoppable, movers = operation.stoppable, operation.moving.copy()
    open_ = problem.open_to_change[stoppable.instance]
    rules = _needing(problem, problem.running - _cells(stoppable, movers[stoppable.group] & open_))
    counting = {rule.owner: rule for rule in rules if _counts_all(rule)}
    waiting = [g for g in counting if problem.wanted[g]]
    if waiting:
        name, rule = problem.groups[waiting[0]].name, counting[waiting[0]]
        return problem, (f"{name}: {rule.name} counts what runs, so that tasks move one by one, which takes longer",)
    reading = {rule.owner for rule in rules}
    reading |= {g for rule in rules for name in rule.names(problem) for g in problem.families[name]}
    movers[list(reading)] = False
    taken = movers[stoppable.group] & open_
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
            movable=problem.groups[g].movable and g in reading - counting.keys(),
            stop=min(problem.groups[g].stop, int(rest[g])) if not movers[g] else 0,
        )
        for g, group in enumerate(fresh.groups)
    )
    again = replace(
        fresh,
        groups=groups,
        frozen=problem.frozen,
        all_or_nothing=problem.all_or_nothing,
        tasks=tuple(task for task in problem.tasks if not movers[task.group]),
    )
    return again, tuple(
        f"{problem.groups[g].name} stays where it is: {rule.name} counts what runs (with a budget of moves it moves)"
        for g, rule in counting.items()
        if operation.moving[g]
    )


def _needing(problem: Problem, left: Counts) -> list[MemberOf]:
    """The rules that hold somewhere now and would not where only ``left`` runs."""
    rules = [rule for rule in bind(problem).constraints if isinstance(rule, MemberOf) and rule.counts]
    now, then = Placement(problem), Placement(problem, left)
    return [rule for rule in rules if (evaluate(rule.expression, now) & ~evaluate(rule.expression, then)).any()]


def _counts_all(rule: MemberOf) -> bool:
    return any(leaf.subject.kind is SubjectKind.RUNNING_TASKS_COUNT for leaf in comparisons(rule.expression))


def _cells(counts: Counts, chosen: Bools) -> Counts:
    shape = (counts.groups, counts.instances)
    return Counts.of(shape, counts.group[chosen], counts.instance[chosen], counts.count[chosen])


__all__ = ["anew"]
