"""A curve for people: what each budget of moves gains, as a table in a terminal and as a picture."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from string import ascii_uppercase

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from rich.console import Console, RenderableType
from rich.text import Text

from solver.domain.curve import CurvePoint
from solver.domain.solution import TierResult
from solver.report.changing import changing
from solver.report.files import check_picture, write_whole
from solver.report.headline import plural, printable
from solver.report.plain import add_row, bulleted, print_plainly, table_of
from solver.report.rendering import FAINT, INK, rendered

MOST_TIERS = 8
"""Tiers of a picture: the most important ones that change along the curve. A table has as many as its width allows."""

BESIDE = 32
"""Columns of a terminal for what stands beside the tiers."""

MOST_WARNINGS = 12
WIDTH, HEIGHT = 7.5, 1.7
"""Inches of a picture, and of each tier in it."""

LINE, BOUND = "#0072b2", "#d55e00"


def show_curve(points: Sequence[CurvePoint], warnings: Sequence[str], console: Console) -> None:
    """Print a row for each budget, with the tiers that change. No line ends in blanks."""
    print_plainly(_parts(points, warnings, console.width), console)


def _parts(points: Sequence[CurvePoint], warnings: Sequence[str], width: int) -> Iterator[RenderableType]:
    every = changing([point.tiers for point in points])
    shown = _fitting(points, every[:MOST_TIERS], width - BESIDE)
    last = points[-1]
    whole = all(point.proven for point in points)
    proved = "every row is proved" if whole else "where a row is not proved, bounds stand in brackets"
    said = f"What up to {last.max_moves:,} {plural('move', last.max_moves)} gain; {proved}"
    yield Text(said, "bold green" if whole else "bold yellow")
    letters = ascii_uppercase[: len(shown)]
    table = table_of([">at most", ">moved", *(f">{letter}" for letter in letters), ">proved"])
    for point in points:
        cells = [_cell(point.tiers[t]) for t in shown]
        mark = Text("yes", "green") if point.proven else Text("no", "yellow")
        add_row(table, f"{point.max_moves:,}", _moves(point), *cells, mark)
    yield table
    if shown:
        titles = [f"{last.tiers[t].title} ({last.tiers[t].name})" for t in shown]
        rows = list(zip(letters, titles, strict=True))
        more = len(every) - len(shown)
        rows += [("", f"... and {more:,} more (-o csv has them)")] if more else []
        yield bulleted("What is minimised, the most important first", "bold", rows)
    else:
        yield Text("No budget gains anything", "bold")
    if warnings:
        left = len(warnings) - MOST_WARNINGS
        lines = [("-", line) for line in warnings[:MOST_WARNINGS]]
        yield bulleted("Warnings", "bold yellow", [*lines, ("", f"... and {left:,} more")] if left > 0 else lines)


def _cell(tier: TierResult) -> str:
    return f"{tier.value:,}" if tier.proven else f"{tier.value:,} ({tier.bound:,})"


def _moves(point: CurvePoint) -> str:
    """The moves made; with the fewest there may be, where that is not proved and each counts one."""
    counted = [tier for tier in point.tiers if tier.name == "moved" and not tier.proven and tier.value == point.moves]
    return _cell(counted[0]) if counted else f"{point.moves:,}"


def _fitting(points: Sequence[CurvePoint], tiers: Sequence[int], width: int) -> list[int]:
    """The first of the tiers whose columns fit beside each other, one at least."""
    found: list[int] = []
    for t in tiers:
        width -= 3 + max(len(_cell(point.tiers[t])) for point in points)
        if width < 0 and found:
            break
        found.append(t)
    return found


def draw_curve(points: Sequence[CurvePoint], path: Path | str) -> None:
    """Write the picture of a curve, whole or not at all.

    Raises
    ------
    InvalidRequest
        If the name ends in something else than ``.svg`` or ``.png``.
    OSError
        If the file cannot be written.
    """
    path = Path(path)
    check_picture("figure", path)
    write_whole(path, curve_picture(points, path.suffix.lower()[1:]))


def curve_picture(points: Sequence[CurvePoint], kind: str) -> bytes:
    """The picture as the bytes of an ``svg`` or a ``png``: a step line a tier, its bound below it."""
    return rendered(lambda: _figure(points), kind)


def _figure(points: Sequence[CurvePoint]) -> Figure:
    shown = changing([point.tiers for point in points])[:MOST_TIERS] or [0][: len(points[0].tiers)]
    figure = Figure(figsize=(WIDTH, 0.9 + HEIGHT * max(len(shown), 1)), layout="constrained")
    rows = figure.subplots(max(len(shown), 1), 1, sharex=True, squeeze=False)[:, 0]
    for axes, tier in zip(rows, shown, strict=False):
        _draw(axes, points, tier)
    rows[-1].set_xlabel("tasks that may move", color=INK)
    figure.suptitle("What moves gain", color=INK, fontweight="bold")
    return figure


def _draw(axes: Axes, points: Sequence[CurvePoint], t: int) -> None:
    budgets = [point.max_moves for point in points]
    tiers = [point.tiers[t] for point in points]
    values, bounds = [tier.value for tier in tiers], [tier.bound for tier in tiers]
    axes.step(budgets, values, where="post", color=LINE, linewidth=1.6)
    for proven, face in ((True, LINE), (False, "white")):
        at = [k for k, tier in enumerate(tiers) if tier.proven is proven]
        label = "proved" if proven else "best found"
        if at:
            xs, ys = [budgets[k] for k in at], [values[k] for k in at]
            axes.plot(xs, ys, "o", color=LINE, markerfacecolor=face, markersize=5, label=label)
    if values != bounds:
        # A plan serves the budgets after its own, a bound those before.
        axes.step(budgets, bounds, where="pre", color=BOUND, linewidth=1.0, linestyle="--", label="bound")
    axes.set_title(printable(tiers[-1].title), loc="left", fontsize=9, color=INK)
    axes.tick_params(colors=FAINT, labelsize=8)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator("auto", integer=True))
    axes.legend(frameon=False, fontsize=8, labelcolor=INK, loc="best")
