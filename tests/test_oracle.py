"""The exact engine, the sequential engine and the checker against brute force (§6)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from solver.cpsat.merging import types_of
from solver.domain.counts import Counts
from solver.domain.placement import Placement
from solver.domain.problem import Problem
from solver.domain.request import Engine, Limits
from solver.domain.solution import Status
from solver.engines import exact, portfolio, sequential
from solver.engines.deadline import Deadline
from solver.engines.incumbent import Incumbent
from solver.rules.bind import bind
from solver.verify import check
from tests.builders import (
    random_change,
    random_daemons,
    random_problem,
    random_rebalance,
    random_twins,
    with_kubernetes_rules,
)
from tests.oracle import Oracle

PROBLEMS = 1_500
SHARDS = 24


@pytest.mark.parametrize("shard", range(SHARDS))
def test_the_exact_engine_equals_brute_force_tier_by_tier(shard: int) -> None:
    """Every tier proved has the value that the best of all plans has; the sequential plan is never better (§6.5)."""
    for seed in range(shard, PROBLEMS, SHARDS):
        problem = random_problem(seed)
        rules = bind(problem)
        best = Oracle(problem).best()
        solution = portfolio.run(rules, Limits(time_limit=20, workers=1)).solution
        values = tuple(tier.value for tier in solution.tiers)
        assert values == best, f"seed {seed}"
        assert all(tier.bound == tier.value and tier.proven for tier in solution.tiers), f"seed {seed}"
        assert solution.status in (Status.OPTIMAL, Status.INFEASIBLE), f"seed {seed}"
        assert tuple(tier.sequential for tier in solution.tiers) >= values, f"seed {seed}"
        assert not check(problem, solution.tasks), f"seed {seed}"


@pytest.mark.parametrize("shard", range(8))
def test_groups_that_are_merged_are_placed_as_well_as_brute_force_places_them(shard: int) -> None:
    """The same where groups differ in nothing but their names: one variable for all of them, and who is who dealt out."""
    merged = 0
    for seed in range(shard, 240, 8):
        problem = random_twins(seed)
        rules = bind(problem)
        merged += any(len(one.groups) > 1 for one in types_of(rules))
        incumbent = Incumbent(rules)
        exact.improve(incumbent, Limits(workers=1), Deadline(20))
        assert incumbent.values == Oracle(problem).best(), f"seed {seed}"
        assert incumbent.proven(len(incumbent.values) - 1), f"seed {seed}"
        assert not incumbent.rejected, f"seed {seed}"
    assert merged > 10


CHANGES = 3_000
CHANGE_SHARDS = 24


@pytest.mark.parametrize("shard", range(CHANGE_SHARDS))
def test_what_starts_stops_and_moves_is_as_good_as_brute_force_tier_by_tier(shard: int) -> None:
    """The general form: stops asked for, protection, moves under budgets, drained instances, priorities, pre-emption."""
    changed = 0
    for seed in range(shard, CHANGES, CHANGE_SHARDS):
        problem = random_change(seed)
        rules, oracle = bind(problem), Oracle(problem)
        best = oracle.best()
        solution = portfolio.run(rules, Limits(time_limit=20, workers=1)).solution
        values = tuple(tier.value for tier in solution.tiers)
        assert values == best, f"seed {seed}"
        assert all(tier.bound == tier.value and tier.proven for tier in solution.tiers), f"seed {seed}"
        assert tuple(tier.sequential for tier in solution.tiers) >= values, f"seed {seed}"
        assert not check(problem, solution.tasks), f"seed {seed}"
        changed += not solution.tasks.same_as(problem.running)
    assert changed > CHANGES / CHANGE_SHARDS / 4


@pytest.mark.parametrize("shard", range(8))
def test_a_rebalance_is_as_good_as_brute_force_where_moves_must_pay(shard: int) -> None:
    """Tier by tier; nothing can be gained before the goal; what is proved is so; the checker agrees on random plans."""
    moved, held = 0, 0
    for seed in range(shard, 800, 8):
        problem = random_rebalance(seed)
        rules = bind(problem)
        goal = None if rules.gain is None or rules.gain.goal is None else rules.gain.tier
        oracle = Oracle(problem, goal)
        allowed = {state: oracle.tiers(state) for state in oracle.plans()}
        solution = portfolio.run(rules, Limits(time_limit=20, workers=1)).solution
        values = tuple(tier.value for tier in solution.tiers)
        assert values == min(allowed.values()), f"seed {seed}"
        assert all(tier.bound == tier.value and tier.proven for tier in solution.tiers), f"seed {seed}"
        assert not check(problem, solution.tasks), f"seed {seed}"
        moved += not solution.tasks.same_as(problem.running)
        if rules.gain is None:
            continue
        free = Oracle(replace(problem, freedom=replace(problem.freedom, min_gain=0)))
        every = {state: free.tiers(state) for state in free.plans()}
        before = oracle.tiers(oracle.before)
        earlier = len(before) - 1 if goal is None else goal
        assert min(tiers[:earlier] for tiers in every.values()) == before[:earlier], f"seed {seed}"
        held += values > min(every.values())
        for state in every:
            found = check(problem, Counts.dense(np.array(state)), rules)
            assert (not found) == (state in allowed), f"seed {seed}: {found}\n{state}"
    assert moved > 10 and held > 5


@pytest.mark.parametrize("shard", range(8))
def test_daemons_among_replicas_are_placed_as_well_as_brute_force_places_them(shard: int) -> None:
    """One task an instance, where replicas start, stop and move too: tier by tier, and allowed from both engines."""
    placed = 0
    for seed in range(shard, 600, 8):
        problem = random_daemons(seed)
        rules = bind(problem)
        solution = portfolio.run(rules, Limits(time_limit=20, workers=1)).solution
        assert tuple(tier.value for tier in solution.tiers) == Oracle(problem).best(), f"seed {seed}"
        assert all(tier.proven for tier in solution.tiers), f"seed {seed}"
        alone = portfolio.run(rules, Limits(engine=Engine.SEQUENTIAL)).solution
        before = problem.running.row(0)
        for tasks in (solution.tasks, alone.tasks):
            assert not check(problem, tasks), f"seed {seed}"
            assert (tasks.row(0) <= np.maximum(before, 1)).all(), f"seed {seed}"
        placed += int((solution.tasks.row(0) > before).sum())
    assert placed > 20


@pytest.mark.parametrize("shard", range(8))
def test_the_checker_agrees_with_the_second_reading_about_stops_and_moves(shard: int) -> None:
    """It passes a random change exactly where the oracle allows it, and the costs are the same numbers."""
    verdicts = set()
    for seed in range(shard, 800, 8):
        problem = random_change(seed)
        rules, oracle = bind(problem), Oracle(problem)
        allowed = {state: oracle.tiers(state) for state in oracle.plans()}
        rng = np.random.default_rng(seed)
        before = problem.running.to_dense()
        for _ in range(15):
            change = rng.integers(-1, 2, before.shape) * rng.integers(0, 2, before.shape)
            tasks = Counts.dense(np.maximum(before + change, 0))
            state = tuple(tuple(row) for row in tasks.to_dense().tolist())
            found = check(problem, tasks, rules)
            assert (not found) == (state in allowed), f"seed {seed}: {found}\n{state}"
            if state in allowed:
                values = tuple(cost.value(Placement(problem, tasks)) for cost in rules.tiers)
                assert values == allowed[state], f"seed {seed}\n{state}"
            verdicts.add(state in allowed and not tasks.same_as(problem.running))
    assert verdicts == {True, False}


@pytest.mark.parametrize("shard", range(8))
def test_the_checker_and_the_costs_agree_with_the_second_reading(shard: int) -> None:
    """The checker passes a random plan exactly where the oracle allows it, and the costs are the same numbers."""
    for seed in range(shard, 400, 8):
        problem = random_problem(seed)
        rules, oracle = bind(problem), Oracle(problem)
        rng = np.random.default_rng(seed)
        before = problem.running.to_dense()
        for _ in range(30):
            starts = rng.integers(0, 2, before.shape) * rng.integers(0, 3, before.shape)
            starts[starts.sum(axis=1) > problem.wanted] = 0
            tasks = Counts.dense(before + starts)
            state = tuple(tuple(row) for row in tasks.to_dense().tolist())
            whole = all(
                not group.all_or_nothing or starts[g].sum() in (0, group.start)
                for g, group in enumerate(problem.groups)
            ) and (not problem.all_or_nothing or starts.sum() in (0, problem.wanted.sum()))
            closed = any(starts[g, i] and not oracle._static(g, i) for g, i in np.ndindex(*starts.shape))
            allowed = whole and not closed and oracle.allowed(state)
            found = check(problem, tasks, rules)
            assert (not found) == allowed, f"seed {seed}: {found}\n{starts}"
            values = tuple(cost.value(Placement(problem, tasks)) for cost in rules.tiers)
            assert values == oracle.tiers(state), f"seed {seed}"


@pytest.mark.parametrize("make", [random_problem, random_change])
@pytest.mark.parametrize("shard", range(8))
def test_rules_of_kubernetes_are_kept_as_brute_force_keeps_them(shard: int, make: Callable[[int], Problem]) -> None:
    """Taints, preferences, skew with a least number of values or over a selection, several families: tier by tier; and the
    checker passes a random change exactly where the oracle allows it, at the same costs."""
    verdicts, other = set(), 0
    for seed in range(shard, 240, 8):
        plain = make(seed)
        problem = with_kubernetes_rules(plain, seed)
        rules, oracle = bind(problem), Oracle(problem)
        allowed = {state: oracle.tiers(state) for state in oracle.plans()}
        solution = portfolio.run(rules, Limits(time_limit=20, workers=1)).solution
        assert tuple(tier.value for tier in solution.tiers) == min(allowed.values()), f"seed {seed}"
        assert all(tier.proven for tier in solution.tiers), f"seed {seed}"
        assert not check(problem, solution.tasks), f"seed {seed}"
        other += set(allowed) != set(Oracle(plain).plans())
        rng = np.random.default_rng(seed)
        before = problem.running.to_dense()
        change = rng.integers(-1, 2, (15, *before.shape)) * rng.integers(0, 2, (15, *before.shape))
        few = sorted(allowed)[:: len(allowed) // 10 + 1]
        for counts in [*np.maximum(before + change, 0), *np.array(few)]:
            tasks = Counts.dense(counts)
            state = tuple(tuple(row) for row in counts.tolist())
            found = check(problem, tasks, rules)
            assert (not found) == (state in allowed), f"seed {seed}: {found}\n{state}"
            if state in allowed:
                values = tuple(cost.value(Placement(problem, tasks)) for cost in rules.tiers)
                assert values == allowed[state], f"seed {seed}\n{state}"
            verdicts.add(state in allowed and not tasks.same_as(problem.running))
    assert verdicts == {True, False}
    assert other


CUT_SHORT = (
    Limits(engine=Engine.SEQUENTIAL),
    Limits(deterministic_limit=1e-6, workers=1),
    Limits(deterministic_limit=3e-4, workers=1),
)


@pytest.mark.parametrize("limits", CUT_SHORT)
@pytest.mark.parametrize("make", [random_problem, random_change])
@pytest.mark.parametrize("shard", range(4))
def test_a_bound_is_not_above_any_plan_whose_earlier_tiers_are_as_good(
    shard: int, make: Callable[[int], Problem], limits: Limits
) -> None:
    """§6.2, also where the search was cut short; and what is called proved is so."""
    for seed in range(shard, 400, 4):
        problem = make(seed)
        tiers = portfolio.run(bind(problem), limits).solution.tiers
        values = [tier.value for tier in tiers]
        oracle = Oracle(problem)
        vectors = {oracle.tiers(state) for state in oracle.plans()}
        for t, tier in enumerate(tiers):
            as_good = [v[t] for v in vectors if all(x <= y for x, y in zip(v[:t], values[:t], strict=True))]
            assert tier.bound <= min(as_good), f"seed {seed}: {tier}"
            assert tier.proven == all(other.bound == other.value for other in tiers[: t + 1]), f"seed {seed}: {tier}"


def over_after(looks: int) -> Deadline:
    """A deadline that passes at so many looks at it, whatever the clock says."""
    left = iter(range(looks))
    return Deadline(3600.0, lambda: next(left, None) is None)


@pytest.mark.parametrize("shard", range(4))
def test_a_sequential_plan_in_part_is_still_allowed(shard: int) -> None:
    """However early the deadline passes, what the sequential engine has placed by then passes the checker."""
    for seed in range(1000 + shard, 1400, 4):
        problem = random_problem(seed)
        rules = bind(problem)
        for looks in (0, 2, 5, 1_000_000):
            tasks = sequential.place(rules, seed, over_after(looks))
            assert not check(problem, tasks, rules), f"seed {seed}, {looks} looks"


def test_a_deadline_cuts_sequential_plans_short() -> None:
    """The test above is worth something: some plans in part place fewer tasks, and some of them place any."""
    problems = [random_problem(seed) for seed in range(1000, 1100)]
    placed = [
        [(sequential.place(bind(one), 0, over_after(looks)) - one.running).count.sum() for looks in (2, 1_000_000)]
        for one in problems
    ]
    assert any(0 < in_part < whole for in_part, whole in placed)
