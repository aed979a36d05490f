"""Additions under rules that tie instances together, against brute force; and where a loss leaves very many tasks."""

from __future__ import annotations

import itertools
import random
from typing import Any

import numpy as np

from solver.domain.problem import Problem
from solver.domain.request import Limits, Scheduling
from solver.formats.table_cluster import TableCluster
from solver.robustness import Verdict, survey
from solver.robustness.judging import judged
from solver.robustness.kinds import grown, kinds_for
from solver.robustness.loss import Loss, after, losses
from solver.verify import check
from tests.builders import ZONE_FIELD, cluster, group, problem
from tests.oracle import Oracle

LIMITS = Limits(time_limit=20, workers=1)
SIZES = {"small": 2, "large": 4}
SEEDS = (3, 18, 23, 25, 35, 40, 41, 44, 47, 54, 58, 61, 68, 69, 71, 73)
MOST = 2
"""Instances of a mix that brute force looks at."""

RULES = (
    [f"maxSkew({ZONE_FIELD}, 1)"],
    [f"affinity(b, {ZONE_FIELD})"],
    ["affinity(b, instanceId)"],
    ["antiAffinity(b, instanceId)"],
    [f"antiAffinity(b, {ZONE_FIELD})"],
    ["antiAffinity(a, instanceId)"],
    ["distinctInstance"],
    [],
)


def drawn(seed: int) -> Problem:
    """Four instances in two or three zones, two groups with a rule or a port; tasks where there is room for them."""
    r = random.Random(seed)
    zones = r.choice(["abca", "abab", "abcc"])
    kinds = [r.choice(list(SIZES)) for _ in zones]
    one = group("a", cpu=r.choice([1, 2]), rules=r.choice(RULES), scheduling=Scheduling.REPLICA)
    other = group("b", cpu=1, ports=r.choice([(), (("tcp", 80),), (("tcp", 80),)]), scheduling=Scheduling.REPLICA)
    running = {"a": [0] * 4, "b": [0] * 4}
    free = [SIZES[kind] for kind in kinds]
    for _ in range(r.choice([3, 4, 5])):
        who, i = r.choice([one, other]), r.randrange(4)
        if free[i] >= who.demand["cpu"] and not (who.ports and running["b"][i]):
            running[who.name][i] += 1
            free[i] -= who.demand["cpu"]
    rows: list[dict[str, Any]] = []
    for i, (zone, kind) in enumerate(zip(zones, kinds, strict=True)):
        ports = list(other.ports) if running["b"][i] else []
        row = {"id": f"i{i}", "zone": zone, "ecs.instance-type": kind, "cpu": SIZES[kind], "free": {"cpu": free[i]}}
        rows.append({**row, "ports": ports})
    return problem(cluster(rows, resources=("cpu",)), [one, other], running)


def missing(asked: Problem) -> int:
    """Tasks without a place in the best of all plans."""
    oracle = Oracle(asked)
    running = sum(map(sum, oracle.before))
    return int(asked.wanted.sum()) - max(sum(map(sum, one)) - running for one in oracle.plans())


def cheapest(base: Problem, loss: Loss) -> int | None:
    """The least price of a mix of at most so many instances that leaves no task without a place."""
    kinds = kinds_for(base, loss, {})
    good = []
    for size in range(1, MOST + 1):
        for mix in itertools.combinations_with_replacement(range(len(kinds)), size):
            larger = grown(base, kinds, [mix.count(k) for k in range(len(kinds))])
            if not missing(after(larger, np.append(loss.gone, np.zeros(size, np.bool_)))):
                good.append(sum(kinds[k].price for k in mix))
    return min(good, default=None)


def test_an_addition_under_rules_that_tie_instances_together_is_the_cheapest() -> None:
    """``maxSkew``, affinity, anti-affinity and ports: its price is the least of all mixes, and what is missing the fewest."""
    repaired = larger = 0
    for seed in SEEDS:
        base = drawn(seed)
        by_name = {loss.name: loss for loss in losses(base.cluster, "zone")}
        for case in survey(TableCluster(base), limits=LIMITS).cases:
            least = missing(after(base, by_name[case.loss.name].gone))
            assert sum(case.judgement.missing.values()) == least, (seed, case.loss.name)
            assert case.judgement.verdict is (Verdict.FAILS if least else Verdict.HOLDS), (seed, case.loss.name)
            if not least:
                continue
            price = cheapest(base, by_name[case.loss.name])
            if price is None:
                assert case.addition is None or case.addition.size > MOST, (seed, case.loss.name)
                larger += 1
                continue
            assert case.addition is not None, (seed, case.loss.name, case.no_addition)
            assert case.addition.price == price and case.addition.proven, (seed, case.loss.name)
            repaired += 1
    assert repaired >= 12 and larger >= 1


def test_a_loss_that_leaves_very_many_tasks_has_an_addition() -> None:
    """Sixty instances nearly full, in many kinds: what is found holds by the checker, and says how far it may be off."""
    r = random.Random(1)
    rows: list[dict[str, Any]] = []
    running: dict[str, list[int]] = {f"s{k}": [0] * 60 for k in range(12)}
    groups = []
    for k in range(12):
        rules = [f"memberOf(attribute:pool in [p{k % 5}, p{(k + 1) % 5}])"] if k % 3 == 0 else []
        groups.append(group(f"s{k}", cpu=r.choice([150, 230, 310, 470]), rules=rules, scheduling=Scheduling.REPLICA))
    for i in range(60):
        size = r.choice([1_000, 2_000])
        pool, free = f"p{i % 5}", size
        for k in r.sample(range(12), 12):
            need = groups[k].demand["cpu"]
            if free - need >= size // 8 and (not groups[k].constraints or pool in groups[k].constraints[0].argument):
                running[f"s{k}"][i] += 1
                free -= need
        rows.append(
            {"id": f"i{i:02}", "zone": "abc"[i % 3], "ecs.instance-type": f"t{size}", "pool": pool, "cpu": size}
            | {"free": {"cpu": free}}
        )
    base = problem(cluster(rows, resources=("cpu",)), groups, running)
    found = survey(TableCluster(base), limits=Limits(time_limit=2, workers=1))
    assert len(found.of(Verdict.FAILS)) == 3
    for case in found.cases:
        assert sum(case.judgement.missing.values()) >= 20 and case.judgement.at_least > 0
        assert case.addition is not None and case.addition.at_least <= case.addition.price
        assert case.addition.size_at_least <= case.addition.size
        kinds, counts = zip(*case.addition.counts, strict=True)
        gone = np.append(case.loss.gone, np.zeros(case.addition.size, np.bool_))
        again = judged(grown(base, kinds, counts), gone, LIMITS)
        assert again.answer is not None and again.verdict is Verdict.HOLDS
        assert not check(again.answer.problem, again.answer.tasks)
    # Together there is of each kind what the loss that needs most of it needs.
    assert found.together is not None
    labels = {kind.label for case in found.cases if case.addition for kind, _ in case.addition.counts}
    assert {kind.label for kind, _ in found.together.counts} == labels
    assert sum(n for _, n in found.together.counts) >= max(case.addition.size for case in found.cases if case.addition)
