"""Resources, ports and interfaces: what is there and what is free (§2.2 to §2.4)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from solver.domain.placement import Placement
from solver.domain.request import RuleSpec
from solver.errors import InvalidRequest
from solver.formats.ecs import EcsCluster
from solver.query import evaluate, parse
from solver.rules.bind import bind
from tests.formats.ecs.documents import AGENT_PORTS, Documents, amount, container, port, small, strings


def free(cluster: EcsCluster, resource: str) -> list[int]:
    """What is free of a resource, instance by instance."""
    snapshot = cluster.problem.cluster
    return [int(amount) for amount in snapshot.free[:, snapshot.resources.index(resource)]]


def most(cluster: EcsCluster, name: str, wanted: int = 200) -> list[int]:
    """How many new tasks of a group each instance takes."""
    problem, _ = cluster.request({name: wanted})
    return [int(count) for count in bind(problem).most(0)]


def selected(cluster: EcsCluster, expression: str) -> list[str]:
    """The EC2 ids that an expression selects."""
    found = evaluate(parse(expression), Placement(cluster.problem))
    return [cluster.problem.cluster.label(i) for i in np.flatnonzero(found).tolist()]


def test_remaining_cpu_is_free_and_remaining_ports_are_used(tmp_path: Path) -> None:
    """``remainingResources``: CPU and MEMORY are what is free, PORTS and PORTS_UDP what is used."""
    documents = Documents().instance("a", free=(1000, 500), used=[*AGENT_PORTS, "80"], used_udp=["53"])
    snapshot = documents.instance("b").read(tmp_path).problem.cluster
    assert snapshot.resources == ("cpu", "memory")
    assert snapshot.capacity.tolist() == [[2048, 4096], [2048, 4096]]
    assert snapshot.free.tolist() == [[1000, 500], [2048, 4096]]
    holders = {port: instances.tolist() for port, instances in snapshot.used_ports.items()}
    assert holders[("tcp", 80)] == [0] and holders[("udp", 53)] == [0] and holders[("tcp", 22)] == [0, 1]
    assert ("udp", 80) not in holders and ("tcp", 53) not in holders


@pytest.mark.parametrize(
    ("fields", "containers", "demand"),
    [
        ({}, [container(memory=300, memoryReservation=128)], {"cpu": 256, "memory": 128}),
        ({}, [container(cpu=10, memory=300), container(cpu=5, memory=20)], {"cpu": 15, "memory": 320}),
        ({"cpu": "512", "memory": "1024"}, [container()], {"cpu": 512, "memory": 1024}),
        ({"cpu": "512"}, [container(memory=7)], {"cpu": 512, "memory": 7}),
        ({"cpu": None, "memory": "64"}, [container(cpu=0, memory=None)], {"cpu": 0, "memory": 64}),
        (
            {},
            [container(resourceRequirements=[{"type": "GPU", "value": "2"}])] * 2,
            {"cpu": 512, "memory": 1024, "gpu": 4000},
        ),
        ({"networkMode": "awsvpc"}, [container()], {"cpu": 256, "memory": 512, "interfaces": 1}),
    ],
)
def test_demand(tmp_path: Path, fields: dict[str, Any], containers: list[Any], demand: dict[str, int]) -> None:
    """Task-level before container-level, ``memoryReservation`` before ``memory``, whole GPUs, an interface each."""
    documents = Documents().instance("a").definition("web:1", *containers, **fields).service("web", "web:1")
    assert dict(documents.read(tmp_path).problem.groups[0].demand) == demand


@pytest.mark.parametrize(
    ("mode", "mappings", "ports"),
    [
        ("bridge", [port(80, 8080)], {("tcp", 8080)}),
        (None, [port(80, 8080)], {("tcp", 8080)}),
        ("bridge", [port(80, 0), port(81)], set()),
        ("bridge", [port(53, 53), port(53, 53, "udp")], {("tcp", 53), ("udp", 53)}),
        ("host", [port(80), port(81, 0), port(82, 82)], {("tcp", 80), ("tcp", 81), ("tcp", 82)}),
        ("awsvpc", [port(80, 80)], set()),
        ("none", [port(80, 80)], set()),
    ],
)
def test_static_ports(tmp_path: Path, mode: str | None, mappings: list[Any], ports: set[Any]) -> None:
    """Static host ports are those of ``bridge`` with a number and those of ``host``; ``awsvpc`` has none."""
    documents = Documents().instance("a").definition("web:1", container(portMappings=mappings), networkMode=mode)
    assert set(documents.service("web", "web:1").read(tmp_path).problem.groups[0].ports) == ports


def test_tcp_and_udp_of_one_port_fit_and_the_same_port_twice_does_not(tmp_path: Path) -> None:
    """Example 27: 53/tcp and 53/udp on one instance; a second 53/tcp is refused."""
    documents = Documents().instance("a", used=[*AGENT_PORTS, "53"], used_udp=[]).instance("b")
    documents.definition("tcp:1", container(portMappings=[port(53, 53)]))
    documents.definition("udp:1", container(portMappings=[port(53, 53, "udp")]))
    cluster = documents.service("tcp", "tcp:1").service("udp", "udp:1").read(tmp_path)
    assert most(cluster, "service:udp") == [1, 1]
    assert most(cluster, "service:tcp") == [0, 1]


def test_dynamic_ports_take_nothing(tmp_path: Path) -> None:
    """Example 26: ``hostPort`` 0 fits as often as the other resources allow."""
    documents = Documents().instance("a", cpu=1024).definition("web:1", container(portMappings=[port(80, 0)] * 3))
    assert most(documents.service("web", "web:1").read(tmp_path), "service:web") == [4]


@pytest.mark.parametrize(("ports", "fits"), [(95, 1), (96, 0)])
def test_at_most_a_hundred_reserved_ports(tmp_path: Path, ports: int, fits: int) -> None:
    """Example 28: beside the agent's five, 95 static ports fit and 96 do not."""
    mappings = [port(1000 + n, 1000 + n) for n in range(ports)]
    documents = Documents().instance("a").definition("web:1", container(portMappings=mappings))
    assert most(documents.service("web", "web:1").read(tmp_path), "service:web") == [fits]


@pytest.mark.parametrize(("amounts", "fits"), [((256, 1000), 1), ((1000, 16), 1), ((512, 512), 2)])
def test_what_is_registered_limits(tmp_path: Path, amounts: tuple[int, int], fits: int) -> None:
    """Example 29: a task of 1,000 MiB, or of 1,000 CPU units, fits once on 1024 of each."""
    documents = Documents().instance("a", cpu=1024, memory=1024)
    documents.definition("web:1", container(cpu=amounts[0], memory=amounts[1])).service("web", "web:1")
    assert most(documents.read(tmp_path), "service:web") == [fits]


def test_memory_reservation_is_what_is_subtracted(tmp_path: Path) -> None:
    """Example 30: ``memory`` 300 with ``memoryReservation`` 128 fits eight times into 1,024 MiB."""
    documents = Documents().instance("a", memory=1024, cpu=8192)
    documents.definition("web:1", container(memory=300, memoryReservation=128)).service("web", "web:1")
    assert most(documents.read(tmp_path), "service:web") == [8]


@pytest.mark.parametrize(
    ("kind", "custom", "fits"),
    [
        ("c5.large", {}, 2),
        ("c5.large", {"ecs.awsvpc-trunk-id": "eni-1"}, 10),
        ("m6i.8xlarge", {"ecs.awsvpc-trunk-id": "eni-1"}, 90),
        ("m5zn.large", {"ecs.awsvpc-trunk-id": "eni-1"}, 14),
        ("t3.medium", {"ecs.awsvpc-trunk-id": "eni-1"}, 2),
        ("p9.unheard-of", {}, 200),
    ],
)
def test_interfaces_limit_awsvpc_tasks(tmp_path: Path, kind: str, custom: dict[str, Any], fits: int) -> None:
    """Example 31: c5.large takes 2 ``awsvpc`` tasks, 10 with trunking; a type that is not known has no limit."""
    documents = Documents().instance("a", cpu=10**6, memory=10**6, kind=kind, custom=custom)
    cluster = documents.definition("web:1", networkMode="awsvpc").service("web", "web:1").read(tmp_path)
    assert most(cluster, "service:web") == [fits]
    assert any(kind in warning for warning in cluster.warnings) is (kind == "p9.unheard-of")


def test_awsvpc_tasks_take_interfaces_and_others_do_not(tmp_path: Path) -> None:
    """Each running ``awsvpc`` task takes one of the type's interfaces."""
    documents = Documents().instance("a", kind="c5.large").definition("net:1", networkMode="awsvpc").definition("web:1")
    documents.service("net", "net:1").service("web", "web:1")
    documents.task("t1", "service:net", "net:1", "a").task("t2", "service:web", "web:1", "a")
    assert free(documents.read(tmp_path), "interfaces") == [1]


def test_interfaces_are_a_resource_only_where_something_uses_them(tmp_path: Path) -> None:
    """Without an ``awsvpc`` task definition an unknown type needs no warning."""
    cluster = Documents().instance("a", kind="p9.unheard-of").definition("web:1").read(tmp_path)
    assert cluster.problem.cluster.resources == ("cpu", "memory") and cluster.warnings == ()


def stopping() -> Documents:
    """One instance with a stopping task that ECS counts as gone already."""
    gpus = {"registered": [strings("GPU", ["g0", "g1"])], "remaining": [strings("GPU", ["g0", "g1"])]}
    documents = Documents().instance("a", kind="c5.large", **gpus)
    needs = container(portMappings=[port(80, 80)], resourceRequirements=[{"type": "GPU", "value": "1"}])
    documents.definition("web:1", needs).definition("net:1", networkMode="awsvpc")
    documents.service("web", "web:1").service("net", "net:1")
    documents.task("t1", "service:web", "web:1", "a", desired="STOPPED", lastStatus="STOPPING")
    return documents.task("t2", "service:net", "net:1", "a", desired="STOPPED")


def test_what_a_stopping_task_holds_is_taken_again(tmp_path: Path) -> None:
    """§2.4: held until the last status is STOPPED: amounts, ports, devices and interfaces, with a warning."""
    cluster = stopping().read(tmp_path)
    assert cluster.problem.cluster.free.tolist() == [[2048 - 512, 4096 - 1024, 1000, 1]]
    assert ("tcp", 80) in cluster.problem.cluster.used_ports
    assert any("still stopping" in warning for warning in cluster.warnings)


def test_what_a_stopping_task_holds_is_free_where_asked_for(tmp_path: Path) -> None:
    """§2.4: ``stopping="free"`` leaves ECS's figure."""
    cluster = stopping().read(tmp_path, stopping="free")
    assert cluster.problem.cluster.free.tolist() == [[2048, 4096, 2000, 2]]
    assert ("tcp", 80) not in cluster.problem.cluster.used_ports


def test_stopping_is_held_or_free(tmp_path: Path) -> None:
    """Anything else is refused."""
    with pytest.raises(InvalidRequest, match="stopping: is 'gone'; must be one of held, free"):
        stopping().read(tmp_path, stopping="gone")


def test_a_stopped_task_holds_nothing(tmp_path: Path) -> None:
    """A task whose last status is STOPPED counts for nothing."""
    documents = small().task("t2", "service:web", "web:1", "a", desired="STOPPED", lastStatus="STOPPED")
    assert free(documents.read(tmp_path), "cpu") == [1792]


def test_a_stopping_task_holds_its_overrides(tmp_path: Path) -> None:
    """What a task was given in place of its task definition's amounts is what it holds."""
    own = {"containerOverrides": [{"name": "main", "cpu": 1000, "memoryReservation": 100}]}
    documents = Documents().instance("a").definition("web:1").service("web", "web:1")
    documents.task("t1", "service:web", "web:1", "a", desired="STOPPED", overrides=own)
    documents.instance("b").task("t2", "service:web", "web:1", "b", desired="STOPPED", overrides={"cpu": "700"})
    cluster = documents.read(tmp_path)
    assert free(cluster, "cpu") == [1048, 1348]
    assert free(cluster, "memory") == [3996, 3584]


def test_a_stopping_task_without_its_definition_holds_what_its_document_says(tmp_path: Path) -> None:
    """Its own document says the amounts, and its bindings the static ports."""
    bound = [{"hostPort": 80, "protocol": "tcp"}, {"hostPort": 40000, "protocol": "tcp"}]
    given = [{"name": "main", "cpu": "100", "memory": "200", "networkBindings": bound}]
    documents = Documents().instance("a")
    documents.task("t1", "family:old", "old:1", "a", desired="STOPPED", containers=given, cpu=None, memory=None)
    cluster = documents.read(tmp_path)
    assert cluster.problem.cluster.free.tolist() == [[1948, 3896]]
    assert ("tcp", 80) in cluster.problem.cluster.used_ports
    assert ("tcp", 40000) not in cluster.problem.cluster.used_ports


def test_a_stopping_task_does_not_count_for_distinct_instance(tmp_path: Path) -> None:
    """Example 13: a task with desired status STOPPED and last status RUNNING leaves the instance eligible."""
    documents = small().instance("b")
    documents.services[0]["placementConstraints"] = [{"type": "distinctInstance"}]
    documents.task("t2", "service:web", "web:1", "b", desired="STOPPED")
    assert most(documents.read(tmp_path), "service:web") == [0, 1]


def test_running_tasks_count_leaves_stopping_ones_out(tmp_path: Path) -> None:
    """Example 22: ``runningTasksCount == 1`` selects the instance with one running and one stopping task."""
    documents = Documents().definition("web:1").service("web", "web:1")
    documents.instance("h1", runningTasksCount=1).instance("h2", runningTasksCount=2)
    documents.task("t1", "service:web", "web:1", "h1").task("t2", "service:web", "web:1", "h1", desired="STOPPED")
    documents.task("t3", "service:web", "web:1", "h2").task("t4", "service:web", "web:1", "h2")
    assert selected(documents.read(tmp_path), "runningTasksCount == 1") == ["i-h1"]


def test_more_tasks_than_are_listed_are_unlisted_tasks(tmp_path: Path) -> None:
    """§3.3: where the document's own count is larger, it wins, with a warning."""
    documents = small().instance("b", runningTasksCount=0)
    documents.instances[0]["runningTasksCount"] = 4
    cluster = documents.read(tmp_path)
    assert cluster.problem.cluster.unlisted_tasks.tolist() == [3, 0]
    assert selected(cluster, "runningTasksCount == 4") == ["i-a"]
    assert "3 tasks counted on i-a and not in tasks.json: they keep what they take and never move" in cluster.warnings


def test_a_pending_task_counts_as_running(tmp_path: Path) -> None:
    """The desired status decides; a PENDING task is not yet running."""
    documents = small()
    documents.tasks[0]["lastStatus"] = "PENDING"
    problem = documents.read(tmp_path).problem
    assert problem.running.totals().tolist() == [1]
    assert not problem.tasks[0].running and problem.tasks[0].healthy


def test_user_defined_resources_keep_their_names(tmp_path: Path) -> None:
    """INTEGER, LONG and DOUBLE resources of other names are counted; sets of texts are not, with a warning."""
    disk = {"name": "DISK", "type": "LONG", "longValue": 900}
    licences = {"name": "licences", "type": "DOUBLE", "doubleValue": 3.0}
    documents = Documents().instance(
        "a",
        registered=[disk, licences, strings("FPGA", ["f0"])],
        remaining=[{**disk, "longValue": 800}, licences, strings("FPGA", [])],
    )
    cluster = documents.read(tmp_path)
    assert cluster.problem.cluster.resources == ("cpu", "memory", "DISK", "licences")
    assert cluster.problem.cluster.free.tolist() == [[2048, 4096, 800, 3]]
    assert cluster.warnings == ("resource FPGA is a set of texts, which is not modelled",)


def test_a_gpu_task_on_a_cluster_without_gpus_finds_no_room(tmp_path: Path) -> None:
    """What a task definition needs is a resource of the cluster, of which there may be none."""
    needs = container(resourceRequirements=[{"type": "GPU", "value": "1"}])
    cluster = Documents().instance("a").definition("gpu:1", needs).service("gpu", "gpu:1").read(tmp_path)
    assert free(cluster, "gpu") == [0] and most(cluster, "service:gpu") == [0]


def test_states_of_instances(tmp_path: Path) -> None:
    """§2.1: DRAINING and disconnected keep what they have and get nothing; other states are ignored with a warning."""
    documents = small().instance("b", status="DRAINING").instance("c", agentConnected=False)
    documents.instance("d", status="REGISTERING").task("t2", "service:web", "web:1", "d")
    documents.task("t3", "service:web", "web:1", "b")
    cluster = documents.read(tmp_path)
    assert [cluster.problem.cluster.label(i) for i in range(3)] == ["i-a", "i-b", "i-c"]
    assert cluster.problem.cluster.accepts.tolist() == [True, False, False]
    assert cluster.problem.running.per_instance().tolist() == [1, 1, 0]
    assert [w for w in cluster.warnings if "i-d (REGISTERING)" in w]
    assert most(cluster, "service:web")[1:] == [0, 0]


def test_external_instances_and_fargate_tasks_are_set_aside(tmp_path: Path) -> None:
    """§2.3: set aside with a warning, and nothing else is."""
    documents = small().instance("x", custom={"ecs.capability.external": None})
    documents.task("t2", "service:web", "web:1", "x", launchType="EXTERNAL")
    documents.task("t3", "service:web", "web:1", None, launchType="FARGATE")
    documents.task("t4", "family:web", "web:1", None, launchType=None, lastStatus="PROVISIONING")
    documents.task("t5", "family:web", "web:1", "gone")
    cluster = documents.read(tmp_path)
    assert cluster.problem.cluster.size == 1 and len(cluster.problem.tasks) == 1
    for text in ("i-x set aside", "on EXTERNAL set aside", "on FARGATE set aside", "not on an instance yet", "gone"):
        assert [w for w in cluster.warnings if text in w], text


def test_facts_that_the_query_language_reads(tmp_path: Path) -> None:
    """Examples 23 and 24: agent version and registration (ISO or epoch), and the id of EC2."""
    documents = Documents()
    for name, version, registered in (
        ("a", "1.14.4", "2018-02-12T12:00:00Z"),
        ("b", "1.14.5", 1518609600.0),  # 2018-02-14T12:00:00Z
        ("c", "1.15.0", "2018-02-14T12:00:00+00:00"),
    ):
        documents.instance(name, versionInfo={"agentVersion": version}, registeredAt=registered)
    cluster = documents.read(tmp_path)
    assert selected(cluster, "agentVersion < 1.14.5") == ["i-a"]
    assert selected(cluster, "registeredAt < 2018-02-13") == ["i-a"]
    assert selected(cluster, "ec2InstanceId in ['i-b', 'i-x']") == ["i-b"]


def test_a_name_only_attribute_exists(tmp_path: Path) -> None:
    """An attribute without a value is there, and its value is empty."""
    documents = Documents().instance("a", custom={"gpu.shared": None}).instance("b")
    assert selected(documents.read(tmp_path), "attribute:gpu.shared exists") == ["i-a"]


def test_tasks_that_need_more_than_is_taken_are_told(tmp_path: Path) -> None:
    """Documents of different moments: the tasks' sum exceeds what the instance says is taken."""
    documents = small()
    assert documents.read(tmp_path).warnings == ()
    documents.task("t2", "service:web", "web:1", "a")
    assert [w for w in documents.read(tmp_path).warnings if "need more CPU or memory" in w]


def test_overrides_of_running_tasks_are_told(tmp_path: Path) -> None:
    """Running tasks with amounts of their own count as the instance reports them."""
    documents = small()
    documents.tasks[0]["overrides"] = {"containerOverrides": [{"name": "main", "cpu": 100}]}
    cluster = documents.read(tmp_path)
    assert free(cluster, "cpu") == [1792]
    assert [w for w in cluster.warnings if "with other amounts" in w]


def test_an_overcommitted_instance_has_less_than_nothing(tmp_path: Path) -> None:
    """A negative remaining amount is read, and takes no new task."""
    documents = Documents().instance("a", free=(-1024, 4096)).definition("web:1").service("web", "web:1")
    cluster = documents.read(tmp_path)
    assert free(cluster, "cpu") == [-1024] and most(cluster, "service:web") == [0]


def test_an_empty_cluster(tmp_path: Path) -> None:
    """No instance, no task: everything is empty and a request is still one."""
    cluster = Documents().definition("web:1").service("web", "web:1").read(tmp_path)
    problem, _ = cluster.request({"service:web": 2}, rules=[RuleSpec("reserve", "cpu, 10")])
    assert problem.cluster.size == 0 and problem.wanted.tolist() == [2]


def test_other_resources_are_named_for_the_user(tmp_path: Path) -> None:
    """A resource of the user's may not take a name that is counted already."""
    cpu = amount("cpu", 3)
    with pytest.raises(InvalidRequest, match=r"registeredResources\[4\].name: is \"cpu\""):
        Documents().instance("a", registered=[cpu], remaining=[cpu]).read(tmp_path)
