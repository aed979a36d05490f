"""``placement-solver query``: the instances that an expression of the cluster query language selects."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Annotated

import typer

from solver.cli import options
from solver.cli.exits import errors_to_exit_codes, say

if TYPE_CHECKING:
    from solver.domain.placement import Placement
    from solver.domain.problem import Problem

Row = dict[str, str | int]
SHOWN = ("instance", "zone", "type", "status", "tasks")


def query(
    cluster_dir: options.ClusterFolder,
    expression: Annotated[str, typer.Argument(metavar="EXPRESSION", help="As in a memberOf constraint.")],
    output: options.Form = options.Output.table,
    stopping: options.HeldOrFree = options.Stopping.held,
) -> None:
    """List the instances that an expression selects, in the state before anything is placed.

    Example: placement-solver query CLUSTER_DIR 'attribute:ecs.instance-type =~ m5.* and not(task:group == service:web)'
    """
    with errors_to_exit_codes():
        import numpy as np

        from solver.cli.hints import unknown_names
        from solver.cli.present import write_out
        from solver.cli.source import read_cluster
        from solver.domain.placement import Placement
        from solver.query import evaluate, parse

        parsed = parse(expression)
        cluster = read_cluster(cluster_dir, stopping.value, None)
        state = Placement(cluster.problem)
        selected = np.flatnonzero(evaluate(parsed, state)).tolist()
        rows = [_row(state, i) for i in selected]
        if output is options.Output.table:
            _show(rows, cluster.problem)
        else:
            write_out(_json(rows) if output is options.Output.json else _csv(rows, cluster.problem))
        for warning in cluster.warnings:
            say(f"warning: {warning}")
        for hint in unknown_names(parsed, cluster.problem):
            say(f"hint: {hint}")


def _row(state: Placement, i: int) -> Row:
    from solver.domain.cluster import INSTANCE_TYPE, ZONE

    cluster = state.problem.cluster
    status = ("ACTIVE" if cluster.active[i] else "DRAINING") + ("" if cluster.connected[i] else ", disconnected")
    row: Row = {
        "instance": cluster.instance_ids[i],
        "ec2_instance_id": cluster.ec2_instance_id[i] or "",
        "zone": cluster.column(ZONE)[i] or "",
        "type": cluster.column(INSTANCE_TYPE)[i] or "",
        "status": status,
        "tasks": int(state.running_tasks[i]),
    }
    return row | {f"free.{name}": int(free) for name, free in zip(cluster.resources, cluster.free[i], strict=True)}


def _columns(problem: Problem) -> list[str]:
    free = [f"free.{name}" for name in problem.cluster.resources]
    return ["instance", "ec2_instance_id", "zone", "type", "status", "tasks", *free]


def _json(rows: list[Row]) -> str:
    return json.dumps({"instances": rows}, indent=2, ensure_ascii=False)


def _csv(rows: list[Row], problem: Problem) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, _columns(problem), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def _show(rows: list[Row], problem: Problem) -> None:
    from rich.console import Console

    from solver.report.headline import plural
    from solver.report.plain import add_row, print_plainly, table_of

    total = problem.cluster.size
    free = [f"free.{name}" for name in problem.cluster.resources if name in ("cpu", "memory", "gpu")]
    columns = [*SHOWN, *free]
    table = table_of([f">{name}" if name in ("tasks", *free) else name for name in columns])
    for row in rows:
        short = str(row["ec2_instance_id"] or str(row["instance"]).rsplit("/", 1)[-1])
        cells = [short if name == "instance" else row[name] for name in columns]
        add_row(table, *(f"{cell:,}" if isinstance(cell, int) else cell or "-" for cell in cells))
    said = f"{len(rows):,} of {total:,} {plural('instance', total)}"
    print_plainly([said, table] if rows else [said], Console(highlight=False))
