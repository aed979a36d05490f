"""ECS documents by hand: a small cluster, element by element, as the describe calls print it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from solver.formats.ecs import EcsCluster, read

PREFIX = "arn:aws:ecs:us-east-1:111122223333"
AGENT_PORTS = ("22", "2375", "2376", "51678", "51679")


def instance_arn(name: str) -> str:
    return f"{PREFIX}:container-instance/test/{name}"


def definition_arn(key: str) -> str:
    return f"{PREFIX}:task-definition/{key}"


def task_arn(name: str) -> str:
    return f"{PREFIX}:task/test/{name}"


def amount(name: str, value: int) -> dict[str, Any]:
    return {"name": name, "type": "INTEGER", "doubleValue": 0.0, "longValue": 0, "integerValue": value}


def strings(name: str, values: Sequence[str]) -> dict[str, Any]:
    return {"name": name, "type": "STRINGSET", "stringSetValue": list(values)}


def container(**fields: Any) -> dict[str, Any]:
    return {"name": "main", "image": "main", "cpu": 256, "memory": 512, **fields}


def port(inside: int, outside: int | None = None, protocol: str = "tcp") -> dict[str, Any]:
    mapping: dict[str, Any] = {"containerPort": inside, "protocol": protocol}
    return mapping if outside is None else {**mapping, "hostPort": outside}


def member_of(*expressions: str) -> list[dict[str, str]]:
    return [{"type": "memberOf", "expression": expression} for expression in expressions]


def attributes(values: Mapping[str, str | None]) -> list[dict[str, str]]:
    return [{"name": name, **({} if value is None else {"value": value})} for name, value in values.items()]


@dataclass
class Documents:
    """What goes into a cluster directory."""

    instances: list[dict[str, Any]] = field(default_factory=list)
    tasks: list[dict[str, Any]] = field(default_factory=list)
    definitions: list[dict[str, Any]] = field(default_factory=list)
    services: list[dict[str, Any]] = field(default_factory=list)
    more: dict[str, Any] = field(default_factory=dict)
    """Further files by name."""

    def instance(
        self,
        name: str,
        *,
        cpu: int = 2048,
        memory: int = 4096,
        free: tuple[int, int] | None = None,
        used: Sequence[str] = AGENT_PORTS,
        used_udp: Sequence[str] = (),
        zone: str = "us-east-1a",
        kind: str = "m5.large",
        custom: Mapping[str, str | None] | None = None,
        registered: Sequence[dict[str, Any]] = (),
        remaining: Sequence[dict[str, Any]] = (),
        **fields: Any,
    ) -> Documents:
        """Add an instance whose CPU and memory are ``free`` (cpu, memory), or all of them."""
        left = free or (cpu, memory)
        self.instances.append(
            {
                "containerInstanceArn": instance_arn(name),
                "ec2InstanceId": f"i-{name}",
                "status": "ACTIVE",
                "agentConnected": True,
                "versionInfo": {"agentVersion": "1.98.0"},
                "registeredAt": "2026-10-01T00:00:00+00:00",
                "runningTasksCount": 0,
                "pendingTasksCount": 0,
                "registeredResources": [
                    amount("CPU", cpu),
                    amount("MEMORY", memory),
                    strings("PORTS", AGENT_PORTS),
                    strings("PORTS_UDP", []),
                    *registered,
                ],
                "remainingResources": [
                    amount("CPU", left[0]),
                    amount("MEMORY", left[1]),
                    strings("PORTS", used),
                    strings("PORTS_UDP", used_udp),
                    *remaining,
                ],
                "attributes": attributes(
                    {"ecs.availability-zone": zone, "ecs.instance-type": kind, **(custom or {})},
                ),
                **fields,
            }
        )
        return self

    def definition(
        self,
        key: str,
        *containers: dict[str, Any],
        tags: Mapping[str, str] | None = None,
        **fields: Any,
    ) -> Documents:
        """Add ``family:revision``."""
        family, _, revision = key.partition(":")
        document = {
            "taskDefinitionArn": definition_arn(key),
            "family": family,
            "revision": int(revision),
            "status": "ACTIVE",
            "containerDefinitions": list(containers) or [container()],
            "placementConstraints": [],
            "compatibilities": ["EC2"],
            **fields,
        }
        self.definitions.append({"taskDefinition": document, "tags": pairs(tags)})
        return self

    def service(
        self, name: str, key: str, *, desired: int = 1, tags: Mapping[str, str] | None = None, **fields: Any
    ) -> Documents:
        """Add a service of a task definition."""
        self.services.append(
            {
                "serviceArn": f"{PREFIX}:service/test/{name}",
                "serviceName": name,
                "status": "ACTIVE",
                "desiredCount": desired,
                "launchType": "EC2",
                "taskDefinition": definition_arn(key),
                "schedulingStrategy": "REPLICA",
                "placementConstraints": [],
                "placementStrategy": [],
                "deployments": [{"status": "PRIMARY", "taskDefinition": definition_arn(key)}],
                "tags": pairs(tags),
                **fields,
            }
        )
        return self

    def task(
        self, name: str, group: str, key: str, instance: str | None, *, desired: str = "RUNNING", **fields: Any
    ) -> Documents:
        """Add a task of a group on an instance."""
        document = {
            "taskArn": task_arn(name),
            "taskDefinitionArn": definition_arn(key),
            "group": group,
            "desiredStatus": desired,
            "lastStatus": "RUNNING",
            "healthStatus": "UNKNOWN",
            "launchType": "EC2",
            "cpu": "256",
            "memory": "512",
            "containers": [{"name": "main", "cpu": "256", "memory": "512"}],
            "startedAt": "2026-10-31T00:00:00+00:00",
        }
        if instance is not None:
            document["containerInstanceArn"] = instance_arn(instance)
        self.tasks.append({**document, **fields})
        return self

    def protect(self, name: str, until: str | None, *, enabled: bool = True) -> Documents:
        """Protect a task."""
        entry: dict[str, Any] = {"taskArn": task_arn(name), "protectionEnabled": enabled}
        if until is not None:
            entry["expirationDate"] = until
        file = self.more.setdefault("task-protection.json", {"protectedTasks": []})
        file["protectedTasks"].append(entry)
        return self

    def files(self) -> dict[str, Any]:
        """The contents by file."""
        return {
            "container-instances.json": [{"containerInstances": self.instances, "failures": []}],
            "tasks.json": [{"tasks": self.tasks, "failures": []}],
            "task-definitions.json": self.definitions,
            "services.json": [{"services": self.services, "failures": []}],
            **self.more,
        }

    def read(self, folder: Path, **how: Any) -> EcsCluster:
        """Write the directory and read it."""
        return read(write(folder, self.files()), **how)


def pairs(tags: Mapping[str, str] | None) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in (tags or {}).items()]


def write(folder: Path, files: Mapping[str, Any]) -> Path:
    """Write JSON files into a new folder."""
    folder.mkdir(exist_ok=True)
    for name, content in files.items():
        (folder / name).write_text(json.dumps(content), encoding="utf-8")
    return folder


def small() -> Documents:
    """One instance, one service of one task."""
    documents = Documents().instance("a", free=(1792, 3584), runningTasksCount=1)
    return documents.definition("web:1").service("web", "web:1").task("t1", "service:web", "web:1", "a")
