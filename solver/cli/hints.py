"""Says which names of an expression are in no cluster: most likely they are misspelt."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING

from solver.errors import InvalidQuery
from solver.query import Comparison, Expression, Operator, SubjectKind, comparisons, parse

if TYPE_CHECKING:
    from solver.domain.problem import Problem
    from solver.domain.request import RuleSpec

NAMING = (Operator.EQUAL, Operator.IN)
PREFIXES = ("service:", "family:")


def unknown_names(expression: Expression, problem: Problem) -> list[str]:
    """A sentence for each attribute that no instance has and each group that the cluster does not know."""
    said = [sentence for comparison in comparisons(expression) for sentence in _unknown(comparison, problem)]
    return list(dict.fromkeys(said))


def unknown_names_of_rules(rules: Iterable[RuleSpec], problem: Problem) -> list[str]:
    """As ``unknown_names``, for each ``memberOf`` that can be read; what cannot be is refused elsewhere."""
    found: list[str] = []
    for spec in rules:
        if spec.type == "memberOf":
            try:
                found += unknown_names(parse(spec.argument), problem)
            except InvalidQuery:
                continue
    return list(dict.fromkeys(found))


def _unknown(comparison: Comparison, problem: Problem) -> Iterator[str]:
    subject, operator = comparison.subject, comparison.operator.positive
    if subject.kind is SubjectKind.ATTRIBUTE:
        known = [name for name, column in problem.cluster.attributes.items() if (column.codes >= 0).any()]
        meant = _meant(subject.name, known)
        # Whether an attribute exists may be asked on purpose.
        if subject.name not in known and (meant or operator is not Operator.EXISTS):
            yield f"no instance has attribute '{subject.name}'{meant}"
    elif subject.kind is SubjectKind.TASK_GROUP and operator in NAMING:
        families = list(dict.fromkeys(group.family for group in problem.groups))
        for name in comparison.argument:
            if name not in families:
                yield f"no task is of group '{name}'{_meant(name, families)}"


def _meant(name: str, known: Sequence[str]) -> str:
    """The question for a known name that is close, or is the name with a prefix; empty where there is none."""
    prefixed = [prefix + name for prefix in PREFIXES if prefix + name in known]
    by_case = {other.lower(): other for other in known}
    close = prefixed or [by_case[other] for other in get_close_matches(name.lower(), list(by_case), n=1)]
    return f"; did you mean '{close[0]}'?" if close else ""
