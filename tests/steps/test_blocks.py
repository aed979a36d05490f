"""Waves and blocks by hand: the worked examples that are about order, swaps, cycles and what unblocks them (§9.2)."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from solver.domain.counts import Counts
from solver.domain.problem import Problem
from solver.domain.request import Freedom, RunningTask, Scheduling, TaskGroup
from solver.domain.steps import Action, Steps
from solver.rules.bind import bind
from solver.simulate import simulate
from solver.steps import steps_of
from tests.builders import ZONE_FIELD, cluster, group, problem


def ordered(asked: Problem, after: Sequence[Sequence[int]]) -> Steps:
    """The steps of a plan, replayed in several orders."""
    tasks, rules = Counts.dense(np.array(after)), bind(asked)
    steps = steps_of(asked, rules, tasks, 60)
    for seed in range(8):
        assert not simulate(asked, tasks, steps.actions, seed, rules, whole=steps.block is None)
    return steps


def service(name: str, least: int | None = 100, most: int | None = 200, **fields: Any) -> TaskGroup:
    """A service that runs tasks of 4 CPU units."""
    fields = {"cpu": 4, "movable": "stop" not in fields and "start" not in fields, **fields}
    percentages = {"minimum_healthy_percent": least, "maximum_percent": most}
    return group(name, fields.pop("start", 0), scheduling=Scheduling.REPLICA, **percentages, **fields)


def full(*free: int) -> list[dict[str, Any]]:
    """Instances with one task of 4 CPU units each, and so much free besides; negative: no task, and 4 free."""
    return [{"cpu": 4} if amount < 0 else {"cpu": 4 + amount, "free": {"cpu": amount}} for amount in free]


def waves(steps: Steps) -> list[dict[str, int]]:
    """How many tasks of each group start and stop in each wave."""
    found: list[dict[str, int]] = [{} for _ in range(steps.waves)]
    for action in steps.actions:
        for kind, wave in (("start", action.starts_in), ("stop", action.stops_in)):
            if action.kind in (kind, "move"):
                key = f"{kind} {action.group}"
                found[wave - 1][key] = found[wave - 1].get(key, 0) + 1
    return found


def test_only_starts_are_one_wave() -> None:
    """A plan that stops nothing needs no order."""
    asked = problem(cluster([{}, {}]), [group("A", 3, cpu=1)])
    steps = ordered(asked, [[2, 1]])
    assert steps.waves == 1 and steps.block is None and steps.fewest
    assert [(a.kind, a.instance, a.step) for a in steps.actions] == [
        ("start", "i1", 1),
        ("start", "i1", 1),
        ("start", "i2", 1),
    ]
    assert steps_of(asked, bind(asked), asked.running) == Steps((), 0, None, True)


def rollout(desired: int, least: int, most: int, **fields: Any) -> Steps:
    """The steps of a new revision on one instance with room enough."""
    asked = problem(
        cluster([{}]),
        [
            service("old", least, most, family="s", stop=desired, **fields),
            service("new", least, most, family="s", start=desired, **fields),
        ],
        {"old": [desired]},
    )
    return ordered(asked, [[0], [desired]])


def test_half_may_stop_first() -> None:
    """Example 32: desired 4, minimum 50: at least 2, so 2 may stop first (with a maximum of 100, they must)."""
    steps = rollout(4, 50, 100)
    assert waves(steps) == [{"stop old": 2}, {"start new": 2}, {"stop old": 2}, {"start new": 2}]
    assert steps.fewest


def test_none_may_stop_where_the_minimum_rounds_up() -> None:
    """Example 33: desired 2, minimum 75: ceil(1.5) = 2, so none may stop first; with a maximum of 100 nothing can happen."""
    steps = rollout(2, 75, 100)
    assert steps.waves == 0 and steps.block is not None and steps.block.proven
    assert steps.block.remedies == (
        "s: minimumHealthyPercent 50 instead of 75",
        "s: maximumPercent 150 instead of 100",
    )


@pytest.mark.parametrize(("desired", "most", "first"), [(4, 200, 4), (3, 134, 1), (3, 133, 0)])
def test_the_maximum_rounds_down(desired: int, most: int, first: int) -> None:
    """Example 34: desired 4, maximum 200: 8 tasks at most; desired 3, maximum 133: floor(3.99) = 3, none can start."""
    steps = rollout(desired, 100, most)
    if first:
        assert waves(steps)[0] == {"start new": first} and steps.block is None
    else:
        assert steps.waves == 0 and steps.block is not None
        assert "s: maximumPercent 134 instead of 133" in steps.block.remedies


def test_a_revision_cannot_replace_another_on_distinct_instances_at_full_strength() -> None:
    """Example 12: three hosts, distinctInstance, minimum 100: no start and no stop is possible."""
    groups = [
        service(n, family="s", rules=["distinctInstance"], **k)
        for n, k in (("old", {"stop": 3}), ("new", {"start": 3}))
    ]
    steps = ordered(problem(cluster([{}] * 3), groups, {"old": [1, 1, 1]}), [[0, 0, 0], [1, 1, 1]])
    block = steps.block
    assert steps.waves == 0 and block is not None and block.proven
    assert {(w.kind, w.group, w.rule) for w in block.waiting} == {
        ("start", "new", "distinctInstance"),
        ("stop", "old", "minimumHealthyPercent"),
    }
    assert str(block.waiting[0]) == "start of new on i1 waits for stop of old on i1 (distinctInstance)"
    assert block.remedies == ("s: minimumHealthyPercent 66 instead of 100",)


def test_draining_at_exactly_full_strength_is_stuck() -> None:
    """Example 40: minimum = maximum = 100: the PENDING task stops at once, the RUNNING ones stay, the standalone one, too."""
    tasks = (RunningTask("pending", 0, 0, running=False), RunningTask("r1", 0, 0), RunningTask("r2", 0, 0))
    asked = problem(
        cluster([{}, {}]),
        [service("s", 100, 100, movable=False), group("job", cpu=1)],
        {"s": [3, 0], "job": [1, 0]},
        tasks=tasks,
        drained=np.array([True, False]),
    )
    steps = ordered(asked, [[0, 3], [1, 0]])
    assert [(a.kind, a.task) for a in steps.actions] == [("move", "pending")]
    assert steps.block is not None and steps.block.proven
    assert {name for w in steps.block.waiting for name in w.tasks} == {"r1", "r2"}
    assert "s: maximumPercent 134 instead of 100" in steps.block.remedies
    assert "s: minimumHealthyPercent 66 instead of 100" in steps.block.remedies


def test_a_move_starts_first_where_there_is_room() -> None:
    """Start in one wave, stop in the next; without percentages both are one wave."""
    for least, most, expected in (
        (100, 200, [{"start A": 1}, {"stop A": 1}]),
        (None, None, [{"start A": 1, "stop A": 1}]),
    ):
        steps = ordered(problem(cluster(full(0, -1)), [service("A", least, most)], {"A": [1, 0]}), [[0, 1]])
        assert waves(steps) == expected and steps.fewest
        assert [(a.kind, a.from_instance, a.instance, a.step) for a in steps.actions] == [
            ("move", "i1", "i2", len(expected))
        ]


def test_starts_wait_for_stops_only_where_they_must() -> None:
    """A chain of moves goes from its free end."""
    groups = [service(name) for name in "ABC"]
    running = {"A": [1, 0, 0, 0], "B": [0, 1, 0, 0], "C": [0, 0, 1, 0]}
    steps = ordered(problem(cluster(full(0, 0, 0, -1)), groups, running), [[0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]])
    assert waves(steps) == [{f"{kind} {name}": 1} for name in "CBA" for kind in ("start", "stop")]
    assert steps.fewest


FREE = Freedom()


def swap(freedom: Freedom = FREE, third: bool = True, **fields: Any) -> Steps:
    """Two services that exchange their full instances; perhaps a third one is empty."""
    rows = full(0, 0, -1) if third else full(0, 0)
    rest = [0] * third
    tasks = (RunningTask("a", 0, 0), RunningTask("b", 1, 1))
    running = {"A": [1, 0, *rest], "B": [0, 1, *rest]}
    asked = problem(
        cluster(rows), [service("A", **fields), service("B", **fields)], running, freedom=freedom, tasks=tasks
    )
    return ordered(asked, [[0, 1, *rest], [1, 0, *rest]])


def test_a_cycle_is_broken_by_a_third_instance() -> None:
    """One task more moves twice: first by name, then as the task that took its place."""
    steps = swap()
    assert steps.block is None
    assert steps.actions == (
        Action("move", "A", "a", "i3", "i1", 2, 1, 2),
        Action("move", "B", "b", "i1", "i2", 4, 3, 4),
        Action("move", "A", "", "i2", "i3", 6, 5, 6),
    )


@pytest.mark.parametrize(
    ("freedom", "fields"),
    [
        (Freedom(max_moves=2), {}),
        (Freedom(max_move_cost=2), {}),
        (Freedom(), {"max_moves": 1}),
        (Freedom(max_move_cost=8), {"move_cost": 3}),
    ],
)
def test_a_budget_of_moves_may_forbid_the_third_instance(freedom: Freedom, fields: Mapping[str, Any]) -> None:
    """Then the plan says which tasks block each other, and that one more move would do."""
    steps = swap(freedom, **fields)
    assert steps.waves == 0 and steps.block is not None
    assert "1 more move: A from i1 by way of i3" in steps.block.remedies
    assert [str(waiting) for waiting in steps.block.waiting] == [
        "start of A on i2 waits for stop of B on i2 (cpu)",
        "start of B on i1 waits for stop of A on i1 (cpu)",
        "stop of A on i1 waits for start of A on i2 (minimumHealthyPercent)",
        "stop of B on i2 waits for start of B on i1 (minimumHealthyPercent)",
    ]
    assert [waiting.tasks for waiting in steps.block.waiting] == [(), (), ("a",), ("b",)]


def test_a_cycle_without_a_third_instance_names_what_would_unblock_it() -> None:
    """Room for one task, or a lower minimum; each was tried."""
    steps = swap(third=False)
    assert steps.block is not None and steps.block.proven
    assert steps.block.remedies == (
        "A: minimumHealthyPercent 0 instead of 100",
        "B: minimumHealthyPercent 0 instead of 100",
        "room for one more A on i2",
    )


def test_a_cycle_is_broken_by_stopping_first_where_the_minimum_allows() -> None:
    """No third instance is needed, and both stop at once."""
    steps = swap(third=False, least=0)
    assert waves(steps) == [{"stop A": 1, "stop B": 1}, {"start A": 1, "start B": 1}]


def test_what_can_be_carried_out_is() -> None:
    """A cycle does not hold up the rest of the plan."""
    running = {"A": [1, 0, 0, 0], "B": [0, 1, 0, 0], "C": [0, 0, 1, 0]}
    asked = problem(
        cluster(full(0, 0, 0, -1)), [service(name) for name in "ABC"], running, freedom=Freedom(max_moves=3)
    )
    steps = ordered(asked, [[0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 1]])
    assert [(a.group, a.instance, a.step) for a in steps.actions] == [("C", "i4", 2)]
    assert steps.block is not None and {w.group for w in steps.block.waiting} == {"A", "B"}


def test_a_skew_holds_on_the_way() -> None:
    """Two tasks of one zone cannot both arrive before both leave."""
    asked = problem(
        cluster([{"zone": "a"}, {"zone": "a"}, {"zone": "b"}]),
        [group("A", rules=[f"maxSkew({ZONE_FIELD}, 1)"], cpu=1, movable=True)],
        {"A": [2, 0, 2]},
    )
    steps = ordered(asked, [[0, 2, 2]])
    assert steps.block is None and steps.waves >= 2 and steps.fewest


def test_a_start_that_an_expression_allows_now_comes_before_what_would_refuse_it() -> None:
    """An expression is asked at the moment of the start (§3.2): afterwards the other task may go, and another come."""
    asked = problem(
        cluster([{}]),
        [
            group("A", 1, rules=["memberOf(runningTasksCount == 1)"], cpu=1),
            group("B", stop=1, cpu=1),
            group("C", 1, cpu=1),
        ],
        {"B": [1]},
    )
    steps = ordered(asked, [[1], [0], [1]])
    assert waves(steps) == [{"start A": 1}, {"stop B": 1, "start C": 1}] and steps.fewest


@pytest.mark.parametrize("seed", range(12))
def test_random_permutations_need_one_more_move_a_cycle(seed: int) -> None:
    """Services of one task on full instances change places; one instance is empty."""
    r = random.Random(seed)
    size = r.randint(3, 6)
    target = r.sample(range(size), size)
    names = [f"s{k}" for k in range(size)]
    running = {name: [int(i == k) for i in range(size + 1)] for k, name in enumerate(names)}
    asked = problem(cluster(full(*[0] * size, -1)), [service(name) for name in names], running)
    steps = ordered(asked, [[int(i == target[k]) for i in range(size + 1)] for k in range(size)])
    assert steps.block is None
    moved = sum(target[k] != k for k in range(size))
    assert len(steps.actions) == moved + cycles(target)


def cycles(target: list[int]) -> int:
    """Cycles of more than one."""
    seen: set[int] = set()
    found = 0
    for k in range(len(target)):
        length = 0
        while k not in seen:
            seen.add(k)
            k, length = target[k], length + 1
        found += length > 1
    return found
