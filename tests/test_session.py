"""Sessions: what was found for one request begins the next, and nothing of it is believed unchecked."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from benchmarks.workloads import packing_problem
from solver import Answer, Limits, Problem, Scheduling, Session, check, place
from solver.domain.counts import Counts
from solver.engines.memory import Memory
from solver.engines.patterns.master import Master
from tests.builders import ZONE_FIELD, cluster, group, problem, random_change, random_problem

LIMITS = Limits(time_limit=10, workers=1)
OPENED = "2/binpack/instances"


def churned(asked: Problem, seed: int) -> Problem:
    """The same request with other numbers of tasks, and less free on one instance."""
    draw = random.Random(seed)
    groups = tuple(replace(one, start=max(one.start + draw.choice([-1, 0, 0, 1]), 0)) for one in asked.groups)
    free = asked.cluster.free.copy()
    instance = draw.randrange(len(free))
    free[instance] = np.minimum(free[instance], free[instance] - draw.randint(0, 2))
    return replace(asked, cluster=replace(asked.cluster, free=free), groups=groups)


@pytest.mark.parametrize("build", [random_problem, random_change])
def test_an_answer_from_what_was_remembered_is_as_good_as_one_from_nothing(build: Callable[[int], Problem]) -> None:
    """Tier by tier where both are proved; and it keeps every rule though the cluster has changed meanwhile."""
    proved = 0
    for seed in range(60):
        session, first = Session(), build(seed)
        session.place(first, LIMITS, explain=False)
        asked = churned(first, seed) if build is random_problem else first
        warm, cold = session.place(asked, LIMITS, explain=False), place(asked, LIMITS, explain=False)
        assert not check(asked, warm.tasks)
        if all(tier.proven for tier in (*warm.tiers, *cold.tiers)):
            proved += 1
            assert [tier.value for tier in warm.tiers] == [tier.value for tier in cold.tiers], f"seed {seed}"
    assert proved > 40


def test_groups_and_instances_are_known_by_name() -> None:
    """In another order, with some gone and others new."""
    rows = [{"id": name, "cpu": 9} for name in ("i1", "i2", "i3")]
    before = problem(cluster(rows), [group(name, 1, cpu=1) for name in "ABC"])
    memory = Memory(before, Counts.dense(np.array([[1, 2, 3], [4, 5, 6], [7, 8, 9]])))
    rows = [{"id": name, "cpu": 9} for name in ("i4", "i3", "i1")]
    after = problem(cluster(rows), [group(name, 1, cpu=1) for name in "CDA"])
    assert memory.tasks_in(after).to_dense().tolist() == [[0, 9, 7], [0, 0, 0], [0, 3, 1]]


def opened(answer: Answer) -> tuple[int, int, bool]:
    """Of the tier that counts instances opened."""
    (tier,) = (tier for tier in answer.tiers if tier.name == OPENED)
    return tier.value, tier.bound, tier.proven


def test_the_same_question_again_is_proved_without_a_linear_program(monkeypatch: pytest.MonkeyPatch) -> None:
    """The plan is there, and the prices that proved it are counted anew."""
    session, asked = Session(), packing_problem(200, 100, 1)
    first = opened(session.place(asked, LIMITS, explain=False))
    assert first[2]

    def refuse(*_: object) -> None:
        raise RuntimeError("no linear program is needed")

    monkeypatch.setattr(Master, "relax", refuse)
    monkeypatch.setattr("solver.engines.exact.improve", lambda *_: None)
    assert opened(session.place(asked, LIMITS, explain=False)) == first
    session.forget()
    with pytest.raises(RuntimeError):
        session.place(asked, LIMITS, explain=False)


def test_prices_of_another_cluster_prove_nothing_wrong() -> None:
    """Other instances, other zones, other sizes: what is remembered is of no use, and the answer as if it were not there."""
    session = Session()
    session.place(packing_problem(200, 100, 1), LIMITS, explain=False)
    for tasks, instances, seed in ((150, 100, 2), (200, 130, 3)):
        asked = packing_problem(tasks, instances, seed)
        warm, cold = session.place(asked, LIMITS, explain=False), place(asked, LIMITS, explain=False)
        assert opened(warm)[1] <= opened(cold)[0] and opened(cold)[1] <= opened(warm)[0]
        assert not check(asked, warm.tasks)


def test_a_plan_that_no_longer_holds_is_dropped_without_a_word() -> None:
    """More tasks than are wanted now, where tasks may stop; and too uneven since a zone is full."""
    rows = [{"id": "i1", "cpu": 9, "free": {"cpu": 8}}]
    movable = group("A", 3, cpu=1, scheduling=Scheduling.REPLICA, movable=True, chain=["binpack(cpu)"])
    moving = problem(cluster(rows), [movable], {"A": [1]})
    zones = [{"id": zone, "zone": zone, "cpu": 2} for zone in "ab"]
    even = problem(cluster(zones), [group("A", 4, cpu=1, chain=["random"], rules=[f"maxSkew({ZONE_FIELD}, 1)"])])
    full = even.cluster.free.copy()
    full[0, 0] = 0
    changed = (
        (moving, replace(moving, groups=(replace(movable, start=1),))),
        (even, replace(even, cluster=replace(even.cluster, free=full))),
    )
    for before, after in changed:
        session = Session()
        session.place(before, LIMITS, explain=False)
        answer = session.place(after, LIMITS, explain=False)
        assert not any("refused" in warning for warning in answer.warnings)
        assert [tier.value for tier in answer.tiers] == [tier.value for tier in place(after, LIMITS).tiers]
