"""A right-sized mix on a terminal and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator

from rich.console import Console, Group, RenderableType
from rich.text import Text

from solver.capacity.right_size import RightSized, types_kept
from solver.domain.money import MILLIONTHS
from solver.report.headline import plural
from solver.report.plain import add_row, bulleted, print_plainly, table_of


def money(millionths: int) -> str:
    """An amount an hour, with four digits after the point or as many as it takes."""
    text = f"{millionths // MILLIONTHS:,}.{millionths % MILLIONTHS:06d}"
    return text[:-2] if text.endswith("00") else text


def show_right_sized(found: RightSized, console: Console) -> None:
    """What to buy, keep and give up; what it costs, and what any mix costs at least."""
    print_plainly(_parts(found), console)


def _parts(found: RightSized) -> Iterator[RenderableType]:
    kept = types_kept(found)
    there = ("keep", "give up") if kept else ()
    table = table_of(["type", "zone", *(f">{name}" for name in ("buy", *there))])
    for purchase in sorted({*found.bought, *kept}):
        numbers = (found.bought.get(purchase, 0), *(kept.get(purchase, (0, 0)) if kept else ()))
        add_row(table, *purchase, *(f"{number:,}" if number else "" for number in numbers))
    yield table
    yield Group(*(Text(line) for line in lines(found)))
    if found.warnings:
        yield bulleted("Warnings", "bold yellow", (("-", warning) for warning in dict.fromkeys(found.warnings)))


def lines(found: RightSized) -> Iterator[str]:
    """The figures in words."""
    tasks = int(found.tasks.count.sum())
    yield f"{tasks:,} tasks on {sum(found.bought.values()) + len(found.kept):,} instances; the checker passes the plan"
    if found.proven:
        proof = "no mix is cheaper (proved)"
    else:
        proof = f"no mix costs less than {money(found.bound)}: at most {found.gap:.2%} above the least"
    yield f"{money(found.cost)} an hour; {proof}"
    if found.first_fit is not None:
        saved = 1 - found.cost / found.first_fit if found.first_fit else 0.0
        less = f", {saved:.1%} of which this mix saves" if saved > 0 else ""
        yield f"first fit decreasing: {money(found.first_fit)} an hour{less}"
    if found.kept or found.given_up:
        yield f"before: {money(found.before)} an hour; {found.moved:,} {plural('task', found.moved)} moved"


def right_sized_json(found: RightSized) -> str:
    """Everything, with money as decimal text and the plan task by task as counts."""
    cluster, groups = found.problem.cluster, found.problem.groups
    kept = types_kept(found)
    return json.dumps(
        {
            "cost": money(found.cost),
            "bound": money(found.bound),
            "proven": found.proven,
            "boundSource": found.source,
            "gap": round(found.gap, 6),
            "firstFit": None if found.first_fit is None else money(found.first_fit),
            "before": money(found.before),
            "moved": found.moved,
            "buy": [{"type": kind, "zone": zone, "count": n} for (kind, zone), n in found.bought.items()],
            "keep": [{"type": kind, "zone": zone, "count": n} for (kind, zone), (n, _) in kept.items() if n],
            "giveUp": [cluster.label(e) for e in found.given_up],
            "plan": [{"group": groups[g].name, "instance": cluster.label(i), "count": n} for g, i, n in found.tasks],
            "warnings": list(found.warnings),
            "seconds": round(found.seconds, 3),
        },
        indent=2,
        ensure_ascii=False,
    )
