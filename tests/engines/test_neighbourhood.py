"""Searches around the best plan (solver.engines.neighbourhood)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from benchmarks.subjects.priorities import priority_problem
from solver.compile import compile_model
from solver.domain.problem import Problem
from solver.domain.request import Limits
from solver.engines import exact, portfolio
from solver.rules.bind import bind
from solver.verify import check
from tests.builders import random_change, random_problem
from tests.oracle import Oracle


@pytest.mark.parametrize("make", [random_problem, random_change])
@pytest.mark.parametrize("shard", range(4))
def test_searching_around_the_plan_first_ends_as_well_as_brute_force(
    shard: int, make: Callable[[int], Problem], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tier by tier and proved: what is kept around the plan is let go again before everything is searched."""
    monkeypatch.setattr(exact, "SMALL_MODEL", 0)
    for seed in range(shard, 160, 4):
        asked = make(seed)
        solution = portfolio.run(bind(asked), Limits(time_limit=20, workers=1)).solution
        assert tuple(tier.value for tier in solution.tiers) == Oracle(asked).best(), f"seed {seed}"
        assert all(tier.proven for tier in solution.tiers), f"seed {seed}"


def test_what_is_kept_stays_and_the_rest_may_change() -> None:
    """Outside the neighbourhood the solver finds what the plan has there."""
    asked = priority_problem(8, 4, 1, 0.9, 1)
    model = compile_model(bind(asked)).model
    inside = np.arange(8) < 2
    model.keep_outside(inside, asked.running)
    domains = [list(model.cp.proto.variables[v].domain) for v, i in model._where if not inside[i]]
    assert all(low == high for low, high in domains)
    model.release()
    assert any(low < high for low, high in (list(model.cp.proto.variables[v].domain) for v, _ in model._where))


def test_the_same_limit_and_seed_give_the_same_plan() -> None:
    """§10.1, with neighbourhoods drawn at random: one worker, a deterministic limit."""
    asked = priority_problem(16, 4, 1, 0.95, 1)
    limits = Limits(time_limit=60, deterministic_limit=0.6, workers=1, seed=5)
    first, second = (portfolio.run(bind(asked), limits).solution for _ in range(2))
    assert first.tasks.same_as(second.tasks)
    assert first.tiers == second.tiers
    assert not check(asked, first.tasks)
