"""What a survey of losses says: the planted weakness, its repair, moves, daemons, and bad input."""

from __future__ import annotations

from typing import Any

import pytest

from solver.domain.request import Engine, Limits, Scheduling
from solver.errors import InvalidRequest
from solver.formats.table_cluster import TableCluster
from solver.robustness import Verdict, survey
from solver.robustness.judging import judged
from solver.robustness.loss import losses
from tests.builders import cluster, group, problem

LIMITS = Limits(time_limit=20, workers=1)
ZONE = "attribute:ecs.availability-zone"


def racks(**of_b2: Any) -> TableCluster:
    """Twelve instances in three zones and four racks, a web task of half an instance on each; ``of_b2`` changes one instance."""
    rows = [
        {
            "id": f"{zone}{k}",
            "zone": zone,
            "rack": f"r{k % 4}",
            "ecs.instance-type": "large",
            "cpu": 1_000,
            "free": {"cpu": 500},
        }
        for zone in "abc"
        for k in range(1, 5)
    ]
    for row in rows:
        if row["id"] == "b2":
            row.update(of_b2)
    groups = [
        group("web", cpu=500, memory=0, scheduling=Scheduling.REPLICA),
        group("db", cpu=500, memory=0, rules=["memberOf(attribute:disk == ssd)"]),
    ]
    return TableCluster(problem(cluster(rows), groups, {"web": [1] * 12}))


def test_a_cluster_with_room_survives_every_zone_and_rack() -> None:
    """Half of it is free, and a third is lost at most."""
    found = survey(racks(), ("zone", "attribute:rack", "instance"), limits=LIMITS)
    assert found.holds and len(found.cases) == 3 + 4 + 12 and found.together is None
    assert {case.lost for case in found.cases} == {4, 3, 1}


def test_the_planted_weakness_is_found_and_its_repair_holds() -> None:
    """One task that only one instance admits: its zone, rack and itself fail, and an instance like it repairs each."""
    weak = racks(disk="ssd", free={"cpu": 0})
    base = weak.problem
    planted = problem(base.cluster, base.groups, {"web": [1] * 12, "db": [int(k == 5) for k in range(12)]})
    found = survey(TableCluster(planted), ("zone", "attribute:rack", "instance"), limits=LIMITS)
    failing = {case.loss.name: case for case in found.of(Verdict.FAILS)}
    assert set(failing) == {"zone b", "rack r2", "instance b2"} and not found.of(Verdict.UNDECIDED)
    for case in failing.values():
        assert case.judgement.missing == {"db": 1} and case.judgement.proven
        assert case.addition is not None and case.addition.size == 1 and case.addition.proven
        ((kind, _),) = case.addition.counts
        assert kind.attributes["disk"] == "ssd"
    repair = failing["zone b"].addition
    assert repair is not None
    (zone_kind, _) = repair.counts[0]
    assert zone_kind.zone in ("a", "c")
    assert found.together is not None and found.together.unrepaired == ()


def test_a_task_that_its_rule_ties_to_the_lost_zone_has_no_addition() -> None:
    """Nothing elsewhere is in the zone, whatever is added."""
    rows = [{"id": zone, "zone": zone, "cpu": 1_000, "free": {"cpu": 500}} for zone in "ab"]
    tied = group("web", cpu=500, memory=0, rules=[f"memberOf({ZONE} == a)"])
    found = survey(TableCluster(problem(cluster(rows), [tied], {"web": [1, 0]})), limits=LIMITS)
    (case,) = found.of(Verdict.FAILS)
    assert case.loss.name == "zone a" and case.addition is None and "no kind of instance" in case.no_addition


def test_a_move_makes_room_only_within_its_budget() -> None:
    """What is left has two halves on two instances; a whole one fits once a small task moves."""
    rows = [
        {"id": "a1", "zone": "a", "cpu": 1_000, "free": {"cpu": 0}},
        {"id": "b1", "zone": "b", "cpu": 1_000, "free": {"cpu": 500}},
        {"id": "b2", "zone": "b", "cpu": 1_000, "free": {"cpu": 500}},
    ]
    groups = [
        group("big", cpu=1_000, memory=0, scheduling=Scheduling.REPLICA),
        group("small", cpu=500, memory=0, scheduling=Scheduling.REPLICA),
    ]
    weak = TableCluster(problem(cluster(rows), groups, {"big": [1, 0, 0], "small": [0, 1, 1]}))
    stays = survey(weak, limits=LIMITS, repair=False)
    moves = survey(weak, limits=LIMITS, max_moves=1, repair=False)
    assert [case.judgement.verdict for case in stays.cases] == [Verdict.FAILS, Verdict.FAILS]
    (a, _) = moves.cases
    assert a.judgement.verdict is Verdict.HOLDS and a.judgement.moved == 1


def test_daemons_go_with_their_instance() -> None:
    """They are wanted nowhere else, and what they take on the others stays theirs."""
    rows = [{"id": zone, "zone": zone, "cpu": 1_000, "free": {"cpu": 900}} for zone in "ab"]
    agent = group("agent", cpu=100, memory=0, scheduling=Scheduling.DAEMON)
    found = survey(TableCluster(problem(cluster(rows), [agent], {"agent": [1, 1]})), limits=LIMITS)
    assert found.holds and [case.lost for case in found.cases] == [0, 0]


def test_the_only_zone_is_no_survivable_loss() -> None:
    """Everything is missing, and no addition elsewhere is known."""
    rows = [{"id": "a1", "zone": "a", "cpu": 1_000, "free": {"cpu": 500}}]
    found = survey(TableCluster(problem(cluster(rows), [group("web", cpu=500, memory=0)], {"web": [1]})), limits=LIMITS)
    (case,) = found.cases
    assert case.judgement.verdict is Verdict.FAILS and case.judgement.missing == {"web": 1}
    assert case.addition is None and "no instance is left" in case.no_addition


def test_what_is_not_found_is_not_called_impossible() -> None:
    """The sequential engine places big tasks last and proves nothing by search: what counting leaves open is undecided."""
    rows = [
        {"id": "a1", "zone": "a", "cpu": 14, "free": {"cpu": 0}},
        {"id": "b1", "zone": "b", "cpu": 7, "free": {"cpu": 7}},
        {"id": "b2", "zone": "b", "cpu": 7, "free": {"cpu": 7}},
    ]
    groups = [group("two", cpu=2, memory=0), group("three", cpu=3, memory=0), group("five", cpu=5, memory=0)]
    running = {"two": [2, 0, 0], "three": [0, 0, 0], "five": [2, 0, 0]}
    weak = TableCluster(problem(cluster(rows), groups, running))
    quick = survey(weak, limits=Limits(time_limit=5, engine=Engine.SEQUENTIAL), repair=False).cases[0].judgement
    exact = survey(weak, limits=LIMITS, repair=False).cases[0].judgement
    assert exact.verdict is Verdict.HOLDS
    assert quick.verdict in (Verdict.HOLDS, Verdict.UNDECIDED)


def packed_bins() -> TableCluster:
    """What is lost fits the three instances that are left in one way alone: 6 + 4, 5 + 5 and 4 + 3 + 3."""
    rows: list[dict[str, Any]] = [{"id": "a1", "zone": "a", "cpu": 30, "free": {"cpu": 0}}]
    rows += [{"id": f"b{k}", "zone": "b", "cpu": 10, "free": {"cpu": 10}} for k in range(3)]
    sizes = {"three": 3, "four": 4, "five": 5, "six": 6}
    groups = [group(name, cpu=cpu, memory=0) for name, cpu in sizes.items()]
    counts = {"three": 2, "four": 2, "five": 2, "six": 1}
    return TableCluster(problem(cluster(rows), groups, {name: [n, 0, 0, 0] for name, n in counts.items()}))


def test_undecided_is_an_answer() -> None:
    """Small tasks first leave the large ones no place, and counting rules nothing out: neither a plan nor a proof."""
    weak = packed_bins()
    found = survey(weak, limits=Limits(time_limit=5, engine=Engine.SEQUENTIAL), repair=False)
    (lost, empty) = found.cases
    assert lost.judgement.verdict is Verdict.UNDECIDED and not found.holds and found.whole
    assert lost.judgement.missing and lost.judgement.at_least == 0 and not lost.judgement.proven
    assert empty.judgement.verdict is Verdict.HOLDS
    assert survey(weak, limits=LIMITS, repair=False).holds


def test_a_search_that_is_cancelled_is_undecided() -> None:
    """What was placed by then is told, and nothing is claimed of the rest."""
    weak = packed_bins().problem
    judgement = judged(weak, losses(weak.cluster, "zone")[0].gone, LIMITS, cancelled=lambda: True)
    assert judgement.verdict is Verdict.UNDECIDED
    assert sum(judgement.missing.values()) > 0 == judgement.at_least


@pytest.mark.parametrize(
    ("lose", "path"), [(("rack",), "lose"), (("attribute:rak",), "lose"), ((), "lose"), (("attribute:",), "lose")]
)
def test_a_loss_that_means_nothing_is_refused(lose: tuple[str, ...], path: str) -> None:
    """With what would be right."""
    with pytest.raises(InvalidRequest) as refused:
        survey(racks(), lose, limits=LIMITS)
    assert [fault.path for fault in refused.value.faults] == [path]


def test_bad_prices_and_budgets_are_refused() -> None:
    """Negative ones."""
    with pytest.raises(InvalidRequest, match=r"prices\.large"):
        survey(racks(), limits=LIMITS, prices={"large": -1})
    with pytest.raises(InvalidRequest, match="max_moves"):
        survey(racks(), limits=LIMITS, max_moves=-1)


def test_instances_without_the_attribute_are_lost_in_no_case() -> None:
    """Only those with the value."""
    found = losses(racks(disk="ssd").problem.cluster, "attribute:disk")
    assert [(loss.value, int(loss.gone.sum())) for loss in found] == [("ssd", 1)]
