"""Which vectors of whole numbers no plan has, and where better plans could still be: the geometry of a front.

Every proof says that no plan is at or below a *corner* in all axes at once. A region ``{f <= w}`` is empty exactly if ``w`` is
at or below such a corner: if several corners covered it together, one of them would have to cover ``w`` itself. What is
neither proved empty nor worse than a known point are the *zones*: local upper bounds (Klamroth, Lacour and Vanderpooten, On the
representation of the search region in multi-objective optimization, EJOR 2015).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

NO_LIMIT = 2**62
"""Of an axis along which a corner or a zone has no end; no cost is as large (§11.2)."""

Vector = tuple[int, ...]


def is_within(one: Vector, other: Vector) -> bool:
    """Whether ``one`` is at or below ``other`` along every axis."""
    return all(a <= b for a, b in zip(one, other, strict=True))


def nondominated(vectors: Iterable[Vector]) -> list[Vector]:
    """The vectors than which no other is as good along every axis, each once, in order."""
    known = sorted(set(vectors))
    return [one for one in known if not any(other != one and is_within(other, one) for other in known)]


def without(zones: Sequence[Vector], point: Vector) -> list[Vector]:
    """The zones that are left of these once a point is known: those that it is strictly below are cut along each axis."""
    hit = [zone for zone in zones if all(p < u for p, u in zip(point, zone, strict=True))]
    if not hit:
        return list(zones)
    kept = [zone for zone in zones if zone not in hit]
    cut = {zone[:k] + (point[k],) + zone[k + 1 :] for zone in hit for k in range(len(point))}
    largest = [zone for zone in cut if not any(other != zone and is_within(zone, other) for other in [*kept, *cut])]
    return sorted([*kept, *largest])


def zones_of(points: Iterable[Vector], axes: int) -> list[Vector]:
    """The largest ``u`` of which no point is strictly below: every vector that no point is as good as lies strictly below one."""
    found: list[Vector] = [(NO_LIMIT,) * axes]
    for point in points:
        found = without(found, point)
    return found


def inside(zone: Vector) -> Vector:
    """The largest vector strictly below a zone along every axis."""
    return tuple(u if u == NO_LIMIT else u - 1 for u in zone)


class Refuted:
    """The corners at or below which no plan is.

    Parameters
    ----------
    least
        No plan is below this along any axis.
    """

    def __init__(self, least: Vector) -> None:
        self._corners: list[Vector] = []
        self._given = [
            tuple(value - 1 if j == k else NO_LIMIT for j in range(len(least))) for k, value in enumerate(least)
        ]
        for corner in self._given:
            self.add(corner)

    def add(self, corner: Vector) -> None:
        """Remember a corner, unless another one says as much."""
        if not self.covers(corner):
            self._corners = [known for known in self._corners if not is_within(known, corner)] + [corner]

    @property
    def corners(self) -> tuple[Vector, ...]:
        """Those that were added and that no other says as much as, in order."""
        return tuple(sorted(set(self._corners) - set(self._given)))

    def covers(self, corner: Vector) -> bool:
        """Whether no plan is at or below it."""
        return any(is_within(corner, known) for known in self._corners)

    def bound(self, point: Vector, axis: int) -> int:
        """The least that a plan may have along an axis which is no worse than the point along the others."""
        rest = (*point[:axis], 0, *point[axis + 1 :])
        return 1 + max(
            known[axis] for known in self._corners if all(j == axis or rest[j] <= known[j] for j in range(len(point)))
        )
