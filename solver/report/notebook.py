"""An answer in a notebook: its tables and its figure as HTML, with nothing to load from elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

from solver.domain.answer import Answer
from solver.report.figure import picture
from solver.report.headline import by_zone, headline, zones

MOST_ROWS = 60


@dataclass(frozen=True, eq=False)
class Shown:
    """What a notebook displays for an answer."""

    answer: Answer

    def _repr_html_(self) -> str:
        return html(self.answer)

    def __repr__(self) -> str:
        return headline(self.answer)


def html(answer: Answer) -> str:
    """An answer as HTML: headline, groups, tiers, what is missing and why, the figure."""
    said = headline(answer)
    parts = [f"<h3>{escape(said[0].upper() + said[1:])}</h3>", _groups(answer), _tiers(answer)]
    for shortfall in answer.shortfalls:
        missing = shortfall.wanted - shortfall.placed
        parts.append(f"<h4>{escape(shortfall.group)}: {missing:,} of {shortfall.wanted:,} not placed</h4>")
        stages = [(f.stage, f.rule, f.reason, f"{f.refused:,}", f"{f.left:,}") for f in shortfall.funnel]
        parts.append(_table(("stage", "rule", "reason", "refused", "left"), stages) if stages else "")
        if shortfall.conflict:
            parts.append(f"<p>Cannot hold together: {escape('; '.join(shortfall.conflict.members))}.</p>")
        parts += [f"<p>{escape(repair.kind)}: {escape(repair.change)}</p>" for repair in shortfall.repairs]
    parts += [f"<p>Warning: {escape(warning)}</p>" for warning in answer.warnings[:MOST_ROWS]]
    svg = picture(answer, "svg").decode()
    # The declaration and the type of document belong to a file, not into the middle of a page.
    return "\n".join(part for part in parts if part) + svg[svg.index("<svg") :]


def _groups(answer: Answer) -> str:
    names, counts = zones(answer), by_zone(answer)
    wanted, placed = answer.problem.wanted, answer.placed()
    rows = [
        (answer.problem.groups[g].name, f"{wanted[g]:,}", f"{placed[g]:,}", *(f"{n:,}" for n in counts[g].tolist()))
        for g in np.flatnonzero(wanted)[:MOST_ROWS].tolist()
    ]
    return _table(("group", "wanted", "placed", *names), rows)


def _tiers(answer: Answer) -> str:
    rows = [
        (t.name, t.title, f"{t.value:,}", f"{t.bound:,}", "yes" if t.proven else "no", f"{t.sequential:,}")
        for t in answer.tiers
    ]
    return _table(("tier", "what is minimised", "value", "bound", "proved", "sequential"), rows)


def _table(header: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    head = "".join(f"<th>{escape(cell)}</th>" for cell in header)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
