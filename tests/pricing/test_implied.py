"""What follows from proved strategies: every plan that follows them as well keeps it, by enumeration; and what it is good for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from solver.domain.counts import Counts
from solver.domain.problem import Problem
from solver.domain.request import Limits, Scheduling
from solver.domain.solution import TierResult
from solver.pricing import Unit, price_rules
from solver.pricing.implied import implied, least_squares, most_apart, most_in_one
from solver.rules.bind import bind
from solver.verify import check
from tests.builders import ZONE_FIELD, cluster, group, problem
from tests.oracle import Oracle, State
from tests.pricing.test_oracle import asking, bare, drawn, is_soft


def fillings(count: int, size: int) -> Iterator[tuple[int, ...]]:
    """Every way to put tasks into buckets."""
    if size == 1:
        yield (count,)
        return
    for first in range(count + 1):
        for rest in fillings(count - first, size - 1):
            yield first, *rest


@pytest.mark.parametrize("size", [2, 3, 4])
@pytest.mark.parametrize("count", [2, 3, 5, 8])
def test_sums_of_squares_say_how_uneven_buckets_may_be(count: int, size: int) -> None:
    """The least sum, the fullest bucket and the largest difference at every sum, as of all fillings."""
    every = [(sum(n * n for n in one), max(one), max(one) - min(one)) for one in fillings(count, size)]
    least = min(squares for squares, _, _ in every)
    assert least_squares(count, size) == least
    for most in range(least, count * count + 2):
        allowed = [one for one in every if one[0] <= most]
        assert most_in_one(count, size, most) == max(fullest for _, fullest, _ in allowed)
        assert most_apart(count, size, most) == max(apart for _, _, apart in allowed)


def best(problem: Problem) -> tuple[tuple[int, ...], list[State], list[State]]:
    """The tiers of the best plans but for moves, those plans, and all plans, by enumeration."""
    oracle = Oracle(problem)
    tiers = len(bind(problem).tiers)
    moves = any(cost.name.startswith("moved") for cost in bind(problem).tiers)
    values = {state: oracle.tiers(state)[: tiers - moves] for state in oracle.plans()}
    least = min(values.values())
    return least, [state for state, value in values.items() if value == least], list(values)


def known(problem: Problem, values: tuple[int, ...]) -> list[TierResult]:
    """What an answer says that has proved these tiers, and knows nothing of those after."""
    found = []
    for k, cost in enumerate(bind(problem).tiers):
        value, proven = (values[k], True) if k < len(values) else (0, False)
        found.append(TierResult(cost.name, cost.title, value, value, proven, "model", value))
    return found


@pytest.mark.parametrize("part", range(4))
def test_every_plan_that_follows_as_well_keeps_what_is_implied(part: int) -> None:
    """Of random problems with one strategy and with all; new tasks, and tasks that run and move."""
    kinds: Counter[str] = Counter()
    refused = 0
    for seed in range(part, 120, 4):
        asked = drawn(seed, running=seed % 3 == 0)
        if seed % 2:
            asked = replace(asked, freedom=replace(asked.freedom, max_moves=seed % 4))
        chains = {(one.family, spec) for one in asked.groups for spec in one.strategies or () if spec.type != "random"}
        soft = {(one.family, spec) for one in asked.groups for spec in one.constraints if is_soft(spec)}
        for wanted in [*([one] for one in sorted(chains, key=str)), [*chains, *soft]]:
            followed, plain = asking(asked, wanted), bare(asked)
            values, plans, every = best(followed)
            narrow = implied(plain, bind(followed), known(followed, values))
            if narrow is None:
                continue
            new = [
                spec.type
                for one, before in zip(narrow.groups, plain.groups, strict=True)
                for spec in one.constraints[len(before.constraints) :]
            ]
            kinds.update(new)
            rules = bind(narrow)
            for state in plans:
                assert not check(narrow, Counts.dense(np.array(state, np.int64)), rules), (
                    f"seed {seed}, {wanted}: {state}"
                )
            refused += any(check(narrow, Counts.dense(np.array(state, np.int64)), rules) for state in every)
    assert all(kinds[kind] >= 5 for kind in ("maxPerInstance", "maxSkew", "memberOf")), kinds
    assert refused >= 20


def test_tasks_without_a_place_are_not_spread() -> None:
    """Three of four fit, all of them on one instance: the sum of their squares leaves no room for fewer there."""
    asked = problem(
        cluster([{"zone": "a", "cpu": 3}, {"zone": "b", "cpu": 0}], resources=("cpu",)),
        [group("web", start=4, cpu=1, chain=("spread(instanceId)",))],
    )
    values, plans, _ = best(asked)
    assert (values[:3], plans) == ((1, 0, 9), [((3, 0),)])
    assert implied(bare(asked), bind(asked), known(asked, values)) is None


def test_tasks_that_stay_outside_the_buckets_are_not_spread() -> None:
    """One runs on an instance that takes no new tasks; of three new ones all are on the only one with room."""
    rows = [{"zone": zone, "cpu": cpu, "active": zone != "c"} for zone, cpu in (("a", 3), ("b", 0), ("c", 3))]
    web = group("web", start=3, cpu=1, chain=("spread(instanceId)",))
    asked = problem(cluster(rows, resources=("cpu",)), [web], {"web": [0, 0, 1]})
    values, plans, _ = best(asked)
    assert (values[:3], plans) == ((0, 0, 9), [((3, 0, 1),)])
    assert implied(bare(asked), bind(asked), known(asked, values)) is None


def test_what_is_not_proved_implies_nothing() -> None:
    """Nor what comes after it."""
    asked = problem(
        cluster([{"zone": zone, "cpu": 9} for zone in "abc"], resources=("cpu",)),
        [group("web", start=3, cpu=1, chain=(f"spread({ZONE_FIELD})",))],
    )
    values, _, _ = best(asked)
    tiers = known(asked, values)
    narrow = implied(bare(asked), bind(asked), tiers)
    assert narrow is not None and [str(one) for one in narrow.groups[0].constraints] == [f"maxSkew({ZONE_FIELD}, 1)"]
    for k in range(len(values)):
        open_ = [replace(tier, proven=tier.proven and at < k) for at, tier in enumerate(tiers)]
        assert implied(bare(asked), bind(asked), open_) is None


def test_a_strategy_that_takes_an_instance_for_each_task_has_a_proved_price() -> None:
    """Forty tasks of one service on an instance each, where four instances hold everything: 36 more, at once."""
    rows = [{"id": f"i{k:02}", "zone": "abc"[k % 3], "cpu": 100} for k in range(60)]
    groups = [group("web", start=40, cpu=5, chain=("spread(instanceId)",), scheduling=Scheduling.REPLICA)]
    groups += [group(f"s{k}", start=5, cpu=4, scheduling=Scheduling.REPLICA, chain=("random",)) for k in range(10)]
    found = price_rules(
        problem(cluster(rows, resources=("cpu",)), groups), Unit.INSTANCES, limits=Limits(time_limit=30)
    )
    row = found.by_rule["web", "spread(instanceId)"]
    assert (row.price.low, row.price.high) == (36, 36)
    assert found.base.with_it.value == 4
