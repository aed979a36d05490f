"""Fillings, bounds and closing of the assignment engine against everything there is, on tiny problems."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from solver.domain.counts import Counts, Ints
from solver.domain.placement import Placement
from solver.domain.request import Limits
from solver.engines import arrays
from solver.engines.assignment.bound import Bound
from solver.engines.assignment.closing import choose, usable
from solver.engines.assignment.problem import AssignmentProblem, Pinned, counts_of, pinned, places_of
from solver.engines.counted import CountedTier, counted_tiers
from solver.engines.deadline import Deadline
from solver.engines.kernels.filling import fillings
from solver.rules.bind import bind
from solver.rules.bound import Rules
from tests.builders import random_change
from tests.oracle import Oracle

PROBLEMS = 400
SHARDS = 8


def _counted(seed: int) -> tuple[Rules, tuple[CountedTier, ...], AssignmentProblem] | None:
    """A random change in the engine's form, where it has one."""
    rules = bind(random_change(seed))
    tiers = counted_tiers(rules)
    if not tiers or not arrays.applicable(rules):
        return None
    return rules, tiers, arrays.in_arrays(rules, tiers)


@pytest.mark.parametrize("shard", range(SHARDS))
def test_no_plan_is_below_a_bound_whatever_the_earlier_tiers_are_held_at(shard: int) -> None:
    """For every tier, and for the earlier ones held at what any plan makes of them (§6.2)."""
    tight = looked_at = 0
    for seed in range(shard, PROBLEMS, SHARDS):
        found = _counted(seed)
        if found is None:
            continue
        _, tiers, problem = found
        oracle = Oracle(random_change(seed))
        values = np.array(sorted({oracle.tiers(plan)[: len(tiers)] for plan in oracle.plans()}))
        for given in values[np.random.default_rng(seed).permutation(len(values))[:3]]:
            for tier in range(len(tiers)):
                within = values[(values[:, :tier] <= given[:tier]).all(axis=1)]
                bound = Bound(_whole(problem), tier, tuple(given[:tier].tolist()), problem.least)
                least = int(within[:, tier].min())
                while not bound.stalled and (known := bound.climb(least + 1, Deadline(20))) <= least:
                    assert known <= least, f"seed {seed}, tier {tier}, given {given}"
                looked_at += least > 0
                tight += 0 < least == known
    assert looked_at and tight > looked_at / 3


def test_a_choice_of_fillings_is_a_plan_of_the_target_and_its_bound_holds() -> None:
    """With all fillings that a plan of the target may use: a plan where one reaches it, a proof where none does."""
    verdicts = set()
    for seed in range(PROBLEMS):
        found = _counted(seed)
        if found is None:
            continue
        rules, tiers, problem = found
        oracle = Oracle(random_change(seed))
        best = oracle.best()[: len(tiers)]
        tier = len(tiers) - 1
        bound = Bound(_whole(problem), tier, best[:tier], problem.least)
        # Not to the end, so that something is left to decide.
        bound.climb(best[tier] + 1, Deadline(20))
        for target in (best[tier] - 1, best[tier], best[tier] + 1):
            if target < 0 or bound.slack(target) < 0:
                continue
            slack = bound.slack(target)
            assert bound.within(slack) == target
            fillings = usable(bound.relaxation, bound.prices(), slack)
            if fillings is None:
                continue
            chosen = choose(fillings, bound.wanted(target), Limits(workers=1), Deadline(20))
            assert min(chosen.bound, target + 1) <= best[tier], f"seed {seed}"
            if chosen.counts is not None:
                placement = Placement(rules.problem, rules.problem.operation.fixed + Counts.dense(chosen.counts))
                reached = tuple(cost.value(placement) for cost in tiers)
                assert all(one <= other for one, other in zip(reached, (*best[:tier], target), strict=True)), (
                    f"seed {seed}"
                )
            verdicts.add((chosen.counts is not None, chosen.bound > target))
    assert verdicts == {(True, False), (False, True)}


def test_all_fillings_near_the_best_are_found_and_no_others() -> None:
    """Against every filling of random instances: those within the slack that take nothing more."""
    for seed in range(200):
        draw = np.random.default_rng(seed)
        groups, resources = int(draw.integers(1, 5)), int(draw.integers(1, 4))
        demand = draw.integers(0, 5, (groups, resources))
        room = draw.integers(0, 10, (1, resources))
        home = draw.integers(0, 2, groups)
        most = draw.integers(0, 3, groups) + home
        price, bonus = draw.integers(0, 20, groups), draw.integers(0, 20, groups)
        slack = int(draw.integers(0, 15))
        every = [
            counts
            for counts in itertools.product(*(range(m + 1) for m in most.tolist()))
            if (np.array(counts) @ demand <= room[0]).all()
        ]
        worth = {counts: _worth(np.array(counts), home, price, bonus) for counts in every}
        best = max(worth.values())
        full = {
            counts
            for counts in every
            if not any(tuple(np.array(counts) + np.eye(groups, dtype=int)[g]) in worth for g in range(groups))
        }
        wanted = {counts for counts in full if worth[counts] >= best - slack}
        at_home = np.flatnonzero(home)
        instance, tasks, stays = (
            np.empty(500, np.int64),
            np.empty((500, groups), np.int64),
            np.empty((500, groups), np.int64),
        )
        found = fillings(
            room, demand, most[:, None].copy(), np.array([0, len(at_home)]), at_home, home[at_home], price, bonus,
            draw.integers(0, 4, resources), 10**6, slack, np.empty(1, np.int64), instance, tasks, stays,
        )  # fmt: skip
        assert {tuple(row) for row in tasks[:found].tolist()} == wanted, f"seed {seed}"


def _worth(counts: Ints, home: Ints, price: Ints, bonus: Ints) -> int:
    return int((counts * price + np.minimum(counts, home) * bonus).sum())


@pytest.mark.parametrize("seed", range(20))
def test_tasks_one_by_one_are_the_counts_they_came_from(seed: int) -> None:
    """Whatever the plan: as many at home as can be, and the counts come back."""
    draw = np.random.default_rng(seed)
    found = None
    while found is None:
        found = _counted(int(draw.integers(10_000)))
    rules, _, problem = found
    plan = next(iter(Oracle(rules.problem).plans()))
    counts = np.array(plan, np.int64) - rules.problem.operation.fixed.to_dense()
    place = places_of(problem.tasks, counts)
    assert np.array_equal(counts_of(problem.tasks, place, counts.shape), counts)
    stays = (place >= 0) & (place == problem.tasks.home)
    assert stays.sum() == np.minimum(counts, problem.home).sum()


def _whole(problem: AssignmentProblem) -> Pinned:
    """Nothing pinned."""
    return pinned(problem, np.zeros(len(problem.demand), np.bool_))
