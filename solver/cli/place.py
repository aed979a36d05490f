"""``placement-solver place``: place new tasks, say how good the plan is, and why tasks are missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from solver.cli import options
from solver.cli.exits import errors_to_exit_codes, of_answer, say

if TYPE_CHECKING:
    from solver.cli.arguments import Wish
    from solver.domain.answer import Answer
    from solver.domain.problem import Problem
    from solver.domain.request import Limits
    from solver.service.decode import PlaceCall


def place(
    cluster_dir: options.OptionalClusterFolder = None,
    group: options.Groups = None,
    time_limit: options.TimeLimit = None,
    engine: Annotated[options.EngineName | None, typer.Option(help="Which engine answers. (default: auto)")] = None,
    seed: Annotated[str | None, typer.Option(metavar="N", help="For ties and random choices. (default: 0)")] = None,
    deterministic_limit: Annotated[
        str | None,
        typer.Option(metavar="N", help="CP-SAT's deterministic seconds: with --workers 1, an answer that repeats."),
    ] = None,
    workers: Annotated[str | None, typer.Option(metavar="N", help="Threads of the search. (default: 2)")] = None,
    priority: Annotated[
        list[str] | None, typer.Option(metavar="NAME=N", help="The higher is placed first. (default: 0)")
    ] = None,
    freeze: options.Freeze = None,
    constraint: options.Constraints = None,
    strategy: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TYPE[:ARGUMENT]",
            help="In place of the service's own, for a single group, in order: spread:attribute:ecs.availability-zone, "
            "binpack:memory, random.",
        ),
    ] = None,
    rule: options.ClusterRules = None,
    all_or_nothing: Annotated[bool, typer.Option("--all-or-nothing", help="Place everything, or nothing.")] = False,
    request: options.Request = None,
    save_request: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the whole request as protobuf JSON, to change and reuse.")
    ] = None,
    output: options.Form = options.Output.table,
    figure: options.Figure = None,
    why: Annotated[bool, typer.Option("--why", help="Also say why tasks start where they do.")] = False,
    prices: Annotated[
        bool, typer.Option("--prices", help="Also say what each rule costs: the plan without it.")
    ] = False,
    stopping: options.HeldOrFree = options.Stopping.held,
    at: options.At = None,
) -> None:
    """Place new tasks on a cluster: the plan, how good it is, and why tasks are missing.

    Example: placement-solver place CLUSTER_DIR --group service:web=12 --group family:batch=3
    """
    with errors_to_exit_codes():
        from solver.cli.arguments import Arguments
        from solver.cli.present import check_figure, present
        from solver.cli.search import search, validate
        from solver.report.files import check_folder

        said = Arguments()
        wish = said.wish(group, priority, freeze, constraint, strategy)
        changes = said.limits(time_limit, None if engine is None else engine.value, seed, deterministic_limit, workers)
        rules = said.rules("--rule", rule) or ()
        with said.together():
            check_figure(figure)
            if save_request is not None:
                check_folder("--save-request", save_request)
            call = asked_for(wish, cluster_dir, request, stopping.value, at)
        limits, warnings = replace(call.limits, **changes), call.warnings
        problem = replace(call.problem, rules=(*call.problem.rules, *rules))
        problem = replace(problem, all_or_nothing=True) if all_or_nothing else problem
        if save_request is not None:
            write_request(save_request, problem, limits, warnings)
        if call.validate_only:
            validate(problem, limits, len(rules))
            for warning in warnings:
                say(f"warning: {warning}")
            say("the request is valid")
            return
        answer = search(
            problem,
            limits,
            warnings,
            shows=output is options.Output.table,
            explain=call.explain,
            label=call.label,
            said=len(rules),
        )
        present(answer, output, figure)
        if output is options.Output.table:
            explain_more(answer, limits, why=why, prices=prices)
        raise typer.Exit(of_answer(answer))


def explain_more(answer: Answer, limits: Limits, *, why: bool, prices: bool) -> None:
    """Print, below the answer, why tasks start where they do and what the rules cost."""
    from rich.console import Console

    from solver import api
    from solver.report.terminal import show_prices, show_reasons

    console = Console(highlight=False)
    if why:
        show_reasons(api.why(answer), console)
    if prices:
        show_prices(api.prices(answer, limits), console)


def write_request(path: Path, problem: Problem, limits: Limits, warnings: Sequence[str]) -> None:
    """Write the whole request as a file that ``--request`` reads."""
    from solver.report.files import write_whole
    from solver.service.codec import request_to_json

    write_whole(path, (request_to_json(problem, limits, warnings=warnings).rstrip() + "\n").encode())


def asked_for(wish: Wish, cluster_dir: Path | None, request: Path | None, stopping: str, at: str | None) -> PlaceCall:
    """What the command line asks: all that a request file says, or the wish on a cluster with its warnings.

    Raises
    ------
    InvalidRequest
        With every fault of what is asked.
    """
    from solver.cli.hints import unknown_names_of_rules
    from solver.cli.source import read_cluster, read_request
    from solver.domain.request import Limits
    from solver.errors import InvalidRequest
    from solver.service.decode import PlaceCall

    if request is not None:
        if cluster_dir is not None or not wish.is_empty:
            remedy = "leave out CLUSTER_DIR, --group, --priority, --freeze, --constraint and --strategy"
            raise InvalidRequest.at("--request", "holds the cluster and all that is asked of it", remedy)
        return read_request(request)
    if cluster_dir is None:
        raise InvalidRequest.at("CLUSTER_DIR", "is missing", "name the folder of a cluster, or use --request FILE")
    cluster = read_cluster(cluster_dir, stopping, at)
    problem, warnings = wish.applied_to(cluster)
    hints = unknown_names_of_rules(wish.constraints or (), problem)
    return PlaceCall(problem, Limits(), warnings=(*cluster.warnings, *warnings, *hints))
