"""Load balancers of services, and the files that say their zones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from solver.domain.targets import HostPorts, Target, TargetKind
from solver.errors import InvalidRequest, UnreadableDocument
from solver.formats.ecs import EcsCluster
from tests.formats.ecs.documents import Documents, container, definition_arn, port

ELB = "arn:aws:elasticloadbalancing:us-east-1:111122223333"
GROUP = f"{ELB}:targetgroup/web/5f0c3a9be1d27846"
BALANCER = f"{ELB}:loadbalancer/app/front/1"


def registered(*elements: dict[str, Any], mode: str | None = None, mapping: dict[str, Any] | None = None) -> Documents:
    """A service with load balancers, whose task definition has one container with one port mapping."""
    documents = Documents().instance("a", zone="a").instance("b", zone="b")
    mappings = [port(80, 0) if mapping is None else mapping]
    fields = {} if mode is None else {"networkMode": mode}
    documents.definition("web:1", container(portMappings=mappings), **fields)
    return documents.service("web", "web:1", loadBalancers=list(elements))


def element(**fields: Any) -> dict[str, Any]:
    return {"targetGroupArn": GROUP, "containerName": "main", "containerPort": 80, **fields}


def classic(**fields: Any) -> dict[str, Any]:
    return {"loadBalancerName": "old", "containerName": "main", "containerPort": 80, **fields}


def zoned(documents: Documents) -> Documents:
    """With the files that say the zones."""
    zones = [{"ZoneName": "b", "SubnetId": "s1"}, {"ZoneName": "a"}]
    documents.more["load-balancers.json"] = {
        "LoadBalancers": [{"LoadBalancerArn": BALANCER, "AvailabilityZones": zones}]
    }
    documents.more["target-groups.json"] = [
        {"TargetGroups": [{"TargetGroupArn": GROUP, "LoadBalancerArns": [BALANCER], "TargetType": "instance"}]}
    ]
    documents.more["classic-load-balancers.json"] = {
        "LoadBalancerDescriptions": [{"LoadBalancerName": "old", "AvailabilityZones": ["c", "a"]}]
    }
    return documents


def targets(cluster: EcsCluster, name: str = "service:web") -> tuple[Target, ...]:
    return cluster.problem.groups[cluster.problem.by_name[name]].targets


def test_a_service_s_target_groups_and_classic_load_balancers(tmp_path: Path) -> None:
    """Both kinds with container, port and how it is reached; the zones are not known."""
    assert targets(registered(element(), classic()).read(tmp_path)) == (
        Target(GROUP, TargetKind.TARGET_GROUP, "main", 80, HostPorts.DYNAMIC),
        Target("old", TargetKind.CLASSIC, "main", 80, HostPorts.DYNAMIC),
    )


def test_the_files_say_the_zones(tmp_path: Path) -> None:
    """Of a target group those of its load balancer, of a Classic Load Balancer its own."""
    found = targets(zoned(registered(element(), classic())).read(tmp_path))
    assert [target.zones for target in found] == [("a", "b"), ("a", "c")]


def test_a_target_group_of_no_load_balancer_that_is_listed(tmp_path: Path) -> None:
    """Its zones are not known, and neither are those of one that is not listed itself."""
    documents = zoned(registered(element(), element(targetGroupArn=f"{GROUP}x")))
    documents.more["load-balancers.json"] = {"LoadBalancers": []}
    assert [target.zones for target in targets(documents.read(tmp_path))] == [(), ()]


@pytest.mark.parametrize(
    ("mode", "mapping", "ports"),
    [
        (None, port(80, 0), HostPorts.DYNAMIC),
        (None, port(80), HostPorts.DYNAMIC),
        (None, port(80, 8080), HostPorts.STATIC),
        ("bridge", port(80, 8080), HostPorts.STATIC),
        ("host", port(80), HostPorts.STATIC),
        ("awsvpc", port(80), HostPorts.INTERFACE),
        ("none", port(80), HostPorts.UNKNOWN),
        (None, port(81, 81), HostPorts.UNKNOWN),
        (None, port(80, 80, "udp"), HostPorts.UNKNOWN),
    ],
)
def test_how_the_port_is_reached(tmp_path: Path, mode: str | None, mapping: dict[str, Any], ports: HostPorts) -> None:
    """By network mode and port mapping; not known where the container has no such port."""
    (target,) = targets(registered(element(), mode=mode, mapping=mapping).read(tmp_path))
    assert target.host_ports is ports


def test_every_revision_is_registered_as_the_service(tmp_path: Path) -> None:
    """Older revisions that run have the service's targets, each with its own ports; standalone tasks have none."""
    documents = registered(element(), mapping=port(80, 8080)).definition("web:2", container(portMappings=[port(80)]))
    documents.task("t1", "service:web", "web:2", "a").task("t2", "family:web", "web:1", "a")
    cluster = documents.task("t3", "service:web", "web:9", "a").read(tmp_path)
    assert [target.host_ports for target in targets(cluster)] == [HostPorts.STATIC]
    assert [target.host_ports for target in targets(cluster, "service:web@web:2")] == [HostPorts.DYNAMIC]
    assert [target.host_ports for target in targets(cluster, "service:web@web:9")] == [HostPorts.UNKNOWN]
    assert targets(cluster, "family:web:1") == ()


def test_a_task_set_has_its_own_target_group(tmp_path: Path) -> None:
    """Of a blue/green deployment each task set is registered with another one."""
    documents = registered().definition("web:2")
    documents.services[0] |= {
        "deployments": [],
        "taskSets": [
            {"status": "PRIMARY", "taskDefinition": definition_arn("web:1"), "loadBalancers": [element()]},
            {"status": "ACTIVE", "taskDefinition": definition_arn("web:2"), "loadBalancers": [classic()]},
        ],
    }
    cluster = documents.task("t1", "service:web", "web:2", "a").read(tmp_path)
    assert [target.name for target in targets(cluster)] == [GROUP]
    assert [target.name for target in targets(cluster, "service:web@web:2")] == ["old"]


def test_the_answer_tells_of_the_targets(tmp_path: Path) -> None:
    """From documents to a plan: the zone that the load balancer has and that holds none."""
    from solver.api import place

    documents = zoned(registered(element())).task("t1", "service:web", "web:1", "a")
    problem, _ = documents.read(tmp_path).request({"service:web": 1})
    (found,) = place(problem).targets
    assert [(zone.zone, zone.before, zone.after) for zone in found.zones] == [("a", 1, 1), ("b", 0, 1)]
    assert found.warnings == () and found.label == "web"


@pytest.mark.parametrize(
    ("mode", "kind", "said"),
    [
        ("awsvpc", "instance", "is of type instance, and tasks in awsvpc mode need one of type ip"),
        ("bridge", "ip", "is of type ip, and tasks in bridge mode need one of type instance"),
        (None, "ip", "tasks in bridge mode need one of type instance"),
        ("awsvpc", "ip", ""),
        ("host", "instance", ""),
        ("none", "ip", ""),
    ],
)
def test_a_target_group_of_the_wrong_type(tmp_path: Path, mode: str | None, kind: str, said: str) -> None:
    """Network mode and target type go together; what ECS refuses is warned of."""
    documents = zoned(registered(element(), mode=mode))
    documents.more["target-groups.json"][0]["TargetGroups"][0]["TargetType"] = kind
    _, warnings = documents.read(tmp_path).request({"service:web": 1})
    assert [said in warning for warning in warnings if "target group web" in warning] == ([True] if said else [])


def test_a_container_that_is_not_there(tmp_path: Path) -> None:
    """A registration names a container of the task definition."""
    _, warnings = registered(element(containerName="proxy")).read(tmp_path).request({"service:web": 1})
    assert [w for w in warnings if "names the container proxy, which web:1 has not" in w]


def test_alternate_target_groups_are_named(tmp_path: Path) -> None:
    """What is not modelled of a load balancer gives a warning."""
    _, warnings = registered(element(advancedConfiguration={})).read(tmp_path).request({"service:web": 1})
    assert [w for w in warnings if "advancedConfiguration" in w]


S0 = "services.json[0].services[0].loadBalancers"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"loadBalancers": {}}, f"{S0}: is an object of 0; must be a list"),
        ({"loadBalancers": ["x"]}, f'{S0}[0]: is "x"; must be an object'),
        ({"loadBalancers": [{}]}, f"{S0}[0].targetGroupArn: is missing; must name a target group, or loadBalancerName"),
        (
            {"loadBalancers": [element(targetGroupArn="")]},
            f"{S0}[0].targetGroupArn: is empty; must name a target group",
        ),
        ({"loadBalancers": [element(targetGroupArn=7)]}, f"{S0}[0].targetGroupArn: is 7; must be text"),
        ({"loadBalancers": [element(containerPort=70000)]}, f"{S0}[0].containerPort: is 70000; must be 0 to 65,535"),
        ({"loadBalancers": [element()] * 101}, f"{S0}: has 101 entries; at most 100"),
    ],
)
def test_a_wrong_registration_is_named_with_its_path(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    """File, JSON path, what is wrong and what would be right."""
    documents = registered()
    documents.services[0] |= change
    with pytest.raises(InvalidRequest) as caught:
        documents.read(tmp_path)
    assert str(caught.value.faults[0]).startswith(said)


@pytest.mark.parametrize(
    ("file", "content", "said"),
    [
        (
            "load-balancers.json",
            {"LoadBalancers": [{}]},
            "load-balancers.json.LoadBalancers[0].LoadBalancerArn: is missing",
        ),
        (
            "load-balancers.json",
            {"LoadBalancers": [{"LoadBalancerArn": "x", "AvailabilityZones": ["a"]}]},
            'load-balancers.json.LoadBalancers[0].AvailabilityZones[0]: is "a"; must be an object',
        ),
        (
            "target-groups.json",
            [{"TargetGroups": [{"TargetGroupArn": "x", "LoadBalancerArns": "y"}]}],
            'target-groups.json[0].TargetGroups[0].LoadBalancerArns: is "y"; must be a list',
        ),
        (
            "classic-load-balancers.json",
            {"LoadBalancerDescriptions": [{"LoadBalancerName": "x", "AvailabilityZones": [1]}]},
            "classic-load-balancers.json.LoadBalancerDescriptions[0].AvailabilityZones[0]: is 1; must be text",
        ),
    ],
)
def test_a_wrong_field_of_the_files_is_named_with_its_path(tmp_path: Path, file: str, content: Any, said: str) -> None:
    """As in every other file."""
    documents = registered()
    documents.more[file] = content
    with pytest.raises(InvalidRequest) as caught:
        documents.read(tmp_path)
    assert str(caught.value.faults[0]).startswith(said)


def test_a_file_of_another_kind_is_told_apart(tmp_path: Path) -> None:
    """The two calls that describe load balancers print different members."""
    documents = registered()
    documents.more["load-balancers.json"] = {"LoadBalancerDescriptions": []}
    with pytest.raises(UnreadableDocument, match=r"looks like classic-load-balancers.json \(`aws elb describe"):
        documents.read(tmp_path)
