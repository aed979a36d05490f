"""The best checked plan, and bounds that speak of it (§6.2, §6.4)."""

from __future__ import annotations

import numpy as np
import pytest

from solver.domain.counts import Counts
from solver.domain.problem import Problem
from solver.domain.request import RunningTask, Scheduling
from solver.engines import sequential
from solver.engines.deadline import Deadline
from solver.engines.incumbent import Incumbent
from solver.engines.portfolio import count_bounds
from solver.errors import PlanRejected
from solver.rules.bind import bind
from tests.builders import ZONE_FIELD, cluster, group, problem
from tests.oracle import Oracle


def two_instances() -> Incumbent:
    """Two tasks to spread over two instances; the tiers are tasks not placed, tasks outside, sum of squares."""
    asked = problem(cluster([{"cpu": 2}, {"cpu": 1}]), [group("A", 3, chain=["spread(instanceId)"], cpu=1)])
    return Incumbent(bind(asked))


def plan(*started: int) -> Counts:
    """Starts of the one group on each instance."""
    return Counts.dense(np.array([started]))


def test_a_bound_found_for_worse_earlier_tiers_is_kept() -> None:
    """What no plan with at least these shortfalls can beat, no plan with a smaller one can beat either."""
    held = two_instances()
    held.offer(plan(1, 0))
    held.add_bound(2, 1, "model")
    held.offer(plan(1, 1))
    assert held.values == (1, 0, 2)
    assert held.bound(2).value == 1


def test_a_bound_no_longer_counts_once_an_earlier_tier_was_paid_for_with_a_later_one() -> None:
    """The bound of the third tier spoke of plans whose second tier is 0; now it is more."""
    rows = [{"cpu": 1, "zone": "a"}, {"cpu": 1}]
    asked = problem(cluster(rows), [group("A", 2, chain=["spread(attribute:ecs.availability-zone)"], cpu=1)])
    held = Incumbent(bind(asked))
    held.offer(plan(1, 0))
    assert held.values == (1, 0, 1)
    held.add_bound(2, 1, "model")
    assert held.bound(2).value == 1
    held.offer(plan(1, 1))
    assert held.values == (0, 1, 1)
    assert held.bound(2).value == 0
    held.add_bound(2, 1, "model", (0, 1, 1))
    assert held.bound(2).value == 1


def test_no_bound_is_below_zero() -> None:
    """A relaxation may give less than nothing; every plan costs at least that. What is above zero stands."""
    held = two_instances()
    held.add_bound(2, -11, "relaxation")
    assert (held.bound(2).value, held.bound(2).source) == (0, "counting")
    held.add_bound(2, 0, "relaxation")
    assert (held.bound(2).value, held.bound(2).source) == (0, "relaxation")
    held.add_bound(2, 3, "relaxation")
    assert held.bound(2).value == 3


def test_a_better_plan_that_breaks_a_rule_is_not_taken() -> None:
    """No plan leaves without passing the checker; what was refused is remembered."""
    held = two_instances()
    assert not held.offer(plan(2, 2)) and not held.offer(plan(1, 2))
    assert held.values[0] == 3
    assert held.rejected
    assert held.offer(plan(2, 1))


def test_a_worse_plan_is_not_taken() -> None:
    """Tier values compare lexicographically."""
    held = two_instances()
    assert held.offer(plan(1, 1)) and not held.offer(plan(2, 0)) and not held.offer(plan(1, 0))
    assert held.values == (1, 0, 2)


def test_a_sequential_plan_that_breaks_a_rule_is_a_fault_of_ours() -> None:
    """It is raised, never returned."""
    with pytest.raises(PlanRejected, match="cpu"):
        two_instances().require_sequential(plan(0, 2))


def test_counting_looks_inside_the_zones_that_are_filled_evenly() -> None:
    """Zones end at five tasks each: 3 + 1 + 1 on the first's instances and 2 + 3 on the second's is the least, 24."""
    rows = [{"cpu": 9, "zone": zone} for zone in "aaabb"]
    chain = ["spread(attribute:ecs.availability-zone)", "spread(instanceId)"]
    rules = bind(problem(cluster(rows), [group("A", 7, chain=chain, cpu=1)], {"A": [3, 0, 0, 0, 0]}))
    held = Incumbent(rules)
    held.require_sequential(sequential.place(rules, 0))
    count_bounds(held, Deadline(10))
    assert held.values[2] == held.bound(2).value == 50
    assert held.values[4] == held.bound(4).value == 24


def test_whoever_watches_sees_the_bounds_that_hold_for_each_plan() -> None:
    """Told of each better plan and of each bound; a bound that a better plan leaves behind is gone, none is above its value."""
    rows = [{"cpu": 1, "zone": "a"}, {"cpu": 1}]
    asked = problem(cluster(rows), [group("A", 2, chain=["spread(attribute:ecs.availability-zone)"], cpu=1)])
    seen: list[tuple[tuple[int, ...], tuple[int, ...]]] = []
    held = Incumbent(bind(asked), on_progress=lambda known: seen.append((known.values, known.floors)))
    held.require_sequential(plan(1, 0))
    held.add_bound(2, 7, "model")
    held.offer(plan(1, 1))
    held.offer(plan(1, 0))
    assert seen == [((1, 0, 1), (0, 0, 0)), ((1, 0, 1), (0, 0, 1)), ((0, 1, 1), (0, 0, 0))]


def counted(asked: Problem) -> Incumbent:
    """The sequential plan with the bounds of counting."""
    incumbent = Incumbent(bind(asked))
    incumbent.require_sequential(sequential.place(incumbent.rules, 0, Deadline(10)))
    count_bounds(incumbent, Deadline(10))
    return incumbent


def test_revisions_that_spread_over_different_fields_are_bounded_one_by_one() -> None:
    """All instances are in one zone, so that only the second field is of any matter: no plan has more than 66, nor less."""
    rows = [{"id": f"i{k}", "zone": "a", "cpu": 20} for k in range(3)]
    groups = [
        group("A", 2, chain=[f"spread({ZONE_FIELD})"], cpu=1),
        group("A@2", 2, chain=["spread(instanceId)"], cpu=1, family="A"),
    ]
    asked = problem(cluster(rows), groups, {"A": [1, 1, 1]})
    incumbent = counted(asked)
    assert Oracle(asked).best()[-1] == 66 == incumbent.values[-1]
    assert incumbent.bound(len(incumbent.values) - 1).value <= 66


def test_a_group_never_has_fewer_tasks_than_none() -> None:
    """Three stops are asked for, one of a protected task and one of a task that leaves a drained instance anyway."""
    rows = [{"id": f"i{k}", "cpu": 5, "free": {"cpu": 5 - (k < 3)}, "rack": "1" if k % 2 else None} for k in range(4)]
    asked = problem(
        cluster([{name: value for name, value in row.items() if value is not None} for row in rows]),
        [
            group("B", 2, cpu=3, chain=["spread(attribute:rack)"]),
            group("C", 0, cpu=1, stop=3, chain=["spread(attribute:rack)"], scheduling=Scheduling.REPLICA),
        ],
        {"C": [1, 1, 1, 0]},
        drained=np.array([False, False, True, False]),
        tasks=tuple(RunningTask(f"C{i}", 1, i, protected=i == 0) for i in range(3)),
    )
    incumbent = counted(asked)
    best = Oracle(asked).best()
    for tier in range(len(best)):
        assert (incumbent.least(tier) >= 0).all()
        if incumbent.values[:tier] == best[:tier]:
            assert incumbent.bound(tier).value <= best[tier]
