"""Tables and text for a terminal: no frames, no markup in the words of others, no blanks at line ends."""

from __future__ import annotations

from collections.abc import Iterable

from rich.box import SIMPLE_HEAD
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from solver.report.headline import printable


def table_of(columns: Iterable[str]) -> Table:
    """A table without frame; a column whose name begins with ``>`` stands on the right and is never broken.

    Names are only text, as in ``add_row``: a column may be a zone, which comes from documents of others.
    """
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for column in columns:
        right = column.startswith(">")
        name = Text(printable(column.removeprefix(">")))
        table.add_column(name, justify="right" if right else "left", no_wrap=right, overflow="fold")
    return table


def add_row(table: Table, *cells: str | Text) -> None:
    """A row in which text is only text: neither markup nor what a terminal obeys."""
    table.add_row(*(Text(printable(cell)) if isinstance(cell, str) else cell for cell in cells))


def indented(part: RenderableType) -> RenderableType:
    """The part, two columns further right."""
    return Padding(part, (0, 0, 0, 2))


def bulleted(title: str, style: str, rows: Iterable[tuple[str, str]]) -> RenderableType:
    """A title and lines under it; a line that is too long goes on under its own beginning."""
    grid = Table.grid(padding=(0, 1))
    grid.add_column(no_wrap=True, style="cyan")
    grid.add_column(overflow="fold")
    for bullet, line in rows:
        add_row(grid, bullet, line)
    return Group(Text(title, style), indented(grid))


def print_plainly(parts: Iterable[RenderableType], console: Console) -> None:
    """Print the parts with an empty line between them."""
    with console.capture() as captured:
        for part in parts:
            console.print(part)
            console.print()
    lines = [line.rstrip() for line in captured.get().rstrip().splitlines()]
    console.file.write("\n".join(lines) + "\n")
    console.file.flush()
