"""Reads kept plans again: every fault of a file at its path, and nothing that the report would trip over."""

from __future__ import annotations

import math
import types
from collections.abc import Callable, Iterable
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from pathlib import Path
from typing import TypeVar, Union, get_args, get_origin, get_type_hints

from solver.errors import Fault, InvalidRequest
from solver.formats.json_text import bytes_of, json_value
from solver.formats.kept_plan import FORMAT, KeptPlan

T = TypeVar("T")

MOST_BYTES = 256 * 2**20
"""Of a file: some 300,000 instances."""

REMEDY = "have the command write it again"


def read_kept_plan(path: Path) -> KeptPlan:
    """The plan of a file.

    Raises
    ------
    UnreadableDocument
        If it cannot be read, or is no JSON.
    InvalidRequest
        With every field that is missing, unknown or of the wrong kind, or does not go with the others.
    TooLarge
        If it has more than 256 MiB.
    """
    return read_kept(path, KeptPlan, "the plan of a placement-solver", FORMAT, _inner_faults)


def read_kept(
    path: Path, kind: type[T], said: str, number: int, inner_faults: Callable[[str, T], Iterable[Fault]]
) -> T:
    """What a file holds of a dataclass that was kept as JSON.

    Parameters
    ----------
    said
        What the file should be, for people.
    number
        The format of such files.
    inner_faults
        What does not go with other fields; asked of what has every field right, with the path.

    Raises
    ------
    UnreadableDocument, InvalidRequest, TooLarge
        As ``read_kept_plan`` does.
    """
    value = json_value(bytes_of(path, MOST_BYTES), str(path), said)
    if isinstance(value, dict) and value.get("format") != number:
        problem = f"is {value.get('format')!r}" if "format" in value else "is missing"
        raise InvalidRequest.at(f"{path}: format", problem, f"must be {number}: {REMEDY}")
    reader = _Reader(str(path))
    found = reader.value(value, kind, "")
    if reader.faults or not isinstance(found, kind):
        raise InvalidRequest(reader.faults)
    if faults := list(inner_faults(str(path), found)):
        raise InvalidRequest(faults)
    return found


def _inner_faults(path: str, plan: KeptPlan) -> list[Fault]:
    """What each instance says is of the resources and the groups that there are."""
    found = []
    amounts = len(plan.resources)
    for g, group in enumerate(plan.groups):
        if len(group.demand) != amounts:
            remedy = f"must have one for each of {amounts} resources"
            found.append(Fault(f"{path}: groups[{g}].demand", f"has {len(group.demand)} amounts", remedy))
    for k, one in enumerate(plan.instances):
        for name in ("capacity", "used_before", "used_after"):
            count = len(getattr(one, name))
            if count != amounts:
                remedy = f"must have one for each of {amounts} resources"
                found.append(Fault(f"{path}: instances[{k}].{name}", f"has {count} amounts", remedy))
        for c, cell in enumerate(one.cells):
            if not 0 <= cell.group < len(plan.groups):
                where = f"{path}: instances[{k}].cells[{c}].group"
                found.append(Fault(where, f"is {cell.group}", f"must be below {len(plan.groups)}"))
    return found


class _Reader:
    """Values of JSON as those of annotations: dataclasses, tuples, dictionaries of text, enums and plain values."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.faults: list[Fault] = []

    def value(self, value: object, kind: object, where: str) -> object:
        """The value as one of a kind; None, and a fault, where it is none."""
        if isinstance(kind, type) and is_dataclass(kind):
            return self._object(value, kind, where)
        if isinstance(kind, type) and issubclass(kind, Enum):
            return self._member(value, kind, where)
        if get_origin(kind) in (Union, types.UnionType):
            (inner,) = (one for one in get_args(kind) if one is not type(None))
            return None if value is None else self.value(value, inner, where)
        if get_origin(kind) is tuple:
            return self._list(value, get_args(kind)[0], where)
        if get_origin(kind) is dict:
            return self._texts(value, where)
        return self._plain(value, kind, where)

    def _fault(self, where: str, problem: str, remedy: str) -> None:
        self.faults.append(Fault(f"{self.path}: {where}" if where else self.path, problem, remedy))

    def _object(self, value: object, kind: type, where: str) -> object:
        if not isinstance(value, dict):
            self._fault(where, "is no object", f"must be an object with {', '.join(_fields(kind))}")
            return None
        known = _fields(kind)
        inner = {name: f"{where}.{name}" if where else name for name in (*known, *map(str, value))}
        for name in value:
            if name not in known:
                self._fault(inner[str(name)], "is not known", f"must be one of {', '.join(known)}")
        for name in known:
            if name not in value:
                self._fault(inner[name], "is missing", REMEDY)
        if not known.keys() <= value.keys():
            return None
        found = {name: self.value(value[name], inside, inner[name]) for name, inside in known.items()}
        make: Callable[..., object] = kind
        return make(**found)

    def _member(self, value: object, kind: type[Enum], where: str) -> object:
        for member in kind:
            if value == member.value:
                return member
        self._fault(where, f"is {_shown(value)}", f"must be one of {', '.join(str(one.value) for one in kind)}")
        return None

    def _list(self, value: object, kind: object, where: str) -> object:
        if not isinstance(value, list):
            self._fault(where, f"is {_shown(value)}", "must be a list")
            return ()
        return tuple(self.value(one, kind, f"{where}[{k}]") for k, one in enumerate(value))

    def _texts(self, value: object, where: str) -> object:
        if not isinstance(value, dict):
            self._fault(where, f"is {_shown(value)}", "must be an object of texts")
            return {}
        return {name: self.value(one, str, f"{where}.{name}") for name, one in value.items()}

    def _plain(self, value: object, kind: object, where: str) -> object:
        right: dict[object, tuple[str, bool]] = {
            bool: ("true or false", isinstance(value, bool)),
            int: ("a whole number", isinstance(value, int) and not isinstance(value, bool)),
            float: (
                "a finite number",
                isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value),
            ),
            str: ("a text", isinstance(value, str)),
        }
        said, is_right = right[kind]
        if not is_right:
            self._fault(where, f"is {_shown(value)}", f"must be {said}")
        return value


@cache
def _fields(kind: type) -> dict[str, object]:
    """The annotations of a dataclass by field."""
    hints = get_type_hints(kind)
    return {field.name: hints[field.name] for field in fields(kind)} if is_dataclass(kind) else {}


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."
