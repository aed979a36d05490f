"""``placement-solver query``."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from tests.cli.conftest import Run


def test_lists_the_instances_that_the_expression_selects(run: Run, tables: Path) -> None:
    """The selected instances are listed with what is free, and no other."""
    answer = run("query", tables, "attribute:stack == prod and not(task:group == web)")
    assert answer.exit_code == 0
    assert answer.stdout.startswith("2 of 4 instances\n")
    assert ["i-0b1" in answer.stdout, "i-0c1" in answer.stdout, "i-0a1" in answer.stdout] == [True, True, False]


def test_it_shows_the_state_before(run: Run, tables: Path) -> None:
    """What the table of groups wants is not counted as running."""
    assert run("query", tables, "runningTasksCount > 2").stdout == "0 of 4 instances\n"
    assert run("query", tables, "runningTasksCount == 2").stdout.startswith("1 of 4 instances\n")


def test_csv_and_json(run: Run, tables: Path) -> None:
    """-o csv and -o json give every field of every selected instance, and nothing else."""
    rows = list(csv.DictReader(io.StringIO(run("query", tables, "attribute:stack == dev", "-o", "csv").stdout)))
    (found,) = json.loads(run("query", tables, "attribute:stack == dev", "-o", "json").stdout)["instances"]
    assert rows == [{name: str(value) for name, value in found.items()}]
    assert (found["instance"], found["free.cpu"], found["tasks"]) == ("a2", 2048, 0)


def test_syntax_error_has_a_caret(run: Run, tables: Path) -> None:
    """A syntax error shows the expression with a caret under the column."""
    answer = run("query", tables, "attribute:stack = prod")
    assert (answer.exit_code, answer.stdout) == (2, "")
    _, expression, caret = answer.stderr.splitlines()
    assert expression == "attribute:stack = prod"
    assert caret.index("^") == expression.index("= prod")


def test_a_long_expression_is_shown_around_the_error(run: Run, tables: Path) -> None:
    """Where a long expression is cut there are three dots, and the sentence is said once."""
    start = "attribute:stack == prod and " * 5
    answer = run("query", tables, f"{start}attribute:stack = prod{' and attribute:stack == prod' * 5}")
    said, expression, caret = answer.stderr.splitlines()
    assert said.startswith(f"error: the expression cannot be read, column {len(start) + 17}: ")
    assert (expression[:3], expression[-3:]) == ("...", "...")
    assert expression[caret.index("^") :].startswith("= prod and")
    assert caret.strip() == "^"


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("a" * 2001, "2,000"),
        ("not(" * 10_000 + "x", ""),
        ("attribute:stack ==", "column"),
        ("attribute:stack like prod", "column"),
        ("nonsense == 1", "column"),
        ("", "column"),
    ],
    ids=["2001 characters", "nesting of 10000", "no value", "unknown operator", "unknown field", "empty"],
)
def test_bad_expression(run: Run, tables: Path, expression: str, message: str) -> None:
    """A bad expression ends with 2, says where and what, and never hangs."""
    answer = run("query", tables, expression)
    assert (answer.exit_code, answer.stdout) == (2, "")
    assert message in answer.stderr
    assert "Traceback" not in answer.stderr


def test_a_pattern_that_others_hang_on(run: Run, tables: Path) -> None:
    """``(a+)+$`` on a long value takes linear time."""
    text = (tables / "instances.csv").read_text(encoding="utf-8").replace("dev", "a" * 5000 + "!")
    (tables / "instances.csv").write_text(text, encoding="utf-8")
    assert run("query", tables, "attribute:stack =~ '(a+)+$'").stdout == "0 of 4 instances\n"


@pytest.mark.parametrize(
    ("expression", "hints"),
    [
        ("attribute:stak == prod", ["no instance has attribute 'stak'; did you mean 'stack'?"]),
        ("attribute:Stack exists", ["no instance has attribute 'Stack'; did you mean 'stack'?"]),
        ("not(attribute:qqq == 1)", ["no instance has attribute 'qqq'"]),
        (
            "task:group == wep or task:group in [web, zzz]",
            [
                "no task is of group 'wep'; did you mean 'web'?",
                "no task is of group 'zzz'",
            ],
        ),
        ("attribute:stack == none", []),
        ("attribute:qqq !exists", []),
        ("task:group == batch and runningTasksCount > 99", []),
        ("task:group =~ zzz.*", []),
    ],
)
def test_hints_at_names_that_are_nowhere(run: Run, tables: Path, expression: str, hints: list[str]) -> None:
    """An attribute or a group that is nowhere is told on standard error; a value that is nowhere is an answer."""
    answer = run("query", tables, expression, "-o", "json")
    assert (answer.exit_code, answer.stderr.splitlines()) == (0, [f"hint: {hint}" for hint in hints])
    assert "instances" in json.loads(answer.stdout)
