"""The query language on random trees, clusters and texts."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from solver.query import (
    And,
    Comparison,
    Expression,
    InvalidQuery,
    Not,
    Operator,
    Or,
    Subject,
    SubjectKind,
    evaluate,
    parse,
)
from solver.query.regex import matcher
from solver.query.syntax import OPERATORS
from tests.query.row_by_row import Row, selects
from tests.query.rows import Columns, row

NAMES = ["stack", "ecs.instance-type", "a/b_c", "x"]
INTEGERS = ["0", "7", "007", "-3", "+7", "12"]
VERSIONS = ["1.9", "1.10.0", "1.10", "v1.9.0", "v1.10", "2", "1..2", "v"]
DATES = ["2018-02-12", "2018-02-12T00:00:00Z", "2018-02-12T01:00:00+01:00", "2018-02-12 00:00:00.5", "2020-02-29T23:59"]
NO_DATES = ["2018-02-30", "2018-02-12T25:00:00Z", "not a date"]
WORDS = [
    "",
    "prod",
    "Prod",
    "pro",
    "t2.micro",
    "two words",
    "it's",
    'say "x"',
    'it\'s "x"',
    "and",
    "not",
    "größe",
    "[",
    "a,b",
]
GROUPS = ["db", "service:web", "family:batch"]
EC2 = ["i-abcd1234", "i-wxyx7890"]
PATTERNS = [
    "p.*",
    "pro",
    "pro|prod",
    "(t|m)[0-9]+[.].*",
    "service:.*",
    "i-[a-f].*",
    "[0-9.]+",
    "",
    ".*",
    "t.*e",
    "two words",
    "[^']*",
]
TEXTS = st.sampled_from(INTEGERS + VERSIONS + DATES + NO_DATES + WORDS)

VALUES = {
    SubjectKind.AGENT_CONNECTED: st.sampled_from(["true", "false"]),
    SubjectKind.AGENT_VERSION: st.sampled_from(VERSIONS + ["", "prod"]),
    SubjectKind.ATTRIBUTE: TEXTS,
    SubjectKind.EC2_INSTANCE_ID: st.sampled_from(EC2),
    SubjectKind.REGISTERED_AT: st.sampled_from(DATES),
    SubjectKind.RUNNING_TASKS_COUNT: st.sampled_from(INTEGERS),
    SubjectKind.TASK_GROUP: st.sampled_from(GROUPS + ["nobody"]),
}


@st.composite
def leaves(draw: st.DrawFn) -> Comparison:
    kind = draw(st.sampled_from(SubjectKind))
    subject = Subject(kind, draw(st.sampled_from([*NAMES, "nobody"])) if kind is SubjectKind.ATTRIBUTE else "")
    operator = draw(st.sampled_from(OPERATORS[kind]))
    if operator.positive is Operator.EXISTS:
        return Comparison(subject, operator)
    if operator.positive is Operator.IN:
        return Comparison(subject, operator, tuple(draw(st.lists(VALUES[kind], min_size=1, max_size=3))))
    value = st.sampled_from(PATTERNS) if operator.positive is Operator.MATCHES else VALUES[kind]
    return Comparison(subject, operator, (draw(value),))


def _joined(trees: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    parts = st.lists(trees, min_size=2, max_size=3).map(tuple)
    return parts.map(And) | parts.map(Or) | trees.map(Not)


TREES: st.SearchStrategy[Expression] = st.recursive(leaves(), _joined, max_leaves=8)


@st.composite
def rows(draw: st.DrawFn) -> Row:
    maybe = draw(st.sets(st.sampled_from(NAMES)))
    return row(
        {name: draw(TEXTS) for name in sorted(maybe)},
        connected=draw(st.booleans()),
        version=draw(st.none() | st.sampled_from(VERSIONS)),
        ec2=draw(st.none() | st.sampled_from(EC2)),
        registered=draw(st.none() | st.sampled_from(DATES + NO_DATES)),
        running=draw(st.integers(0, 13)),
        groups={group: draw(st.integers(0, 2)) for group in GROUPS},
    )


@settings(max_examples=300, deadline=None)
@given(TREES, st.lists(rows(), max_size=6))
def test_columns_and_rows_agree(expression: Expression, cluster: list[Row]) -> None:
    """The language is held against a second, row-by-row evaluator: neither selects what the other does not."""
    assert evaluate(expression, Columns(cluster)).tolist() == [selects(expression, instance) for instance in cluster]


@settings(max_examples=300, deadline=None)
@given(TREES)
def test_a_tree_printed_and_read_again_is_the_same_tree(expression: Expression) -> None:
    """Printing and reading are inverse; a tree survives the way to another process."""
    text = str(expression)
    if len(text) <= 2000:
        assert parse(text) == expression
        assert str(parse(text)) == text
    assert pickle.loads(pickle.dumps(expression)) == expression


@settings(max_examples=300, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
def test_every_text_can_be_a_value(value: str) -> None:
    """Any value can be written: bare where possible, else quoted."""
    tree = Comparison(Subject(SubjectKind.ATTRIBUTE, "x"), Operator.EQUAL, (value,))
    assert parse(str(tree)) == tree


PIECES = st.sampled_from(
    [
        "and",
        "or",
        "not",
        "in",
        "exists",
        "matches",
        "not_in",
        "==",
        "!=",
        "=~",
        "!~",
        "!",
        "&&",
        "||",
        "(",
        ")",
        "[",
        "]",
    ]
    + [",", "'", '"', "attribute:x", "task:group", "registeredAt", "runningTasksCount", "agentConnected", "prod", "3"]
    + [
        "true",
        "2018-06-18",
        "t2.*",
        "(?=",
        "\\1",
        "\\Q",
        "\\E",
        "\\C",
        "[^",
        "[:",
        ":]",
        "{2}",
        "++",
        "**",
        "(?i)",
        "\\",
    ]
)


@settings(max_examples=500, deadline=None)
@given(
    st.text(max_size=60)
    | st.lists(PIECES | st.text(st.characters(), max_size=3), max_size=25).map(" ".join)
    | st.lists(PIECES, max_size=25).map("".join).map("attribute:x =~ ".__add__)
    | st.lists(PIECES, max_size=25).map(lambda pieces: "attribute:x =~ '" + "".join(pieces) + "'")
)
@example("attribute:x =~ '\\é'")
@example("attribute:x =~ \\")
@example("\x00")
def test_no_text_raises_anything_but_an_invalid_query(text: str) -> None:
    """Random text is read, or refused with a column inside the expression or just after it."""
    try:
        tree = parse(text)
    except InvalidQuery as fault:
        assert 1 <= fault.column <= len(text) + 1
        assert fault.problem and fault.remedy
        assert "\n" not in str(fault)
    else:
        assert parse(str(tree)) == tree
        evaluate(tree, Columns([row({"x": "prod"}), row()]))


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|aa)+$", "(.*a){20}"])
def test_a_pattern_that_backtracks_elsewhere_is_answered(pattern: str) -> None:
    """`(a+)+$` on a long value is linear: what backtracks would not come back."""
    expression = parse(f"attribute:x =~ {pattern}")
    cluster = [row({"x": "a" * 100_000 + "b"}), row({"x": "a" * 100_000})]
    assert evaluate(expression, Columns(cluster)).tolist() == [False, True]


def test_a_value_of_half_a_surrogate_pair_is_only_a_value() -> None:
    """A value that JSON may carry and UTF-8 may not is compared like any other."""
    cluster = [row({"x": "a\ud800"}), row({"x": "a"})]
    assert evaluate(parse("attribute:x =~ a"), Columns(cluster)).tolist() == [False, True]
    assert evaluate(parse("attribute:x < b"), Columns(cluster)).tolist() == [True, True]
    assert not matcher("a")("\udfff")
