"""A request in parts that have nothing to do with each other (solver.engines.components)."""

from __future__ import annotations

import pytest

from solver.domain.problem import Problem
from solver.domain.request import Freedom, Limits
from solver.engines import portfolio
from solver.engines.components import parts_of
from solver.rules.bind import bind
from solver.rules.largest_skew import LargestSkew
from tests.builders import cluster, group, problem, random_pools
from tests.oracle import Oracle


def pools(*, rules: tuple[str, ...] = (), **fields: object) -> Problem:
    """Two pools of two instances, with a group each that has two tasks too many on one instance."""
    rows = [{"cpu": 9, "pool": pool} for pool in "aabb"]
    groups = [
        group(
            f"g{pool}",
            rules=[f"memberOf(attribute:pool == {pool})", *rules],
            chain=["spread(instanceId)"],
            movable=True,
        )
        for pool in "ab"
    ]
    return problem(cluster(rows), groups, {"ga": [3, 0, 0, 0], "gb": [0, 0, 3, 0]}, **fields)


def test_groups_that_share_no_instance_are_parts() -> None:
    """Each with the instances where it may be."""
    parts = parts_of(bind(pools()))
    assert [part.groups for part in parts] == [(0,), (1,)]
    assert [part.instances.tolist() for part in parts] == [[True, True, False, False], [False, False, True, True]]


@pytest.mark.parametrize(
    "asked",
    [
        pools(freedom=Freedom(max_moves=1)),
        pools(all_or_nothing=True),
        pools(rules=("antiAffinity(ga, attribute:zone)",)),
    ],
)
def test_a_budget_all_or_nothing_or_a_rule_between_groups_ties_parts_together(asked: Problem) -> None:
    """What one part uses of a budget another lacks; a rule may look at both."""
    assert len(parts_of(bind(asked))) == 1


def test_another_objective_ties_parts_together() -> None:
    """It need not be a sum over them: the largest skew of all is none."""
    assert len(parts_of(bind(pools(), lambda rules: (LargestSkew.of(rules, "instanceId"),)))) == 1


@pytest.mark.parametrize("shard", range(4))
def test_the_parts_together_are_as_good_as_brute_force(shard: int) -> None:
    """Tier by tier, and proved."""
    several = 0
    for seed in range(shard, 600, 4):
        asked = random_pools(seed)
        rules = bind(asked)
        several += len(parts_of(rules)) > 1
        solution = portfolio.run(rules, Limits(time_limit=20, workers=1)).solution
        assert tuple(tier.value for tier in solution.tiers) == Oracle(asked).best(), f"seed {seed}"
        assert all(tier.proven for tier in solution.tiers), f"seed {seed}"
    assert several > 10
