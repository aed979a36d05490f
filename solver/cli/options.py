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


_FOLDER = typer.Argument(
    metavar="CLUSTER_DIR", help="Folder of ECS documents, or of instances.csv and groups.csv, or a .vbp file."
)

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
OutFolder = Annotated[
    Path | None,
    typer.Option(
        "--out",
        metavar="DIR",
        help="Keep the plan in DIR, for `report DIR`: plan.json and plan.csv; with --curve, of every row.",
    ),
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
EngineChoice = Annotated[EngineName | None, typer.Option("--engine", help="Which engine answers. (default: auto)")]
Seed = Annotated[str | None, typer.Option("--seed", metavar="N", help="For ties and random choices. (default: 0)")]
DeterministicLimit = Annotated[
    str | None,
    typer.Option(
        "--deterministic-limit",
        metavar="N",
        help="CP-SAT's deterministic seconds: with --workers 1, an answer that repeats.",
    ),
]
Workers = Annotated[str | None, typer.Option("--workers", metavar="N", help="Threads of the search. (default: 2)")]
Priorities = Annotated[
    list[str] | None,
    typer.Option("--priority", metavar="NAME=N", help="The higher is placed first. (default: 0)"),
]
SaveRequest = Annotated[
    Path | None,
    typer.Option(
        "--save-request", metavar="FILE", help="Write the whole request as protobuf JSON, to change and reuse."
    ),
]
AllOrNothing = Annotated[bool, typer.Option("--all-or-nothing", help="Start everything that is wanted, or nothing.")]
Survive = Annotated[
    list[str] | None,
    typer.Option(
        "--survive",
        metavar="WHAT",
        help="After the plan every task must have a place whichever one zone (instance, type or attribute:NAME, such as"
        " attribute:rack) is lost. Repeatable.",
    ),
]
Covered = Annotated[
    list[str] | None,
    typer.Option(
        "--survive-group",
        metavar="NAME",
        help="Only the tasks of this group or family must have a place after --survive's losses. Repeatable. (default: all)",
    ),
]
Move = Annotated[
    list[str] | None,
    typer.Option("--move", metavar="NAME", help="A group of standalone tasks that may move too."),
]
Prices = Annotated[
    list[str] | None,
    typer.Option(
        "--price",
        metavar="TYPE=PRICE",
        help="Of an instance for an hour, so that the cheapest is looked for. Repeatable. (default: the fewest instances)",
    ),
]
MaxMoves = Annotated[str | None, typer.Option("--max-moves", metavar="N", help="How many tasks may move at most.")]
MoveCosts = Annotated[
    list[str] | None,
    typer.Option("--move-cost", metavar="NAME=N", help="What moving a task of the group counts. (default: 1)"),
]
MaxMoveCost = Annotated[
    str | None,
    typer.Option("--max-move-cost", metavar="N", help="What all moves together may count at most, by --move-cost."),
]
MinGain = Annotated[
    str | None,
    typer.Option(
        "--min-gain",
        metavar="X",
        help="Moves must pay: each gains X on average in what is minimised first of all that can still gain."
        " With --consolidate --min-gain 0.1, ten moves at most for an instance. (default: 0)",
    ),
]
Movers = Annotated[
    list[str] | None,
    typer.Option(
        "--group",
        "-g",
        metavar="NAME[=MOVES]",
        help="A group that may move, perhaps at most MOVES of its tasks. (default: every REPLICA service)",
    ),
]
Repair = Annotated[bool, typer.Option("--repair", help="Have few rules broken, before any strategy.")]
Consolidate = Annotated[bool, typer.Option("--consolidate", help="Keep few instances in use, before any strategy.")]
Defragment = Annotated[
    bool,
    typer.Option(
        "--defragment", help="Have a large slot free in one piece: the whole of the largest instance, or --slot."
    ),
]
Slot = Annotated[
    str | None,
    typer.Option("--slot", metavar="RESOURCE=AMOUNT,...", help="The slot of --defragment, like cpu=4096,memory=8192."),
]
Curve = Annotated[
    bool,
    typer.Option("--curve", help="In place of one plan: what 0, 1, 2, 3, 5, 8, ... moves gain, up to --max-moves."),
]
