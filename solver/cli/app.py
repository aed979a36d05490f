"""The command line: its commands and what they have in common."""

from __future__ import annotations

from typing import Annotated

import typer

from solver.cli import audit
from solver.cli.apply import apply
from solver.cli.bench import bench
from solver.cli.check import check
from solver.cli.demo import demo
from solver.cli.exits import MEANING, MEANING_OF_APPLY, codes
from solver.cli.follow import follow
from solver.cli.health import health
from solver.cli.import_ecs import ecs
from solver.cli.import_kubernetes import kubernetes
from solver.cli.operations import deploy, drain, rebalance, reconcile, terminate
from solver.cli.pareto import CODES as CODES_OF_PARETO
from solver.cli.pareto import pareto
from solver.cli.place import place
from solver.cli.price_rules import CODES as CODES_OF_PRICE_RULES
from solver.cli.price_rules import price_rules
from solver.cli.query import query
from solver.cli.report import report
from solver.cli.right_size import CODES as CODES_OF_RIGHT_SIZE
from solver.cli.right_size import right_size
from solver.cli.robust import CODES as CODES_OF_ROBUST
from solver.cli.robust import robust
from solver.cli.serve import serve
from solver.cli.simulate_scaling import CODES as CODES_OF_SCALING
from solver.cli.simulate_scaling import simulate_scaling
from solver.cli.usage import Commands
from solver.cli.warm_up import warm_up
from solver.cli.what_if import CODES as CODES_OF_WHAT_IF
from solver.cli.what_if import what_if

CODES = codes(MEANING)

app = typer.Typer(
    cls=Commands,
    help="Places tasks on an ECS-like cluster: checked, explained, proven.",
    epilog=CODES,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
importers = typer.Typer(help="Read a cluster into a folder of documents, or check one.", no_args_is_help=True)

for command in (place, terminate, drain, rebalance, reconcile, deploy):
    app.command(epilog=CODES)(command)
app.command(name="what-if", epilog=CODES_OF_WHAT_IF)(what_if)
app.command(name="simulate-scaling", epilog=CODES_OF_SCALING)(simulate_scaling)
app.command(epilog="Exit codes: 0 the page is written; 1 failure; 2 bad input.")(report)
app.command(epilog=CODES_OF_PARETO)(pareto)
app.command(epilog=CODES_OF_ROBUST)(robust)
app.command(name="right-size", epilog=CODES_OF_RIGHT_SIZE)(right_size)
app.command(name="price-rules", epilog=CODES_OF_PRICE_RULES)(price_rules)
app.command()(query)
app.command(epilog="Exit codes: 0 the plan passes; 1 it breaks a rule; 2 bad input.")(check)
app.command(epilog=codes(MEANING_OF_APPLY))(apply)
app.command(epilog=CODES)(demo)
app.command(epilog="Exit codes: 0 a plan was found; 1 failure; 2 bad input.")(bench)
app.command()(serve)
app.command(epilog="Exit codes: 0 it serves; 1 it does not, or does not answer; 2 bad input.")(health)
app.command(epilog="Exit codes: 0 every event was taken; 1 failure; 2 bad input; 3 an event was refused.")(follow)
app.command()(warm_up)
importers.command()(ecs)
importers.command()(kubernetes)
app.add_typer(importers, name="import")
audits = typer.Typer(help="Look into the file of serve --audit.", no_args_is_help=True)
audits.command(epilog=audit.CODES)(audit.verify)
audits.command()(audit.show)
app.add_typer(audits, name="audit")


def _tell_version(wanted: bool) -> None:
    if wanted:
        import solver

        typer.echo(f"placement-solver {solver.__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and end.", callback=_tell_version, is_eager=True)
    ] = False,
) -> None:
    pass
