"""The report of a folder as one HTML file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from solver.formats.kept_plan import KeptPlan
from solver.report.page.blocks import Table
from solver.report.page.templates import digest, environment, style
from solver.report.result import summary
from solver.report.result.cluster_map import Map, cluster_map
from solver.report.result.curve import shown_curve
from solver.report.result.curve import title_of as curve_title
from solver.report.result.folder import Result
from solver.report.result.front import shown_front
from solver.report.result.front import title_of as front_title
from solver.report.result.histogram import Histogram, histograms
from solver.report.result.scenarios import bars, scenarios
from solver.report.result.timeline import shown_timeline

FOLDER = Path(__file__).resolve().parent
TEMPLATE, STYLE, SCRIPT = "result.html.jinja", "result.css", "result.js"

MOST_SHORTFALLS = 20
MOST_GROUPS = 200
MOST_LOSSES = 50


@dataclass(frozen=True)
class Shown:
    """A plan as the page has it."""

    anchor: str
    plan: KeptPlan
    title: str
    sentences: Sequence[str]
    origin: str
    map: Map
    histograms: Sequence[Histogram]
    groups: Table
    losses: Table
    tiers: Table


def html(result: Result) -> str:
    """The page of a result."""
    script = (FOLDER / SCRIPT).read_text(encoding="utf-8").replace("\r\n", "\n")
    analysis, front, curve = result.analysis, result.front, result.curve
    plans = [_shown(plan, k, _title(result, plan)) for k, plan in enumerate(result.plans)]
    anchors = {one.plan.scenario: one.anchor for one in plans}
    first = result.plans[0] if result.plans else None
    cluster = first.cluster if first is not None and first.cluster else result.name
    asked = _asked(result)
    warnings = list(
        dict.fromkeys(
            [
                *(text for row in (analysis.rows if analysis is not None else ()) for text in row.warnings),
                *(front.warnings if front is not None else ()),
                *(curve.warnings if curve is not None else ()),
                *(text for plan in result.plans for text in plan.warnings),
            ]
        )
    )
    pareto = None if front is None else shown_front(front, anchors)
    budgets = None if curve is None else shown_curve(curve, anchors)
    timeline = None if result.timeline is None else shown_timeline(result.timeline)
    sentences = list(summary.of_analysis(analysis)) if analysis is not None else []
    for part in (pareto, budgets, timeline):
        sentences += part.sentences if part is not None else []
    return (
        environment(FOLDER)
        .get_template(TEMPLATE)
        .render(
            style=style(FOLDER / STYLE),
            script=Markup(script),
            digest=digest(script),
            title=f"{cluster}: {asked}",
            result=result,
            sentences=sentences or (plans[0].sentences if plans else []),
            analysis=analysis,
            scenarios=None if analysis is None else scenarios(analysis, anchors),
            missing=None if analysis is None else bars(analysis),
            pareto=pareto,
            curve=budgets,
            timeline=timeline,
            plans=plans,
            warnings=warnings,
            most_shortfalls=MOST_SHORTFALLS,
        )
    )


def _asked(result: Result) -> str:
    """What the page is about, in a word."""
    if result.analysis is not None:
        return "what if"
    if result.front is not None:
        return "Pareto front"
    if result.curve is not None:
        return "what moves gain"
    if result.timeline is not None:
        return "scaling"
    return (result.plans[0].operation if result.plans else "") or "plan"


def _title(result: Result, plan: KeptPlan) -> str:
    """Of a plan of a front or a curve; empty for others."""
    if result.front is not None:
        return front_title(result.front, plan.scenario)
    return "" if result.curve is None else curve_title(result.curve, plan.scenario)


def _shown(plan: KeptPlan, k: int, title: str = "") -> Shown:
    return Shown(
        anchor=f"plan-{k}",
        plan=plan,
        title=title or (f"Scenario “{plan.scenario}”" if plan.scenario else "The plan"),
        sentences=list(summary.of_plan(plan)),
        origin=summary.origin(plan),
        map=cluster_map(plan),
        histograms=histograms(plan),
        groups=_groups(plan),
        losses=_losses(plan),
        tiers=_tiers(plan),
    )


def _groups(plan: KeptPlan) -> Table:
    """The groups that the plan changes or that lack tasks."""
    changed = {cell.group for one in plan.instances for cell in one.cells if cell.before != cell.after}
    shown = [group for g, group in enumerate(plan.groups) if g in changed or group.wanted or group.missing]
    rows = [
        [one.name, f"{one.before:,}", f"{one.after:,}", f"{one.wanted:,}", f"{one.missing:,}"]
        for one in shown[:MOST_GROUPS]
    ]
    more = len(shown) - len(rows)
    text = f"The first {len(rows):,} of {len(shown):,}." if more else ""
    return Table("Groups that change or lack tasks", ["group", "before", "after", "wanted", "missing"], rows, text)


def _losses(plan: KeptPlan) -> Table:
    """What becomes of the losses that the plan must survive: those first that leave most tasks without a place."""
    order = sorted(plan.losses, key=lambda one: -sum(short.count for short in one.short))
    rows = [
        [
            f"{one.what.removeprefix('attribute:')} {one.value}",
            f"{one.instances:,}",
            f"{one.tasks:,}",
            ", ".join(f"{short.count:,} of {short.group}" for short in one.short) or "none",
            f"{one.at_least:,}",
            f"{one.allowed:,}"
            if one.allowed_proven or not one.allowed
            else f"{one.allowed:,}, not proved to be the fewest",
        ]
        for one in order[:MOST_LOSSES]
    ]
    head = ["loss", "instances", "tasks", "without a place after it", "at least", "before the operation"]
    left = len(order) - len(rows)
    text = f"The first {len(rows):,} of {len(order):,}: where most tasks have no place." if left else ""
    return Table("The losses that the plan must survive", head, rows, text)


def _tiers(plan: KeptPlan) -> Table:
    rows = [
        [tier.title, f"{tier.value:,}", f"{tier.bound:,}", "yes" if tier.proven else "no", tier.name]
        for tier in plan.tiers
    ]
    head = ["what is minimised", "value", "bound", "proved", "tier"]
    return Table("What is minimised, the most important first", head, rows)
