"""M from the model, against every way to pack."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from solver.scaling.fleet import Fleet
from solver.scaling.ours import OurRules
from solver.scaling.simulator import base_of
from tests.scaling.clusters import SMALL, fleet_of, setting

DEMAND = {"web": (500, 500), "api": (800, 500)}


def fewest(tasks: Sequence[tuple[int, int]], opened: tuple[tuple[int, int], ...] = ()) -> int:
    """The fewest instances for tasks of (cpu, memory), by trying every place for each."""
    if not tasks:
        return len(opened)
    (cpu, memory), rest = tasks[0], tasks[1:]
    found = [
        fewest(rest, (*opened[:k], (left[0] - cpu, left[1] - memory), *opened[k + 1 :]))
        for k, left in enumerate(opened)
        if left[0] >= cpu and left[1] >= memory
    ]
    return min([*found, fewest(rest, (*opened, (SMALL["cpu"] - cpu, SMALL["memory"] - memory)))])


@pytest.mark.parametrize(("web", "api"), [(4, 0), (0, 3), (3, 2), (2, 4)])
def test_m_is_what_runs_and_the_fewest_that_hold_what_waits(web: int, api: int) -> None:
    """On two full instances, the tasks that wait need the fewest new ones that any packing has."""
    cluster, study = fleet_of({"web": [4, 4], "api": [0, 0]}, 2, agent=False), setting({"web": [0], "api": [0]})
    problem, groups = base_of(cluster, study)
    rules, fleet = OurRules(study, groups), Fleet(problem, study, OurRules.limits(study))
    for service, count in zip(study.services, (web, api), strict=True):
        rules.assign(service, fleet, count)
    best = fewest([DEMAND["web"]] * web + [DEMAND["api"]] * api)
    assert rules.needed(study.providers[0], fleet, 0) == 2 + best


@pytest.mark.parametrize("loads", [([1, 1, 1], [0, 0, 0]), ([2, 1, 2], [0, 1, 0]), ([3, 3, 3], [0, 0, 0])])
def test_m_with_nothing_waiting_is_the_fewest_that_hold_what_runs(loads: tuple[list[int], list[int]]) -> None:
    """Within six moves, M is that of the best packing; never more than the instances that are in use."""
    web, api = loads
    cluster, study = fleet_of({"web": web, "api": api}, 3, agent=False), setting({"web": [0], "api": [0]})
    problem, groups = base_of(cluster, study)
    rules, fleet = OurRules(study, groups), Fleet(problem, study, OurRules.limits(study))
    best = fewest([DEMAND["web"]] * sum(web) + [DEMAND["api"]] * sum(api))
    assert rules.needed(study.providers[0], fleet, 0) == best
