"""``memberOf``: the instance satisfies an expression of the cluster query language (§3.2; ECS API PlacementConstraint).

An expression that reads ``task:group`` or ``runningTasksCount`` must hold before the operation and, where the group
starts a task, after it without the one task itself: what ECS refuses one by one is refused jointly too.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from solver.domain.columns import TextColumn
from solver.domain.counts import Bools, Ints
from solver.domain.placement import Placement
from solver.domain.problem import Problem
from solver.query import (
    comparisons,
    evaluate,
    evaluate_comparison,
    holds_count,
    parse,
    reads_state,
    selected_groups,
)
from solver.query.syntax import And, Comparison, Expression, Not, Operator, Or, SubjectKind
from solver.rules.base import Breaches, Constraint, Reading
from solver.rules.model import Literal, Model, Sum

TYPE = "memberOf"


@dataclass(frozen=True)
class MemberOf(Constraint):
    """The owner starts tasks only where ``expression`` holds."""

    owner: int
    expression: Expression
    text: str
    reason: str = "MemberOf placement constraint unsatisfied."

    @classmethod
    def parse(cls, owner: int, argument: str) -> MemberOf:
        """Read an expression.

        Raises
        ------
        InvalidQuery
            With the column and what was expected there.
        """
        return cls(owner, parse(argument), argument)

    @property
    def name(self) -> str:
        return f"{TYPE}({self.text})"

    @cached_property
    def counts(self) -> bool:
        """Whether the expression reads what a placement changes."""
        return reads_state(self.expression)

    @property
    def is_static(self) -> bool:
        return not self.counts

    def admits(self, problem: Problem, group: int) -> Bools:
        if group != self.owner:
            return super().admits(problem, group)
        return evaluate(self.expression, Placement(problem))

    def scope(self, problem: Problem) -> Iterable[int]:
        """The owner, and while it starts tasks, groups whose tasks change what the expression says."""
        if not self.counts or not problem.operation.startable[self.owner]:
            return (self.owner,)
        if any(leaf.subject.kind is SubjectKind.RUNNING_TASKS_COUNT for leaf in comparisons(self.expression)):
            return range(len(problem.groups))
        named = {g for name in self.names(problem) for g in problem.families[name]}
        return sorted({self.owner, *named})

    def names(self, problem: Problem) -> Iterable[str]:
        """Those that a comparison with ``task:group`` selects."""
        leaves = [leaf for leaf in comparisons(self.expression) if leaf.subject.kind is SubjectKind.TASK_GROUP]
        return [name for leaf in leaves for name in selected_groups(leaf, tuple(problem.families))]

    def stepwise(self, problem: Problem, group: int) -> bool:
        return self.counts

    def room(self, state: Placement, group: int) -> Ints:
        if not self.counts:
            return super().room(state, group)
        if group == self.owner:
            return (self.admits(state.problem, group) & evaluate(self.expression, state)).astype(np.int64)
        unconcerned = state.change(self.owner) <= 0
        if unconcerned.all():
            return unconcerned.astype(np.int64)
        holds = evaluate(self.expression, _Shifted(state, group, self.owner)) | unconcerned
        return holds.astype(np.int64)

    def readings(self, problem: Problem) -> Iterable[Reading]:
        """On each instance the owner's tasks, all tasks, and those of the families that a comparison selects."""
        if not self.counts:
            return
        yield Reading.of_groups(problem, [self.owner])
        everyone = tuple(problem.families)
        for leaf in comparisons(self.expression):
            chosen = selected_groups(leaf, everyone) if leaf.subject.kind is SubjectKind.TASK_GROUP else everyone
            yield Reading.of_groups(problem, [g for family in chosen for g in problem.families[family]])

    def compile(self, model: Model) -> None:
        if not self.counts:
            return
        before = Placement(model.problem)
        for i in model.candidates(self.owner).tolist():
            holds = _Compiled(model, before, self.owner, i).literal(self.expression)
            starts = model.at_least_one(model.started_over([self.owner], np.array([i])))
            model.require_one([model.opposite(starts), holds])

    def breaches(self, placement: Placement) -> Breaches:
        starts = np.maximum(placement.change(self.owner), 0)
        holds = evaluate(self.expression, placement.before)
        if self.counts:
            holds &= evaluate(self.expression, _Shifted(placement, None, self.owner))
        refused = np.where(holds, 0, starts)
        unit = "new tasks where the expression does not hold"
        return Breaches(refused, np.zeros_like(refused), placement.problem.cluster.label, unit)


class _Shifted:
    """A state with one task more of one group and one less of another, on every instance: for the query language."""

    def __init__(self, state: Placement, more: int | None, less: int) -> None:
        self._state = state
        groups = state.problem.groups
        self._shift: dict[str, int] = {groups[less].family: -1}
        if more is not None:
            self._shift[groups[more].family] = self._shift.get(groups[more].family, 0) + 1
        self.size = state.size
        self.agent_connected = state.agent_connected
        self.agent_version = state.agent_version
        self.ec2_instance_id = state.ec2_instance_id
        self.registered_at = state.registered_at
        self.task_groups: Sequence[str] = state.task_groups
        self.running_tasks: NDArray[np.int64] = state.running_tasks + (-1 if more is None else 0)

    def attribute(self, name: str) -> TextColumn | None:
        """Attributes do not shift."""
        return self._state.attribute(name)

    def tasks_of(self, family: str) -> NDArray[np.int64]:
        """The family's tasks, shifted."""
        return self._state.tasks_of(family) + self._shift.get(family, 0)


class _Compiled:
    """An expression as a literal of the model, on one instance, after the operation without one task of the owner."""

    def __init__(self, model: Model, before: Placement, owner: int, instance: int) -> None:
        self._model = model
        self._before = before
        self._family = model.problem.groups[owner].family
        self._instance = instance

    def literal(self, expression: Expression) -> Literal:
        """True exactly if the expression holds."""
        model = self._model
        match expression:
            case And(parts):
                return model.opposite(model.any_of([model.opposite(self.literal(part)) for part in parts]))
            case Or(parts):
                return model.any_of([self.literal(part) for part in parts])
            case Not(part):
                return model.opposite(self.literal(part))
            case Comparison() as leaf if leaf.subject.kind is SubjectKind.TASK_GROUP:
                return self._hosts(leaf)
            case Comparison() as leaf if leaf.subject.kind is SubjectKind.RUNNING_TASKS_COUNT:
                return self._counts(leaf)
            case leaf:
                return model.constant(bool(evaluate_comparison(leaf, self._before)[self._instance]))

    def _tasks(self, families: Sequence[str]) -> Sum:
        groups = [g for family in families for g in self._model.problem.families.get(family, ())]
        tasks = self._model.tasks_over(groups, np.array([self._instance]))
        return tasks + (-1 if self._family in families else 0)

    def _hosts(self, leaf: Comparison) -> Literal:
        model = self._model
        everyone = tuple(model.problem.families)
        if leaf.operator in (Operator.EXISTS, Operator.NOT_EXISTS):
            hosted = model.at_least_one(self._tasks(everyone))
            return hosted if leaf.operator is Operator.EXISTS else model.opposite(hosted)
        chosen = model.at_least_one(self._tasks(selected_groups(leaf, everyone)))
        if not leaf.operator.is_negative:
            return chosen
        empty = model.opposite(model.at_least_one(self._tasks(everyone)))
        return model.opposite(model.any_of([empty, chosen]))

    def _counts(self, leaf: Comparison) -> Literal:
        """``runningTasksCount``: the counts for which the comparison holds, as runs between its edges.

        A comparison with a number changes its answer only at that number and just after it.
        """
        model = self._model
        everyone = range(len(model.problem.groups))
        unlisted = int(model.problem.cluster.unlisted_tasks[self._instance])
        running = model.tasks_over(everyone, np.array([self._instance])) + (unlisted - 1)
        low, high = model.range_of(running)
        number = int(leaf.argument[0])
        edges = [low, *(edge for edge in (number, number + 1) if low < edge <= high), high + 1]
        runs = []
        for first, after in pairwise(edges):
            if holds_count(leaf, first):
                above = model.at_least(running, first)
                below = model.opposite(model.at_least(running, after))
                runs.append(model.opposite(model.any_of([model.opposite(above), model.opposite(below)])))
        return model.any_of(runs)
