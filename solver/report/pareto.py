"""A Pareto front for people in a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Console, RenderableType
from rich.text import Text

from solver.formats.kept_front import KeptAxis, KeptFront, KeptPoint
from solver.report.headline import plural
from solver.report.plain import add_row, bulleted, print_plainly, table_of

MOST_LINES, MOST_WARNINGS, MOST_REASONS = 10, 12, 3
"""Of a list; warnings; and reasons why plans cannot be carried out."""

_SHORT = {"cost": "in use", "moves": "moved", "skew": "skew"}


def show_front(front: KeptFront, console: Console) -> None:
    """Print a front: a row a point, then where better plans may be. No line ends in blanks."""
    print_plainly(_parts(front), console)


def headline(front: KeptFront) -> str:
    """What is weighed, how many points there are, and what is proved: one sentence, no full stop."""
    count = len(front.points)
    said = f"{count:,} {plural('point', count)} of {' against '.join(axis.name for axis in front.axes)}"
    if front.proven:
        return f"{said}: proved, and no other is missing"
    proved = sum(point.proven for point in front.points)
    return f"{said}: {proved:,} proved, others may be missing"


def _parts(front: KeptFront) -> Iterator[RenderableType]:
    yield Text(headline(front), "bold green" if front.proven else "bold yellow")
    name = f" of {front.cluster}" if front.cluster else ""
    interrupted = "; interrupted" if front.stopped else ""
    yield Text(f"{front.instances:,} instances{name}; {front.searches:,} searches; {front.seconds:,.1f} s{interrupted}")
    if front.missing:
        proof = "no plan places more" if front.missing_proven else "whether a plan places more is not decided"
        yield Text(
            f"{front.missing:,} {plural('task', front.missing)} without a place in every plan: {proof}", "yellow"
        )
    yield _table(front)
    lines = [("", f"{short(axis)}: {axis.title}") for axis in front.axes]
    if any(not point.proven for point in front.points):
        lines.append(("", "in brackets: the least that a plan may have which is no worse along the others"))
    if not front.proven:
        lines.append(("", "beside it: whether a point may be missing next to this one"))
    yield bulleted("What is minimised", "bold", lines)
    blocked = list(dict.fromkeys(point.blocked for point in front.points if point.blocked))
    if blocked:
        yield bulleted(
            "* not carried out whole by any order that was found", "bold yellow", _listed(blocked, MOST_REASONS)
        )
    if front.undecided:
        zones = [where(front.axes, zone) for zone in front.undecided]
        yield bulleted("Not decided: other plans may have", "bold yellow", _listed(zones, MOST_LINES))
    if front.warnings:
        yield bulleted("Warnings", "bold yellow", _listed(front.warnings, MOST_WARNINGS))


def _listed(lines: Sequence[str], most: int) -> list[tuple[str, str]]:
    left = len(lines) - most
    return [*(("-", line) for line in lines[:most]), *([("", f"... and {left:,} more (-o json)")] if left > 0 else [])]


def _table(front: KeptFront) -> RenderableType:
    open_ = [] if front.proven else ["beside it"]
    table = table_of([">", *(f">{short(axis)}" for axis in front.axes), "proved", *open_, "plan"])
    for k, point in enumerate(front.points):
        cells = [_cell(axis, point, a) for a, axis in enumerate(front.axes)]
        mark = Text("yes", "green") if point.proven else Text("no", "yellow")
        beside = [] if front.proven else [Text("none missing", "green") if point.surrounded else Text("open", "yellow")]
        add_row(table, f"{k + 1}", *cells, mark, *beside, point.plan + ("*" if point.blocked else ""))
    return table


def _cell(axis: KeptAxis, point: KeptPoint, at: int) -> str:
    value, bound = amount(axis, point.values[at]), amount(axis, point.bounds[at])
    return value if value == bound else f"{value} ({bound})"


def short(axis: KeptAxis) -> str:
    """What an amount along an axis is, in a word or two: instances in use, or money where they have prices."""
    return "an hour" if axis.name == "cost" and axis.decimals else _SHORT[axis.name]


def amount(axis: KeptAxis, value: float) -> str:
    """An amount along an axis."""
    return f"{value:,.{axis.decimals}f}"


def where(axes: Sequence[KeptAxis], zone: Sequence[float | None]) -> str:
    """A zone in words."""
    limits = [
        f"at most {amount(axis, limit)} {short(axis)}"
        for axis, limit in zip(axes, zone, strict=True)
        if limit is not None
    ]
    return ", ".join(limits) or "anything"
