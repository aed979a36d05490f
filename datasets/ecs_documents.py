"""Documents in the shapes of the ECS API, as ``aws ecs describe-*`` prints them.

Plain dictionaries, no network. ``demand`` is the accounting that ECS documents (task-level sizes first, then
``memoryReservation`` before ``memory``, host ports only outside ``awsvpc``, whole GPUs, one interface a task under
``awsvpc``).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

ACCOUNT = "111122223333"
REGION = "us-east-1"
SNAPSHOT_TIME = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
"""The moment that every document here describes; protection expires against it."""

PAGE = 100
"""Tasks and container instances that one describe call answers for."""

Document = dict[str, Any]


@dataclass
class Demand:
    """What one task takes: CPU units, MiB, static host ports by protocol, GPU devices, interfaces."""

    cpu: int = 0
    memory: int = 0
    tcp: tuple[str, ...] = ()
    udp: tuple[str, ...] = ()
    gpus: int = 0
    interfaces: int = 0


def stable_id(*parts: object, length: int = 32) -> str:
    """Hexadecimal digits that depend on the parts alone: the ids of the documents, and drawn-like orders."""
    return hashlib.sha256("/".join(map(str, parts)).encode()).hexdigest()[:length]


def stable_uuid(*parts: object) -> str:
    """``stable_id`` in the groups of 8, 4, 4, 4 and 12 digits that a UUID is written in."""
    digits = stable_id(*parts)
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


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
