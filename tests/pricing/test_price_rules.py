"""What rules cost where it can be counted by hand (§7.2), what is said of what is not known, and bad input."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest

from solver.domain.problem import Problem
from solver.domain.request import Limits, Scheduling, TaskGroup
from solver.errors import InvalidRequest
from solver.pricing import Kind, PriceList, Span, Unit, price_rules
from tests.builders import ZONE_FIELD, cluster, group, problem

LIMITS = Limits(time_limit=20, workers=1)


def proved(amount: int) -> Span:
    return Span(amount, amount, amount)


def asked(
    *groups: TaskGroup, instances: int = 12, cpu: int = 5, zones: str = "abc", rules: tuple[str, ...] = ()
) -> Problem:
    """Instances with room for ``cpu`` tasks of one unit each, zone after zone."""
    rows = [{"cpu": cpu, "zone": zones[k % len(zones)], "ecs.instance-type": "m"} for k in range(instances)]
    return problem(cluster(rows), groups, rules=rules)


def web(start: int = 10, **fields: Any) -> TaskGroup:
    return group("web", start, cpu=1, **fields)


def priced(request: Problem, unit: Unit = Unit.INSTANCES, **fields: Any) -> PriceList:
    return price_rules(request, unit, limits=LIMITS, **fields)


def test_ten_tasks_that_two_instances_would_hold_cost_eight_more_where_each_is_alone() -> None:
    """``distinctInstance`` keeps ten instances in use."""
    found = priced(asked(web(rules=["distinctInstance"])))
    row = found.by_rule["web", "distinctInstance"]
    assert (row.price, row.with_it, row.without) == (proved(8), proved(10), proved(2))
    assert row.is_alike and found.proven and found.whole
    assert [(row.together, row.price) for row in found.together] == [("all constraints", proved(8))]


def test_a_strategy_costs_what_following_it_costs() -> None:
    """Evenly over twelve instances is one on each of ten; over three zones two instances no longer do."""
    found = priced(asked(web(chain=["spread(instanceId)", f"spread({ZONE_FIELD})"])))
    assert found.by_rule["web", "spread(instanceId)"].price == proved(8)
    assert found.by_rule["web", f"spread({ZONE_FIELD})"].price == proved(1)
    together = {row.together: row.price for row in found.together}
    assert together["all strategies and soft rules"] == proved(8)


def test_the_default_of_a_service_without_strategies_has_its_price() -> None:
    """§4.4: over zones, then over instances."""
    found = priced(asked(replace(web(), strategies=None, scheduling=Scheduling.REPLICA)))
    assert {of: row.price.value for (_, of), row in found.by_rule.items()} == {
        f"spread({ZONE_FIELD})": 1,
        "spread(instanceId)": 8,
    }


def test_rules_that_cost_the_same_twice_cost_nothing_alone() -> None:
    """Either keeps the tasks apart: without one of them nothing changes, without both it does."""
    found = priced(asked(web(rules=["distinctInstance", "maxPerInstance(1)"])))
    assert [row.price for row in found.rules] == [proved(0), proved(0)]
    assert [row.price for row in found.together] == [proved(8)]


def test_dollars_are_those_of_the_types() -> None:
    """Ten tasks on the small instances at 0.5 cost 1.0; held to the large ones at 3 they cost 3."""
    rows = [{"cpu": 5, "ecs.instance-type": "small"}] * 4 + [{"cpu": 10, "ecs.instance-type": "large", "big": "yes"}]
    rows = [{**row, "id": f"i{k}"} for k, row in enumerate(rows)]
    request = problem(cluster(rows), [web(rules=["memberOf(attribute:big == yes)"])])
    found = priced(request, Unit.DOLLARS, prices={"small": 0.5, "large": 3})
    (row,) = found.rules
    assert (row.price, row.with_it, row.without) == (proved(2_000_000), proved(3_000_000), proved(1_000_000))
    assert found.frame().loc[0, ["price", "with_it", "proven"]].tolist() == [2.0, 3.0, True]


def test_skew_is_over_all_zones_that_take_tasks() -> None:
    """Held to one of three zones, all nine are in one and none in the others; what only asks for packing costs skew as well."""
    member = f"memberOf({ZONE_FIELD} == a)"
    found = priced(asked(web(9, rules=[member], chain=[f"spread({ZONE_FIELD})"])), Unit.SKEW)
    assert found.levels == (("web", ZONE_FIELD),)
    assert found.by_rule["web", member].price == proved(9)
    packed = priced(asked(web(5, chain=["binpack(cpu)"])), Unit.SKEW, fields=[ZONE_FIELD])
    assert packed.by_rule["web", "binpack(cpu)"].price == proved(4)


def test_a_rule_may_cost_tasks_their_place() -> None:
    """Twelve of fifteen find one alone on an instance: in tasks its price is three, in instances it is said beside."""
    request = asked(web(15, rules=["distinctInstance"]))
    assert priced(request, Unit.TASKS).by_rule["web", "distinctInstance"].price == proved(3)
    row = priced(request).by_rule["web", "distinctInstance"]
    assert (row.price, row.missing, row.is_alike) == (proved(9), proved(3), False)


def test_strategies_cost_no_task_its_place() -> None:
    """§5.1: tasks placed come first."""
    found = priced(asked(web(70, chain=["spread(instanceId)"])), Unit.TASKS)
    assert found.by_rule["web", "spread(instanceId)"].price == proved(0)


def test_a_rule_may_save_something() -> None:
    """Without the rule that keeps web out of c, its maxSkew looks at c too, where nothing fits: two tasks fewer find a place."""
    rows = [{"id": f"i{k}", "cpu": 4, "zone": zone} for k, zone in enumerate("ab")] + [
        {"id": "c", "cpu": 0, "zone": "c"}
    ]
    member, skew = f"memberOf({ZONE_FIELD} != c)", f"maxSkew({ZONE_FIELD}, 1)"
    found = priced(problem(cluster(rows), [web(4, rules=[member, skew])]), Unit.TASKS)
    assert found.by_rule["web", member].price == proved(-2)
    assert found.by_rule["web", skew].price == proved(0)


def test_moves_are_those_that_following_a_strategy_takes() -> None:
    """Three tasks on one of three instances: one each is two moves."""
    rows = [{"id": f"i{k}", "cpu": 3 if k else 0, "free": {"cpu": 3}} for k in range(3)]
    rows[0] |= {"cpu": 3, "free": {"cpu": 0}}
    request = problem(cluster(rows), [web(0, chain=["spread(instanceId)"], movable=True)], {"web": [3, 0, 0]})
    assert priced(request, Unit.MOVES).by_rule["web", "spread(instanceId)"].price == proved(2)


def test_what_runs_is_placed_anew_without_a_budget_and_moved_with_one() -> None:
    """Five tasks on five instances: one instance would hold them, with two moves three."""
    rows = [{"id": f"i{k}", "cpu": 5, "free": {"cpu": 4}} for k in range(5)]
    request = problem(cluster(rows), [web(0, rules=["distinctInstance"], movable=True)], {"web": [1] * 5})
    assert priced(request).by_rule["web", "distinctInstance"].price == proved(4)
    budget = replace(request, freedom=replace(request.freedom, max_moves=2))
    row = priced(budget).by_rule["web", "distinctInstance"]
    assert (row.with_it, row.without) == (proved(5), proved(3))


def test_who_reads_where_tasks_are_moves_with_whom_it_reads() -> None:
    """§3.2: the rule holds before and after, so that A joins B where B is already; without it all fit on one instance."""
    rows = [{"id": f"i{k}", "cpu": 5, "free": {"cpu": 4}} for k in range(4)]
    groups = [
        group("A", cpu=1, movable=True, rules=["memberOf(task:group == B)"]),
        group("B", cpu=1, movable=True),
        group("C", cpu=1, movable=True),
    ]
    found = priced(problem(cluster(rows), groups, {"A": [1, 0, 0, 0], "B": [0, 1, 0, 0], "C": [0, 0, 1, 1]}))
    assert found.base.with_it == proved(1) and found.proven


def test_who_keeps_away_from_others_is_placed_anew_with_them() -> None:
    """Where nothing runs yet nobody is in the way: A and B end apart, on two instances, C with one of them."""
    rows = [{"id": f"i{k}", "cpu": 5, "free": {"cpu": 4}} for k in range(4)]
    groups = [
        group("A", cpu=1, movable=True, rules=["memberOf(not(task:group == B))", "memberOf(runningTasksCount < 5)"]),
        group("B", cpu=1, movable=True),
        group("C", cpu=1, movable=True),
    ]
    found = priced(problem(cluster(rows), groups, {"A": [1, 0, 0, 0], "B": [0, 1, 0, 0], "C": [0, 0, 1, 1]}))
    assert found.base.with_it == proved(2) and not found.warnings
    assert found.by_rule["A", "memberOf(not(task:group == B))"].price == proved(1)
    assert found.by_rule["A", "memberOf(runningTasksCount < 5)"].price == proved(0)


def test_who_needs_a_number_of_tasks_stays() -> None:
    """Nobody knows what a count would be while others are placed anew; it is said."""
    rows = [{"id": f"i{k}", "cpu": 5, "free": {"cpu": 4}} for k in range(4)]
    groups = [
        group("A", cpu=1, movable=True, rules=["memberOf(runningTasksCount >= 1)"]),
        group("B", cpu=1, movable=True),
    ]
    found = priced(problem(cluster(rows), groups, {"A": [1, 1, 0, 0], "B": [0, 0, 1, 1]}))
    assert found.base.with_it == proved(2)
    assert found.warnings and found.warnings[0].startswith("A stays where it is")


def test_many_rules_that_cost_nothing_are_priced_together() -> None:
    """Where the least without all of them is no less, none is solved alone: more rules than there would be time for."""
    rules = ["maxPerInstance(3)", "memberOf(attribute:stack == x)"]
    groups = [group(f"g{k}", 1, cpu=1, rules=rules) for k in range(40)]
    rows = [{"id": f"i{k}", "cpu": 10, "stack": "x"} for k in range(6)]
    told: list[tuple[int, int]] = []
    found = priced(problem(cluster(rows), groups), told=lambda done, total: told.append((done, total)))
    assert found.proven and len(found.rules) == 80
    assert told == [(0, 80), (80, 80)]


def test_rules_that_are_not_reached_are_named() -> None:
    """Somebody interrupts at once: the plan with every rule is there, and each rule is said to have no price."""
    found = priced(asked(web(rules=["distinctInstance"], chain=["spread(instanceId)"])), cancelled=lambda: True)
    assert found.rules == () and found.interrupted and not found.whole
    assert [(one.kind, one.rule) for one in found.unpriced] == [
        (Kind.CONSTRAINT, "distinctInstance"),
        (Kind.STRATEGY, "spread(instanceId)"),
    ]
    frame = found.frame()
    assert frame["price"].isna().all() and frame["rule"].tolist() == ["distinctInstance", "spread(instanceId)"]


def test_the_time_is_shared_out_among_the_rules() -> None:
    """The whole ends in time, whatever is priced by then; nothing is left out of the list."""
    groups = [group(f"g{k}", 9, cpu=1 + k % 4, memory=1 + k % 3, rules=["maxPerInstance(2)"]) for k in range(12)]
    rows = [{"id": f"i{k}", "cpu": 11, "memory": 8} for k in range(60)]
    begun = time.monotonic()
    found = price_rules(problem(cluster(rows), groups), limits=Limits(time_limit=1.0, workers=1))
    assert len(found.rules) + len(found.unpriced) == 12
    assert time.monotonic() - begun < 20


@pytest.mark.parametrize(
    ("unit", "fields", "said"),
    [
        (Unit.DOLLARS, {"prices": {}}, "prices: has none for m; give the price of each instance type of the cluster"),
        (Unit.DOLLARS, {"prices": {"m": -1.0}}, "prices.m: is -1.0; must be 0 to 1,000,000"),
        (Unit.SKEW, {}, "fields: names none, and no group spreads over an attribute"),
        (Unit.SKEW, {"fields": ["attribute:rak"]}, "fields[0]: is 'attribute:rak', and no instance has it"),
        (Unit.SKEW, {"fields": ["zone"]}, "fields[0]"),
    ],
)
def test_bad_input_names_its_field(unit: Unit, fields: dict[str, Any], said: str) -> None:
    """What is wrong, and what would be right."""
    with pytest.raises(InvalidRequest) as raised:
        priced(asked(web()), unit, **fields)
    assert said in str(raised.value)
