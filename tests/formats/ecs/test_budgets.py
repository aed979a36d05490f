"""What a rebalance is for and what it may cost, on an ECS cluster: budgets of moves, what they must gain, a free slot."""

from __future__ import annotations

from pathlib import Path

import pytest

from solver.domain.request import Freedom
from solver.formats.ecs import EcsCluster
from tests.formats.ecs.test_operations import documents, of, refused


@pytest.fixture
def cluster(tmp_path: Path) -> EcsCluster:
    return documents().read(tmp_path, at="2026-11-01T00:00:00+00:00")


def test_a_rebalance_with_budgets(cluster: EcsCluster) -> None:
    """Of the whole, by number or by cost; of groups; a revision can be named where its family means several."""
    problem, _ = cluster.rebalance(max_move_cost=9, groups={"service:web@web:6": 2, "service:db": None})
    assert problem.freedom == Freedom(max_move_cost=9) and of(problem, "max_moves") == {"service:web@web:6": 2}
    assert set(of(problem, "movable")) == {"service:web@web:6", "service:db"}
    problem, _ = cluster.rebalance(3, max_move_cost=9, move_costs={"service:web": 4})
    assert problem.freedom == Freedom(max_moves=3, max_move_cost=9)
    assert [group.move_cost for group in problem.groups if group.family == "service:web"] == [4, 4]


def test_what_moves_must_gain(cluster: EcsCluster) -> None:
    """Thousandths of the goal's unit, from a number with at most three decimals."""
    for number, thousandths in ((0.1, 100), (2, 2000), (0.333, 333), (0, 0)):
        assert cluster.rebalance(3, min_gain=number)[0].freedom == Freedom(max_moves=3, min_gain=thousandths)
    for wrong in (0.0001, -1, True, "0.1", float("nan"), 1e9):
        (fault,) = refused(cluster.rebalance, 3, min_gain=wrong)
        assert fault == f"min_gain: is {wrong!r}; must be a number from 0 to 10,000,000 with at most three decimals"


def test_a_slot_that_is_to_be_free(cluster: EcsCluster) -> None:
    """As it is named, or the whole of an instance, of what groups need."""
    assert cluster.rebalance(3, defragment={"cpu": 512})[0].freedom == Freedom(max_moves=3, slot={"cpu": 512})
    whole = cluster.problem.cluster
    slot = cluster.rebalance(3, defragment=True)[0].freedom.slot
    assert slot and all(amount == whole.capacity[0, whole.resources.index(name)] for name, amount in slot.items())
    assert cluster.rebalance(3, defragment=False)[0].freedom.slot == {}
    for wrong, said in (
        ({"disk": 3}, "slot: 'disk' is not a resource of the cluster; must be of cpu, memory"),
        ({"cpu": 0}, "slot: has 0 of cpu; must be a whole number, 1 to 9,007,199,254,740"),
        ({"cpu": True}, "slot: has True of cpu; must be a whole number"),
        ({}, "slot: names no resource; name some of cpu, memory"),
    ):
        (fault,) = refused(cluster.rebalance, 3, defragment=wrong)
        assert fault.startswith(said)


def test_budgets_that_cannot_be(cluster: EcsCluster) -> None:
    """None at all, absurd numbers, a number for several revisions together, a group that is priced twice."""
    assert refused(cluster.rebalance) == [
        "max_moves: is missing: it says how many tasks may move; give it, or max_move_cost"
    ]
    assert refused(cluster.rebalance, max_move_cost=-1, groups={"service:db": -1}, move_costs={"service:dd": 1}) == [
        "max_move_cost: is -1; must be a whole number, 0 to 9,007,199,254,740,992",
        "service:dd: is not a group of the cluster; did you mean service:db or service:web or service:agent?",
        "service:db: may move at most -1; must be a whole number, 0 to 10,000,000",
    ]
    (fault,) = refused(cluster.rebalance, 3, groups={"service:web": 2})
    assert fault.startswith("service:web: may move at most 2 tasks, and its revisions move each by itself; give ")
    (fault,) = refused(cluster.drain, ["i-a"], move_costs={"service:web": 2, "service:web@web:6": 3})
    assert fault == "service:web@web:6: is named, or is part of what is named, as service:web; name it once"


def test_a_drain_may_pay_for_others_by_cost(cluster: EcsCluster) -> None:
    """What leaves counts on top: a task of each group on the instance."""
    problem, _ = cluster.drain(["i-a"], max_move_cost=5, move_costs={"service:db": 7})
    assert problem.freedom == Freedom(max_move_cost=1 + 1 + 7 + 5, interleaved=True)
    problem, _ = cluster.drain(["i-a"], max_moves=1, max_move_cost=5)
    assert problem.freedom == Freedom(max_moves=4, max_move_cost=8, interleaved=True)
    problem, _ = cluster.drain_cheapest(1, max_moves=4, max_move_cost=5)
    assert problem.freedom == Freedom(max_moves=4, max_move_cost=5, empty=1)
    problem, _ = cluster.reconcile(max_move_cost=5, groups={"service:db": 1})
    assert problem.freedom == Freedom(max_move_cost=5, interleaved=True) and of(problem, "max_moves") == {
        "service:db": 1
    }
