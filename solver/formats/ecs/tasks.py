"""Tasks: what runs where, what is stopping and still holds its resources (ECS API, Task; §2.4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from solver.domain.cluster import Port
from solver.formats.ecs.definitions import OVERRIDABLE, Definition, cpu_and_memory, overridden_demand
from solver.formats.ecs.documents import Element
from solver.formats.ecs.resources import CPU, DEVICE, GPU, INTERFACES, MEMORY

GONE = ("STOPPED", "DELETED")
"""Last statuses of a task that holds nothing any more."""

FIRST_EPHEMERAL = 32768
"""Host ports from here on may be dynamic ones (ECS developer guide, port mappings)."""


@dataclass(frozen=True)
class Task:
    """One task that has not ended.

    Parameters
    ----------
    definition
        The ARN of its task definition.
    instance
        The ARN of its container instance; empty while it waits for one, and on FARGATE.
    is_wanted
        Whether its desired status is RUNNING; else it is stopping.
    """

    arn: str
    group: str
    definition: str
    instance: str
    launch: str
    last_status: str
    is_wanted: bool
    is_healthy: bool
    started_at: str
    tags: Mapping[str, str]
    source: Element

    @property
    def key(self) -> str:
        """``family:revision``."""
        return self.definition.rsplit("/", 1)[-1]


def read_tasks(answers: list[Element]) -> list[Task]:
    """Every task that has not ended."""
    found: list[Task] = []
    seen: dict[str, Element] = {}
    for answer in answers:
        for document in answer.elements("tasks"):
            arn = document.needed("taskArn")
            if arn and arn in seen:
                document.fault("taskArn", f"'{arn}' is also at {seen[arn].path}", "list each task once")
            seen[arn] = document
            if document.text("lastStatus") not in GONE:
                found.append(_task(document, arn))
    return found


def _task(document: Element, arn: str) -> Task:
    definition = document.needed("taskDefinitionArn")
    family = definition.rsplit("/", 1)[-1].partition(":")[0]
    return Task(
        arn=arn,
        group=document.text("group") or f"family:{family}",
        definition=definition,
        instance=document.text("containerInstanceArn"),
        launch=document.text("launchType"),
        last_status=document.needed("lastStatus"),
        is_wanted=document.needed("desiredStatus") == "RUNNING",
        is_healthy=document.text("healthStatus") != "UNHEALTHY",
        started_at=_iso(document.instant("startedAt")),
        tags=document.tags() if document.has("tags") else {},
        source=document,
    )


def _iso(moment: datetime | None) -> str:
    return moment.isoformat() if moment else ""


def overrides(task: Task) -> Element | None:
    """Its overrides, where they change an amount."""
    found = task.source.element("overrides")
    if found is None or not found.value:
        return None
    changes = any(override.has(name) for override in found.elements("containerOverrides") for name in OVERRIDABLE)
    return found if changes or found.has("cpu") or found.has("memory") else None


def taken(task: Task, definition: Definition | None) -> Mapping[str, int]:
    """What the task itself takes, its overrides included; without a task definition, what its own document says."""
    if definition is None:
        return described(task)
    changed = overrides(task)
    return definition.demand if changed is None else overridden_demand(definition, changed)


def described(task: Task) -> dict[str, int]:
    """What the task's document alone says that it takes."""
    document = task.source
    changed = overrides(task)
    containers = document.elements("containers")
    demand = cpu_and_memory(document, containers)
    if changed is not None:
        demand[CPU] = changed.amount("cpu") or demand[CPU]
        demand[MEMORY] = changed.amount("memory") or demand[MEMORY]
    devices = sum(len(container.texts("gpuIds")) for container in containers)
    if devices:
        demand[GPU] = DEVICE * devices
    if has_interface(task):
        demand[INTERFACES] = 1
    return demand


def has_interface(task: Task) -> bool:
    """Whether a network interface is attached to it."""
    return any(
        attachment.text("type") in ("ElasticNetworkInterface", "eni")
        for attachment in task.source.elements("attachments")
    )


def subnet_zone(task: Task) -> tuple[str, str] | None:
    """The subnet of its interface and the zone that it is in, where the document says both."""
    zone = task.source.text("availabilityZone")
    for attachment in task.source.elements("attachments"):
        for detail in attachment.elements("details"):
            if detail.text("name") == "subnetId" and zone and detail.text("value"):
                return detail.text("value"), zone
    return None


def bound_ports(task: Task) -> set[Port]:
    """The host ports below the ephemeral range that its containers are bound to."""
    found = set()
    for container in task.source.elements("containers"):
        for binding in container.elements("networkBindings"):
            port, protocol = binding.amount("hostPort", 0, 65535), binding.text("protocol") or "tcp"
            if 0 < port < FIRST_EPHEMERAL and protocol in ("tcp", "udp"):
                found.add((protocol, port))
    return found
