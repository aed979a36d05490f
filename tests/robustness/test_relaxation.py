"""What an addition costs at least by the relaxation: no mix that holds is cheaper, and counting says less."""

from __future__ import annotations

import itertools
import random
from pathlib import Path

import numpy as np

from datasets import synthetic
from solver.domain.problem import Problem
from solver.domain.request import Scheduling
from solver.engines.deadline import Deadline
from solver.formats import ecs
from solver.robustness.kinds import grown, kinds_for
from solver.robustness.lacking import Lacking, Places
from solver.robustness.loss import Loss, after, losses, lost_tasks
from solver.robustness.relaxation import least_price
from tests.builders import cluster, group, problem
from tests.oracle import Oracle

MOST = 2
"""Instances of a mix that brute force looks at."""


def drawn(seed: int) -> Problem:
    """Four instances in two zones with CPU and memory, which are short on different ones."""
    r = random.Random(seed)
    rows = []
    running: dict[str, list[int]] = {"a": [0] * 4, "b": [0] * 4, "rest": [0] * 4, "more": [0] * 4}
    for i in range(4):
        free = {"cpu": 4, "memory": 4}
        for name, need in (("a", {"cpu": 1, "memory": 1}), ("b", {"cpu": 1, "memory": 2})):
            for _ in range(r.choice([0, 1, 2]) if i % 2 == 0 else 0):
                if all(free[what] >= need[what] for what in need):
                    running[name][i] += 1
                    free = {what: free[what] - need[what] for what in free}
        short = r.choice(["cpu", "memory"])
        taken = r.choice([0, 1, free[short]]) if i % 2 else 0
        running["rest" if short == "cpu" else "more"][i] = taken
        free[short] -= taken
        rows.append({"id": f"i{i}", "zone": "ab"[i % 2], "ecs.instance-type": "t", "cpu": 4, "memory": 4, "free": free})
    groups = [
        group("a", cpu=1, memory=1, scheduling=Scheduling.REPLICA),
        group("b", cpu=1, memory=2, scheduling=Scheduling.REPLICA),
        group("rest", cpu=1),
        group("more", memory=1),
    ]
    return problem(cluster(rows, resources=("cpu", "memory")), groups, running)


def cheapest(base: Problem, loss: Loss) -> int | None:
    """The least price of a mix of at most so many instances that leaves no task without a place."""
    kinds = kinds_for(base, loss, {})
    good = []
    for size in range(MOST + 1):
        for mix in itertools.combinations_with_replacement(range(len(kinds)), size):
            larger = grown(base, kinds, [mix.count(k) for k in range(len(kinds))])
            asked = after(larger, np.append(loss.gone, np.zeros(size, np.bool_)))
            running = asked.running.totals().sum()
            most = max(sum(map(sum, one)) for one in Oracle(asked).plans())
            if most - running == asked.wanted.sum():
                good.append(sum(kinds[k].price for k in mix))
    return min(good, default=None)


def test_no_mix_that_holds_is_cheaper() -> None:
    """Whatever is free where; and it says something in many cases."""
    positive = 0
    for seed in range(30):
        base = drawn(seed)
        loss = losses(base.cluster, "zone")[0]
        kinds = kinds_for(base, loss, {}) if lost_tasks(base, loss.gone).any() else ()
        if not kinds:
            continue
        places = Places.of(base, loss, kinds, 0)
        found = least_price(places, kinds, Deadline(10))
        price = cheapest(base, loss)
        assert price is None or found <= price, seed
        positive += found > 0
    assert positive >= 8


def test_it_says_more_than_counting_where_resources_are_short_in_different_places(tmp_path: Path) -> None:
    """On a cluster of 120 instances of several shapes, for the loss of each zone."""
    synthetic.generate(tmp_path, instances=120, services=24, fill=0.72, seed=3)
    base = ecs.read(tmp_path).problem
    for loss in losses(base.cluster, "zone"):
        kinds = kinds_for(base, loss, {})
        places = Places.of(base, loss, kinds, 0)
        counted = Lacking.of(places, kinds).estimate([0] * len(kinds)) or 0
        assert least_price(places, kinds, Deadline(10)) > counted > 0
