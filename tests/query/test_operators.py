"""Every operator on every subject that takes it, in both spellings, on values that are there and that are not."""

from __future__ import annotations

import pytest

from solver.query import InvalidQuery, Operator, SubjectKind, parse
from solver.query.syntax import OPERATORS, SPELLINGS
from tests.query.rows import row, selected

STACKS = [row({"stack": "prod"}), row({"stack": "dev"}), row({"stack": ""}), row()]
SIZES = [row({"size": "9"}), row({"size": "10"}), row({"size": "11"}), row()]


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("attribute:stack {==} prod", [1]),
        ("attribute:stack {!=} prod", [2, 3]),
        ("attribute:stack {in} [prod, qa, '']", [1, 3]),
        ("attribute:stack {!in} [prod, qa]", [2, 3]),
        ("attribute:stack {=~} p.*|d", [1]),
        ("attribute:stack {!~} p.*|d", [2, 3]),
        ("attribute:stack {exists}", [1, 2, 3]),
        ("attribute:stack {!exists}", [4]),
        ("attribute:stack {<} e", [2, 3]),
        ("attribute:stack {>=} dev", [1, 2]),
        ("attribute:nobody {==} prod", []),
        ("attribute:nobody {!=} prod", []),
        ("attribute:nobody {!in} [prod]", []),
        ("attribute:nobody {!~} prod", []),
        ("attribute:nobody {<} prod", []),
        ("attribute:nobody {exists}", []),
        ("attribute:nobody {!exists}", [1, 2, 3, 4]),
    ],
)
def test_attributes(text: str, rows: list[int]) -> None:
    """A missing attribute makes every comparison false but `!exists`; a name alone has the value ''."""
    assert both_spellings(text, STACKS) == rows


@pytest.mark.parametrize(
    ("operator", "rows"), [("<", [1]), ("<=", [1, 2]), (">", [3]), (">=", [2, 3]), ("==", [2]), ("!=", [1, 3])]
)
def test_numbers(operator: str, rows: list[int]) -> None:
    """`<` compares numbers if both sides are integers."""
    assert both_spellings(f"attribute:size {{{operator}}} 10", SIZES) == rows


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("agentConnected {==} true", [1]),
        ("agentConnected {!=} true", [2]),
        ("agentConnected {in} [true, false]", [1, 2]),
        ("agentConnected {!in} [false]", [1]),
        ("agentConnected {=~} t.*", [1]),
        ("agentConnected {!~} t.*", [2]),
    ],
)
def test_agent_connected(text: str, rows: list[int]) -> None:
    """`agentConnected` is the text true or false."""
    assert both_spellings(text, [row(connected=True), row(connected=False)]) == rows


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("agentVersion {==} 1.14.5", [2, 5]),
        ("agentVersion {==} v1.14.5", [2, 5]),
        ("agentVersion {!=} 1.14.5", [1, 3]),
        ("agentVersion {<} 1.14.5", [1]),
        ("agentVersion {<=} 1.14.5", [1, 2, 5]),
        ("agentVersion {>} 1.14.5", [3]),
        ("agentVersion {>=} v1.14.5", [2, 3, 5]),
    ],
)
def test_agent_version(text: str, rows: list[int]) -> None:
    """Versions compare component by component, 1.9.0 below 1.14.5, and a leading v says nothing."""
    versions = ["1.9.0", "1.14.5", "1.100.0", None, "v1.14.5"]
    assert both_spellings(text, [row(version=version) for version in versions]) == rows


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("ec2InstanceId {==} i-abcd1234", [1]),
        ("ec2InstanceId {!=} i-abcd1234", [2]),
        ("ec2InstanceId {in} ['i-abcd1234', 'i-wxyx7890']", [1, 2]),
        ("ec2InstanceId {!in} [i-abcd1234]", [2]),
        ("ec2InstanceId {=~} i-w.*", [2]),
        ("ec2InstanceId {!~} i-w.*", [1]),
    ],
)
def test_ec2_instance_id(text: str, rows: list[int]) -> None:
    """An instance without an EC2 id is in no comparison of it."""
    assert both_spellings(text, [row(ec2="i-abcd1234"), row(ec2="i-wxyx7890"), row()]) == rows


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("registeredAt {==} 2018-06-18T22:28:28+00:00", [1, 2]),
        ("registeredAt {!=} 2018-06-18T22:28:28Z", [3, 4]),
        ("registeredAt {<} 2018-06-18T22:28:28", [3]),
        ("registeredAt {<=} 2018-06-18T22:28:28", [1, 2, 3]),
        ("registeredAt {>} 2018-06-18", [1, 2, 4]),
        ("registeredAt {>=} '2018-06-19 01:28:28+02:00'", [4]),
    ],
)
def test_registered_at(text: str, rows: list[int]) -> None:
    """Instants compare as instants however they are written; no zone means UTC."""
    moments = ["2018-06-18T22:28:28Z", "2018-06-19T00:28:28+02:00", "2018-06-17", "2018-06-19T00:00:00", None]
    assert both_spellings(text, [row(registered=moment) for moment in moments]) == rows


@pytest.mark.parametrize(
    ("operator", "rows"), [("==", [2]), ("!=", [1, 3]), ("<", [1]), ("<=", [1, 2]), (">", [3]), (">=", [2, 3])]
)
def test_running_tasks_count(operator: str, rows: list[int]) -> None:
    """`runningTasksCount` compares as a number."""
    instances = [row(running=9), row(running=10), row(running=11)]
    assert both_spellings(f"runningTasksCount {{{operator}}} 10", instances) == rows


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("task:group {==} db", [1, 2]),
        ("task:group {!=} db", [3]),
        ("task:group {in} [db, service:web]", [1, 2, 3]),
        ("task:group {!in} [db, cache]", [3]),
        ("task:group {=~} service:.*", [2, 3]),
        ("task:group {!~} service:.*", [1]),
        ("task:group {exists}", [1, 2, 3]),
        ("task:group {!exists}", [4]),
        ("task:group {==} cache", []),
        ("task:group {!=} cache", [1, 2, 3]),
    ],
)
def test_task_group(text: str, rows: list[int]) -> None:
    """Any hosted task decides; a negative operator wants at least one task and no matching one."""
    instances = [row(groups={"db": 1}), row(groups={"db": 2, "service:web": 1}), row(groups={"service:web": 1}), row()]
    assert both_spellings(text, instances) == rows


def both_spellings(text: str, rows: list[dict[str, object]]) -> list[int]:
    """What the text selects with the operator in braces written in each of its spellings, which must agree."""
    before, rest = text.split("{")
    symbol, after = rest.split("}")
    spellings = [spelling for spelling, operator in SPELLINGS.items() if operator.value == symbol]
    answers = [selected(before + spelling + after, rows) for spelling in spellings]
    assert len(spellings) == (1 if symbol in ("in", "exists") else 2)
    assert all(answer == answers[0] for answer in answers)
    return answers[0]


@pytest.mark.parametrize("kind", SubjectKind)
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_each_subject_takes_its_operators_and_no_other(kind: SubjectKind, spelling: str) -> None:
    """The table of ECS document, section 4.2, in both spellings of every operator."""
    operator = SPELLINGS[spelling]
    value = {"registeredAt": "2018-06-18", "runningTasksCount": "1", "agentConnected": "true"}.get(kind.value, "x")
    argument = {Operator.EXISTS: "", Operator.IN: f"[{value}]"}.get(operator.positive, value)
    subject = "attribute:stack" if kind is SubjectKind.ATTRIBUTE else kind.value
    text = f"{subject} {spelling} {argument}"
    if operator in OPERATORS[kind]:
        assert str(parse(text)) == f"{subject} {operator.value} {argument}".strip()
    else:
        with pytest.raises(InvalidQuery, match="does not apply to") as raised:
            parse(text)
        assert raised.value.column == len(subject) + 2


def test_the_table_of_operators() -> None:
    """Which operators each subject takes, written out."""
    order = "== != < <= > >="
    listed = "== != in !in =~ !~"
    expected = {
        "agentConnected": listed,
        "agentVersion": order,
        "attribute": f"{order} in !in =~ !~ exists !exists",
        "ec2InstanceId": listed,
        "registeredAt": order,
        "runningTasksCount": order,
        "task:group": f"{listed} exists !exists",
    }
    assert {kind.value: " ".join(map(str, operators)) for kind, operators in OPERATORS.items()} == expected


@pytest.mark.parametrize(
    ("value", "argument", "sign"),
    [
        ("9", "10", "<"),
        ("-1", "0", "<"),
        ("+5", "5", "="),
        ("007", "7", "="),
        ("9" * 5000, "1", ">"),
        ("1.9", "1.10", "<"),
        ("1.14", "1.14.0", "="),
        ("2", "1.10", ">"),
        ("1..2", "1.10", "<"),
        ("v1.9", "v1.10", ">"),
        ("2018-02-12", "2018-02-12T00:00:00Z", "="),
        ("2018-02-12T23:00:00-02:00", "2018-02-13T00:30:00Z", ">"),
        ("2018-02-30", "2018-02-29", ">"),
        ("0001-01-01T00:00:00+14:00", "0001-01-01", "<"),
        ("abc", "abd", "<"),
        ("Z", "a", "<"),
        ("10", "9a", "<"),
        ("٣", "2", ">"),
        ("", "a", "<"),
    ],
)
def test_what_is_less(value: str, argument: str, sign: str) -> None:
    """Numbers if both are integers, versions if both are digits and dots, instants if both are dates, else text."""
    rows = [row({"x": value})]
    held = {operator for operator in ("<", "<=", ">", ">=") if selected(f"attribute:x {operator} '{argument}'", rows)}
    assert held == {"<": {"<", "<="}, "=": {"<=", ">="}, ">": {">", ">="}}[sign]


def test_equality_is_of_text_and_by_case() -> None:
    """Strings compare exactly and by case."""
    rows = [row({"x": "7"}), row({"x": "007"}), row({"x": "Prod"}), row({"x": "prod"})]
    assert selected("attribute:x == 7", rows) == [1]
    assert selected("attribute:x in [prod]", rows) == [4]
    assert selected("attribute:x =~ p.*", rows) == [4]
    assert selected("attribute:x =~ (?i)p.*", rows) == [3, 4]


def test_a_regular_expression_matches_the_whole_value() -> None:
    """A match inside the value is none."""
    rows = [row({"x": "t2.micro"}), row({"x": "at2.micro"}), row({"x": "t2.micro\n"})]
    assert selected("attribute:x =~ t2", rows) == []
    assert selected("attribute:x =~ t2[.]micro", rows) == [1]
    assert selected("attribute:x =~ t2.micro$", rows) == [1]
    assert selected("attribute:x =~ t1|at2.micro", rows) == [2]


def test_an_empty_cluster_has_an_empty_answer() -> None:
    """No instance, no answer, no error."""
    for text in ("attribute:x exists", "runningTasksCount == 1", "task:group != a", "agentConnected == true"):
        assert selected(text, []) == []
