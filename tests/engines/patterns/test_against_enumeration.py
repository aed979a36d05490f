"""The packing engine against plain enumeration of tiny problems, which shares no code with it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest

from solver.engines.deadline import Deadline
from solver.engines.patterns import search
from solver.engines.patterns.fillers import Searches
from solver.engines.patterns.problem import PackingProblem, PackingResult
from solver.engines.patterns.search import improve


@dataclass
class Enumeration:
    """All ways to start the tasks, group by group, instance by instance; the fewest opened, None if there is no way."""

    problem: PackingProblem
    fewest: int | None = None
    used: list[int] = field(default_factory=list)

    def run(self) -> int | None:
        self.used = [0] * self.problem.instances
        self._group(0, [list(map(int, row)) for row in np.maximum(self.problem.free, 0)])
        return self.fewest

    def _group(self, group: int, free: list[list[int]]) -> None:
        cost = sum(1 for used, empty in zip(self.used, self.problem.empty, strict=True) if used and empty)
        if self.fewest is not None and cost >= self.fewest:
            return
        if group == self.problem.groups:
            self.fewest = cost
            return
        self._instance(group, 0, int(self.problem.wanted[group]), [0] * self.problem.zones, free)

    def _instance(self, group: int, instance: int, left: int, zones: list[int], free: list[list[int]]) -> None:
        problem = self.problem
        if instance == problem.instances:
            inside = all(
                problem.lower[group, zone] <= zones[zone] <= problem.upper[group, zone] for zone in range(problem.zones)
            )
            if left == 0 and inside:
                self._group(group + 1, free)
            return
        most = left
        if problem.admits is not None and not problem.admits[group, instance]:
            most = 0
        if problem.limit is not None:
            most = min(most, int(problem.limit[group]))
        zone = int(problem.zone[instance])
        demand = problem.demand[group].tolist()
        before = list(free[instance])
        for count in range(most + 1):
            if any(need and have < count * need for have, need in zip(before, demand, strict=True)):
                break
            free[instance] = [have - count * need for have, need in zip(before, demand, strict=True)]
            self.used[instance] += count
            zones[zone] += count
            self._instance(group, instance + 1, left - count, zones, free)
            zones[zone] -= count
            self.used[instance] -= count
        free[instance] = before


def tiny(draw: np.random.Generator) -> PackingProblem:
    """At most 5 instances, 3 groups and 7 tasks; every feature now and then."""
    instances, groups = int(draw.integers(1, 6)), int(draw.integers(1, 4))
    resources, zones = int(draw.integers(1, 4)), int(draw.integers(1, 4))
    step = int(draw.choice([1, 1, 7]))
    wanted = draw.integers(0, 4, groups)
    if draw.random() < 0.5:
        lower, upper = np.zeros((groups, zones), dtype=np.int64), np.repeat(wanted[:, None], zones, axis=1)
    elif draw.random() < 0.7:
        lower = np.repeat(wanted[:, None] // zones, zones, axis=1)
        upper = lower + 1
    else:
        lower = draw.integers(0, 2, (groups, zones))
        upper = lower + draw.integers(0, 3, (groups, zones))
    same = draw.random() < 0.5
    demand = draw.integers(0, 4, (groups, resources)) * step
    return PackingProblem(
        free=draw.integers(-1, 8, (instances, resources)) * step + draw.integers(0, 3, (instances, resources)),
        zone=draw.integers(0, zones, instances),
        empty=draw.random(instances) < 0.6,
        demand=np.repeat(demand[:1], groups, axis=0) if same else demand,
        wanted=wanted,
        lower=lower,
        upper=upper,
        admits=draw.random((groups, instances)) < 0.8 if draw.random() < 0.5 else None,
        limit=draw.integers(1, 4, groups) if draw.random() < 0.4 else None,
    )


def assert_is_a_plan(problem: PackingProblem, result: PackingResult) -> None:
    """Every condition of the problem, written once more."""
    tasks = np.zeros((problem.groups, problem.instances), dtype=np.int64)
    for group, instance, count in zip(result.started.group, result.started.instance, result.started.count, strict=True):
        assert count > 0
        assert tasks[group, instance] == 0
        tasks[group, instance] = count
    assert (tasks.sum(axis=1) == problem.wanted).all()
    load = tasks.T @ problem.demand
    assert (load <= np.maximum(problem.free, 0)).all()
    for zone in range(problem.zones):
        there = tasks[:, problem.zone == zone].sum(axis=1)
        assert (there >= problem.lower[:, zone]).all()
        assert (there <= problem.upper[:, zone]).all()
    if problem.admits is not None:
        assert not tasks[~problem.admits].any()
    if problem.limit is not None:
        assert (tasks.max(axis=1) <= problem.limit).all()
    assert result.opened == int((tasks.any(axis=0) & problem.empty).sum())


@pytest.mark.parametrize("seed", range(10))
def test_equals_enumeration(seed: int) -> None:
    """The bound is never above the optimum, a plan never below it, and a proof is right."""
    compare_with_enumeration(seed)


@pytest.mark.parametrize("seed", range(10, 15))
def test_equals_enumeration_by_branch_and_bound(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same where instances are filled by branch and bound, as they are where tables would be too large."""

    monkeypatch.setattr(search, "Tables", Searches)
    compare_with_enumeration(seed)


def compare_with_enumeration(seed: int) -> None:
    """On fifty tiny problems."""
    draw = np.random.default_rng(seed)
    proved = found = feasible = 0
    for _ in range(50):
        problem = tiny(draw)
        fewest = Enumeration(problem).run()
        result = improve(problem, Deadline(5.0), seed=seed)
        if fewest is None:
            assert not result.found
            continue
        feasible += 1
        found += result.found
        assert not result.impossible
        assert result.bound <= fewest
        if result.found:
            assert_is_a_plan(problem, result)
            assert result.opened >= fewest
        if result.proven:
            proved += 1
            assert result.opened == fewest
    assert feasible >= 10
    assert found >= 0.9 * feasible
    assert proved >= 0.8 * feasible
