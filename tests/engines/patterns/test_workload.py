"""The packing engine on the workload that other systems were measured on, and on larger problems of other kinds."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from datasets.packing import packing_cluster
from solver.domain.counts import Ints
from solver.engines.deadline import Deadline
from solver.engines.patterns import diving
from solver.engines.patterns import search as search_module
from solver.engines.patterns.branching import Tree, Verdict
from solver.engines.patterns.check import holds
from solver.engines.patterns.classes import classes
from solver.engines.patterns.lightening import lighten
from solver.engines.patterns.problem import PackingProblem, PackingResult, evenly
from solver.engines.patterns.search import Search, improve
from solver.engines.patterns.types import task_types


def workload(tasks: int, instances: int, seed: int) -> PackingProblem:
    """Zone counts of every service within one of each other."""
    cluster = packing_cluster(tasks, instances, seed)
    names = sorted(set(cluster.zones))
    shape = (len(cluster.tasks), len(names))
    lower, upper = evenly(np.zeros(shape, dtype=np.int64), np.full(shape, tasks), cluster.tasks)
    zone = np.array([names.index(name) for name in cluster.zones], dtype=np.int64)
    return PackingProblem(cluster.free, zone, cluster.empty, cluster.demand, cluster.tasks, lower, upper)


@pytest.mark.parametrize(("seed", "fewest"), [(1, 30), (2, 35), (3, 25)])
def test_proves_the_fewest(seed: int, fewest: int) -> None:
    """1,000 tasks on 500 instances: the fewest instances opened, proved."""
    problem = workload(1000, 500, seed)
    result = improve(problem, Deadline(60.0))
    assert (result.opened, result.bound, result.proven) == (fewest, fewest, True)
    assert holds(problem, result.started)


def test_proves_one_more_than_the_relaxation_says() -> None:
    """Where no plan meets the relaxation's bound, branching proves that one more is needed."""
    problem = workload(1000, 500, 22)
    result = improve(problem, Deadline(60.0))
    assert (result.opened, result.bound, result.proven) == (35, 35, True)


def test_five_times_the_size() -> None:
    """On 2,500 instances the fewest opened for 5,000 tasks are found and proved, too."""
    result = improve(workload(5000, 2500, 2), Deadline(60.0))
    assert (result.opened, result.bound, result.proven) == (93, 93, True)


def test_same_question_same_answer() -> None:
    """The same problem and seed give the same plan."""
    problem = workload(300, 150, 5)
    first, second = (improve(problem, Deadline(60.0), seed=3) for _ in range(2))
    assert first.proven
    assert (first.started.group == second.started.group).all()
    assert (first.started.instance == second.started.instance).all()
    assert (first.started.count == second.started.count).all()


def test_a_plan_without_time() -> None:
    """When no time is left there is still the first plan, with a bound that holds."""
    result = improve(workload(1000, 500, 1), Deadline(0.0))
    assert result.found
    assert not result.proven
    assert result.bound <= 30 <= result.opened


def test_stops_when_the_caller_has_gone() -> None:
    """A search that is cancelled ends with the best plan so far."""
    seen: list[PackingResult] = []
    result = improve(
        workload(1000, 500, 4), Deadline(3600.0, cancelled=lambda: len(seen) >= 3), on_incumbent=seen.append
    )
    assert result.found
    assert [plan.opened for plan in seen] == sorted({plan.opened for plan in seen}, reverse=True)


def test_starts_from_a_given_plan() -> None:
    """A given plan is improved on or returned; one that does not hold is ignored."""
    problem = workload(300, 150, 5)
    best = improve(problem, Deadline(60.0))
    again = improve(problem, Deadline(0.0), incumbent=best.started)
    assert again.opened == best.opened
    wrong = replace(best.started, count=best.started.count + 1)
    assert holds(problem, improve(problem, Deadline(0.0), incumbent=wrong).started)


def test_the_second_cost_costs_nothing_of_the_first() -> None:
    """With weights as many are opened, on instances of less total weight."""
    problem = workload(300, 150, 5)
    weight = np.maximum(problem.free[:, 1], 0)
    plain = improve(problem, Deadline(60.0))
    light = improve(replace(problem, weight=weight), Deadline(60.0))
    assert light.opened == plain.opened
    assert light.weight == int((light.started.count * weight[light.started.instance]).sum())
    assert light.weight < int((plain.started.count * weight[plain.started.instance]).sum())


@pytest.mark.parametrize("seed", range(3))
def test_sizes_without_a_common_divisor(seed: int) -> None:
    """A grid too fine for the tables is rounded: plans still fit, bounds still hold."""
    draw = np.random.default_rng(seed)
    planted = [draw.multinomial(9973, [1 / 4] * 4) for _ in range(6)]
    demand = np.array([[size, int(draw.integers(1, 3000))] for parts in planted for size in parts], dtype=np.int64)
    memory = demand[:, 1].reshape(6, 4).sum(axis=1)
    free = np.concatenate([np.column_stack([np.full(6, 9973), memory]), np.full((4, 2), 9973)]).astype(np.int64)
    wanted = np.ones(24, dtype=np.int64)
    problem = PackingProblem(
        free=free,
        zone=np.zeros(10, dtype=np.int64),
        empty=np.ones(10, dtype=bool),
        demand=demand,
        wanted=wanted,
        lower=np.zeros((24, 1), dtype=np.int64),
        upper=wanted[:, None],
    )
    result = improve(problem, Deadline(1.0), seed=seed)
    assert result.found
    assert holds(problem, result.started)
    assert result.bound <= 6 <= result.opened


def test_the_tree_is_explored_after_a_dive_that_did_not_help(monkeypatch: pytest.MonkeyPatch) -> None:
    """The dive's patterns are its own: the linear program and the list of its patterns stay in step."""
    draw = np.random.default_rng(4)
    wanted = np.ones(40, dtype=np.int64)
    problem = PackingProblem(
        free=np.full((40, 3), 1000),
        zone=np.zeros(40, dtype=np.int64),
        empty=np.ones(40, dtype=bool),
        demand=draw.integers(100, 600, (40, 3)),
        wanted=wanted,
        lower=np.zeros((40, 1), dtype=np.int64),
        upper=wanted[:, None],
    )
    explored: list[int] = []
    explore = Tree.explore

    def seen(tree: Tree, boxes: int, deadline: Deadline) -> Verdict:
        explored.append(boxes)
        return explore(tree, boxes, deadline)

    monkeypatch.setattr(Tree, "explore", seen)
    monkeypatch.setattr(Search, "_close", lambda search, proof: None)
    monkeypatch.setattr(Search, "_load", lambda search, kind, held, order, most_opened: False)
    monkeypatch.setattr(search_module, "MAX_TRIES", 1)
    dives: list[int] = []
    dive = diving.dive

    def counted(*given: Any) -> tuple[Ints, Ints]:
        found = dive(*given)
        dives.append(len(found[0]))
        return found

    monkeypatch.setattr(diving, "dive", counted)
    result = improve(problem, Deadline(20.0))
    assert result.found and holds(problem, result.started)
    assert explored and dives and dives[0] > 0


def test_a_plan_is_lightened_as_far_as_time_allows() -> None:
    """Always with the same tasks; cheaper with time than without, and never dearer than it was."""
    problem = workload(300, 150, 5)
    weight = np.random.default_rng(5).integers(0, 1000, problem.instances)
    types = task_types(problem)
    assert types is not None
    held = np.zeros((types.count, problem.instances), dtype=np.int64)
    started = improve(problem, Deadline(0.0)).started
    np.add.at(held, (types.of_group[started.group], started.instance), started.count)
    kinds = classes(problem, types)
    late, light = (lighten(problem, types, kinds, weight, held, Deadline(seconds)) for seconds in (0.0, 60.0))
    assert (light.sum(axis=1) == held.sum(axis=1)).all()
    assert (late.sum(axis=1) == held.sum(axis=1)).all()
    assert (light @ weight).sum() < (late @ weight).sum() <= (held @ weight).sum()
