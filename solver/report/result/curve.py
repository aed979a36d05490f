"""A curve of budgets as pictures: what the best plan has of each tier, over the tasks that may move.

A plan serves every budget after its own, so that values go in steps. A bound is one budget's: below it is no plan that is as good
in the tiers before.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from solver.formats.kept_curve import KeptBudget, KeptCurve
from solver.formats.kept_plan import KeptTier
from solver.report.changing import changing
from solver.report.headline import plural
from solver.report.page.blocks import Table
from solver.report.page.scale import Scale

LEFT, RIGHT, TOP, BOTTOM = 46.0, 352.0, 10.0, 128.0
"""Where the drawing's amounts are, in its units."""

MOST_TIERS = 8
"""Tiers with a picture: the most important ones that change along the curve."""

ROOM = 0.08


@dataclass(frozen=True)
class BudgetMark:
    """A budget in a picture: where its value and its bound stand, and what it says."""

    x: float
    y: float
    bound: float
    hollow: bool
    text: str


@dataclass(frozen=True)
class TierPicture:
    """One tier over the budgets: ``values`` are the points of an SVG polyline, ``is_open`` says that some are not proved."""

    title: str
    name: str
    text: str
    x_ticks: Sequence[tuple[float, str]]
    y_ticks: Sequence[tuple[float, str]]
    values: str
    is_open: bool
    marks: Sequence[BudgetMark]


@dataclass(frozen=True)
class ShownCurve:
    """A curve as the page has it."""

    sentences: Sequence[str]
    pictures: Sequence[TierPicture]
    budgets: Table
    more: int
    origin: str


def shown_curve(curve: KeptCurve, anchors: dict[str, str]) -> ShownCurve:
    """What the page says and draws of a curve; ``anchors`` lead to the plans that it has, by name."""
    chosen = changing([one.tiers for one in curve.budgets])
    return ShownCurve(
        list(_sentences(curve, chosen)),
        [_picture(curve, t) for t in chosen[:MOST_TIERS]],
        _table(curve, chosen, anchors),
        max(len(chosen) - MOST_TIERS, 0),
        _origin(curve),
    )


def title_of(curve: KeptCurve, plan: str) -> str:
    """The title of a plan: the budgets that it is the best of."""
    own = [one.max_moves for one in curve.budgets if one.plan == plan]
    if not own:
        return plan
    last = f" to {own[-1]:,}" if len(own) > 1 else ""
    return f"At most {own[0]:,}{last} {plural('move', own[-1])}"


def _sentences(curve: KeptCurve, chosen: Sequence[int]) -> Iterator[str]:
    last = curve.budgets[-1]
    open_ = sum(not one.proven for one in curve.budgets)
    count = len(curve.budgets)
    proved = (
        "every budget is proved"
        if not open_
        else f"{count - open_:,} of {count:,} budgets {'is' if count - open_ == 1 else 'are'} proved"
    )
    yield f"What up to {last.max_moves:,} {plural('move', last.max_moves)} gain; {proved}."
    if not chosen:
        yield "No budget gains anything."
        return
    t, first = chosen[0], curve.budgets[0]
    best = min(curve.budgets, key=lambda one: (one.tiers[t].value, one.max_moves))
    least, title = last.tiers[t], best.tiers[t].title
    title = title[0].upper() + title[1:]
    if best is first:
        yield f"{title}: {least.value:,} whatever the budget; no plan has less than {least.bound:,}."
        return
    proof = "no plan has less" if least.proven else f"all that is proved is that no plan has less than {least.bound:,}"
    yield (
        f"{title}: {first.tiers[t].value:,} with {_moves(first)}, {least.value:,} with {_moves(best)}; "
        f"with up to {last.max_moves:,} {proof}."
    )


def _moves(budget: KeptBudget) -> str:
    return f"{budget.moves:,} {plural('move', budget.moves)}" if budget.moves else "no move"


def _origin(curve: KeptCurve) -> str:
    said = [f"{curve.instances:,} instances" + (f" of {curve.cluster}" if curve.cluster else "")]
    said += [f"as of {curve.taken_at}"] if curve.taken_at else []
    said += [curve.operation] if curve.operation else []
    return "; ".join([*said, f"seed {curve.seed}", *(f"{name} {version}" for name, version in curve.versions.items())])


def _table(curve: KeptCurve, chosen: Sequence[int], anchors: dict[str, str]) -> Table:
    tiers = curve.budgets[0].tiers
    head = ["at most", "moved", *(f"{tiers[t].title} ({tiers[t].name})" for t in chosen), "proved", "plan"]
    rows = [
        [
            f"{one.max_moves:,}",
            f"{one.moves:,}",
            *(_cell(one.tiers[t]) for t in chosen),
            "yes" if one.proven else "no",
            _link(one.plan, anchors.get(one.plan, "")),
        ]
        for one in curve.budgets
    ]
    text = "In brackets: what no plan within the budget is below."
    return Table("Budgets", head, rows, "" if all(one.proven for one in curve.budgets) else text)


def _cell(tier: KeptTier) -> str:
    return f"{tier.value:,}" if tier.proven else f"{tier.value:,} ({tier.bound:,})"


def _link(name: str, anchor: str) -> str:
    return Markup('<a href="#{}">{}</a>').format(anchor, name) if anchor else name


def _picture(curve: KeptCurve, t: int) -> TierPicture:
    tiers = [one.tiers[t] for one in curve.budgets]
    budgets = [one.max_moves for one in curve.budgets]
    across = Scale.over(budgets, LEFT, RIGHT, room=ROOM)
    up = Scale.over([end for tier in tiers for end in (tier.value, tier.bound)], BOTTOM, TOP, room=ROOM)
    xs = [across.at(budget) for budget in budgets]
    marks = [
        BudgetMark(x, up.at(tier.value), up.at(tier.bound), not tier.proven, _said(one, tier))
        for x, one, tier in zip(xs, curve.budgets, tiers, strict=True)
    ]
    return TierPicture(
        tiers[0].title,
        tiers[0].name,
        f"{tiers[0].title} over the tasks that may move. " + "; ".join(mark.text for mark in marks) + ".",
        across.ticks(lambda one: f"{one:,.0f}", whole=True),
        up.ticks(lambda one: f"{one:,.6g}", whole=True),
        _steps(xs, [mark.y for mark in marks]),
        any(mark.hollow for mark in marks),
        marks,
    )


def _steps(xs: Sequence[float], ys: Sequence[float]) -> str:
    """From each point straight to where the next one stands, then up or down to it."""
    corners = [(xs[0], ys[0])]
    for x, y in zip(xs[1:], ys[1:], strict=True):
        corners += [(x, corners[-1][1]), (x, y)]
    return " ".join(f"{x:g},{y:g}" for x, y in corners)


def _said(budget: KeptBudget, tier: KeptTier) -> str:
    proof = "proved" if tier.proven else f"not proved: at least {tier.bound:,}"
    allowed = f"at most {budget.max_moves:,} {plural('move', budget.max_moves)}"
    return f"{allowed}: {tier.value:,} ({proof}), {_moves(budget)} made"
