"""Expressions of the cluster query language as trees, and trees back as text (ECS document, section 4)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import TypeAlias

RESERVED_WORDS = frozenset({"and", "or", "not"})
"""Words that are no value unless quoted."""

SPECIAL_CHARACTERS = frozenset("()[],'\"<>=!&|")
"""Characters that end a bare word, as white space does."""


class SubjectKind(Enum):
    """What a comparison reads of an instance, by the word that names it."""

    AGENT_CONNECTED = "agentConnected"
    AGENT_VERSION = "agentVersion"
    ATTRIBUTE = "attribute"
    EC2_INSTANCE_ID = "ec2InstanceId"
    REGISTERED_AT = "registeredAt"
    RUNNING_TASKS_COUNT = "runningTasksCount"
    TASK_GROUP = "task:group"

    @property
    def is_dynamic(self) -> bool:
        """Whether starting or stopping a task can change it (§3.2)."""
        return self in (SubjectKind.RUNNING_TASKS_COUNT, SubjectKind.TASK_GROUP)


@dataclass(frozen=True)
class Subject:
    """The left side of a comparison; ``name`` is the attribute's, empty for every other kind."""

    kind: SubjectKind
    name: str = ""

    def __str__(self) -> str:
        return f"attribute:{self.name}" if self.kind is SubjectKind.ATTRIBUTE else self.kind.value


class Operator(Enum):
    """How a comparison compares, by its symbol."""

    EQUAL = "=="
    NOT_EQUAL = "!="
    LESS = "<"
    LESS_EQUAL = "<="
    GREATER = ">"
    GREATER_EQUAL = ">="
    IN = "in"
    NOT_IN = "!in"
    MATCHES = "=~"
    NOT_MATCHES = "!~"
    EXISTS = "exists"
    NOT_EXISTS = "!exists"

    def __str__(self) -> str:
        return self.value

    @property
    def is_negative(self) -> bool:
        """Whether it is ``!=``, ``!in``, ``!~`` or ``!exists``."""
        return self in _POSITIVE

    @property
    def positive(self) -> Operator:
        """The operator that it negates; itself where it negates none."""
        return _POSITIVE.get(self, self)


_POSITIVE = {
    Operator.NOT_EQUAL: Operator.EQUAL,
    Operator.NOT_IN: Operator.IN,
    Operator.NOT_MATCHES: Operator.MATCHES,
    Operator.NOT_EXISTS: Operator.EXISTS,
}

SPELLINGS: dict[str, Operator] = {operator.value: operator for operator in Operator} | {
    "equals": Operator.EQUAL,
    "not_equals": Operator.NOT_EQUAL,
    "less_than": Operator.LESS,
    "less_than_equal": Operator.LESS_EQUAL,
    "greater_than": Operator.GREATER,
    "greater_than_equal": Operator.GREATER_EQUAL,
    "not_in": Operator.NOT_IN,
    "matches": Operator.MATCHES,
    "not_matches": Operator.NOT_MATCHES,
    "not_exists": Operator.NOT_EXISTS,
}
"""Every operator in both spellings; ``in`` and ``exists`` have one."""

_EQUALITY = (Operator.EQUAL, Operator.NOT_EQUAL)
_ORDER = (Operator.LESS, Operator.LESS_EQUAL, Operator.GREATER, Operator.GREATER_EQUAL)
_MEMBERSHIP = (Operator.IN, Operator.NOT_IN)
_PATTERN = (Operator.MATCHES, Operator.NOT_MATCHES)
_EXISTENCE = (Operator.EXISTS, Operator.NOT_EXISTS)

OPERATORS: dict[SubjectKind, tuple[Operator, ...]] = {
    SubjectKind.AGENT_CONNECTED: _EQUALITY + _MEMBERSHIP + _PATTERN,
    SubjectKind.AGENT_VERSION: _EQUALITY + _ORDER,
    SubjectKind.ATTRIBUTE: tuple(Operator),
    SubjectKind.EC2_INSTANCE_ID: _EQUALITY + _MEMBERSHIP + _PATTERN,
    SubjectKind.REGISTERED_AT: _EQUALITY + _ORDER,
    SubjectKind.RUNNING_TASKS_COUNT: _EQUALITY + _ORDER,
    SubjectKind.TASK_GROUP: _EQUALITY + _MEMBERSHIP + _PATTERN + _EXISTENCE,
}
"""What each subject accepts (ECS document, section 4.2). Groups are named, not ordered: that part is ours."""


@dataclass(frozen=True)
class Comparison:
    """``subject operator argument``.

    Parameters
    ----------
    argument
        None of ``exists``; the members of ``in``'s list; exactly one of any other operator.
    column
        Where it begins in the text, 1-based; two comparisons that differ in this alone are equal.
    """

    subject: Subject
    operator: Operator
    argument: tuple[str, ...] = ()
    column: int = field(default=1, compare=False)

    def __str__(self) -> str:
        left = f"{self.subject} {self.operator}"
        if self.operator in _EXISTENCE:
            return left
        members = ", ".join(literal(value) for value in self.argument)
        return f"{left} [{members}]" if self.operator in _MEMBERSHIP else f"{left} {members}"


@dataclass(frozen=True)
class And:
    """All of the parts hold. A part that is an ``And`` itself is replaced by its parts."""

    parts: tuple[Expression, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "parts", _flat(And, self.parts))

    def __str__(self) -> str:
        return " and ".join(f"({part})" if isinstance(part, Or) else str(part) for part in self.parts)


@dataclass(frozen=True)
class Or:
    """At least one of the parts holds. A part that is an ``Or`` itself is replaced by its parts."""

    parts: tuple[Expression, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "parts", _flat(Or, self.parts))

    def __str__(self) -> str:
        return " or ".join(str(part) for part in self.parts)


@dataclass(frozen=True)
class Not:
    """The part does not hold."""

    part: Expression

    def __str__(self) -> str:
        return f"not ({self.part})" if isinstance(self.part, And | Or) else f"not {self.part}"


Expression: TypeAlias = And | Or | Not | Comparison


def _flat(kind: type[And] | type[Or], parts: tuple[Expression, ...]) -> tuple[Expression, ...]:
    flat: list[Expression] = []
    for part in parts:
        flat += part.parts if isinstance(part, kind) else (part,)
    if len(flat) < 2:
        raise ValueError(f"{kind.__name__}: has {len(flat)} parts; join two or more")
    return tuple(flat)


def is_word_character(character: str) -> bool:
    """Whether it may stand in a bare word."""
    return character not in SPECIAL_CHARACTERS and not character.isspace()


def literal(text: str) -> str:
    """A value as it stands in an expression: bare if it can be, else quoted, its own quotes doubled where needed."""
    if text and text not in RESERVED_WORDS and all(map(is_word_character, text)):
        return text
    if "'" in text and '"' not in text:
        return f'"{text}"'
    return "'" + text.replace("'", "''") + "'"


def comparisons(expression: Expression) -> Iterator[Comparison]:
    """The leaves of the tree, from left to right."""
    waiting: list[Expression] = [expression]
    while waiting:
        part = waiting.pop()
        if isinstance(part, Comparison):
            yield part
        elif isinstance(part, Not):
            waiting.append(part.part)
        else:
            waiting.extend(reversed(part.parts))


def reads_state(expression: Expression) -> bool:
    """Whether it reads ``task:group`` or ``runningTasksCount``, so that placing tasks can change it (§3.2)."""
    return any(comparison.subject.kind.is_dynamic for comparison in comparisons(expression))
