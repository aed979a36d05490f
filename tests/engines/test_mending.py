"""Plans of the packing engine that break a rule which it does not know (solver.engines.mending)."""

from __future__ import annotations

import random

import numpy as np

from solver.domain.counts import Counts
from solver.domain.problem import Problem
from solver.domain.request import Limits
from solver.engines import packing, placing, portfolio, sequential
from solver.engines.deadline import Deadline
from solver.engines.incumbent import Incumbent
from solver.engines.mending import mend
from solver.rules.bind import bind
from solver.rules.binpack import Opened
from solver.verify import check
from tests.builders import ZONE_FIELD, cluster, group, problem
from tests.oracle import Oracle

CHAIN = ("binpack(cpu)",)
RULES = (
    "memberOf(not(task:group == A))",
    "memberOf(not(task:group == C))",
    "memberOf(runningTasksCount < 2)",
    "antiAffinity(B, instanceId)",
    f"antiAffinity(A, {ZONE_FIELD})",
    "affinity(C, instanceId)",
    f"maxSkew({ZONE_FIELD}, 1)",
    "distinctInstance",
)


def mended(asked: Problem, plan: list[list[int]]) -> Incumbent:
    rules = bind(asked)
    incumbent = Incumbent(rules)
    incumbent.require_sequential(sequential.place(rules, 1, Deadline(10)))
    tier = next(t for t, cost in enumerate(rules.tiers) if isinstance(cost, Opened))
    mend(incumbent, tier, Counts.dense(np.array(plan)), Limits(workers=1, deterministic_limit=0.2), Deadline(10))
    assert not incumbent.rejected
    assert not check(asked, incumbent.tasks)
    return incumbent


def test_tasks_that_must_not_stand_together_change_places() -> None:
    """Both instances hold one task of each; without those of A there is no room for them but on a third one."""
    apart = [
        group("A", 2, rules=["memberOf(not(task:group == B))"], chain=CHAIN, cpu=2),
        group("B", 2, chain=CHAIN, cpu=2),
    ]
    asked = problem(cluster([{"cpu": 4}, {"cpu": 4}, {"cpu": 8}]), apart)
    found = mended(asked, [[1, 1, 0], [1, 1, 0]]).tasks.to_dense()
    assert sorted(map(tuple, found.T.tolist())) == [(0, 0), (0, 2), (2, 0)]


def test_what_cannot_be_mended_on_its_instances_takes_others() -> None:
    """Three tasks that no two of which may share an instance, packed onto two."""
    asked = problem(cluster([{"cpu": 4}] * 5), [group("A", 3, rules=["distinctInstance"], chain=CHAIN, cpu=2)])
    assert (mended(asked, [[2, 1, 0, 0, 0]]).tasks.to_dense() > 0).sum() == 3


def drawn(seed: int) -> tuple[Problem, list[list[int]]]:
    """Four instances, three groups with rules between them, and a plan that keeps none of these."""
    draw = random.Random(f"mending {seed}")
    rows = [{"zone": draw.choice("ab"), "cpu": draw.choice([4, 5, 6])} for _ in range(4)]
    groups = [
        group(
            name,
            draw.randint(1, 2),
            rules=draw.sample(RULES, draw.choice([0, 1, 2])),
            chain=CHAIN,
            cpu=draw.choice([1, 2]),
        )
        for name in "ABC"
    ]
    plan = [[0] * 4 for _ in groups]
    for g, one in enumerate(groups):
        for _ in range(one.start):
            plan[g][draw.randrange(4)] += 1
    return problem(cluster(rows), groups), plan


def test_whatever_the_plan_what_comes_of_it_keeps_every_rule() -> None:
    """Never worse than the sequential plan, never better than the best of all; often the best."""
    best = 0
    for seed in range(40):
        asked, plan = drawn(seed)
        found = mended(asked, plan)
        least = Oracle(asked).best()
        assert least <= found.values <= found.sequential, f"seed {seed}"
        best += found.values[:2] == least[:2]
    assert best > 25


def kept_apart(seed: int, instances: int) -> Problem:
    """Sixty services, a third of them kept apart from another one."""
    draw = random.Random(seed)
    names = [f"s{n}" for n in range(60)]
    groups = [
        group(
            name,
            draw.randint(4, 20),
            rules=[f"memberOf(not(task:group == {names[n - 1]}))"] if n % 3 == 2 else [],
            chain=CHAIN,
            cpu=draw.choice([256, 384, 512, 1024]),
            memory=draw.choice([256, 512, 1024, 2048, 3072]),
        )
        for n, name in enumerate(names)
    ]
    sizes = [{"cpu": 4096, "memory": 8192}, {"cpu": 8192, "memory": 16384}, {"cpu": 4096, "memory": 16384}]
    return problem(cluster([draw.choice(sizes) for _ in range(instances)]), groups)


def begun(asked: Problem) -> Incumbent:
    """As the portfolio hands it to an engine."""
    rules = bind(asked)
    incumbent = Incumbent(rules)
    incumbent.require_sequential(sequential.place(rules, 1, Deadline(30)))
    portfolio.count_bounds(incumbent, Deadline(30))
    return incumbent


def test_a_packing_with_rules_between_groups_is_proved() -> None:
    """On two hundred instances: unmended it takes nine more in six seconds."""
    incumbent = begun(kept_apart(1, 200))
    packing.improve(incumbent, Limits(workers=2), Deadline(40))
    tier = next(t for t, cost in enumerate(incumbent.rules.tiers) if isinstance(cost, Opened))
    assert incumbent.values[tier] == incumbent.bound(tier).value == 64


def test_what_does_not_fit_whole_is_mended_too() -> None:
    """As many tasks as fit of a request that is too large: the plan for that breaks rules, and few tasks are lost by it."""
    incumbent = begun(kept_apart(3, 58))
    placing.improve(incumbent, Limits(workers=2), Deadline(30))
    assert incumbent.values[0] - incumbent.bound(0).value <= 5 < incumbent.sequential[0] - incumbent.bound(0).value
