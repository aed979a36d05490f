"""The pattern engine on requests whose families may use some of the zones only: its bound and its plans, against brute force."""

from __future__ import annotations

import random
from itertools import combinations

import pytest

from solver.domain.counts import Counts
from solver.domain.problem import Problem
from solver.domain.request import Limits
from solver.engines import packing, portfolio, sequential
from solver.engines.deadline import Deadline
from solver.engines.incumbent import Incumbent
from solver.engines.kernels import compiled
from solver.rules.bind import bind
from tests.builders import ZONE_FIELD, cluster, group, problem
from tests.oracle import Oracle

CHAIN = (f"spread({ZONE_FIELD})", "binpack(cpu)")


def two_zones(seed: int) -> Problem:
    """Six instances in three zones; one service may use two of the zones, the other all."""
    draw = random.Random(seed)
    rows = [{"zone": "abc"[i % 3], "cpu": draw.choice([6, 8, 12])} for i in range(6)]
    allowed = draw.choice(["a, b", "b, c", "a, c"])
    some = group("some", draw.randint(1, 3), rules=[f"memberOf({ZONE_FIELD} in [{allowed}])"], chain=CHAIN, cpu=3)
    return problem(
        cluster(rows), [some, group("every", draw.randint(1, 3), chain=CHAIN, cpu=draw.choice([2, 4, 5]))], {}
    )


def three_resources(groups: int) -> Problem:
    """As many sizes as tasks, on equal instances."""
    draw = random.Random(1)
    rows = [{"cpu": 1_000, "memory": 1_000, "gpu": 1_000} for _ in range(groups)]
    sizes = [
        group(
            f"g{n}", 1, chain=("binpack(cpu)",), **{name: draw.randint(100, 700) for name in ("cpu", "memory", "gpu")}
        )
        for n in range(groups)
    ]
    return problem(cluster(rows, resources=("cpu", "memory", "gpu")), sizes, {})


def test_what_is_not_compiled_is_said_where_it_would_have_served_better(monkeypatch: pytest.MonkeyPatch) -> None:
    """More sums of demands than a table holds: the plan is then one of tables over a coarser grid."""
    asked = three_resources(20)
    assert portfolio.UNCOMPILED not in portfolio.run(bind(asked), Limits(time_limit=20, workers=1)).remarks
    monkeypatch.setattr(compiled, "ready", lambda kernels, seconds: False)
    run = portfolio.run(bind(asked), Limits(time_limit=5, workers=1))
    assert portfolio.UNCOMPILED in run.remarks


def test_families_of_some_zones_are_packed_as_brute_force_does() -> None:
    """The bound of each is that of the best plan, and where all is placed at first the plan meets it."""
    met = 0
    for seed in range(16):
        rules = bind(two_zones(seed))
        incumbent = Incumbent(rules)
        incumbent.require_sequential(sequential.place(rules, seed, Deadline(10)))
        portfolio.count_bounds(incumbent, Deadline(10))
        tier = [cost.name for cost in rules.tiers].index("2/binpack/instances")
        packing.improve(incumbent, Limits(workers=1), Deadline(10))
        best = Oracle(rules.problem).best()
        if incumbent.values[:tier] == best[:tier]:
            assert incumbent.bound(tier).value <= best[tier] <= incumbent.values[tier], f"seed {seed}"
            met += incumbent.bound(tier).value == incumbent.values[tier]
    assert met >= 10


def begun(asked: Problem) -> Incumbent:
    """As the portfolio hands it to the engine."""
    incumbent = Incumbent(bind(asked))
    incumbent.require_sequential(sequential.place(incumbent.rules, 1, Deadline(10)))
    portfolio.count_bounds(incumbent, Deadline(10))
    return incumbent


def test_the_search_ends_in_time_to_hand_over_what_it_found() -> None:
    """Where that takes longer than there is left nothing is searched, and the answer says that time ran out."""
    incumbent = begun(three_resources(20))
    incumbent.check_seconds = 5.0
    packing.improve(incumbent, Limits(workers=1), Deadline(5.0))
    assert incumbent.cut_short
    assert incumbent.patterns is None
    incumbent.check_seconds = 0.0
    packing.improve(incumbent, Limits(workers=1), Deadline(20.0))
    assert incumbent.patterns is not None


def test_every_plan_is_handed_over_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """And not the plan that the search was given."""
    incumbent = begun(three_resources(20))
    offered = [incumbent.tasks]
    offer = Incumbent.offer

    def noted(incumbent: Incumbent, tasks: Counts, *, of_all_rules: bool = True) -> bool:
        offered.append(tasks)
        return offer(incumbent, tasks, of_all_rules=of_all_rules)

    monkeypatch.setattr(Incumbent, "offer", noted)
    packing.improve(incumbent, Limits(workers=1), Deadline(20.0))
    assert len(offered) > 1
    assert not any(one.same_as(other) for one, other in combinations(offered, 2))
