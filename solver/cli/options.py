"""Options that several commands have."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Output(StrEnum):
    """The form of an answer on standard output."""

    table = "table"
    json = "json"
    csv = "csv"


class Verdict(StrEnum):
    """The form of the checker's answer."""

    table = "table"
    json = "json"


class Stopping(StrEnum):
    """Whether tasks that are about to stop still hold their resources (§2.4)."""

    held = "held"
    free = "free"


class EngineName(StrEnum):
    """The engines of ``solver.domain.request.Engine``, named here so that help need not load numpy."""

    auto = "auto"
    exact = "exact"
    sequential = "sequential"


_FOLDER = typer.Argument(metavar="CLUSTER_DIR", help="Folder of ECS documents, or of instances.csv and groups.csv.")

ClusterFolder = Annotated[Path, _FOLDER]
OptionalClusterFolder = Annotated[Path | None, _FOLDER]
Groups = Annotated[
    list[str] | None,
    typer.Option("--group", "-g", metavar="NAME=COUNT", help="Place COUNT tasks of service:web, family:batch, ..."),
]
Constraints = Annotated[
    list[str] | None,
    typer.Option(
        "--constraint",
        metavar="TYPE[:ARGUMENT]",
        help="In place of the service's own, for a single group: distinctInstance, 'memberOf:EXPRESSION', ...",
    ),
]
ClusterRules = Annotated[
    list[str] | None,
    typer.Option(
        "--rule",
        metavar="TYPE[:ARGUMENT]",
        help="A rule of the whole cluster, besides those that it has: isolateRoles:ROLE,ROLE or reserve:memory,512.",
    ),
]
Freeze = Annotated[
    list[str] | None,
    typer.Option("--freeze", metavar="NAME|INSTANCE", help="A group or an instance where nothing may change."),
]
Request = Annotated[
    Path | None,
    typer.Option("--request", metavar="FILE", help="A whole request as protobuf JSON, in place of CLUSTER_DIR."),
]
Form = Annotated[Output, typer.Option("--output", "-o", help="What to print.")]
Figure = Annotated[
    Path | None,
    typer.Option("--figure", metavar="FILE", help="Draw the cluster before and after into an .svg or a .png."),
]
HeldOrFree = Annotated[
    Stopping,
    typer.Option("--stopping", help="Whether tasks that are about to stop hold their resources until they have."),
]
At = Annotated[
    str | None,
    typer.Option("--at", metavar="TIME", help="The moment of the snapshot, ISO 8601: until when protection counts."),
]
TimeLimit = Annotated[
    str | None,
    typer.Option("--time-limit", metavar="DURATION", help="For the whole answer, like 200ms, 2s or 1m. (default: 10s)"),
]
