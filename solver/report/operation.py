"""What an operation does to the tasks that run, for people in a terminal: group by group, and action by action."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np
from rich.console import RenderableType
from rich.text import Text

from solver.domain.answer import Answer
from solver.domain.cluster import ZONE
from solver.report.changes import Changes
from solver.report.headline import by_zone, plural, zones
from solver.report.plain import add_row, table_of

MOST_GROUPS = 40
MOST_CELLS = 16
MOST_ZONES = 6
NARROW_ZONES = 3


def operation(answer: Answer, *, wide: bool) -> Iterator[RenderableType]:
    """The groups that change or should, with their tasks before and after; then what happens where.

    Parameters
    ----------
    wide
        Whether there is room for the zones beside every kind of change.
    """
    yield _groups(answer, wide)
    yield from _actions(answer, wide)


def _groups(answer: Answer, wide: bool) -> RenderableType:
    problem, changes = answer.problem, Changes.of(answer)
    before, after = problem.running.totals(), answer.tasks.totals()
    new, stopped, moved = changes.new.totals(), changes.stopped.totals(), changes.moved_in.totals()
    stops = np.array([group.stop for group in problem.groups], np.int64)
    leaving = problem.operation.leaving.totals()
    # Tasks that a group should have and has not, were it new ones or those that left a drained instance.
    short = (new < problem.wanted) | (stopped < stops) | (stopped > stops)
    involved = new + stopped + moved + problem.wanted + stops + leaving > 0
    shown = np.flatnonzero(involved)
    shown = shown if len(shown) <= MOST_GROUPS else shown[np.argsort(~short[shown], kind="stable")]
    names, counts = zones(answer), by_zone(answer, answer.tasks)
    kinds = [
        (name, done, asked)
        for name, done, asked in (("start", new, problem.wanted), ("stop", stopped, stops), ("move", moved, 0 * moved))
        if done.any() or asked.any()
    ]
    apart = 1 < len(names) <= (MOST_ZONES if wide else NARROW_ZONES if len(kinds) < 2 else 0)
    per_zone = [f">{name}" for name in names] if apart else []
    table = table_of(["group", ">before", *(f">{name}" for name, _, _ in kinds), ">after", *per_zone])
    for g in shown[:MOST_GROUPS].tolist():
        cells: list[str | Text] = [f"{before[g]:,}"]
        cells += [_done(int(done[g]), int(asked[g])) for _, done, asked in kinds]
        cells.append(Text(f"{after[g]:,}", "bold yellow" if short[g] else "green"))
        cells += [f"{count:,}" if count else "·" for count in counts[g].tolist()] if apart else []
        add_row(table, problem.groups[g].name, *cells)
    rest = shown[MOST_GROUPS:]
    if len(rest):
        sums = (before, *(done for _, done, _ in kinds), after)
        add_row(table, f"... {len(rest):,} more", *(f"{column[rest].sum():,}" for column in sums))
    return table


def _done(done: int, asked: int) -> str:
    """What was done; beside it what was asked for, where that is another number."""
    if done == asked or not asked:
        return f"{done:,}" if done else "·"
    return f"{done:,} of {asked:,}"


def _actions(answer: Answer, wide: bool) -> Iterator[RenderableType]:
    """What happens where, in order; where that is too much, on how many instances."""
    found = Counter((a.step, a.kind, a.group, a.from_instance, a.instance) for a in answer.actions())
    if not found:
        return
    touched = {name for *_, source, instance in found for name in (source, instance) if name}
    if len(found) > MOST_CELLS:
        yield Text(f"Changes on {len(touched):,} {plural('instance', len(touched))}; -o csv lists them", "dim")
        return
    waves = max(step for step, *_ in found) > 1
    moves = any(source for _, _, _, source, _ in found)
    # Two instances a row leave no room for the zone, which the table of the groups has.
    zoned = wide or not moves
    columns = ["do", "group", *(["from"] if moves else []), "on", *(["zone"] if zoned else []), ">tasks"]
    table = table_of([*([">step"] if waves else []), *columns])
    cluster, zone = answer.problem.cluster, answer.problem.cluster.column(ZONE)
    at = {name: i for i, name in enumerate(cluster.instance_ids)}
    for (step, kind, group, source, instance), count in sorted(found.items(), key=lambda item: item[0][0]):
        where = cluster.label(at[instance])
        before = [cluster.label(at[source]) if source else ""] if moves else []
        cells = [*([f"{step}"] if waves else []), kind, group, *before, where]
        add_row(table, *cells, *([zone[at[instance]] or "-"] if zoned else []), f"{count:,}")
    yield table
