"""``Freedom.slot``: room in one piece (``rebalance --defragment``)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from solver.api import fingerprint, place
from solver.domain.counts import Counts
from solver.domain.placement import Placement
from solver.domain.problem import Problem
from solver.domain.request import Engine, Freedom, Limits
from solver.domain.solution import Status, TierResult
from solver.engines import portfolio
from solver.engines.components import parts_of
from solver.errors import InvalidRequest
from solver.rules.bind import bind
from tests.builders import cluster, group, problem


def halves(freedom: Freedom, **more: Any) -> Problem:
    """Two instances of 4 units, on each of which one task of 1 and one of 2 runs."""
    rows = [{"cpu": 4, "memory": 8, "free": {"cpu": 1, "memory": 8}} for _ in range(2)]
    groups = [group("A", movable=True, cpu=1), group("B", movable=True, cpu=2)]
    return problem(cluster(rows), groups, {"A": [1, 1], "B": [1, 1]}, freedom=freedom, **more)


def solved(asked: Problem) -> TierResult:
    answer = place(asked, Limits(workers=1))
    assert answer.status is Status.OPTIMAL
    (tier,) = (tier for tier in answer.tiers if tier.name == "defragment/slot")
    return tier


@pytest.mark.parametrize(("moves", "missing"), [(0, 667), (1, 334), (2, 334), (None, 334)])
def test_what_is_missing_shrinks_with_the_moves(moves: int | None, missing: int) -> None:
    """Of 3 units 2 are missing, then 1, rounded up; a task of 2 finds no room elsewhere."""
    assert solved(halves(Freedom(max_moves=moves, slot={"cpu": 3}))).value == missing


@pytest.mark.parametrize(("moves", "bound"), [(0, 1000), (1, 500), (2, 250), (3, 0), (None, 0)])
def test_so_many_moves_free_no_more_than_the_largest_tasks(moves: int | None, bound: int) -> None:
    """Counting: tasks of 2, 1 and 1 run on the one instance; nowhere else is room, and the bound does not know."""
    groups = [group("A", movable=True, cpu=1), group("B", movable=True, cpu=2)]
    freedom = Freedom(max_moves=moves, slot={"cpu": 4})
    asked = problem(cluster([{"cpu": 4, "free": {"cpu": 0}}]), groups, {"A": [2], "B": [1]}, freedom=freedom)
    (tier,) = (tier for tier in portfolio.run(bind(asked), Limits(engine=Engine.SEQUENTIAL)).solution.tiers[:1])
    assert (tier.name, tier.value, tier.bound) == ("defragment/slot", 1000, bound)


def test_a_slot_that_is_free_costs_nothing_and_nothing_moves() -> None:
    """More than the slot is worth nothing; all resources must be free on one instance."""
    answer = place(halves(Freedom(slot={"cpu": 1, "memory": 8})))
    assert answer.tiers[0].value == 0 and answer.tasks.same_as(answer.problem.running)
    assert answer.tiers[0].remark == "largest free 1 cpu, 8 memory on i1"


def test_the_resource_that_most_is_missing_of_decides() -> None:
    """Half of the CPU and a quarter of the memory is missing: 500; the slot that is free has these proportions."""
    asked = problem(cluster([{"cpu": 2, "memory": 6}]), [group("A")], freedom=Freedom(slot={"cpu": 4, "memory": 8}))
    (tier,) = (cost for cost in bind(asked).tiers if cost.name == "defragment/slot")
    assert tier.value(Placement(asked)) == 500
    assert tier.remark(Placement(asked)) == "largest free 2 cpu, 4 memory on i1"


def test_an_instance_that_takes_no_tasks_offers_no_slot() -> None:
    """Frozen, drained, not ACTIVE or not connected; with none that takes tasks the whole slot is missing."""
    for row in ({"active": False}, {"connected": False}):
        asked = problem(cluster([{"cpu": 4, **row}]), [group("A")], freedom=Freedom(slot={"cpu": 4}))
        assert solved(asked).value == 1000 and solved(asked).remark == "no instance takes tasks"
    for name in ("frozen", "drained"):
        asked = halves(Freedom(slot={"cpu": 3}), **{name: np.array([True, False])})
        (tier,) = (cost for cost in bind(asked).tiers if cost.name == "defragment/slot")
        emptied = Counts.dense(np.array([[0, 2], [0, 2]]))
        assert tier.value(Placement(asked, emptied)) == 1000


def test_an_overcommitted_instance_lacks_no_more_than_the_slot() -> None:
    """Less than nothing free counts as nothing."""
    rows = [{"cpu": 4, "free": {"cpu": -3}}]
    asked = problem(cluster(rows), [group("A", cpu=7)], {"A": [1]}, freedom=Freedom(slot={"cpu": 4}))
    assert solved(asked).value == 1000


def test_a_slot_comes_after_few_instances_and_before_the_strategies() -> None:
    """The order of the tiers (§5.1)."""
    asked = halves(Freedom(slot={"cpu": 3}, consolidate=True, repair=True))
    spread = replace(asked, groups=tuple(replace(one, strategies=None) for one in asked.groups))
    names = [tier.name for tier in bind(spread).tiers]
    assert names == ["broken", "consolidate/instances", "defragment/slot", "moved"]


def test_a_request_for_a_slot_is_not_solved_in_parts() -> None:
    """The best instance of all parts is no sum over them."""
    rows = [{"cpu": 4, "pool": "a"}, {"cpu": 4, "pool": "b"}]
    groups = [group(p.upper(), 1, rules=[f"memberOf(attribute:pool == {p})"], cpu=1) for p in "ab"]
    asked = problem(cluster(rows), groups)
    assert len(parts_of(bind(asked))) == 2
    assert len(parts_of(bind(replace(asked, freedom=Freedom(slot={"cpu": 4}))))) == 1
    assert solved(replace(asked, freedom=Freedom(slot={"cpu": 4}))).value == 250


def test_the_order_of_the_resources_is_no_part_of_the_request() -> None:
    """§10.2: the fingerprint is the same; another amount is another request."""
    one, other = (halves(Freedom(slot=slot)) for slot in ({"cpu": 1, "memory": 2}, {"memory": 2, "cpu": 1}))
    assert fingerprint(one) == fingerprint(other)
    assert fingerprint(one) != fingerprint(halves(Freedom(slot={"cpu": 1, "memory": 3})))


@pytest.mark.parametrize(
    ("slot", "said"),
    [
        ({"disk": 1}, "freedom.slot[disk]: is not a resource of the cluster; the cluster has cpu, memory"),
        ({"cpu": 0}, "freedom.slot[cpu]: is 0; must be a whole number, 1 to 9,007,199,254,740"),
        ({"cpu": 0.5}, "freedom.slot[cpu]: is 0.5; must be a whole number, 1 to"),
        ({"cpu": 2**53}, "freedom.slot[cpu]: is 9007199254740992; must be a whole number, 1 to"),
    ],
)
def test_slots_that_cannot_be(slot: dict[str, Any], said: str) -> None:
    """Unknown resources and absurd amounts."""
    with pytest.raises(InvalidRequest) as refused:
        halves(Freedom(slot=slot))
    assert str(refused.value.faults[0]).startswith(said)


def test_thousandths_beyond_64_bits_are_refused() -> None:
    """§11.2: what CP-SAT could not count exactly."""
    huge = group("A", cpu=2**52)
    with pytest.raises(InvalidRequest, match=r"freedom.slot\[cpu\]: times 1,000, with the tasks, could exceed 2\^62"):
        problem(cluster([{"cpu": 2**52}]), [huge], {"A": [2]}, freedom=Freedom(slot={"cpu": 1}))
