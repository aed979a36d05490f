"""Container instances in the shape of DescribeContainerInstances: registered types, attributes, resources."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from datasets.ecs_documents import Document, arn, stable_id, stable_uuid, timestamp

AGENT_PORTS = ("22", "2375", "2376", "51678", "51679")
"""The tcp ports that an agent registers as used."""


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
class Occupancy:
    """What of an instance is taken: sums of demands, and the ids of the GPU devices in use."""

    cpu: int = 0
    memory: int = 0
    tcp: list[str] = field(default_factory=list)
    udp: list[str] = field(default_factory=list)
    gpu_ids: list[str] = field(default_factory=list)
    interfaces: int = 0


def gpu_ids(instance: str, count: int) -> list[str]:
    """The device ids that an agent reports."""
    return [f"GPU-{stable_uuid('gpu', instance, n)}" for n in range(count)]


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
