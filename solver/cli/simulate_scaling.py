"""``placement-solver simulate-scaling``: services and capacity providers over a curve of demand, by ECS's rules and by ours."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from solver.cli import options
from solver.cli.exits import errors_to_exit_codes, say

CODES = "Exit codes: 0 simulated; 1 failure; 2 bad input."

TIMELINE, SUMMARY, DEMAND = "timeline.csv", "summary.csv", "demand.csv"
TELL_SECONDS = 10.0
"""Between two lines of progress."""


class Which(StrEnum):
    """The rules that are simulated."""

    both = "both"
    ecs = "ecs"
    ours = "ours"


ScalingFile = Annotated[
    Path, typer.Argument(metavar="SCALING.yaml", help="Providers, services, policies, prices and the demand.")
]
Out = Annotated[
    Path | None,
    typer.Option("--out", metavar="DIR", help="Write timeline.csv, summary.csv and demand.csv into DIR."),
]


def simulate_scaling(
    cluster_dir: options.ClusterFolder,
    scaling: ScalingFile,
    rules: Annotated[Which, typer.Option("--rules", help="Which rules to simulate.")] = Which.both,
    out: Out = None,
    seed: options.Seed = None,
    output: options.Form = options.Output.table,
    stopping: options.HeldOrFree = options.Stopping.held,
    at: options.At = None,
) -> None:
    """Simulate auto scaling over a curve of demand, by ECS's documented rules beside ours: cost, unplaced task-minutes, moves.

    Example: placement-solver simulate-scaling CLUSTER_DIR scaling.yaml --out results
    """
    with errors_to_exit_codes():
        from solver.cli.arguments import Arguments
        from solver.cli.source import faults_in, read_cluster
        from solver.errors import StoreFailed
        from solver.scaling.curve import curve_to_csv
        from solver.scaling.ecs import EcsRules
        from solver.scaling.ours import OurRules
        from solver.scaling.reading import read_setting
        from solver.scaling.simulator import simulate
        from solver.scaling.timeline import summary_to_csv, timeline_to_csv

        said = Arguments()
        number = said.limits(None, None, seed, None, None).get("seed")
        with said.together():
            cluster = read_cluster(cluster_dir, stopping.value, at)
            with faults_in(scaling):
                setting = read_setting(scaling, cluster, None if number is None else int(number))
        kinds = [kind for kind in (EcsRules, OurRules) if rules.value in ("both", kind.NAME)]
        runs = [simulate(cluster, setting, kind, _progress(kind.NAME)) for kind in kinds]
        if out is not None:
            files = {
                TIMELINE: timeline_to_csv(runs),
                SUMMARY: summary_to_csv(runs),
                DEMAND: curve_to_csv(setting.curve),
            }
            try:
                out.mkdir(parents=True, exist_ok=True)
                for name, text in files.items():
                    (out / name).write_text(text, encoding="utf-8")
            except OSError as failed:
                raise StoreFailed(f"{out}: cannot be written ({failed.strerror or failed})") from failed
        if output is options.Output.table:
            from rich.console import Console

            from solver.report.scaling import show_scaling

            show_scaling(runs, setting, Console(highlight=False), (*setting.warnings, *cluster.warnings))
            return
        from solver.cli.present import write_out
        from solver.scaling.timeline import summary

        for warning in (*setting.warnings, *cluster.warnings):
            say(f"warning: {warning}")
        if output is options.Output.csv:
            write_out(summary_to_csv(runs))
        else:
            write_out(json.dumps({"runs": [summary(run) for run in runs]}, indent=2))


def _progress(rules: str) -> Callable[[int, int], None]:
    """Says now and then how far it is."""
    told = time.monotonic()

    def tell(done: int, total: int) -> None:
        nonlocal told
        if time.monotonic() - told >= TELL_SECONDS:
            told = time.monotonic()
            print(f"{rules}: minute {done:,} of {total:,}", file=sys.stderr, flush=True)

    return tell
