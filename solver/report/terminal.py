"""An answer for people in a terminal: 80 columns are enough, colours help and are not needed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
from rich.console import Console, Group, RenderableType
from rich.text import Text

from solver.domain.answer import Answer
from solver.domain.cluster import ZONE
from solver.domain.explanation import Conflict, FunnelStage, Repair, Shortfall
from solver.domain.solution import Status, TierResult
from solver.report.changes import changes_what_runs
from solver.report.headline import by_zone, duration, headline, plural, printable, zones
from solver.report.operation import MOST_CELLS, MOST_GROUPS, MOST_ZONES, operation
from solver.report.plain import add_row, bulleted, indented, print_plainly, table_of
from solver.report.surroundings import surroundings

if TYPE_CHECKING:
    from solver.explain import RulePrice

MOST_SHORTFALLS = 10
MOST_LINES = 12
NAMES_TIERS = 100
"""From so many columns on, tiers are shown with their names; below, the titles need the room."""


def show(answer: Answer, console: Console) -> None:
    """Print an answer: headline, groups, plan, tiers, and why tasks are missing. No line ends in blanks."""
    print_plainly(_parts(answer, names_tiers=console.width >= NAMES_TIERS), console)


def show_reasons(sentences: Iterable[str], console: Console) -> None:
    """Print why tasks start where they do."""
    console.print()
    print_plainly([_lines("Why there", list(sentences))], console)


def show_prices(prices: Iterable[RulePrice], console: Console) -> None:
    """Print what each rule costs: the first tier that would be better without it. Rules that cost nothing are counted."""
    table = table_of(["rule", "of", "what it costs", ">with it", ">without", "proved"])
    free = 0
    for price in prices:
        difference = price.first_difference()
        if difference is None:
            free += 1
            continue
        tier = difference[0]
        cells = (price.titles[tier], f"{price.value[tier]:,}", f"{price.without[tier]:,}")
        add_row(table, price.rule, price.group or "the cluster", *cells, "yes" if price.proven else "no")
    parts: list[RenderableType] = [Text("What each rule costs", "bold")]
    parts += [Text(), indented(table)] if table.row_count else []
    parts.append(Text(f"{free:,} {plural('rule', free)} without which no better plan was found", "dim"))
    console.print()
    print_plainly([Group(*parts)], console)


def _parts(answer: Answer, *, names_tiers: bool) -> Iterator[RenderableType]:
    yield _headline(answer)
    if changes_what_runs(answer.problem):
        yield from operation(answer, wide=names_tiers)
    else:
        yield _groups(answer)
        yield from _plan(answer)
    if answer.tiers:
        yield _tiers(answer.tiers, named=names_tiers)
    for shortfall in answer.shortfalls[:MOST_SHORTFALLS]:
        yield _shortfall(shortfall)
    more = len(answer.shortfalls) - MOST_SHORTFALLS
    if more > 0:
        yield Text(f"... and {more:,} more {plural('group', more)} with tasks that are not placed (-o json has them)")
    yield from surroundings(answer, wide=names_tiers)
    if answer.broken_after:
        yield _lines("Broken before, and still", [str(violation) for violation in answer.broken_after])
    if answer.warnings:
        yield _lines("Warnings", answer.warnings)


def _headline(answer: Answer) -> Text:
    style = "bold green" if answer.complete else "bold yellow"
    if answer.status in (Status.INFEASIBLE, Status.NOT_FOUND):
        style = "bold red"
    said = headline(answer)
    cluster = answer.problem.cluster
    where = f"{cluster.size:,} {plural('instance', cluster.size)}" + (
        f" of {printable(cluster.name)}" if cluster.name else ""
    )
    times = f"{duration(answer.seconds)}, first checked plan after {duration(answer.first_plan_seconds)}"
    return Text.assemble((said[0].upper() + said[1:], style), f"\n{where}; {answer.engine} engine; {times}")


def _groups(answer: Answer) -> RenderableType:
    wanted, placed = answer.problem.wanted, answer.placed()
    asked = np.flatnonzero(wanted)
    # Those with a shortfall first where not all can be shown.
    shown = asked if len(asked) <= MOST_GROUPS else asked[np.argsort(placed[asked] >= wanted[asked], kind="stable")]
    names, counts = zones(answer), by_zone(answer)
    apart = 1 < len(names) <= MOST_ZONES
    columns = [f">{name}" for name in names] if apart else []
    table = table_of(["group", ">wanted", ">placed", *columns])
    for g in shown[:MOST_GROUPS].tolist():
        short = placed[g] < wanted[g]
        per_zone = [f"{count:,}" if count else "·" for count in counts[g].tolist()] if apart else []
        total = Text(f"{placed[g]:,}", "bold yellow" if short else "green")
        add_row(table, answer.problem.groups[g].name, f"{wanted[g]:,}", total, *per_zone)
    rest = shown[MOST_GROUPS:]
    if len(rest):
        add_row(table, f"... {len(rest):,} more", f"{wanted[rest].sum():,}", f"{placed[rest].sum():,}")
    return table


def _plan(answer: Answer) -> Iterator[RenderableType]:
    if not 0 < len(answer.started) <= MOST_CELLS:
        count = len(np.unique(answer.started.instance))
        if count:
            yield Text(f"New tasks on {count:,} {plural('instance', count)}; -o csv lists them", "dim")
        return
    cluster, zone = answer.problem.cluster, answer.problem.cluster.column(ZONE)
    table = table_of(["new tasks of", "on", "zone", ">tasks"])
    last = -1
    for g, i, count in answer.started:
        name = answer.problem.groups[g].name if g != last else ""
        add_row(table, name, cluster.label(i), zone[i] or "-", f"{count:,}")
        last = g
    yield table


def _tiers(tiers: tuple[TierResult, ...], *, named: bool) -> RenderableType:
    table = table_of([*(["tier"] if named else []), "what is minimised", ">value", ">bound", "proved", ">sequential"])
    table.columns[0].no_wrap = named
    worse = [tier for tier in tiers if tier.sequential > tier.value]
    shown = [tier for tier in tiers if not _is_quiet(tier)]
    for tier in shown:
        better = tier in worse
        proved = Text("yes", "green") if tier.proven else Text("no", "yellow")
        value = Text(f"{tier.value:,}", "bold green" if better else "")
        # The mark keeps its column, so that the numbers stand under each other.
        mark = (" *" if better else "  ") if worse else ""
        title = f"{tier.title}, {tier.remark}" if tier.remark else tier.title
        names = [tier.name] if named else []
        add_row(table, *names, title, value, f"{tier.bound:,}", proved, f"{tier.sequential:,}{mark}")
    notes = [Text("* where tasks placed one at a time do worse", "dim")] if worse else []
    if len(shown) < len(tiers):
        quiet = plural("tier", len(tiers) - len(shown))
        notes.append(
            Text(f"{quiet} with nothing to gain not shown: zero, proved, and zero for the sequential plan", "dim")
        )
    return Group(table, *notes)


def _is_quiet(tier: TierResult) -> bool:
    """Whether the tier says nothing: zero whichever way the tasks are placed. Tasks not placed are always shown."""
    return tier.proven and tier.value == tier.sequential == 0 and not tier.name.startswith("unplaced")


def _shortfall(shortfall: Shortfall) -> RenderableType:
    missing = shortfall.wanted - shortfall.placed
    known = "no plan places more" if shortfall.proven else "not proved that no more fit"
    title = f"{printable(shortfall.group)}: {missing:,} of {shortfall.wanted:,} not placed ({known})"
    parts: list[RenderableType] = [Text(title, "bold yellow")]
    if shortfall.funnel:
        parts += [Text(), indented(_funnel(shortfall.funnel))]
    if shortfall.conflict:
        parts += [Text(), indented(_conflict(shortfall.conflict))]
    if shortfall.repairs:
        parts += [Text(), indented(_repairs(shortfall.repairs))]
    return Group(*parts)


def _repairs(repairs: tuple[Repair, ...]) -> RenderableType:
    rows = [(repair.kind, repair.change + ("" if repair.verified else " (not verified)")) for repair in repairs]
    return bulleted("What would place one more:", "bold", rows)


def _funnel(stages: tuple[FunnelStage, ...]) -> RenderableType:
    table = table_of(["stage", "rule", "reason", ">refused", ">left"])
    last = ""
    for stage in stages:
        left = Text(f"{stage.left:,}", "" if stage.left else "bold red")
        add_row(table, stage.stage if stage.stage != last else "", stage.rule, stage.reason, f"{stage.refused:,}", left)
        last = stage.stage
    return table


def _conflict(conflict: Conflict) -> RenderableType:
    kind = ("a smallest set" if conflict.minimal else "a set") + ("" if conflict.proven else ", not proved")
    title = f"These cannot hold together with one more task ({kind}):"
    return bulleted(title, "bold", [("-", member) for member in conflict.members])


def _lines(title: str, lines: Sequence[str]) -> RenderableType:
    shown = [("-", line) for line in lines[:MOST_LINES]]
    more = len(lines) - len(shown)
    return bulleted(title, "bold yellow", [*shown, ("", f"... and {more:,} more")] if more else shown)
