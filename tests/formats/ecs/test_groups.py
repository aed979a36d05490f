"""Task groups: names, families, rules and needs, from services, task definitions and tasks (§1.2, §3.2, §3.9, §4.4)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from solver.domain.request import RuleSpec, Scheduling, TaskGroup
from solver.errors import InvalidRequest
from solver.formats.ecs import EcsCluster
from tests.formats.ecs.documents import Documents, attributes, container, definition_arn, member_of, small

ZONE = RuleSpec("spread", "attribute:ecs.availability-zone")


def group(cluster: EcsCluster, name: str) -> TaskGroup:
    return cluster.problem.groups[cluster.problem.by_name[name]]


def remarks(cluster: EcsCluster, name: str) -> str:
    """What a request for one task of a group warns of."""
    return "\n".join(cluster.request({name: 1})[1])


def test_revisions_of_a_service_are_groups_of_one_family(tmp_path: Path) -> None:
    """§1.2: each revision is its own group; the service's name is that of its PRIMARY deployment's revision."""
    documents = Documents().instance("a")
    for revision in (6, 7, 8):
        documents.definition(f"web:{revision}")
    deployments = [
        {"status": "ACTIVE", "taskDefinition": definition_arn("web:6")},
        {"status": "PRIMARY", "taskDefinition": definition_arn("web:7")},
    ]
    documents.service("web", "web:8", deployments=deployments)
    documents.task("t1", "service:web", "web:6", "a").task("t2", "service:web", "web:7", "a")
    cluster = documents.read(tmp_path)
    assert [(g.name, g.family, g.task_definition) for g in cluster.problem.groups] == [
        ("service:web", "service:web", definition_arn("web:7")),
        ("service:web@web:6", "service:web", definition_arn("web:6")),
    ]
    assert cluster.problem.running.to_dense().tolist() == [[1], [1]]


def test_a_service_without_a_task_is_a_group(tmp_path: Path) -> None:
    """Every service's current revision is there; its desired count beside it."""
    cluster = Documents().instance("a").definition("web:1").service("web", "web:1", desired=7).read(tmp_path)
    assert group(cluster, "service:web").start == 0
    assert cluster.desired == {"service:web": 7}


def test_standalone_tasks_are_groups_by_their_own_group(tmp_path: Path) -> None:
    """``family:batch`` is the latest ACTIVE revision, older ones carry theirs; other groups keep their name."""
    documents = Documents().instance("a").definition("batch:1").definition("batch:2").definition("etl:4")
    documents.definition("batch:3", status="INACTIVE").definition("etl:5")
    for n, (name, key) in enumerate(
        [
            ("family:batch", "batch:1"),
            ("family:batch", "batch:2"),
            ("family:batch", "batch:3"),
            ("nightly", "etl:4"),
            ("nightly", "etl:5"),
            ("mixed", "etl:4"),
            ("mixed", "batch:2"),
        ]
    ):
        documents.task(f"t{n}", name, key, "a")
    assert {(g.name, g.family) for g in documents.read(tmp_path).problem.groups} == {
        ("family:batch", "family:batch"),
        ("family:batch:1", "family:batch"),
        ("family:batch:3", "family:batch"),
        ("nightly", "nightly"),
        ("nightly@etl:4", "nightly"),
        ("mixed@etl:4", "mixed"),
        ("mixed@batch:2", "mixed"),
    }


def test_constraints_of_task_definition_and_service_are_joined(tmp_path: Path) -> None:
    """§3.2: both hold; the strategies are the service's, in order."""
    documents = Documents().instance("a").definition("web:1", placementConstraints=member_of("attribute:a exists"))
    documents.service(
        "web",
        "web:1",
        placementConstraints=[{"type": "distinctInstance"}, *member_of("attribute:b exists")],
        placementStrategy=[
            {"type": "spread", "field": "attribute:ecs.availability-zone"},
            {"type": "binpack", "field": "MEMORY"},
            {"type": "random"},
        ],
    )
    found = group(documents.read(tmp_path), "service:web")
    assert found.constraints == (
        RuleSpec("memberOf", "attribute:a exists"),
        RuleSpec("distinctInstance"),
        RuleSpec("memberOf", "attribute:b exists"),
    )
    assert found.strategies == (ZONE, RuleSpec("binpack", "MEMORY"), RuleSpec("random"))


def test_no_strategy_takes_the_default(tmp_path: Path) -> None:
    """§4.4: a service spreads over zones, then instances; a standalone group is random."""
    documents = small().definition("batch:1").task("t2", "family:batch", "batch:1", "a")
    problem = documents.read(tmp_path).problem
    assert problem.strategies(problem.by_name["service:web"]) == (ZONE, RuleSpec("spread", "instanceId"))
    assert problem.strategies(problem.by_name["family:batch"]) == (RuleSpec("random"),)


def test_scheduling(tmp_path: Path) -> None:
    """DAEMON and REPLICA services and standalone tasks are told apart."""
    documents = small().definition("agent:1").service("agent", "agent:1", schedulingStrategy="DAEMON")
    cluster = documents.task("t2", "family:agent", "agent:1", "a").read(tmp_path)
    assert group(cluster, "service:agent").scheduling is Scheduling.DAEMON
    assert group(cluster, "service:web").scheduling is Scheduling.REPLICA
    assert group(cluster, "family:agent").scheduling is Scheduling.STANDALONE


def test_needs_of_the_task_definition(tmp_path: Path) -> None:
    """``requiresAttributes``, the platform and the task role; the platform only where instances say theirs."""
    role = "arn:aws:iam::111122223333:role/web"
    fields: dict[str, Any] = {
        "requiresAttributes": [{"name": "ecs.capability.task-eni"}, {"name": "disk", "value": "ssd"}],
        "runtimePlatform": {"cpuArchitecture": "X86_64", "operatingSystemFamily": "LINUX"},
        "taskRoleArn": role,
    }
    documents = Documents().instance("a", custom={"ecs.cpu-architecture": "x86_64"})
    found = group(documents.definition("web:1", **fields).service("web", "web:1").read(tmp_path), "service:web")
    assert found.required_attributes == ("ecs.capability.task-eni", "disk=ssd", "ecs.cpu-architecture=x86_64")
    assert found.role == role


def network(*subnets: str) -> dict[str, Any]:
    return {"networkConfiguration": {"awsvpcConfiguration": {"subnets": list(subnets)}}}


def in_subnets(*subnets: str, mode: str = "awsvpc") -> Documents:
    """Instances in s1 (zone a) and s2 (zone b); a service in some subnets."""
    documents = Documents().instance("a", zone="a", custom={"ecs.subnet-id": "s1"})
    documents.instance("b", zone="b", custom={"ecs.subnet-id": "s2"}).definition("web:1", networkMode=mode)
    return documents.service("web", "web:1", **network(*subnets))


@pytest.mark.parametrize(
    ("subnets", "mode", "zones", "warned"),
    [
        (["s1"], "awsvpc", ("a",), False),
        (["s1", "s2"], "awsvpc", ("a", "b"), False),
        (["s1"], "bridge", (), False),
        (["s9"], "awsvpc", (), True),
        (["s1", "s9"], "awsvpc", (), True),
    ],
)
def test_zones_are_those_of_the_subnets(
    tmp_path: Path, subnets: list[str], mode: str, zones: tuple[str, ...], warned: bool
) -> None:
    """Under ``awsvpc`` the service's subnets decide the zones; a subnet whose zone is not known gives a warning."""
    cluster = in_subnets(*subnets, mode=mode).read(tmp_path)
    assert group(cluster, "service:web").zones == zones
    assert ("its zone is not known" in remarks(cluster, "service:web")) is warned


def test_a_task_s_interface_tells_the_zone_of_its_subnet(tmp_path: Path) -> None:
    """A subnet without instances is known through a task's interface."""
    interface = {"type": "ElasticNetworkInterface", "details": [{"name": "subnetId", "value": "s9"}]}
    documents = in_subnets("s9")
    documents.task("t1", "service:web", "web:1", "b", attachments=[interface], availabilityZone="b")
    assert group(documents.read(tmp_path), "service:web").zones == ("b",)


def test_capacity_providers_restrict(tmp_path: Path) -> None:
    """§3.9: a service's providers restrict its instances; base and weight give a warning, weight 0 gets nothing."""
    strategy = [
        {"capacityProvider": "spot", "weight": 3, "base": 0},
        {"capacityProvider": "od", "weight": 0, "base": 1},
        {"capacityProvider": "idle", "weight": 0},
    ]
    documents = Documents().instance("a", capacityProviderName="spot").instance("b").definition("web:1")
    cluster = documents.service("web", "web:1", launchType=None, capacityProviderStrategy=strategy).read(tmp_path)
    assert group(cluster, "service:web").capacity_providers == ("spot", "od")
    assert cluster.problem.cluster.capacity_provider[0] == "spot"
    assert cluster.problem.cluster.capacity_provider[1] is None
    said = remarks(cluster, "service:web")
    assert "base and weight" in said and "provider idle has weight 0" in said


def test_providers_of_weight_zero_place_nothing(tmp_path: Path) -> None:
    """All weights 0: ECS refuses, and so is the request."""
    strategy = [{"capacityProvider": "spot", "weight": 0}]
    documents = Documents().instance("a").definition("web:1")
    cluster = documents.service("web", "web:1", launchType=None, capacityProviderStrategy=strategy).read(tmp_path)
    with pytest.raises(InvalidRequest, match="only capacity providers of weight 0"):
        cluster.request({"service:web": 1})


def test_fargate_services_are_set_aside(tmp_path: Path) -> None:
    """A FARGATE or EXTERNAL service is no group, by launch type or provider; a warning says so."""
    fargate = [{"capacityProvider": "FARGATE_SPOT", "weight": 1}]
    documents = small().definition("x:1").service("far", "x:1", launchType="FARGATE")
    documents.service("spot", "x:1", launchType=None, capacityProviderStrategy=fargate)
    cluster = documents.service("out", "x:1", launchType="EXTERNAL").read(tmp_path)
    assert list(cluster.problem.by_name) == ["service:web"]
    assert "service:far, service:spot on FARGATE set aside" in cluster.warnings
    assert "service:out on EXTERNAL set aside" in cluster.warnings
    with pytest.raises(InvalidRequest, match="service:far: runs on FARGATE"):
        cluster.request({"service:far": 1})


@pytest.mark.parametrize(
    ("service", "definition", "priority"),
    [("7", "3", 7), (None, "3", 3), ("-2", None, -2), (None, None, 0), ("high", None, 0)],
)
def test_priority_comes_from_a_tag(tmp_path: Path, service: str | None, definition: str | None, priority: int) -> None:
    """``placement:priority`` of the service, else of the task definition; no number gives 0 and a warning."""

    def tags(value: str | None) -> dict[str, str]:
        return {"team": "x"} if value is None else {"placement:priority": value}

    documents = Documents().instance("a").definition("web:1", tags=tags(definition))
    cluster = documents.service("web", "web:1", tags=tags(service)).read(tmp_path)
    assert group(cluster, "service:web").priority == priority
    assert ("placement:priority is 'high'" in remarks(cluster, "service:web")) is (service == "high")


def test_distinct_instance_in_a_task_definition_is_refused(tmp_path: Path) -> None:
    """A task definition knows ``memberOf`` alone, as in ECS."""
    documents = small()
    documents.definitions[0]["taskDefinition"]["placementConstraints"] = [{"type": "distinctInstance"}]
    with pytest.raises(
        InvalidRequest, match=r"task-definitions.json\[0\].taskDefinition.placementConstraints\[0\].type"
    ):
        documents.read(tmp_path)


@pytest.mark.parametrize(("own", "services", "refused"), [(4, 6, False), (5, 6, True)])
def test_ten_constraints_together(tmp_path: Path, own: int, services: int, refused: bool) -> None:
    """At most ten constraints, task definition's and service's together."""
    documents = Documents().instance("a")
    documents.definition("web:1", placementConstraints=member_of(*["attribute:a exists"] * own))
    documents.service("web", "web:1", placementConstraints=member_of(*["attribute:b exists"] * services))
    if refused:
        with pytest.raises(InvalidRequest, match="service:web: has 11 constraints"):
            documents.read(tmp_path)
    else:
        assert len(group(documents.read(tmp_path), "service:web").constraints) == 10


def test_tasks_of_an_unknown_definition_count_as_their_documents_say(tmp_path: Path) -> None:
    """Their demand comes from the tasks, with a warning; nothing new of it can be started."""
    cluster = small().task("t2", "service:web", "web:0", "a").read(tmp_path)
    assert dict(group(cluster, "service:web@web:0").demand) == {"cpu": 256, "memory": 512}
    assert [w for w in cluster.warnings if w.startswith("task definition web:0 is not in task-definitions.json")]
    with pytest.raises(InvalidRequest, match="web:0, which is not in task-definitions.json; add what"):
        cluster.request({"service:web@web:0": 1})


def test_a_service_of_an_unknown_definition_cannot_be_started(tmp_path: Path) -> None:
    """It is there, with a warning; a request for it names what is missing."""
    cluster = small().service("new", "new:3").read(tmp_path)
    assert [w for w in cluster.warnings if "service:new is not in task-definitions.json" in w]
    with pytest.raises(InvalidRequest, match="service:new: has the task definition new:3, which is not in"):
        cluster.request({"service:new": 1})


def test_tasks_of_an_unknown_service_keep_their_family(tmp_path: Path) -> None:
    """A task of a service that is not listed still counts in its group; nothing new of it can be started."""
    cluster = small().task("t2", "service:other", "web:1", "a").read(tmp_path)
    assert group(cluster, "service:other@web:1").family == "service:other"
    assert [w for w in cluster.warnings if "service:other runs tasks and is not in services.json" in w]
    with pytest.raises(InvalidRequest, match="is not in services.json"):
        cluster.request({"service:other@web:1": 1})


def test_an_inactive_service_cannot_be_started(tmp_path: Path) -> None:
    """A service that is DRAINING or INACTIVE starts nothing."""
    cluster = small().service("old", "web:1", status="INACTIVE").read(tmp_path)
    assert "service:old" not in cluster.problem.by_name
    with pytest.raises(InvalidRequest, match="service:old: is INACTIVE"):
        cluster.request({"service:old": 1})


def test_a_fargate_definition_cannot_be_started(tmp_path: Path) -> None:
    """A standalone group of a task definition that is not for EC2 is refused."""
    cluster = small().definition("far:1", compatibilities=["FARGATE"]).read(tmp_path)
    with pytest.raises(InvalidRequest, match="family:far: has the task definition far:1, which does not run on EC2"):
        cluster.request({"family:far": 1})


def test_a_wrong_expression_matters_only_where_it_is_used(tmp_path: Path) -> None:
    """ECS does not check an expression before it is used: it is left out of a group that nothing is asked of."""
    documents = (
        small().definition("bad:1", placementConstraints=member_of("attribute:stack ==")).service("bad", "bad:1")
    )
    cluster = documents.read(tmp_path)
    assert group(cluster, "service:bad").constraints == ()
    assert [w for w in cluster.warnings if w.startswith("service:bad: a rule that cannot be read")]
    problem, _ = cluster.request({"service:bad": 1})
    assert problem.groups[0].constraints == (RuleSpec("memberOf", "attribute:stack =="),)


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"availabilityZoneRebalancing": "ENABLED"}, "availabilityZoneRebalancing"),
        ({"deploymentController": {"type": "EXTERNAL"}}, "deployment controller is EXTERNAL"),
        ({"volumeConfigurations": [{"name": "v"}]}, "volumeConfigurations"),
        (
            {"placementStrategy": [{"type": "spread", "field": "host"}, {"type": "binpack", "field": "cpu"}]},
            "AWS advises against the two together",
        ),
        ({"placementStrategy": [{"type": "spread", "field": "attribute:rack"}]}, "1 of 2 usable instances lack"),
        ({"launchType": "MANAGED_INSTANCES"}, "managed instances"),
        ({"deploymentController": {"type": "ECS"}, "availabilityZoneRebalancing": "DISABLED"}, ""),
    ],
)
def test_what_is_not_modelled_is_named(tmp_path: Path, fields: dict[str, Any], text: str) -> None:
    """§2.3: what matters and is not modelled gives a warning that names it; what does not matter gives none."""
    documents = Documents().instance("a", custom={"rack": "1"}).instance("b").definition("web:1")
    said = remarks(documents.service("web", "web:1", **fields).read(tmp_path), "service:web")
    assert (text in said) if text else said == ""


def test_a_spread_that_only_unusable_instances_lack_is_no_matter(tmp_path: Path) -> None:
    """Instances that the group may not use anyway are not counted."""
    documents = Documents().instance("a", custom={"rack": "1"}).instance("b").definition("web:1")
    chain = [{"type": "spread", "field": "attribute:rack"}]
    documents.service("web", "web:1", placementStrategy=chain, placementConstraints=member_of("attribute:rack exists"))
    assert remarks(documents.read(tmp_path), "service:web") == ""


def test_accelerators_are_named(tmp_path: Path) -> None:
    """Devices other than GPUs are not modelled."""
    fields = {"inferenceAccelerators": [{"deviceName": "d", "deviceType": "eia2"}]}
    needs = container(resourceRequirements=[{"type": "NeuronDevice", "value": "1"}])
    documents = Documents().instance("a").definition("web:1", needs, **fields).service("web", "web:1")
    said = remarks(documents.read(tmp_path), "service:web")
    assert "inferenceAccelerators" in said and "NeuronDevice" in said


def test_failures_of_the_describe_calls_are_told(tmp_path: Path) -> None:
    """What a call could not answer for is named."""
    files = small().files()
    files["tasks.json"][0]["failures"] = [{"arn": "x", "reason": "MISSING"}]
    from solver.formats.ecs import read
    from tests.formats.ecs.documents import write

    assert read(write(tmp_path / "c", files)).warnings == ("tasks.json[0]: 1 failure: MISSING",)


def test_a_standalone_task_without_a_group_is_of_its_family(tmp_path: Path) -> None:
    """ECS's default group is the task definition's family."""
    documents = Documents().instance("a").definition("job:1").task("t1", "", "job:1", "a")
    assert list(documents.read(tmp_path).problem.by_name) == ["family:job"]


def test_attributes_builder_is_what_the_api_prints() -> None:
    """A name-only attribute has no value."""
    assert attributes({"a": None, "b": "c"}) == [{"name": "a"}, {"name": "b", "value": "c"}]
