"""Reads what is written on the command line: counts, durations, rules. Collects every fault before it refuses."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypedDict, TypeVar

from solver.domain.request import MAX_START, MOST_OF_SLOT, Engine, RuleSpec
from solver.errors import Fault, InvalidRequest

if TYPE_CHECKING:
    from solver.domain.problem import Problem
    from solver.formats.cluster import Cluster

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

    def read(self, reader: Callable[[str, str], T], path: str, text: str) -> list[T]:
        """What ``reader(path, text)`` gives; nothing where it is at fault."""
        try:
            return [reader(path, text)]
        except InvalidRequest as invalid:
            self.faults += invalid.faults
            return []

    @contextmanager
    def together(self) -> Iterator[None]:
        """Raise what was collected together with what is raised inside.

        Raises
        ------
        InvalidRequest
            With every fault.
        """
        try:
            yield
        except InvalidRequest as invalid:
            if not self.faults:
                raise
            raise InvalidRequest([*self.faults, *invalid.faults]) from invalid
        if self.faults:
            raise InvalidRequest(self.faults)

    def wish(
        self,
        groups: Sequence[str] | None,
        priorities: Sequence[str] | None,
        frozen: Sequence[str] | None,
        constraints: Sequence[str] | None,
        strategies: Sequence[str] | None,
    ) -> Wish:
        """What the options ask for, as far as it can be read."""
        before = len(self.faults)
        starts = self.counts(groups or ())
        readable = len(self.faults) == before
        rules = {"--constraint": constraints, "--strategy": strategies}
        specs = {path: self.rules(path, texts) for path, texts in rules.items()}
        if len(groups or ()) != 1:
            for path in [path for path, texts in rules.items() if texts]:
                self.fault(path, f"is given for {len(groups or ())} groups", "needs exactly one --group")
                specs[path] = None
        return Wish(
            starts,
            self.priorities(priorities or (), list(starts)) if readable else {},
            tuple(frozen or ()),
            specs["--constraint"],
            specs["--strategy"],
            readable,
        )

    def rules(self, path: str, texts: Sequence[str] | None) -> tuple[RuleSpec, ...] | None:
        """The rules of a repeated option, in order; None where it is not given."""
        return tuple(spec for text in texts for spec in self.read(rule, path, text)) if texts else None

    def limits(
        self,
        time_limit: str | None,
        engine: str | None,
        seed: str | None,
        deterministic_limit: str | None,
        workers: str | None,
    ) -> LimitOptions:
        """The fields of ``Limits`` that the options set; ``solver.api`` judges their range."""
        found: LimitOptions = {}
        if time_limit is not None:
            for seconds in self.read(duration, "--time-limit", time_limit):
                found["time_limit"] = seconds
        if engine is not None:
            found["engine"] = Engine(engine)
        if seed is not None:
            for ties in self.read(whole, "--seed", seed):
                found["seed"] = ties
        if deterministic_limit is not None:
            for fixed in self.read(number, "--deterministic-limit", deterministic_limit):
                found["deterministic_limit"] = fixed
        if workers is not None:
            for threads in self.read(whole, "--workers", workers):
                found["workers"] = threads
        return found

    def counts(self, texts: Sequence[str], path: str = "--group", least: int = 1) -> dict[str, int]:
        """How many tasks by group, from ``--group NAME=COUNT``."""
        return self._named(path, "COUNT", texts, least, MAX_START)

    def movers(self, texts: Sequence[str] | None) -> dict[str, int | None] | None:
        """The groups that may move, each with the most of its tasks, from ``--group NAME[=MOVES]``; None without any."""
        if not texts:
            return None
        found: dict[str, int | None] = {}
        for text in texts:
            name = (text.rpartition("=")[0] or text).strip()
            if name in found:
                self.fault("--group", f"{name} is named twice", "name each group once")
            else:
                most = self._named("--group", "MOVES", [text], 0, MAX_START) if "=" in text else {}
                found[name] = most.get(name)
        return found

    def costs(self, texts: Sequence[str] | None) -> dict[str, int]:
        """What moving a task counts by group, from ``--move-cost NAME=N``."""
        return self._named("--move-cost", "N", texts or (), 0, MAX_START)

    def slot(self, text: str | None) -> dict[str, int]:
        """Amounts by resource, from ``--slot RESOURCE=AMOUNT,...``; whether the cluster has them is seen later."""
        found: dict[str, int] = {}
        for part in text.split(",") if text is not None else ():
            name, equals, amount = (piece.strip() for piece in part.partition("="))
            if not equals or not name:
                remedy = "write it like cpu=4096,memory=8192"
                self.fault("--slot", f"'{part.strip()}' is not RESOURCE=AMOUNT", remedy)
            elif not _INTEGER.fullmatch(amount) or not 1 <= int(amount) <= MOST_OF_SLOT:
                remedy = f"must be a whole number from 1 to {MOST_OF_SLOT:,}"
                self.fault("--slot", f"AMOUNT of {name} is '{amount}'", remedy)
            elif name in found:
                self.fault("--slot", f"{name} is named twice", "name each resource once")
            else:
                found[name] = int(amount)
        return found

    def prices(self, texts: Sequence[str] | None) -> dict[str, float]:
        """Of an instance for an hour by type, from ``--price TYPE=PRICE``; whether they make sense is seen later."""
        found: dict[str, float] = {}
        for text in texts or ():
            for name, amount in self.read(priced, "--price", text):
                if name in found:
                    self.fault("--price", f"{name} is named twice", "name each type once")
                found[name] = amount
        return found

    def ranks(self, texts: Sequence[str] | None) -> dict[str, int]:
        """The priorities by group, from ``--priority NAME=N``; whether the groups exist is seen later."""
        return self._named("--priority", "N", texts or (), SMALLEST_PRIORITY, LARGEST_PRIORITY)

    def tasks(self, path: str, text: str | None, most: int = MAX_START) -> int | None:
        """A number of tasks, or of something else up to ``most``; None where it is not given."""
        if text is None:
            return None
        found = self.read(whole, path, text)
        if found and not 0 <= found[0] <= most:
            self.fault(path, f"is '{text}'", f"must be a whole number from 0 to {most:,}")
            return None
        return found[0] if found else None

    def priorities(self, texts: Sequence[str], groups: Sequence[str]) -> dict[str, int]:
        """The priorities by group, from ``--priority NAME=N``; only groups that are asked for have one."""
        found = self._named("--priority", "N", texts, SMALLEST_PRIORITY, LARGEST_PRIORITY)
        for name in found:
            if name not in groups:
                known = ", ".join(groups) or "none"
                self.fault("--priority", f"'{name}' is not among the groups to place", f"must be one of {known}")
        # One fault is enough: the reader of the cluster would refuse the name once more.
        return {name: priority for name, priority in found.items() if name in groups}

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


class LimitOptions(TypedDict, total=False):
    """The fields of ``solver.domain.request.Limits`` that options set; what is not given keeps its value."""

    time_limit: float
    engine: Engine
    seed: int
    deterministic_limit: float
    workers: int


@dataclass(frozen=True)
class Wish:
    """What is asked of a cluster.

    Parameters
    ----------
    starts
        New tasks by group.
    priorities, frozen, constraints, strategies
        As ``solver.cli.source.Cluster.request`` takes them.
    readable
        Whether all of ``starts`` could be read; else only the names that are unknown matter.
    """

    starts: Mapping[str, int]
    priorities: Mapping[str, int]
    frozen: tuple[str, ...]
    constraints: tuple[RuleSpec, ...] | None
    strategies: tuple[RuleSpec, ...] | None
    readable: bool = True

    @property
    def is_empty(self) -> bool:
        """Whether nothing is asked."""
        return not (self.starts or self.priorities or self.frozen or self.constraints or self.strategies)

    def applied_to(self, cluster: Cluster) -> tuple[Problem, tuple[str, ...]]:
        """The problem of doing so on a cluster, and warnings.

        Raises
        ------
        InvalidRequest
            If nothing is to be placed, or with every unknown name.
        """
        if not self.readable and not self.starts:
            return cluster.problem, ()
        if not self.starts and not cluster.problem.wanted.any():
            known = ", ".join(group.name for group in cluster.problem.groups[:20])
            remedy = f"write --group NAME=COUNT; the cluster has {known or 'no group'}"
            raise InvalidRequest.at("--group", "is missing: nothing is to be placed", remedy)
        return cluster.request(
            self.starts,
            constraints=self.constraints,
            strategies=self.strategies,
            priorities=self.priorities,
            frozen=self.frozen,
        )


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


def whole(path: str, text: str) -> int:
    """A whole number.

    Raises
    ------
    InvalidRequest
        If it is none, or has more than 18 digits.
    """
    if not _INTEGER.fullmatch(text.strip()):
        raise InvalidRequest.at(path, f"is '{text}'", "must be a whole number")
    return int(text)


def priced(path: str, text: str) -> tuple[str, float]:
    """An instance type and its price, from ``TYPE=PRICE``.

    Raises
    ------
    InvalidRequest
        If there is no type or no number.
    """
    name, equals, amount = text.rpartition("=")
    if not equals or not name.strip():
        raise InvalidRequest.at(path, f"'{text}' is not TYPE=PRICE", "write it like m5.large=0.096")
    return name.strip(), number(f"{path} {name.strip()}", amount)


def number(path: str, text: str) -> float:
    """A number, with decimals or without.

    Raises
    ------
    InvalidRequest
        If it is none.
    """
    try:
        found = float(text)
    except ValueError:
        found = math.nan
    if not math.isfinite(found):
        raise InvalidRequest.at(path, f"is '{text}'", "must be a number, like 2 or 0.5")
    return found


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
