"""Task definitions: what one task takes and needs (ECS API, TaskDefinition; §2.3).

CPU: the task's own figure if above zero, else the sum over its containers. Memory: the same, a container counting
its ``memoryReservation`` before its ``memory``. GPUs: whole devices. Static host ports: under ``bridge`` those with a
``hostPort``, under ``host`` every container port, under ``awsvpc`` none, for there each task has an interface of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from solver.domain.cluster import Port
from solver.domain.request import MAX_CONSTRAINTS, RuleSpec
from solver.formats.ecs.documents import Element, shown
from solver.formats.ecs.resources import CPU, DEVICE, GPU, INTERFACES, MEMORY

CPU_ARCHITECTURE = "ecs.cpu-architecture"
OS_FAMILY = "ecs.os-family"
OVERRIDABLE = ("cpu", "memory", "memoryReservation", "resourceRequirements")
"""Amounts of a container that a task's ``overrides`` may change (ECS API, ContainerOverride)."""

NETWORK_MODES = ("awsvpc", "bridge", "host", "none", "default", "nat")


@dataclass(frozen=True)
class Definition:
    """One revision of a task definition.

    Parameters
    ----------
    demand
        Amount by resource of one task.
    attributes
        ``NAME`` or ``NAME=VALUE`` that ``requiresAttributes`` and ``runtimePlatform`` ask for; those of the platform
        count only where the cluster has such an attribute.
    runs_on_ec2
        Whether ECS would run it on container instances.
    remarks
        What matters in it and is not modelled.
    """

    arn: str
    family: str
    revision: int
    is_active: bool
    demand: Mapping[str, int]
    ports: tuple[Port, ...]
    uses_interface: bool
    constraints: tuple[RuleSpec, ...]
    attributes: tuple[str, ...]
    platform: Mapping[str, str]
    role: str
    runs_on_ec2: bool
    tags: Mapping[str, str]
    remarks: tuple[str, ...]
    source: Element

    @property
    def key(self) -> str:
        """``family:revision``."""
        return f"{self.family}:{self.revision}"


class Definitions:
    """The task definitions of a directory, by every name that documents give them."""

    def __init__(self, definitions: Iterable[Definition]) -> None:
        self.by_key: dict[str, Definition] = {}
        self.families: dict[str, list[Definition]] = {}
        for definition in definitions:
            self.by_key[definition.key] = definition
            self.families.setdefault(definition.family, []).append(definition)
        for revisions in self.families.values():
            revisions.sort(key=lambda definition: definition.revision)

    def find(self, name: str) -> Definition | None:
        """By ARN, ``family:revision``, or ``family`` for the latest ACTIVE revision."""
        short = name.rsplit("/", 1)[-1]
        return self.by_key.get(short) or self.latest(short)

    def latest(self, family: str) -> Definition | None:
        """The latest ACTIVE revision; None if there is none."""
        return next((found for found in reversed(self.families.get(family, [])) if found.is_active), None)

    def __iter__(self) -> Iterator[Definition]:
        return iter(self.by_key.values())


def read_definitions(answers: list[Element]) -> Definitions:
    """Every task definition; a second copy of one must say the same."""
    found: dict[str, Definition] = {}
    for answer in answers:
        document = answer.element("taskDefinition")
        if document is None:
            if not answer.has("taskDefinition"):
                answer.fault("taskDefinition", "is missing", "must be a task definition")
            continue
        definition = _definition(document, answer.tags())
        earlier = found.get(definition.key)
        if earlier and earlier.source.value != document.value:
            problem = f"{definition.key} is also at {earlier.source.path} and differs"
            document.fault("", problem, "keep one of them")
        elif definition.family:
            found.setdefault(definition.key, definition)
    return Definitions(found.values())


def _definition(document: Element, tags: Mapping[str, str]) -> Definition:
    arn = document.needed("taskDefinitionArn")
    family, revision = _name(document, arn)
    containers = document.elements("containerDefinitions")
    if not containers:
        document.fault("containerDefinitions", "is missing or empty", "must list the containers")
    mode = document.text("networkMode")
    if mode and mode not in NETWORK_MODES:
        document.fault("networkMode", f"is {shown(mode)}", f"must be one of {', '.join(NETWORK_MODES)}")
    ports, repeated = _host_ports(containers, mode)
    compatible = document.texts("compatibilities") or document.texts("requiresCompatibilities")
    return Definition(
        arn=arn,
        family=family,
        revision=revision,
        is_active=document.text("status") in ("", "ACTIVE"),
        demand=_demand(document, containers, mode),
        ports=ports,
        uses_interface=mode == "awsvpc",
        constraints=_constraints(document),
        attributes=tuple(_attributes(document)),
        platform=_platform(document.element("runtimePlatform")),
        role=document.text("taskRoleArn"),
        runs_on_ec2=not compatible or any(name in ("EC2", "MANAGED_INSTANCES") for name in compatible),
        tags=tags,
        remarks=(*_remarks(document, containers), *repeated),
        source=document,
    )


def _name(document: Element, arn: str) -> tuple[str, int]:
    """Family and revision; the ARN ends in both."""
    family, _, revision = arn.rsplit("/", 1)[-1].partition(":")
    if arn and not (revision.isascii() and revision.isdigit() and len(revision) <= 10):
        document.fault("taskDefinitionArn", f"is {shown(arn)}", "must end in FAMILY:REVISION")
        return document.text("family") or family, document.amount("revision")
    return family, int(revision or 0)


def _demand(document: Element, containers: list[Element], mode: str) -> dict[str, int]:
    devices = sum(
        need.amount("value")
        for container in containers
        for need in container.elements("resourceRequirements")
        if need.text("type") == "GPU"
    )
    demand = cpu_and_memory(document, containers)
    if devices:
        demand[GPU] = DEVICE * devices
    if mode == "awsvpc":
        demand[INTERFACES] = 1
    return demand


def cpu_and_memory(document: Element, containers: list[Element]) -> dict[str, int]:
    """CPU units and MiB: the document's own figures if above zero, else the sums over its containers."""
    memory = (container.amount("memoryReservation") or container.amount("memory") for container in containers)
    return {
        CPU: document.amount("cpu") or sum(container.amount("cpu") for container in containers),
        MEMORY: document.amount("memory") or sum(memory),
    }


def overridden_demand(definition: Definition, overrides: Element) -> dict[str, int]:
    """What a task of the definition takes under a task's ``overrides``: task-level ones, and containers' by name."""
    faults = overrides.faults
    document = definition.source
    own = {override.text("name"): override.value for override in overrides.elements("containerOverrides")}
    containers = [
        Element(_changed(container.value, own.get(container.text("name"), {})), container.path, faults)
        for container in document.elements("containerDefinitions")
    ]
    changed = Element(_changed(document.value, overrides.value), overrides.path, faults)
    return _demand(changed, containers, document.text("networkMode"))


def _changed(value: Mapping[str, object], override: Mapping[str, object]) -> dict[str, object]:
    return {**value, **{name: override[name] for name in OVERRIDABLE if override.get(name) is not None}}


def _host_ports(containers: list[Element], mode: str) -> tuple[tuple[Port, ...], tuple[str, ...]]:
    """The static ports, and a remark for each that stands twice."""
    ports: list[Port] = []
    repeated = []
    for container in containers:
        for mapping in container.elements("portMappings"):
            protocol = mapping.text("protocol") or "tcp"
            if protocol not in ("tcp", "udp"):
                mapping.fault("protocol", f"is {shown(protocol)}", "must be tcp or udp")
                continue
            inside, outside = mapping.amount("containerPort", 0, 65535), mapping.amount("hostPort", 0, 65535)
            static = {"awsvpc": 0, "none": 0, "host": inside or outside}.get(mode, outside)
            if not static:
                continue
            if (protocol, static) in ports:
                repeated.append(f"asks twice for port {static}/{protocol}, which counts once")
            else:
                ports.append((protocol, static))
    return tuple(ports), tuple(repeated)


def read_rules(document: Element, name: str) -> tuple[RuleSpec, ...]:
    """``placementConstraints`` or ``placementStrategy``: ``type`` with ``expression`` or ``field``."""
    return tuple(
        RuleSpec(rule.needed("type"), rule.text("expression" if name == "placementConstraints" else "field"))
        for rule in document.elements(name)
    )


def _constraints(document: Element) -> tuple[RuleSpec, ...]:
    rules = read_rules(document, "placementConstraints")
    for at, rule in enumerate(rules):
        if rule.type and rule.type != "memberOf":
            problem = f"is {shown(rule.type)}"
            remedy = "a task definition knows memberOf alone; put other constraints into the service"
            document.fault(f"placementConstraints[{at}].type", problem, remedy)
    if len(rules) > MAX_CONSTRAINTS:
        document.fault("placementConstraints", f"has {len(rules)} rules", f"at most {MAX_CONSTRAINTS}")
    return rules


def _attributes(document: Element) -> Iterable[str]:
    for attribute in document.elements("requiresAttributes"):
        name, value = attribute.needed("name"), attribute.text("value")
        if name:
            yield f"{name}={value}" if value else name


def _platform(runtime: Element | None) -> dict[str, str]:
    """What ``runtimePlatform`` says, by the attribute that instances carry for it."""
    if runtime is None:
        return {}
    found = {CPU_ARCHITECTURE: runtime.text("cpuArchitecture"), OS_FAMILY: runtime.text("operatingSystemFamily")}
    return {name: value for name, value in found.items() if value}


def _remarks(document: Element, containers: list[Element]) -> Iterable[str]:
    if document.elements("inferenceAccelerators"):
        yield "inferenceAccelerators are not modelled"
    kinds = {
        need.text("type")
        for container in containers
        for need in container.elements("resourceRequirements")
        if need.text("type") not in ("", "GPU", "InferenceAccelerator")
    }
    for kind in sorted(kinds):
        yield f"resourceRequirements of type {kind} are not modelled"
