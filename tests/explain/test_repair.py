"""§7.1, §1.4: which tasks a repair may move, and that nothing unverified is offered."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from solver.api import place
from solver.domain.problem import Problem
from solver.domain.request import Limits, RunningTask, Scheduling
from solver.explain.changes import Move, models, moved, with_instance
from tests.explain.planted import HTTP, api, asked, rows, web

LIMITS = Limits(time_limit=10.0, workers=1)


def repairs(request: Problem) -> dict[str, str]:
    (short,) = place(request, LIMITS).shortfalls
    return {repair.kind: repair.change for repair in short.repairs}


def fragmented(scheduling: Scheduling = Scheduling.REPLICA, frozen: tuple[int, ...] = ()) -> Problem:
    """A task of 1,500 beside tasks of 600: on i-0, once its one task of ``api`` has gone to i-2."""
    free = {"cpu": [1900, 2048, 2048], "memory": [1000, 300, 700]}
    shut = np.isin(np.arange(3), frozen)
    groups = [web(memory=1500), api(memory=600, scheduling=scheduling)]
    return asked(rows(3, free=free), groups, {"api": [1, 0, 0]}, frozen=shut)


def test_a_task_of_a_service_moves() -> None:
    """Unprotected RUNNING tasks of REPLICA services are movable."""
    assert repairs(fragmented())["move"] == "move one task of api from i-0 to i-2"


@pytest.mark.parametrize("scheduling", [Scheduling.STANDALONE, Scheduling.DAEMON])
def test_no_other_task_moves(scheduling: Scheduling) -> None:
    """Standalone and DAEMON tasks stay."""
    assert "move" not in repairs(fragmented(scheduling))


@pytest.mark.parametrize("instance", [0, 2])
def test_nothing_moves_from_or_to_a_frozen_instance(instance: int) -> None:
    """On a frozen instance nothing changes."""
    assert "move" not in repairs(fragmented(frozen=(instance,)))


@pytest.mark.parametrize(
    ("task", "named"),
    [
        (RunningTask("arn:task/x1", 1, 0), "move one task of api (x1) from i-0 to i-2"),
        (RunningTask("arn:task/x1", 1, 0, protected=True), None),
        (RunningTask("arn:task/x1", 1, 0, running=False), None),
    ],
)
def test_the_moved_task_is_named_and_may_move(task: RunningTask, named: str | None) -> None:
    """Where tasks are named, a protected one or one that is not RUNNING stays."""
    assert repairs(replace(fragmented(), tasks=(task,))).get("move") == named


def test_a_move_must_not_break_another_rule() -> None:
    """i-2 has the memory but not the attribute that ``api`` is bound to."""
    request = fragmented()
    bound = asked(
        rows(3, free={"cpu": [1900, 2048, 2048], "memory": [1000, 300, 700]}, stack=["prod", "prod", "dev"]),
        [request.groups[0], api(memory=600, rules=["memberOf(attribute:stack == prod)"])],
        {"api": [1, 0, 0]},
    )
    assert "move" not in repairs(bound)


def test_a_move_takes_its_ports_along() -> None:
    """What the moved task held is free where it was, and taken where it goes."""
    request = asked(rows(2, ports=[[HTTP], []]), [web(), api(ports=(HTTP,))], {"api": [1, 0]})
    after = moved(request, Move(1, 0, 1))
    assert after.cluster.used_ports[HTTP].tolist() == [1]
    assert after.running.to_dense().tolist() == [[0, 0], [0, 1]]
    assert (after.cluster.free - request.cluster.free)[1].tolist() == [-100, -500, 0]


def test_a_new_instance_is_empty_and_keeps_the_agents_ports() -> None:
    """Everything is free but what the agent reserves; no task runs there."""
    request = asked(rows(2, ports=[[("tcp", 22), HTTP]] * 2, free={"memory": 10}), [web()])
    grown = with_instance(request, models(request.cluster)[0], "new")
    assert grown.cluster.free[2].tolist() == grown.cluster.capacity[2].tolist()
    assert (2 in grown.cluster.used_ports[("tcp", 22)], 2 in grown.cluster.used_ports[HTTP]) == (True, False)
    assert grown.running.per_instance().tolist() == [0, 0, 0]


def test_the_smallest_kind_of_instance_that_suffices_is_added() -> None:
    """The small one lacks the memory, the large one is more than needed."""
    sizes = [("m5.large", 2048), ("m5.xlarge", 4096), ("m5.2xlarge", 8192)]
    instances = [
        {**row, "ecs.instance-type": name, "memory": memory, "free": {"memory": 100}}
        for row, (name, memory) in zip(rows(3), sizes, strict=True)
    ]
    assert repairs(asked(instances, [web(memory=3000)]))["add"] == (
        "add one m5.xlarge instance in b (2,048 cpu, 4,096 memory, 0 gpu)"
    )


def test_what_no_instance_could_hold_is_not_repaired_by_one_more() -> None:
    """No kind of instance has so much memory: only asking for less helps."""
    assert set(repairs(asked(rows(2), [web(memory=9000)]))) == {"reduce"}
