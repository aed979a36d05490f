"""A few instances at a time (solver.engines.neighbouring)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from benchmarks.subjects.mixed_rules import SUBJECT as MIXED_RULES
from benchmarks.subjects.priorities import priority_problem
from solver.cpsat.merging import types_of
from solver.domain.problem import Problem
from solver.domain.request import Freedom, Limits
from solver.engines import exact, neighbouring, packed_first, portfolio
from solver.engines.deadline import Deadline
from solver.engines.incumbent import Incumbent
from solver.engines.neighbourhoods import subproblem
from solver.rules.bind import bind
from solver.verify import check
from tests.builders import cluster, group, problem, random_change, random_problem
from tests.oracle import Oracle


@pytest.mark.parametrize("make", [random_problem, random_change])
@pytest.mark.parametrize("shard", range(4))
def test_searching_around_the_plan_first_ends_as_well_as_brute_force(
    shard: int, make: Callable[[int], Problem], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tier by tier and proved; some of it was found around the plan."""
    monkeypatch.setattr(neighbouring, "SMALL", 0)
    improved: list[bool] = []
    search = neighbouring.improve

    def watched(incumbent: Incumbent, limits: Limits, deadline: Deadline) -> None:
        before = incumbent.values
        search(incumbent, limits, deadline)
        improved.append(incumbent.values < before)

    monkeypatch.setattr(neighbouring, "improve", watched)
    for seed in range(shard, 160, 4):
        asked = make(seed)
        solution = portfolio.run(bind(asked), Limits(time_limit=20, workers=1)).solution
        assert tuple(tier.value for tier in solution.tiers) == Oracle(asked).best(), f"seed {seed}"
        assert all(tier.proven for tier in solution.tiers), f"seed {seed}"
    assert len(improved) > 5
    assert any(improved) or make is random_problem  # The sequential plan of which is mostly the best.


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


def test_a_deterministic_limit_is_shared_and_not_overspent() -> None:
    """By whole neighbourhoods, however many threads there are; what follows gets what is left."""
    asked = MIXED_RULES.cases[0].build(1, 0.2)
    rules = bind(asked)
    incumbent = Incumbent(rules)
    incumbent.require_sequential(packed_first.place(rules, 0, Deadline(10)))
    neighbouring.improve(incumbent, Limits(deterministic_limit=1.0, workers=8), Deadline(60))
    assert 0 < incumbent.deterministic_spent <= 0.35 + neighbouring.DETERMINISTIC


@pytest.mark.parametrize("deadline", [Deadline(0.0), Deadline(60.0, lambda: True)])
def test_nothing_is_searched_without_time_or_a_caller(deadline: Deadline) -> None:
    """The plan stays as it is."""
    rules = bind(MIXED_RULES.cases[0].build(1, 0.2))
    incumbent = Incumbent(rules)
    incumbent.require_sequential(packed_first.place(rules, 0, Deadline(10)))
    before = incumbent.values
    neighbouring.improve(incumbent, Limits(), deadline)
    assert incumbent.values == before


def test_neighbourhoods_that_spend_the_same_budget_leave_a_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of two would make both moves that are left: one of them is refused, and the plan keeps the budget."""
    monkeypatch.setattr(neighbouring, "SMALL", 0)
    monkeypatch.setattr(exact, "LARGEST_MODEL", 60)
    rows = [{"cpu": 10, "zone": "ab"[i % 2]} for i in range(40)]
    web = group("web", cpu=1, chain=["spread(instanceId)"], movable=True)
    asked = problem(cluster(rows), [web], {"web": [4] * 10 + [0] * 30}, freedom=Freedom(max_moves=2))
    rules = bind(asked)
    incumbent = Incumbent(rules)
    incumbent.require_sequential(asked.running)
    neighbouring.improve(incumbent, Limits(deterministic_limit=2.0), Deadline(60))
    assert not check(asked, incumbent.tasks, rules)
    assert (asked.running - incumbent.tasks).positive().totals().sum() == 2


def test_what_cannot_be_searched_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neighbourhoods of which none is a request that could be asked: it is over long before the time is."""
    monkeypatch.setattr(subproblem, "MOST_GROUPS", 0)
    monkeypatch.setattr(exact, "LARGEST_MODEL", 100)
    rules = bind(MIXED_RULES.cases[0].build(1, 0.2))
    incumbent = Incumbent(rules)
    incumbent.require_sequential(packed_first.place(rules, 0, Deadline(10)))
    deadline = Deadline(60)
    neighbouring.improve(incumbent, Limits(), deadline)
    assert not deadline.passed()
    assert deadline.elapsed() < 30
