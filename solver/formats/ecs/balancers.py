"""Load balancers of services (ECS API, LoadBalancer), and the zones that they are enabled for (ELB API, where it was asked).

The documents of ECS name a target group or a Classic Load Balancer and not its zones. ``load-balancers.json``,
``target-groups.json`` and ``classic-load-balancers.json`` say them, each of which may be missing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from solver.domain.targets import MOST_TARGETS, HostPorts, Target, TargetKind
from solver.formats.ecs.definitions import Definition
from solver.formats.ecs.documents import Element

ADDRESSED = {"awsvpc": "ip", "bridge": "instance", "host": "instance"}
"""The type of target group that goes with a network mode (ECS developer guide, task networking, load balancing)."""


@dataclass(frozen=True)
class Registration:
    """One element of ``loadBalancers``: what the tasks of a service or of a task set are registered with."""

    name: str
    kind: TargetKind
    container: str
    port: int


@dataclass(frozen=True)
class Registrations:
    """Those of a service, and of its task sets by task definition: ``family:revision``, or as the task set names it."""

    own: tuple[Registration, ...] = ()
    by_definition: Mapping[str, tuple[Registration, ...]] = field(default_factory=dict)

    def of(self, key: str) -> tuple[Registration, ...]:
        """The registrations of tasks at a revision."""
        return self.by_definition.get(key, self.own)


def read_registrations(service: Element) -> Registrations:
    """``loadBalancers`` of a service and of its task sets; a task set without any has those of the service."""
    by_definition = {}
    for task_set in service.elements("taskSets"):
        if found := _registrations(task_set):
            by_definition[task_set.text("taskDefinition").rsplit("/", 1)[-1]] = found
    return Registrations(_registrations(service), by_definition)


def _registrations(holder: Element) -> tuple[Registration, ...]:
    found = []
    elements = holder.elements("loadBalancers")
    if len(elements) > MOST_TARGETS:
        holder.fault("loadBalancers", f"has {len(elements):,} entries", f"at most {MOST_TARGETS}")
    for element in elements:
        before = len(element.faults)
        group, classic = element.text("targetGroupArn"), element.text("loadBalancerName")
        if not (group or classic) and len(element.faults) == before:
            remedy = "must name a target group, or loadBalancerName a Classic Load Balancer"
            element.fault("targetGroupArn", "is empty" if element.has("targetGroupArn") else "is missing", remedy)
        kind = TargetKind.TARGET_GROUP if group else TargetKind.CLASSIC
        port = element.amount("containerPort", 0, 65535)
        found.append(Registration(group or classic, kind, element.text("containerName"), port))
    return tuple(found)


@dataclass(frozen=True)
class Balancers:
    """What is known of load balancers beside their names.

    Parameters
    ----------
    zones
        By target group's ARN and by Classic Load Balancer's name.
    types
        ``instance``, ``ip`` and others, by target group's ARN.
    """

    zones: Mapping[tuple[TargetKind, str], tuple[str, ...]] = field(default_factory=dict)
    types: Mapping[str, str] = field(default_factory=dict)

    def targets(self, registrations: Iterable[Registration], definition: Definition | None) -> tuple[Target, ...]:
        """What tasks of a task definition are registered with; how they are reached is not known without it."""
        return tuple(
            Target(
                name=one.name,
                kind=one.kind,
                container=one.container,
                port=one.port,
                host_ports=HostPorts.UNKNOWN if definition is None else _host_ports(one, definition.source),
                zones=self.zones.get((one.kind, one.name), ()),
            )
            for one in registrations
        )

    def remarks(self, targets: Iterable[Target], definition: Definition) -> Iterator[str]:
        """What ECS refuses of a service's registrations."""
        mode = definition.source.text("networkMode") or "bridge"
        names = {container.text("name") for container in definition.source.elements("containerDefinitions")}
        for target in targets:
            kind = self.types.get(target.name, "")
            needed = ADDRESSED.get(mode, "")
            if target.kind is TargetKind.TARGET_GROUP and kind and needed and kind != needed:
                yield (
                    f"its target group {target.label} is of type {kind}, and tasks in {mode} mode need one of type {needed}"
                )
            if target.container and target.container not in names:
                yield (
                    f"its {target.kind.value} {target.label} names the container {target.container}, "
                    f"which {definition.key} has not"
                )


def _host_ports(one: Registration, document: Element) -> HostPorts:
    """How the container's port is reached, by network mode and port mapping (ECS API, PortMapping)."""
    mode = document.text("networkMode")
    if mode == "awsvpc":
        return HostPorts.INTERFACE
    for container in document.elements("containerDefinitions"):
        if container.text("name") != one.container or mode == "none":
            continue
        for mapping in container.elements("portMappings"):
            if mapping.amount("containerPort", 0, 65535) == one.port and (mapping.text("protocol") or "tcp") == "tcp":
                static = mode == "host" or mapping.amount("hostPort", 0, 65535)
                return HostPorts.STATIC if static else HostPorts.DYNAMIC
    return HostPorts.UNKNOWN


def read_balancers(answers: Mapping[str, Sequence[Element]]) -> Balancers:
    """What ``describe-load-balancers`` of ``elbv2`` and of ``elb``, and ``describe-target-groups`` print, by member."""
    by_arn = {
        balancer.needed("LoadBalancerArn"): _zones(
            [zone.text("ZoneName") for zone in balancer.elements("AvailabilityZones")]
        )
        for answer in answers["LoadBalancers"]
        for balancer in answer.elements("LoadBalancers")
    }
    zones: dict[tuple[TargetKind, str], tuple[str, ...]] = {}
    types: dict[str, str] = {}
    for answer in answers["TargetGroups"]:
        for group in answer.elements("TargetGroups"):
            arn = group.needed("TargetGroupArn")
            types[arn] = group.text("TargetType")
            of_all = [zone for name in group.texts("LoadBalancerArns") for zone in by_arn.get(name, ())]
            zones[TargetKind.TARGET_GROUP, arn] = _zones(of_all)
    for answer in answers["LoadBalancerDescriptions"]:
        for balancer in answer.elements("LoadBalancerDescriptions"):
            name = balancer.needed("LoadBalancerName")
            zones[TargetKind.CLASSIC, name] = _zones(balancer.texts("AvailabilityZones"))
    return Balancers(zones, types)


def _zones(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({name for name in names if name}))
