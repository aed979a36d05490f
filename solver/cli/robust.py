"""``placement-solver robust``: does every task still have a place after the loss of any one zone, rack, type or instance?"""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from solver.cli import options
from solver.cli.exits import Exit, errors_to_exit_codes, say

if TYPE_CHECKING:
    from solver.robustness import Addition, Case, Kind, Survey

CODES = (
    "Exit codes: 0 every loss is survived, proved; 1 failure, or interrupted; 2 bad input; 3 some loss is not survived, "
    "or not decided in time."
)

COLUMNS = (
    "lost",
    "instances",
    "tasks",
    "verdict",
    "missing",
    "at_least",
    "proven",
    "groups",
    "moved",
    "addition",
    "addition_proven",
    "seconds",
)


def robust(
    cluster_dir: options.ClusterFolder,
    lose: Annotated[
        list[str] | None,
        typer.Option(
            "--lose",
            metavar="WHAT",
            help="What is lost at once: zone, instance, type or attribute:NAME, such as attribute:rack; may be repeated."
            " (default: zone)",
        ),
    ] = None,
    max_moves: options.MaxMoves = None,
    price: options.Prices = None,
    repair: Annotated[bool, typer.Option("--repair/--no-repair", help="Look for what to add.")] = True,
    time_limit: Annotated[
        str | None,
        typer.Option(
            "--time-limit", metavar="DURATION", help="For each loss, and again for what to add to it. (default: 10s)"
        ),
    ] = None,
    engine: options.EngineChoice = None,
    seed: options.Seed = None,
    deterministic_limit: options.DeterministicLimit = None,
    workers: options.Workers = None,
    output: options.Form = options.Output.table,
    stopping: options.HeldOrFree = options.Stopping.held,
    at: options.At = None,
) -> None:
    """Ask whether every task still has a place after the loss of any one zone, rack, instance type or instance.

    What survives stays where it is. Of each loss the answer is a checked plan, a proof that there is none, with what is missing
    and what to add, or that time was up before either.

    Example: placement-solver robust CLUSTER_DIR --lose zone --lose instance
    """
    with errors_to_exit_codes():
        from solver.cli.arguments import Arguments
        from solver.cli.search import by_name, interrupts
        from solver.cli.source import read_cluster
        from solver.domain.request import Limits
        from solver.errors import InvalidRequest
        from solver.robustness import survey

        said = Arguments()
        given = said.limits(time_limit, None if engine is None else engine.value, seed, deterministic_limit, workers)
        moves = said.tasks("--max-moves", max_moves)
        prices = said.prices(price)
        with said.together():
            cluster = read_cluster(cluster_dir, stopping.value, at)
        try:
            with interrupts() as cancelled, _progress() as told:
                found = survey(
                    cluster,
                    tuple(lose or ("zone",)),
                    limits=replace(Limits(), **given),
                    max_moves=moves or 0,
                    prices=prices,
                    repair=repair,
                    told=told,
                    cancelled=cancelled,
                )
        except InvalidRequest as invalid:
            faults = [replace(fault, path=_option(fault.path)) for fault in by_name(invalid.faults, cluster.problem)]
            raise InvalidRequest(faults) from invalid
        _present(found, output, cluster.warnings)
        if not found.whole:
            raise typer.Exit(Exit.FAILURE)
        raise typer.Exit(Exit.DONE if found.holds else Exit.SHORTFALL)


def _option(path: str) -> str:
    """A field as the option that says it."""
    first, _, rest = path.partition(".")
    return {"lose": "--lose", "max_moves": "--max-moves", "prices": f"--price {rest}"}.get(first, path)


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None] | None]:
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console

    with Console(stderr=True).status("judging ...", spinner_style="cyan") as status:
        yield lambda done, total: status.update(f"judged {done:,} of {total:,} losses (Ctrl-C ends it)")


def _present(found: Survey, output: options.Output, warnings: Sequence[str]) -> None:
    if output is options.Output.table:
        from rich.console import Console

        from solver.report.robustness import show_survey

        show_survey(found, Console(highlight=False), warnings)
        return
    from solver.cli.present import write_out

    for warning in dict.fromkeys((*warnings, *found.warnings)):
        say(f"warning: {warning}")
    write_out(_csv(found) if output is options.Output.csv else _json(found))


def _csv(found: Survey) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for case in found.cases:
        judgement, addition = case.judgement, case.addition
        groups = json.dumps(dict(judgement.missing), ensure_ascii=False) if judgement.missing else ""
        added = "" if addition is None else "; ".join(f"{count} {kind.label}" for kind, count in addition.counts)
        known = "" if addition is None else addition.proven
        row = [case.loss.name, int(case.loss.gone.sum()), case.lost, judgement.verdict.value]
        row += [sum(judgement.missing.values()), judgement.at_least, judgement.proven, groups, judgement.moved]
        writer.writerow([*row, added, known, f"{case.seconds:.3f}"])
    return text.getvalue()


def _json(found: Survey) -> str:
    whole = {
        "losses": [_case(case, found.priced) for case in found.cases],
        "survives": found.holds,
        "whole": found.whole,
        "together": None
        if found.together is None
        else {
            "add": _counts(found.together.counts),
            "price": _price(found.together.price, found.priced),
            "unrepaired": list(found.together.unrepaired),
        },
    }
    return json.dumps(whole, indent=2, ensure_ascii=False)


def _case(case: Case, priced: bool) -> dict[str, object]:
    judgement = case.judgement
    return {
        "lost": case.loss.what,
        "value": case.loss.value,
        "instances": int(case.loss.gone.sum()),
        "tasks": case.lost,
        "verdict": judgement.verdict.value,
        "missing": dict(judgement.missing),
        "missingAtLeast": judgement.at_least,
        "missingProven": judgement.proven,
        "moved": judgement.moved,
        "conflicts": list(case.reasons),
        "addition": None if case.addition is None else _addition(case.addition, priced),
        "noAddition": case.no_addition,
        "plan": _plan(case),
        "seconds": round(case.seconds, 3),
    }


def _addition(addition: Addition, priced: bool) -> dict[str, object]:
    return {
        "add": _counts(addition.counts),
        "price": _price(addition.price, priced),
        "priceAtLeast": _price(addition.at_least, priced),
        "proven": addition.proven,
    }


def _counts(counts: Sequence[tuple[Kind, int]]) -> list[dict[str, object]]:
    return [{"type": kind.type, "zone": kind.zone, "label": kind.label, "count": count} for kind, count in counts]


def _price(price: int, priced: bool) -> str | None:
    from solver.domain.money import decimal

    return decimal(price) if priced else None


def _plan(case: Case) -> list[dict[str, object]]:
    """Where lost tasks start again: the plan is checked."""
    answer = case.judgement.answer
    if answer is None:
        return []
    problem = answer.problem
    return [
        {"group": problem.groups[g].name, "instance": problem.cluster.label(i), "count": count}
        for g, i, count in answer.started
    ]
