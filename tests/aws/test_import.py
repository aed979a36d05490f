"""A live cluster through real boto3 against moto's server: what is written is what is there (moto's limits heeded).

moto registers every instance with the same amounts, starts no task of a service by itself, forgets a service's placement
rules, and does not know task protection. Its tasks would end by being looked at, so their transitions are frozen.
"""

from __future__ import annotations

import json
import urllib.request
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from solver.aws import import_ecs
from solver.errors import InvalidRequest, SourceUnavailable
from solver.formats.ecs import EcsCluster, read

CLUSTER = "live"
ZONES = ("us-east-1a", "us-east-1b")
FILES = {
    *("container-instances.json", "tasks.json", "task-definitions.json", "services.json", "task-protection.json"),
    *("capacity-providers.json", "cluster.json", "snapshot.json"),
}


@pytest.fixture(scope="module")
def account(client: Any, endpoint: str) -> str:
    """A cluster of four instances, services, standalone tasks, one draining instance, one stopping task."""
    frozen = {"model_name": "ecs::task", "transition": {"progression": "manual", "times": 100_000}}
    request = urllib.request.Request(
        f"{endpoint}/moto-api/state-manager/set-transition",
        json.dumps(frozen).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request) as answer:
        assert answer.status == 201
    ecs, ec2 = client("ecs"), client("ec2")
    ecs.create_cluster(clusterName=CLUSTER, tags=[{"key": "team", "value": "x"}])
    instances = [_instance(ecs, ec2, zone) for zone in ZONES for _ in range(2)]
    needs = {"image": "x", "cpu": 256, "essential": True}
    ports = [{"containerPort": 80, "hostPort": 8080}]
    ecs.register_task_definition(family="web", containerDefinitions=[{"name": "w", "memory": 512, **needs}])
    ecs.register_task_definition(
        family="web",
        containerDefinitions=[{"name": "w", "memory": 512, "portMappings": ports, **needs}],
        placementConstraints=[{"type": "memberOf", "expression": "attribute:ecs.os-type == linux"}],
    )
    for _ in range(2):
        ecs.register_task_definition(family="job", containerDefinitions=[{"name": "j", "memory": 100, **needs}])
    for n in range(13):
        ecs.create_service(
            cluster=CLUSTER,
            serviceName=f"web{n}",
            taskDefinition="web:2",
            desiredCount=n,
            tags=[{"key": "placement:priority", "value": str(n)}],
        )
    _start(ecs, instances[:2], "web:2", "service:web0")
    _start(ecs, instances[2:3], "web:1", "service:web0")
    _start(ecs, instances[1:], "job:1", "family:job")
    (stopping,) = _start(ecs, instances[:1], "job:1", "family:job")
    ecs.stop_task(cluster=CLUSTER, task=stopping)
    ecs.update_container_instances_state(cluster=CLUSTER, containerInstances=[instances[3]], status="DRAINING")
    return CLUSTER


def _instance(ecs: Any, ec2: Any, zone: str) -> str:
    started = ec2.run_instances(
        ImageId="ami-12c6146b", MinCount=1, MaxCount=1, InstanceType="m5.large", Placement={"AvailabilityZone": zone}
    )["Instances"][0]
    identity = {
        "instanceId": started["InstanceId"],
        "availabilityZone": zone,
        "instanceType": "m5.large",
        "imageId": started["ImageId"],
        "region": "us-east-1",
        "accountId": "123456789012",
    }
    registered = ecs.register_container_instance(cluster=CLUSTER, instanceIdentityDocument=json.dumps(identity))
    arn: str = registered["containerInstance"]["containerInstanceArn"]
    return arn


def _start(ecs: Any, instances: list[str], definition: str, group: str) -> list[str]:
    started = ecs.start_task(cluster=CLUSTER, containerInstances=instances, taskDefinition=definition, group=group)
    return [task["taskArn"] for task in started["tasks"]]


@pytest.fixture(scope="module")
def folder(account: str, endpoint: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        from botocore.retries.standard import ExponentialBackoff

        patch.setattr(ExponentialBackoff, "delay_amount", lambda self, context: 0)
        directory = tmp_path_factory.mktemp("live") / "cluster"
        import_ecs(account, directory, endpoint_url=endpoint)
    return directory


@pytest.fixture(scope="module")
def cluster(folder: Path) -> EcsCluster:
    return read(folder)


def test_all_documents_are_written_and_nothing_else(folder: Path) -> None:
    """The directory holds the documents, complete; nothing is left beside it."""
    assert {path.name for path in folder.iterdir()} == FILES
    assert list(folder.parent.iterdir()) == [folder]
    assert all(json.loads(path.read_text(encoding="utf-8")) for path in folder.iterdir())


def test_instances_are_those_of_the_account(cluster: EcsCluster, client: Any, account: str) -> None:
    """Amounts, states, zones and ids as an independent reading of the account says."""
    ecs, snapshot = client("ecs"), cluster.problem.cluster
    arns = ecs.list_container_instances(cluster=account)["containerInstanceArns"]
    described = ecs.describe_container_instances(cluster=account, containerInstances=arns)["containerInstances"]
    assert len(described) == 4
    stopping = {arn: 0 for arn in arns}
    for task in ecs.describe_tasks(
        cluster=account, tasks=ecs.list_tasks(cluster=account, desiredStatus="STOPPED")["taskArns"]
    )["tasks"]:
        stopping[task["containerInstanceArn"]] += task["lastStatus"] != "STOPPED"
    for one in described:
        i = snapshot.instance_ids.index(one["containerInstanceArn"])
        left = {r["name"]: r for r in one["remainingResources"]}
        held = stopping[one["containerInstanceArn"]]
        assert snapshot.free[i, 0] == left["CPU"]["integerValue"] - 256 * held
        assert snapshot.free[i, 1] == left["MEMORY"]["integerValue"] - 100 * held
        used = {("tcp", int(port)) for port in left["PORTS"]["stringSetValue"]}
        assert {port for port, holders in snapshot.used_ports.items() if i in holders} == used
        facts = {a["name"]: a.get("value") for a in one["attributes"]}
        assert snapshot.attributes["ecs.availability-zone"][i] == facts["ecs.availability-zone"]
        assert snapshot.ec2_instance_id[i] == one["ec2InstanceId"]
        assert snapshot.active[i] == (one["status"] == "ACTIVE")
    assert snapshot.active.tolist().count(False) == 1
    assert snapshot.name == account and snapshot.taken_at


def test_tasks_are_those_of_the_account(cluster: EcsCluster, client: Any, account: str) -> None:
    """Groups, revisions and places of the tasks that are to run."""
    ecs, problem = client("ecs"), cluster.problem
    arns = ecs.list_tasks(cluster=account, desiredStatus="RUNNING")["taskArns"]
    tasks = ecs.describe_tasks(cluster=account, tasks=arns)["tasks"]
    expected = Counter((t["group"], t["taskDefinitionArn"], t["containerInstanceArn"]) for t in tasks)
    groups, ids = problem.groups, problem.cluster.instance_ids
    assert {(groups[g].family, groups[g].task_definition, ids[i]): n for g, i, n in problem.running} == expected
    assert {task.id for task in problem.tasks} == set(arns)
    assert len(expected) == 6


def test_services_and_definitions_are_those_of_the_account(cluster: EcsCluster) -> None:
    """More services than one call answers for; tags, rules, ports; the latest revision of a standalone family."""
    assert cluster.desired == {f"service:web{n}": n for n in range(13)}
    web = cluster.problem.groups[cluster.problem.by_name["service:web7"]]
    assert (web.priority, dict(web.demand), web.ports) == (7, {"cpu": 256, "memory": 512}, (("tcp", 8080),))
    assert [str(rule) for rule in web.constraints] == ["memberOf(attribute:ecs.os-type == linux)"]
    problem, _ = cluster.request({"family:job": 1, "service:web0@web:1": 1})
    assert problem.groups[0].task_definition.endswith("/job:2")


def test_protection_that_cannot_be_read_is_told(folder: Path, cluster: EcsCluster) -> None:
    """moto does not know it: the import goes on and says so."""
    said = json.loads((folder / "snapshot.json").read_text(encoding="utf-8"))
    assert [w for w in cluster.warnings if w.startswith("task protection cannot be read")] == said["warnings"]


def test_an_import_replaces_an_earlier_one_and_leaves_other_files(account: str, endpoint: str, tmp_path: Path) -> None:
    """Documents are replaced, other files stay; progress is told and ends complete."""
    (tmp_path / "tasks.json").write_text("old")
    (tmp_path / "notes.txt").write_text("mine")
    told: dict[str, tuple[int, int]] = {}
    import_ecs(account, tmp_path, endpoint, lambda what, done, total: told.update({what: (done, total)}))
    assert {path.name for path in tmp_path.iterdir()} == {*FILES, "notes.txt"}
    assert (tmp_path / "notes.txt").read_text() == "mine"
    assert len(read(tmp_path).problem.tasks) == 6
    assert told["services"] == (13, 13) and told["container instances"] == (4, 4)
    assert all(done == total for what, (done, total) in told.items() if what != "task protection")


def test_a_cluster_that_is_not_there(endpoint: str, tmp_path: Path) -> None:
    """Named, and nothing is written."""
    with pytest.raises(InvalidRequest, match="cluster: 'nope' is not there .MISSING.; must be the name or the ARN"):
        import_ecs("nope", tmp_path / "out", endpoint)
    assert list(tmp_path.iterdir()) == []


def test_a_directory_that_cannot_be(endpoint: str, tmp_path: Path) -> None:
    """A file where the directory should be is refused before any call."""
    (tmp_path / "file").write_text("")
    with pytest.raises(InvalidRequest, match="is not a directory"):
        import_ecs(CLUSTER, tmp_path / "file", endpoint)


def test_an_endpoint_that_does_not_answer(tmp_path: Path) -> None:
    """The call that failed is named, and nothing is written."""
    with pytest.raises(SourceUnavailable, match="describe_clusters: Could not connect"):
        import_ecs(CLUSTER, tmp_path / "out", "http://127.0.0.1:9")
    assert not (tmp_path / "out").exists()
