"""What each rule costs, for people in a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from rich.console import Console, RenderableType
from rich.text import Text

from solver.domain.money import MILLIONTHS
from solver.pricing import Listed, PricedRule, PriceList, Span, Unit
from solver.report.headline import plural
from solver.report.plain import add_row, bulleted, print_plainly, table_of

MOST_ROWS, MOST_LINES = 40, 12

_NEEDS = {
    Unit.INSTANCES: "{} instances in use",
    Unit.DOLLARS: "{} dollars an hour for the instances in use",
    Unit.SKEW: "a skew of {}",
    Unit.TASKS: "{} tasks without a place",
    Unit.MOVES: "{} moves",
}
_SPREAD = "spread(attribute:"
"""As most rules over zones are written, in which the name matters."""

NOT_A_SUM = "Together is no sum: a rule may cost what another costs already, or only what another lets it."


MOVES = (
    "Counted are tasks that move from where they run, each at its move cost. What a constraint costs are the moves that it takes "
    "to place as many tasks: where it is broken now it may stay so. What a strategy costs are those that it takes to follow it "
    "as well as can be: none where what runs does so already, or where no move would help."
)


def show_price_list(found: PriceList, console: Console) -> None:
    """Print the prices: what costs most first; rules that are proved to cost nothing are counted."""
    print_plainly(_parts(found), console)


def _parts(found: PriceList) -> Iterator[RenderableType]:
    yield Text(headline(found), "bold green" if found.proven else "bold yellow")
    yield Text(needs(found))
    if found.unit is Unit.MOVES:
        yield Text(MOVES, "dim")
    free = [row for row in found.rules if _is_free(row)]
    telling = [row for row in found.rules if not _is_free(row)]
    if telling or found.together:
        yield _table(found, telling[:MOST_ROWS])
    hidden = len(telling) - MOST_ROWS
    if hidden > 0:
        yield Text(f"... and {hidden:,} more {plural('rule', hidden)} (-o csv and -o json have them)")
    if free:
        yield bulleted(f"Cost nothing, proved ({len(free):,})", "bold", _listed([_named(row.listed) for row in free]))
    if found.together:
        yield Text(NOT_A_SUM, "dim")
    if found.unpriced:
        title = f"Not priced, for want of time ({len(found.unpriced):,})"
        yield bulleted(title, "bold red", _listed([_named(one) for one in found.unpriced]))
    said = list(dict.fromkeys(found.warnings))
    if said:
        yield bulleted("Warnings", "bold yellow", _listed(said))


def _is_free(row: PricedRule) -> bool:
    return row.proven and row.is_alike and row.price.value == 0


def _named(one: Listed | None) -> str:
    return "" if one is None else f"{one.rule} of {one.of or 'the cluster'}".replace(_SPREAD, "spread(")


def _listed(lines: Sequence[str]) -> list[tuple[str, str]]:
    left = len(lines) - MOST_LINES
    shown = [("-", line) for line in lines[:MOST_LINES]]
    return [*shown, ("", f"... and {left:,} more (-o csv and -o json have them)")] if left > 0 else shown


def headline(found: PriceList) -> str:
    """How many rules have a price, and how many of those are proved; no full stop."""
    priced, proven = len(found.rules), sum(row.proven for row in found.rules)
    if not found.total:
        return "there is no rule to price"
    rules = f"{priced:,} {plural('rule', priced)}"
    if not found.whole:
        rules = f"{'interrupted: ' if found.interrupted else ''}{priced:,} of {found.total:,} rules"
    said = "every price is proved" if proven == priced else f"the prices of {proven:,} are proved"
    return f"{rules} priced in {found.unit.value}{f'; {said}' if priced else ''}"


def needs(found: PriceList) -> str:
    """What the best plan with every constraint needs."""
    span, say = found.base.with_it, _say(found.unit)
    what = _NEEDS[found.unit].format(say(span.value))
    proof = "proved" if span.proven else f"no plan needs less than {say(span.low)}"
    if not span.proven and span.high > span.value:
        proof += ", and how many tasks have a place is not proved"
    over = ", ".join(dict.fromkeys(field.removeprefix("attribute:") for _, field in found.levels))
    return f"With every constraint: {what}{f', over {over}' if over else ''} ({proof})"


def _table(found: PriceList, rows: Sequence[PricedRule]) -> RenderableType:
    say = _say(found.unit)
    loses = found.unit is not Unit.TASKS and any(not row.is_alike for row in (*rows, *found.together))
    more = [">tasks out"] if loses else []
    # What a rule says may be long: at the end it has the room that the numbers leave.
    table = table_of([">costs", ">between", ">with", ">without", *more, "rule"])
    for row in (*rows, *found.together):
        lost = [_signed(row.missing.value, str)] if loses else []
        cells = (_signed(row.price.value, say), _proof(row.price, say), say(row.with_it.value), say(row.without.value))
        add_row(table, *cells, *lost, row.together or _named(row.listed))
        if row is (rows[-1] if rows else None):
            table.add_section()
    return table


def _signed(amount: int, say: Callable[[int], str]) -> str:
    return "·" if not amount else f"{'+' if amount > 0 else '-'}{say(abs(amount))}"


def _proof(span: Span, say: Callable[[int], str]) -> str:
    return "proved" if span.proven else f"{say(span.low)} to {say(span.high)}"


def _say(unit: Unit) -> Callable[[int], str]:
    return (lambda amount: f"{amount / MILLIONTHS:,.3f}") if unit is Unit.DOLLARS else (lambda amount: f"{amount:,}")
