"""Numbers of many calls, tables of them for people, and files of them that are kept."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

OUT = Path("out/service")
"""Where results go unless another folder is named."""


def percentile(seconds: Sequence[float], share: float) -> float:
    """The smallest of the numbers that so many per cent of them do not exceed; NaN of none."""
    if not seconds:
        return float("nan")
    return float(np.percentile(np.asarray(seconds, np.float64), share, method="inverted_cdf"))


def show(title: str, rows: Sequence[Mapping[str, object]]) -> None:
    """Print a table with a column for each key of the first row."""
    table = Table(title=title, title_justify="left")
    for name in rows[0] if rows else ():
        table.add_column(name, justify="left" if isinstance(rows[0][name], str) else "right")
    for row in rows:
        table.add_row(*(_text(value) for value in row.values()))
    Console(width=160).print(table)


def write_csv(file: Path, rows: Sequence[Mapping[str, object]]) -> None:
    """A row each, in the place of what was there."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w", newline="") as out:
        writer = csv.DictWriter(out, list(rows[0]) if rows else [])
        writer.writeheader()
        writer.writerows({name: _rounded(value) for name, value in row.items()} for row in rows)


def write_json(file: Path, found: Mapping[str, object]) -> None:
    """One object, as people read it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({name: _rounded(value) for name, value in found.items()}, indent=2) + "\n")


def thinned(rows: Sequence[Mapping[str, object]], most: int = 300) -> Iterable[Mapping[str, object]]:
    """Evenly drawn from many rows, so that a curve stays small."""
    step = max(1, -(-len(rows) // most))
    return rows[::step]


def verdict(holds: bool) -> str:
    """For a table."""
    return "met" if holds else "MISSED"


def _rounded(value: object) -> object:
    return float(f"{value:.6g}") if isinstance(value, float) else value


def _text(value: object) -> str:
    if isinstance(value, float):
        return f"{value:,.3f}" if abs(value) < 100 else f"{value:,.1f}"
    return f"{value:,}" if isinstance(value, int) else str(value)
