"""Plans that survive: planted cases by hand, what is told of them, and bad input."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from solver.api import place
from solver.domain.counts import Counts
from solver.domain.problem import Problem
from solver.domain.request import Engine, Freedom, Limits, RunningTask, Scheduling
from solver.domain.solution import Status
from solver.errors import InvalidRequest
from solver.robustness import survive
from solver.robustness.witness import Witnesses, missing_after
from tests.builders import cluster, group, problem

LIMITS = Limits(time_limit=20, workers=1)


def zones(size: int = 2, cpu: int = 4, **fields: object) -> list[dict[str, object]]:
    """So many empty instances in each of three zones."""
    return [{"id": f"{zone}{k}", "zone": zone, "cpu": cpu, **fields} for zone in "abc" for k in range(1, size + 1)]


def web(start: int, **fields: object) -> Problem:
    """Tasks of a quarter of an instance on six empty ones, packed."""
    packed = group("web", start, cpu=1, scheduling=Scheduling.REPLICA, chain=["binpack(cpu)"], **fields)
    return problem(cluster(zones(), resources=("cpu",)), [packed])


def test_no_more_is_placed_than_two_zones_hold() -> None:
    """Of 24 places two zones have 16: the rest is not placed, proved, with the losses that one task more would not survive."""
    found = survive(web(20), limits=LIMITS)
    assert found.answer.placed().tolist() == [16] and found.answer.status is Status.OPTIMAL
    assert found.plain.placed().tolist() == [20]
    (short,) = found.answer.shortfalls
    assert short.proven and short.conflict is not None and short.conflict.proven
    assert [member.rpartition(":")[0] for member in short.conflict.members] == [
        f"a place for every task after the loss of zone {zone}" for zone in "abc"
    ]
    assert all("1 task would have none" in member for member in short.conflict.members)


def test_a_plan_that_survives_anyhow_is_the_plain_one() -> None:
    """With its proofs; and the witness of each loss has a place for every task."""
    found = survive(web(16), limits=LIMITS)
    assert found.answer.tasks.same_as(found.plain.tasks) and found.answer.status is Status.OPTIMAL
    lost = {one.loss.value: one.lost for one in found.losses}
    assert sum(lost.values()) == 16 and not any(one.missing for one in found.losses)
    for one in found.losses:
        assert one.witness.totals().tolist() == [16]


def test_every_loss_is_one_that_may_happen_alone() -> None:
    """Room that is kept for the loss of one zone is kept for that of another: two losses at once are not asked for."""
    found = survive(web(16), ("zone", "instance"), limits=LIMITS)
    assert found.answer.complete and len(found.losses) == 3 + 6


def test_a_task_that_one_instance_alone_admits_is_not_placed() -> None:
    """Nothing else has a disk, so that it would have no place after the loss; without the rule it is placed."""
    rows = zones()
    rows[3]["disk"] = "ssd"
    groups = [group("db", 1, cpu=1, rules=["memberOf(attribute:disk == ssd)"]), group("web", 2, cpu=1)]
    asked = problem(cluster(rows, resources=("cpu",)), groups)
    found = survive(asked, limits=LIMITS)
    assert found.answer.placed().tolist() == [0, 2] and found.plain.placed().tolist() == [1, 2]
    (short,) = found.answer.shortfalls
    assert short.group == "db" and short.proven and short.conflict is not None
    assert short.conflict.members == ("a place for every task after the loss of zone b: 1 task would have none",)
    only_web = survive(asked, covered=["web"], limits=LIMITS)
    assert only_web.answer.placed().tolist() == [1, 2]


def test_what_is_broken_may_stay_and_gets_no_worse() -> None:
    """A task without a place is there before: others are placed as long as it remains the only one."""
    rows = zones(1)
    rows[0] |= {"disk": "ssd", "free": {"cpu": 3}}
    groups = [group("db", cpu=1, rules=["memberOf(attribute:disk == ssd)"]), group("web", 9, cpu=1)]
    found = survive(problem(cluster(rows, resources=("cpu",)), groups, {"db": [1, 0, 0]}), limits=LIMITS)
    # Two zones of four hold eight tasks; after the loss of zone b or c the disk's is one of them.
    assert found.answer.placed().tolist() == [0, 7] and found.answer.status is Status.OPTIMAL
    by_zone = {one.loss.value: one for one in found.losses}
    assert by_zone["a"].missing == {"db": 1} and by_zone["a"].allowed == 1
    assert not by_zone["b"].missing and not by_zone["c"].missing
    assert any("zone a is not survived before the operation: 1 task" in said for said in found.answer.warnings)


def test_of_a_loss_that_is_survived_nothing_is_said_of_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where time was short, more tasks seemed to have no place before than have none now."""
    monkeypatch.setattr(Witnesses, "known_allowances", property(lambda self: {0: (9, False)}))
    found = survive(web(16), limits=LIMITS)
    assert not any(one.missing for one in found.losses)
    assert found.answer.warnings == ()


def test_all_or_nothing_that_cannot_survive_is_proved_impossible() -> None:
    """Nothing is placed, and the answer says that nothing can be."""
    found = survive(replace(web(17), all_or_nothing=True), limits=LIMITS)
    assert found.answer.status is Status.INFEASIBLE and not found.answer.started.totals().any()
    assert found.plain.complete


def test_a_rebalance_keeps_survival() -> None:
    """Packing onto two instances of two zones would leave three quarters without a place; it stops where that holds."""
    rows = [{"id": zone, "zone": zone, "cpu": 4, "free": {"cpu": 3}} for zone in "ab"]
    rows += [{"id": "c", "zone": "c", "cpu": 2, "free": {"cpu": 1}}]
    service = group("web", cpu=1, movable=True, scheduling=Scheduling.REPLICA, chain=["binpack(cpu)"])
    db = group("db", cpu=3, scheduling=Scheduling.STANDALONE)
    asked = problem(
        cluster(rows, resources=("cpu",)),
        [service, db],
        {"web": [1, 1, 1], "db": [0, 0, 0]},
        freedom=Freedom(max_moves=3),
    )
    found = survive(asked, limits=LIMITS)
    plain = place(asked, LIMITS)
    for one in found.losses:
        assert not one.missing
    values = [tuple(tier.value for tier in answer.tiers) for answer in (plain, found.answer)]
    assert values[0] <= values[1] <= tuple(tier.sequential for tier in found.answer.tiers)


def test_a_stop_that_was_asked_for_is_not_refused() -> None:
    """Even one that takes from others the task that they must be with after a loss: so much is allowed (§3.1)."""
    rows = [{"id": f"i{k}", "zone": "abc"[k], "cpu": 4, "free": {"cpu": 2}} for k in range(3)]
    lead = group("lead", stop=2, cpu=1)
    follow = group("follow", cpu=1, rules=["affinity(lead, instanceId)"])
    running = {"lead": [1, 1, 1], "follow": [1, 0, 0]}
    tasks = (RunningTask("lead-0", 0, 0, protected=True),)
    asked = problem(cluster(rows, resources=("cpu",)), [lead, follow], running, tasks=tasks)
    found = survive(asked, limits=LIMITS)
    assert found.answer.tasks.totals().tolist() == [1, 1]


def test_the_sequential_engine_keeps_survival_too() -> None:
    """One task at a time, each with a fallback for every loss."""
    found = survive(web(20), limits=replace(LIMITS, engine=Engine.SEQUENTIAL))
    assert found.answer.placed().tolist() == [16] and found.answer.engine == "sequential"


def test_a_search_that_is_cancelled_has_a_plan_that_survives() -> None:
    """If only the one that changes nothing, and it is not called the best."""
    found = survive(web(20), limits=LIMITS, cancelled=lambda: True)
    assert not any(one.missing for one in found.losses)
    assert found.answer.placed().tolist()[0] <= 16


def test_the_check_of_a_witness_refuses_what_is_none() -> None:
    """It must have what the plan has on the instances that are left, and keep every rule; what it lacks is counted."""
    asked = web(4)
    plan = Counts.dense(np.array([[2, 0, 2, 0, 0, 0]]))
    gone = np.array([True, True, False, False, False, False])
    every = np.array([True])

    def missing(*tasks: int) -> int | None:
        return missing_after(asked, plan, gone, every, Counts.dense(np.array([tasks])))

    assert missing(2, 2, 0, 0) == 0
    assert missing(2, 1, 0, 0) == 1
    assert missing(4, 0, 0, 0) == 0
    assert missing(5, 0, 0, 0) is None, "too many for the instance"
    assert missing(1, 3, 0, 0) is None, "what survives moved"
    assert missing(2, 3, 0, 0) is None, "more than there are"


@pytest.mark.parametrize(
    ("lose", "covered", "path"),
    [
        (("rack",), (), "lose[0]"),
        ((), (), "lose"),
        (("zone", "attribute:rack"), (), "lose[1]"),
        (("zone",), ("we",), "covered[0]"),
    ],
)
def test_what_means_nothing_is_refused(lose: tuple[str, ...], covered: tuple[str, ...], path: str) -> None:
    """With what would be right."""
    with pytest.raises(InvalidRequest) as refused:
        survive(web(1), lose, covered=covered, limits=LIMITS)
    assert [fault.path for fault in refused.value.faults] == [path]


def test_a_loss_of_everything_is_refused() -> None:
    """No plan survives the only zone."""
    asked = problem(cluster([{"id": "a", "zone": "a", "cpu": 4}], resources=("cpu",)), [group("web", 1, cpu=1)])
    with pytest.raises(InvalidRequest, match="every instance is lost with zone a"):
        survive(asked, limits=LIMITS)
