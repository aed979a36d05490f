"""The parts of the packing engine: types, tables, classes, bounds."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from solver.engines.patterns.box import Box
from solver.engines.patterns.classes import classes
from solver.engines.patterns.counting import counting_bound
from solver.engines.patterns.diving import settled
from solver.engines.patterns.fillers import Searches, Tables
from solver.engines.patterns.handing_back import hand_back
from solver.engines.patterns.pricing import certified
from solver.engines.patterns.problem import PackingProblem
from solver.engines.patterns.types import TaskTypes, numbers_of_bits, task_types
from solver.knapsack import Grid


def zone_vectors(lower: np.ndarray, upper: np.ndarray, wanted: int) -> set[tuple[int, ...]]:
    """All starts of one group in the zones."""
    ranges = [range(int(low), int(high) + 1) for low, high in zip(lower, upper, strict=True)]
    return {way for way in product(*ranges) if sum(way) == wanted}


def one_type(draw: np.random.Generator, zones: int) -> PackingProblem:
    """Three groups of one demand, whose zone bounds allow something."""
    lower = draw.integers(0, 2, (3, zones))
    upper = lower + draw.integers(0, 3, (3, zones))
    wanted = np.array([draw.integers(low.sum(), high.sum() + 1) for low, high in zip(lower, upper, strict=True)])
    return PackingProblem(
        free=np.full((zones, 1), 100),
        zone=np.arange(zones),
        empty=np.ones(zones, dtype=bool),
        demand=np.ones((3, 1), dtype=np.int64),
        wanted=wanted,
        lower=lower,
        upper=upper,
    )


def allowed_by(types: TaskTypes, counts: tuple[int, ...]) -> bool:
    """Whether the type's base and subsets allow the zone counts."""
    excess = np.array(counts) - types.base[0]
    inside = bool((types.subsets @ excess <= types.subset_most[0]).all())
    return inside and bool((excess >= 0).all()) and sum(counts) == types.total[0]


@pytest.mark.parametrize("width", [0, 1, 7, 8, 9, 40])
def test_rows_of_bits_are_numbered_as_sorting_does(width: int) -> None:
    """Few rows that differ, and many of each."""
    draw = np.random.default_rng(width)
    rows = draw.integers(0, 2, (5, width)).astype(bool)[draw.integers(0, 5, 30)]
    assert (numbers_of_bits(rows) == np.unique(rows, axis=0, return_inverse=True)[1].reshape(-1)).all()


@pytest.mark.parametrize("seed", range(20))
def test_merged_groups_allow_exactly_the_sums(seed: int) -> None:
    """The zone counts of a type are exactly the sums of zone counts of its groups, and can be handed back."""
    draw = np.random.default_rng(seed)
    problem = one_type(draw, 4 if seed == 0 else int(draw.integers(2, 4)))
    if not problem.wanted.any():
        return
    types = task_types(problem)
    assert types is not None
    assert types.count == 1
    sums = {(0,) * problem.zones}
    for lower, upper, wanted in zip(problem.lower, problem.upper, problem.wanted, strict=True):
        ways = zone_vectors(lower, upper, int(wanted))
        sums = {tuple(a + b for a, b in zip(left, way, strict=True)) for left in sums for way in ways}
    for counts in product(*(range(int(most) + 2) for most in problem.upper.sum(axis=0))):
        if sum(counts) != problem.wanted.sum():
            continue
        assert allowed_by(types, counts) == (counts in sums)
        assert (hand_back(problem, types, np.array([counts])) is not None) == (counts in sums)


@pytest.mark.parametrize("seed", range(10))
def test_table_equals_enumeration(seed: int) -> None:
    """The best value at each capacity, and a filling that has it."""
    draw = np.random.default_rng(seed)
    demand, cap = draw.integers(0, 4, (3, 2)), draw.integers(0, 6, 3)
    values = draw.integers(-1, 9, (2, 3))
    grid = Grid.over(demand, cap, (7, 6))
    row = np.repeat([0, 1], 42)
    cell = np.array(list(product(range(7), range(6))) * 2)
    best, held = grid.best_fillings(values, row, cell)
    assert (best == grid.best_at(values, row, cell)).all()
    fillings = np.array(list(product(*(range(int(most) + 1) for most in cap))))
    for number in range(len(row)):
        fits = (fillings @ demand <= cell[number]).all(axis=1)
        legal = fits & ~(fillings[:, values[row[number]] < 0] > 0).any(axis=1)
        assert best[number] == (fillings[legal] @ values[row[number]]).max()
        assert held[number] @ values[row[number]] == best[number]
        assert (held[number] @ demand <= cell[number]).all()
        assert (held[number] <= cap).all()


def cut_problem() -> PackingProblem:
    """Tasks of (3, 2) and (3, 5) on one instance with 8 and 8 free, and an empty one."""
    return PackingProblem(
        free=np.array([[8, 8], [12, 12]]),
        zone=np.zeros(2, dtype=np.int64),
        empty=np.array([False, True]),
        demand=np.array([[3, 2], [3, 5]]),
        wanted=np.array([4, 4]),
        lower=np.zeros((2, 1), dtype=np.int64),
        upper=np.full((2, 1), 4),
    )


def test_free_is_cut_to_what_tasks_can_use() -> None:
    """Two tasks fit: 6 of the first resource and at most 2 + 5 of the second can be used."""
    problem = cut_problem()
    types = task_types(problem)
    assert types is not None
    merged = classes(problem, types)
    assert merged.free[~merged.empty].tolist() == [[6, 7]]


def test_counting_asks_for_more_than_there_is() -> None:
    """24 of the first resource against 6 and 12: no plan, and the bound says so."""
    problem = cut_problem()
    types = task_types(problem)
    assert types is not None
    assert counting_bound(types, classes(problem, types)) == 2


@pytest.mark.parametrize("seed", range(10))
def test_bound_holds_at_any_prices(seed: int) -> None:
    """Random prices, also absurd ones, never prove more than the two instances that a plan opens."""
    draw = np.random.default_rng(seed)
    problem = PackingProblem(
        free=np.full((6, 2), 10),
        zone=np.arange(6) % 2,
        empty=np.array([False, False, True, True, True, True]),
        demand=np.array([[5, 1], [1, 5]]),
        wanted=np.array([4, 4]),
        lower=np.array([[2, 2], [2, 2]]),
        upper=np.array([[2, 2], [2, 2]]),
    )
    types = task_types(problem)
    assert types is not None
    merged = classes(problem, types)
    root = Box.whole(types, merged)
    for filler in (Tables(types, merged), Searches(types, merged)):
        for scale in (0.1, 0.5, 1.0, 1e9):
            assert certified(types, merged, filler, draw.random((2, 2)) * scale, root).bound <= 2
        assert certified(types, merged, filler, np.full((2, 2), np.nan), root).bound == 0


@pytest.mark.parametrize("seed", range(20))
def test_zone_counts_are_settled_within_their_bounds(seed: int) -> None:
    """Every profile's excess is whole, within its range, adds up to its slack, and is near what the relaxation has."""
    rng = np.random.default_rng(seed)
    groups, zones = int(rng.integers(1, 5)), int(rng.integers(1, 4))
    wanted = rng.integers(1, 7, groups)
    lower = np.minimum(rng.integers(0, 2, (groups, zones)), wanted[:, None] // zones)
    asked = PackingProblem(
        free=np.full((zones, 1), 100),
        zone=np.arange(zones),
        empty=np.ones(zones, np.bool_),
        demand=rng.integers(1, 3, (groups, 1)),
        wanted=wanted,
        lower=lower,
        upper=np.maximum(lower + rng.integers(0, 3, (groups, zones)), -(-wanted[:, None] // zones)),
    )
    types = task_types(asked)
    assert types is not None
    share = rng.random(types.profile_range.shape) * types.profile_range
    total = np.maximum(share.sum(axis=1, keepdims=True), 1e-9)
    excess = np.minimum(share * types.profile_slack[:, None] / total, types.profile_range)
    known = settled(types, excess)
    added = known.base - types.base
    assert (added >= 0).all() and not len(known.profile_type)
    assert (known.base.sum(axis=1) == types.total).all()
    most = np.zeros_like(types.base)
    np.add.at(most, types.profile_type, types.profile_range)
    assert (added <= most).all()
