"""What is measured, as an objective (solver.pricing.measure)."""

from __future__ import annotations

import numpy as np
import pytest

from solver.domain.cluster import INSTANCE_TYPE
from solver.domain.placement import Placement
from solver.domain.problem import Problem
from solver.engines import sequential
from solver.engines.neighbourhoods.subproblem import Subproblems
from solver.pricing import Unit, one_family
from solver.pricing.measure import measure_of
from solver.rules.bind import bind
from solver.rules.running_cost import RunningCost
from tests.builders import ZONE_FIELD, cluster, group, problem

PRICES = {"small": 1.0, "large": 1.9}


def asked(services: int = 6) -> Problem:
    rows = [{"zone": "ab"[i % 2], INSTANCE_TYPE: list(PRICES)[i % 2], "cpu": 8} for i in range(10)]
    return problem(cluster(rows), [group(f"s{n}", 3, chain=[f"spread({ZONE_FIELD})"], cpu=2) for n in range(services)])


@pytest.mark.parametrize("unit", list(Unit))
def test_a_few_instances_of_a_request_are_measured_alike(unit: Unit) -> None:
    """Engines ask of them, with some of the services: what changes there changes the whole by as much."""
    whole = asked()
    measure = measure_of(whole, unit, PRICES if unit is Unit.DOLLARS else {}, ())
    rules = bind(whole, measure.objective)
    plan = sequential.place(rules, 1)
    few = np.unique(plan.instance[plan.group < 2])[:3]
    sub = Subproblems(rules).of(plan, few)
    own = bind(sub.problem, measure.objective)
    assert len(sub.groups) < len(whole.groups)
    values = {cost.name: cost.value(Placement(sub.problem, sub.tasks)) for cost in own.tiers}
    before = {cost.name: cost.value(Placement(sub.problem)) for cost in own.tiers}
    after = plan + sub.change(sub.problem.running)
    for cost in rules.tiers:
        less = cost.value(Placement(whole, plan)) - cost.value(Placement(whole, after))
        assert less == values.get(cost.name, 0) - before.get(cost.name, 0), cost.name


def test_few_instances_beside_those_of_a_plan_are_known_by_name() -> None:
    """Of a part of the request as of the whole."""
    whole = asked(2)
    base = sequential.place(bind(whole), 1)
    rules = bind(whole, one_family.near(whole, base))
    assert rules.tiers[-1].value(Placement(whole, base)) == 0
    used = np.unique(base.instance).tolist()
    few = np.array([next(i for i in range(10) if i not in used), used[-1]])
    sub = Subproblems(rules).of(base, few)
    cost = bind(sub.problem, rules.objective).tiers[-1]
    assert isinstance(cost, RunningCost)
    assert few[0] < few[1]
    assert cost.price[:2].tolist() == [1, 0]
