"""The packing problem's arrays, the bounds on zones, and the plan's last check."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from solver.engines.deadline import Deadline
from solver.engines.patterns.check import holds
from solver.engines.patterns.problem import PackingProblem, Started, anywhere, evenly
from solver.engines.patterns.search import applicable, improve
from solver.errors import InvalidRequest


def small() -> PackingProblem:
    """Two zones, one instance in use and one empty in each; two tasks of one group, one a zone."""
    return PackingProblem(
        free=np.array([[2, 4], [4, 8], [2, 4], [4, 8]]),
        zone=np.array([0, 0, 1, 1]),
        empty=np.array([False, True, False, True]),
        demand=np.array([[2, 4]]),
        wanted=np.array([2]),
        lower=np.array([[1, 1]]),
        upper=np.array([[1, 1]]),
    )


def started(*cells: tuple[int, int, int]) -> Started:
    """From (group, instance, count)."""
    return Started(*(np.array(column, dtype=np.int64) for column in zip(*cells, strict=True)))


def test_uses_what_is_open() -> None:
    """Instances in use cost nothing."""
    result = improve(small(), Deadline(5.0))
    assert (result.opened, result.bound, result.proven) == (0, 0, True)
    assert result.started.instance.tolist() == [0, 2]


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("too few", [(0, 0, 1)]),
        ("too many", [(0, 0, 1), (0, 1, 1), (0, 2, 1)]),
        ("one zone", [(0, 0, 1), (0, 1, 1)]),
        ("no room", [(0, 0, 2)]),
        ("unknown instance", [(0, 0, 1), (0, 4, 1)]),
        ("unknown group", [(0, 0, 1), (1, 2, 1)]),
        ("negative", [(0, 0, 1), (0, 2, 2), (0, 3, -1)]),
        ("twice", [(0, 1, 1), (0, 1, 1), (0, 2, 1), (0, 2, -1)]),
    ],
)
def test_check_refuses(name: str, cells: list[tuple[int, int, int]]) -> None:
    """A plan that breaks any condition is refused."""
    assert not holds(small(), started(*cells)), name


def test_check_accepts() -> None:
    """A plan that keeps all of them is not."""
    assert holds(small(), started((0, 0, 1), (0, 3, 1)))


def test_check_looks_at_caps_and_eligibility() -> None:
    """Caps and eligibility bind where they are given."""
    plan = started((0, 1, 2))
    loose = replace(small(), lower=np.array([[0, 0]]), upper=np.array([[2, 2]]))
    assert holds(loose, plan)
    assert not holds(replace(loose, limit=np.array([1])), plan)
    assert not holds(replace(loose, admits=np.array([[True, False, True, True]])), plan)


def test_nothing_wanted() -> None:
    """No task wanted is a plan, proved, that starts nothing."""
    nothing = replace(small(), wanted=np.array([0]), lower=np.array([[0, 0]]))
    result = improve(nothing, Deadline(5.0))
    assert (result.found, result.proven, result.opened, len(result.started.group)) == (True, True, 0, 0)


def test_no_instance_at_all() -> None:
    """With no instance, and something wanted, it is proved that no plan exists."""
    base = small()
    empty = replace(base, free=base.free[:0], zone=base.zone[:0], empty=base.empty[:0])
    result = improve(empty, Deadline(5.0))
    assert (result.found, result.impossible) == (False, True)


def test_a_group_that_fits_nowhere() -> None:
    """A task larger than every instance: proved that no plan exists."""
    result = improve(replace(small(), demand=np.array([[5, 1]])), Deadline(5.0))
    assert (result.found, result.impossible) == (False, True)


def test_a_zone_that_is_too_full() -> None:
    """Enough room in all, too little in one zone: proved that no plan exists."""
    crowded = replace(small(), wanted=np.array([6]), lower=np.array([[2, 4]]), upper=np.array([[2, 4]]))
    result = improve(crowded, Deadline(5.0))
    assert (result.found, result.impossible) == (False, True)


def test_a_task_that_demands_nothing() -> None:
    """A task without demand still needs an instance, one in use if there is one."""
    free = replace(small(), demand=np.array([[0, 0]]))
    assert improve(free, Deadline(5.0)).opened == 0
    alone = replace(free, empty=np.ones(4, dtype=bool))
    result = improve(alone, Deadline(5.0))
    assert (result.opened, result.proven) == (2, True)


@pytest.mark.parametrize("seed", range(20))
def test_evenly_is_the_set_of_most_even_starts(seed: int) -> None:
    """The bounds hold for exactly the starts with the least sum of squares."""
    draw = np.random.default_rng(seed)
    zones = int(draw.integers(1, 5))
    running, room = draw.integers(0, 4, (1, zones)), draw.integers(0, 5, (1, zones))
    wanted = np.array([int(draw.integers(0, room.sum() + 1))])
    lower, upper = evenly(running, room, wanted)
    ways = [way for way in product(*(range(int(most) + 1) for most in room[0])) if sum(way) == wanted[0]]
    least = min(int(((running[0] + way) ** 2).sum()) for way in ways)
    for way in ways:
        inside = bool(((lower[0] <= way) & (way <= upper[0])).all())
        assert inside == (int(((running[0] + way) ** 2).sum()) == least)


def test_anywhere_restricts_nothing() -> None:
    """From none to all in each zone."""
    lower, upper = anywhere(np.array([3, 0]), 2)
    assert lower.tolist() == [[0, 0], [0, 0]]
    assert upper.tolist() == [[3, 3], [0, 0]]


@pytest.mark.parametrize(
    ("path", "change"),
    [
        ("packing.zone", {"zone": np.array([0, 0, 1, 2])}),
        ("packing.zone", {"zone": np.array([0, 1])}),
        ("packing.wanted", {"wanted": np.array([-1])}),
        ("packing.demand", {"demand": np.array([[1, 2, 3]])}),
        ("packing.admits", {"admits": np.ones((2, 4), dtype=bool)}),
    ],
)
def test_refuses_arrays_that_disagree(path: str, change: dict[str, np.ndarray]) -> None:
    """A wrong shape or amount is named."""
    with pytest.raises(InvalidRequest) as error:
        replace(small(), **change)
    assert path in {fault.path for fault in error.value.faults}


def test_applicable_by_size() -> None:
    """A problem of many types is left to others; groups of one type are one."""
    count = 600
    free, zone, empty = np.full((4, 1), 10**6), np.zeros(4, dtype=np.int64), np.ones(4, dtype=bool)
    wanted = np.ones(count, dtype=np.int64)
    lower, upper = anywhere(wanted, 1)
    alike = PackingProblem(free, zone, empty, np.full((count, 1), 7), wanted, lower, upper)
    assert applicable(alike)
    assert not applicable(replace(alike, demand=np.arange(1, count + 1)[:, None]))
