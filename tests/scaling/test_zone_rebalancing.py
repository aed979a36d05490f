"""Zone rebalancing as a simulation carries it out: even zones where there is room, and no task fewer."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest

from solver.domain.cluster import ZONE
from solver.domain.problem import Problem
from solver.domain.request import RuleSpec, RunningTask, Scheduling
from solver.errors import InvalidRequest
from solver.formats.table_cluster import TableCluster
from solver.scaling.ecs import EcsRules
from solver.scaling.fleet import Fleet
from solver.scaling.ours import OurRules
from solver.scaling.rules import Rules
from solver.scaling.setting import Setting
from solver.scaling.simulator import simulate
from solver.scaling.zone_rebalancing import rebalance
from tests.builders import cluster, group, problem
from tests.scaling.clusters import TYPE, setting

BOTH = pytest.mark.parametrize("kind", [EcsRules, OurRules])


def zoned(counts: list[int], *, room: int = 20, **fields: Any) -> Problem:
    """One instance in each of the zones a, b, c with so many tasks of web, and room for so many in all."""
    rows = [
        {"id": f"i{k}", "zone": "abc"[k], TYPE: "small", "provider": "main", "cpu": 500 * room, "memory": 500 * room}
        | {"free": {"cpu": 500 * (room - count), "memory": 500 * (room - count)}}
        for k, count in enumerate(counts)
    ]
    web = group("web", cpu=500, memory=500, scheduling=Scheduling.REPLICA)
    return problem(cluster(rows), [replace(web, **{"strategies": None, **fields})], {"web": counts})


def evened(of: Problem, desired: int) -> tuple[int, list[int]]:
    """Turns taken, and the tasks by zone after them."""
    study = setting({"web": [60]})
    fleet = Fleet(of, study, EcsRules.limits(study))
    turns = rebalance(fleet, "web", desired, ["main"])
    assert fleet.moved == turns
    zones = fleet.problem.cluster.column(ZONE)
    rows = fleet.problem.running_of(fleet.problem.groups[0].family)
    return turns, [sum(int(n) for i, n in enumerate(rows) if zones[i] == zone) for zone in "abc"]


@pytest.mark.parametrize("seed", range(12))
def test_zones_become_even_by_the_fewest_turns(seed: int) -> None:
    """With room everywhere: as many turns as tasks stand above an even share, and no task more or fewer."""
    r = random.Random(seed)
    counts = [r.randint(0, 6) for _ in range(3)]
    total = sum(counts)
    turns, after = evened(zoned(counts), total)
    assert sum(after) == total
    if max(counts) - min(counts) <= 1:
        assert turns == 0 and after == counts
    else:
        assert max(after) - min(after) <= 1
        share = sorted(after, reverse=True)
        assert turns == sum(max(was - even, 0) for was, even in zip(sorted(counts, reverse=True), share, strict=True))


def test_a_full_zone_gets_no_more() -> None:
    """The emptiest zone holds two tasks at most: what does not fit stays, and no task is stopped for it."""
    of = zoned([6, 4, 1])
    free = of.cluster.free.copy()
    free[2] = 500
    turns, after = evened(replace(of, cluster=replace(of.cluster, free=free)), 11)
    assert turns == 1 and after == [5, 4, 2]


def test_protected_tasks_stay_and_nothing_starts_in_vain() -> None:
    """All tasks of the fullest zone are protected."""
    of = zoned([3, 1, 1])
    tasks = tuple(RunningTask(f"t{k}", 0, 0, protected=True) for k in range(3))
    assert evened(replace(of, tasks=tasks), 5) == (0, [3, 1, 1])


def test_a_maximum_holds_on_the_way() -> None:
    """At most so many tasks, in percent of those desired, run at once: with none more nothing can start first."""
    assert evened(zoned([4, 1, 1], maximum_percent=100), 6)[0] == 0
    assert evened(zoned([4, 1, 1], maximum_percent=120), 6) == (2, [2, 2, 2])


@BOTH
def test_a_simulation_evens_a_service_that_asks_for_it_once_all_its_tasks_run(kind: type[Rules]) -> None:
    """In the first minute, where nothing waits; without the word nothing moves."""
    study = setting({"web": [360] * 4}, policies=())
    asked = replace(study, services=tuple(replace(one, zone_rebalancing=True) for one in study.services))
    kept = TableCluster(zoned([4, 1, 1]))
    runs = [simulate(kept, one, kind) for one in (study, asked)]
    assert [run.moved for run in runs] == [0, 2]
    assert [row.moved for row in runs[1].minutes] == [2, 0, 0, 0]
    assert all(row.running == 6 and not row.waiting for run in runs for row in run.services)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"maximum_percent": 100}, "needs maximumPercent above 100"),
        (
            {"strategies": (RuleSpec("binpack", "memory"),)},
            "needs spread.attribute:ecs.availability-zone. as the first",
        ),
        (
            {"strategies": (RuleSpec("spread", "instanceId"),)},
            "needs spread.attribute:ecs.availability-zone. as the first",
        ),
    ],
)
def test_a_service_that_ecs_does_not_rebalance_is_refused(change: dict[str, Any], said: str) -> None:
    """With the path of what asks for it."""
    study = setting({"web": [60]})
    asked: Setting = replace(study, services=tuple(replace(one, zone_rebalancing=True) for one in study.services))
    with pytest.raises(InvalidRequest, match=rf"services\.web\.zone_rebalancing: {said}"):
        simulate(TableCluster(zoned([1, 1, 1], **change)), asked, EcsRules)


def test_spread_by_zone_first_is_rebalanced() -> None:
    """And what stops is by the service's own strategy."""
    spread = (RuleSpec("spread", f"attribute:{ZONE}"), RuleSpec("spread", "instanceId"))
    assert evened(zoned([5, 1, 0], strategies=spread), 6) == (3, [2, 2, 2])
