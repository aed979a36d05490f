"""A reassignment for a terminal: what it came to, what no plan can cost less than, and each part of the cost."""

from __future__ import annotations

from rich.console import Console, RenderableType

from solver.domain.reassignment import Reassignment
from solver.engines.reassignment.engine import Reassigned
from solver.report.headline import plural
from solver.report.plain import add_row, print_plainly, table_of


def print_reassignment(asked: Reassignment, found: Reassigned, console: Console) -> None:
    """Print it."""
    print_plainly([_said(asked, found), _sums(found), _terms(found)], console)


def _said(asked: Reassignment, found: Reassigned) -> str:
    """Two lines: what moved and what is known of it; the size, and what was spent."""
    known = "proved optimal" if found.proven else "not proved"
    size = (
        f"{asked.tasks:,} {plural('task', asked.tasks)} of {asked.services:,} {plural('service', asked.services)}",
        f"{asked.instances:,} {plural('instance', asked.instances)}",
        f"{asked.resources:,} {plural('resource', asked.resources)}",
    )
    moved = f"Moved {found.moved:,} of {asked.tasks:,} {plural('task', asked.tasks)}, {known}"
    return f"{moved}\n{', '.join(size)}; {found.steps:,} steps in {found.seconds:.1f} s"


def _sums(found: Reassigned) -> RenderableType:
    table = table_of(["", ">cost"])
    rows = {"before": found.initial, "after": found.cost, f"bound ({found.source})": found.bound}
    for name, amount in rows.items():
        add_row(table, name, f"{amount:,}")
    add_row(table, "gap", f"{found.gap:.3%}")
    return table


def _terms(found: Reassigned) -> RenderableType:
    """The parts, those that are never anything left out."""
    table = table_of(["what it costs", ">weight", ">before", ">after", ">share"])
    for term in found.terms:
        if term.before or term.after:
            share = f"{term.after / found.cost:.1%}" if found.cost else "-"
            add_row(table, term.title, f"{term.weight:,}", f"{term.before:,}", f"{term.after:,}", share)
    return table
