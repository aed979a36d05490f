"""The geometry of a front: what corners rule out, and which zones points leave open."""

from __future__ import annotations

import itertools
import random

import pytest

from solver.pareto.region import NO_LIMIT, Refuted, Vector, inside, is_within, nondominated, zones_of


def vectors(r: random.Random, axes: int, count: int) -> list[Vector]:
    return [tuple(r.randint(0, 5) for _ in range(axes)) for _ in range(count)]


@pytest.mark.parametrize("axes", [2, 3])
def test_zones_hold_exactly_what_no_point_is_as_good_as(axes: int) -> None:
    """A vector lies strictly below some zone exactly if no point is at or below it; and no zone lies within another."""
    r = random.Random(axes)
    for _ in range(60):
        points = nondominated(vectors(r, axes, r.randint(0, 7)))
        zones = zones_of(points, axes)
        for vector in itertools.product(range(7), repeat=axes):
            free = not any(is_within(point, vector) for point in points)
            assert free == any(is_within(vector, inside(zone)) for zone in zones), (points, vector)
        assert not any(one != other and is_within(one, other) for one in zones for other in zones)


def test_points_that_others_are_as_good_as_are_dropped() -> None:
    """Weakly dominated ones and doubles; of two that are better along one axis each, both stay."""
    assert nondominated([(1, 5), (2, 4), (2, 5), (1, 5), (3, 4)]) == [(1, 5), (2, 4)]


@pytest.mark.parametrize("axes", [2, 3])
def test_corners_cover_what_lies_below_one_and_bound_each_axis(axes: int) -> None:
    """By comparison with every vector of a small grid."""
    r = random.Random(axes)
    for _ in range(40):
        corners = vectors(r, axes, r.randint(0, 5))
        refuted = Refuted((1,) * axes)
        for corner in corners:
            refuted.add(corner)
        for vector in itertools.product(range(7), repeat=axes):
            impossible = min(vector) < 1 or any(is_within(vector, corner) for corner in corners)
            assert refuted.covers(vector) == impossible
        for point in vectors(r, axes, 10):
            for k in range(axes):
                column = [(*point[:k], value, *point[k + 1 :]) for value in range(8)]
                below = [value for value in range(8) if not refuted.covers(column[value])]
                least = refuted.bound(point, k)
                assert not below or least == below[0] or all(point[j] < 1 for j in range(axes) if j != k)


def test_a_vector_below_every_axis_of_no_corner_is_not_covered() -> None:
    """Several corners never cover together what none of them covers alone."""
    refuted = Refuted((0, 0))
    refuted.add((3, 1))
    refuted.add((1, 3))
    assert not refuted.covers((3, 3)) and not refuted.covers((2, 2))
    assert refuted.covers((3, 1)) and refuted.covers((NO_LIMIT, -1))
