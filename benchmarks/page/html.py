"""The report as one HTML file: everything in it, nothing fetched, made of what is recorded."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from benchmarks.page.blocks import Content, Verdict
from benchmarks.suites import suites

FOLDER = Path(__file__).resolve().parent
TEMPLATE, STYLE = "page.html.jinja", "page.css"

_MARKS = re.compile(r"`(?P<code>[^`]+)`|\*\*(?P<strong>[^*]+)\*\*|\*(?P<em>[^*]+)\*")


def page(folder: Path) -> str:
    """The page of what the files of a folder record."""
    return drawn([suite.read(folder) for suite in suites()])


def drawn(contents: Sequence[Content]) -> str:
    """The page of what suites have to say."""
    comparisons = [one for content in contents for one in content.comparisons]
    goals = sorted((goal for content in contents for goal in content.goals), key=lambda goal: goal.met)
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["inline"] = inline
    return environment.get_template(TEMPLATE).render(
        style=Markup((FOLDER / STYLE).read_text(encoding="utf-8")),
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


def inline(text: str) -> Markup:
    """Text with `code`, *emphasis* and **stress** as HTML; all else in it is shown as it is."""
    return Markup(
        _MARKS.sub(lambda mark: f"<{mark.lastgroup}>{mark[mark.lastgroup or 0]}</{mark.lastgroup}>", escape(text))
    )
