"""A Pareto front as a picture: the first axis over the second, a staircase for each limit of the third.

Along a staircase lies the least of the first axis for each limit of the second. Above the lowest one every plan is no better than
a point that is known; below the bound it is proved that there is no plan; what is between is not decided.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from markupsafe import Markup

from solver.formats.kept_front import KeptAxis, KeptFront, KeptPoint
from solver.report.page.blocks import Table
from solver.report.page.scale import Scale
from solver.report.pareto import amount, headline, short, where

WIDTH, HEIGHT = 360.0, 250.0
LEFT, RIGHT, TOP, BOTTOM = 46.0, 352.0, 10.0, 214.0
"""Where the drawing's amounts are, in its units."""

LOWEST = {"cost": "Lowest cost", "moves": "Fewest moves", "skew": "Lowest skew"}

MOST_LEVELS = 6
"""Staircases, for each of which there is a shape: with more limits of the third axis, the tightest ones share the last."""

ROOM = 0.1
HATCH = 5.0
"""Between two lines."""


@dataclass(frozen=True)
class Mark:
    """A point: where, of which staircase, what it says, and its bound below it."""

    x: float
    y: float
    bound: float
    level: int
    hollow: bool
    text: str


@dataclass(frozen=True)
class Line:
    """A staircase: the points of an SVG polyline."""

    level: int
    name: str
    points: str


@dataclass(frozen=True)
class Picture:
    """The picture of a front.

    Parameters
    ----------
    text
        All that is drawn, in words.
    worse
        The points of an SVG polygon: no better than what is known.
    impossible
        The commands of an SVG path: proved to hold no plan. Empty for none.
    """

    x_title: str
    y_title: str
    text: str
    x_ticks: Sequence[tuple[float, str]]
    y_ticks: Sequence[tuple[float, str]]
    worse: str
    impossible: str
    lines: Sequence[Line]
    marks: Sequence[Mark]


@dataclass(frozen=True)
class ShownFront:
    """A front as the page has it."""

    sentences: Sequence[str]
    picture: Picture | None
    points: Table
    undecided: Sequence[str]
    origin: str


def shown_front(front: KeptFront, anchors: dict[str, str]) -> ShownFront:
    """What the page says and draws of a front; ``anchors`` lead to the plans that it has, by name."""
    return ShownFront(
        list(_sentences(front)),
        _picture(front) if front.points else None,
        _table(front, anchors),
        [where(front.axes, zone) for zone in front.undecided],
        _origin(front),
    )


def title_of(front: KeptFront, plan: str) -> str:
    """The title of a point's plan."""
    point = next((one for one in front.points if one.plan == plan), None)
    return plan if point is None else f"{plan.replace('-', ' ').capitalize()}: {said_of(front, point)}"


def said_of(front: KeptFront, point: KeptPoint) -> str:
    """The values of a point in words."""
    return ", ".join(
        f"{amount(axis, value)} {short(axis)}" for axis, value in zip(front.axes, point.values, strict=True)
    )


def _sentences(front: KeptFront) -> Iterator[str]:
    yield headline(front) + "."
    for k, axis in enumerate(front.axes if front.points else ()):
        _, _, at = min((one.values[k], one.values, at) for at, one in enumerate(front.points))
        yield f"{LOWEST[axis.name]}: {said_of(front, front.points[at])}."
    if front.missing:
        proof = "no plan places more" if front.missing_proven else "whether a plan places more is not decided"
        yield f"Without a place in every plan: {front.missing:,} tasks; {proof}."
    if front.stopped:
        yield "The search was interrupted: what was known then is shown."


def _origin(front: KeptFront) -> str:
    said = [f"{front.instances:,} instances" + (f" of {front.cluster}" if front.cluster else "")]
    said += [f"as of {front.taken_at}"] if front.taken_at else []
    said += [front.operation] if front.operation else []
    said += [
        f"{front.searches:,} searches in {front.seconds:,.1f} s of {front.time_limit:,.0f} s",
        f"seed {front.seed}",
    ]
    return "; ".join([*said, *(f"{name} {version}" for name, version in front.versions.items())])


def _table(front: KeptFront, anchors: dict[str, str]) -> Table:
    head = ["point", *(short(axis) for axis in front.axes), "proved", "beside it", "carried out"]
    rows = [
        [
            _link(point.plan, anchors.get(point.plan, "")),
            *(_cell(axis, point, k) for k, axis in enumerate(front.axes)),
            "yes" if point.proven else "no",
            "none missing" if point.surrounded else "not decided",
            _order(point),
        ]
        for point in front.points
    ]
    text = "In brackets: the least that a plan may have which is no worse along the others."
    return Table("Points", head, rows, "" if all(point.proven for point in front.points) else text)


def _link(name: str, anchor: str) -> str:
    """A name that leads to its plan, where the page has that."""
    return Markup('<a href="#{}">{}</a>').format(anchor, name) if anchor else name


def _cell(axis: KeptAxis, point: KeptPoint, k: int) -> str:
    value, bound = amount(axis, point.values[k]), amount(axis, point.bounds[k])
    return value if value == bound else f"{value} ({bound})"


def _order(point: KeptPoint) -> str:
    return f"not whole: {point.blocked}" if point.blocked else "whole"


def _picture(front: KeptFront) -> Picture:
    x_axis, y_axis = front.axes[1], front.axes[0]
    xs = [point.values[1] for point in front.points]
    ys = [end for point in front.points for end in (point.values[0], point.bounds[0])]
    across = Scale.over(xs, LEFT, RIGHT, room=ROOM)
    up = Scale.over(ys, BOTTOM, TOP, room=ROOM)
    levels = _levels(front)
    lines = [Line(k, name, _path(_staircase(front, limit), across, up)) for k, (limit, name) in enumerate(levels)]
    marks = [_mark(front, point, levels, across, up) for point in front.points]
    return Picture(
        x_title=x_axis.title,
        y_title=y_axis.title,
        text=f"{y_axis.title} over {x_axis.title}. " + "; ".join(mark.text for mark in marks) + ".",
        x_ticks=across.ticks(lambda one: amount(x_axis, one), whole=not x_axis.decimals),
        y_ticks=up.ticks(lambda one: f"{one:,.6g}", whole=not y_axis.decimals),
        worse=_above(_staircase(front, None), across, up),
        impossible=_below(front, across, up),
        lines=lines,
        marks=marks,
    )


def _levels(front: KeptFront) -> list[tuple[float | None, str]]:
    """The limits of the third axis, the loosest first, with what the legend says of each."""
    if len(front.axes) == 2:
        return [(None, "best known")]
    axis = front.axes[2]
    found = sorted({point.values[2] for point in front.points}, reverse=True)
    return [(limit, f"at most {amount(axis, limit)} {short(axis)}") for limit in found[:MOST_LEVELS]]


def _staircase(front: KeptFront, limit: float | None) -> list[tuple[float, float]]:
    """The points within a limit of the third axis of which none is better along both others, from left to right."""
    found: list[tuple[float, float]] = []
    within = [point.values for point in front.points if limit is None or point.values[2] <= limit]
    for values in sorted(within, key=lambda one: (one[1], one[0])):
        if not found or values[0] < found[-1][1]:
            found.append((values[1], values[0]))
    return found


def _path(steps: Sequence[tuple[float, float]], across: Scale, up: Scale) -> str:
    """A staircase that goes on to the right."""
    corners: list[tuple[float, float]] = []
    for x, y in steps:
        corners += [(across.at(x), corners[-1][1])] if corners else []
        corners.append((across.at(x), up.at(y)))
    corners.append((RIGHT, corners[-1][1]))
    return " ".join(f"{x},{y}" for x, y in corners)


def _above(steps: Sequence[tuple[float, float]], across: Scale, up: Scale) -> str:
    return f"{across.at(steps[0][0])},{TOP} {_path(steps, across, up)} {RIGHT},{TOP}"


def _below(front: KeptFront, across: Scale, up: Scale) -> str:
    """Below the least of the first axis for each limit of the second, whatever the third, as far as that is proved: hatched."""
    ends = sorted(
        {end for ends in front.impossible if (end := ends[1]) is not None and across.low < end <= across.high}
    )
    rest = [None] * (len(front.axes) - 2)
    begins = [max(across.low, 0.0), *ends]
    steps = [(across.at(begin), up.at(front.least(0, [None, begin, *rest]))) for begin in begins]
    if all(y >= BOTTOM for _, y in steps):
        return ""
    edge = f"M{steps[0][0]} {BOTTOM}" + "".join(f"V{y}H{x}" for (_, y), (x, _) in pairwise([*steps, (RIGHT, 0.0)]))
    hatch = []
    for k in range(int((RIGHT - steps[0][0]) / HATCH) + 1):
        x = round(steps[0][0] + k * HATCH, 2)
        y = next(height for start, height in reversed(steps) if start <= x)
        hatch.append(f"M{x} {y}V{BOTTOM}" if y < BOTTOM else "")
    return f"{edge}V{BOTTOM}{''.join(hatch)}"


def _mark(
    front: KeptFront,
    point: KeptPoint,
    levels: Sequence[tuple[float | None, str]],
    across: Scale,
    up: Scale,
) -> Mark:
    limits = [limit for limit, _ in levels]
    level = next(
        (k for k, limit in enumerate(limits) if limit is not None and limit == point.values[2]), len(levels) - 1
    )
    proof = "proved: no plan is better along one and no worse along the others" if point.proven else "not proved"
    gaps = [
        f"{short(axis)} at least {amount(axis, bound)}"
        for axis, value, bound in zip(front.axes, point.values, point.bounds, strict=True)
        if bound < value
    ]
    beside = "" if point.surrounded else "; whether a point is missing beside it is not decided"
    gap = f" ({', '.join(gaps)})" if gaps else ""
    text = f"{point.plan}: {said_of(front, point)}; {proof}{gap}{beside}"
    return Mark(
        across.at(point.values[1]),
        up.at(point.values[0]),
        up.at(point.bounds[0]),
        level,
        not point.proven,
        text,
    )
