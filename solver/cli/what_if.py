"""``placement-solver what-if``: many scenarios of one cluster, each beside the cluster as it is."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from solver.cli import options
from solver.cli.exits import Exit, errors_to_exit_codes, say
from solver.cli.progress import counted

if TYPE_CHECKING:
    from solver.whatif.analysis import Analysis

CODES = (
    "Exit codes: 0 every scenario has an answer; 1 failure, or interrupted; 2 bad input; 3 some scenarios have none: "
    "their rows say why."
)

ScenarioFile = Annotated[Path, typer.Argument(metavar="SCENARIOS.yaml", help="Scenarios, a grid of them, or both.")]
ExecutorName = Annotated[
    str,
    typer.Option(
        "--executor",
        metavar="WHERE",
        help="Where scenarios are answered: local, the processes of this computer; dask://HOST:PORT, the workers of a "
        "Dask scheduler (extra dask); ray://HOST:PORT or ray://auto, a Ray cluster (extra ray).",
    ),
]
Processes = Annotated[
    str | None,
    typer.Option(
        "--workers",
        metavar="N",
        help="Scenarios at once, each a process with one thread. (default: one a processor, or a thread of the workers)",
    ),
]
Out = Annotated[
    Path | None,
    typer.Option(
        "--out",
        metavar="DIR",
        help="Keep the rows in DIR/results.csv as they come; the same command goes on from there",
    ),
]
Retry = Annotated[
    bool, typer.Option("--retry-failed", help="With --out: answer once more what DIR has no answer to, only a reason.")
]
Parquet = Annotated[bool, typer.Option("--parquet", help="With --out: write DIR/results.parquet too, in the end.")]


def what_if(
    cluster_dir: options.ClusterFolder,
    scenarios: ScenarioFile,
    executor: ExecutorName = "local",
    workers: Processes = None,
    out: Out = None,
    retry_failed: Retry = False,
    parquet: Parquet = False,
    time_limit: Annotated[
        str | None,
        typer.Option(
            "--time-limit", metavar="DURATION", help="For each scenario, like 200ms, 2s or 1m. (default: 10s)"
        ),
    ] = None,
    engine: options.EngineChoice = None,
    seed: options.Seed = None,
    deterministic_limit: Annotated[
        str | None,
        typer.Option("--deterministic-limit", metavar="N", help="CP-SAT's deterministic seconds: rows that repeat."),
    ] = None,
    output: options.Form = options.Output.table,
    stopping: options.HeldOrFree = options.Stopping.held,
    at: options.At = None,
) -> None:
    """Ask a cluster many questions at once: instances or a zone lost, other types, more tasks, other rules, prices, budgets.

    Ctrl-C ends it; with --out the same command goes on later.

    Example: placement-solver what-if CLUSTER_DIR scenarios.yaml --out results
    """
    with errors_to_exit_codes():
        from solver.api import require_sensible
        from solver.cli.arguments import Arguments
        from solver.cli.search import by_name, interrupts
        from solver.cli.source import faults_in, read_cluster
        from solver.domain.request import Limits
        from solver.errors import InvalidRequest
        from solver.report.what_if import retrying_sentence
        from solver.whatif.executors import executor_of
        from solver.whatif.reading import read_study
        from solver.whatif.run import batch_of, run
        from solver.whatif.store import write_parquet

        said = Arguments()
        given = said.limits(time_limit, None if engine is None else engine.value, seed, deterministic_limit, None)
        count = said.tasks("--workers", workers)
        if count is not None and not 1 <= count <= MOST_PROCESSES:
            said.fault("--workers", f"is {count:,}", f"must be 1 to {MOST_PROCESSES:,}")
        for name, asked in (("--parquet", parquet), ("--retry-failed", retry_failed)):
            if asked and out is None:
                said.fault(name, "stands without --out", "name the folder")
        with said.together():
            cluster = read_cluster(cluster_dir, stopping.value, at)
            with faults_in(scenarios):
                study = read_study(scenarios, cluster)
        limits = replace(study.limited(Limits()), **given)
        try:
            require_sensible(limits)
        except InvalidRequest as invalid:
            raise InvalidRequest(by_name(invalid.faults, study.asked.base)) from invalid
        batch = batch_of(study.asked, limits, study.scenarios if out is not None else ())
        with interrupts() as cancelled, counted("scenarios") as told:
            analysis = run(
                batch,
                study.scenarios,
                executor_of(executor, batch, count),
                out=out,
                retry_failed=retry_failed,
                retrying=lambda rows: say(retrying_sentence(rows)),
                told=told,
                cancelled=cancelled,
            )
        if parquet and out is not None and analysis.is_whole:
            write_parquet(out, analysis.rows)
        _present(analysis, output, (*study.warnings, *cluster.warnings))
        if not analysis.is_whole:
            left = analysis.total - len(analysis.rows)
            advice = (
                "the same command goes on from here" if out is not None else "with --out DIR it could go on from here"
            )
            say(f"interrupted: {left:,} of {analysis.total:,} scenarios are not answered; {advice}")
            raise typer.Exit(Exit.FAILURE)
        raise typer.Exit(Exit.SHORTFALL if analysis.failed else Exit.DONE)


MOST_PROCESSES = 1_024


def _present(analysis: Analysis, output: options.Output, warnings: tuple[str, ...]) -> None:
    """Print the rows; with JSON or CSV the warnings go to standard error."""
    if output is options.Output.table:
        from rich.console import Console

        from solver.report.what_if import show_analysis

        show_analysis(analysis, Console(highlight=False), warnings)
        return
    from solver.cli.present import write_out
    from solver.report.what_if import retried_sentence
    from solver.whatif.store import rows_to_csv

    for warning in warnings:
        say(f"warning: {warning}")
    if retried := retried_sentence(analysis):
        say(retried)
    write_out(rows_to_csv(analysis.rows) if output is options.Output.csv else _json(analysis))


def _json(analysis: Analysis) -> str:
    """``scenarios``, each with its tiers beside the base's: 64-bit numbers as strings, as in an answer."""
    from solver.domain.money import decimal

    found = []
    for row in analysis.rows:
        numbers = ("wanted", "placed", "missing", "displaced", "lost", "moved", "stopped", "instances", "used")
        costs = {"cost": row.cost, "usedCost": row.used_cost}
        found.append(
            {
                "scenario": row.scenario,
                "status": row.status.value,
                "reason": row.reason,
                **{name: getattr(row, name) for name in numbers},
                "unsurvived": row.unsurvived,
                **{name: None if value is None else decimal(value) for name, value in costs.items()},
                "short": dict(row.short or {}),
                "tiers": [
                    {
                        "name": change.name,
                        "title": change.title,
                        "value": None if change.after is None else str(change.after.value),
                        "bound": None if change.after is None else str(change.after.bound),
                        "proven": change.after is not None and change.after.proven,
                        "base": None if change.before is None else str(change.before.value),
                    }
                    for change in (analysis.changes(row.scenario) if row.is_answered else ())
                ],
                "warnings": list(analysis.own_warnings(row)),
                "fingerprint": row.fingerprint,
                "seconds": round(row.seconds, 3),
            }
        )
    return json.dumps({"scenarios": found, "whole": analysis.is_whole}, indent=2, ensure_ascii=False)
