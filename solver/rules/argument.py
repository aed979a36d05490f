"""Arguments of rules as they are written: ``field, number``."""

from __future__ import annotations

import re

from solver.errors import InvalidRequest

_WHOLE = re.compile(r"[+-]?[0-9]{1,20}")


def split(argument: str, usage: str, least: int, most: int) -> list[str]:
    """The comma-separated parts of an argument.

    Raises
    ------
    InvalidRequest
        If there are fewer than ``least`` or more than ``most``, or one is empty.
    """
    parts = [part.strip() for part in argument.split(",", most - 1)] if argument.strip() else []
    if not least <= len(parts) <= most or not all(parts):
        raise InvalidRequest.at("argument", f"is '{argument}'", f"must be {usage}")
    return parts


def whole_number(text: str, what: str, least: int, most: int = 2**31) -> int:
    """A whole number between ``least`` and ``most``.

    Raises
    ------
    InvalidRequest
        If the text is something else.
    """
    # int() reads other scripts' digits and underscores too; of more than 20 digits nothing is within any bounds.
    number = int(text) if _WHOLE.fullmatch(text) else least - 1
    if not least <= number <= most:
        raise InvalidRequest.at("argument", f"{what} is '{text}'", f"must be a whole number from {least} to {most:,}")
    return number


def field_name(text: str) -> str:
    """A field that tells instances apart: ``instanceId``, ``host`` or ``attribute:NAME``.

    Raises
    ------
    InvalidRequest
        If the text is something else.
    """
    if text in ("instanceId", "host"):
        return "instanceId"
    if text.startswith("attribute:") and len(text) > len("attribute:"):
        return text
    raise InvalidRequest.at("argument", f"field is '{text}'", "must be instanceId, host or attribute:NAME")


def companion(argument: str) -> tuple[str, str, int | None]:
    """The family, the field and, in the soft form, the weight of an affinity.

    Raises
    ------
    InvalidRequest
        If it is not ``group, field[, weight]``, the field is not one, or the weight is not a whole number from 1.
    """
    parts = split(argument, "GROUP, FIELD or GROUP, FIELD, WEIGHT", 2, 3)
    weight = whole_number(parts[2], "weight", 1, 10**6) if len(parts) == 3 else None
    return parts[0], field_name(parts[1]), weight


def nothing(argument: str) -> None:
    """The rule takes no argument.

    Raises
    ------
    InvalidRequest
        If one is given.
    """
    if argument.strip():
        raise InvalidRequest.at("argument", f"is '{argument}'", "must be left out: the rule takes none")
