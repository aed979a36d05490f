"""The report as one HTML file: everything in it, nothing fetched, made of what is recorded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from benchmarks.page.blocks import Content, Verdict
from benchmarks.suites import suites
from solver.report.page.templates import environment, inline, style

__all__ = ["drawn", "inline", "page"]

FOLDER = Path(__file__).resolve().parent
TEMPLATE = "page.html.jinja"


def page(folder: Path) -> str:
    """The page of what the files of a folder record."""
    return drawn([suite.read(folder) for suite in suites()])


def drawn(contents: Sequence[Content]) -> str:
    """The page of what suites have to say."""
    comparisons = [one for content in contents for one in content.comparisons]
    goals = sorted((goal for content in contents for goal in content.goals), key=lambda goal: goal.met)
    return (
        environment(FOLDER)
        .get_template(TEMPLATE)
        .render(
            style=style(),
            comparisons=comparisons,
            verdicts=Counter(one.verdict for one in comparisons),
            slower=sum(one.verdict is Verdict.BETTER and bool(one.drawback) for one in comparisons),
            Verdict=Verdict,
            goals=goals,
            headlines=[headline for content in contents for headline in content.headlines],
            notes=[content.note for content in contents if content.note],
            met=sum(goal.met for goal in goals),
            sections=[section for content in contents for section in content.sections],
        )
    )
