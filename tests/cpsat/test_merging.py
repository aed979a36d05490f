"""Groups that no rule tells apart become one type (solver.cpsat.merging)."""

from __future__ import annotations

import numpy as np

from benchmarks.workloads import packing_problem
from solver.cpsat.merging import TaskType, types_of
from solver.domain.problem import Problem
from solver.rules.bind import bind
from tests.builders import ZONE_FIELD, cluster, group, problem


def asked(*groups: dict[str, object], instances: int = 8) -> Problem:
    """Groups of one demand on equal instances in two zones."""
    rows = [{"cpu": 9, "zone": "ab"[k % 2]} for k in range(instances)]
    return problem(cluster(rows), [group(f"g{k}", 2, cpu=2, memory=1, **fields) for k, fields in enumerate(groups)])


def members(types: tuple[TaskType, ...]) -> list[tuple[int, ...]]:
    """The groups of each type."""
    return [one.groups for one in types]


def test_services_that_spread_over_zones_are_counted_zone_by_zone() -> None:
    """One variable an instance for both, and each service's number in each zone."""
    spread = {"chain": [f"spread({ZONE_FIELD})"]}
    (one,) = types_of(bind(asked(spread, spread)))
    assert one.groups == (0, 1)
    assert one.regions == 2
    assert one.region.tolist() == [0, 1] * 4
    assert one.size == 8 + 2 * 2


def test_what_a_rule_counts_on_an_instance_is_never_merged() -> None:
    """``distinctInstance`` of one service, ``spread(instanceId)``, a static port."""
    plain: dict[str, object] = {}
    for other in ({"rules": ["distinctInstance"]}, {"chain": ["spread(instanceId)"]}, {"ports": (("tcp", 80),)}):
        assert members(types_of(bind(asked(plain, other, plain)))) == [(0, 2), (1,)]


def test_groups_of_different_eligibility_are_not_merged() -> None:
    """A constraint that only filters shows in where the groups may start."""
    there = {"rules": [f"memberOf({ZONE_FIELD} == a)"]}
    assert members(types_of(bind(asked({}, there, {}, there)))) == [(0, 2), (1, 3)]


def test_fifty_services_of_the_packing_workload_are_a_handful_of_types() -> None:
    """N4, seed 1: as many types as different demands, a quarter of the variables."""
    request = packing_problem(1_000, 500, 1)
    types = types_of(bind(request))
    assert len(types) == len(np.unique(request.demand, axis=0))
    apart = sum(int((one.most > 0).sum()) * len(one.groups) for one in types)
    assert sum(one.size for one in types) < apart / 3
