"""An analysis for people in a terminal: a line a scenario, what differs from the base, and what has no answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Console, RenderableType
from rich.text import Text

from solver.domain.money import MILLIONTHS
from solver.report.headline import plural
from solver.report.plain import add_row, bulleted, print_plainly, table_of
from solver.whatif.analysis import Analysis
from solver.whatif.row import Outcome, Row
from solver.whatif.scenario import BASE

MOST_ROWS, MOST_REASONS, MOST_WARNINGS, MOST_GROUPS = 40, 10, 12, 6
MOST_RETRIED, LONGEST_REASON = 3, 80

NOTHING = "·"
GAP = 3
"""Columns of a terminal between two of a table."""

_IN_PART = "in part"
_STATUS = {
    Outcome.OPTIMAL: "proved",
    Outcome.FEASIBLE: "not proved",
    Outcome.INFEASIBLE: "impossible",
    Outcome.NOT_FOUND: "not found",
    Outcome.FAILED: "no answer",
}


def show_analysis(analysis: Analysis, console: Console, warnings: Sequence[str] = ()) -> None:
    """Print an analysis; ``warnings`` are those of the cluster. No line ends in blanks."""
    print_plainly(_parts(analysis, warnings, console.width), console)


def _parts(analysis: Analysis, warnings: Sequence[str], width: int) -> Iterator[RenderableType]:
    yield _headline(analysis)
    if retried := retried_sentence(analysis):
        yield Text(retried)
    if analysis.rows:
        yield _table(analysis, width)
    if any(_is_in_part(row) for row in analysis.rows[:MOST_ROWS]):
        yield Text(f"{_IN_PART}: that no more tasks find a place is proved, not all that is minimised after it", "dim")
    if any(row.unsurvived is not None for row in analysis.rows[:MOST_ROWS]):
        yield Text("exposed: losses to be survived after which some task has no place", "dim")
    if len(analysis.rows) > MOST_ROWS:
        more = len(analysis.rows) - MOST_ROWS
        yield Text(f"... and {more:,} more {plural('scenario', more)} (--out, -o csv and -o json have them)")
    short = _short(analysis)
    if short:
        yield bulleted("Tasks without a place", "bold yellow", _listed(short, MOST_REASONS))
    failed = analysis.failed
    if failed:
        yield bulleted(
            "No answer", "bold red", _listed([f"{row.scenario}: {row.reason}" for row in failed], MOST_REASONS)
        )
    said = list(dict.fromkeys([*warnings, *(text for row in analysis.rows for text in row.warnings)]))
    if said:
        yield bulleted("Warnings", "bold yellow", _listed(said, MOST_WARNINGS))


def _listed(lines: Sequence[str], most: int) -> list[tuple[str, str]]:
    """Lines with a dash, the first so many."""
    left = len(lines) - most
    shown = [("-", line) for line in lines[:most]]
    return [*shown, ("", f"... and {left:,} more (-o csv has them)")] if left > 0 else shown


def _headline(analysis: Analysis) -> Text:
    before = analysis.base.missing if analysis.base is not None else 0
    good = sum(row.is_answered and row.missing <= before for row in analysis.rows if row.scenario != BASE)
    style = "bold green" if good == analysis.total - 1 else "bold red" if analysis.failed else "bold yellow"
    return Text(sentence(analysis), style)


def sentence(analysis: Analysis) -> str:
    """How many scenarios lack tasks, and how many have no answer; no full stop."""
    scenarios = [row for row in analysis.rows if row.scenario != BASE]
    before = analysis.base.missing if analysis.base is not None else 0
    failed = sum(not row.is_answered for row in scenarios)
    worse = sum(row.is_answered and row.missing > before for row in scenarios)
    good = len(scenarios) - failed - worse
    parts = [f"{good:,} {_verb(good, 'lack')} no more tasks than the base"]
    if not before:
        parts = [f"{good:,} {_verb(good, 'place')} as many tasks as are wanted"]
    parts += [f"{worse:,} {_verb(worse, 'lack')} {'more' if before else 'some'}"] if worse else []
    parts += [f"{failed:,} {'has' if failed == 1 else 'have'} no answer"] if failed else []
    total = analysis.total - 1
    said = f"{len(scenarios):,} {plural('scenario', len(scenarios))}: {', '.join(parts)}"
    if not analysis.is_whole:
        said = f"interrupted after {len(scenarios):,} of {total:,} {plural('scenario', total)}; {', '.join(parts)}"
    return said[0].upper() + said[1:]


def retrying_sentence(rows: Sequence[Row]) -> str:
    """Which scenarios are answered once more, and why there was no answer; no full stop."""
    if not rows:
        return "nothing is retried: no scenario with a row is without an answer"
    shown = ", ".join(f"{row.scenario} ({_cut(row.reason)})" for row in rows[:MOST_RETRIED])
    more = f", and {len(rows) - MOST_RETRIED:,} more" if len(rows) > MOST_RETRIED else ""
    return f"retried, since there was only a reason: {len(rows):,} {plural('scenario', len(rows))}: {shown}{more}"


def retried_sentence(analysis: Analysis) -> str:
    """What became of the scenarios that were answered once more; empty where none was."""
    if not analysis.retried:
        return ""
    rows = [analysis.by_name[name] for name in analysis.retried if name in analysis.by_name]
    answered = sum(row.is_answered for row in rows)
    failed = [row.scenario for row in rows if not row.is_answered]
    left = len(analysis.retried) - len(rows)
    parts = [f"{answered:,} {'has' if answered == 1 else 'have'} an answer now"]
    if failed:
        names = ", ".join(failed[:MOST_RETRIED]) + (", ..." if len(failed) > MOST_RETRIED else "")
        parts.append(f"{len(failed):,} still {'has' if len(failed) == 1 else 'have'} none ({names})")
    parts += [f"{left:,} {'was' if left == 1 else 'were'} not reached"] if left else []
    return f"Retried {len(analysis.retried):,}: {', '.join(parts)}"


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_REASON else f"{text[: LONGEST_REASON - 3]}..."


def answer_of(row: Row) -> str:
    """What is known of an answer, in one or two words."""
    return _IN_PART if _is_in_part(row) else _STATUS[row.status]


def _is_in_part(row: Row) -> bool:
    return row.status is Outcome.FEASIBLE and row.shortfall_proven


def _verb(count: int, verb: str) -> str:
    return f"{verb}s" if count == 1 else verb


def _table(analysis: Analysis, width: int) -> RenderableType:
    """A row a scenario. Where it is too narrow for all, columns that say nothing make room for the names."""
    shown = analysis.rows[:MOST_ROWS]
    columns = {
        "scenario": [row.scenario for row in shown],
        "answer": [answer_of(row) for row in shown],
        **{f">{name}": cells for name, cells in _numbers(analysis, shown).items()},
    }
    if sum(GAP + max(map(len, (name.removeprefix(">"), *cells))) for name, cells in columns.items()) - GAP > width:
        columns = {name: cells for name, cells in columns.items() if any(cell not in ("", NOTHING) for cell in cells)}
    table = table_of(columns)
    table.columns[1].no_wrap = True
    for row, cells in zip(shown, zip(*columns.values(), strict=True), strict=True):
        style = "red" if not row.is_answered else "yellow" if row.missing else "green"
        add_row(table, cells[0], Text(cells[1], style), *cells[2:])
    return table


def _numbers(analysis: Analysis, shown: Sequence[Row]) -> dict[str, list[str]]:
    """The columns of numbers; of a row without an answer nothing."""
    exposed = ["" if row.unsurvived is None else f"{row.unsurvived:,}" for row in shown]
    found = {
        "gone": [_count(row.displaced + row.lost) for row in shown],
        "placed": [f"{row.placed:,} of {row.wanted:,}" for row in shown],
        "missing": [_beside(analysis, row, "missing") for row in shown],
        **({"exposed": exposed} if any(exposed) else {}),
        "moved": [_count(row.moved) for row in shown],
        "in use": [f"{row.used:,} of {row.instances:,}" for row in shown],
    }
    if any(row.cost is not None for row in shown):
        found["an hour"] = ["" if row.cost is None else f"{row.cost / MILLIONTHS:,.2f}" for row in shown]
    return {
        name: [cell if row.is_answered else "" for cell, row in zip(cells, shown, strict=True)]
        for name, cells in found.items()
    }


def _count(number: int) -> str:
    return f"{number:,}" if number else NOTHING


def _beside(analysis: Analysis, row: Row, name: str) -> str:
    """A number, with how much more or less it is than the base's."""
    number: int = getattr(row, name)
    base = analysis.base
    change = number - getattr(base, name) if base is not None and base.is_answered else 0
    return f"{number:,} ({change:+,})" if change else f"{number:,}"


def _short(analysis: Analysis) -> list[str]:
    """The groups that lack tasks, by scenario: those of the base, then what differs from it."""
    base = analysis.base
    found = []
    for row in analysis.rows:
        differs = base is None or row.scenario == BASE or row.short != base.short
        if row.short and differs:
            groups = ", ".join(f"{count:,} of {name}" for name, count in list(row.short.items())[:MOST_GROUPS])
            more = f", and of {len(row.short) - MOST_GROUPS:,} more groups" if len(row.short) > MOST_GROUPS else ""
            found.append(f"{row.scenario}: {groups}{more}")
    return found
