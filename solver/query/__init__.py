"""The cluster query language: text, to a syntax tree, to the instances that it selects (§3.3)."""

from __future__ import annotations

from solver.errors import InvalidQuery
from solver.query.compare import holds_count, selected_groups
from solver.query.evaluate import evaluate, evaluate_comparison
from solver.query.facts import Facts
from solver.query.parse import MAX_LENGTH, MAX_NESTING, parse
from solver.query.syntax import (
    And,
    Comparison,
    Expression,
    Not,
    Operator,
    Or,
    Subject,
    SubjectKind,
    comparisons,
    reads_state,
)

__all__ = [
    "MAX_LENGTH",
    "MAX_NESTING",
    "And",
    "Comparison",
    "Expression",
    "Facts",
    "InvalidQuery",
    "Not",
    "Operator",
    "Or",
    "Subject",
    "SubjectKind",
    "comparisons",
    "evaluate",
    "evaluate_comparison",
    "holds_count",
    "parse",
    "reads_state",
    "selected_groups",
]
