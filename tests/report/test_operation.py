"""An answer that stops and moves tasks: in a terminal and as a picture."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console

from solver.domain.answer import Answer
from solver.domain.steps import Block, Steps
from solver.report.changes import Changes, emptied
from solver.report.figure import picture
from solver.report.headline import headline
from solver.report.terminal import show
from tests.report.answers import answer, emptying, operation


def shown(found: Answer, width: int) -> str:
    out = io.StringIO()
    show(found, Console(file=out, width=width))
    return out.getvalue()


def test_what_starts_and_stops_in_one_group_moves() -> None:
    """Without an order of steps the totals say what moves; the parts add up to the plan."""
    found = operation()
    changes = Changes.of(found)
    assert changes.new.totals().tolist() == [0, 0, 5]
    assert changes.stopped.totals().tolist() == [10, 0, 0]
    assert changes.moved_away.totals().tolist() == changes.moved_in.totals().tolist() == [0, 11, 0]
    after = found.problem.running + changes.new + changes.moved_in - changes.stopped - changes.moved_away
    assert after.same_as(found.tasks)


def test_the_headline_counts_each_kind() -> None:
    """What was asked for in full, what moved, and the shortfall of stops."""
    assert headline(operation()).startswith("placed all 5 tasks, stopped all 10 tasks, moved 11 tasks, ")
    assert "stopped 10 of 12 tasks" in headline(operation(short=2))
    assert headline(emptying()) == "moved 1 task, emptied 1 instance, proved optimal"


def test_the_headline_says_how_much_of_a_plan_can_be_carried_out() -> None:
    """Where no order of all its changes was found."""
    whole = operation()
    blocked = replace(whole, steps=Steps(tuple(whole.actions())[:7], 1, Block((), 0, True, ())))
    assert "moved 11 tasks, 7 of these 26 changes can be carried out" in headline(blocked)


def test_an_instance_is_emptied_by_its_last_task_that_is_no_daemon_s() -> None:
    """Emptied are instances in use before and not after."""
    assert (emptied(emptying()), emptied(answer())) == (1, 0)


@pytest.mark.parametrize(("width", "zones"), [(80, 0), (120, 1)])
def test_groups_have_their_tasks_before_and_after(width: int, zones: int) -> None:
    """A column for each kind of change that there is; zones where there is room; no line wider than the terminal."""
    lines = shown(operation(short=2), width).splitlines()
    assert max(map(len, lines)) <= width
    (head,) = [line for line in lines if line.startswith("group ")]
    assert head.split()[:6] == ["group", "before", "start", "stop", "move", "after"]
    assert head.count("us-east-1a") == zones
    (row,) = [line for line in lines if line.startswith("service:web ")]
    assert row.split()[:7] == ["service:web", "30", "·", "10", "of", "12", "·"]


def test_few_actions_are_listed_with_instance_and_zone() -> None:
    """Where each task stops or starts."""
    text = shown(emptying(), 100)
    assert "us-east-1b" in text.split("do ")[1]


@pytest.mark.parametrize("found", [operation(), emptying()])
def test_the_picture_has_moves_and_stops(found: Answer) -> None:
    """Drawn before and after in their own colours, the same bytes each time."""
    drawn = picture(found, "svg")
    assert drawn == picture(found, "svg")
    assert b"#27272a" in drawn
    assert (b"#b3261e" in drawn) == bool(len(Changes.of(found).stopped))


def test_a_picture_of_starts_alone_has_neither() -> None:
    """Nothing stops, so neither colour is there."""
    drawn = picture(answer(), "svg")
    assert b"#27272a" not in drawn and b"#b3261e" not in drawn
