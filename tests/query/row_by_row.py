"""The cluster query language a second time: one instance after the other, in plain Python over dicts.

It is what ``solver.query.evaluate`` is held against (§6.4) and shares only the syntax tree with it. A row has the keys
``attributes`` (name to value), ``agentConnected``, ``agentVersion``, ``ec2InstanceId``, ``registeredAt`` (text or
None), ``runningTasksCount`` and ``groups`` (task group to number of tasks).
"""

from __future__ import annotations

import calendar
import re
from typing import Any

from solver.query.syntax import And, Comparison, Expression, Not, Operator, Or, SubjectKind

Row = dict[str, Any]


def selects(expression: Expression, row: Row) -> bool:
    """Whether the expression selects the instance of this row."""
    if isinstance(expression, And):
        return all(selects(part, row) for part in expression.parts)
    if isinstance(expression, Or):
        return any(selects(part, row) for part in expression.parts)
    if isinstance(expression, Not):
        return not selects(expression.part, row)
    return _compares(expression, row)


def _compares(comparison: Comparison, row: Row) -> bool:
    kind, symbol, argument = comparison.subject.kind, comparison.operator.value, list(comparison.argument)
    if kind is SubjectKind.RUNNING_TASKS_COUNT:
        return _by_symbol(symbol, row["runningTasksCount"], int(argument[0]))
    if kind is SubjectKind.TASK_GROUP:
        values = [group for group, tasks in row["groups"].items() if tasks > 0]
    elif kind is SubjectKind.ATTRIBUTE:
        values = [row["attributes"][comparison.subject.name]] if comparison.subject.name in row["attributes"] else []
    elif kind is SubjectKind.AGENT_CONNECTED:
        values = ["true" if row["agentConnected"] else "false"]
    else:
        values = [row[kind.value]] if row[kind.value] is not None else []
    if comparison.operator is Operator.NOT_EXISTS:
        return not values
    if not values:
        return False
    if kind is SubjectKind.AGENT_VERSION:
        values = [_plain_version(value) for value in values]
        argument = [_plain_version(member) for member in argument]
    if kind is SubjectKind.REGISTERED_AT and symbol in ("==", "!=") and _moment(values[0]) and _moment(argument[0]):
        same = _moment(values[0]) == _moment(argument[0])
        return same if symbol == "==" else not same
    if symbol in ("!=", "!in", "!~"):
        opposite = {"!=": "==", "!in": "in", "!~": "=~"}[symbol]
        return not any(_one(opposite, value, argument) for value in values)
    return any(_one(symbol, value, argument) for value in values)


def _one(symbol: str, value: str, argument: list[str]) -> bool:
    if symbol == "exists":
        return True
    if symbol == "in":
        return value in argument
    if symbol == "=~":
        return re.fullmatch(argument[0], value) is not None
    if symbol == "==":
        return value == argument[0]
    left, right = _comparable(value, argument[0])
    return _by_symbol(symbol, left, right)


def _by_symbol(symbol: str, left: Any, right: Any) -> bool:
    return bool(
        {
            "==": left == right,
            "!=": left != right,
            "<": left < right,
            "<=": left <= right,
            ">": left > right,
            ">=": left >= right,
        }[symbol]
    )


def _comparable(left: str, right: str) -> tuple[Any, Any]:
    if _is_integer(left) and _is_integer(right):
        return int(left), int(right)
    if _is_version(left) and _is_version(right):
        longest = max(left.count("."), right.count(".")) + 1
        return _padded(left, longest), _padded(right, longest)
    if _moment(left) and _moment(right):
        return _moment(left), _moment(right)
    return left, right


def _is_integer(text: str) -> bool:
    digits = text[1:] if text[:1] in ("-", "+") else text
    return digits != "" and set(digits) <= set("0123456789")


def _is_version(text: str) -> bool:
    return all(part != "" and set(part) <= set("0123456789") for part in text.split("."))


def _padded(text: str, length: int) -> list[int]:
    components = [int(part) for part in text.split(".")]
    return components + [0] * (length - len(components))


def _plain_version(text: str) -> str:
    return text[1:] if text[:1] == "v" and text[1:2] and text[1:2] in "0123456789" else text


def _moment(text: str) -> tuple[int, int] | None:
    """Seconds since 1970 in UTC and microseconds; a row's dates are from 1970 on. None if it is no date."""
    found = re.fullmatch(
        r"(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,6}))?)?(Z|([+-])(\d\d):?(\d\d))?)?", text, re.A
    )
    if not found:
        return None
    year, month, day = (int(found[part]) for part in (1, 2, 3))
    hour, minute, second = (int(found[part] or 0) for part in (4, 5, 6))
    if not (year and 1 <= month <= 12 and 1 <= day <= calendar.monthrange(year, month)[1]):
        return None
    if hour > 23 or minute > 59 or second > 59:
        return None
    seconds = calendar.timegm((year, month, day, hour, minute, second))
    if found[9]:
        shift = int(found[10]) * 3600 + int(found[11]) * 60
        seconds += -shift if found[9] == "+" else shift
    return seconds, int((found[7] or "0").ljust(6, "0"))
