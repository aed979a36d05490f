"""Requests on an ECS cluster: names, counts, rules in place of the service's own, priorities, what is frozen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from solver.domain.request import RuleSpec
from solver.errors import InvalidRequest
from solver.formats.ecs import EcsCluster
from tests.formats.ecs.documents import Documents, instance_arn, member_of

RANDOM = RuleSpec("random")


@pytest.fixture
def cluster(tmp_path: Path) -> EcsCluster:
    """Services web (7; 6 still runs) and db, standalone batch 1 to 3 (3 INACTIVE), a custom group."""
    documents = Documents().instance("a").instance("b")
    documents.definition("web:6").definition("web:7", placementConstraints=member_of("attribute:own exists"))
    documents.definition("db:1").definition("batch:1").definition("batch:2").definition("batch:3", status="INACTIVE")
    documents.definition("idle:4")
    documents.service("web", "web:7", placementConstraints=[{"type": "distinctInstance"}])
    documents.service("db", "db:1", tags={"placement:priority": "5"})
    documents.task("t1", "service:web", "web:6", "a").task("t2", "service:web", "web:7", "b")
    documents.task("t3", "service:db", "db:1", "b").task("t4", "family:batch", "batch:1", "a")
    return documents.task("t5", "nightly", "batch:2", "a").read(tmp_path)


def faults(cluster: EcsCluster, starts: dict[str, Any], **more: Any) -> list[str]:
    with pytest.raises(InvalidRequest) as caught:
        cluster.request(starts, **more)
    return [str(fault) for fault in caught.value.faults]


def test_wanted_groups_come_first_in_the_order_asked(cluster: EcsCluster) -> None:
    """§6.5: the order of the request; every other group stays with nothing to start, and its tasks with it."""
    problem, _ = cluster.request({"service:db": 2, "family:batch": 1, "service:web": 0})
    names = [group.name for group in problem.groups]
    assert names[:3] == ["service:db", "family:batch", "service:web"]
    assert problem.wanted.tolist() == [2, 1, 0] + [0] * (len(names) - 3)
    before = {(cluster.problem.groups[g].name, i): n for g, i, n in cluster.problem.running}
    assert {(problem.groups[g].name, i): n for g, i, n in problem.running} == before
    assert [problem.groups[task.group].name for task in problem.tasks] == [
        cluster.problem.groups[task.group].name for task in cluster.problem.tasks
    ]


@pytest.mark.parametrize(
    ("name", "definition", "family"),
    [
        ("service:web", "web:7", "service:web"),
        ("service:web@web:6", "web:6", "service:web"),
        ("family:batch", "batch:2", "family:batch"),
        ("family:batch:1", "batch:1", "family:batch"),
        ("family:batch:2", "batch:2", "family:batch"),
        ("family:batch:3", "batch:3", "family:batch"),
        ("family:idle", "idle:4", "family:idle"),
        ("nightly", "batch:2", "nightly"),
        ("nightly@batch:1", "batch:1", "nightly"),
    ],
)
def test_names(cluster: EcsCluster, name: str, definition: str, family: str) -> None:
    """A group is found by its name, a standalone one also where nothing runs of it, and keeps the name it was asked by."""
    problem, _ = cluster.request({name: 3})
    found = problem.groups[0]
    assert (found.name, found.family, found.start) == (name, family, 3)
    assert found.task_definition.endswith(f"/{definition}")
    assert len({group.name for group in problem.groups}) == len(problem.groups)


def test_an_unknown_name_lists_close_ones(cluster: EcsCluster) -> None:
    """Every unknown name at once, each with what was probably meant."""
    said = faults(cluster, {"web": 1, "service:wep": 1, "family:batch:9": 1, "zzzzzz": 1})
    assert said[0].startswith("web: is not a group of the cluster; did you mean service:web")
    assert said[1].startswith("service:wep: is not a group of the cluster; did you mean service:web")
    assert "family:batch" in said[2]
    assert said[3].startswith("zzzzzz: is not a group of the cluster; must be one of service:web, ")


@pytest.mark.parametrize("count", [-1, 10_000_001, True, 1.5, "3"])
def test_an_absurd_count_is_refused(cluster: EcsCluster, count: Any) -> None:
    """A count is a whole number from 0 to ten million."""
    assert faults(cluster, {"service:web": count}) == [
        f"service:web: is to start {count} tasks; must be a whole number, 0 to 10,000,000"
    ]


@pytest.mark.parametrize("count", [0, 10_000_000])
def test_counts_at_the_limits_are_read(cluster: EcsCluster, count: int) -> None:
    """None, and ten million."""
    assert cluster.request({"service:web": count})[0].wanted[0] == count


def test_one_group_by_two_names_is_refused(cluster: EcsCluster) -> None:
    """``family:batch`` and its latest revision by number are the same group."""
    assert faults(cluster, {"family:batch": 1, "family:batch:2": 1}) == [
        "family:batch:2: is the same group as family:batch; name it once"
    ]


def test_rules_replace_the_service_s_own(cluster: EcsCluster) -> None:
    """The constraints of the task definition stay, the service's go; left out, everything stays."""
    own = RuleSpec("memberOf", "attribute:own exists")
    kept, _ = cluster.request({"service:web": 1})
    assert kept.groups[0].constraints == (own, RuleSpec("distinctInstance")) and kept.groups[0].strategies is None
    given = RuleSpec("memberOf", "attribute:given exists")
    changed, _ = cluster.request({"service:web": 1}, constraints=[given], strategies=[RANDOM])
    assert changed.groups[0].constraints == (own, given) and changed.groups[0].strategies == (RANDOM,)
    none, _ = cluster.request({"service:web": 1}, constraints=[])
    assert none.groups[0].constraints == (own,)


def test_rules_are_for_a_single_group(cluster: EcsCluster) -> None:
    """Rules for two groups at once are refused: nobody could say whose they are."""
    assert faults(cluster, {"service:web": 1, "service:db": 1}, constraints=[RANDOM], strategies=[RANDOM]) == [
        "constraints: are given for 2 groups; place one group alone, or write the rules into the services",
        "strategies: are given for 2 groups; place one group alone, or write the rules into the services",
    ]


def test_a_request_s_priority_wins(cluster: EcsCluster) -> None:
    """The tag holds where the request says nothing."""
    tagged, _ = cluster.request({"service:db": 1})
    said, _ = cluster.request({"service:db": 1}, priorities={"service:db": 9})
    assert (tagged.groups[0].priority, said.groups[0].priority) == (5, 9)
    assert "service:dd: has a priority" in faults(cluster, {"service:db": 1}, priorities={"service:dd": 9})[0]


@pytest.mark.parametrize("name", ["i-b", instance_arn("b"), "b"])
def test_instances_are_frozen_by_every_name(cluster: EcsCluster, name: str) -> None:
    """EC2 id, ARN and the ARN's last part."""
    problem, _ = cluster.request({"service:web": 1}, frozen=[name])
    assert np.array_equal(problem.frozen, [False, True])


def test_groups_are_frozen(cluster: EcsCluster) -> None:
    """A group that nothing is asked of may be frozen; one that is to be started may not, nor an unknown name."""
    cluster.request({"service:web": 1, "service:db": 0}, frozen=["service:db", "family:batch", "nightly"])
    for name in ("service:db", "service:web"):
        wanted = {"service:db": 1, "service:web@web:6": 1}
        assert faults(cluster, wanted, frozen=[name]) == [
            f"{name}: is both frozen and to be started; drop one of the two"
        ]
    (said,) = faults(cluster, {"service:web": 1}, frozen=["i-c"])
    assert said.startswith("i-c: is to be frozen and is neither a group nor an instance; did you mean i-")


def test_rules_of_the_cluster_and_all_or_nothing_are_carried(cluster: EcsCluster) -> None:
    """They belong to the problem."""
    reserve = RuleSpec("reserve", "cpu, 100")
    problem, _ = cluster.request({"service:web": 1}, all_or_nothing=True, rules=[reserve])
    assert problem.all_or_nothing and problem.rules == (reserve,)
    assert not cluster.request({"service:web": 1})[0].all_or_nothing


def test_all_faults_at_once(cluster: EcsCluster) -> None:
    """A wrong name, a wrong count, a wrong instance and a contradiction are told together."""
    said = faults(cluster, {"nope": 1, "service:web": -1, "service:db": 1}, frozen=["service:db", "i-zzz"])
    assert len(said) == 4


def test_remarks_are_of_the_wanted_groups_alone(tmp_path: Path) -> None:
    """What concerns another group's new tasks is not said."""
    chain = [{"type": "spread", "field": "instanceId"}, {"type": "binpack", "field": "cpu"}]
    documents = Documents().instance("a").definition("x:1").service("x", "x:1", placementStrategy=chain)
    cluster = documents.service("y", "x:1").read(tmp_path)
    assert cluster.warnings == () and cluster.request({"service:y": 1})[1] == ()
    (said,) = cluster.request({"service:x": 1})[1]
    assert said.startswith("service:x: spreads over instances and packs")
    assert cluster.request({"service:x": 1}, strategies=[RANDOM])[1] == ()
