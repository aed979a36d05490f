"""Operations on an ECS cluster: each becomes the one general request, or is refused with what would be right."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from solver.api import place
from solver.domain.problem import Problem
from solver.domain.request import Freedom, Preempt
from solver.errors import InvalidRequest
from solver.formats.ecs import EcsCluster
from tests.formats.ecs.documents import Documents, instance_arn

Faults = list[str]


def documents() -> Documents:
    """Service web: 3 of revision 6, of which 1 is protected, and 2 of 7, wants 6; db: 1 of 2; standalone; a daemon."""
    found = Documents().instance("a").instance("b").instance("c")
    for key in ("web:6", "web:7", "web:8", "db:1", "batch:1", "agent:1"):
        found.definition(key)
    percentages = {"minimumHealthyPercent": 50, "maximumPercent": 150}
    found.service("web", "web:7", desired=6, deploymentConfiguration=percentages)
    found.service("db", "db:1", desired=2).service("agent", "agent:1", schedulingStrategy="DAEMON")
    found.task("w1", "service:web", "web:6", "a").task("w2", "service:web", "web:6", "b")
    found.task("w3", "service:web", "web:6", "b").task("w4", "service:web", "web:7", "a")
    found.task("w5", "service:web", "web:7", "c").task("d1", "service:db", "db:1", "a")
    found.task("b1", "family:batch", "batch:1", "a").task("g1", "service:agent", "agent:1", "a")
    return found.protect("w2", "2027-01-01T00:00:00+00:00")


@pytest.fixture
def cluster(tmp_path: Path) -> EcsCluster:
    return documents().read(tmp_path, at="2026-11-01T00:00:00+00:00")


def of(problem: Problem, field: str) -> dict[str, Any]:
    """The groups whose field is set, and what it is."""
    return {group.name: getattr(group, field) for group in problem.groups if getattr(group, field)}


def refused(call: Callable[..., Any], *arguments: Any, **more: Any) -> Faults:
    with pytest.raises(InvalidRequest) as caught:
        call(*arguments, **more)
    return [str(fault) for fault in caught.value.faults]


@pytest.mark.parametrize(
    ("count", "stops"),
    [
        (0, {}),
        (2, {"service:web@web:6": 2}),
        (3, {"service:web@web:6": 2, "service:web": 1}),
        (4, {"service:web@web:6": 2, "service:web": 2}),
        (5, {"service:web@web:6": 3, "service:web": 2}),
    ],
)
def test_older_revisions_stop_first(cluster: EcsCluster, count: int, stops: dict[str, int]) -> None:
    """§9.1: the newer revision stays; protected tasks are asked to stop only when all others are."""
    problem, _ = cluster.terminate({"service:web": count})
    assert of(problem, "stop") == stops
    assert not problem.wanted.any() and problem.freedom == Freedom() and not of(problem, "movable")


def test_one_revision_can_be_named(cluster: EcsCluster) -> None:
    """Then no other loses a task; standalone tasks stop too."""
    problem, _ = cluster.terminate({"service:web@web:6": 1, "family:batch": 1})
    assert of(problem, "stop") == {"service:web@web:6": 1, "family:batch": 1}


def test_protection_blocks_what_it_must(cluster: EcsCluster) -> None:
    """More stops than unprotected tasks: ECS's word for it, with the numbers."""
    assert cluster.terminate({"service:web": 4})[1] == ()
    problem, warnings = cluster.terminate({"service:web": 5})
    assert warnings == ("service:web: DEPLOYMENT_BLOCKED: 1 of 5 tasks to stop are protected or frozen, and stay",)
    assert problem.operation.asked.sum() == 4


def test_what_is_frozen_does_not_stop(cluster: EcsCluster) -> None:
    """Tasks on a frozen instance stay where others can stop; a frozen group may not be asked."""
    problem, warnings = cluster.terminate({"service:web": 3}, frozen=["i-b"])
    assert of(problem, "stop") == {"service:web@web:6": 1, "service:web": 2} and warnings == ()
    for name in ("service:web", "service:web@web:6"):
        assert refused(cluster.terminate, {"service:web": 1}, frozen=[name]) == [
            "service:web: is both frozen and to be stopped; drop one of the two"
        ]


@pytest.mark.parametrize(
    ("stops", "said"),
    [
        ({"service:web@web:7": 3}, "service:web@web:7: is to stop 3 tasks; at most the 2 that run"),
        ({"service:web": 6}, "service:web: is to stop 6 tasks; at most the 5 that run"),
        ({"service:web@web:6": 4}, "service:web@web:6: is to stop 4 tasks; at most the 3 that run"),
        ({"family:db": 1}, "family:db: is to stop 1 task; none of its tasks run"),
        ({"service:web": -1}, "service:web: is to stop -1; must be a whole number, 0 to 10,000,000"),
        ({"service:web": True}, "service:web: is to stop True; must be a whole number, 0 to 10,000,000"),
        ({"service:wep": 1}, "service:wep: is not a group of the cluster; did you mean service:web"),
        ({"service:agent": 1}, "service:agent: is a DAEMON service, and is to stop 1 task; it has one task on each"),
        (
            {"service:web": 1, "service:web@web:6": 1},
            "service:web@web:6: is named, or is part of what is named, as service:web; name it once",
        ),
    ],
)
def test_stops_that_cannot_be(cluster: EcsCluster, stops: dict[str, Any], said: str) -> None:
    """More than runs, absurd counts, unknown names, daemons, a group that is named twice."""
    (fault,) = refused(cluster.terminate, stops)
    assert fault.startswith(said)


@pytest.mark.parametrize("name", ["i-a", "a", instance_arn("a")])
def test_a_drain_moves_replicas_alone(cluster: EcsCluster, name: str) -> None:
    """§1.4: tasks of REPLICA services leave; standalone and DAEMON tasks stay; elsewhere nothing moves."""
    problem, warnings = cluster.drain([name])
    assert problem.drained.tolist() == [True, False, False] and warnings == ()
    groups, leaving = problem.groups, problem.operation.leaving
    assert {groups[g].name: n for g, _, n in leaving} == {"service:web": 1, "service:web@web:6": 1, "service:db": 1}
    assert problem.operation.stoppable.totals().sum() == 3
    assert problem.freedom == Freedom(interleaved=True)


def test_a_drain_with_named_and_other_moves(cluster: EcsCluster) -> None:
    """Named standalone tasks leave too; others may move within the budget, on top of those that leave."""
    problem, _ = cluster.drain(["i-a"], max_moves=2, movable=["family:batch"])
    assert set(of(problem, "movable")) == {"service:web", "service:web@web:6", "service:db", "family:batch"}
    assert problem.operation.leaving.totals().sum() == 4
    assert problem.freedom == Freedom(max_moves=6, interleaved=True)


def test_a_drain_of_the_cheapest_leaves_open_which(cluster: EcsCluster) -> None:
    """Tasks of REPLICA services may move, and so many instances are to be emptied."""
    problem, _ = cluster.drain_cheapest(2)
    assert set(of(problem, "movable")) == {"service:web", "service:web@web:6", "service:db"}
    assert not problem.drained.any() and problem.freedom == Freedom(empty=2)
    assert refused(cluster.drain_cheapest, 0) == ["cheapest: is 0; must be at least 1"]


def test_protected_tasks_stay_on_a_drained_instance(cluster: EcsCluster) -> None:
    """The instance is not emptied, and the warning says so."""
    assert cluster.drain(["i-b"])[1] == (
        "service:web: DEPLOYMENT_BLOCKED: 1 on instances being drained are protected or frozen, and stay",
    )
    problem, warnings = cluster.drain(["i-c"], frozen=["service:web"])
    assert not problem.operation.leaving.totals().any() and len(warnings) == 1


@pytest.mark.parametrize(
    ("instances", "more", "said"),
    [
        (["i-a", "i-b", "i-c"], {}, "instances: leave no instance that takes tasks; drain some of them first"),
        (["i-a", "i-b"], {"frozen": ["i-c"]}, "instances: leave no instance that takes tasks; "),
        ([], {}, "instances: is empty: nothing is to be drained; name an instance"),
        (["i-z"], {}, "i-z: is to be drained and is not in the cluster; did you mean 'i-"),
        (["i-a"], {"frozen": ["a"]}, "i-a: is both frozen and to be drained; drop one of the two"),
        (["i-a"], {"max_moves": -1}, "max_moves: is -1; must be a whole number, 0 to 10,000,000"),
        (["i-a"], {"movable": ["service:agent"]}, "service:agent: is a DAEMON service, and is to be moved; "),
    ],
)
def test_drains_that_cannot_be(cluster: EcsCluster, instances: list[str], more: dict[str, Any], said: str) -> None:
    """A drain of everything or of nothing, unknown instances, contradictions."""
    (fault,) = refused(cluster.drain, instances, **more)
    assert fault.startswith(said)


def test_a_rebalance_moves_services(cluster: EcsCluster) -> None:
    """§1.4: every REPLICA service, within the budget, after all strategies; nothing starts or stops."""
    problem, _ = cluster.rebalance(10, consolidate=True)
    assert set(of(problem, "movable")) == {"service:web", "service:web@web:6", "service:db"}
    assert problem.freedom == Freedom(max_moves=10, consolidate=True)
    assert not problem.wanted.any() and not of(problem, "stop")


def test_a_rebalance_of_what_is_named(cluster: EcsCluster) -> None:
    """A family with all its revisions, a standalone group; a frozen service stays."""
    problem, _ = cluster.rebalance(1, groups=["family:batch"])
    assert set(of(problem, "movable")) == {"family:batch"}
    problem, _ = cluster.rebalance(1, frozen=["service:web"], movable=["family:batch"])
    assert set(of(problem, "movable")) == {"service:db", "family:batch"}
    assert refused(cluster.rebalance, 1, groups=["service:web"], frozen=["service:web"]) == [
        "service:web: is both frozen and to be moved; drop one of the two"
    ]


def test_rebalances_that_cannot_be(cluster: EcsCluster) -> None:
    """All faults at once."""
    assert refused(cluster.rebalance, -3, groups=["service:agent", "service:dd"]) == [
        "max_moves: is -3; must be a whole number, 0 to 10,000,000",
        "service:agent: is a DAEMON service, and is to be moved; its tasks never move: leave it out",
        "service:dd: is not a group of the cluster; did you mean service:db or service:web or service:agent?",
    ]


def test_reconcile_takes_the_documents_desired_counts(cluster: EcsCluster) -> None:
    """What is missing starts in the newest revision; tasks of services may move, only to make room."""
    problem, _ = cluster.reconcile()
    assert of(problem, "start") == {"service:web": 1, "service:db": 1, "service:agent": 2} and not of(problem, "stop")
    assert set(of(problem, "movable")) == {"service:web", "service:web@web:6", "service:db"}
    assert problem.freedom == Freedom(interleaved=True)


def test_reconcile_starts_a_missing_daemon_before_all_others(cluster: EcsCluster) -> None:
    """One on each eligible instance that has none; it neither stops nor moves, and comes in a class of its own."""
    problem, _ = cluster.reconcile(consolidate=True, rebalance=True)
    g = problem.by_name["service:agent"]
    agent = problem.groups[g]
    assert (agent.start, agent.stop, agent.movable) == (2, 0, False)
    assert agent.priority > max(group.priority for group in problem.groups if group is not agent)
    answer = place(problem)
    assert answer.tasks.row(g).tolist() == [1, 1, 1]


def test_reconcile_leaves_a_daemon_to_those_who_froze_it_or_gave_it_a_priority(cluster: EcsCluster) -> None:
    """A frozen service starts nothing, nothing starts on a frozen instance, and a priority that was given stays."""
    problem, _ = cluster.reconcile(frozen=["service:agent"])
    assert "service:agent" not in of(problem, "start")
    problem, _ = cluster.reconcile(frozen=["i-b"], priorities={"service:agent": -3})
    assert of(problem, "start")["service:agent"] == 1 and of(problem, "priority") == {"service:agent": -3}


def test_reconcile_with_counts_that_are_named(cluster: EcsCluster) -> None:
    """They replace the service's own; others keep theirs; the oldest stop."""
    problem, _ = cluster.reconcile({"service:web": 2}, max_moves=0, preempt=Preempt.LOWER, rebalance=True)
    assert of(problem, "stop") == {"service:web@web:6": 2, "service:web": 1}
    assert of(problem, "start") == {"service:db": 1, "service:agent": 2} and not of(problem, "movable")
    assert problem.freedom == Freedom(max_moves=0, preempt=Preempt.LOWER)
    one, _ = cluster.reconcile({"service:web@web:6": 3, "service:db": 1, "family:batch": 3})
    assert of(one, "start") == {"family:batch": 2, "service:agent": 2} and not of(one, "stop")


def test_reconcile_leaves_out_what_is_frozen(cluster: EcsCluster) -> None:
    """A frozen service neither starts, stops nor moves, whatever is pre-empted."""
    problem, _ = cluster.reconcile(frozen=["service:web"], preempt=Preempt.ANY)
    assert set(of(problem, "start")) == {"service:db", "service:agent"} and "service:web" not in of(problem, "movable")
    held = [g for g, group in enumerate(problem.groups) if group.family == "service:web"]
    assert not problem.operation.stoppable.totals()[held].any()


@pytest.mark.parametrize(
    ("desired", "said"),
    [
        ({"service:web": -1}, "service:web: is to have a desired count of -1; must be a whole number, 0 to 10,000,000"),
        ({"service:web": 3, "service:web@web:7": 2}, "service:web@web:7: is named, or is part of what is named, as"),
        ({"service:web": 3, "service:web@web:6": 2}, "service:web@web:6: is named, or is part of what is named, as"),
        ({"service:agent": 3}, "service:agent: is a DAEMON service, and has a desired count; it has one task on each"),
        ({"nope": 1}, "nope: is not a group of the cluster; must be one of"),
    ],
)
def test_counts_that_contradict(cluster: EcsCluster, desired: dict[str, int], said: str) -> None:
    """Negative counts, a service that is named twice, unknown names."""
    assert any(fault.startswith(said) for fault in refused(cluster.reconcile, desired))


def test_a_service_that_cannot_start_is_left_as_it_is(tmp_path: Path) -> None:
    """With a warning where nobody named it, with a fault where somebody did."""
    found = documents()
    found.definitions = [entry for entry in found.definitions if entry["taskDefinition"]["family"] != "db"]
    cluster = found.read(tmp_path, at="2026-11-01T00:00:00+00:00")
    problem, warnings = cluster.reconcile()
    assert of(problem, "start") == {"service:web": 1, "service:agent": 2}
    assert [warning.partition(" it has")[0] for warning in warnings] == [
        "service:db: 1 of its 2 tasks are not asked for:",
        "service:db: its tasks stay where they are:",
    ]
    (fault,) = refused(cluster.reconcile, {"service:db": 2})
    assert fault.startswith("service:db: has the task definition db:1, which is not in task-definitions.json; add")


def test_a_deployment(cluster: EcsCluster) -> None:
    """A new group of the revision starts all; the older ones stop all; all share family and percentages."""
    problem, warnings = cluster.deploy("web", "web:8")
    assert of(problem, "start") == {"service:web@web:8": 6}
    assert of(problem, "stop") == {"service:web": 2, "service:web@web:6": 3}
    members = [problem.groups[g] for g in problem.families["service:web"]]
    assert {(m.minimum_healthy_percent, m.maximum_percent) for m in members} == {(50, 150)} and len(members) == 3
    assert "1 of 5" in warnings[0] and "DEPLOYMENT_BLOCKED" in warnings[0]


def test_a_deployment_of_a_revision_that_runs(cluster: EcsCluster) -> None:
    """Only what it lacks starts, what it has too much stops."""
    problem, _ = cluster.deploy("service:web", "web:7", desired=3)
    assert (of(problem, "start"), of(problem, "stop")) == ({"service:web": 1}, {"service:web@web:6": 3})
    problem, _ = cluster.deploy("service:web", "web:7", desired=1)
    assert (of(problem, "start"), of(problem, "stop")) == ({}, {"service:web": 1, "service:web@web:6": 3})


@pytest.mark.parametrize(
    ("service", "definition", "more", "said"),
    [
        ("wep", "web:8", {}, "service:wep: is to be deployed and is not a service of the cluster; did you mean"),
        ("web", "web:9", {}, "web:9: is not in task-definitions.json; add what `aws ecs describe-task-definition"),
        ("web", "web:8", {"desired": -1}, "desired: is -1; must be a whole number, 0 to 10,000,000"),
        ("web", "web:8", {"frozen": ["service:web"]}, "service:web: is both frozen and to be deployed; drop one"),
        ("agent", "agent:1", {}, "service:agent: is a DAEMON service; ECS replaces its tasks instance by instance"),
    ],
)
def test_deployments_that_cannot_be(
    cluster: EcsCluster, service: str, definition: str, more: dict[str, Any], said: str
) -> None:
    """Unknown names, absurd counts, contradictions."""
    (fault,) = refused(cluster.deploy, service, definition, **more)
    assert fault.startswith(said)


def test_percentages_are_in_every_group_of_a_service(cluster: EcsCluster) -> None:
    """As the service says, else ECS's defaults; standalone tasks have none (§9.2)."""
    bounds = {g.name: (g.minimum_healthy_percent, g.maximum_percent) for g in cluster.request({})[0].groups}
    assert bounds == {
        "service:web": (50, 150),
        "service:web@web:6": (50, 150),
        "service:db": (100, 200),
        "service:agent": (0, 100),
        "family:batch": (None, None),
    }


@pytest.mark.parametrize(
    ("name", "value", "range_"),
    [("minimumHealthyPercent", 101, "0 to 100"), ("maximumPercent", 99, "100 to 1,000"), ("maximumPercent", "x", "a")],
)
def test_percentages_out_of_range(tmp_path: Path, name: str, value: Any, range_: str) -> None:
    """Each is refused at its path in the document."""
    found = documents().service("odd", "db:1", deploymentConfiguration={name: value})
    (fault,) = refused(found.read, tmp_path, at="2026-11-01T00:00:00+00:00")
    assert fault.startswith(f"services.json[0].services[3].deploymentConfiguration.{name}: is ")
    assert f"; must be {range_}" in fault


def test_priorities_and_rules_are_carried(cluster: EcsCluster) -> None:
    """A family's priority is every revision's; an unknown name is refused."""
    problem, _ = cluster.reconcile(priorities={"service:web": 7}, all_or_nothing=True)
    assert of(problem, "priority") == {"service:web": 7, "service:web@web:6": 7, "service:agent": 8}
    assert problem.all_or_nothing
    (fault,) = refused(cluster.reconcile, priorities={"service:wep": 7})
    assert fault.startswith("service:wep: has a priority and is not a group of the cluster; did you mean")
    (fault,) = refused(cluster.drain, ["i-a"], frozen=["i-x"])
    assert fault.startswith("i-x: is to be frozen and is neither a group nor an instance; ")


def test_a_rule_that_cannot_be_read_keeps_tasks_where_they_are(tmp_path: Path) -> None:
    """Tasks that start again need all of their rules: by default they stay, and a drain lets the rule be refused."""
    rule = [{"type": "memberOf", "expression": "attribute:x === 1"}]
    found = documents().definition("odd:1").service("odd", "odd:1", placementConstraints=rule)
    cluster = found.task("o1", "service:odd", "odd:1", "c").read(tmp_path, at="2026-11-01T00:00:00+00:00")
    problem, warnings = cluster.rebalance(5)
    assert "service:odd" not in of(problem, "movable")
    assert warnings == ("service:odd: its tasks stay where they are: it has a rule that cannot be read",)
    drained, _ = cluster.drain(["i-c"])
    assert drained.groups[drained.by_name["service:odd"]].constraints
