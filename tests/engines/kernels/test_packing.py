"""The best filling at given prices, by branch and bound, against all fillings."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from solver.domain.counts import Ints
from solver.engines.kernels.packing import fill_all, fill_each, fill_in_turn


def shares(rows: int, resources: int) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    return np.full((rows, resources), 1 / resources)


def best_of_all(room: Ints, need: Ints, value: Ints, count: Ints) -> int:
    """By looking at every filling."""
    usable = [range(int(most) + 1) if worth > 0 else (0,) for most, worth in zip(count, value, strict=True)]
    fillings = np.array(list(itertools.product(*usable)))
    fits = (fillings @ need <= room).all(axis=1)
    return int((fillings[fits] @ np.maximum(value, 0)).max())


@pytest.mark.parametrize("seed", range(40))
def test_the_best_filling_is_as_good_as_the_best_of_all(seed: int) -> None:
    """Its value is that of its tasks, it fits, and no other is worth more; resources that a type does not need among them."""
    draw = np.random.default_rng(seed)
    types, resources, rows = int(draw.integers(1, 7)), int(draw.integers(1, 5)), 3
    need = draw.integers(0, 9, (types, resources))
    need[:, 0] = np.maximum(need[:, 0], 1)
    room = draw.integers(0, 25, (rows, resources))
    most = draw.integers(0, 4, (2, types))
    value = draw.integers(-5, 60, (2, types))
    row = np.array([0, 1, 1])
    worth, held = np.zeros(rows, np.int64), np.zeros((rows, types), np.int64)
    fill_each(room, row, need, most, value, shares(rows, resources), 4, 10**6, worth, held)
    for n in range(rows):
        assert worth[n] == best_of_all(room[n], need, value[row[n]], most[row[n]])
        assert worth[n] == held[n] @ value[row[n]]
        assert (held[n] @ need <= room[n]).all() and (held[n] <= most[row[n]]).all() and (held[n] >= 0).all()


@pytest.mark.parametrize("nodes", [1, 5, 40])
def test_a_search_that_is_cut_short_gives_a_bound(nodes: int) -> None:
    """Never below the best, and a filling that fits."""
    short = 0
    for seed in range(30):
        draw = np.random.default_rng(seed)
        need, room = draw.integers(2, 12, (8, 3)), draw.integers(20, 40, (1, 3))
        value, most = draw.integers(1, 90, (1, 8)), np.full((1, 8), 2)
        worth, held = np.zeros(1, np.int64), np.zeros((1, 8), np.int64)
        fill_each(room, np.zeros(1, np.int64), need, most, value, shares(1, 3), 4, nodes, worth, held)
        assert worth[0] >= best_of_all(room[0], need, value[0], most[0]) >= held[0] @ value[0]
        assert (held[0] @ need <= room[0]).all()
        short += int(worth[0] > held[0] @ value[0])
    assert short > 0 or nodes == 40


@pytest.mark.parametrize("seed", range(60))
def test_types_that_need_nothing_and_prices_of_all_sizes(seed: int) -> None:
    """The best value, a bound where the search is cut short, and every full filling worth a threshold, as by looking at all."""
    draw = np.random.default_rng(seed)
    types = int(draw.integers(1, 6))
    need = draw.integers(0, 4, (types, 2)) * (draw.random((types, 1)) < 0.7)
    room = draw.integers(0, 7, (1, 2))
    most, value = draw.integers(0, 3, (1, types)), (10.0 ** draw.uniform(-1, 11, (1, types))).astype(np.int64)
    row, best = np.zeros(1, np.int64), best_of_all(room[0], need, value[0], most[0])
    for nodes in (1, 3, 10**6):
        worth, held = np.zeros(1, np.int64), np.zeros((1, types), np.int64)
        fill_each(room, row, need, most, value, shares(1, 2), 4, nodes, worth, held)
        assert worth[0] >= best >= held[0] @ value[0]
    assert worth[0] == best
    threshold = np.array([int(best * draw.random())])
    instance, kept = np.zeros(500, np.int64), np.zeros((500, types), np.int64)
    many = fill_all(room, row, need, most, value, shares(1, 2), 4, threshold, 10**6, instance, kept)
    every = np.array(list(itertools.product(*(range(int(top) + 1) for top in most[0]))))
    every = every[(every @ need <= room[0]).all(axis=1) & (every @ value[0] >= threshold[0])]
    full = {
        tuple(one)
        for one in every.tolist()
        if not any(((other >= one).all() and (other != one).any()) for other in every)
    }
    assert {tuple(one) for one in kept[:many].tolist()} == {one for one in full if any(one)}
    assert many == len(full - {(0,) * types})


def test_equal_instances_share_what_there_is() -> None:
    """Filled in turn they take each task once, and stop when there is nothing left."""
    need = np.array([[5, 1], [1, 5], [3, 3]])
    left, held = np.array([3, 3, 2]), np.zeros((20, 3), np.int64)
    many = fill_in_turn(np.array([6, 6]), need, left, np.array([10, 10, 9]), np.array([0.5, 0.5]), 1_000, held)
    assert (left == 0).all()
    assert held[:many].sum(axis=0).tolist() == [3, 3, 2]
    assert many == 4
    assert (held @ need <= 6).all()
