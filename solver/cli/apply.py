"""``placement-solver apply``: carry a plan out on a live cluster, or show what would be called."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from solver.cli.exits import Exit, errors_to_exit_codes, say
from solver.cli.progress import progress
from solver.errors import Fault, InvalidRequest

if TYPE_CHECKING:
    from rich.console import RenderableType

    from solver.aws import Application, Outcome
    from solver.aws.orders import Start

GOES_ON = (
    "To go on: the same command again with the same plan. It starts nothing twice, as long as ECS remembers the tasks that "
    "have stopped (an hour); later, or where the cluster has changed, import it and plan again."
)


def apply(
    plan: Annotated[Path, typer.Argument(metavar="PLAN.csv", help="The plan, or - for standard input.")],
    cluster: Annotated[str, typer.Option(metavar="NAME", help="Name or ARN of the cluster.")],
    yes: Annotated[
        bool, typer.Option("--yes", help="Carry it out; without it, only show what would be called.")
    ] = False,
    endpoint_url: Annotated[
        str | None, typer.Option(metavar="URL", help="Another endpoint than that of the region.")
    ] = None,
    region: Annotated[
        str | None, typer.Option(metavar="NAME", help="Another region than that of the environment.")
    ] = None,
    timeout: Annotated[
        str, typer.Option(metavar="DURATION", help="For the starts, and then for the stops, of each wave.")
    ] = "10m",
    as_standalone: Annotated[
        bool,
        typer.Option("--as-standalone", help="Start tasks of service:web as standalone tasks in the group web."),
    ] = False,
    stop_service_tasks: Annotated[
        bool,
        typer.Option("--stop-service-tasks", help="Stop tasks of services, though the service will replace them."),
    ] = False,
    subnet: Annotated[
        list[str] | None,
        typer.Option(metavar="ID", help="For tasks with a network interface of their own; repeatable."),
    ] = None,
    security_group: Annotated[
        list[str] | None, typer.Option(metavar="ID", help="Together with --subnet; repeatable.")
    ] = None,
) -> None:
    """Carry a plan out with StartTask and StopTask, wave by wave; a dry run unless --yes is given.

    The plan has the columns action,group,task,instance,from_instance,step. A wave begins when the tasks that the one
    before started are up and those that it stopped are gone, and only if the cluster is still what the plan takes it for.
    The same plan again goes on where it ended.
    """
    with errors_to_exit_codes():
        from solver.aws import Patience, Permissions, open_plan
        from solver.cli.arguments import duration
        from solver.cli.source import faults_in, read_text
        from solver.formats.plan import rows_of_plan

        seconds = duration("--timeout", timeout)
        text = read_text(plan)
        permissions = Permissions(as_standalone, stop_service_tasks, tuple(subnet or ()), tuple(security_group or ()))
        with faults_in(plan):
            rows = rows_of_plan(text)
        try:
            application = open_plan(
                rows,
                cluster,
                endpoint_url=endpoint_url,
                region=region,
                permissions=permissions,
                patience=Patience(seconds),
            )
        except InvalidRequest as invalid:
            raise InvalidRequest(_with_file(invalid.faults, plan)) from invalid
        for warning in application.warnings:
            say(f"warning: {warning}")
        if not yes:
            _show_calls(application, cluster)
            _say_why(application.surprises)
            raise typer.Exit(_code(application.surprises, application.earlier > 0))
        with progress() as tell:
            outcome = application.carry_out(tell)
        _show_outcome(application.plan, outcome, cluster, application)
        _say_why(outcome.surprises)
        raise typer.Exit(_code(outcome.surprises, outcome.has_begun))


def _with_file(faults: Sequence[Fault], plan: Path) -> list[Fault]:
    """The faults; one of a line of the plan with the plan's name."""
    from solver.cli.source import said_of

    return [
        replace(fault, path=f"{said_of(plan)} {fault.path}") if fault.path.startswith("line ") else fault
        for fault in faults
    ]


def _code(surprises: tuple[str, ...], has_begun: bool) -> Exit:
    if not surprises:
        return Exit.DONE
    return Exit.IN_PART if has_begun else Exit.FAILURE


def _say_why(surprises: tuple[str, ...]) -> None:
    from solver.report.headline import printable

    for surprise in surprises:
        say(f"error: {printable(surprise)}")


def _show_calls(application: Application, cluster: str) -> None:
    """What is left of the plan, call by call."""
    from rich.text import Text

    from solver.aws.orders import calls_of
    from solver.report.headline import plural
    from solver.report.plain import add_row, table_of

    label = application.live.label
    table = table_of((">wave", "call", "group", "what", ">tasks", "on"))
    starts = stops = 0
    for wave in application.waves:
        for call in calls_of(application.unstarted(wave)):
            starts += len(call)
            where = ", ".join(label(start.instance) for start in call)
            add_row(table, str(wave.number), "StartTask", call[0].group, call[0].key, str(len(call)), where)
        for stop in application.unstopped(wave):
            stops += 1
            task = stop.task.rsplit("/", 1)[-1]
            add_row(table, str(wave.number), "StopTask", stop.group, task, "1", label(stop.instance))
    left = f"{starts:,} {plural('task', starts)} would start and {stops:,} would stop"
    parts: list[RenderableType] = [Text(f"Dry run of {application.plan} on {cluster}: {left}", "bold")]
    if application.earlier:
        parts.append(Text(f"An earlier run has carried out {application.earlier:,} of its orders."))
    if table.row_count:
        parts.append(table)
    if application.surprises:
        parts.append(Text("The cluster is not what the plan takes it for: --yes would do nothing."))
    elif table.row_count:
        parts.append(Text("Nothing was changed; --yes carries it out."))
    _print(parts)


def _show_outcome(plan: str, outcome: Outcome, cluster: str, application: Application) -> None:
    """What was done and, where it is not all, what was not and how to go on."""
    from rich.text import Text

    from solver.aws.orders import counted
    from solver.report.headline import plural
    from solver.report.plain import add_row, table_of

    started, stopped = len(outcome.started), len(outcome.stopped)
    done = f"{started:,} {plural('task', started)} started, {stopped:,} stopped"
    if outcome.earlier:
        done += f", {outcome.earlier:,} {plural('order', outcome.earlier)} carried out earlier"
    if not outcome.surprises:
        _print([Text(f"Carried out {plan} on {cluster}: {done}", "bold green")])
        return
    how = "Carried out in part" if outcome.has_begun else "Not carried out"
    label = application.live.label
    table = table_of(("not done", "group", "what", ">tasks", "on"))
    starts: dict[tuple[str, str], list[Start]] = {}
    for start in outcome.unstarted:
        starts.setdefault((start.group, start.key), []).append(start)
    for (group, key), some in starts.items():
        where = counted(label(start.instance) for start in some)
        add_row(table, "start", group, key, str(len(some)), where)
    for stop in outcome.unstopped:
        add_row(table, "stop", stop.group, stop.task.rsplit("/", 1)[-1], "1", label(stop.instance))
    parts: list[RenderableType] = [Text(f"{how}: {plan} on {cluster}: {done}", "bold red")]
    if table.row_count:
        parts.append(table)
    parts.append(Text(GOES_ON))
    _print(parts)


def _print(parts: list[RenderableType]) -> None:
    from rich.console import Console

    from solver.report.plain import print_plainly

    print_plainly(parts, Console(highlight=False))
