"""Label selectors and node selectors: what they match, and node selectors as expressions of the query language.

Sources: Kubernetes API, LabelSelector, NodeSelectorTerm; documentation, Labels and Selectors, Assigning Pods to Nodes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from solver.formats.ecs.documents import Element, shown
from solver.query.syntax import RESERVED_WORDS

IN, NOT_IN, EXISTS, DOES_NOT_EXIST, GREATER, LESS = "In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"
LABEL_OPERATORS = (IN, NOT_IN, EXISTS, DOES_NOT_EXIST)
NODE_OPERATORS = (*LABEL_OPERATORS, GREATER, LESS)
NODE_NAME = "metadata.name"
NOWHERE = "ec2InstanceId == ''"
"""An expression that holds on no node: each has a name."""

_KEY = re.compile(r"([A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?/)?[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?", re.ASCII)
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*", re.ASCII)
_INTEGER = re.compile(r"[+-]?[0-9]{1,18}", re.ASCII)


@dataclass(frozen=True)
class Requirement:
    """One condition on a label (or on the name of a node)."""

    key: str
    operator: str
    values: tuple[str, ...] = ()

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether labels satisfy it: ``NotIn`` and ``DoesNotExist`` hold where the label is missing."""
        value = labels.get(self.key)
        if self.operator == EXISTS:
            return value is not None
        if self.operator == DOES_NOT_EXIST:
            return value is None
        if self.operator == NOT_IN:
            return value not in self.values
        if value is None:
            return False
        if self.operator == IN:
            return value in self.values
        if not _INTEGER.fullmatch(value):
            return False
        bound = int(self.values[0])
        return int(value) > bound if self.operator == GREATER else int(value) < bound

    def expression(self, subject: str) -> str:
        """The same of an instance, in the query language."""
        if self.operator in (EXISTS, DOES_NOT_EXIST):
            return f"{subject} {'exists' if self.operator == EXISTS else '!exists'}"
        if self.operator in (GREATER, LESS):
            sign = ">" if self.operator == GREATER else "<"
            return f"({subject} {sign} {int(self.values[0])} and {subject} =~ '[+-]?[0-9]+')"
        values = [quoted(value) for value in self.values]
        held = f"{subject} == {values[0]}" if len(values) == 1 else f"{subject} in [{', '.join(values)}]"
        return held if self.operator == IN else f"not ({held})"


@dataclass(frozen=True)
class Selector:
    """Conditions that labels satisfy together; none at all is satisfied by every object."""

    requirements: tuple[Requirement, ...]

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether labels satisfy all of it."""
        return all(requirement.matches(labels) for requirement in self.requirements)

    def keys(self) -> Iterable[str]:
        """The labels that it reads."""
        return (requirement.key for requirement in self.requirements)


@dataclass(frozen=True)
class Term:
    """A node selector term: conditions on labels and on the name of a node, joined by *and*; an empty one matches no node."""

    labels: tuple[Requirement, ...]
    fields: tuple[Requirement, ...] = ()

    def matches(self, labels: Mapping[str, str], name: str) -> bool:
        """Whether a node satisfies it."""
        if not self.labels and not self.fields:
            return False
        named = {NODE_NAME: name}
        return all(r.matches(labels) for r in self.labels) and all(r.matches(named) for r in self.fields)

    def expression(self) -> str:
        """The same of an instance, in the query language."""
        parts = [r.expression(f"attribute:{r.key}") for r in self.labels]
        parts += [r.expression("ec2InstanceId") for r in self.fields]
        return " and ".join(parts) if parts else NOWHERE


def either(terms: Iterable[Term]) -> str:
    """That one of the terms holds; nowhere without any."""
    found = [term.expression() for term in terms]
    return found[0] if len(found) == 1 else " or ".join(f"({text})" for text in found) or NOWHERE


def both(parts: Iterable[str]) -> str:
    """That all parts hold."""
    found = list(parts)
    return found[0] if len(found) == 1 else " and ".join(f"({text})" for text in found)


def quoted(value: str) -> str:
    """A value as the query language reads it back."""
    if _PLAIN.fullmatch(value) and value not in RESERVED_WORDS:
        return value
    doubled = value.replace("'", "''")
    return f"'{doubled}'"


def is_label_key(text: str) -> bool:
    """Whether a text is the key of a label."""
    return len(text) <= 317 and _KEY.fullmatch(text) is not None


def read_selector(owner: Element, name: str) -> Selector | None:
    """A label selector; None where it is absent."""
    found = owner.element(name)
    if found is None:
        return None
    requirements = [Requirement(key, IN, (value,)) for key, value in sorted(texts_of(found, "matchLabels").items())]
    for expression in found.elements("matchExpressions"):
        requirement = read_requirement(expression, LABEL_OPERATORS)
        requirements += [] if requirement is None else [requirement]
    return Selector(tuple(requirements))


def read_term(term: Element) -> Term:
    """A node selector term."""
    labels = [read_requirement(element, NODE_OPERATORS) for element in term.elements("matchExpressions")]
    fields = [read_requirement(element, (IN, NOT_IN), NODE_NAME) for element in term.elements("matchFields")]
    return Term(tuple(filter(None, labels)), tuple(filter(None, fields)))


def read_requirement(element: Element, operators: tuple[str, ...], only: str = "") -> Requirement | None:
    """A condition; None, with a fault, where it is none.

    Parameters
    ----------
    only
        The one key that there may be; empty for any label.
    """
    before = len(element.faults)
    key, operator = element.needed("key"), element.needed("operator")
    values = tuple(element.texts("values"))
    if key and (key != only if only else not is_label_key(key)):
        element.fault("key", f"is {shown(key)}", f"must be {only}" if only else "must be the key of a label")
    if operator and operator not in operators:
        element.fault("operator", f"is {shown(operator)}", f"must be one of {', '.join(operators)}")
    elif operator in (IN, NOT_IN) and not values:
        element.fault("values", "is empty", f"must have a value: the operator is {operator}")
    elif operator in (EXISTS, DOES_NOT_EXIST) and values:
        element.fault("values", f"has {len(values)}", f"must have none: the operator is {operator}")
    elif operator in (GREATER, LESS) and not (len(values) == 1 and _INTEGER.fullmatch(values[0])):
        element.fault("values", f"is {shown(list(values))}", f"must be one whole number: the operator is {operator}")
    return Requirement(key, operator, values) if len(element.faults) == before else None


def texts_of(owner: Element, name: str) -> dict[str, str]:
    """An object of texts, such as labels; empty where it is absent."""
    found = owner.element(name)
    return {} if found is None else {key: found.text(key) for key in found.value}
