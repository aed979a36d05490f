"""Tasks and services in the shapes of DescribeTasks and DescribeServices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from datasets.ecs_documents import ACCOUNT, Document, arn, demand, stable_id, stable_number, stable_uuid, timestamp
from datasets.ecs_instances import instance_arn


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
        Its task definition, as ``datasets.ecs_documents.task_definition`` gives it.
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
    octets = [stable_number("address", identity, n, below=250) + 2 for n in range(2)]
    return {
        "id": stable_uuid("attachment", identity),
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
                "id": stable_uuid("event", name),
                "createdAt": timestamp(300),
                "message": f"(service {name}) {message}",
            }
        ],
    }
