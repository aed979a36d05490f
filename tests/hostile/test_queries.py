"""Hostile expressions: each refused at its column, or selecting what it should, in linear time."""

from __future__ import annotations

import pytest

from solver.errors import InvalidQuery
from solver.query import parse
from tests.query.rows import row, selected

LONG_VALUE = row(
    {"a": "a" * 200_000 + "!", "n": "9" * 5_000, "v": "1." * 900 + "1", "": "x"},
    registered="9999-12-31T23:59:59.999999999Z",
)
OTHERS = [row({"a": "\0", "n": "-0", "v": "1..1"}), row({"a": "", "n": "０"}, version="v", groups={"": 1, "a b": 0})]

REFUSED = [
    ("nothing", "", 1),
    ("only white space of every kind", " \t\r\n\v\f\u00a0\u2003\u3000", 10),
    ("a zero byte", "attribute:a == \0 x", 18),
    ("a byte-order mark", "\ufeffattribute:a == x", 1),
    ("half of a surrogate pair", "attribute:a == \ud800", 16),
    ("the other half", "\udfff", 1),
    ("half of a pair far in", "attribute:a == '" + "x" * 500 + "\ud83d'", 517),
    ("2,001 white spaces", " " * 2_001, 2_001),
    ("ten megabytes", "x" * 10_000_000, 2_001),
    ("a word in right-to-left order", "\u202eattribute:a == x", 1),
    ("operators alone", "== != <= >=", 1),
    ("three equals signs", "attribute:a === x", 15),
    ("an arrow", "attribute:a => x", 13),
    ("a spaceship", "attribute:a <=> x", 15),
    ("SQL", "attribute:a = 'x' OR 1=1 --", 13),
    ("a comment", "attribute:a == x # y", 18),
    ("a semicolon between two", "attribute:a == x ; attribute:b == y", 18),
    ("a quote in the middle of a word", "attribute:a == x'y'", 17),
    ("three quotes", "attribute:a == '''", 16),
    ("quotes of two kinds", "attribute:a == 'x\"", 16),
    ("a list that is closed twice", "attribute:a in [x]]", 19),
    ("a list that ends with a comma", "attribute:a in [x,]", 19),
    ("a list with a word of the language", "attribute:a in [x, not]", 20),
    ("a list for greater", "attribute:a > [1]", 15),
    ("a list for a regular expression of a list", "attribute:a in =~ x", 16),
    ("exists with a value", "attribute:a exists x", 20),
    ("exists before its subject", "exists attribute:a", 1),
    ("not in the place of a value", "attribute:a == not x", 16),
    ("not alone", "not", 4),
    ("an exclamation mark alone", "!", 2),
    ("negations without end", "!" * 1_999, 101),
    ("parentheses without end", "(" * 1_999, 101),
    ("negations and parentheses in turn", "!(" * 900, 101),
    ("brackets without end", "attribute:a in " + "[" * 1_000, 17),
    ("a comparison of comparisons", "(attribute:a == x) == (attribute:b == y)", 20),
    ("a count with a sign alone", "runningTasksCount == -", 22),
    ("a count with an underscore", "runningTasksCount == 1_0", 22),
    ("a count in other digits", "runningTasksCount == ٣", 22),
    ("a count with an exponent", "runningTasksCount == 1e3", 22),
    ("a count in a list", "runningTasksCount in [1]", 19),
    ("a month of 13", "registeredAt > 2026-13-01", 16),
    ("an hour of 25", "registeredAt > 2026-01-01T25:00:00Z", 16),
    ("a leap second", "registeredAt > 2026-12-31T23:59:60Z", 16),
    ("a year of five digits", "registeredAt > 12026-01-01", 16),
    ("the year 0", "registeredAt > 0000-01-01", 16),
    ("a zone of 25 hours", "registeredAt > 2026-01-01T00:00:00+25:00", 16),
    ("an agent that is nearly connected", "agentConnected == True", 19),
    ("a group that is less than another", "task:group < a", 12),
    ("an instance that is less than another", "ec2InstanceId > i-0", 15),
    ("a subject with two colons", "attribute::a == x", 11),
    ("a name with a star", "attribute:a* == x", 12),
    ("a regular expression that repeats nothing", "attribute:a =~ '+'", 17),
    ("a regular expression of a name without an end", "attribute:a =~ (?P<n", 16),
    ("a conditional", "attribute:a =~ (?(1)a|b)", 16),
    ("a recursion", "attribute:a =~ (?R)", 16),
    ("a comment in a regular expression", "attribute:a =~ (?#x)", 16),
    ("a class of Unicode that is none", r"attribute:a =~ \p{Nope}", 16),
    ("a character beyond Unicode", r"attribute:a =~ \x{110000}", 16),
    ("a repetition from many to few", "attribute:a =~ a{3,2}", 17),
    ("repetitions that multiply", "attribute:a =~ " + "(" * 5 + "a{9}" + "){9}" * 5, 34),
]

READ = [
    ("the most white space", " " * 1_000 + "attribute:a exists" + " " * 982, [1, 2, 3]),
    ("a hundred negations", "not " * 100 + "attribute:a exists", [1, 2, 3]),
    ("a hundred parentheses", "(" * 100 + "attribute:a exists" + ")" * 100, [1, 2, 3]),
    ("a hundred alternatives", " or ".join(["attribute:a == x"] * 100), []),
    ("a value of every sign", "attribute:a == '()[],<>=!&|'", []),
    ("a value of a zero byte", "attribute:a == '\0'", [2]),
    ("an empty value", "attribute:a == ''", [3]),
    ("a pattern that others backtrack", "attribute:a =~ '(a+)+$'", []),
    ("a pattern that others backtrack, another", "attribute:a =~ '(a|aa)+!'", [1]),
    ("a pattern of dots and stars", "attribute:a =~ " + ".*" * 400 + "!", [1]),
    ("a pattern of many states", "attribute:a =~ '(a|b)*a(a|b){12}!'", [1]),
    ("an empty pattern", "attribute:a =~ ''", [3]),
    ("numbers of thousands of digits", "attribute:n > " + "9" * 1_900, [1, 3]),
    ("a count of 1,900 digits", "runningTasksCount < " + "9" * 1_900, [1, 2, 3]),
    ("versions of 900 parts", "attribute:v > " + "1." * 899 + "1", [1]),
    ("minus nothing", "attribute:n == -0", [2]),
    ("digits of another script", "attribute:n > 5", [1, 3]),
    ("the last moment", "registeredAt >= 9999-12-31", [1]),
    ("the first moment in a zone before it", "registeredAt > '0001-01-01T00:00:00+14:00'", [1]),
    ("a group without a name", "task:group == ''", [3]),
    ("a list of 600 values", "attribute:a in [" + ",".join(["x"] * 600) + "]", []),
]


@pytest.mark.parametrize(
    ("expression", "column"), [entry[1:] for entry in REFUSED], ids=[entry[0] for entry in REFUSED]
)
def test_a_hostile_expression_is_refused(expression: str, column: int) -> None:
    """By InvalidQuery, at its column, with what would be right; and both can be shown."""
    with pytest.raises(InvalidQuery) as refused:
        parse(expression)
    assert (type(refused.value), refused.value.column) == (InvalidQuery, column)
    assert refused.value.problem and refused.value.remedy
    assert len(refused.value.caret()) < 300


@pytest.mark.parametrize(("expression", "rows"), [entry[1:] for entry in READ], ids=[entry[0] for entry in READ])
def test_an_expression_that_looks_hostile_is_read(expression: str, rows: list[int]) -> None:
    """It selects what it says, also of values that are hostile themselves."""
    assert selected(expression, [LONG_VALUE, *OTHERS]) == rows
