"""Families evened over a field with few moves (solver.engines.evening)."""

from __future__ import annotations

import random

import numpy as np

from solver.domain.placement import Placement
from solver.domain.problem import Problem
from solver.domain.request import Freedom
from solver.engines.deadline import Deadline
from solver.engines.evening import evened
from solver.rules.bind import bind
from solver.rules.largest_skew import LargestSkew
from solver.verify import check
from tests.builders import ZONE_FIELD, cluster, group, problem


def three_zones(tasks: list[int], room: int, **fields: object) -> Problem:
    """Two instances a zone; all tasks of a zone run on its first one."""
    rows = [{"zone": zone, "cpu": n + room, "free": {"cpu": room}} for zone, n in zip("aabbcc", tasks, strict=True)]
    return problem(
        cluster(rows), [group("web", 0, movable=True, cpu=1, **fields)], {"web": tasks}, freedom=Freedom(max_moves=20)
    )


def test_as_few_tasks_move_as_it_takes_and_nothing_is_opened_for_them() -> None:
    """Seven, two and one: two moves make it five, three and two, and the second instances stay empty."""
    asked = three_zones([7, 0, 2, 0, 1, 0], 4)
    rules = bind(asked)
    found = evened(rules, asked.running, LargestSkew.of(rules, ZONE_FIELD, 3), Deadline(10))
    assert found.to_dense().tolist() == [[5, 0, 3, 0, 2, 0]]


def test_what_finds_no_room_stays() -> None:
    """Every instance is full."""
    asked = three_zones([4, 0, 1, 0, 1, 0], 0)
    rules = bind(asked)
    assert evened(rules, asked.running, LargestSkew.of(rules, ZONE_FIELD, 1), Deadline(10)).same_as(asked.running)


def test_rules_of_what_starts_are_kept() -> None:
    """At random: skews shrink to what is allowed, or as far as there is room; no rule is broken on the way."""
    reached = 0
    for seed in range(40):
        draw = random.Random(f"evening {seed}")
        rows = [{"zone": draw.choice("abc"), "cpu": 8, "free": {"cpu": 8}} for _ in range(8)]
        groups = [
            group(name, 0, movable=True, rules=draw.choice([[], ["maxPerInstance(2)"]]), cpu=draw.choice([1, 2]))
            for name in "AB"
        ]
        running = {name: [0] * 8 for name in "AB"}
        for k in range(10):
            one, i = groups[k % 2], draw.randrange(8)
            if running[one.name][i] < 2 and rows[i]["free"]["cpu"] >= one.demand["cpu"]:
                running[one.name][i] += 1
                rows[i]["free"]["cpu"] -= one.demand["cpu"]
        asked = problem(cluster(rows), groups, running)
        rules = bind(asked)
        cost = LargestSkew.of(rules, ZONE_FIELD, 1)
        found = evened(rules, asked.running, cost, Deadline(10))
        assert not check(asked, found), f"seed {seed}"
        assert np.array_equal(found.totals(), asked.running.totals())
        reached += cost.value(rules.before) > 0 == cost.value(Placement(asked, found))
    assert reached > 10


def test_it_ends_where_tasks_cannot_be_shared_out_evenly() -> None:
    """One task and two zones: to move it only swaps them."""
    asked = three_zones([1, 0, 0, 0, 0, 0], 4)
    rules = bind(asked)
    deadline = Deadline(60)
    assert evened(rules, asked.running, LargestSkew.of(rules, ZONE_FIELD), deadline).same_as(asked.running)
    assert deadline.elapsed() < 30
