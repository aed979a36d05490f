"""Files of JSON, with an error that says where one is none; a large text is read element by element.

While ``json`` reads a text nothing else in the process runs: a third of a second for 27 MB. Answers of the ECS API are lists of
elements that are small each, so that only what is around them is read here.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from solver.errors import TooLarge, UnreadableDocument

LARGE = 2**20
"""Characters of a text that is read element by element."""

AROUND = 3
"""Lists and objects around an element: the pages of a file, an answer, and its member."""

_SPACE = re.compile(r"[ \t\n\r]*")


def bytes_of(path: Path, most: int) -> bytes:
    """The bytes of a file.

    Raises
    ------
    UnreadableDocument
        If it cannot be read.
    TooLarge
        If it has more than ``most``.
    """
    try:
        if path.stat().st_size > most:
            raise TooLarge(f"{path.name} has {path.stat().st_size:,} bytes; at most {most:,} are read")
        return path.read_bytes()
    except OSError as wrong:
        problem = f"cannot be read: {wrong.strerror or wrong}"
        raise UnreadableDocument.at(path.name, problem, "must be a readable file") from wrong


def json_value(content: bytes, name: str, what: str) -> object:
    """The value of a JSON text.

    Parameters
    ----------
    name, what
        Where it comes from, and what it should be, for the errors.

    Raises
    ------
    UnreadableDocument
        If it is no JSON.
    """
    try:
        # PowerShell's redirection writes UTF-16 with a byte-order mark, some editors UTF-8 with one.
        text = content.decode(json.detect_encoding(content)).removeprefix("\ufeff")
        return _value(text)
    except json.JSONDecodeError as wrong:
        at_end = not wrong.doc[wrong.pos :].strip()
        where = f"{name}: line {wrong.lineno}, column {wrong.colno}"
        problem = "the file ends in the middle" if at_end else f"is no JSON: {wrong.msg}"
        raise UnreadableDocument.at(where, problem, "write the whole answer again") from wrong
    except UnicodeDecodeError as wrong:
        problem = f"is not text: byte {wrong.start + 1} is no {wrong.encoding}"
        raise UnreadableDocument.at(name, problem, "must be JSON in UTF-8") from wrong
    except RecursionError as wrong:
        raise UnreadableDocument.at(name, "is nested too deeply", f"must be {what}") from wrong
    except ValueError as wrong:
        raise UnreadableDocument.at(name, f"is no JSON: {wrong}", f"must be {what}") from wrong


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is no number")


def _value(text: str) -> object:
    if len(text) <= LARGE:
        return json.loads(text, parse_constant=_no_constant)
    reader = _Outer(text)
    value, at = reader.value(reader.behind_space(0), AROUND)
    at = reader.behind_space(at)
    if at != len(text):
        raise json.JSONDecodeError("Extra data", text, at)
    return value


class _Outer:
    """Reads what is around the elements of a text, and has each element read at once."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._decode = json.JSONDecoder(parse_constant=_no_constant).raw_decode

    def behind_space(self, at: int) -> int:
        """Where the next character is that is no space."""
        found = _SPACE.match(self.text, at)
        return at if found is None else found.end()

    def value(self, at: int, around: int) -> tuple[object, int]:
        """The value that begins at a place, and where it ends; ``around`` lists and objects more are taken apart."""
        first = self.text[at : at + 1]
        if around and first == "[":
            return self._list(at + 1, around - 1)
        if around and first == "{":
            return self._object(at + 1, around - 1)
        return self._decode(self.text, at)

    def _list(self, at: int, around: int) -> tuple[list[object], int]:
        found: list[object] = []
        at = self.behind_space(at)
        if self.text[at : at + 1] == "]":
            return found, at + 1
        while True:
            value, at = self.value(at, around)
            found.append(value)
            at, is_last = self._next(at, "]")
            if is_last:
                return found, at

    def _object(self, at: int, around: int) -> tuple[dict[str, object], int]:
        found: dict[str, object] = {}
        at = self.behind_space(at)
        if self.text[at : at + 1] == "}":
            return found, at + 1
        while True:
            if self.text[at : at + 1] != '"':
                raise json.JSONDecodeError("Expecting property name enclosed in double quotes", self.text, at)
            key, at = self._decode(self.text, at)
            at = self.behind_space(at)
            if self.text[at : at + 1] != ":":
                raise json.JSONDecodeError("Expecting ':' delimiter", self.text, at)
            found[key], at = self.value(self.behind_space(at + 1), around)
            at, is_last = self._next(at, "}")
            if is_last:
                return found, at

    def _next(self, at: int, closing: str) -> tuple[int, bool]:
        """Where the next element begins behind a comma; or, with True, what is behind the closing bracket."""
        at = self.behind_space(at)
        sign = self.text[at : at + 1]
        if sign == closing:
            return at + 1, True
        if sign != ",":
            raise json.JSONDecodeError("Expecting ',' delimiter", self.text, at)
        return self.behind_space(at + 1), False
