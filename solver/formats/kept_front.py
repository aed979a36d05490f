"""A Pareto front as it is kept: ``front.json`` of ``pareto --out``, and what ``pareto -o json`` prints."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from solver.errors import Fault
from solver.formats.kept_plan_reading import REMEDY, read_kept

FORMAT = 1
"""Of the file; a reader refuses another."""


@dataclass(frozen=True)
class KeptAxis:
    """An axis.

    Parameters
    ----------
    name, title
        ``cost``, ``moves`` or ``skew``; and for people.
    decimals
        Of the amounts along it, where people read them.
    """

    name: str
    title: str
    decimals: int


@dataclass(frozen=True)
class KeptPoint:
    """A point; amounts are in the order of the axes.

    Parameters
    ----------
    values, bounds
        Of the plan; and along each axis the least that a plan may have which is no worse along the others.
    proven, surrounded
        Whether no plan is better along one axis and no worse along the others; whether no point is missing beside it.
    steps
        Moves that its order takes: more than it moves where a task has to make way by a third instance.
    blocked
        Why it cannot be carried out whole; empty where it can.
    plan
        The name of its files, without their ends, where plans are kept.
    """

    values: tuple[float, ...]
    bounds: tuple[float, ...]
    proven: bool
    surrounded: bool
    steps: int
    blocked: str
    plan: str


@dataclass(frozen=True)
class KeptFront:
    """What is kept of a front.

    Parameters
    ----------
    operation
        What was asked: ``rebalance`` or ``reconcile``.
    instances
        Of the cluster.
    undecided
        Where better plans may be: the largest amounts there; None for no limit.
    impossible
        Amounts below which, along all axes at once, no plan is, which is proved; None for no limit.
    proven
        Whether these points, and no others, are the front.
    missing, missing_proven
        Tasks without a place in every plan; whether no plan places more.
    stopped
        Whether somebody interrupted.
    """

    format: int
    operation: str
    cluster: str
    taken_at: str
    instances: int
    axes: tuple[KeptAxis, ...]
    points: tuple[KeptPoint, ...]
    undecided: tuple[tuple[float | None, ...], ...]
    impossible: tuple[tuple[float | None, ...], ...]
    proven: bool
    missing: int
    missing_proven: bool
    searches: int
    seconds: float
    stopped: bool
    seed: int
    time_limit: float
    versions: dict[str, str]
    warnings: tuple[str, ...]

    def least(self, axis: int, limits: Sequence[float | None]) -> float:
        """What no plan is below along an axis that keeps the limits along the others; None limits nothing."""
        return max(
            (
                least
                for ends in self.impossible
                if (least := ends[axis]) is not None
                and all(
                    k == axis or end is None or (limit is not None and limit < end)
                    for k, (end, limit) in enumerate(zip(ends, limits, strict=True))
                )
            ),
            default=0,
        )

    def to_json(self) -> str:
        """The text of its file."""
        return json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n"

    def to_csv(self) -> str:
        """One row a point: of each axis its value and its bound, then what is proved, the order, and the plan."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        amounts = [name for axis in self.axes for name in (axis.name, f"{axis.name}_bound")]
        writer.writerow([*amounts, "proven", "surrounded", "steps", "blocked", "plan"])
        for point in self.points:
            pairs = zip(point.values, point.bounds, strict=True)
            words = ("yes" if said else "no" for said in (point.proven, point.surrounded))
            cells = [cell for pair in pairs for cell in pair]
            writer.writerow([*cells, *words, point.steps, " ".join(point.blocked.split()), point.plan])
        return out.getvalue()


def read_kept_front(path: Path) -> KeptFront:
    """The front of a file.

    Raises
    ------
    UnreadableDocument
        If it cannot be read, or is no JSON.
    InvalidRequest
        With every field that is missing, unknown or of the wrong kind, or does not go with the others.
    TooLarge
        If it is larger than any such file.
    """
    return read_kept(path, KeptFront, "the front of a placement-solver", FORMAT, _inner_faults)


def _inner_faults(path: str, front: KeptFront) -> Iterator[Fault]:
    """A front has two axes at least, and amounts for each of them."""
    count = len(front.axes)
    if count < 2:
        yield Fault(f"{path}: axes", f"are {count}", f"must be two or three: {REMEDY}")
    rows = [
        (f"points[{k}].{name}", getattr(one, name))
        for k, one in enumerate(front.points)
        for name in ("values", "bounds")
    ]
    rows += [
        (f"{name}[{k}]", row) for name in ("undecided", "impossible") for k, row in enumerate(getattr(front, name))
    ]
    for where, row in rows:
        if len(row) != count:
            yield Fault(f"{path}: {where}", f"has {len(row)} amounts", f"must have one for each of {count} axes")
