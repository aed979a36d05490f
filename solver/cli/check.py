"""``placement-solver check``: the checker on any plan, also one that somebody else made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from solver.cli import options
from solver.cli.exits import Exit, errors_to_exit_codes, say
from solver.errors import Fault, InvalidRequest

REPLAYS = 20
"""Orders in which the actions of each wave are replayed."""

if TYPE_CHECKING:
    from solver.cli.arguments import Wish
    from solver.domain.counts import Counts
    from solver.domain.explanation import Violation
    from solver.domain.problem import Problem
    from solver.domain.steps import Action
    from solver.formats.cluster import Cluster
    from solver.formats.plan import Row


def check(
    cluster_dir: Annotated[
        Path, typer.Argument(metavar="CLUSTER_DIR", help="The cluster before the plan; or a request file (.json).")
    ],
    plan: Annotated[Path, typer.Argument(metavar="PLAN.csv", help="The plan, or - for standard input.")],
    group: options.Groups = None,
    freeze: options.Freeze = None,
    constraint: options.Constraints = None,
    rule: options.ClusterRules = None,
    steps: Annotated[
        bool,
        typer.Option("--steps", help="Also replay its waves, in several random orders, and judge every moment."),
    ] = False,
    output: Annotated[options.Verdict, typer.Option("--output", "-o", help="What to print.")] = options.Verdict.table,
    stopping: options.HeldOrFree = options.Stopping.held,
    at: options.At = None,
) -> None:
    """Check a plan against every rule, whoever made it.

    The plan has the columns action,group,task,instance,from_instance,step. What it stops and moves, and without --group
    what it starts, is taken as what was asked for. An instance is named by its EC2 id, its ARN or the ARN's last part.
    With --steps the columns start_step and stop_step may say when the two halves of a move happen.
    """
    with errors_to_exit_codes():
        from solver.api import check as verify
        from solver.cli.arguments import Arguments
        from solver.cli.search import by_name
        from solver.cli.source import faults_in, read_cluster, read_request, read_text
        from solver.formats.plan import actions_from_plan, allowing, counts_from_plan, protected_stops, rows_of_plan

        said = Arguments()
        wish = said.wish(group, None, freeze, constraint, None)
        rules = said.rules("--rule", rule) or ()
        warnings: tuple[str, ...] = ()
        with said.together():
            text = read_text(plan)
            with faults_in(plan):
                rows = rows_of_plan(text)
            if cluster_dir.suffix == ".json":
                call = read_request(cluster_dir)
                if call.survival is not None:
                    wrong = "is said of a plan to check, which has no witnesses"
                    raise InvalidRequest.at(f"{cluster_dir} survive", wrong, "leave it out of the file")
                problem = call.problem
            else:
                cluster = read_cluster(cluster_dir, stopping.value, at)
                problem, warnings = _asked(cluster, wish, rows, plan)
                with faults_in(plan):
                    problem = allowing(problem, rows)
            with faults_in(plan):
                counts = counts_from_plan(problem, rows)
                actions = actions_from_plan(problem, rows) if steps else ()
        problem = replace(problem, rules=(*problem.rules, *rules))
        try:
            found = (*verify(problem, counts), *protected_stops(problem, rows))
            if steps and not found:
                found = _replayed(problem, counts, actions)
        except InvalidRequest as invalid:
            raise InvalidRequest(by_name(invalid.faults, problem, len(rules))) from invalid
        for warning in warnings:
            say(f"warning: {warning}")
        _print(found, len(rows), output)
        raise typer.Exit(Exit.FAILURE if found else Exit.DONE)


def _replayed(problem: Problem, counts: Counts, actions: Sequence[Action]) -> tuple[Violation, ...]:
    """What goes wrong on the way, in the first order of those tried in which something does."""
    from solver.rules.bind import bind
    from solver.simulate import simulate

    rules = bind(problem)
    orders = (simulate(problem, counts, actions, seed, rules) for seed in range(REPLAYS))
    return next((found for found in orders if found), ())


def _asked(cluster: Cluster, wish: Wish, rows: Sequence[Row], plan: Path) -> tuple[Problem, tuple[str, ...]]:
    """The problem that the plan answers, and warnings: what ``--group`` says, else what the plan starts."""
    from solver.cli.source import said_of
    from solver.formats.plan import starts_of_plan, unknown_instances

    if not wish.starts and wish.readable:
        starts = {name: count for name, count in starts_of_plan(rows).items() if count}
        wish = replace(wish, starts=starts)
    if not wish.starts and wish.readable:
        return cluster.problem, cluster.warnings
    try:
        problem, warnings = wish.applied_to(cluster)
    except InvalidRequest as invalid:
        elsewhere = [
            replace(fault, path=f"{said_of(plan)} {fault.path}") for fault in unknown_instances(cluster.problem, rows)
        ]
        raise InvalidRequest([*_with_lines(invalid.faults, rows, plan), *elsewhere]) from invalid
    return problem, (*cluster.warnings, *warnings)


def _with_lines(faults: Sequence[Fault], rows: Sequence[Row], plan: Path) -> list[Fault]:
    """The faults; one about a group that the plan names with the line that names it first."""
    from solver.cli.source import said_of

    first: dict[str, int] = {}
    for row in rows:
        first.setdefault(row.group, row.line)
    lines = [next((line for name, line in first.items() if name and name in fault.path), None) for fault in faults]
    return [
        fault if line is None else replace(fault, path=f"{said_of(plan)} line {line}: {fault.path}")
        for fault, line in zip(faults, lines, strict=True)
    ]


def _print(found: Sequence[Violation], rows: int, output: options.Verdict) -> None:
    if output is options.Verdict.json:
        from solver.cli.present import write_out
        from solver.service.codec import violations_to_json

        write_out(violations_to_json(found))
        return
    from rich.console import Console
    from rich.text import Text

    from solver.report.headline import plural
    from solver.report.plain import bulleted, print_plainly

    plan = f"{rows:,} {plural('row', rows)}"
    if found:
        rules = len({(violation.group, violation.rule) for violation in found})
        places = len({violation.place for violation in found})
        title = f"The plan ({plan}) breaks {rules:,} {plural('rule', rules)} at {places:,} {plural('place', places)}"
        print_plainly([bulleted(title, "bold red", [("-", str(violation)) for violation in found])], Console())
    else:
        print_plainly([Text(f"The plan ({plan}) keeps every rule", "bold green")], Console())
