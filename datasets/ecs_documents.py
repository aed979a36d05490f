"""Documents in the shapes of the ECS API, as ``aws ecs describe-*`` prints them.

Plain dictionaries, no network. ``demand`` is the accounting that ECS documents (task-level sizes first, then
``memoryReservation`` before ``memory``, host ports only outside ``awsvpc``, whole GPUs, one interface a task under
``awsvpc``); ``occupied`` turns it into ``remainingResources``.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

ACCOUNT = "111122223333"
REGION = "us-east-1"
SNAPSHOT_TIME = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
"""The moment that every document here describes; protection expires against it."""

PAGE = 100
"""Tasks and container instances that one describe call answers for."""

AGENT_PORTS = ("22", "2375", "2376", "51678", "51679")
"""The tcp ports that an agent registers as used."""

Document = dict[str, Any]


@dataclass(frozen=True)
class InstanceShape:
    """What an agent registers on an EC2 type, and how many tasks in ``awsvpc`` mode it can take.

    Parameters
    ----------
    cpu, memory
        CPU units (1024 = one vCPU) and MiB. Memory is below the advertised figure: the kernel and the
        platform keep a part.
    gpus
        Whole devices.
    interfaces, trunked
        Tasks with an interface of their own, without and with interface trunking (0: the type cannot trunk).
    """

    cpu: int
    memory: int
    gpus: int = 0
    interfaces: int = 2
    trunked: int = 0


SHAPES: Mapping[str, InstanceShape] = {
    "t3.medium": InstanceShape(2048, 3884),
    "m5.large": InstanceShape(2048, 7680, trunked=9),
    "m5.xlarge": InstanceShape(4096, 15584, interfaces=3, trunked=18),
    "c5.xlarge": InstanceShape(4096, 7552, interfaces=3, trunked=18),
    "r5.large": InstanceShape(2048, 15584, trunked=9),
    "g4dn.xlarge": InstanceShape(4096, 15424, gpus=1, trunked=39),
}

_DOCKER_APIS = tuple(f"com.amazonaws.ecs.capability.docker-remote-api.1.{n}" for n in (17, 18, 19, 21, 24, 25, 29, 44))
_CAPABILITIES = (
    *_DOCKER_APIS,
    "com.amazonaws.ecs.capability.ecr-auth",
    "com.amazonaws.ecs.capability.logging-driver.awslogs",
    "com.amazonaws.ecs.capability.logging-driver.json-file",
    "com.amazonaws.ecs.capability.privileged-container",
    "com.amazonaws.ecs.capability.task-iam-role",
    "com.amazonaws.ecs.capability.task-iam-role-network-host",
    "ecs.capability.container-health-check",
    "ecs.capability.container-ordering",
    "ecs.capability.docker-plugin.local",
    "ecs.capability.ecr-endpoint",
    "ecs.capability.execution-role-awslogs",
    "ecs.capability.execution-role-ecr-pull",
    "ecs.capability.secrets.ssm.environment-variables",
    "ecs.capability.task-cpu-mem-limit",
)


@dataclass
class Demand:
    """What one task takes: CPU units, MiB, static host ports by protocol, GPU devices, interfaces."""

    cpu: int = 0
    memory: int = 0
    tcp: tuple[str, ...] = ()
    udp: tuple[str, ...] = ()
    gpus: int = 0
    interfaces: int = 0


@dataclass
class Occupancy:
    """What of an instance is taken: sums of demands, and the ids of the GPU devices in use."""

    cpu: int = 0
    memory: int = 0
    tcp: list[str] = field(default_factory=list)
    udp: list[str] = field(default_factory=list)
    gpu_ids: list[str] = field(default_factory=list)
    interfaces: int = 0


def stable_id(*parts: object, length: int = 32) -> str:
    """Hexadecimal digits that depend on the parts alone: the ids of the documents, and drawn-like orders."""
    return hashlib.sha256("/".join(map(str, parts)).encode()).hexdigest()[:length]


def stable_number(*parts: object, below: int) -> int:
    """An integer in ``[0, below)`` that depends on the parts alone."""
    return int(stable_id(*parts, length=15), 16) % below


def arn(kind: str, *path: str) -> str:
    """An ECS ARN of this account: ``arn("task", "demo", id)``."""
    return f"arn:aws:ecs:{REGION}:{ACCOUNT}:{kind}/{'/'.join(path)}"


def timestamp(seconds_before: float) -> str:
    """The instant that many seconds before the snapshot, as the AWS CLI prints it."""
    return (SNAPSHOT_TIME - timedelta(seconds=seconds_before)).isoformat(timespec="microseconds")


def demand(definition: Mapping[str, Any]) -> Demand:
    """What a task of this task definition takes from its instance."""
    containers = definition["containerDefinitions"]
    ports: dict[str, list[str]] = {"tcp": [], "udp": []}
    awsvpc = definition.get("networkMode") == "awsvpc"
    for container in containers:
        for mapping in [] if awsvpc else container.get("portMappings", []):
            static = mapping.get("hostPort", 0)
            if definition.get("networkMode") == "host":
                static = mapping["containerPort"]
            if static:
                ports[mapping.get("protocol", "tcp")].append(str(static))
    return Demand(
        cpu=int(definition.get("cpu") or sum(c.get("cpu", 0) for c in containers)),
        memory=int(
            definition.get("memory") or sum(c.get("memoryReservation") or c.get("memory", 0) for c in containers)
        ),
        tcp=tuple(ports["tcp"]),
        udp=tuple(ports["udp"]),
        gpus=sum(int(r["value"]) for c in containers for r in c.get("resourceRequirements", []) if r["type"] == "GPU"),
        interfaces=int(awsvpc),
    )


def required_attributes(definition: Mapping[str, Any]) -> list[Document]:
    """The capabilities that ECS derives from a task definition (``requiresAttributes``)."""
    names = {"com.amazonaws.ecs.capability.docker-remote-api.1.18"}
    if definition.get("networkMode") == "awsvpc":
        names.add("ecs.capability.task-eni")
    if definition.get("taskRoleArn"):
        names.add("com.amazonaws.ecs.capability.task-iam-role")
    if definition.get("cpu") or definition.get("memory"):
        names.add("ecs.capability.task-cpu-mem-limit")
    for container in definition["containerDefinitions"]:
        if "memoryReservation" in container:
            names.add("com.amazonaws.ecs.capability.docker-remote-api.1.21")
        if "healthCheck" in container:
            names |= {"com.amazonaws.ecs.capability.docker-remote-api.1.24", "ecs.capability.container-health-check"}
        if container.get("logConfiguration", {}).get("logDriver") == "awslogs":
            names |= {
                "com.amazonaws.ecs.capability.logging-driver.awslogs",
                "ecs.capability.execution-role-awslogs",
            }
    return [{"name": name} for name in sorted(names)]


def task_definition(family: str, revision: int, request: Mapping[str, Any], *, age: float) -> Document:
    """The ``taskDefinition`` of a describe-task-definition answer.

    Parameters
    ----------
    request
        What RegisterTaskDefinition was given, without ``family`` and ``tags``.
    age
        Seconds between registration and snapshot.
    """
    containers = [
        {"environment": [], "mountPoints": [], "volumesFrom": [], "portMappings": [], "essential": True, **container}
        for container in request["containerDefinitions"]
    ]
    return {
        "taskDefinitionArn": arn("task-definition", f"{family}:{revision}"),
        "family": family,
        "revision": revision,
        "volumes": [],
        "status": "ACTIVE",
        "placementConstraints": [],
        **request,
        "containerDefinitions": containers,
        "requiresAttributes": required_attributes(request),
        "compatibilities": ["EC2"],
        "registeredAt": timestamp(age),
        "registeredBy": f"arn:aws:iam::{ACCOUNT}:user/deployer",
    }


def gpu_ids(instance: str, count: int) -> list[str]:
    """The device ids that an agent reports."""
    ids = [stable_id("gpu", instance, n) for n in range(count)]
    return [f"GPU-{i[:8]}-{i[8:12]}-{i[12:16]}-{i[16:20]}-{i[20:]}" for i in ids]


def _integer(name: str, amount: int) -> Document:
    return {"name": name, "type": "INTEGER", "doubleValue": 0.0, "longValue": 0, "integerValue": amount}


def _strings(name: str, values: Iterable[str]) -> Document:
    return {
        "name": name,
        "type": "STRINGSET",
        "doubleValue": 0.0,
        "longValue": 0,
        "integerValue": 0,
        "stringSetValue": list(values),
    }


def resources(shape: InstanceShape, instance: str, taken: Occupancy | None = None) -> list[Document]:
    """``registeredResources``, or ``remainingResources`` where something is taken.

    CPU and MEMORY are what is left and GPU lists the devices left, but PORTS and PORTS_UDP list what is *used*.
    """
    taken = taken or Occupancy()
    result = [
        _integer("CPU", shape.cpu - taken.cpu),
        _integer("MEMORY", shape.memory - taken.memory),
        _strings("PORTS", [*AGENT_PORTS, *sorted(taken.tcp, key=int)]),
        _strings("PORTS_UDP", sorted(taken.udp, key=int)),
    ]
    if shape.gpus:
        left = [device for device in gpu_ids(instance, shape.gpus) if device not in taken.gpu_ids]
        result.append(_strings("GPU", left))
    return result


def platform_attributes(instance_type: str, zone: str, instance: str, *, trunked: bool, eni: bool) -> list[Document]:
    """The ``ecs.*`` attributes and the capabilities of a Linux instance, in the order of their names."""
    valued = {
        "ecs.ami-id": "ami-0c9f2d1a7b5e34860",
        "ecs.availability-zone": zone,
        "ecs.capability.cni-plugin-version": "a83b66349d-2026.06.0",
        "ecs.cpu-architecture": "x86_64",
        "ecs.instance-type": instance_type,
        "ecs.os-family": "LINUX",
        "ecs.os-type": "linux",
        "ecs.subnet-id": f"subnet-{stable_id('subnet', zone, length=17)}",
        "ecs.vpc-id": f"vpc-{stable_id('vpc', length=17)}",
    }
    if trunked:
        valued["ecs.awsvpc-trunk-id"] = f"eni-{stable_id('trunk', instance, length=17)}"
    names = list(_CAPABILITIES)
    if eni:
        names += ["ecs.capability.task-eni", "ecs.capability.task-eni-trunking"]
    if SHAPES[instance_type].gpus:
        valued["ecs.capability.nvidia-driver-version"] = "570.133.20"
    attributes: list[Document] = [{"name": name} for name in names]
    attributes += [{"name": name, "value": value} for name, value in valued.items()]
    return sorted(attributes, key=lambda attribute: str(attribute["name"]))


def ec2_id(cluster: str, instance: str) -> str:
    """``i-`` and 17 digits."""
    return f"i-{stable_id('ec2', cluster, instance, length=17)}"


def instance_arn(cluster: str, instance: str) -> str:
    """The ARN of the container instance with this name in this project's tables."""
    return arn("container-instance", cluster, stable_id("container-instance", cluster, instance))


def container_instance(
    cluster: str,
    instance: str,
    instance_type: str,
    zone: str,
    *,
    taken: Occupancy,
    running: int,
    pending: int = 0,
    custom: Mapping[str, str] | None = None,
    provider: str | None = None,
    status: str = "ACTIVE",
    connected: bool = True,
    agent: str = "1.98.0",
    trunked: bool = False,
    eni: bool = True,
    age: float = 864000.0,
) -> Document:
    """One element of ``containerInstances``.

    Parameters
    ----------
    running, pending
        Tasks with desired status RUNNING, and tasks whose last status is PENDING.
    custom
        Custom attributes.
    eni
        Whether the agent has the capability ``ecs.capability.task-eni``.
    age
        Seconds since registration.
    """
    shape = SHAPES[instance_type]
    attributes = platform_attributes(instance_type, zone, instance, trunked=trunked, eni=eni)
    attributes += [{"name": name, "value": value} for name, value in (custom or {}).items()]
    document: Document = {
        "containerInstanceArn": instance_arn(cluster, instance),
        "ec2InstanceId": ec2_id(cluster, instance),
        "version": 3 + running,
        "versionInfo": {
            "agentVersion": agent,
            "agentHash": stable_id("agent", agent, length=8),
            "dockerVersion": "DockerVersion: 25.0.8",
        },
        "remainingResources": resources(shape, instance, taken),
        "registeredResources": resources(shape, instance),
        "status": status,
        "agentConnected": connected,
        "runningTasksCount": running,
        "pendingTasksCount": pending,
        "attributes": attributes,
        "registeredAt": timestamp(age),
        "attachments": [],
        "tags": [],
    }
    if provider is not None:
        document["capacityProviderName"] = provider
    return document


def task(
    cluster: str,
    identity: str,
    definition: Mapping[str, Any],
    *,
    group: str,
    instance: str | None,
    zone: str,
    started_by: str | None = None,
    provider: str | None = None,
    launch_type: str = "EC2",
    desired: str = "RUNNING",
    last: str = "RUNNING",
    health: str = "UNKNOWN",
    devices: Sequence[str] = (),
    age: float = 86400.0,
) -> Document:
    """One element of ``tasks`` (describe-tasks).

    Parameters
    ----------
    identity
        What the task's id is made of.
    definition
        Its task definition, as :func:`task_definition` gives it.
    instance
        Name of its container instance; absent on FARGATE.
    devices
        GPU ids that the first container holds.
    age
        Seconds since it was created.
    """
    task_arn = arn("task", cluster, stable_id("task", cluster, identity))
    needs = demand(definition)
    awsvpc = definition.get("networkMode") == "awsvpc"
    running = last == "RUNNING"
    document: Document = {
        "attachments": [_interface(identity, zone)] if awsvpc else [],
        "attributes": [{"name": "ecs.cpu-architecture", "value": "x86_64"}],
        "availabilityZone": zone,
        "clusterArn": arn("cluster", cluster),
        "containers": [
            _container(task_arn, identity, definition, n, last, health, devices if n == 0 else ())
            for n in range(len(definition["containerDefinitions"]))
        ],
        "cpu": str(needs.cpu),
        "createdAt": timestamp(age),
        "desiredStatus": desired,
        "enableExecuteCommand": False,
        "group": group,
        "healthStatus": health,
        "lastStatus": last,
        "memory": str(needs.memory),
        "overrides": {
            "containerOverrides": [{"name": c["name"]} for c in definition["containerDefinitions"]],
            "inferenceAcceleratorOverrides": [],
        },
        "tags": [],
        "taskArn": task_arn,
        "taskDefinitionArn": definition["taskDefinitionArn"],
        "version": 3 if running else 1,
    }
    if instance is not None:
        document["containerInstanceArn"] = instance_arn(cluster, instance)
    if provider is not None:
        document["capacityProviderName"] = provider
    document["launchType"] = launch_type
    if launch_type == "FARGATE":
        document |= {
            "platformVersion": "1.4.0",
            "platformFamily": "Linux",
            "ephemeralStorage": {"sizeInGiB": 20},
        }
    if started_by is not None:
        document["startedBy"] = started_by
    if running:
        document |= {
            "connectivity": "CONNECTED",
            "connectivityAt": timestamp(age - 4),
            "pullStartedAt": timestamp(age - 5),
            "pullStoppedAt": timestamp(age - 8),
            "startedAt": timestamp(age - 9),
        }
    if desired == "STOPPED":
        document |= {
            "stopCode": "ServiceSchedulerInitiated",
            "stoppedReason": f"Scaling activity initiated by (deployment {started_by})",
            "stoppingAt": timestamp(12),
        }
    return document


def _container(
    task_arn: str,
    identity: str,
    definition: Mapping[str, Any],
    position: int,
    last: str,
    health: str,
    devices: Sequence[str],
) -> Document:
    container = definition["containerDefinitions"][position]
    task_id = task_arn.rsplit("/", 1)[1]
    name = container["name"]
    document: Document = {
        "containerArn": task_arn.replace(":task/", ":container/") + "/" + stable_id("container", identity, name),
        "taskArn": task_arn,
        "name": name,
        "image": container["image"],
        "lastStatus": last,
        "networkBindings": [],
        "networkInterfaces": [],
        "healthStatus": health,
        "cpu": str(container.get("cpu", 0)),
        **{key: str(container[key]) for key in ("memory", "memoryReservation") if key in container},
    }
    if devices:
        document["gpuIds"] = list(devices)
    if last == "RUNNING":
        document["runtimeId"] = f"{task_id}-{stable_number('runtime', identity, name, below=10**10):010d}"
        if definition.get("networkMode") == "awsvpc":
            interface = _interface(identity, "")
            address = interface["details"][-1]["value"]
            document["networkInterfaces"] = [{"attachmentId": interface["id"], "privateIpv4Address": address}]
        else:
            document["networkBindings"] = [
                _binding(identity, definition, mapping) for mapping in container["portMappings"]
            ]
    return document


def _binding(identity: str, definition: Mapping[str, Any], mapping: Mapping[str, Any]) -> Document:
    static = mapping["containerPort"] if definition.get("networkMode") == "host" else mapping.get("hostPort", 0)
    port = static or 32768 + stable_number("port", identity, mapping["containerPort"], below=28000)
    return {
        "bindIP": "0.0.0.0",
        "containerPort": mapping["containerPort"],
        "hostPort": port,
        "protocol": mapping.get("protocol", "tcp"),
    }


def _interface(identity: str, zone: str) -> Document:
    attachment = stable_id("attachment", identity)
    octets = [stable_number("address", identity, n, below=250) + 2 for n in range(2)]
    return {
        "id": f"{attachment[:8]}-{attachment[8:12]}-{attachment[12:16]}-{attachment[16:20]}-{attachment[20:]}",
        "type": "ElasticNetworkInterface",
        "status": "ATTACHED",
        "details": [
            {"name": "subnetId", "value": f"subnet-{stable_id('subnet', zone, length=17)}"},
            {"name": "networkInterfaceId", "value": f"eni-{stable_id('eni', identity, length=17)}"},
            {"name": "privateIPv4Address", "value": f"10.0.{octets[0]}.{octets[1]}"},
        ],
    }


def deployment_id(service: str, revision: int) -> str:
    """``ecs-svc/`` and 19 digits; tasks carry it as ``startedBy``."""
    return f"ecs-svc/{10**18 + stable_number('deployment', service, revision, below=9 * 10**18)}"


def deployment(service: Mapping[str, Any], revision: int, **counts: Any) -> Document:
    """One element of a service's ``deployments``: ``status``, ``desiredCount``, ``runningCount``, ``pendingCount``...

    ``service`` is what CreateService was given (or the document made of it).
    """
    name = service["serviceName"]
    inherited = ("launchType", "capacityProviderStrategy", "platformVersion", "networkConfiguration")
    status = counts["rolloutState"]
    return {
        "id": deployment_id(name, revision),
        "taskDefinition": service["taskDefinition"].rsplit(":", 1)[0] + f":{revision}",
        "failedTasks": 0,
        "createdAt": timestamp(600 if status == "IN_PROGRESS" else 86400 * 9),
        "updatedAt": timestamp(60 if status == "IN_PROGRESS" else 86400 * 9 - 300),
        **{key: service[key] for key in inherited if key in service},
        **counts,
        "rolloutStateReason": f"ECS deployment {deployment_id(name, revision)} "
        + ("in progress." if status == "IN_PROGRESS" else "completed."),
    }


def service(
    cluster: str,
    request: Mapping[str, Any],
    *,
    running: int,
    pending: int,
    deployments: Sequence[Document],
    message: str = "has reached a steady state.",
) -> Document:
    """One element of ``services`` (describe-services).

    Parameters
    ----------
    request
        What CreateService was given; ``taskDefinition`` is an ARN.
    message
        Of the newest service event.
    """
    name = request["serviceName"]
    kept = {key: value for key, value in request.items() if key not in ("cluster", "clientToken")}
    event = stable_id("event", name)
    return {
        "serviceArn": arn("service", cluster, name),
        "clusterArn": arn("cluster", cluster),
        "loadBalancers": [],
        "serviceRegistries": [],
        "status": "ACTIVE",
        "runningCount": running,
        "pendingCount": pending,
        "deploymentConfiguration": {
            "deploymentCircuitBreaker": {"enable": False, "rollback": False},
            "maximumPercent": 200,
            "minimumHealthyPercent": 100,
        },
        "roleArn": f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS",
        "createdAt": timestamp(86400 * 30),
        "placementConstraints": [],
        "placementStrategy": [],
        "healthCheckGracePeriodSeconds": 0,
        "schedulingStrategy": "REPLICA",
        "deploymentController": {"type": "ECS"},
        "createdBy": f"arn:aws:iam::{ACCOUNT}:role/deployer",
        "enableECSManagedTags": False,
        "propagateTags": "NONE",
        "enableExecuteCommand": False,
        "availabilityZoneRebalancing": "DISABLED",
        "tags": [],
        **kept,
        "deployments": list(deployments),
        "events": [
            {
                "id": f"{event[:8]}-{event[8:12]}-{event[12:16]}-{event[16:20]}-{event[20:]}",
                "createdAt": timestamp(300),
                "message": f"(service {name}) {message}",
            }
        ],
    }


def pages(key: str, elements: Sequence[Document], size: int = PAGE) -> list[Document]:
    """Answers of at most ``size`` elements each; one empty answer where there is none."""
    starts = range(0, max(1, len(elements)), size)
    return [{key: list(elements[start : start + size]), "failures": []} for start in starts]


def write(path: Path, answers: Document | Sequence[Document]) -> None:
    """Write one answer or a list of answers as JSON, one element of the answers' lists a line."""
    listed = [answers] if isinstance(answers, dict) else answers
    text = ",\n".join(map(_answer, listed))
    path.write_text(text + "\n" if isinstance(answers, dict) else f"[\n{text}\n]\n", encoding="utf-8")


def _answer(answer: Document) -> str:
    parts = []
    for key, value in answer.items():
        if isinstance(value, list) and value:
            lines = ",\n".join(map(_compact, value))
            parts.append(f"{_compact(key)}:[\n{lines}\n]")
        else:
            parts.append(f"{_compact(key)}:{_compact(value)}")
    return "{" + ",\n".join(parts) + "}"


def _compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))
