"""An answer in a notebook."""

from __future__ import annotations

from dataclasses import replace

from solver.report import show
from tests.report.answers import answer


def test_a_notebook_shows_tables_and_the_figure() -> None:
    """What a notebook displays holds the headline, the tiers, the reasons and the figure, and loads nothing."""
    page = show(answer(20, 2, 4, missing=1))._repr_html_()
    assert "Placed 7 of 8 tasks" in page
    assert "<td>66</td><td>64</td><td>no</td>" in page
    assert "Cannot hold together" in page
    assert page.count("<svg") == 1
    assert "<?xml" not in page
    assert "<script" not in page


def test_names_are_escaped() -> None:
    """A name is text in the page, never markup."""
    found = answer(20, 1, 2)
    group = replace(found.problem.groups[0], name="<script>alert(1)</script>")
    page = show(replace(found, problem=replace(found.problem, groups=(group,))))._repr_html_()
    assert "<script" not in page
    assert "&lt;script&gt;" in page


def test_a_plain_prompt_shows_the_headline() -> None:
    """Outside a notebook it reads as the headline."""
    assert repr(show(answer(20, 2, 4))) == "placed all 8 tasks, time was up before the proof"
