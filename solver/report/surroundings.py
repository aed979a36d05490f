"""What a plan does to load balancers and to task roles that are kept apart, for people in a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from solver.domain.answer import Answer
from solver.domain.explanation import Isolation
from solver.domain.targets import TargetZones
from solver.report.headline import NO_ZONE, plural, printable
from solver.report.operation import MOST_ZONES, NARROW_ZONES
from solver.report.plain import add_row, bulleted, table_of
from solver.rules.isolation import isolation

MOST_ROWS = 12
"""Of each table and list; ``-o json`` has all."""


def surroundings(answer: Answer, *, wide: bool) -> Iterator[RenderableType]:
    """The targets of services that the plan touches or that something is wrong with; then the isolated roles.

    Parameters
    ----------
    wide
        Whether there is room for many zones beside each other.
    """
    shown = [one for one in answer.targets if one.touched or one.warnings]
    if shown:
        yield _targets(shown, MOST_ZONES if wide else NARROW_ZONES)
    if said := [sentence for one in shown for sentence in one.sentences()]:
        yield _warnings(said)
    for found in isolation(answer.problem, answer.tasks):
        yield _roles(found)


def _targets(shown: Sequence[TargetZones], most_zones: int) -> RenderableType:
    """Tasks by zone before and after; where there are too many zones, in all."""
    rows = shown[:MOST_ROWS]
    names = sorted({zone.zone for one in rows for zone in one.zones}, key=lambda zone: (not zone, zone))
    apart = len(names) <= most_zones
    columns = [f">{name or NO_ZONE}" for name in names] if apart else [">tasks", ">zones"]
    table = table_of(["tasks of", "as targets of", *columns])
    for one in rows:
        if apart:
            by_name = {zone.zone: _change(zone.before, zone.after) for zone in one.zones}
            cells = [by_name.get(name, "·") for name in names]
        else:
            before, after = sum(zone.before for zone in one.zones), sum(zone.after for zone in one.zones)
            held = [sum(count > 0 for count in counts) for counts in zip(*_counts(one), strict=True)]
            cells = [_change(before, after), _change(*held)]
        add_row(table, one.service, f"{one.kind.value} {one.label}", *cells)
    notes = _more(len(shown) - len(rows))
    unknown = sum(not one.zones_known for one in rows)
    if unknown:
        which = f"of the {plural('load balancer', unknown)}" if unknown == len(rows) else "of some load balancers"
        text = f"the zones {which} are not known: those of the ACTIVE instances stand for them"
        notes.append(Text(text, "dim"))
    return Group(table, *notes)


def _counts(one: TargetZones) -> list[tuple[int, int]]:
    return [(zone.before, zone.after) for zone in one.zones] or [(0, 0)]


def _warnings(said: Sequence[str]) -> RenderableType:
    lines = [("-", sentence) for sentence in said[:MOST_ROWS]]
    more = len(said) - len(lines)
    return bulleted("Load balancers", "bold yellow", [*lines, *([("", f"... and {more:,} more")] if more else [])])


def _roles(found: Isolation) -> RenderableType:
    """Where each role is; beneath, which of them share instances, and which nobody has."""
    table = table_of(["isolated task role", ">tasks", ">instances"])
    known = [use for use in found.roles if use.is_known]
    for use in known[:MOST_ROWS]:
        cells = (_change(use.tasks_before, use.tasks_after), _change(use.instances_before, use.instances_after))
        add_row(table, use.role, *cells)
    notes = _more(len(known) - MOST_ROWS)
    unknown = [use.role for use in found.roles if not use.is_known]
    if unknown:
        more = f" and {len(unknown) - MOST_ROWS:,} more" if len(unknown) > MOST_ROWS else ""
        notes.append(Text(f"no group has the role {printable(', '.join(unknown[:MOST_ROWS]))}{more}", "yellow"))
    for pair in found.together[:MOST_ROWS]:
        text = (
            f"{pair.first} and {pair.second} share {_change(pair.before, pair.after)} {plural('instance', pair.after)}"
        )
        notes.append(Text(printable(text), "bold yellow" if pair.after else "green"))
    notes += _more(len(found.together) - MOST_ROWS)
    return Group(*([table] if known else []), *notes)


def _more(count: int) -> list[Text]:
    return [Text(f"... and {count:,} more (-o json has them)", "dim")] if count > 0 else []


def _change(before: int, after: int) -> str:
    """``3``, or ``3→2``."""
    return f"{after:,}" if before == after else f"{before:,}→{after:,}"
