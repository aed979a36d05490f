"""Counts as a sparse matrix, and sums that no longer fit (§11.2)."""

from __future__ import annotations

import numpy as np
import pytest

from solver.domain.counts import Counts, sum_of, too_large
from solver.errors import InvalidRequest
from tests.builders import cluster, group, problem


def some(seed: int) -> np.ndarray:
    """A small matrix with zeros in it."""
    rng = np.random.default_rng(seed)
    return rng.integers(0, 4, (4, 6)) * rng.integers(0, 2, (4, 6))


@pytest.mark.parametrize("seed", range(5))
def test_counts_are_the_matrix(seed: int) -> None:
    """Rows, totals, sums per instance and loads are those of the dense matrix."""
    matrix, demand = some(seed), np.arange(8).reshape(4, 2)
    counts = Counts.dense(matrix)
    assert (counts.to_dense() == matrix).all()
    assert all((counts.row(g) == matrix[g]).all() for g in range(4))
    assert (counts.totals() == matrix.sum(axis=1)).all()
    assert (counts.per_instance() == matrix.sum(axis=0)).all()
    assert (counts.load(demand) == matrix.T @ demand).all()
    assert list(counts) == [(g, i, int(matrix[g, i])) for g, i in zip(*np.nonzero(matrix), strict=True)]


@pytest.mark.parametrize("seed", range(5))
def test_counts_add_and_subtract(seed: int) -> None:
    """Cells that become zero are gone; ``positive`` keeps what is above zero."""
    a, b = some(seed), some(seed + 100)
    plus, minus = Counts.dense(a) + Counts.dense(b), Counts.dense(a) - Counts.dense(b)
    assert (plus.to_dense() == a + b).all() and (minus.to_dense() == a - b).all()
    assert (minus.positive().to_dense() == np.maximum(a - b, 0)).all()
    assert (Counts.dense(a) - Counts.dense(a)).same_as(Counts.empty(4, 6))
    assert not plus.same_as(minus) or not b.any()


def test_cells_in_any_order_are_added_up() -> None:
    """Twice the same cell is one cell with the sum."""
    counts = Counts.of((2, 3), np.array([1, 0, 1]), np.array([2, 0, 2]), np.array([3, 1, 4]))
    assert list(counts) == [(0, 0, 1), (1, 2, 7)]


def test_counts_are_read_only() -> None:
    """Between decode and encode everything is a value."""
    with pytest.raises(ValueError, match="read-only"):
        Counts.dense(some(1)).count[0] = 9


def test_rows_add_up() -> None:
    """No rows give zeros."""
    assert (sum_of([], 2) == 0).all() and sum_of([np.array([1, 2]), np.array([3, 4])], 2).tolist() == [4, 6]


@pytest.mark.parametrize(
    ("amounts", "times", "large"),
    [
        ([2**53], [1], False),
        ([2**53, 1], [1, 1], True),
        ([2**62, 2**62], [2, 2], True),
        ([-(2**53), -1], [1, 1], True),
        ([2**40], [2**13], False),
        ([2**40, 1], [2**13, 1], True),
        ([], [], False),
    ],
)
def test_a_sum_is_too_large_exactly_above_two_to_the_53(amounts: list[int], times: list[int], large: bool) -> None:
    """Exact on both sides of the limit, where floating point is not."""
    assert too_large(np.array(amounts, np.int64), np.array(times, np.int64)) is large


def test_sums_over_groups_that_no_longer_fit_are_refused() -> None:
    """Each group fits by itself; together they do not."""
    groups = [group("a", 4, cpu=2**50), group("b", 4, cpu=2**50), group("c", 1, cpu=1)]
    problem(cluster([{"cpu": 1}]), groups[:2])
    with pytest.raises(InvalidRequest) as refused:
        problem(cluster([{"cpu": 1}]), groups)
    expected = "groups.demand[cpu]: times the tasks wanted and running adds up to more than 2^53 over the groups"
    assert str(refused.value) == f"{expected}; use a coarser unit"
