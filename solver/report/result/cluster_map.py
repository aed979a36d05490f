"""The cluster as a map: a box an instance by zone, before and after, each with what it says; profiles where there are many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from solver.formats.kept_plan import KeptCell, KeptInstance, KeptPlan
from solver.report.headline import NO_ZONE, plural

MOST_BOXES = 240
"""With more instances, each zone is a profile in place of boxes."""

MOST_BARS = 3
"""Resources of a box: the first of cpu, memory, gpu that there are, else the first ones."""

MOST_NAMED = 6
"""Groups that the text of a box names."""

SIDE = 36.0
"""Units of a box's drawing on each side."""

INSET, GAP = 3.0, 2.0
LEAST = 1.6
"""A change is drawn at least so high: it shall be seen."""


@dataclass(frozen=True)
class Shape:
    """A rectangle of a box: ``kind`` is ``stays``, ``leaves`` or ``arrives``; in units of its drawing."""

    kind: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Box:
    """An instance on one side: what it says, and what is drawn."""

    text: str
    open: bool
    shapes: Sequence[Shape]


@dataclass(frozen=True)
class Zone:
    """A zone on one side.

    Parameters
    ----------
    title, text
        Its name with the number of instances; what is used of its resources.
    boxes
        An instance each; empty where a profile stands for them.
    profile
        The points of an SVG polygon in 400 by 60 units: instances from the fullest to the emptiest, by their fullest resource.
    """

    title: str
    text: str
    boxes: Sequence[Box]
    profile: str


@dataclass(frozen=True)
class Side:
    """The cluster at one moment."""

    name: str
    zones: Sequence[Zone]


@dataclass(frozen=True)
class Map:
    """The cluster before and after; ``resources`` are those of the bars, from left to right."""

    resources: Sequence[str]
    sides: Sequence[Side]
    changes: bool
    boxes: bool


def cluster_map(plan: KeptPlan) -> Map:
    """The map of a plan."""
    drawn = drawn_resources(plan)
    zones: dict[str, list[KeptInstance]] = {}
    for one in sorted(plan.instances, key=lambda one: (not one.zone, one.zone)):
        zones.setdefault(one.zone or NO_ZONE, []).append(one)
    boxes = len(plan.instances) <= MOST_BOXES
    sides = [
        Side(name, [_zone(plan, zone, members, drawn, after=after, boxes=boxes) for zone, members in zones.items()])
        for name, after in (("before", False), ("after", True))
    ]
    changes = any(cell.before != cell.after for one in plan.instances for cell in one.cells)
    return Map([plan.resources[r] for r in drawn], sides, changes, boxes)


def drawn_resources(plan: KeptPlan) -> list[int]:
    """The resources that a box has bars for; of gpu and others only such as some instance has."""
    had = [r for r in range(len(plan.resources)) if any(one.capacity[r] for one in plan.instances)]
    known = [plan.resources.index(name) for name in ("cpu", "memory", "gpu") if name in plan.resources]
    return ([r for r in known if r in had] or had)[:MOST_BARS]


def _zone(
    plan: KeptPlan, name: str, members: Sequence[KeptInstance], drawn: Sequence[int], *, after: bool, boxes: bool
) -> Zone:
    used = [sum((one.used_after if after else one.used_before)[r] for one in members) for r in drawn]
    whole = [sum(one.capacity[r] for one in members) for r in drawn]
    shares = [
        f"{plan.resources[r]} {part / most:.0%}" for r, part, most in zip(drawn, used, whole, strict=True) if most
    ]
    held = sum(one.held_after if after else one.held_before for one in members)
    count = f"{len(members):,} {plural('instance', len(members))}, {held:,} in use"
    # Both sides have the same order, so that an instance is found again.
    ordered = sorted(members, key=lambda one: (not one.open, -_fullest(one, drawn, after=True), one.name))
    return Zone(
        f"{name}: {count}",
        ", ".join(shares),
        [_box(plan, one, drawn, after=after) for one in ordered] if boxes else [],
        "" if boxes else _profile([_fullest(one, drawn, after=after) for one in ordered]),
    )


def _fullest(one: KeptInstance, drawn: Sequence[int], *, after: bool) -> float:
    used = one.used_after if after else one.used_before
    return max((used[r] / one.capacity[r] for r in drawn if one.capacity[r]), default=0.0)


def _profile(shares: Sequence[float]) -> str:
    """The area below the shares, from the largest to the smallest."""
    ordered = sorted((min(max(share, 0.0), 1.0) for share in shares), reverse=True)
    width = 400 / max(len(ordered), 1)
    corners = [(k * width, (k + 1) * width, 60 - 60 * share) for k, share in enumerate(ordered)]
    points = [(0.0, 60.0), *((x, y) for left, right, y in corners for x in (left, right)), (400.0, 60.0)]
    return " ".join(f"{x:.2f},{y:.2f}" for x, y in points)


def _box(plan: KeptPlan, one: KeptInstance, drawn: Sequence[int], *, after: bool) -> Box:
    shapes: list[Shape] = []
    bars = max(len(drawn), 1)
    width = round((SIDE - 2 * INSET - GAP * (bars - 1)) / bars, 2)
    for k, r in enumerate(drawn):
        if one.capacity[r]:
            shapes += _bar(plan, one, r, INSET + k * (width + GAP), width, after=after)
    return Box(_text(plan, one, after=after), one.open, shapes)


def _bar(plan: KeptPlan, one: KeptInstance, r: int, x: float, width: float, *, after: bool) -> list[Shape]:
    """What stays, and on top of it what leaves (before) or arrives (after)."""
    high = SIDE - 2 * INSET
    leaving = sum(max(cell.before - cell.after, 0) * plan.groups[cell.group].demand[r] for cell in one.cells)
    arriving = sum(max(cell.after - cell.before, 0) * plan.groups[cell.group].demand[r] for cell in one.cells)
    changing, kind = (arriving, "arrives") if after else (leaving, "leaves")
    stays = min(max((one.used_before[r] - leaving) / one.capacity[r], 0.0), 1.0) * high
    change = min(max(changing / one.capacity[r] * high, LEAST), high) if changing else 0.0
    stays = min(stays, high - change)
    found = []
    if stays > 0:
        found.append(Shape("stays", round(x, 2), round(INSET + high - stays, 2), width, round(stays, 2)))
    if change > 0:
        found.append(Shape(kind, round(x, 2), round(INSET + high - stays - change, 2), width, round(change, 2)))
    return found


def _text(plan: KeptPlan, one: KeptInstance, *, after: bool) -> str:
    """All that a box says, for whoever points at it or hears it."""
    used = one.used_after if after else one.used_before
    parts = [f"{one.name}{f', {one.type}' if one.type else ''}{'' if one.open else ', takes no new tasks'}"]
    parts.append(
        ", ".join(
            f"{name} {used[r]:,} of {one.capacity[r]:,} ({used[r] / one.capacity[r]:.0%})"
            for r, name in enumerate(plan.resources)
            if one.capacity[r]
        )
    )
    counts = [(cell.after if after else cell.before, plan.groups[cell.group].name) for cell in one.cells]
    tasks = [(count, name) for count, name in counts if count]
    parts.append(_listed(tasks) or "no tasks of these groups")
    parts.append(_changes(plan, one.cells, after=after))
    return "; ".join(part for part in parts if part)


def _changes(plan: KeptPlan, cells: Sequence[KeptCell], *, after: bool) -> str:
    sign = 1 if after else -1
    tasks = [(sign * (cell.after - cell.before), plan.groups[cell.group].name) for cell in cells]
    said = _listed([(count, name) for count, name in tasks if count > 0])
    return f"{'arrive' if after else 'leave'}: {said}" if said else ""


def _listed(tasks: Sequence[tuple[int, str]]) -> str:
    shown = [f"{count:,} {name}" for count, name in tasks[:MOST_NAMED]]
    rest = sum(count for count, _ in tasks[MOST_NAMED:])
    return ", ".join([*shown, *([f"{rest:,} of other groups"] if rest else [])])
