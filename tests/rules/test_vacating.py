"""What budgets of moves allow to empty (solver.rules.vacating), against every plan there is."""

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
from solver.rules.moved import Moved
from solver.rules.running_cost import RunningCost
from solver.rules.unplaced import Preempted, Unplaced
from tests.builders import cluster, group, problem
from tests.oracle import Oracle

PRICES = {"small": 2, "large": 5}


def drawn(seed: int) -> Problem:
    """Three or four instances with tasks that may move within a budget; some are to stop, start, or must stay."""
    draw = random.Random(f"vacating {seed}")
    size = draw.choice((3, 3, 4))
    rows = [
        {"cpu": 8, "free": {"cpu": 8}, INSTANCE_TYPE: draw.choice(list(PRICES)), "unlisted": draw.choice((0, 0, 0, 1))}
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


COUNTS: dict[str, Callable[[Problem], Cost]] = {
    "instances": InUse.of,
    "prices": lambda asked: RunningCost.of(asked, PRICES),
}


@pytest.mark.parametrize("count", list(COUNTS))
def test_no_plan_beats_what_counting_says(count: str) -> None:
    """Bounds that counting gives for the best plan, and for the state before, hold for every plan that is as good up to there."""
    met = [0, 0]
    for seed in range(400):
        asked = drawn(seed)
        rules = bind(asked, objective(COUNTS[count]))
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
        for k in (1, 2):
            met[k - 1] += 0 < incumbent.bound(len(rules.tiers) - 3 + k).value == min(vectors)[-3 + k]
    assert min(met) > 60, met
