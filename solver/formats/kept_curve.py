"""A curve of budgets as it is kept: ``curve.json`` of ``rebalance --curve --out``."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from solver.domain.answer import Answer
from solver.domain.curve import CurvePoint
from solver.errors import Fault
from solver.formats.kept_plan import KeptTier
from solver.formats.kept_plan_reading import REMEDY, read_kept

CURVE_JSON, CURVE_CSV = "curve.json", "curve.csv"

FORMAT = 1
"""Of the file; a reader refuses another."""


@dataclass(frozen=True)
class KeptBudget:
    """One budget of moves, and the best plan within it.

    Parameters
    ----------
    max_moves, moves
        Tasks that may move, and those that the plan moves.
    tiers
        In the order of importance; each bound holds for every plan within the budget.
    plan
        The name of the plan's files, without their ends; budgets may share one.
    """

    max_moves: int
    moves: int
    tiers: tuple[KeptTier, ...]
    plan: str

    @property
    def proven(self) -> bool:
        """Whether no plan within the budget is better."""
        return all(tier.proven for tier in self.tiers)


@dataclass(frozen=True)
class KeptCurve:
    """What is kept of a curve.

    Parameters
    ----------
    operation
        What was asked.
    instances
        Of the cluster.
    budgets
        From the smallest to the largest, each with the same tiers.
    """

    format: int
    operation: str
    cluster: str
    taken_at: str
    instances: int
    budgets: tuple[KeptBudget, ...]
    seed: int
    versions: dict[str, str]
    warnings: tuple[str, ...]

    def to_json(self) -> str:
        """The text of its file."""
        return json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n"


def kept_curve(points: Sequence[CurvePoint], operation: str, warnings: Sequence[str]) -> KeptCurve:
    """What is kept of a curve that has a point at least."""
    names = plans_of(points)
    last = points[-1].answer
    cluster = last.problem.cluster
    return KeptCurve(
        format=FORMAT,
        operation=operation,
        cluster=cluster.name,
        taken_at=cluster.taken_at,
        instances=cluster.size,
        budgets=tuple(
            KeptBudget(
                point.max_moves,
                point.moves,
                tuple(KeptTier(one.name, one.title, one.value, one.bound, one.proven) for one in point.tiers),
                next(name for name, answer in names.items() if answer is point.answer),
            )
            for point in points
        ),
        seed=last.replay.seed,
        versions=dict(last.replay.versions),
        warnings=tuple(warnings),
    )


def plans_of(points: Sequence[CurvePoint]) -> dict[str, Answer]:
    """The plans of a curve, each once, by name: that of the smallest budget that it is the best of."""
    found: dict[str, Answer] = {}
    for point in points:
        if not any(answer is point.answer for answer in found.values()):
            found[f"moves-{point.max_moves:04}"] = point.answer
    return found


def read_kept_curve(path: Path) -> KeptCurve:
    """The curve of a file.

    Raises
    ------
    UnreadableDocument
        If it cannot be read, or is no JSON.
    InvalidRequest
        With every field that is missing, unknown or of the wrong kind, or does not go with the others.
    TooLarge
        If it is larger than any such file.
    """
    return read_kept(path, KeptCurve, "the curve of a placement-solver", FORMAT, _inner_faults)


def _inner_faults(path: str, curve: KeptCurve) -> Iterator[Fault]:
    """A curve has a budget at least, budgets grow, and each has the tiers of the first."""
    if not curve.budgets:
        yield Fault(f"{path}: budgets", "are none", f"must be one at least: {REMEDY}")
        return
    names = [tier.name for tier in curve.budgets[0].tiers]
    for k, one in enumerate(curve.budgets):
        if [tier.name for tier in one.tiers] != names:
            yield Fault(f"{path}: budgets[{k}].tiers", "are not those of the first budget", REMEDY)
        if k and one.max_moves <= curve.budgets[k - 1].max_moves:
            yield Fault(f"{path}: budgets[{k}].max_moves", f"is {one.max_moves:,}", f"must grow: {REMEDY}")
