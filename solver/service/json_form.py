"""Protobuf JSON text -> message, with every fault at its path.

The parser of the protobuf package stops at the first fault and keeps the last of two equal names; this one lists all
faults and drops nothing. It reads the kinds of field that our messages have: numbers, text, truth values, enums,
messages, lists, and maps from text.
"""

from __future__ import annotations

import difflib
import json
import math
import re
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from solver.errors import Fault, InvalidRequest, TooLarge, UnreadableDocument

if TYPE_CHECKING:
    from google._upb._message import Descriptor as UpbDescriptor

    Json: TypeAlias = None | bool | int | float | str | list["Json"] | dict[str, "Json"]

M = TypeVar("M", bound=Message)

_BOUNDS = {
    FieldDescriptor.CPPTYPE_INT32: (-(2**31), 2**31 - 1),
    FieldDescriptor.CPPTYPE_INT64: (-(2**63), 2**63 - 1),
    FieldDescriptor.CPPTYPE_UINT32: (0, 2**32 - 1),
    FieldDescriptor.CPPTYPE_UINT64: (0, 2**64 - 1),
}
_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,30})")
_SURROGATE = re.compile("[\ud800-\udfff]")


class _Repeated(dict[str, "Json"]):
    """A JSON object in which a name stands twice."""

    twice: tuple[str, ...] = ()


def read(text: str, message: M, most_characters: int) -> M:
    """Fill an empty message from protobuf JSON.

    Raises
    ------
    UnreadableDocument
        If the text is not JSON, with line and column.
    InvalidRequest
        With every field that is unknown or of the wrong kind.
    TooLarge
        If the text has more characters than ``most_characters``.
    """
    if len(text) > most_characters:
        raise TooLarge(f"document: has {len(text):,} characters; at most {most_characters:,}")
    value = _parsed(text)
    faults: list[Fault] = []
    _Reader(faults).message(value, message, "")
    if faults:
        raise InvalidRequest(faults)
    return message


def _parsed(text: str) -> Json:
    try:
        value: Json = json.loads(text.removeprefix("\ufeff"), object_pairs_hook=_object, parse_constant=_no_number)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        problem = f"is not JSON: {error.msg[0].lower()}{error.msg[1:]}"
        raise UnreadableDocument([Fault(where, problem, "give one complete JSON object")]) from None
    except RecursionError:
        raise UnreadableDocument([Fault("document", "is nested too deeply", "give a JSON request")]) from None
    except ValueError as error:
        raise UnreadableDocument([Fault("document", f"is not JSON: {error}", "give finite numbers")]) from None
    return value


def _object(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    times = Counter(name for name, _ in pairs)
    repeated = _Repeated(found)
    repeated.twice = tuple(name for name in found if times[name] > 1)
    return repeated


def _no_number(name: str) -> Json:
    raise ValueError(f"{name} is no number")


class _Reader:
    """Fills messages field by field and collects the faults; ``path`` is where the value stands."""

    def __init__(self, faults: list[Fault]) -> None:
        self.faults = faults
        self._fields: dict[str, dict[str, FieldDescriptor]] = {}

    def fault(self, path: str, problem: str, remedy: str) -> None:
        self.faults.append(Fault(path or "document", problem, remedy))

    def message(self, value: Json, message: Message, path: str) -> None:
        if not isinstance(value, dict):
            self.fault(path, f"is {_shown(value)}", f"must be an object, a {message.DESCRIPTOR.name}")
            return
        self._names_once(value, path)
        fields = self._fields_of(message.DESCRIPTOR)
        given: set[str] = set()
        for name, part in value.items():
            field = fields.get(name)
            where = f"{path}.{name}" if path else name
            if field is None:
                close = difflib.get_close_matches(name, fields, 1)
                known = ", ".join(sorted({f.name for f in fields.values()}))
                remedy = f"did you mean '{close[0]}'?" if close else f"it has {known or 'no field'}"
                self.fault(where, f"is not a field of {message.DESCRIPTOR.name}", remedy)
                continue
            where = f"{path}.{field.name}" if path else field.name
            if field.name in given:
                self.fault(where, "stands twice, in both spellings", "give each field once")
            given.add(field.name)
            if part is not None:
                self._field(part, message, field, where)

    def _fields_of(self, descriptor: Descriptor | UpbDescriptor) -> dict[str, FieldDescriptor]:
        known = self._fields.get(descriptor.full_name)
        if known is None:
            known = {field.name: field for field in descriptor.fields}
            known |= {field.json_name: field for field in descriptor.fields}
            self._fields[descriptor.full_name] = known
        return known

    def _names_once(self, value: dict[str, Json], path: str) -> None:
        if isinstance(value, _Repeated):
            for name in value.twice:
                self.fault(f"{path}.{name}" if path else name, "stands twice", "give each name once")

    def _field(self, value: Json, message: Message, field: FieldDescriptor, path: str) -> None:
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            self._map(value, message, field, path)
        elif field.is_repeated:
            self._list(value, message, field, path)
        elif field.message_type is not None:
            part = getattr(message, field.name)
            part.SetInParent()
            self.message(value, part, path)
        else:
            self._scalar(value, field, path, lambda found: setattr(message, field.name, found))

    def _map(self, value: Json, message: Message, field: FieldDescriptor, path: str) -> None:
        if not isinstance(value, dict):
            self.fault(path, f"is {_shown(value)}", "must be an object, values by name")
            return
        self._names_once(value, path)
        target = getattr(message, field.name)
        inside = field.message_type.fields_by_name["value"]
        for name, part in value.items():
            if _SURROGATE.search(name):
                self.fault(path, "has a name that is no text", "must be Unicode")
                continue
            self._scalar(part, inside, f"{path}[{name}]", partial(target.__setitem__, name))

    def _list(self, value: Json, message: Message, field: FieldDescriptor, path: str) -> None:
        if not isinstance(value, list):
            self.fault(path, f"is {_shown(value)}", "must be a list")
            return
        target = getattr(message, field.name)
        for at, part in enumerate(value):
            if field.message_type is not None:
                self.message(part, target.add(), f"{path}[{at}]")
            else:
                self._scalar(part, field, f"{path}[{at}]", target.append)

    def _scalar(self, value: Json, field: FieldDescriptor, path: str, put: Callable[[object], None]) -> None:
        found: object = None
        if field.enum_type is not None:
            found = self._enum(value, field, path)
        elif field.cpp_type in _BOUNDS:
            found = self._integer(value, field, path)
        elif field.cpp_type == FieldDescriptor.CPPTYPE_DOUBLE:
            found = self._number(value, path)
        elif field.cpp_type == FieldDescriptor.CPPTYPE_BOOL and isinstance(value, bool):
            found = value
        elif field.cpp_type == FieldDescriptor.CPPTYPE_STRING and isinstance(value, str):
            found = self._text(value, path)
        else:
            self._wrong(value, path, "true or false" if field.cpp_type == FieldDescriptor.CPPTYPE_BOOL else "text")
        if found is not None:
            put(found)

    def _text(self, value: str, path: str) -> str | None:
        if _SURROGATE.search(value):
            self._wrong(value, path, "Unicode without half of a surrogate pair")
            return None
        return value

    def _wrong(self, value: Json, path: str, right: str) -> None:
        self.fault(path, f"is {_shown(value)}", f"must be {right}")

    def _enum(self, value: Json, field: FieldDescriptor, path: str) -> int | None:
        values = field.enum_type.values_by_name
        if isinstance(value, str) and value in values:
            return int(values[value].number)
        if type(value) is int and value in field.enum_type.values_by_number:
            return value
        self._wrong(value, path, f"one of {', '.join(values)}")
        return None

    def _integer(self, value: Json, field: FieldDescriptor, path: str) -> int | None:
        if (isinstance(value, float) and value.is_integer()) or (isinstance(value, str) and _INTEGER.fullmatch(value)):
            value = int(value)
        if type(value) is not int:
            self._wrong(value, path, "a whole number")
            return None
        least, most = _BOUNDS[field.cpp_type]
        if not least <= value <= most:
            self._wrong(value, path, f"a whole number from {least:,} to {most:,}")
            return None
        return value

    def _number(self, value: Json, path: str) -> float | None:
        if isinstance(value, str):
            with suppress(ValueError):
                value = float(value)
        if isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 1e300:
            return float(value)
        self._wrong(value, path, "a finite number")
        return None


def _shown(value: Json) -> str:
    """A value as JSON, short enough for a message."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "a list"
    text = json.dumps(value, ensure_ascii=True)
    return text if len(text) <= 60 else f"{text[:57]}..."
