"""How full the instances are, resource by resource: how many instances are in each tenth, before and after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from solver.formats.kept_plan import KeptPlan

TENTHS = 10
WIDTH, HEIGHT = 330.0, 150.0
LEFT, BOTTOM, TOP = 6.0, 128.0, 16.0
"""Of the drawing, in its units: where the bars begin, and what is below and above them."""


@dataclass(frozen=True)
class Bar:
    """Instances in one tenth on one side: a rectangle, and its number above it where that is not zero."""

    kind: str
    x: float
    y: float
    width: float
    height: float
    text: str
    count: int


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
        bars=bars,
        edges=[(round(LEFT + tenth * step, 2), f"{10 * tenth}") for tenth in range(0, TENTHS + 1, 2)],
    )


def _span(tenth: int) -> str:
    return "90 % and more" if tenth == TENTHS - 1 else f"{10 * tenth} to {10 * tenth + 10} %"
