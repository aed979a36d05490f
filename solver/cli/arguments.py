"""Reads what is written on the command line: counts, durations, rules. Collects every fault before it refuses."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TypeVar

from solver.domain.request import MAX_START, RuleSpec
from solver.errors import Fault, InvalidRequest

T = TypeVar("T")

UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
LONGEST = 24 * 3600.0
SMALLEST_PRIORITY, LARGEST_PRIORITY = -(2**31), 2**31 - 1
_DURATION = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)(ms|s|m|h)", re.ASCII)
_INTEGER = re.compile(r"[+-]?\d{1,18}", re.ASCII)


class Arguments:
    """Collects the faults of several options, so that all are told at once."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []

    def fault(self, path: str, problem: str, remedy: str) -> None:
        """Note a fault."""
        self.faults.append(Fault(path, problem, remedy))

    def read(self, reader: Callable[[str, str], T], path: str, text: str | None, otherwise: T) -> T:
        """What ``reader(path, text)`` gives; ``otherwise`` where the option is absent or at fault."""
        if text is None:
            return otherwise
        try:
            return reader(path, text)
        except InvalidRequest as invalid:
            self.faults += invalid.faults
            return otherwise

    def refuse(self) -> None:
        """Raise what was collected, if anything was.

        Raises
        ------
        InvalidRequest
            With every fault.
        """
        if self.faults:
            raise InvalidRequest(self.faults)

    def counts(self, texts: Sequence[str]) -> dict[str, int]:
        """The new tasks wanted by group, from ``--group NAME=COUNT``."""
        return self._named("--group", "COUNT", texts, 1, MAX_START)

    def priorities(self, texts: Sequence[str], groups: Sequence[str]) -> dict[str, int]:
        """The priorities by group, from ``--priority NAME=N``; only groups that are asked for have one."""
        found = self._named("--priority", "N", texts, SMALLEST_PRIORITY, LARGEST_PRIORITY)
        for name in found:
            if name not in groups:
                known = ", ".join(groups) or "none"
                self.fault("--priority", f"'{name}' is not among the groups to place", f"must be one of {known}")
        return found

    def _named(self, path: str, what: str, texts: Sequence[str], least: int, most: int) -> dict[str, int]:
        found: dict[str, int] = {}
        for text in texts:
            name, equals, number = text.rpartition("=")
            if not equals or not name.strip():
                self.fault(path, f"'{text}' is not NAME={what}", f"write it like service:web=12, {what} a whole number")
            elif not _INTEGER.fullmatch(number.strip()) or not least <= int(number) <= most:
                problem = f"{what} of {name} is '{number}'"
                self.fault(path, problem, f"must be a whole number from {least:,} to {most:,}")
            elif name.strip() in found:
                self.fault(path, f"{name} is named twice", "name each group once")
            else:
                found[name.strip()] = int(number)
        return found


def duration(path: str, text: str) -> float:
    """Seconds, from ``200ms``, ``2s``, ``1.5m`` or ``1h``.

    Raises
    ------
    InvalidRequest
        If it is no duration, or zero, or more than a day.
    """
    found = _DURATION.fullmatch(text.strip())
    seconds = float(found[1]) * UNITS[found[2]] if found else 0.0
    if not 0 < seconds <= LONGEST:
        remedy = "must be a duration like 200ms, 2s or 1m, more than zero, up to 24h"
        raise InvalidRequest.at(path, f"is '{text}'", remedy)
    return seconds


def rule(path: str, text: str) -> RuleSpec:
    """A rule, from ``TYPE`` or ``TYPE:ARGUMENT``, split at the first colon.

    Raises
    ------
    InvalidRequest
        If it has no type.
    """
    kind, _, argument = text.partition(":")
    if not kind.strip():
        remedy = "write TYPE or TYPE:ARGUMENT, like distinctInstance or binpack:memory"
        raise InvalidRequest.at(path, f"'{text}' has no type", remedy)
    return RuleSpec(kind.strip(), argument.strip())
