"""What every edit is: a value that makes another question of one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from typing import ClassVar, Self

from solver.domain.request import RuleSpec
from solver.errors import Fault, InvalidRequest, require
from solver.rules.bind import bind
from solver.whatif.asked import Asked
from solver.whatif.node import Node


class Edit(ABC):
    """One change of a cluster, of its groups, or of what is asked. Edits of a scenario apply in order."""

    NAME: ClassVar[str]
    """In YAML, and in the paths of faults."""

    @classmethod
    @abstractmethod
    def read(cls, node: Node) -> Self:
        """The edit that a document says; what is no value of the right kind is noted with the node."""

    @abstractmethod
    def applied_to(self, asked: Asked) -> Asked:
        """The question after the edit.

        Raises
        ------
        InvalidRequest
            With everything that is wrong with it on this cluster; paths are those of its own fields.
        """

    def supposed(self, asked: Asked) -> Asked:
        """The question after an edit that cannot apply, as if it could: with what later edits may name, of what it makes."""
        return asked


def rule_of(node: Node) -> RuleSpec:
    """A rule from ``type`` or ``type(argument)``, as in a table of groups (docs/tables.md)."""
    text = node.text()
    kind, opened, rest = text.partition("(")
    if text and (not kind.strip() or (opened and not rest.endswith(")"))):
        node.fault(f"'{text}' is not a rule", "write type or type(argument), like binpack(memory)")
    return RuleSpec(kind.strip(), rest[:-1].strip() if opened else "")


def require_all(*parts: Callable[[], object]) -> None:
    """Try every part, and raise the faults of all together.

    Raises
    ------
    InvalidRequest
        With everything that any of them raised.
    """
    found: list[Fault] = []
    for part in parts:
        try:
            part()
        except InvalidRequest as invalid:
            found += invalid.faults
    require(found)


def groups_of(asked: Asked, names: Iterable[str], otherwise: Callable[[tuple[int, ...]], object]) -> tuple[int, ...]:
    """The groups of some names, as ``Asked.chosen`` has them.

    Parameters
    ----------
    otherwise
        Called with all groups where a name means none, for what is wrong with the rest of the edit.

    Raises
    ------
    InvalidRequest
        With every name that means no group, and what ``otherwise`` raises.
    """
    listed = tuple(names)
    try:
        return asked.chosen(listed)
    except InvalidRequest:
        require_all(lambda: asked.chosen(listed), lambda: otherwise(asked.chosen(())))
        raise


def require_readable(asked: Asked, path: str) -> Asked:
    """The question, once every rule of its groups can be read.

    Raises
    ------
    InvalidRequest
        With what is wrong with the rules, at ``path``.
    """
    try:
        bind(asked.base)
    except InvalidRequest as invalid:
        raise InvalidRequest(
            Fault(path, f"{fault.path.partition('] ')[2] or fault.path} {fault.problem}", fault.remedy)
            for fault in invalid.faults
        ) from invalid
    return asked
