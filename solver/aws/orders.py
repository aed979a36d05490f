"""What a plan orders: the tasks that ECS is told to start and to stop, in waves."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from solver.formats.listed import AS_ROLE
from solver.formats.plan import Row

MOST_INSTANCES = 10
"""Container instances of one StartTask call, each of which gets one task (ECS API, StartTask)."""

SERVICE = "service:"

_PINNED = re.compile(r"(?P<group>.+)@(?P<key>[A-Za-z0-9_-]+:\d+)")
_REVISION = re.compile(r"family:(?P<family>[A-Za-z0-9_-]+):\d+")


@dataclass(frozen=True)
class Start:
    """A task that is to start.

    Parameters
    ----------
    line
        Of the plan, which tells it from every other order.
    name
        The group as the plan names it.
    group
        ECS's task group.
    definition
        The ARN of the task definition.
    instance
        The ARN of the container instance.
    moves
        The ARN of the task whose place it takes; empty for a new one.
    overrides, network
        What the call says of them, as JSON; empty for nothing.
    tags
        Name and value, as the moved task has them.
    can_execute
        Whether commands may be run in the moved task.
    """

    line: int
    name: str
    group: str
    definition: str
    instance: str
    moves: str = ""
    overrides: str = ""
    network: str = ""
    tags: tuple[tuple[str, str], ...] = ()
    can_execute: bool = False

    @property
    def key(self) -> str:
        """``family:revision``."""
        return self.definition.rsplit("/", 1)[-1]

    @property
    def place(self) -> tuple[str, str, str, str]:
        """What a task that is there has in common with the order that started it."""
        return self.group, self.definition, self.instance, self.overrides

    @property
    def alike(self) -> tuple[object, ...]:
        """What one call says once for all its tasks."""
        return self.name, self.group, self.definition, self.overrides, self.network, self.tags, self.can_execute


@dataclass(frozen=True)
class Stop:
    """A task that is to stop: by its ARN, where the plan has seen it."""

    line: int
    name: str
    group: str
    task: str
    instance: str
    is_move: bool


@dataclass(frozen=True)
class Wave:
    """Orders that follow when those of the wave before have come true.

    All starts come first and must be up, then the stops: so a task that moves never runs nowhere, and a wave holds
    whatever the order inside it (§9.2).
    """

    number: int
    starts: tuple[Start, ...]
    stops: tuple[Stop, ...]


def plan_id(rows: Iterable[Row]) -> str:
    """The name of a plan by its content, as ``startedBy`` takes it: at most 36 letters, digits, ``-``, ``_`` and ``/``.

    The order of the rows and the writing of the file do not count.
    """
    cells = sorted((r.action, r.group, r.task, r.instance, r.from_instance, starts_in(r), stops_in(r)) for r in rows)
    return f"placement-solver/{hashlib.sha256(json.dumps(cells).encode()).hexdigest()[:16]}"


def starts_in(row: Row) -> int:
    """The wave in which a row's task starts; the first one where it names none."""
    return int(row.start_step or row.step or 1)


def stops_in(row: Row) -> int:
    """The wave in which a row's task stops; the first one where it names none."""
    return int(row.stop_step or row.step or 1)


def parts_of(name: str) -> tuple[str, str]:
    """ECS's task group and the task definition that a group's name pins, empty for none (``solver.formats.ecs``).

    ``family:batch:7`` is of ``family:batch``, ``etl@nightly:1`` of ``etl``; a role of the tasks' own is left out.
    """
    name = name.partition(AS_ROLE)[0]
    if pinned := _PINNED.fullmatch(name):
        return pinned["group"], pinned["key"]
    if revision := _REVISION.fullmatch(name):
        return f"family:{revision['family']}", name.removeprefix("family:")
    return name, ""


def calls_of(starts: Sequence[Start]) -> Iterator[tuple[Start, ...]]:
    """The starts call by call: those that a call can say together, on at most ten instances, each named once.

    The instances with the most starts left come first, so that the calls are as few as can be.
    """
    kinds: dict[tuple[object, ...], list[Start]] = {}
    for start in starts:
        kinds.setdefault(start.alike, []).append(start)
    for some in kinds.values():
        left: dict[str, list[Start]] = {}
        for start in some:
            left.setdefault(start.instance, []).append(start)
        while left:
            chosen = sorted(left, key=lambda instance: -len(left[instance]))[:MOST_INSTANCES]
            yield tuple(left[instance].pop(0) for instance in chosen)
            left = {instance: rest for instance, rest in left.items() if rest}


def essence(overrides: object) -> str:
    """Overrides as JSON without what says nothing: ECS lists each container, also where nothing is overridden."""
    found = _without_empty(overrides)
    return json.dumps(found, sort_keys=True) if found else ""


def _without_empty(value: object) -> object:
    if isinstance(value, dict):
        kept = {name: _without_empty(part) for name, part in value.items()}
        kept = {name: part for name, part in kept.items() if part not in (None, {}, [])}
        return {} if set(kept) == {"name"} else kept
    if isinstance(value, list):
        return [part for part in map(_without_empty, value) if part not in (None, {}, [])]
    return value


def counted(names: Iterable[str]) -> str:
    """Names with how often each comes, for a message: ``i-1 x2, i-2``."""
    return ", ".join(name if count == 1 else f"{name} x{count}" for name, count in Counter(names).items())
