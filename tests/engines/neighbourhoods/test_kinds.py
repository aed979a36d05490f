"""Which instances a neighbourhood is made of (solver.engines.neighbourhoods.kinds)."""

from __future__ import annotations

import numpy as np
import pytest

from solver.domain.counts import Counts
from solver.domain.problem import Problem
from solver.domain.request import Freedom
from solver.engines.neighbourhoods.kinds import KINDS, View, drawn
from solver.rules.bind import bind
from tests.builders import cluster, group, problem


def asked(**fields: object) -> Problem:
    """Six instances in two zones; ``a`` and ``b`` have tasks, of ``c`` one is wanted that has room on the last one only."""
    sizes = zip((8, 8, 8, 8, 8, 20), (2, 5, 4, 8, 8, 20), "xxxyyy", strict=True)
    rows = [{"cpu": cpu, "free": {"cpu": free}, "zone": zone} for cpu, free, zone in sizes]
    groups = [
        group("a", cpu=2, chain=["spread(attribute:ecs.availability-zone)"], movable=True),
        group("b", cpu=1, rules=["antiAffinity(a, instanceId)"], movable=True),
        group("c", 1, cpu=15),
    ]
    running = {"a": [3, 1, 0, 0, 0, 0], "b": [0, 1, 4, 0, 0, 0]}
    return problem(cluster(rows), groups, running, **fields)


def view_of(problem: Problem, tasks: Counts | None = None) -> View:
    rules = bind(problem)
    return View(rules, problem.running if tasks is None else tasks, np.arange(problem.cluster.size) // 3)


def likely(kind: str, view: View, seed: int = 0) -> set[int]:
    """The instances that the kind speaks of."""
    weights = KINDS[kind](view, np.random.default_rng(seed))
    assert weights is not None
    return set(np.flatnonzero(weights > 0.05 * weights.max()).tolist())


def test_what_has_changed_is_where_the_plan_differs_from_before() -> None:
    """And nothing where nothing has."""
    before = asked()
    assert KINDS["changed"](view_of(before), np.random.default_rng(0)) is None
    moved = before.running + Counts.of((3, 6), np.array([0, 0]), np.array([0, 4]), np.array([-1, 1]))
    assert likely("changed", view_of(before, moved)) == {0, 4}


def test_the_emptiest_come_with_those_in_use_that_their_tasks_could_go_to() -> None:
    """Never with an instance that has no task: nothing is saved there. One whose tasks must stay is in use anyway."""
    seen = set.union(*(likely("emptiest", view_of(asked()), seed) for seed in range(20)))
    assert seen == {0, 1, 2}
    groups = [group("a", cpu=1, movable=True), group("fixed", cpu=1)]
    rows = [{"cpu": 8, "free": {"cpu": 7}}, {"cpu": 8, "free": {"cpu": 7}}, {"cpu": 8}]
    view = view_of(problem(cluster(rows), groups, {"a": [0, 1, 0], "fixed": [1, 0, 0]}))
    weights = KINDS["emptiest"](view, np.random.default_rng(0))
    assert weights is not None
    assert np.flatnonzero(weights).tolist() == [0, 1]


def test_a_crowded_part_comes_with_one_that_has_few() -> None:
    """All of ``a`` is in one zone: its instances, and those of the other."""
    for seed in range(5):
        found = likely("crowded", view_of(asked()), seed)
        assert found & {0, 1, 2}
        assert found & {3, 4, 5}


def test_related_instances_hold_tasks_of_the_same_groups() -> None:
    """The second instance has tasks of both groups, the others of one each."""
    found = [likely("related", view_of(asked()), seed) for seed in range(30)]
    assert {frozenset(one) for one in found} <= {frozenset({0, 1}), frozenset({1, 2}), frozenset({0, 1, 2})}


def test_what_is_wanted_is_looked_for_where_there_is_most_room() -> None:
    """The last instance is the only one that is large enough for ``c``."""
    assert likely("wanting", view_of(asked())) == {5}
    placed = asked().running + Counts.of((3, 6), np.array([2]), np.array([5]), np.array([1]))
    assert KINDS["wanting"](view_of(asked(), placed), np.random.default_rng(0)) is None


def test_a_broken_rule_is_looked_at_where_it_is_broken_if_few_are_to_be() -> None:
    """``b`` shares the second instance with ``a``."""
    assert KINDS["broken"](view_of(asked()), np.random.default_rng(0)) is None
    weights = KINDS["broken"](view_of(asked(freedom=Freedom(repair=True))), np.random.default_rng(0))
    assert weights is not None
    assert int(np.argmax(weights)) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_weighs_each_instance(kind: str) -> None:
    """Zero or more, for every seed."""
    view = view_of(asked(freedom=Freedom(repair=True)))
    for seed in range(20):
        weights = KINDS[kind](view, np.random.default_rng(seed))
        assert weights is None or (weights.shape == (6,) and (weights >= 0).all() and weights.any())


def test_instances_are_drawn_by_weight_and_only_where_it_is_allowed() -> None:
    """Ascending, none twice; what weighs nothing is drawn last."""
    draw = np.random.default_rng(1)
    weights = np.array([0.0, 1.0, 1.0, 0.0, 1.0, 0.0])
    allowed = np.array([True, True, True, True, False, True])
    assert drawn(weights, allowed, 6, draw).tolist() == [0, 1, 2, 3, 5]
    counts = np.zeros(6)
    for _ in range(300):
        chosen = drawn(weights, allowed, 2, draw)
        assert len(set(chosen.tolist())) == 2
        counts[chosen] += 1
    assert counts[4] == 0
    assert counts[[1, 2]].min() > 5 * counts[[0, 3, 5]].max()
