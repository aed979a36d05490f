"""``placement-solver price-rules``: what each rule costs in instances, dollars, skew, tasks or moves."""

from __future__ import annotations

import json
import re
from contextlib import contextmanager
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from solver.cli import options
from solver.cli.exits import Exit, errors_to_exit_codes, say

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from solver.domain.problem import Problem
    from solver.errors import Fault
    from solver.pricing import PricedRule, PriceList, Span, Unit

SECONDS = 60.0
"""The time limit where none is given."""

CODES = (
    "Exit codes: 0 every rule has a price, proved or not; 1 failure, or interrupted; 2 bad input; 3 some rules were not "
    "reached in the time given."
)


class UnitName(StrEnum):
    """The units of ``solver.pricing.Unit``, named here so that help need not load numpy."""

    instances = "instances"
    dollars = "dollars"
    skew = "skew"
    tasks = "tasks"
    moves = "moves"


def price_rules(
    cluster_dir: options.ClusterFolder,
    unit: Annotated[
        UnitName,
        typer.Option(
            "--in",
            help="Instances in use, what they cost an hour, skew over the fields that services spread over, tasks left out, "
            "or tasks that must move from where they run.",
        ),
    ] = UnitName.instances,
    price: Annotated[
        list[str] | None,
        typer.Option(
            "--price", metavar="TYPE=DOLLARS", help="In dollars: of an instance for an hour; one for each type."
        ),
    ] = None,
    catalogue: Annotated[
        Path | None,
        typer.Option(
            "--catalogue", metavar="FILE.csv", help="In dollars: prices as right-size takes them; --price goes first."
        ),
    ] = None,
    field: Annotated[
        list[str] | None,
        typer.Option(
            "--field",
            metavar="attribute:NAME",
            help="In skew: of every service over this field; may be repeated. (default: those that its own spread names)",
        ),
    ] = None,
    desired: Annotated[
        list[str] | None,
        typer.Option(
            "--desired", metavar="NAME=COUNT", help="Tasks that a service shall have. (default: as it says itself)"
        ),
    ] = None,
    max_moves: Annotated[
        str | None,
        typer.Option(
            "--max-moves",
            metavar="N",
            help="How many tasks may move at most. (default: in instances, dollars and skew all that may are placed anew; "
            "in tasks and moves as many as must)",
        ),
    ] = None,
    movable: options.Move = None,
    rule: options.ClusterRules = None,
    time_limit: Annotated[
        str | None,
        typer.Option("--time-limit", metavar="DURATION", help="For all rules together, like 20s or 5m. (default: 60s)"),
    ] = None,
    seed: options.Seed = None,
    deterministic_limit: options.DeterministicLimit = None,
    workers: options.Workers = None,
    output: options.Form = options.Output.table,
    stopping: options.HeldOrFree = options.Stopping.held,
    at: options.At = None,
) -> None:
    """Ask what each constraint, strategy and soft rule costs: how much less the best plan without it needs.

    Ctrl-C ends it with what is known.

    Example: placement-solver price-rules CLUSTER_DIR --in dollars --price m5.large=0.096 --price m5.xlarge=0.192
    """
    with errors_to_exit_codes():
        from solver.cli.arguments import Arguments
        from solver.cli.progress import counted
        from solver.cli.search import by_name, interrupts
        from solver.cli.source import read_cluster
        from solver.domain.request import Limits
        from solver.errors import InvalidRequest
        from solver.pricing import Unit
        from solver.pricing import price_rules as priced

        said = Arguments()
        given = said.limits(time_limit, None, seed, deterministic_limit, workers)
        moves, counts = said.tasks("--max-moves", max_moves), said.counts(desired or (), "--desired", 0)
        prices, rules = said.prices(price), said.rules("--rule", rule) or ()
        wrong = {"--price": (price, "dollars"), "--catalogue": (catalogue, "dollars"), "--field": (field, "skew")}
        for name, (value, meant) in wrong.items():
            if value and unit.value != meant:
                said.fault(name, f"is given, and --in is {unit.value}", f"it goes with --in {meant}")
        with said.together():
            cluster = read_cluster(cluster_dir, stopping.value, at)
            prices = _catalogued(catalogue) | prices
            with _faults_of_names(counts, movable or ()):
                problem, warnings = cluster.reconcile(counts, max_moves=moves, movable=movable or (), rebalance=True)
        problem = replace(problem, rules=(*problem.rules, *rules))
        limits = replace(Limits(time_limit=SECONDS), **given)
        try:
            with interrupts() as cancelled, counted("rules", limits.time_limit) as told:
                found = priced(
                    problem,
                    Unit(unit.value),
                    limits=limits,
                    prices=prices,
                    fields=tuple(field or ()),
                    told=told,
                    cancelled=cancelled,
                    warnings=(*cluster.warnings, *warnings),
                )
        except InvalidRequest as invalid:
            faults = [_said(fault, problem, prices) for fault in by_name(invalid.faults, problem, len(rules))]
            raise InvalidRequest(faults) from invalid
        _present(found, output)
        if found.interrupted:
            raise typer.Exit(Exit.FAILURE)
        raise typer.Exit(Exit.DONE if found.whole else Exit.SHORTFALL)


@contextmanager
def _faults_of_names(counts: Mapping[str, int], movable: Sequence[str]) -> Iterator[None]:
    """Put the option before each name that it says wrongly."""
    from solver.errors import InvalidRequest

    option = {"max_moves": "--max-moves"} | {name: f"--move {name}" for name in movable}
    option |= {name: f"--desired {name}" for name in counts}
    try:
        yield
    except InvalidRequest as invalid:
        faults = [replace(fault, path=option.get(fault.path, fault.path)) for fault in invalid.faults]
        raise InvalidRequest(faults) from invalid


def _catalogued(path: Path | None) -> dict[str, float]:
    """The prices of a catalogue."""
    if path is None:
        return {}
    from solver.capacity import read_catalogue
    from solver.domain.money import MILLIONTHS

    return {one.name: one.price / MILLIONTHS for one in read_catalogue(path).types}


def _said(fault: Fault, problem: Problem, prices: Mapping[str, float]) -> Fault:
    """A fault as the command line says it: by options, with what to write where prices are lacking."""
    from solver.domain.cluster import INSTANCE_TYPE
    from solver.errors import Fault

    first, _, rest = fault.path.partition(".")
    if fault.path == "prices":
        kinds = sorted(set(problem.cluster.column(INSTANCE_TYPE).values) - prices.keys())
        if not kinds:
            return replace(fault, path="--price")
        said = " ".join(f"--price {kind}=DOLLARS" for kind in kinds)
        remedy = f"write {said} with what an hour of each costs, or name prices with --catalogue FILE.csv"
        return Fault("--price", f"is missing for {', '.join(kinds)}, which the cluster has", remedy)
    if first == "prices":
        return replace(fault, path=f"--price {rest}")
    return replace(fault, path="--field") if re.match(r"fields(\[\d+\])?$", fault.path) else fault


def _present(found: PriceList, output: options.Output) -> None:
    if output is options.Output.table:
        from rich.console import Console

        from solver.report.pricing import show_price_list

        show_price_list(found, Console(highlight=False))
        return
    from solver.cli.present import write_out

    for warning in dict.fromkeys(found.warnings):
        say(f"warning: {warning}")
    write_out(found.frame().to_csv(index=False, lineterminator="\n") if output is options.Output.csv else _json(found))


def _json(found: PriceList) -> str:
    whole = {
        "unit": found.unit.value,
        "rules": [_row(row, found.unit) for row in found.rules],
        "together": [_row(row, found.unit) for row in found.together],
        "notPriced": [{"kind": one.kind.value, "rule": one.rule, "of": one.of} for one in found.unpriced],
        "base": {"needs": _span(found.base.with_it, found.unit)},
        "levels": [{"of": family, "field": field} for family, field in found.levels],
        "whole": found.whole,
        "proven": found.proven,
        "interrupted": found.interrupted,
        "seconds": round(found.seconds, 3),
    }
    return json.dumps(whole, indent=2, ensure_ascii=False)


def _row(row: PricedRule, unit: Unit) -> dict[str, object]:
    from solver.pricing import Unit

    one = row.listed
    named = {"what": row.together} if one is None else {"kind": one.kind.value, "rule": one.rule, "of": one.of}
    return {
        **named,
        "price": _span(row.price, unit),
        "tasksWithoutAPlace": _span(row.missing, Unit.TASKS),
        "withIt": _span(row.with_it, unit),
        "without": _span(row.without, unit),
    }


def _span(span: Span, unit: Unit) -> dict[str, object]:
    """64-bit numbers as strings, dollars in the currency."""
    from solver.domain.money import decimal
    from solver.pricing import Unit

    said = decimal if unit is Unit.DOLLARS else str
    return {"value": said(span.value), "atLeast": said(span.low), "atMost": said(span.high), "proven": span.proven}
