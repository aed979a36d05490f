"""How full the instances are, resource by resource: how many instances are in each tenth, before and after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from solver.formats.kept_plan import KeptPlan

TENTHS = 10
WIDTH, HEIGHT = 330.0, 150.0
LEFT, BOTTOM, TOP = 6.0, 128.0, 28.0
"""Of the drawing, in its units: where the bars begin, and what is below and above them."""


SIZES = {1: 11.0, 2: 11.0, 3: 8.0, 4: 6.0}
"""Of a number by its digits, in units: no number is wider than its bar. With more digits it is as small as with four."""

DIGIT, APART = 0.56, 2.0
"""A digit is so wide, as a share of its size; and numbers side by side are so far apart, else one stands above the other."""


@dataclass(frozen=True)
class Bar:
    """Instances in one tenth on one side: a rectangle, and its number above it where that is not zero.

    Parameters
    ----------
    number_y, size
        Where the number stands, and how large.
    """

    kind: str
    x: float
    y: float
    width: float
    height: float
    text: str
    count: int
    number_y: float = 0.0
    size: float = SIZES[1]


@dataclass(frozen=True)
class Histogram:
    """One resource.

    Parameters
    ----------
    text
        All that is drawn, in words.
    edges
        Where each tenth begins, and what stands there.
    """

    title: str
    text: str
    bars: Sequence[Bar]
    edges: Sequence[tuple[float, str]]


def counts(plan: KeptPlan, r: int, *, after: bool) -> list[int]:
    """Instances that have the resource, by how full they are: below 10 %, below 20 %, ..., 90 % and more."""
    found = [0] * TENTHS
    for one in plan.instances:
        if one.capacity[r]:
            used = one.used_after[r] if after else one.used_before[r]
            found[min(max(TENTHS * used // one.capacity[r], 0), TENTHS - 1)] += 1
    return found


def histograms(plan: KeptPlan) -> list[Histogram]:
    """One for each resource that some instance has."""
    had = [r for r in range(len(plan.resources)) if any(one.capacity[r] for one in plan.instances)]
    return [_histogram(plan, r) for r in had]


def _histogram(plan: KeptPlan, r: int) -> Histogram:
    before, after = counts(plan, r, after=False), counts(plan, r, after=True)
    most = max(*before, *after, 1)
    step = (WIDTH - 2 * LEFT) / TENTHS
    width = (step - 4) / 2
    bars = []
    for tenth in range(TENTHS):
        for k, (kind, count) in enumerate((("before", before[tenth]), ("after", after[tenth]))):
            height = (BOTTOM - TOP) * count / most
            x = LEFT + tenth * step + 2 + k * width
            text = f"{_span(tenth)} of {plan.resources[r]} used: {count:,} {kind}"
            place = (round(x, 2), round(BOTTOM - height, 2), round(width, 2), round(height, 2))
            bars.append(Bar(kind, *place, text=text, count=count))
    total = sum(one.capacity[r] for one in plan.instances)
    share = [sum(getattr(one, name)[r] for one in plan.instances) / total for name in ("used_before", "used_after")]
    said = [
        f"{_span(tenth)}: {before[tenth]:,} before, {after[tenth]:,} after"
        for tenth in range(TENTHS)
        if before[tenth] or after[tenth]
    ]
    return Histogram(
        title=f"{plan.resources[r]}: {share[0]:.1%} used before, {share[1]:.1%} after",
        text=f"Instances by how much of their {plan.resources[r]} is used. {'; '.join(said)}.",
        bars=with_numbers(bars),
        edges=[(round(LEFT + tenth * step, 2), f"{10 * tenth}") for tenth in range(0, TENTHS + 1, 2)],
    )


def with_numbers(bars: Sequence[Bar]) -> list[Bar]:
    """The bars, each number close above its own, and above others that it would touch."""
    found: list[Bar] = []
    for bar in bars:
        size = SIZES[min(len(str(bar.count)), max(SIZES))]
        placed = replace(bar, number_y=round(bar.y - 3, 2), size=size)
        for other in sorted((one for one in found if one.count), key=lambda one: -one.number_y):
            if bar.count and _touch(placed, other):
                placed = replace(placed, number_y=round(other.number_y - other.size, 2))
        found.append(placed)
    return found


def _touch(one: Bar, other: Bar) -> bool:
    """Whether the numbers of two bars are too close."""
    beside = abs((one.x + one.width / 2) - (other.x + other.width / 2))
    return beside < (_width(one) + _width(other)) / 2 + APART and abs(one.number_y - other.number_y) < max(
        one.size, other.size
    )


def _width(bar: Bar) -> float:
    return len(str(bar.count)) * DIGIT * bar.size


def _span(tenth: int) -> str:
    return "90 % and more" if tenth == TENTHS - 1 else f"{10 * tenth} to {10 * tenth + 10} %"
