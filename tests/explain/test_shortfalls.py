"""§7.1: what is said of all groups that fall short, and what is left out when time is short."""

from __future__ import annotations

import numpy as np
import pytest

from solver.domain.problem import Problem
from solver.domain.request import Engine, Limits
from solver.domain.solution import Solution
from solver.engines.portfolio import run
from solver.explain import shortfalls
from solver.rules.bind import bind
from solver.rules.bound import Rules
from tests.builders import ZONE_FIELD, group
from tests.explain.planted import api, asked, no_match, rows, short_of_memory, web

LIMITS = Limits(time_limit=10.0, workers=1)


def solved(request: Problem, limits: Limits = LIMITS) -> tuple[Rules, Solution]:
    rules = bind(request)
    return rules, run(rules, limits).solution


def test_one_shortfall_a_group_in_the_order_of_priority() -> None:
    """Groups that got everything are not among them."""
    request = asked(
        rows(2),
        [
            web(2, memory=9000),
            api(1),
            group("top", 3, memory=9001, priority=5),
        ],
    )
    found = shortfalls(*solved(request), LIMITS, 5.0)
    assert [(short.group, short.wanted, short.placed, short.proven) for short in found] == [
        ("top", 3, 0, True),
        ("web", 2, 0, True),
    ]


def test_nothing_is_said_where_nothing_is_missing() -> None:
    """A complete plan has no shortfall."""
    assert shortfalls(*solved(asked(rows(2), [web(2)])), LIMITS, 5.0) == ()


def test_without_time_there_is_still_the_funnel() -> None:
    """The funnel is owed whatever the time; conflict and repairs are not."""
    rules, solution = solved(short_of_memory().request)
    (short,) = shortfalls(rules, solution, LIMITS, 0.0)
    assert [stage.rule for stage in short.funnel] == ["memory"]
    assert short.conflict is None
    assert short.repairs == ()


def test_a_caller_who_has_gone_gets_the_funnel_only() -> None:
    """Cancellation ends the search for reasons."""
    rules, solution = solved(short_of_memory().request)
    (short,) = shortfalls(rules, solution, LIMITS, 5.0, lambda: True)
    assert short.funnel
    assert short.conflict is None


def test_a_plan_that_could_be_better_has_no_conflict() -> None:
    """Where one more task fits after all, no set of rules stands against it, and nothing is said to be proved."""
    request = asked(rows(2), [web(2)])
    rules = bind(request)
    plan = run(rules, LIMITS).solution
    idle = Solution(plan.status, plan.stop, request.running, (), "sequential")
    (short,) = shortfalls(rules, idle, LIMITS, 5.0)
    assert (short.proven, short.conflict, short.repairs) == (False, None, ())


def test_an_empty_cluster_is_the_whole_conflict() -> None:
    """No instance, no rule to blame."""
    (short,) = shortfalls(*solved(asked([], [web()])), LIMITS, 5.0)
    assert short.conflict is not None
    assert short.conflict.members == ("the cluster has no instances",)


def test_with_a_deterministic_limit_the_same_reasons_are_given_twice() -> None:
    """§10.1: reasons do not depend on the clock, not even on how much of it is left."""
    limits = Limits(deterministic_limit=1.0, workers=1)
    rules, solution = solved(no_match().request, limits)
    assert shortfalls(rules, solution, limits, 5.0) == shortfalls(rules, solution, limits, 0.0)
    assert shortfalls(rules, solution, limits, 0.0)[0].conflict is not None


@pytest.mark.parametrize("engine", [Engine.SEQUENTIAL, Engine.AUTO])
def test_a_thousand_instances(engine: Engine) -> None:
    """A single group's shortfall at 1,000 instances has a minimal conflict and a repair of each kind."""
    rng = np.random.default_rng(7)
    count = 1000
    free = {"cpu": 1900, "memory": rng.integers(600, 1500, count).tolist()}
    stack = rng.choice(["prod", "dev"], count).tolist()
    skew = f"maxSkew({ZONE_FIELD}, 1)"
    groups = [
        web(1500, memory=700, rules=["memberOf(attribute:stack == prod)", skew]),
        api(memory=400),
    ]
    request = asked(rows(count, free=free, stack=stack), groups, {"api": [1] * count})
    rules, solution = solved(request, Limits(time_limit=10.0, workers=1, engine=engine))
    (short,) = shortfalls(rules, solution, LIMITS, 10.0)
    assert short.conflict is not None
    assert short.conflict.minimal and short.conflict.proven
    assert "memory of the instances" in short.conflict.members
    assert [repair.kind for repair in short.repairs] == ["move", "relax", "reduce", "add"]
