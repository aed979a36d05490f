"""Limits on one instance: cut to what sums of demands reach, and multiplied by what says that the instance is used."""

from __future__ import annotations

import numpy as np

from solver.cpsat.rows import InstanceRows, Row
from solver.rules.model import Literal, Sum, Variable

A, B = Variable(0), Variable(1)
USED = Literal(2)
DEMAND = np.array([[3, 2], [3, 5]])


def collected() -> InstanceRows:
    """One instance where tasks of (3, 2) and of (3, 5) may start, at most four each."""
    return InstanceRows({0: [(0, A), (1, B)]}, DEMAND, [4, 4])


def load(resource: int) -> Sum:
    """What both take of a resource."""
    return Sum((A, B), (int(DEMAND[0, resource]), int(DEMAND[1, resource])))


def test_a_limit_is_cut_to_what_tasks_within_all_limits_can_use() -> None:
    """Of 8 and 8, two tasks fit: 6 of the first resource, and 2 + 5 of the second."""
    rows = collected()
    assert rows.take(load(0), 8)
    assert rows.take(load(1), 8)
    assert list(rows.rows()) == [Row(load(0), 6), Row(load(1), 7)]


def test_a_limit_on_something_else_is_left_as_it_is() -> None:
    """Seven is no sum of threes, but the rule says seven of three times the tasks of A alone."""
    rows = collected()
    assert rows.take(Sum((A,), (3,)), 7)
    assert list(rows.rows()) == [Row(Sum((A,), (3,)), 7)]


def test_a_fact_about_all_tasks_multiplies_the_limit() -> None:
    """An unused instance holds nothing, and a used one no more than the limit."""
    rows = collected()
    rows.take(load(0), 8)
    rows.note(Sum((A, B), (1, 1)), USED)
    assert list(rows.rows()) == [Row(load(0), 6, USED)]


def test_a_fact_about_some_tasks_limits_those_beside_the_whole() -> None:
    """What A takes is nothing where no task of A starts; the limit on both stays."""
    rows = collected()
    rows.take(Sum((A, B), (1, 1)), 3)
    rows.take(Sum((A,), (1,)), 2)
    rows.note(Sum((A,), (1,)), USED)
    assert list(rows.rows()) == [Row(Sum((A, B), (1, 1)), 3), Row(Sum((A,), (1,)), 2, USED)]


def test_what_concerns_several_instances_or_runs_already_is_not_taken() -> None:
    """Such limits are stated at once, as they are."""
    rows = InstanceRows({0: [(0, A)], 1: [(0, B)]}, DEMAND, [4, 4])
    assert not rows.take(Sum((A, B), (1, 1)), 3)
    assert not rows.take(Sum((A,), (-1,)), 3)
    assert not rows.take(Sum((), (), 2), 3)
