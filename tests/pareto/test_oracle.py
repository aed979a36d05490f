"""The front against brute force on tiny requests."""

from __future__ import annotations

from dataclasses import replace

import pytest

from solver.domain.problem import Problem
from solver.domain.request import Limits
from solver.pareto import front
from solver.pareto.region import is_within
from solver.verify import check
from tests.builders import ZONE_FIELD
from tests.pareto.brute_force import PRICES, Plans, best, random_request

LIMITS = Limits(time_limit=60, workers=1)
AXES = (("cost", "moves", "skew"), ("cost", "moves"), ("cost", "skew"), ("moves", "skew"))


def field_of(asked: Problem, seed: int) -> str:
    """The zone, where there is any, or now and then the instances themselves."""
    return ZONE_FIELD if seed % 5 and asked.cluster.column(ZONE_FIELD).values else "instanceId"


@pytest.mark.parametrize("shard", range(4))
def test_a_front_is_what_brute_force_finds(shard: int) -> None:
    """Proved, with every point and no other, on rebalances and changes of every kind, with and without prices."""
    several: list[int] = []
    for seed in range(shard, 60, 4):
        asked, axes = random_request(seed), AXES[seed // 4 % 4]
        field = field_of(asked, seed)
        prices = PRICES if "cost" in axes and seed % 3 == 0 else {}
        found = front(asked, axes, limits=LIMITS, prices=prices, skew_over=field)
        exact = best(Plans(asked, field, prices).vectors(axes))
        assert [point.values for point in found.points] == exact, f"seed {seed}"
        assert found.proven and found.missing_proven, f"seed {seed}"
        assert all(point.proven and point.surrounded for point in found.points), f"seed {seed}"
        for point in found.points:
            assert check(asked, point.answer.tasks) == (), f"seed {seed}"
        several.append(len(exact))
    assert max(several) > 3 or shard % 2 == 0


@pytest.mark.parametrize("shard", range(4))
def test_what_a_front_says_is_true_where_the_search_is_cut_short(shard: int) -> None:
    """Points are plans, bounds hold, what is called proved is, and what is missing lies where it is said to be undecided."""
    cut = 0
    for seed in range(shard, 120, 4):
        asked, axes = random_request(seed), AXES[seed // 4 % 4]
        limits = replace(LIMITS, deterministic_limit=[1e-9, 1e-5, 3e-4][seed // 4 % 3])
        field = field_of(asked, seed)
        found = front(asked, axes, limits=limits, skew_over=field)
        first = found.points[0].answer.tiers[: len(found.points[0].answer.tiers) - len(axes)]
        plans = Plans(asked, field, {})
        reference = tuple(tier.value for tier in first if tier.name.startswith(("unplaced", "preempted")))
        vectors = plans.vectors(axes, reference)
        exact = best(vectors)
        known = [point.values for point in found.points]
        for point in found.points:
            assert point.values in vectors, f"seed {seed}"
            for k in range(len(axes)):
                others = [v[k] for v in vectors if all(j == k or v[j] <= point.values[j] for j in range(len(axes)))]
                assert point.bounds[k] <= min(others), f"seed {seed}: {point.values} {point.bounds}"
            assert not point.proven or point.values in exact, f"seed {seed}"
        for vector in exact:
            assert vector in known or any(is_within(vector, zone) for zone in found.undecided), f"seed {seed}"
            assert not found.is_refuted_by(vector), f"seed {seed}"
        if len(axes) == 2:
            ends = [(-1, known[0][1] + 10**9), *known, (10**18, -1)]
            for k, point in enumerate(found.points):
                here = [v for v in exact if ends[k][0] < v[0] < ends[k + 2][0] and v not in known]
                assert not (point.surrounded and here), f"seed {seed}: {point.values} {here}"
        cut += not found.proven
    assert cut
