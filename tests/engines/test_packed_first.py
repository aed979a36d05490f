"""Plans that care for room alone: largest tasks first where all fit, smallest first where they do not."""

from __future__ import annotations

from solver import Limits, place
from solver.engines import packed_first, sequential
from solver.rules.bind import bind
from tests.builders import cluster, group, problem


def test_the_largest_tasks_are_placed_first() -> None:
    """One at a time in the order of the request a small one takes the room of the large one."""
    rules = bind(problem(cluster([{"cpu": 4}]), [group("small", 1, cpu=1), group("large", 1, cpu=4)]))
    assert sequential.place(rules, 0).totals().tolist() == [1, 0]
    assert packed_first.place(rules, 0).totals().tolist() == [0, 1]


def test_where_not_all_fit_the_smallest_first_are_most() -> None:
    """In each class: a higher one goes first whatever its size."""
    groups = [group("large", 2, cpu=4), group("small", 4, cpu=1), group("first", 1, cpu=3, priority=1)]
    rules = bind(problem(cluster([{"cpu": 8}]), groups))
    assert packed_first.smallest_first(rules) == [1, 2, 0]
    placed = sequential.place(rules, 0, order=packed_first.smallest_first(rules))
    assert placed.totals().tolist() == [0, 4, 1]


def test_a_request_that_does_not_fit_is_placed_by_size() -> None:
    """Before any search: in the order of the request 200 large tasks take the room of 1,000 small ones."""
    rows = [{"cpu": 10} for _ in range(100)]
    asked = problem(cluster(rows), [group("large", 1_000, cpu=5), group("small", 1_000, cpu=1)])
    found: list[int] = []
    place(asked, Limits(time_limit=2.0), explain=False, on_incumbent=lambda tasks, values: found.append(values[0]))
    assert found[:2] == [1_800, 1_000]
