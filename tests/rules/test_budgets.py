"""What counting says where moves have a budget (``bound`` and ``least_moves`` of costs), against every plan there is."""

from __future__ import annotations

import random
from collections.abc import Callable

import numpy as np
import pytest

from solver.domain.cluster import INSTANCE_TYPE
from solver.domain.counts import Counts
from solver.domain.problem import Problem
from solver.domain.request import Freedom, Preempt, Scheduling
from solver.engines import portfolio
from solver.engines.deadline import Deadline
from solver.engines.incumbent import Incumbent
from solver.rules.base import Cost
from solver.rules.bind import bind
from solver.rules.binpack import InUse
from solver.rules.bound import Rules
from solver.rules.largest_skew import LargestSkew
from solver.rules.moved import Moved
from solver.rules.running_cost import RunningCost
from solver.rules.unplaced import Preempted, Unplaced
from tests.builders import ZONE_FIELD, cluster, group, problem
from tests.oracle import Oracle

PRICES = {"small": 2, "large": 5}


def drawn(seed: int) -> Problem:
    """Three or four instances with tasks that may move within a budget; some are to stop, start, or must stay."""
    draw = random.Random(f"vacating {seed}")
    size = draw.choice((3, 3, 4))
    rows = [
        {
            "zone": draw.choice("aab"),
            "cpu": 8,
            "free": {"cpu": 8},
            INSTANCE_TYPE: draw.choice(list(PRICES)),
            "unlisted": draw.choice((0, 0, 0, 1)),
        }
        for _ in range(size)
    ]
    daemon = draw.choice(("", "", "B"))
    changes = {name: draw.choice(("", "", "start", "stop")) for name in "AB"}
    groups = [
        group(
            name,
            start=int(changes[name] == "start"),
            stop=int(changes[name] == "stop" and name != daemon),
            movable=name != daemon and draw.random() < 0.8,
            move_cost=draw.choice((1, 1, 2)),
            max_moves=draw.choice((None, None, 1)),
            cpu=draw.choice((1, 2)),
            priority=draw.choice((0, 1)),
            scheduling=Scheduling.DAEMON if name == daemon else Scheduling.REPLICA,
        )
        for name in "AB"
    ]
    running = {one.name: [0] * size for one in groups}
    for k in range(4):
        one, i = groups[k % 2], draw.randrange(size)
        if rows[i]["free"]["cpu"] >= one.demand["cpu"]:
            rows[i]["free"]["cpu"] -= one.demand["cpu"]
            running[one.name][i] += 1
    freedom = Freedom(
        max_moves=draw.choice((None, 0, 1, 2)),
        max_move_cost=draw.choice((None, None, 1, 3)),
        preempt=draw.choice((Preempt.NONE, Preempt.NONE, Preempt.LOWER)),
    )
    return problem(cluster(rows), groups, running, freedom=freedom)


def objective(count: Callable[[Problem], Cost]) -> Callable[[Rules], tuple[Cost, ...]]:
    """Tasks placed, then what instances in use come to, then moves."""

    def tiers(rules: Rules) -> tuple[Cost, ...]:
        first = tuple(cost for cost in rules.tiers if isinstance(cost, Unplaced | Preempted))
        movers = tuple(np.flatnonzero(rules.problem.operation.moving).tolist())
        return (*first, count(rules.problem), Moved(movers))

    return tiers


def even(beyond: int) -> Callable[[Rules], tuple[Cost, ...]]:
    """As a front asks: the skew beyond a limit, instances in use, moves, the skew itself."""

    def tiers(rules: Rules) -> tuple[Cost, ...]:
        *first, in_use, moved = objective(InUse.of)(rules)
        limited = (LargestSkew.of(rules, ZONE_FIELD, beyond),) if beyond else ()
        return (*first, *limited, in_use, moved, LargestSkew.of(rules, ZONE_FIELD))

    return tiers


KINDS = {"in use": (InUse, RunningCost), "moved": Moved, "skew": LargestSkew}

OBJECTIVES = {
    "instances": objective(InUse.of),
    "prices": objective(lambda asked: RunningCost.of(asked, PRICES)),
    "skew": even(0),
    "limited skew": even(1),
}


@pytest.mark.parametrize("name", list(OBJECTIVES))
def test_no_plan_beats_what_counting_says(name: str) -> None:
    """Bounds that counting gives for the best plan, and for the state before, hold for every plan that is as good up to there."""
    met = {"in use": 0, "moved": 0, "skew": 0}
    for seed in range(400):
        asked = drawn(seed)
        rules = bind(asked, OBJECTIVES[name])
        plans = [Counts.dense(np.array(state)) for state in Oracle(asked).plans()]
        incumbent = Incumbent(rules)
        vectors = [incumbent.value(plan) for plan in plans]
        best = plans[vectors.index(min(vectors))]
        for known in (asked.running, best):
            incumbent = Incumbent(rules)
            incumbent.offer(known)
            portfolio.count_bounds(incumbent, Deadline(10))
            for t in range(len(rules.tiers)):
                bound = incumbent.bound(t)
                assert all(v[t] >= bound.value for v in vectors if bound.holds_for(v)), f"seed {seed}, tier {t}"
        for t, cost in enumerate(rules.tiers):
            kind = next((k for k, of in KINDS.items() if isinstance(cost, of)), "")
            if kind:
                met[kind] += 0 < incumbent.bound(t).value == min(vectors)[t]
    assert min(met["in use"], met["moved"]) > 60, met
    assert met["skew"] > 20 or "skew" not in name, met
