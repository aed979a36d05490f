"""A few instances at a time (solver.engines.neighbouring)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from benchmarks.subjects.mixed_rules import SUBJECT as MIXED_RULES
from benchmarks.subjects.priorities import priority_problem
from solver.compile import types_of
from solver.domain.problem import Problem
from solver.domain.request import Limits
from solver.engines import exact, neighbouring, packed_first, portfolio
from solver.engines.deadline import Deadline
from solver.engines.incumbent import Incumbent
from solver.rules.bind import bind
from solver.verify import check
from tests.builders import random_change, random_problem
from tests.oracle import Oracle


@pytest.mark.parametrize("make", [random_problem, random_change])
@pytest.mark.parametrize("shard", range(4))
def test_searching_around_the_plan_first_ends_as_well_as_brute_force(
    shard: int, make: Callable[[int], Problem], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tier by tier and proved."""
    monkeypatch.setattr(neighbouring, "SMALL", 0)
    for seed in range(shard, 160, 4):
        asked = make(seed)
        solution = portfolio.run(bind(asked), Limits(time_limit=20, workers=1)).solution
        assert tuple(tier.value for tier in solution.tiers) == Oracle(asked).best(), f"seed {seed}"
        assert all(tier.proven for tier in solution.tiers), f"seed {seed}"


def test_what_is_too_large_for_one_model_is_improved_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """Anti-affinity, distinct instances and zones mixed: fewer instances than packing first alone, and a plan that passes."""
    monkeypatch.setattr(exact, "LARGEST_MODEL", 2_000)
    asked = MIXED_RULES.cases[0].build(1, 0.5)
    assert exact.starts_of(types_of(bind(asked))) > exact.LARGEST_MODEL
    rules = bind(asked)
    incumbent = Incumbent(rules)
    incumbent.require_sequential(packed_first.place(rules, 0, Deadline(10)))
    before = incumbent.values
    neighbouring.improve(incumbent, Limits(deterministic_limit=2.0), Deadline(60))
    assert incumbent.values < before
    assert not incumbent.rejected
    assert not check(asked, incumbent.tasks, rules)


@pytest.mark.parametrize("workers", [1, 2])
def test_the_same_limit_and_seed_give_the_same_plan(workers: int) -> None:
    """§10.1, with neighbourhoods drawn at random and searched at once: a deterministic limit, whole rounds."""
    asked = priority_problem(16, 4, 1, 0.95, 1)
    rules = bind(asked)
    found = []
    for _ in range(2):
        incumbent = Incumbent(rules)
        incumbent.require_sequential(packed_first.place(rules, 0, Deadline(10)))
        neighbouring.improve(incumbent, Limits(deterministic_limit=3.0, workers=workers, seed=5), Deadline(60))
        found.append(incumbent)
    assert found[0].tasks.same_as(found[1].tasks)
    assert not check(asked, found[0].tasks)


def test_a_whole_answer_repeats() -> None:
    """§10.1: one worker, a deterministic limit."""
    asked = priority_problem(16, 4, 1, 0.95, 1)
    limits = Limits(time_limit=60, deterministic_limit=0.6, workers=1, seed=5)
    first, second = (portfolio.run(bind(asked), limits).solution for _ in range(2))
    assert first.tasks.same_as(second.tasks)
    assert first.tiers == second.tiers
