"""Task groups of an ECS cluster: one for each group of tasks and revision of its task definition (§1.2, §3.2, §3.9, §4.4).

``service:web``
    New tasks of the service: the revision of its PRIMARY deployment. Older revisions that still run are
    ``service:web@web:6``.
``family:batch``
    Standalone tasks of the latest ACTIVE revision; ``family:batch:6`` of another one.
``nightly-etl``
    Standalone tasks in a group of its own name, of the newest revision that runs there; others are
    ``nightly-etl@nightly:1``.
``family:batch as role/etl``
    Those of ``family:batch`` that run under another task role than their task definition's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from solver.domain.cluster import ZONE, ClusterSnapshot
from solver.domain.request import RuleSpec, Scheduling, TaskGroup
from solver.domain.targets import Target
from solver.errors import Fault, InvalidRequest
from solver.formats.ecs.balancers import Balancers
from solver.formats.ecs.definitions import CPU_ARCHITECTURE, OS_FAMILY, Definition, Definitions
from solver.formats.ecs.instances import SUBNET
from solver.formats.ecs.services import NOT_EC2, Service
from solver.formats.ecs.tasks import Task, subnet_zone, taken
from solver.formats.listed import Listed
from solver.rules.bind import CONSTRAINTS
from solver.rules.binpack import Binpack
from solver.rules.spread import Spread

PRIORITY_TAG = "placement:priority"


@dataclass(frozen=True, kw_only=True)
class Naming:
    """What names the groups: task definitions and services."""

    definitions: Definitions
    services: Mapping[str, Service]
    custom: Mapping[str, str] = field(default_factory=dict)
    """``family:revision`` that a custom group's plain name stands for."""

    def name(self, group: str, key: str) -> str:
        """The name of a group of tasks at a revision (``family:revision``)."""
        family, _, _ = key.partition(":")
        if self.current(group) == key:
            return group
        return f"family:{key}" if group == f"family:{family}" else f"{group}@{key}"

    def current(self, group: str) -> str:
        """The ``family:revision`` that a plain group name stands for; empty for none."""
        if group in self.services:
            definition = self.definitions.find(self.services[group].definition)
            return definition.key if definition else self.services[group].definition.rsplit("/", 1)[-1]
        if group.startswith("family:"):
            latest = self.definitions.latest(group.removeprefix("family:"))
            return latest.key if latest else ""
        return self.custom.get(group, "")


@dataclass(frozen=True, kw_only=True)
class Directory(Naming):
    """What makes the groups: their names, and facts of the cluster."""

    zones: Mapping[str, str]
    """Zone by subnet."""
    platforms: Mapping[str, Sequence[str]]
    """The values of the attributes that name a platform, where an instance has them."""
    default_providers: tuple[str, ...] = ()
    """Of the cluster, for standalone tasks."""
    balancers: Balancers = Balancers()

    def listed(self, group: str, key: str, example: Task | None = None) -> Listed:
        """The group of tasks at a revision.

        Parameters
        ----------
        example
            A task of it, which says what it takes where the task definition is missing.
        """
        definition, service = self.definitions.by_key.get(key), self.services.get(group)
        if definition is None:
            return self._undefined(group, key, service, example)
        constraints = definition.constraints + (service.constraints if service else ())
        remarks = list(definition.remarks)
        zones: tuple[str, ...] = ()
        targets: tuple[Target, ...] = ()
        scheduling = Scheduling.STANDALONE
        if service is not None:
            scheduling = service.scheduling
            remarks += service.remarks
            zones = self._zones(definition, service, remarks)
            targets = self.balancers.targets(service.registrations.of(key), definition)
            remarks += self.balancers.remarks(targets, definition)
        elif group.startswith("service:"):
            scheduling = Scheduling.REPLICA
        elif self.default_providers:
            providers = ", ".join(self.default_providers)
            remarks.append(f"the cluster's default capacity providers ({providers}) do not restrict it here")
        built = TaskGroup(
            name=self.name(group, key),
            family=group,
            demand=definition.demand,
            ports=definition.ports,
            constraints=constraints,
            strategies=service.strategies if service and scheduling is Scheduling.REPLICA else None,
            priority=_priority(definition, service, remarks),
            scheduling=scheduling,
            required_attributes=self._attributes(definition),
            zones=zones,
            capacity_providers=service.providers if service else (),
            role=definition.role,
            task_definition=definition.arn,
            minimum_healthy_percent=service.minimum_healthy_percent if service else None,
            maximum_percent=service.maximum_percent if service else None,
            targets=targets,
        )
        return Listed(built, definition.constraints, tuple(remarks), self._refusal(group, definition, service))

    def _undefined(self, group: str, key: str, service: Service | None, example: Task | None) -> Listed:
        """A group whose task definition is missing: only its tasks say what it takes."""
        scheduling = Scheduling.REPLICA if group.startswith("service:") else Scheduling.STANDALONE
        built = TaskGroup(
            name=self.name(group, key),
            family=group,
            demand=taken(example, None) if example else {},
            constraints=service.constraints if service else (),
            strategies=service.strategies if service and service.scheduling is Scheduling.REPLICA else None,
            scheduling=service.scheduling if service else scheduling,
            capacity_providers=service.providers if service else (),
            task_definition=example.definition if example else key,
            minimum_healthy_percent=service.minimum_healthy_percent if service else None,
            maximum_percent=service.maximum_percent if service else None,
            targets=self.balancers.targets(service.registrations.of(key), None) if service else (),
        )
        remedy = f"add what `aws ecs describe-task-definition --task-definition {key}` prints"
        refusal = f"has the task definition {key}, which is not in task-definitions.json; {remedy}"
        return Listed(built, refusal=refusal, is_undefined=True)

    def _refusal(self, group: str, definition: Definition, service: Service | None) -> str:
        if service is not None and service.refusal:
            return f"{service.refusal}; choose another group"
        if service is not None and service.launch in NOT_EC2:
            return f"runs on {service.launch}; choose a group that runs on container instances"
        if service is None and group.startswith("service:"):
            return "is not in services.json; add what `aws ecs describe-services` prints"
        if not definition.runs_on_ec2:
            return f"has the task definition {definition.key}, which does not run on EC2; choose another revision"
        return ""

    def _attributes(self, definition: Definition) -> tuple[str, ...]:
        """Required attributes; those of the platform where the cluster's instances say theirs at all."""
        found = list(definition.attributes)
        for name, value in definition.platform.items():
            values = self.platforms.get(name)
            if values is not None:
                spelled = next((v for v in values if v.casefold() == value.casefold()), value)
                found.append(f"{name}={spelled}")
        return tuple(dict.fromkeys(found))

    def _zones(self, definition: Definition, service: Service, remarks: list[str]) -> tuple[str, ...]:
        """The zones of the service's subnets, if the zone of every one is known."""
        if not definition.uses_interface or not service.subnets:
            return ()
        unknown = [subnet for subnet in service.subnets if subnet not in self.zones]
        if unknown:
            remarks.append(
                f"no instance and no task is in its subnet {', '.join(unknown)}: its zone is not known, "
                "so zones do not restrict it here"
            )
            return ()
        return tuple(sorted({self.zones[subnet] for subnet in service.subnets}))


def _priority(definition: Definition, service: Service | None, remarks: list[str]) -> int:
    """From the tag ``placement:priority`` of the service, else of the task definition."""
    tags = {**definition.tags, **(service.tags if service else {})}
    text = tags.get(PRIORITY_TAG, "").strip()
    if not text:
        return 0
    digits = text.removeprefix("-")
    if digits.isascii() and digits.isdigit() and len(digits) <= 9:
        return int(text)
    remarks.append(f"its tag {PRIORITY_TAG} is '{text[:40]}', which is no whole number of up to 9 digits: priority 0")
    return 0


def platforms_of(cluster: ClusterSnapshot) -> dict[str, tuple[str, ...]]:
    """The values of the attributes that name a platform, where an instance has them."""
    columns = {name: cluster.attributes.get(name) for name in (CPU_ARCHITECTURE, OS_FAMILY)}
    return {name: tuple(column.values) for name, column in columns.items() if column is not None}


def zones_of_subnets(cluster: ClusterSnapshot, tasks: Iterable[Task]) -> dict[str, str]:
    """The zone of each subnet that an instance or a task's interface is in."""
    found = dict(pair for pair in map(subnet_zone, tasks) if pair is not None)
    subnets, zones = cluster.column(f"attribute:{SUBNET}"), cluster.column(f"attribute:{ZONE}")
    for i in range(cluster.size):
        subnet, zone = subnets[i], zones[i]
        if subnet and zone:
            found[subnet] = zone
    return found


def plain_names(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """For each group that is neither a service's nor a family's and holds one family: its newest revision.

    Parameters
    ----------
    pairs
        The group and the ``family:revision`` of the tasks that run.
    """
    found: dict[str, set[str]] = {}
    for group, key in pairs:
        if not group.startswith(("service:", "family:")):
            found.setdefault(group, set()).add(key)
    return {
        group: max(keys, key=revision)
        for group, keys in found.items()
        if len({key.partition(":")[0] for key in keys}) == 1
    }


def revision(key: str) -> int:
    """The revision of ``family:revision``; 0 where it is none."""
    text = key.rpartition(":")[2]
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else 0


def readable(group: TaskGroup, resources: tuple[str, ...]) -> tuple[TaskGroup, list[str]]:
    """The group with only those of its rules that can be read, and what is wrong with the others.

    ECS does not check an expression before it is used, so a group that nothing is asked of may carry a wrong one.
    """
    wrong: list[str] = []
    constraints = tuple(rule for rule in group.constraints if not _faults(rule, resources, wrong, is_strategy=False))
    chain = group.strategies or ()
    strategies = tuple(rule for rule in chain if not _faults(rule, resources, wrong, is_strategy=True))
    if not wrong:
        return group, []
    return replace(group, constraints=constraints, strategies=strategies or None), wrong


def _faults(rule: RuleSpec, resources: tuple[str, ...], wrong: list[str], *, is_strategy: bool) -> tuple[Fault, ...]:
    try:
        if not is_strategy:
            if rule.type not in CONSTRAINTS:
                raise InvalidRequest.at("type", "is not a constraint", f"must be one of {', '.join(CONSTRAINTS)}")
            CONSTRAINTS[rule.type](0, rule.argument)
        elif rule.type == "binpack":
            Binpack.parse(rule.argument, resources)
        elif rule.type == "spread":
            Spread.parse(rule.argument)
        elif rule.type != "random":
            raise InvalidRequest.at("type", "is not a strategy", "must be spread, binpack or random")
    except InvalidRequest as invalid:
        text = f"{rule.type}({rule.argument})"
        wrong.append(f"{text if len(text) <= 80 else text[:77] + '...'}: {invalid.faults[0].problem}")
        return invalid.faults
    return ()
