"""Counting: even filling, and what cannot fit, against enumeration."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from solver.rules.filling import (
    fill_evenly,
    least_left_out,
    least_sum_of_squares,
    most_filled,
    tied_at_the_end,
)


def ways(room: np.ndarray, amount: int) -> list[np.ndarray]:
    """Every way to add ``amount`` to buckets with room."""
    options = itertools.product(*(range(int(r) + 1) for r in room))
    return [np.array(added) for added in options if sum(added) == amount]


@pytest.mark.parametrize("seed", range(150))
def test_filling_evenly_has_the_least_sum_of_squares(seed: int) -> None:
    """Among all ways to add the same amount; none gets more than its room."""
    rng = np.random.default_rng(seed)
    counts, room = rng.integers(0, 6, 4), rng.integers(0, 4, 4)
    amount = int(rng.integers(0, 14))
    added = fill_evenly(counts, room, amount)
    placed = min(amount, int(room.sum()))
    assert (added >= 0).all() and (added <= room).all() and added.sum() == placed
    squares = [int(((counts + way) ** 2).sum()) for way in ways(room, placed)]
    assert ((counts + added) ** 2).sum() == min(squares) == least_sum_of_squares(counts, room, amount)
    best = [counts + way for way in ways(room, placed) if ((counts + way) ** 2).sum() == min(squares)]
    varying = np.ptp(np.array(best), axis=0) > 0
    assert (tied_at_the_end(counts, room, added) == varying).all()


@pytest.mark.parametrize("seed", range(60))
def test_most_filled_is_the_largest_sum_of_multiples(seed: int) -> None:
    """Of each amount, what multiples of the sizes can fill."""
    rng = np.random.default_rng(seed)
    sizes, amounts = rng.integers(2, 9, 3), rng.integers(0, 30, 4)
    sums = {int(np.dot(times, sizes)) for times in itertools.product(range(16), repeat=3)}
    assert most_filled(amounts, sizes).tolist() == [max(s for s in sums if s <= amount) for amount in amounts]


def test_a_table_too_large_is_not_made() -> None:
    """Then the amount itself is a bound."""
    amounts = np.array([2**40, 7])
    assert most_filled(amounts, np.array([3, 5])).tolist() == amounts.tolist()


@pytest.mark.parametrize("seed", range(200))
def test_least_left_out_is_never_too_many(seed: int) -> None:
    """No packing of one resource leaves out fewer; and where one size is wanted it is exact."""
    rng = np.random.default_rng(seed)
    groups = int(rng.integers(1, 4))
    amounts, sizes = rng.integers(0, 12, 3), rng.integers(1, 7, groups)
    wanted = rng.integers(0, 4, groups)
    tasks = [int(size) for size, n in zip(sizes, wanted, strict=True) for _ in range(n)]
    least = _least_by_search(sorted(tasks, reverse=True), amounts.tolist())
    found = least_left_out(amounts, sizes, wanted)
    assert 0 <= found <= least
    if len(set(sizes.tolist())) == 1:
        assert found == least


def _least_by_search(tasks: list[int], left: list[int]) -> int:
    if not tasks:
        return 0
    best = 1 + _least_by_search(tasks[1:], left)
    for i in range(len(left)):
        if left[i] >= tasks[0] and left[i] not in left[:i]:
            best = min(best, _least_by_search(tasks[1:], [*left[:i], left[i] - tasks[0], *left[i + 1 :]]))
    return best
