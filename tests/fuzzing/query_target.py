"""Expressions of the query language, by their grammar and broken in a few places: parsed, written, evaluated."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from solver.errors import InvalidQuery
from solver.query import MAX_LENGTH, evaluate, parse
from solver.query.syntax import OPERATORS, SPELLINGS, Operator, SubjectKind
from tests.fuzzing.mutation import TEXTS, changed_text
from tests.query.rows import Columns, row

CLUSTER = Columns(
    [
        row(
            {"stack": "prod", "n": "007", "v": "1.10.0"},
            version="1.9.0",
            ec2="i-a",
            registered="2018-02-12T01:00:00+01:00",
        ),
        row(
            {"stack": "", "ecs.instance-type": "t2.micro"}, version="v1.10", groups={"service:web": 2}, connected=False
        ),
        row({"n": "-3", "v": "1..2", "größe": "é\ud800"}, registered="not a date", groups={"db": 1, "family:b": 0}),
        row({"stack": "a" * 500 + "!"}, running=13),
    ]
)
"""Four instances with values of every kind, present and absent."""

_SUBJECTS = (
    *("agentConnected", "agentVersion", "ec2InstanceId", "registeredAt", "runningTasksCount", "task:group"),
    *("attribute:stack", "attribute:n", "attribute:v", "attribute:ecs.instance-type", "attribute:none"),
)
_VALUES = {
    SubjectKind.AGENT_CONNECTED: ("true", "false", "'true'"),
    SubjectKind.AGENT_VERSION: ("1.10", "1.9.0", "v1.10", "v", "1..2", "prod"),
    SubjectKind.ATTRIBUTE: (
        "prod",
        "t2.micro",
        "007",
        "-3",
        "'it''s'",
        '"two words"',
        "''",
        "'a,b'",
        "'and'",
        "9" * 50,
    ),
    SubjectKind.EC2_INSTANCE_ID: ("i-a", "i-b"),
    SubjectKind.REGISTERED_AT: ("2018-02-12", "2018-02-12T00:00:00Z", "'2018-02-12 01:00:00.5+01'", "2018-02-30"),
    SubjectKind.RUNNING_TASKS_COUNT: ("0", "5", "+7", "-3", "007", "9" * 50),
    SubjectKind.TASK_GROUP: ("service:web", "db", "family:b", "nobody"),
}
_EVERY_VALUE = tuple(value for values in _VALUES.values() for value in values)
_PIECES = (
    *(
        "a",
        "b",
        "prod",
        ".",
        "\\d",
        "\\w",
        "[a-f]",
        "[^x]",
        "[[:alpha:]]",
        "\\pL",
        "\\x{1F600}",
        "\\Q.*\\E",
        "(?i)",
        "^",
        "$",
    ),
    *("\\b", "(?:a|b)", "(?P<n>a)", "|", "é", "\\z", "a{1,50}", "(a+)+", "(a|aa)*", "(.*){1,30}", "x{1000}"),
)
"""Of regular expressions that can be used; those further down take the most."""
_REFUSED = (
    *(
        "(?=a)",
        "(?<!a)",
        "(?>a)",
        "\\1",
        "\\k<n>",
        "a++",
        "[a&&b]",
        "[[a]b]",
        "\\C",
        "(",
        ")",
        "[",
        "a**",
        "\\",
        "{,3}",
    ),
    *("(?P=n)", "x{1001}", "((((x{100}){100}){100}))", "\\u0041", "[z-a]", "\\p{No}x{", "(?<n>a"),
)
_QUANTIFIERS = ("", "", "*", "+", "?", "*?", "{2}", "{2,}", "{0,9}")


class QueryTarget:
    """Draws texts of at most some 6,000 characters."""

    def draw(self, random: Random) -> bytes:
        text = _expression(random, random.choice((0, 0, 1, 2, 3)))
        if random.random() < 0.4:
            text = changed_text(
                text, (*_SUBJECTS, *_EVERY_VALUE, *_REFUSED, *SPELLINGS, " and ", " or ", "not "), random
            )
        if random.random() < 0.02:
            text = random.choice(("(", "not ", "!", "[", "a or ", "\\", "(?:")) * random.choice((50, 101, 600)) + text
        return text.encode("utf-8", "surrogatepass")

    def run(self, given: bytes) -> str:
        text = given.decode("utf-8", "surrogatepass")
        try:
            expression = parse(text)
        except InvalidQuery as refused:
            assert 1 <= refused.column <= max(len(text), MAX_LENGTH) + 1, refused.column
            assert refused.caret().encode("utf-8", "surrogatepass")
            raise
        holds = evaluate(expression, CLUSTER)
        assert holds.shape == (CLUSTER.size,)
        written = str(expression)
        if len(written) <= MAX_LENGTH:
            assert parse(written) == expression, written
        return f"selects {int(holds.sum())}"


def _expression(random: Random, depth: int) -> str:
    if depth == 0:
        return _comparison(random)
    draw: Callable[[], str] = random.choice(
        (
            lambda: f"({_expression(random, depth - 1)})",
            lambda: f"{random.choice(('not ', '!', 'not('))}{_expression(random, depth - 1)}",
            lambda: _joined(random, depth, (" and ", " && ", "&&")),
            lambda: _joined(random, depth, (" or ", " || ", "||")),
        )
    )
    found = draw()
    return f"{found})" if found.startswith("not(") else found


def _joined(random: Random, depth: int, joins: tuple[str, ...]) -> str:
    return random.choice(joins).join(_expression(random, depth - 1) for _ in range(random.randint(2, 3)))


def _comparison(random: Random) -> str:
    subject = random.choice(_SUBJECTS)
    kind = SubjectKind.ATTRIBUTE if subject.startswith("attribute:") else SubjectKind(subject)
    operator = random.choice(OPERATORS[kind] if random.random() < 0.95 else tuple(Operator))
    spelling = random.choice([text for text, known in SPELLINGS.items() if known is operator])
    positive = operator.positive
    if positive is Operator.EXISTS:
        return f"{subject} {spelling}"
    if positive is Operator.IN:
        members = random.choice((", ", ",", " ,\t")).join(_value(kind, random) for _ in range(random.randint(1, 4)))
        return f"{subject} {spelling} [{members}]"
    if positive is Operator.MATCHES:
        return f"{subject} {spelling} {_regex(random)}"
    return f"{subject} {spelling} {_value(kind, random)}"


def _value(kind: SubjectKind, random: Random) -> str:
    drawn = random.random()
    if drawn < 0.9:
        return random.choice(_VALUES[kind])
    if drawn < 0.95:
        return random.choice(_EVERY_VALUE)
    return "'" + random.choice(TEXTS).replace("'", "''")[:100] + "'"


def _regex(random: Random) -> str:
    pieces = _PIECES if random.random() < 0.85 else _PIECES + _REFUSED
    pattern = ""
    for _ in range(random.randint(1, 6)):
        pattern += random.choice(pieces) + (random.choice(_QUANTIFIERS) if random.random() < 0.3 else "")
    if random.random() < 0.1:
        pattern *= random.choice((2, 10, 40))
    if random.random() < 0.6:
        return pattern
    quote = random.choice("'\"")
    return quote + pattern.replace(quote, 2 * quote) + quote
