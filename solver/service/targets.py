"""What tasks are registered with, and what an answer says of it and of isolated roles, on the wire."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from solver.domain.explanation import Isolation
from solver.domain.targets import HostPorts, Target, TargetKind, TargetZones
from solver.errors import Fault
from solver.v1 import plan_pb2, task_group_pb2

_KINDS = {
    TargetKind.TARGET_GROUP: task_group_pb2.TARGET_KIND_TARGET_GROUP,
    TargetKind.CLASSIC: task_group_pb2.TARGET_KIND_CLASSIC,
}
_KIND_OF = {number: kind for kind, number in _KINDS.items()} | {
    task_group_pb2.TARGET_KIND_UNSPECIFIED: TargetKind.TARGET_GROUP
}
_PORTS = {
    HostPorts.UNKNOWN: task_group_pb2.HOST_PORTS_UNSPECIFIED,
    HostPorts.STATIC: task_group_pb2.HOST_PORTS_STATIC,
    HostPorts.DYNAMIC: task_group_pb2.HOST_PORTS_DYNAMIC,
    HostPorts.INTERFACE: task_group_pb2.HOST_PORTS_INTERFACE,
}
_PORTS_OF = {number: ports for ports, number in _PORTS.items()}


def targets_to_wire(targets: Iterable[Target]) -> list[task_group_pb2.Target]:
    """Write the registrations of a group."""
    return [
        task_group_pb2.Target(
            name=target.name,
            kind=_KINDS[target.kind],
            container=target.container,
            port=target.port,
            host_ports=_PORTS[target.host_ports],
            zones=target.zones,
        )
        for target in targets
    ]


def targets_from_wire(targets: Iterable[task_group_pb2.Target]) -> tuple[Target, ...]:
    """Read the registrations of a group; an enum value that is unknown counts as not set."""
    return tuple(
        Target(
            name=target.name,
            kind=_KIND_OF.get(target.kind, TargetKind.TARGET_GROUP),
            container=target.container,
            port=target.port,
            host_ports=_PORTS_OF.get(target.host_ports, HostPorts.UNKNOWN),
            zones=tuple(target.zones),
        )
        for target in targets
    )


def enum_faults(path: str, targets: Iterable[task_group_pb2.Target]) -> Iterator[Fault]:
    """The enum values that are unknown."""
    for at, target in enumerate(targets):
        if target.kind not in _KIND_OF:
            yield Fault(f"{path}.targets[{at}].kind", f"is {target.kind}", "must be TARGET_GROUP or CLASSIC")
        if target.host_ports not in _PORTS_OF:
            remedy = "must be STATIC, DYNAMIC or INTERFACE"
            yield Fault(f"{path}.targets[{at}].host_ports", f"is {target.host_ports}", remedy)


def zones_to_wire(found: Iterable[TargetZones]) -> list[plan_pb2.TargetZones]:
    """Write how tasks lie over the zones."""
    return [
        plan_pb2.TargetZones(
            service=one.service,
            target=one.target,
            kind=_KINDS[one.kind],
            zones=[
                plan_pb2.ZoneTasks(zone=zone.zone, before=zone.before, after=zone.after, enabled=zone.enabled)
                for zone in one.zones
            ],
            zones_known=one.zones_known,
            touched=one.touched,
            warnings=one.warnings,
        )
        for one in found
    ]


def isolation_to_wire(found: Iterable[Isolation]) -> list[plan_pb2.RoleIsolation]:
    """Write what the rules ``isolateRoles`` come to."""
    return [
        plan_pb2.RoleIsolation(
            rule=one.rule,
            roles=[
                plan_pb2.RoleUse(
                    role=use.role,
                    instances_before=use.instances_before,
                    instances_after=use.instances_after,
                    tasks_before=use.tasks_before,
                    tasks_after=use.tasks_after,
                    known=use.is_known,
                )
                for use in one.roles
            ],
            together=[
                plan_pb2.RolesTogether(first=pair.first, second=pair.second, before=pair.before, after=pair.after)
                for pair in one.together
            ],
            shared_before=one.shared_before,
            shared_after=one.shared_after,
        )
        for one in found
    ]
