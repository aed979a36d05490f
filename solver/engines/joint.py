"""One model of a plan and of what becomes of it after each loss (the count model, once more for each loss).

For every loss the model has the tasks on the instances that are left: all that the plan has there, and what falls back on them.
Within one loss they share the room; the losses share nothing but the plan, since only one of them happens.

Rules that limit single instances mean the same in one step from now as after the plan was carried out. Others, such as
``maxSkew`` and ``affinity``, are judged from the state that the loss leaves, which the model does not know beforehand. With
them the model is searched twice: with all rules for plans, which are then checked as they are, and without those rules after
the loss for bounds, which hold since a rule less only adds plans.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from solver.compile import compile_model
from solver.cpsat.merging import TaskType
from solver.cpsat.model import BuildStopped, CountModel
from solver.domain.counts import Counts, Ints
from solver.domain.problem import Problem
from solver.domain.request import Limits
from solver.engines.deadline import Deadline
from solver.engines.exact import fits, search, starts_of
from solver.engines.fallback import Fallback
from solver.engines.incumbent import Incumbent
from solver.rules.base import Constraint
from solver.rules.bound import Rules
from solver.rules.resources import Resource
from solver.rules.terms import Apart, AtMost, Term

BOUNDS_SHARE = 0.6
"""Of the time, for the search for bounds where the one for plans is another."""

Witnesses = Callable[[Counts], Sequence[Counts]]
"""Of a plan that is held: tasks after each loss."""

Noted = Callable[[Counts, Sequence[Counts]], None]
"""Told the witnesses of a plan before it is offered."""


def improve(
    incumbent: Incumbent,
    fallbacks: Sequence[Fallback],
    witnesses: Witnesses,
    noted: Noted,
    limits: Limits,
    deadline: Deadline,
) -> bool:
    """Improve a plan that survives, and the bounds of all plans that do; whether a model was small enough to be built.

    Parameters
    ----------
    incumbent
        Its ``condition`` knows the witnesses that were ``noted``.
    """
    locally = [[rule for rule in one.rules.constraints if is_local(rule, one.rules.problem)] for one in fallbacks]
    wholly = [list(one.rules.constraints) for one in fallbacks]
    if [len(rules) for rules in locally] == [len(rules) for rules in wholly]:
        return _search(incumbent, fallbacks, locally, witnesses, noted, limits, deadline)
    bounds = _like(incumbent, None)
    built = _search(bounds, fallbacks, locally, witnesses, noted, limits, deadline.part(BOUNDS_SHARE))
    # Often enough what the model does not know is kept all the same.
    incumbent.offer(bounds.tasks)
    for tier, found in bounds.known().found.items():
        for bound in found:
            incumbent.add_bound(tier, bound.value, bound.source, bound.given)
    incumbent.cut_short |= bounds.cut_short
    if not incumbent.finished:
        plans = _like(incumbent, incumbent.condition)
        built = _search(plans, fallbacks, wholly, witnesses, noted, limits, deadline) or built
        incumbent.offer(plans.tasks)
        incumbent.cut_short |= plans.cut_short
    return built


def _like(incumbent: Incumbent, condition: Callable[[Counts], bool] | None) -> Incumbent:
    """Another search that begins with the same plan."""
    found = Incumbent(incumbent.rules, condition=condition)
    found.require_sequential(incumbent.tasks)
    return found


def is_local(rule: Constraint, problem: Problem) -> bool:
    """Whether the rule limits what is on single instances and nothing else, so that more tasks never mend it."""
    if rule.is_static or isinstance(rule, Resource):
        return True
    terms = rule.terms(problem)
    return terms is not None and all(_on_single_instances(term) for term in terms)


def _on_single_instances(term: Term) -> bool:
    return isinstance(term, AtMost | Apart) and np.array_equal(term.part, np.arange(len(term.part)))


def _search(
    incumbent: Incumbent,
    fallbacks: Sequence[Fallback],
    kept: Sequence[Sequence[Constraint]],
    witnesses: Witnesses,
    noted: Noted,
    limits: Limits,
    deadline: Deadline,
) -> bool:
    types = [_types(one.rules, rules) for one, rules in zip(fallbacks, kept, strict=True)]
    own = _types(incumbent.rules, incumbent.rules.constraints)
    starts = starts_of(own) + sum(map(starts_of, types))
    if not fits(starts, deadline.remaining()):
        incumbent.cut_short = True
        return False
    try:
        model = JointModel(incumbent.rules.problem, own, witnesses, noted, deadline.passed)
        compiled = compile_model(incumbent.rules, model=model)
        for one, rules, of_loss in zip(fallbacks, kept, types, strict=True):
            model.add(one, rules, of_loss, deadline.passed)
    except BuildStopped:
        incumbent.cut_short = True
        return False
    search(incumbent, compiled, limits, deadline)
    return True


def _types(rules: Rules, constraints: Sequence[Constraint]) -> list[TaskType]:
    """Every group that may start tasks by itself, since a loss tells the instances of each apart.

    Parameters
    ----------
    constraints
        Those of the rules that are kept.
    """
    some = rules if len(constraints) == len(rules.constraints) else replace(rules, constraints=tuple(constraints))
    startable = rules.problem.operation.startable.tolist()
    return [
        TaskType.single(g, np.minimum(some.ceiling(g), startable[g])) for g in range(len(startable)) if startable[g]
    ]


class JointModel(CountModel):
    """The count model of a plan, and beside it one for each loss.

    Parameters
    ----------
    witnesses, noted
        As ``improve`` takes them.
    """

    def __init__(
        self,
        problem: Problem,
        types: Sequence[TaskType],
        witnesses: Witnesses,
        noted: Noted,
        give_up: Callable[[], bool] | None = None,
    ) -> None:
        super().__init__(problem, types, give_up)
        self._witnesses = witnesses
        self._noted = noted
        self._parts: list[CountModel] = []

    def add(
        self,
        fallback: Fallback,
        rules: Sequence[Constraint],
        types: Sequence[TaskType],
        give_up: Callable[[], bool] | None = None,
    ) -> None:
        """Add a loss, with these of its rules.

        Raises
        ------
        BuildStopped
            Once ``give_up`` is true.
        """
        part = CountModel(fallback.rules.problem, types, give_up, self.cp)
        for rule in rules:
            rule.compile(part)
        self._parts.append(part)
        for g in range(len(self.problem.groups)):
            self._link(part, g, fallback)
        part.complete()
        # Tasks of the plan that have a place after the loss: all but as many as may be without one.
        covered = np.flatnonzero(fallback.covered).tolist()
        there, here = np.arange(fallback.rules.problem.cluster.size), np.arange(len(fallback.left))
        missing = self.expression(self.tasks_over(covered, here)) - part.expression(part.tasks_over(covered, there))
        self.cp.add(missing <= fallback.allowed)

    def _link(self, part: CountModel, g: int, fallback: Fallback) -> None:
        """After the loss the group has on each instance what the plan has there; more only if covered, and no more in all."""
        covered = bool(fallback.covered[g])
        for i in self.touched([g]).tolist():
            place = int(fallback.left[i])
            if place < 0:
                continue
            here, there = np.array([i]), np.array([place])
            starts, falls = (
                self.expression(self.started_over([g], here)),
                part.expression(part.started_over([g], there)),
            )
            self.cp.add(falls >= starts if covered else falls == starts)
            stops, gone = self.expression(self.stopped_over([g], here)), part.expression(part.stopped_over([g], there))
            self.cp.add(stops == gone)
        everywhere = np.arange(len(fallback.left))
        if covered:
            left = np.arange(fallback.rules.problem.cluster.size)
            whole = self.expression(self.tasks_over([g], everywhere))
            self.cp.add(part.expression(part.tasks_over([g], left)) <= whole)
            return
        # Where the plan starts none, nothing falls back either.
        only: Ints = np.setdiff1d(part.candidates(g), fallback.left[self.candidates(g)])
        if len(only):
            self.cp.add(part.expression(part.started_over([g], only)) == 0)

    def hint(self, tasks: Counts) -> None:
        """Hint every variable from a plan, after each loss from its witness."""
        super().hint(tasks)
        for part, witness in zip(self._parts, self._witnesses(tasks), strict=True):
            part.add_hint(witness)

    def decode(self, value: Callable[..., int]) -> Counts:
        """Counts after the operation, from a solution; its witnesses are noted."""
        tasks = super().decode(value)
        self._noted(tasks, [part.decode(value) for part in self._parts])
        return tasks
