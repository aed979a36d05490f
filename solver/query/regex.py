"""Regular expressions of the query language: RE2's syntax, in linear time and bounded memory (§3.3).

ECS documents Java's. What both write alike means the same here; what RE2 cannot do (look-around, back-references,
possessive quantifiers, class intersection and union) is refused with its place rather than read as something else.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol, cast

import re2

MEMORY = 1 << 20
"""Bytes that one compiled expression may take, its automata included; RE2 refuses a larger one."""


class Pattern(Protocol):
    """A compiled expression."""

    def fullmatch(self, text: bytes) -> object | None:
        """A match of the whole text, or None."""
        ...


@dataclass(frozen=True)
class RegexFault:
    """What is wrong at which offset (0-based, in characters), and what would be right."""

    offset: int
    problem: str
    remedy: str


def _compiled(pattern: bytes | str, never_capture: bool) -> Pattern:
    options = re2.Options()
    options.max_mem = MEMORY
    options.log_errors = False
    options.never_capture = never_capture
    return cast(Pattern, re2.compile(pattern, options))


def matcher(pattern: str) -> Callable[[str], bool]:
    """Whether an expression, in which ``fault`` finds none, matches the whole of a text, by case."""
    compiled = _compiled(pattern, never_capture=True)
    # Half of a surrogate pair is no character to RE2 either, so nothing but '.' and negated classes can match it.
    return lambda text: compiled.fullmatch(text.encode("utf-8", "surrogatepass")) is not None


def fault(pattern: str) -> RegexFault | None:
    """What is wrong with a regular expression; None if it can be used."""
    foreign = _foreign(pattern)
    error = _error(pattern.encode())
    if error is None:
        return foreign
    found = RegexFault(*_explained(pattern, error))
    return foreign if foreign and foreign.offset <= found.offset else found


def units(text: str, start: int = 0) -> Iterator[tuple[int, str, str]]:
    """The units of an expression that begins at ``start``: offset, text, and ``plain``, ``class`` or ``quoted``.

    A unit is a character, an escape or a named class. The brackets around a class are plain, what is inside is
    ``class``; what stands between ``\\Q`` and ``\\E`` is ``quoted``.
    """
    at, where, first = start, "plain", False
    while at < len(text):
        unit = text[at]
        if where == "quoted":
            unit = r"\E" if text.startswith(r"\E", at) else unit
        elif unit == "\\":
            unit = text[at : at + 2]
        elif where == "class" and text.startswith("[:", at) and ":]" in text[at + 2 :]:
            unit = text[at : text.index(":]", at + 2) + 2]
        if where == "class" and unit == "]" and not first:
            where = "plain"
        yield at, unit, where
        first = where == "class" and first and unit == "^" and text[at - 1] == "["
        if where == "plain" and unit == "[":
            where, first = "class", True
        elif where == "plain" and unit == r"\Q":
            where = "quoted"
        elif where == "quoted" and unit == r"\E":
            where = "plain"
        at += len(unit)


def _foreign(pattern: str) -> RegexFault | None:
    """What RE2 would accept but read otherwise than it is meant."""
    before = ""
    for offset, unit, where in units(pattern):
        if unit == r"\C" and where == "plain":
            return RegexFault(offset, r"'\C' matches a part of a character", "write '.' for any character")
        if where == "class" and unit == "&" and before == "&":
            return RegexFault(offset - 1, "'&&' (intersection) is not possible in a class", "list the characters")
        if where == "class" and unit == "[":
            return RegexFault(offset, "a class in a class is not possible", r"write one class, or '\[' for a bracket")
        before = unit if where == "class" else ""
    return None


def _error(pattern: bytes) -> str | None:
    try:
        _compiled(pattern, never_capture=False)
    except re2.error as error:
        message = error.args[0]
        return message.decode("utf-8", "replace") if isinstance(message, bytes) else str(message)
    return None


_CANNOT = (
    (re.compile(r"\(\?<[=!]"), "look-behind is not possible", "write it as a comparison of its own, joined by 'and'"),
    (re.compile(r"\(\?[=!]"), "look-ahead is not possible", "write it as a comparison of its own, joined by 'and'"),
    (re.compile(r"\(\?>"), "an atomic group is not possible", "write '(?:'"),
    (re.compile(r"\\[1-9k]|\(\?P="), "a back-reference is not possible", "write the text out"),
    (re.compile(r"([*+?]|\{[0-9,]+\})\+"), "a possessive quantifier is not possible", "leave out the last '+'"),
)
"""What Java can do and RE2 cannot, by how it begins."""


def _explained(pattern: str, error: str) -> tuple[int, str, str]:
    """Offset, problem and remedy for what RE2 says."""
    problem, _, fragment = error.partition(": ")
    offset = _offset(pattern, problem, fragment)
    for start, cannot, remedy in _CANNOT:
        if problem.startswith(("invalid perl", "invalid escape", "bad repetition")) and start.match(pattern, offset):
            return offset, cannot, remedy
    if problem == "missing )":
        return offset, "'(' is never closed", r"write ')' to close it, or '\(' for the character"
    if problem == "unexpected )":
        return offset, "')' closes nothing", r"write '(' before it, or '\)' for the character"
    if problem == "missing ]":
        return offset, "'[' is never closed", r"write ']' to close it, or '\[' for the character"
    if problem.startswith("pattern too large"):
        return 0, "the regular expression needs too much memory", "repeat less"
    shown = f" '{fragment}'" if fragment else ""
    return offset, f"{problem}{shown} in the regular expression", "write RE2 syntax"


def _offset(pattern: str, problem: str, fragment: str) -> int:
    """Where RE2 found the fault; RE2 itself says only what it found."""
    if problem in ("missing )", "unexpected )"):
        return _unbalanced(pattern)
    if problem == "missing ]":
        return len(pattern) - len(fragment)
    if problem.startswith("trailing"):
        return len(pattern) - 1
    # The last place of the fragment up to which all is well, but for brackets still open.
    at = pattern.rfind(fragment) if fragment else -1
    while at > 0:
        before = _error(pattern[:at].encode())
        if before is None or before.startswith("missing"):
            return at
        at = pattern.rfind(fragment, 0, at + len(fragment) - 1)
    return 0


def _unbalanced(pattern: str) -> int:
    opened: list[int] = []
    for offset, unit, where in units(pattern):
        if where == "plain" and unit == "(":
            opened.append(offset)
        elif where == "plain" and unit == ")":
            if not opened:
                return offset
            opened.pop()
    return opened[0] if opened else 0
