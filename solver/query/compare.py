"""What a comparison says of one value."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from solver.query import regex
from solver.query.order import against, instant
from solver.query.syntax import Comparison, Operator, SubjectKind

_SIGNS: dict[Operator, tuple[int, ...]] = {
    Operator.EQUAL: (0,),
    Operator.NOT_EQUAL: (-1, 1),
    Operator.LESS: (-1,),
    Operator.LESS_EQUAL: (-1, 0),
    Operator.GREATER: (1,),
    Operator.GREATER_EQUAL: (0, 1),
}

_LEADING_V = re.compile(r"v(?=[0-9])")


def text_test(comparison: Comparison) -> Callable[[str], bool]:
    """Whether a value that is there satisfies the comparison, negation included (§3.3).

    ``==`` and ``in`` compare text exactly and by case. For ``registeredAt``, whose values are instants that have many
    spellings, ``==`` means the same instant. ``agentVersion`` is compared without a leading ``v`` on either side.
    """
    positive = _positive_test(comparison)
    if comparison.operator.is_negative:
        return lambda value: not positive(value)
    return positive


def _positive_test(comparison: Comparison) -> Callable[[str], bool]:
    operator, argument, kind = comparison.operator.positive, comparison.argument, comparison.subject.kind
    if operator is Operator.EXISTS:
        return lambda value: True
    if operator is Operator.MATCHES:
        return regex.matcher(argument[0])
    if operator is Operator.IN:
        members = frozenset(argument)
        return lambda value: value in members
    if kind is SubjectKind.AGENT_VERSION:
        test = _ordered(operator, _without_v(argument[0]))
        return lambda value: test(_without_v(value))
    if kind is SubjectKind.REGISTERED_AT and operator is Operator.EQUAL:
        moment = instant(argument[0])
        return lambda value: value == argument[0] or (moment is not None and instant(value) == moment)
    return _ordered(operator, argument[0])


def _ordered(operator: Operator, argument: str) -> Callable[[str], bool]:
    if operator is Operator.EQUAL:
        return lambda value: value == argument
    signs, compare = _SIGNS[operator], against(argument)
    return lambda value: compare(value) in signs


def _without_v(version: str) -> str:
    return _LEADING_V.sub("", version, count=1) if version.startswith("v") else version


def selected_groups(comparison: Comparison, groups: Sequence[str]) -> tuple[str, ...]:
    """Of these groups, in their order, those that the positive form of a ``task:group`` comparison selects.

    ``task:group != a`` gives ``("a",)``; ``exists`` and ``!exists`` give every group.

    Raises
    ------
    ValueError
        If the comparison reads something else.
    """
    if comparison.subject.kind is not SubjectKind.TASK_GROUP:
        raise ValueError(f"comparison: reads {comparison.subject}; give one of task:group")
    test = _positive_test(comparison)
    return tuple(group for group in groups if test(group))


def holds_count(comparison: Comparison, count: int) -> bool:
    """Whether a ``runningTasksCount`` comparison holds of an instance with this many tasks.

    Raises
    ------
    ValueError
        If the comparison reads something else.
    """
    if comparison.subject.kind is not SubjectKind.RUNNING_TASKS_COUNT:
        raise ValueError(f"comparison: reads {comparison.subject}; give one of runningTasksCount")
    limit = int(comparison.argument[0])
    return (count > limit) - (count < limit) in _SIGNS[comparison.operator]
