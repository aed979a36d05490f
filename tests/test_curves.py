"""The curve of a rebalance: the best plan for each budget of moves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

import solver
from solver import curves
from solver.api import place
from solver.curves import budgets_up_to, curve
from solver.domain.answer import Answer
from solver.domain.curve import CurvePoint
from solver.domain.problem import Problem
from solver.domain.request import Freedom, Limits
from solver.domain.solution import Status, Stop
from solver.errors import InvalidRequest
from tests.builders import cluster, group, problem, random_rebalance
from tests.oracle import Oracle

LIMITS = Limits(time_limit=60, workers=1)


def crowded(max_moves: int | None = 8) -> Problem:
    """Six tasks on the first of four instances: four moves make them 2, 2, 1, 1."""
    groups = [group("A", movable=True, chain=["spread(instanceId)"])]
    return problem(cluster([{}] * 4), groups, {"A": [6, 0, 0, 0]}, freedom=Freedom(max_moves=max_moves))


def values(point: CurvePoint) -> tuple[int, ...]:
    return tuple(tier.value for tier in point.tiers)


@pytest.mark.parametrize(
    ("most", "budgets"),
    [(0, (0,)), (1, (0, 1)), (2, (0, 1, 2)), (3, (0, 1, 2, 3)), (8, (0, 1, 2, 3, 5, 8)), (9, (0, 1, 2, 3, 5, 8, 9))],
)
def test_budgets_grow_as_fibonacci_numbers_do(most: int, budgets: tuple[int, ...]) -> None:
    """From none to the largest, which is always among them."""
    assert budgets_up_to(most) == budgets


def test_each_point_is_the_rebalance_with_its_budget() -> None:
    """Tier by tier and proved; the moves are those of the plan; no moves change nothing."""
    points = solver.curve(crowded(), LIMITS)
    assert [(point.max_moves, point.moves) for point in points] == [(0, 0), (1, 1), (2, 2), (3, 3), (5, 4), (8, 4)]
    assert [point.tiers[1].value for point in points] == [36, 26, 18, 12, 10, 10]
    assert points[0].answer.tasks.same_as(crowded().running)
    for point in points:
        alone = place(crowded(point.max_moves), LIMITS)
        assert values(point) == tuple(tier.value for tier in alone.tiers)
        assert point.proven and alone.status is Status.OPTIMAL


@pytest.mark.parametrize("shard", range(4))
def test_a_curve_equals_brute_force(shard: int) -> None:
    """On random rebalances with all their goals and budgets: the best vector of each budget, never worse with more."""
    for seed in range(shard, 60, 4):
        asked = _free_of_gain(random_rebalance(seed), 3)
        points = curve(asked, LIMITS)
        assert [point.max_moves for point in points] == [0, 1, 2, 3]
        for point in points:
            assert values(point) == Oracle(_within(asked, point.max_moves)).best(), f"seed {seed}"
            assert point.proven and point.moves <= point.max_moves, f"seed {seed}"
        assert sorted(map(values, points), reverse=True) == list(map(values, points)), f"seed {seed}"


@pytest.mark.parametrize("shard", range(4))
def test_bounds_hold_for_every_plan_within_the_budget_where_the_search_is_cut_short(shard: int) -> None:
    """§6.2: also of a plan that is carried from another budget."""
    cut = 0
    for seed in range(shard, 80, 4):
        asked = _free_of_gain(random_rebalance(seed), 3)
        points = curve(asked, replace(LIMITS, deterministic_limit=[1e-6, 1e-3][seed // 4 % 2]))
        assert sorted(map(values, points), reverse=True) == list(map(values, points)), f"seed {seed}"
        for point in points:
            oracle = Oracle(_within(asked, point.max_moves))
            vectors = {oracle.tiers(state) for state in oracle.plans()}
            assert values(point) in vectors, f"seed {seed}"
            for t, tier in enumerate(point.tiers):
                earlier = values(point)[:t]
                as_good = [v[t] for v in vectors if all(x <= y for x, y in zip(v[:t], earlier, strict=True))]
                assert tier.bound <= min(as_good), f"seed {seed}: {tier}"
                assert tier.proven == all(o.bound == o.value for o in point.tiers[: t + 1]), f"seed {seed}"
            cut += not point.proven
    assert cut


def _free_of_gain(asked: Problem, max_moves: int) -> Problem:
    return replace(asked, freedom=replace(asked.freedom, max_moves=max_moves, min_gain=0))


def _within(asked: Problem, max_moves: int) -> Problem:
    return replace(asked, freedom=replace(asked.freedom, max_moves=max_moves))


class Watch:
    """A clock that stands still but for what the answers take, and a record of what each was given."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, takes: float, stop: Sequence[int] = ()) -> None:
        self.now = 100.0
        self.given: list[tuple[int | None, float]] = []

        def answer(asked: Problem, limits: Limits, **more: object) -> Answer:
            self.given.append((asked.freedom.max_moves, limits.time_limit))
            self.now += takes * limits.time_limit
            found = place(asked, LIMITS)
            if asked.freedom.max_moves not in stop:
                return found
            tiers = tuple(replace(tier, bound=0, proven=tier.value == 0) for tier in found.tiers)
            return replace(found, tiers=tiers, status=Status.FEASIBLE, stop=Stop.TIME)

        monkeypatch.setattr(curves, "place", answer)


def test_the_time_limit_is_for_the_whole_curve(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each budget gets its share of what is left, the largest one three; what is not used goes to the others."""
    watch = Watch(monkeypatch, takes=1.0, stop=(0, 1, 2, 3, 5, 8))
    curve(crowded(), Limits(time_limit=16), clock=lambda: watch.now)
    assert watch.given == [(8, 6.0), (0, 2.0), (1, 2.0), (2, 2.0), (3, 2.0), (5, 2.0)]
    assert watch.now == 116.0
    watch = Watch(monkeypatch, takes=0.0, stop=(0, 1, 2, 3, 5, 8))
    curve(crowded(), Limits(time_limit=16), clock=lambda: watch.now)
    assert watch.given[:2] == [(8, 6.0), (0, 16 / 5)] and watch.given[-1] == (5, 16.0)


def test_where_no_time_is_left_a_budget_has_the_best_plan_of_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """The largest budget and that of no moves are always answered; the rest is carried, and called proved only where it is."""
    watch = Watch(monkeypatch, takes=100.0)
    points = curve(crowded(), Limits(time_limit=1), clock=lambda: watch.now)
    assert [budget for budget, _ in watch.given] == [8, 0]
    assert [point.moves for point in points] == [0, 0, 0, 0, 4, 4]
    assert [point.proven for point in points] == [True, False, False, False, True, True]


def test_once_the_best_for_the_largest_budget_is_reached_no_more_is_searched(monkeypatch: pytest.MonkeyPatch) -> None:
    """Four moves are all that helps: the budget of 5 needs no search of its own."""
    watch = Watch(monkeypatch, takes=0.0)
    points = curve(crowded(), LIMITS, clock=lambda: watch.now)
    assert [budget for budget, _ in watch.given] == [8, 0, 1, 2, 3]
    assert points[-2].answer is points[-1].answer and points[-2].proven


def test_a_deterministic_limit_is_shared_out_and_the_curve_repeats() -> None:
    """The same numbers twice, whatever the clock says."""
    limits = Limits(time_limit=60, workers=1, deterministic_limit=0.01)
    one, other = (curve(crowded(), limits) for _ in range(2))
    assert [(p.moves, p.tiers) for p in one] == [(p.moves, p.tiers) for p in other]


def test_a_cancelled_curve_has_every_point() -> None:
    """With what was known by then."""
    points = curve(crowded(), LIMITS, cancelled=lambda: True)
    assert [point.max_moves for point in points] == [0, 1, 2, 3, 5, 8]


def test_curves_that_cannot_be() -> None:
    """Without a largest budget, and with limits that make no sense."""
    with pytest.raises(InvalidRequest, match=r"freedom.max_moves: is missing; give the largest budget of the curve"):
        curve(crowded(None))
    with pytest.raises(InvalidRequest, match=r"limits.time_limit: is -1 s; must be above 0"):
        curve(crowded(), Limits(time_limit=-1))
