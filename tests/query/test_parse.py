"""From text to tree: precedence, spelling, faults with their columns, limits."""

from __future__ import annotations

import pytest

from solver.query import (
    MAX_LENGTH,
    MAX_NESTING,
    And,
    Comparison,
    InvalidQuery,
    Not,
    Operator,
    Or,
    Subject,
    SubjectKind,
    comparisons,
    holds_count,
    parse,
    reads_state,
    selected_groups,
)
from solver.query.syntax import Expression

ORDER = "==, !=, <, <=, > or >="
LISTED = "==, !=, in, !in, =~ or !~"
ALL = "==, !=, <, <=, >, >=, in, !in, =~, !~, exists or !exists"
SUBJECTS = "agentConnected, agentVersion, attribute:NAME, ec2InstanceId, registeredAt, runningTasksCount or task:group"
QUOTE = "quote a value with a space or any of ()[],'\"<>=!&|"
DATE = "write an ISO date, with a time or without: 2018-06-18 or 2018-06-18T22:28:28Z"
OF_ITS_OWN = "write it as a comparison of its own, joined by 'and'"


def has(name: str) -> Comparison:
    return Comparison(Subject(SubjectKind.ATTRIBUTE, name), Operator.EXISTS)


A, B, C = has("a"), has("b"), has("c")


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("A or B and C", Or((A, And((B, C))))),
        ("A and B or C", Or((And((A, B)), C))),
        ("(A or B) and C", And((Or((A, B)), C))),
        ("not A and B", And((Not(A), B))),
        ("not (A and B)", Not(And((A, B)))),
        ("not A or not B", Or((Not(A), Not(B)))),
        ("!A&&B||C", Or((And((Not(A), B)), C))),
        ("not(A)or(B)and(C)", Or((Not(A), And((B, C))))),
        ("! not !A", Not(Not(Not(A)))),
        ("A and B and C", And((A, B, C))),
        ("A and (B and C)", And((A, B, C))),
        ("A or (B || C)", Or((A, B, C))),
        ("  (( A ))\n", A),
    ],
)
def test_not_binds_tighter_than_and_and_tighter_than_or(text: str, tree: Expression) -> None:
    """`not` binds tighter than `and`, `and` tighter than `or`; both spellings; chains are flat."""
    for letter in "ABC":
        text = text.replace(letter, f"attribute:{letter.lower()} exists ")
    assert parse(text) == tree


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("attribute:a==prod", "attribute:a == prod"),
        ("attribute:a equals 'prod'", "attribute:a == prod"),
        ("attribute:a != 'two words'", "attribute:a != 'two words'"),
        ('attribute:a == "it\'s"', 'attribute:a == "it\'s"'),
        ("attribute:a == 'it''s \"so\"'", "attribute:a == 'it''s \"so\"'"),
        ("attribute:a == ''", "attribute:a == ''"),
        ("attribute:a == 'and'", "attribute:a == 'and'"),
        ("attribute:a in[x,'y',\"z w\"]", "attribute:a in [x, y, 'z w']"),
        ("attribute:a not_in [ x ]", "attribute:a !in [x]"),
        (r"attribute:a\b/c_d-e.f == C:\x", r"attribute:a\b/c_d-e.f == C:\x"),
        ("attribute:a =~t2.* and agentConnected==true", "attribute:a =~ t2.* and agentConnected == true"),
        ("attribute:a =~ (a|b)+[(]", "attribute:a =~ '(a|b)+[(]'"),
        ("(attribute:a =~ [)]x(b))", "attribute:a =~ '[)]x(b)'"),
        ("attribute:a =~ t2.*&&attribute:b=~m5||attribute:c exists", None),
        ("((attribute:a exists) or (attribute:b !exists))", "attribute:a exists or attribute:b !exists"),
        ("(attribute:a exists or attribute:b exists)and task:group=='service:x'", None),
        ("!(attribute:a in [in, exists, matches])", "not attribute:a in [in, exists, matches]"),
        ("registeredAt<2018-06-18T22:28:28+00:00", "registeredAt < 2018-06-18T22:28:28+00:00"),
        ("runningTasksCount greater_than -1", "runningTasksCount > -1"),
    ],
)
def test_an_expression_prints_as_it_is_read(text: str, canonical: str | None) -> None:
    """Literals may be bare or quoted; the tree prints with as few parentheses and quotes as it needs."""
    tree = parse(text)
    assert parse(str(tree)) == tree
    assert canonical in (None, str(tree))


def test_a_bare_regular_expression_ends_where_the_comparison_does() -> None:
    """`&&`, `||` and a closing parenthesis end a bare regular expression outside its brackets only."""
    assert [
        leaf.argument for leaf in comparisons(parse("attribute:a =~ t2.*&&attribute:b =~ x||attribute:c exists"))
    ] == [
        ("t2.*",),
        ("x",),
        (),
    ]
    assert next(comparisons(parse("(attribute:a =~ (x||y))"))).argument == ("(x||y)",)
    assert next(comparisons(parse("(attribute:a =~ [)|]\\))"))).argument == ("[)|]\\)",)


def test_a_comparison_knows_its_column() -> None:
    """Every comparison keeps the column where it begins."""
    tree = parse("not (attribute:a exists) or  task:group == b")
    assert [leaf.column for leaf in comparisons(tree)] == [6, 30]


BAD = [
    ("", 1, f"the expression ends where a comparison should begin; write {SUBJECTS}"),
    ("   ", 4, f"the expression ends where a comparison should begin; write {SUBJECTS}"),
    ("stack == prod", 1, f"'stack' is no subject; write {SUBJECTS}"),
    ("AgentConnected == true", 1, f"'AgentConnected' is no subject; write {SUBJECTS}"),
    ("ecs.os-type == linux", 1, "'ecs.os-type' is no subject; write attribute:ecs.os-type"),
    ("attribute: stack == prod", 11, "the attribute has no name; write attribute:NAME without a space"),
    ("attribute:st:ack == x", 13, "':' cannot be in the name of an attribute; write letters, digits and - _ / \\ ."),
    ("attribute:größe exists", 13, "'ö' cannot be in the name of an attribute; write letters, digits and - _ / \\ ."),
    ("== prod", 1, f"found '=' where a comparison should begin; write {SUBJECTS}"),
    ("and attribute:a exists", 1, f"found 'and' where a comparison should begin; write {SUBJECTS}"),
    ("attribute:a exists and", 23, f"the expression ends where a comparison should begin; write {SUBJECTS}"),
    (
        "attribute:a exists or or attribute:b exists",
        23,
        f"found 'or' where a comparison should begin; write {SUBJECTS}",
    ),
    ("()", 2, f"found ')' where a comparison should begin; write {SUBJECTS}"),
    ("attribute:a", 12, f"the expression ends where an operator should be; write {ALL}"),
    ("attribute:a = b", 13, "found '=' where an operator should be; write '=='"),
    ("attribute:a is b", 13, f"found 'is' where an operator should be; write {ALL}"),
    (
        "attribute:a not in [b]",
        13,
        "found 'not' where an operator should be; write '!in', '!=' or '!exists' as one word",
    ),
    ("attribute:a !inside [b]", 13, f"found '!' where an operator should be; write {ALL}"),
    ("attribute:a EQUALS b", 13, f"found 'EQUALS' where an operator should be; write {ALL}"),
    ("agentConnected < true", 16, f"'<' does not apply to agentConnected; write {LISTED}"),
    ("agentVersion matches 1.*", 14, f"'matches' does not apply to agentVersion; write {ORDER}"),
    ("runningTasksCount in [1]", 19, f"'in' does not apply to runningTasksCount; write {ORDER}"),
    ("ec2InstanceId exists", 15, f"'exists' does not apply to ec2InstanceId; write {LISTED}"),
    (
        "task:group less_than a",
        12,
        f"'less_than' does not apply to task:group; write {LISTED.replace(' or !~', ', !~, exists or !exists')}",
    ),
    ("attribute:a ==", 15, f"the expression ends where a value should be; write a value; {QUOTE}"),
    ("attribute:a === b", 15, f"found '=' where a value should be; write a value; {QUOTE}"),
    ("attribute:a == and attribute:b exists", 16, "found 'and' where a value should be; quote it, 'and'"),
    ("attribute:a == [b]", 16, "a list where one value should be; write one value, or 'in' before the list"),
    ("attribute:a == two words", 20, f"found 'words' after a complete comparison; write 'and' or 'or'; {QUOTE}"),
    ("attribute:a == (b)", 16, f"found '(' where a value should be; write a value; {QUOTE}"),
    ("attribute:a == 'b", 16, "the quote is never closed; write ' at the end of the value"),
    ("attribute:a == 'b''", 16, "the quote is never closed; write ' at the end of the value"),
    ("attribute:a in b", 16, "found 'b' where a list should be; write [VALUE, VALUE]"),
    ("attribute:a in []", 17, f"found ']' where a value should be; write a value; {QUOTE}"),
    ("attribute:a in [b,]", 19, f"found ']' where a value should be; write a value; {QUOTE}"),
    ("attribute:a in [b c]", 19, f"found 'c' where ',' or ']' should be; write one; {QUOTE}"),
    ("attribute:a in [b, c", 21, "the '[' of column 16 is never closed; write ']'"),
    ("attribute:a exists b", 20, f"found 'b' after a complete comparison; write 'and' or 'or'; {QUOTE}"),
    ("attribute:a exists AND attribute:b exists", 20, "found 'AND' after a complete comparison; write 'and'"),
    ("attribute:a exists & attribute:b exists", 20, "found '&' after a complete comparison; write '&&'"),
    ("attribute:a exists)", 19, "')' closes nothing; write '(' before it or leave it out"),
    ("((attribute:a exists)", 22, "the '(' of column 1 is never closed; write ')'"),
    (
        "(attribute:a exists b)",
        21,
        f"found 'b' after a complete comparison; write 'and', 'or' or the ')' for column 1; {QUOTE}",
    ),
    ("agentConnected == yes", 19, "'yes' is no value of agentConnected; write true or false"),
    ("agentConnected in [true, 1]", 26, "'1' is no value of agentConnected; write true or false"),
    ("runningTasksCount > 1.5", 21, "'1.5' is no value of runningTasksCount; write an integer"),
    ("runningTasksCount == '٣'", 22, "'٣' is no value of runningTasksCount; write an integer"),
    ("registeredAt < yesterday", 16, f"'yesterday' is no value of registeredAt; {DATE}"),
    ("registeredAt < 2018-02-30", 16, f"'2018-02-30' is no value of registeredAt; {DATE}"),
    (
        "attribute:a =~",
        15,
        "the expression ends where a regular expression should be; write one, quoted if it has a space",
    ),
    ("attribute:a =~ and", 16, "found 'and' where a regular expression should be; write one, quoted if it has a space"),
    ("attribute:a =~ x(?=y)", 17, f"look-ahead is not possible; {OF_ITS_OWN}"),
    ("attribute:a =~ x(?!y)", 17, f"look-ahead is not possible; {OF_ITS_OWN}"),
    ("attribute:a =~ (?i)x(?<=y)", 21, f"look-behind is not possible; {OF_ITS_OWN}"),
    ("attribute:a =~ x(?<!y)", 17, f"look-behind is not possible; {OF_ITS_OWN}"),
    (r"attribute:a =~ (x)\1", 19, "a back-reference is not possible; write the text out"),
    (r"attribute:a =~ (?P<n>x)\k<n>", 24, "a back-reference is not possible; write the text out"),
    ("attribute:a =~ x*y++", 19, "a possessive quantifier is not possible; leave out the last '+'"),
    ("attribute:a =~ x{1,2}+", 17, "a possessive quantifier is not possible; leave out the last '+'"),
    ("attribute:a =~ (?>x)", 16, "an atomic group is not possible; write '(?:'"),
    (r"attribute:a =~ x\C", 17, r"'\C' matches a part of a character; write '.' for any character"),
    ("attribute:a =~ [a-z&&[^b]]", 20, "'&&' (intersection) is not possible in a class; list the characters"),
    ("attribute:a =~ [a[b]]", 18, "a class in a class is not possible; write one class, or '\\[' for a bracket"),
    ("attribute:a =~ 'it''s (x'", 23, "'(' is never closed; write ')' to close it, or '\\(' for the character"),
    ("attribute:a =~ 'x)'", 18, "')' closes nothing; write '(' before it, or '\\)' for the character"),
    ("attribute:a =~ x[ab", 17, "'[' is never closed; write ']' to close it, or '\\[' for the character"),
    ("attribute:a =~ a*(*)", 19, "no argument for repetition operator '*' in the regular expression; write RE2 syntax"),
    ("attribute:a =~ é[z-a]", 18, "invalid character class range 'z-a' in the regular expression; write RE2 syntax"),
    ("attribute:a =~ (?i)(?", 20, "invalid perl operator '(?' in the regular expression; write RE2 syntax"),
    ("attribute:a =~ x{2000}", 17, "invalid repetition size '{2000}' in the regular expression; write RE2 syntax"),
    ("attribute:a =~ x\\", 17, "trailing \\ in the regular expression; write RE2 syntax"),
    (f"attribute:a =~ {'.{1000}' * 100}", 16, "the regular expression needs too much memory; repeat less"),
    ("attribute:a == '\ud800'", 17, "half of a surrogate pair is no character; write valid Unicode"),
    ("a\nb\x00" * 20, 1, f"'a' is no subject; write {SUBJECTS}"),
    ("x" * 50, 1, f"'{'x' * 40}…' is no subject; write {SUBJECTS}"),
]


@pytest.mark.parametrize(("text", "column", "message"), BAD, ids=range(len(BAD)))
def test_every_error_gives_the_column_and_what_was_expected(text: str, column: int, message: str) -> None:
    """Every error gives the column, what is wrong there and what would be right."""
    with pytest.raises(InvalidQuery) as raised:
        parse(text)
    assert str(raised.value) == f"column {column}: {message}"
    assert (raised.value.column, raised.value.expression) == (column, text)


def test_an_expression_has_at_most_2000_characters() -> None:
    """2,000 characters are read, 2,001 are refused."""
    text = "attribute:a == " + "x" * (MAX_LENGTH - 15)
    assert len(str(parse(text))) == 2000
    with pytest.raises(InvalidQuery, match="column 2001: the expression has 2,001 characters; write at most 2,000"):
        parse(text + "x")


@pytest.mark.parametrize(("opening", "closing"), [("(", ")"), ("not ", ""), ("!", ""), ("not(", ")")])
def test_nesting_is_limited(opening: str, closing: str) -> None:
    """At most 100 parentheses and `not`s around a comparison, counted together."""
    allowed = MAX_NESTING // (2 if opening == "not(" else 1)
    comparison = "attribute:a exists"
    parse(opening * allowed + comparison + closing * allowed)
    with pytest.raises(InvalidQuery) as raised:
        parse(opening * (allowed + 1) + comparison + closing * (allowed + 1))
    assert raised.value.column == len(opening) * allowed + 1
    assert raised.value.problem == "more than 100 parentheses and 'not's are nested"


def test_nesting_is_not_the_number_of_parentheses() -> None:
    """Parentheses beside each other do not add up."""
    tree = parse(" or ".join(["not(attribute:a<1)"] * 90))
    assert isinstance(tree, Or) and len(tree.parts) == 90


@pytest.mark.parametrize("text", ["(" * 10_000, "(" * 999, "not " * 499, "!" * 1999, "(" * 990 + ")" * 990, "!(" * 999])
def test_a_deep_nest_is_an_error_of_the_query(text: str) -> None:
    """A nest of any depth is refused with its column, not with the end of the stack."""
    with pytest.raises(InvalidQuery, match=r"^column (2001|10[01]|401)\b"):
        parse(text)


def test_reads_state_of_what_placing_can_change() -> None:
    """`task:group` and `runningTasksCount` anywhere in the tree, and nothing else."""
    assert reads_state(parse("attribute:a exists and not (agentVersion < 1 or task:group == b)"))
    assert reads_state(parse("runningTasksCount < 3"))
    assert not reads_state(
        parse("attribute:a == 'task:group' and not registeredAt < 2020-01-01 or ec2InstanceId == i-1")
    )


@pytest.mark.parametrize(
    ("text", "groups"),
    [
        ("== db", ["db"]),
        ("!= db", ["db"]),
        ("in [web, db]", ["db", "web"]),
        ("!in [web, nobody]", ["web"]),
        ("=~ .*b", ["db", "web"]),
        ("!~ d.*", ["db"]),
        ("exists", ["db", "cache", "web"]),
        ("!exists", ["db", "cache", "web"]),
    ],
)
def test_selected_groups_is_of_the_positive_form(text: str, groups: list[str]) -> None:
    """A negative operator selects the same groups as the operator that it negates."""
    comparison = parse(f"task:group {text}")
    assert isinstance(comparison, Comparison)
    assert list(selected_groups(comparison, ["db", "cache", "web"])) == groups


def test_holds_count_compares_numbers() -> None:
    """9 is below 10, also beyond 64 bits."""
    below, huge = parse("runningTasksCount < 10"), parse(f"runningTasksCount >= {10**30}")
    assert isinstance(below, Comparison) and isinstance(huge, Comparison)
    assert [holds_count(below, count) for count in (9, 10, 11)] == [True, False, False]
    assert [holds_count(huge, count) for count in (2**62, 10**30)] == [False, True]


def test_counts_and_groups_are_not_mixed_up() -> None:
    """Each of the two refuses a comparison of another subject."""
    with pytest.raises(ValueError, match="reads attribute:a; give one of task:group"):
        selected_groups(A, [])
    with pytest.raises(ValueError, match="reads attribute:a; give one of runningTasksCount"):
        holds_count(A, 1)


def test_joining_takes_two_parts() -> None:
    """`And` and `Or` of fewer than two parts have no text and are refused."""
    for join in (And, Or):
        with pytest.raises(ValueError, match="join two or more"):
            join((A,))


def test_an_error_shows_its_place() -> None:
    """The caret stands under the column."""
    with pytest.raises(InvalidQuery) as raised:
        parse("attribute:a = b")
    shown, caret = raised.value.caret().split("\n")
    assert shown[caret.index("^")] == "="
