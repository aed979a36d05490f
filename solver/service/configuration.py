"""Options as TOML: read with every fault at its path, and printed so that they can be read again.

What there is to set is what the dataclasses have for fields, with their docstrings as comments: a dataclass within another is
a table. A field with ``metadata={"configured": False}`` is left out.
"""

from __future__ import annotations

import dataclasses
import difflib
import inspect
import json
import re
import textwrap
import tomllib
import types
from collections.abc import Iterator, Mapping
from enum import Enum
from pathlib import Path
from typing import TypeVar, Union, get_args, get_origin, get_type_hints

from solver.errors import Fault, InvalidRequest, UnreadableDocument

D = TypeVar("D")

MOST_BYTES = 2**20
"""Of a file."""

MOST_NUMBER = 2**63 - 1
"""What TOML promises to keep of a whole number."""

WIDTH = 120
"""Columns of what is printed."""

_KINDS = {bool: "true or false", int: "a whole number", float: "a number", str: "a text in quotes"}
_SECTION = re.compile(r"^(\w[\w ]*)\n-+$", re.MULTILINE)


def read_file(path: Path) -> Mapping[str, object]:
    """The entries of a file.

    Raises
    ------
    UnreadableDocument
        If it is missing, too large, or no TOML: with line and column.
    """
    try:
        with path.open("rb") as file:
            payload = file.read(MOST_BYTES + 1)
        if len(payload) > MOST_BYTES:
            raise UnreadableDocument.at(str(path), f"has more than {MOST_BYTES:,} bytes", "name a configuration")
        return tomllib.loads(payload.decode())
    except OSError as error:
        raise UnreadableDocument.at(str(path), f"cannot be read: {error.strerror}", "name a file") from None
    except UnicodeDecodeError:
        raise UnreadableDocument.at(str(path), "is not UTF-8", "write it in UTF-8") from None
    except (ValueError, RecursionError) as error:
        raise UnreadableDocument.at(str(path), f"is not TOML: {error}", "correct it there") from None


def options_of(kind: type[D], entries: Mapping[str, object]) -> D:
    """Options with the entries, and defaults for the rest.

    Parameters
    ----------
    kind
        A dataclass; a field is a truth value, a number, a text, a list of such, or a dataclass.
    entries
        As TOML has them.

    Raises
    ------
    InvalidRequest
        With every entry that is unknown, of another type, or refused by its dataclass, at its path: ``sizes.instances``.
    """
    faults: list[Fault] = []
    found = _built(kind, entries, "", faults)
    if faults or found is None:
        raise InvalidRequest(faults)
    return found


def printed(options: object) -> str:
    """Options as TOML, each with what it is above it."""
    return "\n".join(_lines(options, "")).strip() + "\n"


def described(kind: type) -> Mapping[str, str]:
    """What the docstring of a dataclass says of each of its fields."""
    text = inspect.getdoc(kind) or ""
    sections = _SECTION.split(text)
    found: dict[str, str] = {}
    for title, body in zip(sections[1::2], sections[2::2], strict=True):
        if title == "Parameters":
            for names, said in re.findall(r"^(\w[\w, ]*)\n((?:[ ]+.*\n?)+)", body, re.MULTILINE):
                for name in names.split(", "):
                    found[name] = " ".join(said.split()).replace("``", "")
    return found


def _settable(kind: type) -> Iterator[dataclasses.Field[object]]:
    for field in dataclasses.fields(kind):
        if field.init and field.metadata.get("configured", True):
            yield field


def _built(kind: type[D], entries: Mapping[str, object], prefix: str, faults: list[Fault]) -> D | None:
    """The options; None where the entries that have a fault are needed."""
    hints = get_type_hints(kind)
    names = [field.name for field in _settable(kind)]
    values: dict[str, object] = {}
    for name, value in entries.items():
        path = f"{prefix}{name}"
        if name not in names:
            near = difflib.get_close_matches(name, names, 1)
            remedy = f"did you mean '{near[0]}'?" if near else f"there are: {', '.join(names)}"
            faults.append(Fault(path, "is no option", remedy))
            continue
        before = len(faults)
        read = _value(hints[name], value, path, faults)
        if len(faults) == before:
            values[name] = read
    try:
        return kind(**values)
    except InvalidRequest as invalid:
        faults += [dataclasses.replace(fault, path=f"{prefix}{fault.path}") for fault in invalid.faults]
    except TypeError:
        needed = [
            field.name
            for field in _settable(kind)
            if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
        ]
        missing = [name for name in needed if name not in entries]
        faults += [Fault(f"{prefix}{name}", "is missing", f"must be said: {described(kind)[name]}") for name in missing]
    return None


def _value(hint: object, value: object, path: str, faults: list[Fault]) -> object:
    """A value as its type says; notes a fault where it is of another."""
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        (hint,) = (each for each in get_args(hint) if each is not types.NoneType)
        return _value(hint, value, path, faults)
    if origin is tuple:
        if isinstance(value, list):
            return tuple(_value(get_args(hint)[0], each, f"{path}[{k}]", faults) for k, each in enumerate(value))
        faults.append(Fault(path, f"is {_shown(value)}", "must be a list in brackets"))
        return None
    assert isinstance(hint, type)
    if dataclasses.is_dataclass(hint):
        if isinstance(value, dict):
            return _built(hint, value, f"{path}.", faults)
        faults.append(Fault(path, f"is {_shown(value)}", f"must be a table: [{path}]"))
        return None
    if issubclass(hint, Enum):
        known = [each.value for each in hint]
        if value in known:
            return hint(value)
        faults.append(Fault(path, f"is {_shown(value)}", f"must be {', '.join(map(_shown, known))}"))
        return None
    if isinstance(value, int) and abs(value) > MOST_NUMBER:
        faults.append(Fault(path, "is larger than any limit", f"must be at most {MOST_NUMBER:,}"))
        return None
    accepted = (int, float) if hint is float else (hint,)
    if not isinstance(value, accepted) or (isinstance(value, bool) and hint is not bool):
        faults.append(Fault(path, f"is {_shown(value)}", f"must be {_KINDS[hint]}"))
    return float(value) if hint is float and isinstance(value, int) else value


def _lines(options: object, prefix: str) -> Iterator[str]:
    kind = type(options)
    said = described(kind)
    tables = []
    for field in _settable(kind):
        value = getattr(options, field.name)
        if dataclasses.is_dataclass(value):
            tables.append((field.name, value))
            continue
        yield from _comment(said[field.name])
        yield f"# {field.name} is not set" if value is None else f"{field.name} = {_toml(value)}"
        yield ""
    for name, value in tables:
        yield from _comment(said[name])
        yield f"[{prefix}{name}]"
        yield ""
        yield from _lines(value, f"{prefix}{name}.")


def _comment(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent="# ", subsequent_indent="# ", break_on_hyphens=False)


def _toml(value: object) -> str:
    """A value as TOML writes it."""
    if isinstance(value, Enum):
        return _toml(value.value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return repr(value)


def _shown(value: object) -> str:
    """A value of a file, in a message: cut, and never more than a line."""
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list):
        return "a list"
    text = _toml(value) if isinstance(value, str | bool | int | float) else str(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
