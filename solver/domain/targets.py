"""Load balancers: what a group's tasks are registered with, and how they lie over its zones. No rule reads any of it.

Source: ECS API, LoadBalancer; ECS developer guide, load balancer types; Elastic Load Balancing user guide, Availability Zones.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from solver.errors import Fault

MOST_TARGETS = 100
"""Registrations of a group, and zones of one. ECS allows a service five target groups."""


class TargetKind(Enum):
    """What registers the tasks."""

    TARGET_GROUP = "target group"
    """Of an Application or a Network Load Balancer: it takes a task by instance and port, or by address."""
    CLASSIC = "Classic Load Balancer"
    """It takes an instance, and finds the task by one port that is the same on all instances."""


class HostPorts(Enum):
    """How the registered container port is reached on the instance."""

    UNKNOWN = "unknown"
    STATIC = "static"
    DYNAMIC = "dynamic"
    """Any free port of the ephemeral range, another one for each task."""
    INTERFACE = "interface"
    """The task has a network interface of its own (``awsvpc``)."""


@dataclass(frozen=True)
class Target:
    """One registration of a group's tasks.

    Parameters
    ----------
    name
        The target group's ARN or name, or the Classic Load Balancer's name.
    container, port
        The container and its port that get the traffic; empty and 0 where unknown.
    zones
        Availability zones for which the load balancer is enabled; empty where unknown.
    """

    name: str
    kind: TargetKind = TargetKind.TARGET_GROUP
    container: str = ""
    port: int = 0
    host_ports: HostPorts = HostPorts.UNKNOWN
    zones: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """The name for people: of an ARN the part that somebody chose."""
        _, found, rest = self.name.partition(":targetgroup/")
        return rest.partition("/")[0] or self.name if found else self.name


@dataclass(frozen=True)
class ZoneTasks:
    """Registered tasks of one service in one zone, before and after the operation.

    Parameters
    ----------
    zone
        Empty for instances that say none.
    enabled
        Whether the load balancer is enabled for the zone; elsewhere tasks get no traffic.
    """

    zone: str
    before: int
    after: int
    enabled: bool


@dataclass(frozen=True)
class TargetZones:
    """How the tasks of one service lie over the zones of one target group or Classic Load Balancer.

    Parameters
    ----------
    service
        The family, with all its revisions.
    target, kind, label
        As of its ``Target``.
    zones
        Those of the load balancer, and those with tasks; in order.
    zones_known
        False where the zones of the cluster's ACTIVE instances stand for those of the load balancer.
    touched
        Whether the plan starts or stops tasks of the service, moves included.
    warnings
        One sentence each.
    """

    service: str
    target: str
    kind: TargetKind
    label: str
    zones: tuple[ZoneTasks, ...]
    zones_known: bool
    touched: bool
    warnings: tuple[str, ...] = ()

    def sentences(self) -> Iterator[str]:
        """The warnings, each with what it is about."""
        return (f"{self.service}, {self.kind.value} {self.label}: {warning}" for warning in self.warnings)


def target_faults(path: str, targets: Sequence[Target]) -> Iterator[Fault]:
    """What is wrong with the registrations of a group."""
    if len(targets) > MOST_TARGETS:
        yield Fault(f"{path}.targets", f"has {len(targets):,} entries", f"at most {MOST_TARGETS}")
    for at, target in enumerate(targets):
        if not target.name:
            yield Fault(f"{path}.targets[{at}].name", "is empty", "name the target group or the Classic Load Balancer")
        if len(target.zones) > MOST_TARGETS or not all(target.zones):
            problem = f"has {len(target.zones):,} entries" if all(target.zones) else "has an empty entry"
            yield Fault(f"{path}.targets[{at}].zones", problem, f"must be at most {MOST_TARGETS} names of zones")
        if not 0 <= target.port <= 65535:
            remedy = "must be a port, 1 to 65535, or 0 where it is not known"
            yield Fault(f"{path}.targets[{at}].port", f"is {target.port}", remedy)
