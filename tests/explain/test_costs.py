"""§7.2: what a rule costs is the objective without it."""

from __future__ import annotations

from dataclasses import replace

from solver.domain.problem import Problem
from solver.domain.request import Limits, RuleSpec
from solver.engines.portfolio import run
from solver.explain.costs import RulePrice, prices
from solver.rules.bind import bind
from tests.explain.planted import api, asked, rows, web

LIMITS = Limits(time_limit=5.0, workers=1)


def priced(request: Problem, seconds: float = 5.0) -> tuple[RulePrice, ...]:
    rules = bind(request)
    return prices(rules, run(rules, LIMITS).solution, LIMITS, seconds)


def test_a_rule_costs_what_is_better_without_it() -> None:
    """Two tasks more without ``distinctInstance``; nothing without a rule that holds anyway."""
    request = asked(rows(3, stack="prod"), [web(5, rules=["distinctInstance", "memberOf(attribute:stack == prod)"])])
    distinct, member = priced(request)
    assert (distinct.rule, distinct.group, distinct.proven) == ("distinctInstance", "web", True)
    assert distinct.first_difference() == (0, 2)
    assert (member.is_free, member.first_difference()) == (True, None)


def test_a_rule_of_the_cluster_has_a_price_too() -> None:
    """``reserve`` keeps out the one task that would fit."""
    request = asked(rows(1, free={"memory": 600}), [web(1)], rules=["reserve(memory, 200)"])
    (reserve,) = priced(request)
    assert (reserve.group, reserve.first_difference()) == ("", (0, 1))


def test_the_price_shows_in_the_first_tier_that_differs() -> None:
    """A rule that only makes a plan uneven costs nothing in tasks placed."""
    chain = ["spread(instanceId)"]
    request = asked(rows(2, stack=["prod", "dev"]), [web(4, rules=["memberOf(attribute:stack == prod)"], chain=chain)])
    member, spread = priced(request)
    assert member.value[0] == member.without[0] == 0
    difference = member.first_difference()
    # 4² on the one instance instead of 2² + 2² on both.
    assert difference is not None and difference[1] == 16 - 8
    assert spread.is_free


def test_without_time_nothing_is_priced() -> None:
    """Rules that are not reached in time are left out."""
    assert priced(asked(rows(2), [web(3, rules=["distinctInstance"]), api()]), 0.0) == ()


def test_a_strategy_costs_what_comes_after_it() -> None:
    """Evenly over two zones, of which one has much free: without the spread the next strategy packs the two tasks together."""
    there = rows(2)
    there = [{**row, "rack": str(k)} for k, row in enumerate(there)]
    one = replace(web(2), strategies=(RuleSpec("spread", "attribute:rack"), RuleSpec("binpack", "memory")))
    spread, binpack = priced(asked(there, [one]))
    assert (spread.rule, spread.group, spread.proven) == ("spread(attribute:rack)", "web", True)
    tier, more = spread.first_difference() or (0, 0)
    assert (spread.titles[tier], more) == ("instances kept in use by packing alone", 1)
    assert binpack.is_free and binpack.proven


def test_a_group_of_which_nothing_may_change_has_no_strategy_to_price() -> None:
    """No plan could follow it."""
    one = replace(web(0), strategies=(RuleSpec("spread", "instanceId"),))
    assert priced(asked(rows(2), [one])) == ()
