"""``placement-solver import ecs``: read a live cluster into a folder of documents."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from solver.cli.exits import errors_to_exit_codes, say


def ecs(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Where the documents go; made if it is missing.")],
    cluster: Annotated[str, typer.Option(metavar="NAME", help="Name or ARN of the cluster.")],
    endpoint_url: Annotated[
        str | None, typer.Option(metavar="URL", help="Another endpoint than that of the region.")
    ] = None,
) -> None:
    """Read an ECS cluster into a folder of documents, with read-only calls."""
    with errors_to_exit_codes():
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn

        from solver.aws import import_ecs

        console = Console(stderr=True)
        bar = Progress(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), console=console)
        bars: dict[str, TaskID] = {}

        def tell(what: str, done: int, total: int) -> None:
            if what not in bars:
                bars[what] = bar.add_task(what, total=total)
            bar.update(bars[what], completed=done, total=total)

        bar.disable = not sys.stderr.isatty()
        with bar:
            import_ecs(cluster, directory, endpoint_url, tell)
        say(f"written: {directory}")
