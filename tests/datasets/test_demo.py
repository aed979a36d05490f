"""The demo cluster: made again byte for byte, in ECS's shapes, consistent, and with every kind of rule."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from datasets.ecs_documents import SNAPSHOT_TIME, demand
from datasets.make_demo import make
from tests.datasets.api_shapes import amount, faults, read, strings

OPERATIONS = {
    "container-instances.json": "DescribeContainerInstances",
    "tasks.json": "DescribeTasks",
    "task-definitions.json": "DescribeTaskDefinition",
    "services.json": "DescribeServices",
    "task-protection.json": "GetTaskProtection",
    "capacity-providers.json": "DescribeCapacityProviders",
    "cluster.json": "DescribeClusters",
}


@pytest.fixture(scope="module")
def demo(root: Path) -> Path:
    return root / "datasets" / "demo"


@pytest.fixture(scope="module")
def instances(demo: Path) -> list[Any]:
    return read(demo, "container-instances.json", "containerInstances")


@pytest.fixture(scope="module")
def tasks(demo: Path) -> list[Any]:
    return read(demo, "tasks.json", "tasks")


@pytest.fixture(scope="module")
def services(demo: Path) -> dict[str, Any]:
    return {service["serviceName"]: service for service in read(demo, "services.json", "services")}


@pytest.fixture(scope="module")
def definitions(demo: Path) -> dict[str, Any]:
    answers = json.loads((demo / "task-definitions.json").read_text(encoding="utf-8"))
    return {answer["taskDefinition"]["taskDefinitionArn"]: answer["taskDefinition"] for answer in answers}


def test_the_script_makes_what_is_committed_byte_for_byte(demo: Path, tmp_path: Path) -> None:
    """The demo is made by its script and by nothing else."""
    make(tmp_path)
    assert {path.name for path in demo.iterdir()} == set(OPERATIONS) == {path.name for path in tmp_path.iterdir()}
    for name in OPERATIONS:
        assert (tmp_path / name).read_bytes() == (demo / name).read_bytes(), name


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_document_has_the_shape_of_the_api(demo: Path, name: str) -> None:
    """A file is one answer or a list of answers of its describe call."""
    document = json.loads((demo / name).read_text(encoding="utf-8"))
    for answer in document if isinstance(document, list) else [document]:
        assert faults(OPERATIONS[name], answer) == []


def test_a_document_that_is_not_the_api_s_is_found_out() -> None:
    """The shape test sees an unknown member, a wrong type and a wrong value."""
    wrong = {"tasks": [{"desired": "RUNNING"}, {"cpu": 256}, {"launchType": "NOWHERE"}]}
    assert len(faults("DescribeTasks", wrong)) == 3


def test_pages_hold_at_most_a_hundred(demo: Path) -> None:
    """Describe calls answer for at most 100 tasks, 100 container instances and 10 services."""
    for name, key, most in (
        ("tasks.json", "tasks", 100),
        ("container-instances.json", "containerInstances", 100),
        ("services.json", "services", 10),
    ):
        sizes = [len(page[key]) for page in json.loads((demo / name).read_text(encoding="utf-8"))]
        assert max(sizes) <= most


def test_the_demo_stays_below_a_megabyte(demo: Path) -> None:
    """It is installed with the package."""
    assert sum(path.stat().st_size for path in demo.iterdir()) < 1_000_000


def test_what_remains_is_what_was_registered_less_the_running_tasks(
    instances: list[Any], tasks: list[Any], definitions: dict[str, Any]
) -> None:
    """ECS counts the tasks whose desired status is RUNNING; PORTS and PORTS_UDP list what is used, GPU what is free."""
    for instance in instances:
        here = [t for t in tasks if t.get("containerInstanceArn") == instance["containerInstanceArn"]]
        needs = [demand(definitions[t["taskDefinitionArn"]]) for t in here if t["desiredStatus"] == "RUNNING"]
        for name, wanted in (("CPU", [n.cpu for n in needs]), ("MEMORY", [n.memory for n in needs])):
            remaining = amount(instance, "remaining", name)
            assert remaining == amount(instance, "registered", name) - sum(wanted)
            assert remaining >= 0
        for name, ports in (
            ("PORTS", [p for n in needs for p in n.tcp]),
            ("PORTS_UDP", [p for n in needs for p in n.udp]),
        ):
            used = strings(instance, "remaining", name)
            assert sorted(used) == sorted(strings(instance, "registered", name) + ports)
            assert len(used) == len(set(used))
        devices = [device for t in here for c in t["containers"] for device in c.get("gpuIds", [])]
        assert len(devices) == sum(n.gpus for n in needs)
        assert sorted(devices + strings(instance, "remaining", "GPU")) == strings(instance, "registered", "GPU")
        assert instance["runningTasksCount"] == len(needs)
        assert instance["pendingTasksCount"] == sum(t["lastStatus"] == "PENDING" for t in here)


def test_stopping_tasks_could_be_charged_again(
    instances: list[Any], tasks: list[Any], definitions: dict[str, Any]
) -> None:
    """§2.4: what a stopping task holds still fits into what ECS counts as free."""
    stopping = [t for t in tasks if t["desiredStatus"] == "STOPPED" and t["lastStatus"] == "RUNNING"]
    assert len(stopping) == 1
    for task in stopping:
        at = next(i for i in instances if i["containerInstanceArn"] == task["containerInstanceArn"])
        assert amount(at, "remaining", "CPU") >= demand(definitions[task["taskDefinitionArn"]]).cpu
        assert amount(at, "remaining", "MEMORY") >= demand(definitions[task["taskDefinitionArn"]]).memory


def test_identities_are_unique_and_references_resolve(
    instances: list[Any], tasks: list[Any], definitions: dict[str, Any], services: dict[str, Any], demo: Path
) -> None:
    """Every ARN that a document names is in another document, except the container instance of a FARGATE task."""
    arns = [i["containerInstanceArn"] for i in instances]
    assert len(set(arns)) == len(arns) == len({i["ec2InstanceId"] for i in instances})
    assert len({t["taskArn"] for t in tasks}) == len(tasks)
    for task in tasks:
        assert task["taskDefinitionArn"] in definitions
        assert task["launchType"] == "FARGATE" or task["containerInstanceArn"] in arns
        kind, _, name = task["group"].partition(":")
        assert kind != "service" or name in services
    assert {s["taskDefinition"] for s in services.values()} <= set(definitions)
    protected = read(demo, "task-protection.json", "protectedTasks")
    assert {p["taskArn"] for p in protected} <= {t["taskArn"] for t in tasks}


def test_services_count_their_tasks(services: dict[str, Any], tasks: list[Any]) -> None:
    """``runningCount`` and ``pendingCount`` are of tasks that are to run, and the deployments add up to them."""
    wanted = [t for t in tasks if t["desiredStatus"] == "RUNNING"]
    for name, service in services.items():
        mine = Counter(t["lastStatus"] for t in wanted if t["group"] == f"service:{name}")
        assert (service["runningCount"], service["pendingCount"]) == (mine["RUNNING"], mine["PENDING"])
        assert service["runningCount"] == sum(d["runningCount"] for d in service["deployments"])
        by_deployment = Counter(t["startedBy"] for t in wanted if t["group"] == f"service:{name}")
        for deployment in service["deployments"]:
            assert by_deployment[deployment["id"]] == deployment["runningCount"] + deployment["pendingCount"]


def test_the_cluster_is_as_large_and_as_full_as_a_demo_needs(
    instances: list[Any], tasks: list[Any], services: dict[str, Any]
) -> None:
    """At least 60 instances in 3 zones, 12 services, 250 to 350 tasks, half to two thirds of the CPU in use."""
    facts = [{a["name"]: a.get("value") for a in i["attributes"]} for i in instances]
    assert len(instances) >= 60
    assert len({f["ecs.availability-zone"] for f in facts}) == 3
    assert len({f["ecs.instance-type"] for f in facts}) == 6
    assert len(services) >= 12
    assert 250 <= len(tasks) <= 350
    total = sum(amount(i, "registered", "CPU") for i in instances)
    assert 0.5 <= 1 - sum(amount(i, "remaining", "CPU") for i in instances) / total <= 0.67


def test_unusual_states_are_present(
    demo: Path, instances: list[Any], tasks: list[Any], services: dict[str, Any]
) -> None:
    """DRAINING, disconnected, PENDING, UNHEALTHY, protected and no longer so, rolling, FARGATE, a daemon owed."""
    assert sum(i["status"] == "DRAINING" for i in instances) == 2
    assert sum(not i["agentConnected"] for i in instances) == 1
    assert sum(t["lastStatus"] == "PENDING" for t in tasks) == 1
    assert sum(t["healthStatus"] == "UNHEALTHY" for t in tasks) == 1
    assert sum(t["launchType"] == "FARGATE" for t in tasks) == 1
    assert {t["group"] for t in tasks if not t["group"].startswith("service:")} == {"family:batch", "nightly-etl"}
    assert len(services["api"]["deployments"]) == 2
    assert services["telemetry"]["desiredCount"] - services["telemetry"]["runningCount"] == 1
    assert services["search"]["runningCount"] < services["search"]["desiredCount"]
    ends = [p["expirationDate"] for p in read(demo, "task-protection.json", "protectedTasks") if p["protectionEnabled"]]
    assert {end > SNAPSHOT_TIME.isoformat() for end in ends} == {True, False}


def test_every_kind_of_rule_is_present(services: dict[str, Any], definitions: dict[str, Any]) -> None:
    """Each strategy and constraint that ECS has, in a service or a task definition."""
    strategies = {tuple((s["type"], s.get("field")) for s in x["placementStrategy"]) for x in services.values()}
    zone = ("spread", "attribute:ecs.availability-zone")
    assert {
        (),
        (zone,),
        (zone, ("binpack", "cpu")),
        (zone, ("spread", "instanceId")),
        (("spread", "instanceId"),),
        (("spread", "attribute:rack"),),
        (("binpack", "memory"),),
        (("binpack", "cpu"),),
        (("random", None),),
    } <= strategies
    rules = [r for x in [*services.values(), *definitions.values()] for r in x["placementConstraints"]]
    assert any(r["type"] == "distinctInstance" for r in rules)
    text = " ".join(r.get("expression", "") for r in rules)
    for part in (
        "attribute:stack ==",
        "!=",
        "=~",
        " in [",
        "not(task:group",
        "task:group ==",
        "runningTasksCount",
        "agentVersion",
    ):
        assert part in text, part
    needs = [demand(d) for d in definitions.values()]
    assert all(any(getattr(n, name) for n in needs) for name in ("tcp", "udp", "gpus", "interfaces"))
    assert {s["schedulingStrategy"] for s in services.values()} == {"REPLICA", "DAEMON"}
    assert any("capacityProviderStrategy" in s for s in services.values())
    assert any(t["key"] == "placement:priority" for s in services.values() for t in s["tags"])


@pytest.mark.parametrize(
    ("definition", "wanted"),
    [
        ({"containerDefinitions": [{"cpu": 10, "memory": 300, "memoryReservation": 128}]}, (10, 128, (), (), 0)),
        ({"cpu": "256", "memory": "512", "containerDefinitions": [{"cpu": 1, "memory": 9}]}, (256, 512, (), (), 0)),
        (
            {
                "networkMode": "awsvpc",
                "containerDefinitions": [{"portMappings": [{"containerPort": 80, "hostPort": 80}]}],
            },
            (0, 0, (), (), 1),
        ),
        (
            {
                "networkMode": "host",
                "containerDefinitions": [{"portMappings": [{"containerPort": 53, "protocol": "udp"}]}],
            },
            (0, 0, (), ("53",), 0),
        ),
        (
            {
                "containerDefinitions": [
                    {"portMappings": [{"containerPort": 1, "hostPort": 0}, {"containerPort": 2, "hostPort": 80}]}
                ]
            },
            (0, 0, ("80",), (), 0),
        ),
    ],
)
def test_demand_follows_the_accounting_of_ecs(definition: dict[str, Any], wanted: tuple[Any, ...]) -> None:
    """Task level first, reservation before limit, static host ports outside awsvpc, one interface within it."""
    needs = demand(definition)
    assert (needs.cpu, needs.memory, needs.tcp, needs.udp, needs.interfaces) == wanted
