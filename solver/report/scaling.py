"""A simulation of scaling for people in a terminal: both sets of rules side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction

from rich.console import Console, RenderableType
from rich.text import Text

from solver.report.headline import plural
from solver.report.plain import add_row, bulleted, print_plainly, table_of
from solver.scaling.setting import Setting
from solver.scaling.simulator import Run

TITLES = {"ecs": "ECS's rules", "ours": "ours"}

MEASURES: tuple[tuple[str, Callable[[Run], Fraction | int]], ...] = (
    ("cost", lambda run: run.cost),
    ("task-minutes wanted", lambda run: run.wanted),
    ("  that ran", lambda run: run.ran),
    ("  unplaced", lambda run: run.unplaced),
    ("task-minutes short of the demand", lambda run: run.short),
    ("tasks moved", lambda run: run.moved),
    ("instance-minutes", lambda run: run.instance_minutes),
    ("most instances", lambda run: run.most),
    ("instances launched", lambda run: run.launched),
    ("instances removed", lambda run: run.removed),
)


def show_scaling(runs: Sequence[Run], setting: Setting, console: Console, warnings: Sequence[str] = ()) -> None:
    """Print the runs side by side; ``warnings`` are those of the file and the cluster."""
    print_plainly(_parts(runs, setting, warnings), console)


def _parts(runs: Sequence[Run], setting: Setting, warnings: Sequence[str]) -> Iterator[RenderableType]:
    services, providers = len(setting.services), len(setting.providers)
    yield Text(
        f"{setting.curve.minutes:,} minutes, {services:,} {plural('service', services)}, "
        f"{providers:,} {plural('provider', providers)}",
        "bold",
    )
    yield _table(runs)
    unpriced = _unpriced(setting)
    said = [*unpriced, *warnings]
    if said:
        yield bulleted("Warnings", "bold yellow", [("-", line) for line in said])


def _table(runs: Sequence[Run]) -> RenderableType:
    differs = len(runs) == 2
    table = table_of(["", *(f">{TITLES.get(run.rules, run.rules)}" for run in runs), *([">change"] if differs else [])])
    for title, measure in MEASURES:
        values = [measure(run) for run in runs]
        cells = [_shown(value) for value in values]
        if differs:
            cells.append(_change(values[0], values[1]))
        add_row(table, title, *cells)
    return table


def _shown(value: Fraction | int) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{float(value):,.2f}"


def _change(before: Fraction | int, after: Fraction | int) -> str:
    if before == after:
        return "·"
    if not before:
        return f"{after - before:+,}" if isinstance(after, int) else f"{float(after - before):+,.2f}"
    return f"{float(100 * Fraction(after - before) / Fraction(before)):+.1f} %"


def _unpriced(setting: Setting) -> list[str]:
    """Types that are launched and cost nothing as far as the file says."""
    kinds = dict.fromkeys(one.types[0] for one in setting.providers)
    return [f"{kind} has no price: it counts as 0" for kind in kinds if kind not in setting.prices]
