"""``placement-solver right-size``: the cheapest mix of instances that holds every task."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from solver.cli import options
from solver.cli.exits import errors_to_exit_codes, say

if TYPE_CHECKING:
    from solver.capacity import Catalogue
    from solver.domain.problem import Problem
    from solver.formats.cluster import Cluster

LIVE = Path("aws")
"""The catalogue that is asked for, not read; a file of that name is given with its folder."""

SECONDS = 60.0
"""The time limit where none is given."""

CODES = "Exit codes: 0 a mix that holds every task; 1 failure; 2 bad input, or a group that no instance holds."


class Form(StrEnum):
    """The form of an answer on standard output."""

    table = "table"
    json = "json"


CatalogueFile = Annotated[
    Path,
    typer.Option(
        "--catalogue",
        metavar="FILE.csv|aws",
        help="Instance types: instance_type, vcpu, memory_mib or memory_gib, price_per_hour, and perhaps gpu, interfaces, "
        "arch, zones; or aws: what EC2 offers now, with prices on demand.",
    ),
]
Region = Annotated[
    str | None,
    typer.Option("--region", metavar="NAME", help="Of --catalogue aws. (default: that of the environment)"),
]
Saved = Annotated[
    Path | None,
    typer.Option("--save-catalogue", metavar="FILE.csv", help="Where to write what --catalogue aws found."),
]
Types = Annotated[
    list[str] | None,
    typer.Option(
        "--types", metavar="PATTERN", help="Only types such as 'm5.*'; '!t3.*' leaves some out. May be repeated."
    ),
]
Zones = Annotated[
    list[str] | None,
    typer.Option(
        "--zone", metavar="ZONE", help="Where instances may be bought; may be repeated. (default: the cluster's)"
    ),
]
Attributes = Annotated[
    list[str] | None,
    typer.Option("--attribute", metavar="NAME=VALUE", help="An attribute that new instances have; may be repeated."),
]
Moves = Annotated[
    str | None,
    typer.Option(
        "--max-moves", metavar="N", help="Tasks that may move so that instances can be given up. (default: 0)"
    ),
]
Skip = Annotated[
    bool, typer.Option("--skip-incomplete", help="Pass over rows of the catalogue with empty cells, with a warning.")
]


def right_size(
    cluster_dir: options.ClusterFolder,
    catalogue: CatalogueFile,
    region: Region = None,
    save_catalogue: Saved = None,
    types: Types = None,
    zones: Zones = None,
    attributes: Attributes = None,
    capacity_provider: Annotated[
        str, typer.Option("--capacity-provider", metavar="NAME", help="Of the new instances.")
    ] = "",
    max_moves: Moves = None,
    skip_incomplete: Skip = False,
    time_limit: Annotated[
        str | None, typer.Option("--time-limit", metavar="DURATION", help="Like 10s or 5m. (default: 60s)")
    ] = None,
    seed: options.Seed = None,
    output: Annotated[Form, typer.Option("--output", "-o", help="What to print.")] = Form.table,
    stopping: options.HeldOrFree = options.Stopping.held,
    at: options.At = None,
) -> None:
    """Find the cheapest instances that hold every task, new ones and those that are there, and how cheap any mix can be.

    Example: placement-solver right-size CLUSTER_DIR --catalogue types.csv --zone us-east-1a --zone us-east-1b
    """
    with errors_to_exit_codes():
        from solver.api import require_sensible
        from solver.capacity import read_catalogue
        from solver.capacity import right_size as sized
        from solver.cli.arguments import Arguments
        from solver.cli.search import by_name, interrupts
        from solver.cli.source import read_cluster
        from solver.domain.request import Limits
        from solver.errors import InvalidRequest

        said = Arguments()
        given = said.limits(time_limit, None, seed, None, None)
        moves = said.tasks("--max-moves", max_moves) or 0
        own: dict[str, str] = {}
        for text in attributes or ():
            name, equals, value = text.partition("=")
            if not name or not equals:
                said.fault("--attribute", f"is '{text}'", "must be NAME=VALUE, such as stack=prod")
            own[name] = value
        for name, given_too in (("--region", region), ("--save-catalogue", save_catalogue)):
            if given_too is not None and catalogue != LIVE:
                said.fault(name, "goes with --catalogue aws only", "leave it out, or ask AWS")
        with said.together():
            read = None if catalogue == LIVE else read_catalogue(catalogue, skip_incomplete=skip_incomplete)
            cluster = read_cluster(cluster_dir, stopping.value, at)
        offered = _live(region, save_catalogue) if read is None else read
        offered = offered.only(types) if types else offered
        limits = replace(Limits(time_limit=SECONDS), **given)
        problem, warnings = _asked(cluster, moves)
        try:
            require_sensible(limits)
        except InvalidRequest as invalid:
            raise InvalidRequest(by_name(invalid.faults, problem)) from invalid
        with interrupts() as cancelled:
            found = sized(
                problem,
                offered,
                limits,
                zones=tuple(zones or ()),
                attributes=own,
                provider=capacity_provider,
                cancelled=cancelled,
                warnings=warnings,
            )
        if output is Form.json:
            from solver.cli.present import write_out
            from solver.report.right_size import right_sized_json

            write_out(right_sized_json(found))
            return
        from rich.console import Console

        from solver.report.right_size import show_right_sized

        show_right_sized(found, Console(highlight=False))


def _live(region: str | None, saved: Path | None) -> Catalogue:
    """What AWS offers now, written to a file where one is named."""
    from solver.capacity import live_catalogue, save_catalogue
    from solver.cli.progress import progress

    with progress() as tell:
        found = live_catalogue(region, tell)
    if saved is not None:
        save_catalogue(found, saved)
        say(f"written: {saved}")
    return found


def _asked(cluster: Cluster, moves: int) -> tuple[Problem, tuple[str, ...]]:
    """As many tasks of everything as there should be; of a table what runs and what is to start."""
    from solver.formats.table_cluster import TableCluster

    if isinstance(cluster, TableCluster):
        problem, warnings = cluster.problem, cluster.warnings
        problem = replace(problem, freedom=replace(problem.freedom, max_moves=moves))
        remedy = "mark groups movable in groups.csv"
    else:
        problem, more = cluster.reconcile(max_moves=moves)
        warnings = (*cluster.warnings, *more)
        remedy = "tasks of REPLICA services that are not protected can"
    if moves and len(problem.running) and not len(problem.operation.stoppable):
        warnings = (*warnings, f"--max-moves is {moves}, and no running task may move: {remedy}")
    return problem, warnings
