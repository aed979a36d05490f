"""An answer in a terminal."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console

from solver.domain.answer import Answer
from solver.domain.solution import Status
from solver.report.terminal import show
from tests.report.answers import answer, proved


def shown(found: Answer, width: int = 80, colour: bool = False) -> str:
    out = io.StringIO()
    show(found, Console(file=out, width=width, force_terminal=colour, color_system="standard" if colour else None))
    return out.getvalue()


@pytest.mark.parametrize("width", [80, 120])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    """Nothing goes beyond the width, and no line ends in blanks."""
    lines = shown(answer(missing=3), width).splitlines()
    assert max(map(len, lines)) <= width
    assert [line for line in lines if line != line.rstrip()] == []


def test_without_colours_nothing_but_text() -> None:
    """Where there are no colours there is no escape sequence, and with them there is."""
    assert "\x1b" not in shown(answer(missing=3))
    assert "\x1b[" in shown(answer(missing=3), colour=True)


def test_headline_says_how_many_and_what_is_known() -> None:
    """The first line tells the tasks placed and what is known of the plan."""
    assert shown(answer(missing=3)).startswith("Placed 21 of 24 tasks, time was up before the proof\n")
    assert shown(proved(answer())).startswith("Placed all 24 tasks, proved optimal\n")
    assert shown(proved(answer(missing=3))).startswith("Placed 21 of 24 tasks, proved that no more fit\n")
    assert shown(proved(answer(groups=1, each=1))).startswith("Placed the task, proved optimal\n")
    impossible = replace(answer(missing=8, groups=1), status=Status.INFEASIBLE)
    assert shown(impossible).startswith("Placed 0 of 8 tasks, proved impossible\n")


def test_a_shortfall_has_funnel_conflict_and_repairs() -> None:
    """Where tasks are missing, it says what refused the instances, what cannot hold together and what would help."""
    text = shown(answer(missing=3), 120)
    assert "service:search: 3 of 8 not placed (no plan places more)" in text
    assert "memberOf(attribute:stack == prod)   MemberOf placement constraint unsatisfied" in text
    assert "These cannot hold together with one more task (a smallest set):" in text
    assert "add   Add one m5.large in us-east-1a. (not verified)" in text
    assert "not placed" not in shown(proved(answer())).replace("tasks not placed", "")


def test_tiers_say_where_the_sequential_plan_is_worse() -> None:
    """Each tier has its value, its bound, whether it is proved, and what the sequential scheduler has."""
    (line,) = [line for line in shown(answer(), 120).splitlines() if "unevenness" in line]
    assert line.split()[-5:] == ["66", "64", "no", "74", "*"]


def test_a_proof_with_priorities_says_so() -> None:
    """With several priorities more tasks might fit, but none without leaving out one of a higher priority."""
    found = proved(answer(missing=3))
    first, *others = found.problem.groups
    problem = replace(found.problem, groups=(replace(first, priority=1), *others))
    assert shown(replace(found, problem=problem)).startswith(
        "Placed 21 of 24 tasks, proved that no more fit in order of priority\n"
    )


def test_names_of_tiers_leave_a_narrow_terminal_to_the_titles() -> None:
    """Below 100 columns a tier has its title on one line and no name; from there on it has its name too."""
    for width, named in ((80, False), (99, False), (100, True)):
        text = shown(answer(), width)
        assert ("1/spread(zone)/evenness" in text) is named
        assert named or "unevenness over ecs.availability-zone" in text


def test_words_of_others_are_only_text() -> None:
    """A name cannot colour, hide or move anything: it is neither markup nor an escape sequence."""
    found = answer(groups=1)
    hostile = replace(found.problem.groups[0], name="[red]x[/red]\x1b[2J")
    text = shown(replace(found, problem=replace(found.problem, groups=(hostile,)), warnings=("[bold]y\x07",)))
    assert "[red]x[/red]�[2J" in text
    assert "[bold]y�" in text


def test_many_groups_are_cut_with_the_short_ones_first() -> None:
    """Of many groups 40 are listed, those with a shortfall first, and the others counted."""
    text = shown(answer(400, groups=60, each=2, missing=1))
    assert text.index("service:feed5") < text.index("service:web ")
    assert "... 20 more" in text
