"""Expressions over a cluster: which instances one selects, in one state (§3.3)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from solver.domain.columns import TextColumn
from solver.query.compare import holds_count, selected_groups, text_test
from solver.query.facts import Facts
from solver.query.syntax import And, Comparison, Expression, Not, Operator, SubjectKind


def evaluate(expression: Expression, facts: Facts) -> NDArray[np.bool_]:
    """``bool[I]``: where the expression holds.

    Each comparison is decided once a distinct value and spread over the instances.
    """
    if isinstance(expression, Comparison):
        return evaluate_comparison(expression, facts)
    if isinstance(expression, Not):
        return ~evaluate(expression.part, facts)
    join = np.logical_and if isinstance(expression, And) else np.logical_or
    holds = evaluate(expression.parts[0], facts)
    for part in expression.parts[1:]:
        holds = join(holds, evaluate(part, facts))
    return holds


def evaluate_comparison(comparison: Comparison, facts: Facts) -> NDArray[np.bool_]:
    """``bool[I]``: where one comparison holds.

    A value that is not there makes every comparison false but ``!exists``. An instance has as many values of
    ``task:group`` as groups with a task on it. A positive operator holds where any of them is selected (ECS document,
    section 4.2). A negative one holds where at least one task is and no group with a task is selected; that
    is ours, after the same rule for attributes: without a task there is no value. So ``task:group != a`` leaves
    out an empty instance and ``not (task:group == a)`` does not. ``!exists`` holds where no task of a group is.
    """
    match comparison.subject.kind:
        case SubjectKind.AGENT_CONNECTED:
            test = text_test(comparison)
            return np.where(facts.agent_connected, test("true"), test("false"))
        case SubjectKind.RUNNING_TASKS_COUNT:
            counts, place = np.unique(facts.running_tasks, return_inverse=True)
            holds = np.fromiter((holds_count(comparison, int(count)) for count in counts), np.bool_, len(counts))
            return holds[place]
        case SubjectKind.TASK_GROUP:
            return _groups(comparison, facts)
        case _:
            return _text(comparison, _column(comparison, facts), facts.size)


def _column(comparison: Comparison, facts: Facts) -> TextColumn | None:
    match comparison.subject.kind:
        case SubjectKind.AGENT_VERSION:
            return facts.agent_version
        case SubjectKind.EC2_INSTANCE_ID:
            return facts.ec2_instance_id
        case SubjectKind.REGISTERED_AT:
            return facts.registered_at
        case _:
            return facts.attribute(comparison.subject.name)


def _text(comparison: Comparison, column: TextColumn | None, size: int) -> NDArray[np.bool_]:
    if column is None:
        return np.full(size, comparison.operator is Operator.NOT_EXISTS)
    if comparison.operator is Operator.NOT_EXISTS:
        return column.codes < 0
    test = text_test(comparison)
    return column.where(np.fromiter((test(value) for value in column.values), np.bool_, len(column.values)))


def _groups(comparison: Comparison, facts: Facts) -> NDArray[np.bool_]:
    selected = _holding_any(selected_groups(comparison, facts.task_groups), facts)
    if not comparison.operator.is_negative:
        return selected
    if comparison.operator is Operator.NOT_EXISTS:
        return ~selected
    return _holding_any(facts.task_groups, facts) & ~selected


def _holding_any(groups: Sequence[str], facts: Facts) -> NDArray[np.bool_]:
    """``bool[I]``: where a task of any of these groups is."""
    holding = np.zeros(facts.size, np.bool_)
    for group in groups:
        holding |= facts.tasks_of(group) > 0
    return holding
