"""``placement-solver import ecs``: read a live cluster into a folder of documents."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from solver.cli.exits import errors_to_exit_codes, say
from solver.cli.progress import progress


def ecs(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Where the documents go; made if it is missing.")],
    cluster: Annotated[str, typer.Option(metavar="NAME", help="Name or ARN of the cluster.")],
    endpoint_url: Annotated[
        str | None, typer.Option(metavar="URL", help="Another endpoint than that of the region.")
    ] = None,
) -> None:
    """Read an ECS cluster into a folder of documents, with read-only calls."""
    with errors_to_exit_codes():
        from solver.aws import import_ecs

        with progress() as tell:
            import_ecs(cluster, directory, endpoint_url, tell)
        say(f"written: {directory}")
