"""Whole clusters: the demo, synthetic ones, and the samples that the AWS CLI documents."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from datasets.ecs_documents import Demand, demand
from datasets.synthetic import generate
from solver.domain.request import Scheduling
from solver.formats.ecs import EcsCluster, read

AT = "2026-11-01T12:00:00Z"


@pytest.fixture(scope="module")
def demo(root: Path) -> Path:
    return root / "datasets" / "demo"


@pytest.fixture(scope="module")
def cluster(demo: Path) -> EcsCluster:
    return read(demo, at=AT)


@pytest.fixture(scope="module")
def synthetic(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("synthetic")
    generate(folder, instances=40, services=15, fill=0.6, tightness=0.6, seed=3)
    return folder


def listed(folder: Path, name: str, member: str) -> list[Any]:
    """The elements of a file's answers."""
    answers = json.loads((folder / name).read_text(encoding="utf-8"))
    return [one for answer in (answers if isinstance(answers, list) else [answers]) for one in answer[member]]


def needs(folder: Path) -> dict[str, Demand]:
    """What a task of each task definition takes, by the data set's own accounting."""
    answers = json.loads((folder / "task-definitions.json").read_text(encoding="utf-8"))
    return {answer["taskDefinition"]["taskDefinitionArn"]: demand(answer["taskDefinition"]) for answer in answers}


def held_by_stopping(folder: Path, cluster: EcsCluster) -> np.ndarray[Any, Any]:
    """``int64[I, 4]``: CPU, memory, GPU and interfaces of tasks that are told to stop and still run."""
    found = np.zeros((cluster.problem.cluster.size, 4), np.int64)
    for task in listed(folder, "tasks.json", "tasks"):
        if task["desiredStatus"] == "STOPPED" and task["lastStatus"] != "STOPPED":
            need = needs(folder)[task["taskDefinitionArn"]]
            place = cluster.problem.cluster.find(task["containerInstanceArn"])
            found[place] += (need.cpu, need.memory, 1000 * need.gpus, need.interfaces)
    return found


@pytest.mark.parametrize("which", ["demo", "synthetic"])
@pytest.mark.parametrize("stopping", ["held", "free"])
def test_what_is_taken_is_what_the_tasks_take(which: str, stopping: str, request: pytest.FixtureRequest) -> None:
    """On every instance and resource: capacity less free is what listed and, if held, stopping tasks take."""
    folder = request.getfixturevalue(which)
    found = read(folder, stopping=stopping, at=AT)
    problem, snapshot = found.problem, found.problem.cluster
    taken = problem.running.load(problem.demand)
    if stopping == "held":
        taken = taken + held_by_stopping(folder, found)[:, : len(snapshot.resources)]
    assert not snapshot.unlisted_tasks.any()
    assert np.array_equal(snapshot.capacity - snapshot.free, taken)


@pytest.mark.parametrize("which", ["demo", "synthetic"])
def test_demand_and_counts_are_those_of_an_independent_reading(which: str, request: pytest.FixtureRequest) -> None:
    """Tasks by group and instance, and each group's demand, as plain Python counts them from the files."""
    folder = request.getfixturevalue(which)
    problem = read(folder, at=AT).problem
    arns = problem.cluster.instance_ids
    assert list(arns) == [
        i["containerInstanceArn"] for i in listed(folder, "container-instances.json", "containerInstances")
    ]
    expected = Counter(
        (task["group"], task["taskDefinitionArn"], task["containerInstanceArn"])
        for task in listed(folder, "tasks.json", "tasks")
        if task["desiredStatus"] == "RUNNING" and task["launchType"] == "EC2"
    )
    groups = problem.groups
    assert {(groups[g].family, groups[g].task_definition, arns[i]): n for g, i, n in problem.running} == expected
    for group in groups:
        need = needs(folder)[group.task_definition]
        own = {"cpu": need.cpu, "memory": need.memory, "gpu": 1000 * need.gpus, "interfaces": need.interfaces}
        assert {name: group.demand.get(name, 0) for name in own} == own
        assert set(group.ports) == {("tcp", int(p)) for p in need.tcp} | {("udp", int(p)) for p in need.udp}


def test_every_service_of_the_demo_but_the_one_on_fargate_is_a_group(demo: Path, cluster: EcsCluster) -> None:
    """18 services, one of them set aside; two revisions of api, two standalone groups."""
    names = {f"service:{s['serviceName']}" for s in listed(demo, "services.json", "services")}
    groups = set(cluster.problem.by_name)
    assert names - groups == {"service:mailer"}
    assert groups - names == {"service:api@api:7", "family:batch", "family:batch:6", "nightly-etl"}
    assert set(cluster.desired) == names - {"service:mailer"}
    daemons = [group.name for group in cluster.problem.groups if group.scheduling is Scheduling.DAEMON]
    assert daemons == ["service:telemetry"]


def test_states_of_the_demo(cluster: EcsCluster) -> None:
    """Two instances DRAINING, one disconnected; three tasks protected, one UNHEALTHY, one not yet running."""
    problem = cluster.problem
    assert problem.cluster.name == "demo" and problem.cluster.size == 66
    assert int((~problem.cluster.active).sum()) == 2 and int((~problem.cluster.connected).sum()) == 1
    assert sum(task.protected for task in problem.tasks) == 3
    assert sum(not task.healthy for task in problem.tasks) == 1
    assert sum(not task.running for task in problem.tasks) == 1
    assert {group.name: group.priority for group in problem.groups if group.priority} == {
        "service:edge": 50,
        "service:checkout": 100,
        "service:payments": 100,
        "service:web": 20,
    }


def test_the_demo_says_nothing_that_is_not_so(cluster: EcsCluster) -> None:
    """What is set aside and what is held, and no more."""
    assert sorted(cluster.warnings) == [
        "1 task of service:api still stopping: what they hold is not free yet",
        "1 task on FARGATE set aside: no container instance of ECS on EC2 holds them",
        "service:mailer on FARGATE set aside",
    ]


@pytest.fixture
def samples(published: Callable[[str], Path]) -> Path:
    """Answers as the AWS CLI documents them."""
    return published("ecs_samples/aws_cli_json")


def test_answers_as_the_aws_cli_documents_them_are_read(samples: Path, tmp_path: Path) -> None:
    """Its examples together: epoch times, instances without attributes, FARGATE tasks, an unknown task definition."""
    for name, source in (
        ("container-instances.json", "describe-container-instances__1.json"),
        ("tasks.json", "describe-tasks__2.json"),
        ("task-definitions.json", "describe-task-definition__1.json"),
        ("services.json", "describe-services__1.json"),
        ("task-protection.json", "get-task-protection__1.json"),
        ("capacity-providers.json", "describe-capacity-providers__1.json"),
        ("cluster.json", "describe-clusters__1.json"),
    ):
        shutil.copy(samples / source, tmp_path / name)
    cluster = read(tmp_path)
    snapshot = cluster.problem.cluster
    assert snapshot.capacity.tolist() == snapshot.free.tolist() == [[2048, 3955]]
    assert sorted(snapshot.used_ports) == [("tcp", port) for port in (22, 2375, 2376, 51678)]
    assert snapshot.ec2_instance_id[0] == "i-A1B2C3D4" and snapshot.attributes == {}
    assert cluster.desired == {"service:my-http-service": 10}
    problem, _ = cluster.request({"family:hello_world": 3})
    assert dict(problem.groups[0].demand) == {"cpu": 20, "memory": 1000}
    assert problem.groups[0].ports == (("tcp", 80),)
    assert [w for w in cluster.warnings if w.startswith("2 tasks on FARGATE set aside")]


@pytest.mark.parametrize(
    "name",
    ["describe-tasks__1", "describe-tasks__2", "run-task__1", "start-task__1", "start-task__3", "run-task__3"],
)
def test_tasks_as_the_aws_cli_documents_them_are_read(samples: Path, tmp_path: Path, name: str) -> None:
    """Each of its examples of tasks, on a cluster that does not have their instances: all are accounted for."""
    shutil.copy(samples / f"{name}.json", tmp_path / "tasks.json")
    shutil.copy(samples / "describe-container-instances__1.json", tmp_path / "container-instances.json")
    shutil.copy(samples / "describe-task-definition__1.json", tmp_path / "task-definitions.json")
    shutil.copy(samples / "describe-services__1.json", tmp_path / "services.json")
    cluster = read(tmp_path)
    assert cluster.problem.tasks == ()
    assert [w for w in cluster.warnings if "left out" in w or "set aside" in w]
