"""The choice among all fillings that matter finds the best plan or refutes a target; it says nothing where they are too many."""

from __future__ import annotations

import numpy as np
import pytest

from solver.engines.deadline import Deadline
from solver.engines.patterns import closing
from solver.engines.patterns.box import Box
from solver.engines.patterns.classes import classes
from solver.engines.patterns.closing import choose, usable
from solver.engines.patterns.fillers import Searches, Tables
from solver.engines.patterns.pricing import certified
from solver.engines.patterns.problem import PackingProblem, anywhere
from solver.engines.patterns.types import task_types
from tests.engines.patterns.test_against_enumeration import Enumeration, tiny


def equal_bins(sizes: list[tuple[int, int]], bins: int) -> PackingProblem:
    """One of each size, into bins of 10 by 10."""
    wanted = np.ones(len(sizes), np.int64)
    lower, upper = anywhere(wanted, 1)
    return PackingProblem(
        free=np.full((bins, 2), 10),
        zone=np.zeros(bins, np.int64),
        empty=np.ones(bins, np.bool_),
        demand=np.array(sizes),
        wanted=wanted,
        lower=lower,
        upper=upper,
    )


@pytest.mark.parametrize("seed", range(6))
def test_each_target_is_met_or_refuted_as_enumeration_says(seed: int) -> None:
    """Of tiny problems of every kind, at random prices: a proof at the wrong prices lists more, never too few."""
    draw = np.random.default_rng(seed)
    judged = 0
    for _ in range(40):
        problem = tiny(draw)
        types = task_types(problem)
        if types is None or types.count == 0:
            continue
        merged = classes(problem, types)
        if merged.count == 0:
            continue
        fewest = Enumeration(problem).run()
        price = draw.random((types.count, types.zones))
        proof = certified(types, merged, Searches(types, merged), price, Box.whole(types, merged))
        for target in range(int(problem.empty.sum()) + 1):
            if proof.bound > target:
                assert fewest is None or fewest > target
                continue
            listed = usable(types, merged, proof, target, Deadline(20))
            if listed is None:
                continue
            chosen = choose(types, merged, listed, target, 0, Deadline(20), seed)
            if fewest is not None and fewest <= target:
                assert chosen.bound <= fewest
            if chosen.times is None:
                assert chosen.bound == target + 1
                assert fewest is None or fewest > target
            judged += 1
    assert judged >= 20


def test_a_relaxation_that_is_met_nowhere_is_refuted() -> None:
    """Three items of just over half in each size, and small ones that go anywhere: two bins are not enough."""
    problem = equal_bins([(6, 6), (6, 6), (6, 6), (1, 1)], 4)
    types = task_types(problem)
    assert types is not None
    merged = classes(problem, types)
    proof = certified(types, merged, Searches(types, merged), np.full((types.count, 1), 0.1), Box.whole(types, merged))
    assert proof.bound < 3
    listed = usable(types, merged, proof, 2, Deadline(20))
    assert listed is not None
    assert choose(types, merged, listed, 2, 0, Deadline(20), 0).bound == 3
    listed = usable(types, merged, proof, 3, Deadline(20))
    assert listed is not None
    chosen = choose(types, merged, listed, 3, 0, Deadline(20), 0)
    assert chosen.times is not None and chosen.times.sum() == chosen.bound == 3


def test_too_many_fillings_are_not_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Then nothing is said of the target."""
    monkeypatch.setattr(closing, "MOST_FILLINGS", 5)
    problem = equal_bins([(k, 11 - k) for k in range(2, 10)], 8)
    types = task_types(problem)
    assert types is not None
    merged = classes(problem, types)
    proof = certified(types, merged, Searches(types, merged), np.full((types.count, 1), 0.3), Box.whole(types, merged))
    assert usable(types, merged, proof, 8, Deadline(20)) is None


def test_large_amounts_and_many_equal_instances_prove_nothing_false() -> None:
    """A million tasks, a thousand of which fill one of 100,000 instances: at any price at least 1,000 and never more."""
    lower, upper = anywhere(np.array([10**6]), 1)
    problem = PackingProblem(
        free=np.full((100_000, 1), 10**9),
        zone=np.zeros(100_000, np.int64),
        empty=np.ones(100_000, np.bool_),
        demand=np.array([[10**6]]),
        wanted=np.array([10**6]),
        lower=lower,
        upper=upper,
    )
    types = task_types(problem)
    assert types is not None
    merged = classes(problem, types)
    for filler in (Tables(types, merged), Searches(types, merged)):
        for price in (1e-6, 1e-3, 1.0, 1e4, 1e9):
            proof = certified(types, merged, filler, np.full((1, 1), price), Box.whole(types, merged))
            assert proof.bound <= 1_000
