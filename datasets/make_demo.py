"""Make the demo cluster: ``python -m datasets.make_demo OUT_DIR``. The same bytes every time.

Every request (RegisterTaskDefinition, RunInstances, PutAttributes, CreateService...) goes through boto3 to moto, in
this process, so that a parameter ECS does not have is refused; moto's answers are the base of the documents. What moto
does not model (capacity by instance type, placement, tasks of services, deployments, protection, interfaces, GPUs) or
draws at random (ids, times) is laid over them by ``datasets.ecs_documents``.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from moto import mock_aws

from datasets.demo_account import Account
from datasets.demo_cluster import CLUSTER, DemoTask, disturb, instances, run
from datasets.demo_services import SERVICES, ZONES, DemoInstance, DemoService
from datasets.ecs_documents import Document, arn, pages, stable_number, task_definition, timestamp, write
from datasets.ecs_instances import container_instance
from datasets.ecs_tasks import deployment, deployment_id, service, task


def instance_documents(cluster: Sequence[DemoInstance], tasks: Sequence[DemoTask], account: Account) -> list[Document]:
    """``containerInstances``: moto's answer with the figures of the instance's type and tasks."""
    result = []
    for demo in cluster:
        here = [t for t in tasks if t.instance is demo]
        mine = container_instance(
            CLUSTER,
            demo.name,
            demo.type,
            demo.zone,
            taken=demo.taken,
            running=sum(t.desired == "RUNNING" for t in here),
            pending=sum(t.last == "PENDING" for t in here),
            custom=demo.attributes,
            provider=demo.provider,
            status=demo.status,
            connected=demo.connected,
            agent="1.82.4" if demo.type == "t3.medium" else "1.98.0",
            trunked=demo.trunked,
            eni=demo.eni,
            age=900 if demo.fresh else 86400 * (2 + stable_number("age", demo.name, below=60)),
        )
        theirs = account.instances[demo.name]
        _agree(demo.name, theirs, mine, ("status",))
        known = {a["name"]: a.get("value") for a in mine["attributes"]}
        wanted = {"ecs.availability-zone", "ecs.instance-type", *demo.attributes}
        for attribute in theirs["attributes"]:
            if attribute["name"] in wanted and known.get(attribute["name"]) != attribute["value"]:
                raise RuntimeError(f"{demo.name}: {attribute['name']} is {attribute['value']} in moto")
        result.append({**theirs, **mine})
    return result


def _agree(path: str, theirs: Mapping[str, Any], mine: Mapping[str, Any], keys: Sequence[str]) -> None:
    for key in keys:
        if theirs[key] != mine[key]:
            raise RuntimeError(f"{path}.{key}: moto says {theirs[key]!r}, the demo's table {mine[key]!r}")


def definition_documents(account: Account) -> dict[tuple[str, int], Document]:
    """``{"taskDefinition": ..., "tags": ...}`` by family and revision."""
    result = {}
    for owner in SERVICES:
        for revision in owner.running:
            answer = account.definitions[owner.name, revision]
            mine = task_definition(owner.name, revision, owner.definition, age=86400.0 * (40 - revision))
            theirs = answer["taskDefinition"]
            _agree(owner.name, theirs, mine, ("family", "revision", "placementConstraints", "status"))
            containers = [
                {**containers[0], **containers[1]}
                for containers in zip(theirs["containerDefinitions"], mine["containerDefinitions"], strict=True)
            ]
            fargate = "FARGATE" in owner.definition.get("requiresCompatibilities", [])
            result[owner.name, revision] = {
                "taskDefinition": {
                    **theirs,
                    **mine,
                    "containerDefinitions": containers,
                    "compatibilities": ["EC2", "FARGATE"] if fargate else ["EC2"],
                },
                "tags": answer["tags"],
            }
    return result


def task_documents(tasks: Sequence[DemoTask], definitions: Mapping[tuple[str, int], Document]) -> Iterator[Document]:
    """``tasks``, service by service."""
    for n, one in enumerate(tasks):
        owner, instance = one.owner, one.instance
        by_provider = "capacityProviderStrategy" in owner.request
        age = (
            20.0 if one.last == "PENDING" else 500.0 if owner.name == "api" and one.revision == 8 else 3600.0 * (2 + n)
        )
        document = task(
            CLUSTER,
            one.identity,
            definitions[owner.name, one.revision]["taskDefinition"],
            group=one.group,
            instance=instance.name if instance else None,
            zone=instance.zone if instance else ZONES[0],
            started_by=None if owner.group else deployment_id(owner.name, one.revision),
            provider=instance.provider if instance and by_provider else None,
            launch_type=owner.request.get("launchType", "EC2"),
            desired=one.desired,
            last=one.last,
            health=one.health,
            devices=one.devices,
            age=age,
        )
        yield document


def service_documents(tasks: Sequence[DemoTask], account: Account) -> list[Document]:
    """``services``: moto's answer with counts, deployments and the newest event."""
    result = []
    for owner in SERVICES:
        if owner.group is not None:
            continue
        latest = max(owner.running)
        theirs = account.services[owner.name]
        request = {
            **owner.request,
            "serviceName": owner.name,
            "taskDefinition": arn("task-definition", f"{owner.name}:{latest}"),
            "desiredCount": owner.desired,
        }
        _agree(owner.name, theirs, request, ("serviceName",))
        mine = [t for t in tasks if t.owner is owner and t.desired == "RUNNING"]
        deployments = []
        for revision in sorted(owner.running, reverse=True):
            here = [t for t in mine if t.revision == revision]
            rolling = len(owner.running) > 1 and revision == latest
            deployments.append(
                deployment(
                    request,
                    revision,
                    status="PRIMARY" if revision == latest else "ACTIVE",
                    desiredCount=owner.desired if revision == latest else len(here),
                    runningCount=sum(t.last == "RUNNING" for t in here),
                    pendingCount=sum(t.last == "PENDING" for t in here),
                    rolloutState="IN_PROGRESS" if rolling else "COMPLETED",
                )
            )
        result.append(
            service(
                CLUSTER,
                request,
                running=sum(t.last == "RUNNING" for t in mine),
                pending=sum(t.last == "PENDING" for t in mine),
                deployments=deployments,
                message=_newest_event(owner, len(mine)),
            )
        )
    return result


def _newest_event(owner: DemoService, running: int) -> str:
    if len(owner.running) > 1:
        return "has begun a rolling deployment."
    if running < owner.desired and owner.request.get("schedulingStrategy") != "DAEMON":
        return "was unable to place a task because no container instance met all of its requirements."
    return "has reached a steady state."


def protection(tasks: Sequence[Document]) -> list[Document]:
    """``protectedTasks`` of the service ``session``: three protected, one whose protection has run out."""
    result = []
    for n, document in enumerate(t for t in tasks if t["group"] == "service:session"):
        entry: Document = {"taskArn": document["taskArn"], "protectionEnabled": n < 4}
        if n < 4:
            entry["expirationDate"] = timestamp(1800 if n == 3 else -3600 * (n + 1))
        result.append(entry)
    return result


def provider_documents(account: Account) -> list[Document]:
    """``capacityProviders``."""
    return [
        {**theirs, "capacityProviderArn": arn("capacity-provider", theirs["name"]), "tags": []}
        for theirs in account.describe_providers()
    ]


def cluster_document(
    account: Account, instances: Sequence[Document], tasks: Sequence[Document], services: int
) -> Document:
    """The element of ``clusters``."""
    return {
        **account.describe_cluster(),
        "clusterArn": arn("cluster", CLUSTER),
        "registeredContainerInstancesCount": len(instances),
        "runningTasksCount": sum(t["lastStatus"] == "RUNNING" for t in tasks),
        "pendingTasksCount": sum(t["lastStatus"] == "PENDING" for t in tasks),
        "activeServicesCount": services,
        "statistics": [],
        "tags": [],
    }


def make(directory: Path) -> None:
    """Write the seven documents of the demo cluster into an existing or new directory."""
    cluster = instances()
    tasks = disturb(run(cluster))
    with mock_aws():
        account = Account(cluster)
        definitions = definition_documents(account)
        instance_list = instance_documents(cluster, tasks, account)
        service_list = service_documents(tasks, account)
        task_list = list(task_documents(tasks, definitions))
        providers = provider_documents(account)
        about = cluster_document(account, instance_list, task_list, len(service_list))
    directory.mkdir(parents=True, exist_ok=True)
    write(directory / "container-instances.json", pages("containerInstances", instance_list))
    write(directory / "tasks.json", pages("tasks", task_list))
    write(directory / "task-definitions.json", list(definitions.values()))
    write(directory / "services.json", pages("services", service_list, 10))
    write(directory / "task-protection.json", pages("protectedTasks", protection(task_list)))
    write(directory / "capacity-providers.json", pages("capacityProviders", providers)[0])
    write(directory / "cluster.json", pages("clusters", [about])[0])


if __name__ == "__main__":
    make(Path(sys.argv[1]))
