"""A Pareto front as far as it is known: points, each with its plan and its bounds, and where better plans could still be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from solver.domain.answer import Answer
from solver.pareto.axes import Axes, Axis
from solver.pareto.region import NO_LIMIT, Vector, is_within

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class Point:
    """A plan that no other known plan is as good as along every axis.

    Parameters
    ----------
    values
        Along each axis.
    bounds
        Along each axis the least that a plan may have there which is no worse along the others; the gap is the difference.
    surrounded
        Whether it is proved that no point is missing beside it: every plan that is better along some axis, up to where its
        neighbours begin, is as good as none of them.
    answer
        The plan, checked, with the order of its moves.
    """

    values: Vector
    bounds: Vector
    surrounded: bool
    answer: Answer

    @property
    def proven(self) -> bool:
        """Whether it is proved that no plan is better along one axis and no worse along the others."""
        return self.values == self.bounds


@dataclass(frozen=True, eq=False)
class Front:
    """What is known of the best plans of a request, weighed along several axes.

    Parameters
    ----------
    axes
        What is weighed.
    points
        In the order of their values.
    undecided
        Where plans better than all points may be, as the largest values there: ``NO_LIMIT`` for none. Empty where the front
        is proved: then it is the whole of it.
    refuted
        Corners at or below which no plan is, which is proved.
    missing, missing_proven
        Tasks without a place, which is the same for every point; whether no plan places more, class by class.
    searches
        Requests that were answered.
    stopped
        Whether somebody interrupted.
    """

    axes: Axes
    points: tuple[Point, ...]
    undecided: tuple[Vector, ...]
    refuted: tuple[Vector, ...]
    missing: int
    missing_proven: bool
    searches: int
    seconds: float
    stopped: bool = False
    warnings: tuple[str, ...] = ()

    @property
    def chosen(self) -> tuple[Axis, ...]:
        """The axes, in order."""
        return self.axes.chosen

    @property
    def priced(self) -> bool:
        """Whether the cost is in millionths of the currency."""
        return bool(self.axes.prices)

    @property
    def proven(self) -> bool:
        """Whether it is proved that these points, and no others, are the front."""
        return not self.undecided

    def is_refuted_by(self, vector: Sequence[int]) -> bool:
        """Whether a plan with such values would contradict what is said of the front."""
        beyond = tuple(vector)
        if any(is_within(point.values, beyond) for point in self.points):
            return False
        return not any(is_within(beyond, zone) for zone in self.undecided)

    def frame(self) -> pd.DataFrame:
        """One row a point: of each axis its value and ``AXIS_bound``, in the currency where there are prices; ``proven`` and
        ``surrounded``."""
        import pandas as pd

        rows = []
        for point in self.points:
            row: dict[str, object] = {}
            for k, axis in enumerate(self.chosen):
                row[axis.value] = self.in_units(axis, point.values[k])
                row[f"{axis.value}_bound"] = self.in_units(axis, point.bounds[k])
            rows.append({**row, "proven": point.proven, "surrounded": point.surrounded})
        columns = [name for axis in self.chosen for name in (axis.value, f"{axis.value}_bound")]
        return pd.DataFrame(rows, columns=[*columns, "proven", "surrounded"])

    def in_units(self, axis: Axis, amount: int) -> float | int | None:
        """An amount along an axis as people count it; None for ``NO_LIMIT``."""
        if amount == NO_LIMIT:
            return None
        from solver.domain.money import MILLIONTHS

        return amount / MILLIONTHS if axis is Axis.COST and self.priced else amount
