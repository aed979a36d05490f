"""A front as it is kept, printed and reported: amounts as people count them, and a folder with every plan."""

from __future__ import annotations

from pathlib import Path

from solver.api import versions
from solver.domain.request import Limits
from solver.formats.kept_front import FORMAT, KeptAxis, KeptFront, KeptPoint
from solver.pareto.axes import Axis
from solver.pareto.front import Front, Point
from solver.pareto.region import NO_LIMIT
from solver.whatif.plans import keep_plans
from solver.whatif.store import write_whole

FRONT_JSON, FRONT_CSV = "front.json", "front.csv"

DECIMALS = 3
"""Of an amount of money."""


def kept_front(front: Front, limits: Limits, operation: str = "") -> KeptFront:
    """What is kept of a front.

    Parameters
    ----------
    limits
        That it was searched within.
    operation
        What was asked.
    """
    cluster = front.axes.problem.cluster
    return KeptFront(
        format=FORMAT,
        operation=operation,
        cluster=cluster.name,
        taken_at=cluster.taken_at,
        instances=cluster.size,
        axes=tuple(
            KeptAxis(axis.value, front.axes.title(axis), DECIMALS if axis is Axis.COST and front.priced else 0)
            for axis in front.chosen
        ),
        points=tuple(_kept(front, point, name_of(k)) for k, point in enumerate(front.points)),
        undecided=tuple(tuple(map(front.in_units, front.chosen, zone)) for zone in front.undecided),
        impossible=tuple(
            tuple(_beyond(front, axis, end) for axis, end in zip(front.chosen, corner, strict=True))
            for corner in front.refuted
        ),
        proven=front.proven,
        missing=front.missing,
        missing_proven=front.missing_proven,
        searches=front.searches,
        seconds=round(front.seconds, 3),
        stopped=front.stopped,
        seed=limits.seed,
        time_limit=limits.time_limit,
        versions=dict(versions()),
        warnings=front.warnings,
    )


def name_of(point: int) -> str:
    """The name of a point's plan."""
    return f"point-{point + 1:02}"


def _beyond(front: Front, axis: Axis, end: int) -> float | None:
    """The first amount along an axis that is not below a corner any more."""
    return front.in_units(axis, end if end == NO_LIMIT else end + 1)


def _kept(front: Front, point: Point, plan: str) -> KeptPoint:
    def amounts(vector: tuple[int, ...]) -> tuple[float, ...]:
        # Values and bounds have no axis without a limit.
        return tuple(amount for amount in map(front.in_units, front.chosen, vector) if amount is not None)

    steps = point.answer.steps
    moves = sum(action.kind == "move" for action in steps.actions) if steps is not None else 0
    block = "" if steps is None or steps.block is None else str(steps.block)
    return KeptPoint(amounts(point.values), amounts(point.bounds), point.proven, point.surrounded, moves, block, plan)


def keep_front(front: Front, kept: KeptFront, folder: Path) -> None:
    """Write a front into a folder: ``front.json``, ``front.csv``, and in ``plans`` each plan as JSON and as rows for ``apply``.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    keep_plans(folder, {name_of(k): point.answer for k, point in enumerate(front.points)}, kept.operation, "point-*")
    write_whole(folder / FRONT_CSV, kept.to_csv().encode())
    write_whole(folder / FRONT_JSON, kept.to_json().encode())
