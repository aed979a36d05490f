"""Groups that no rule tells apart have as much room as each other, and are admitted on the same instances."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from solver.domain.problem import Problem
from solver.rules.bind import bind
from tests.builders import cluster, group, problem, random_twins
from tests.engines.test_sequential import wide_problem


@pytest.mark.parametrize("build", [random_twins, wide_problem])
def test_what_is_shared_is_what_each_group_would_have_by_itself(build: Callable[[int], Problem]) -> None:
    """Ceilings, admission and what may start, with and without sharing."""
    shared = 0
    for seed in range(150):
        rules, by_itself = bind(build(seed)), bind(build(seed))
        by_itself.__dict__["alike"] = tuple(range(len(rules.alike)))
        shared += len(rules.alike) - len(set(rules.alike))
        for g in range(len(rules.alike)):
            assert (rules.ceiling(g) == by_itself.ceiling(g)).all()
            assert (rules.admits(g) == by_itself.admits(g)).all()
            assert (rules.most_beside(g) == by_itself.most_beside(g)).all()
            for one, other in zip(rules.strategies[g], by_itself.strategies[g], strict=True):
                assert one.name == other.name
                assert not hasattr(one, "buckets") or (one.buckets.of == other.buckets.of).all()
    assert shared > 20


def test_a_group_that_another_one_names_is_like_no_other() -> None:
    """By ``antiAffinity`` or by an expression; whatever runs sets a group apart as well."""
    rows = [{"cpu": 4}, {"cpu": 4}]
    twins = [group(name, 1, cpu=1) for name in "ABC"]
    assert bind(problem(cluster(rows), twins)).alike == (0, 0, 0)
    named = [*twins, group("D", 1, rules=["antiAffinity(B, instanceId)"], cpu=1)]
    assert bind(problem(cluster(rows), named)).alike == (0, 1, 0, 3)
    read = [*twins, group("D", 1, rules=["memberOf(task:group != C)"], cpu=1)]
    assert bind(problem(cluster(rows), read)).alike == (0, 0, 2, 3)
    assert bind(problem(cluster(rows), twins, {"A": [1, 0]})).alike == (0, 1, 1)
