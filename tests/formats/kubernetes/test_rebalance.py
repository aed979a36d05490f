"""A rebalance of a whole cluster of 100 nodes that the tests generate."""

from __future__ import annotations

from collections import Counter
from functools import cache

from solver import api
from solver.domain.answer import Answer
from solver.domain.placement import Placement
from solver.domain.request import Limits
from solver.formats.kubernetes import KubernetesCluster
from solver.rules.bind import bind
from solver.simulate import simulate
from solver.verify import check
from tests.formats.kubernetes.objects import cluster_of, dump

MOVES = 8
SERVICES = ("app-01", "app-08", "app-12", "app-13")
"""One spread apart by node, two with a topology spread of which one is on ssd nodes, one with neither."""


@cache
def rebalanced() -> tuple[KubernetesCluster, Answer]:
    """The cluster, and what a few moves of some services do for it; time enough that a busy machine finds them too."""
    cluster = cluster_of(dump())
    problem, warnings = cluster.rebalance(MOVES, groups=SERVICES)
    return cluster, api.place(problem, Limits(time_limit=60.0, workers=1), warnings=warnings)


def test_it_is_better_and_within_its_budget() -> None:
    """The tiers that moves are for are better than before, and at most so many pods move."""
    _, answer = rebalanced()
    rules = bind(answer.problem)
    before, after = Placement(answer.problem), Placement(answer.problem, answer.tasks)
    tiers = [tier for tier in rules.tiers if tier.name != "moved"]
    assert [tier.value(after) for tier in tiers] < [tier.value(before) for tier in tiers]
    assert 0 < sum(action.kind == "move" for action in answer.actions()) <= MOVES


def test_every_rule_holds_and_every_wave_keeps_them() -> None:
    """The checker passes it, and so does a replay of its waves in five orders."""
    _, answer = rebalanced()
    assert not check(answer.problem, answer.tasks)
    actions = tuple(answer.actions())
    for seed in range(5):
        assert not simulate(answer.problem, answer.tasks, actions, seed, bind(answer.problem))


def test_only_pods_move_that_may() -> None:
    """Neither daemons nor static pods; nothing goes to a cordoned node or one whose taint is not tolerated."""
    cluster, answer = rebalanced()
    pods = {task.id for task in cluster.problem.tasks}
    for action in answer.actions():
        assert action.kind == "move" and action.task in pods
        assert action.group.startswith("deployment:")
        assert action.instance != "node-050" and not action.instance.endswith("9")


def test_selectors_and_anti_affinity_hold_where_pods_end() -> None:
    """Read from the counts, without any of our rules: ssd nodes for the one, a node each for the other."""
    _, answer = rebalanced()
    problem = answer.problem
    for g, i, count in answer.tasks:
        app = int(problem.groups[g].name[-2:]) if "app-" in problem.groups[g].name else -1
        name = problem.cluster.instance_ids[i]
        if app % 5 == 2:
            assert int(name[-3:]) % 2 == 1
        if app >= 0 and app % 5 == 1:
            assert count == 1


def test_no_wave_breaks_a_disruption_budget() -> None:
    """``maxUnavailable: 2``: of every third service at most two pods are gone in a wave."""
    _, answer = rebalanced()
    gone = Counter((a.group, a.stops_in) for a in answer.actions() if int(a.group[-2:]) % 3 == 0)
    assert all(count <= 2 for count in gone.values())
