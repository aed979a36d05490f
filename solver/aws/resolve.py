"""A plan's rows against the live cluster: which call each one becomes, or why there is none.

A service's tasks are started by its own scheduler. What StartTask starts belongs to no service and no load balancer
knows it; a service replaces a task that stops, where its own scheduler sees fit (ECS developer guide, scheduling).
So rows of services are refused unless the caller permits what they can become.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

from solver.aws.calls import Document
from solver.aws.live import Live, short
from solver.aws.orders import SERVICE, Start, Stop, Wave, essence, parts_of, starts_in, stops_in
from solver.errors import Fault, InvalidRequest
from solver.formats.ecs.definitions import Definition
from solver.formats.ecs.groups import revision
from solver.formats.listed import AS_ROLE
from solver.formats.plan import Row


@dataclass(frozen=True)
class Permissions:
    """What a caller allows beyond the rows that ECS can carry out as they stand.

    Parameters
    ----------
    as_standalone
        Starts of ``service:web`` become standalone tasks in the group ``web``.
    stop_service_tasks
        Tasks of services are stopped, though the service replaces them.
    subnets, security_groups
        For tasks with a network interface of their own.
    """

    as_standalone: bool = False
    stop_service_tasks: bool = False
    subnets: tuple[str, ...] = ()
    security_groups: tuple[str, ...] = ()

    @property
    def network(self) -> str:
        """As StartTask takes it, as JSON; empty without a subnet."""
        if not self.subnets:
            return ""
        said: dict[str, list[str]] = {"subnets": list(self.subnets)}
        if self.security_groups:
            said["securityGroups"] = list(self.security_groups)
        return json.dumps({"awsvpcConfiguration": said}, sort_keys=True)


@dataclass
class Resolved:
    """The orders of a plan, and in what the cluster differs from the plan already."""

    waves: tuple[Wave, ...] = ()
    surprises: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def resolve(rows: Sequence[Row], live: Live, permissions: Permissions) -> Resolved:
    """The orders of a plan.

    Raises
    ------
    InvalidRequest
        With every row that cannot be carried out, whatever the cluster's state.
    """
    resolver = _Resolver(live, permissions, rows)
    resolver.check_services(rows)
    for row in rows:
        resolver.take(row)
    if resolver.faults:
        raise InvalidRequest(resolver.faults)
    return resolver.resolved()


class _Resolver:
    """Turns rows into orders, and notes what is wrong with them."""

    def __init__(self, live: Live, permissions: Permissions, rows: Sequence[Row]) -> None:
        self.live = live
        self.permissions = permissions
        self.faults: list[Fault] = []
        self.surprises: list[str] = []
        self.warnings: list[str] = []
        self.starts: list[tuple[int, Start]] = []
        self.stops: list[tuple[int, Stop]] = []
        self.instances = live.names()
        self.tasks = live.tasks([row.task for row in rows if row.task])
        standalone = permissions.as_standalone
        of_services = {parts_of(row.group)[0] for row in rows if standalone and row.action == "start"}
        names = sorted(group.removeprefix(SERVICE) for group in of_services if group.startswith(SERVICE))
        self.services = live.services(names)
        self.named: dict[str, int] = {}
        self.definitions: dict[str, Definition | None] = {}

    def resolved(self) -> Resolved:
        """Everything that was taken, in waves."""
        numbers = sorted({number for number, _ in (*self.starts, *self.stops)})
        waves = tuple(
            Wave(
                number,
                tuple(start for wave, start in self.starts if wave == number),
                tuple(stop for wave, stop in self.stops if wave == number),
            )
            for number in numbers
        )
        return Resolved(waves, self.surprises, self.warnings)

    def check_services(self, rows: Sequence[Row]) -> None:
        """Refuse, group by group, what only a service's own scheduler can do; warn of what is allowed and differs."""
        found: dict[tuple[str, str], list[Row]] = {}
        for row in rows:
            if row.group.startswith(SERVICE):
                found.setdefault((row.group, row.action), []).append(row)
        for (name, action), some in found.items():
            service = parts_of(name)[0].removeprefix(SERVICE)
            tasks = f"{len(some)} {'task' if len(some) == 1 else 'tasks'} of {name}"
            if action == "start" and not self.permissions.as_standalone:
                problem = f"{tasks} would start, which the service's own scheduler does and StartTask cannot"
                remedy = f"raise the service's desired count, or use --as-standalone for tasks in the group '{service}'"
            elif action == "start":
                self.warnings.append(
                    f"{tasks} start as standalone tasks in the group '{service}': the service does not count them, "
                    "and its load balancers do not know them"
                )
                continue
            elif action == "move":
                problem = f"{tasks} would move, which ECS has no call for: the service decides where its tasks start"
                remedy = "use stop rows and --stop-service-tasks, and let the service replace them where it sees fit"
            elif not self.permissions.stop_service_tasks:
                problem = f"{tasks} would stop, which the service replaces at once where its scheduler sees fit"
                remedy = "lower the service's desired count, or use --stop-service-tasks"
            else:
                self.warnings.append(
                    f"{tasks} stop: the service starts others, where its scheduler sees fit, up to its desired count"
                )
                continue
            self._fault(some[0], problem, remedy)

    def take(self, row: Row) -> None:
        """One row."""
        is_start, is_move = row.action == "start", row.action == "move"
        instance = self._instance(row, row.instance)
        leaves = self._instance(row, row.from_instance) if is_move else instance
        task = None if is_start else self._task(row)
        if row.group.startswith(SERVICE) and (is_move or (is_start and not self.permissions.as_standalone)):
            return  # Refused for the whole group.
        if row.action != "stop" and instance and (is_start or task):
            start = self._start(row, instance, task)
            if start is not None:
                self.starts.append((starts_in(row), start))
        if task is not None and leaves:
            group = parts_of(row.group)[0]
            stop = Stop(row.line, row.group, group, task["taskArn"], leaves, is_move)
            self.stops.append((stops_in(row), stop))

    def _task(self, row: Row) -> Document | None:
        """The task that a stop or a move names."""
        if not row.task:
            self._fault(row, f"the {row.action} names no task", "name the task to stop in the column task")
            return None
        name = short(row.task)
        if name in self.named:
            self._fault(row, f"the task '{row.task}' is already on line {self.named[name]}", "name each task once")
            return None
        self.named[name] = row.line
        if name not in self.tasks:
            self.surprises.append(f"line {row.line}: the task {name} of {row.group} is gone: ECS no longer knows it")
        return self.tasks.get(name)

    def _instance(self, row: Row, name: str) -> str:
        """The instance's ARN; empty where it is gone."""
        found = self.instances.get(name) or self.instances.get(short(name), "")
        if not found:
            self.surprises.append(f"line {row.line}: the instance {name} is gone from the cluster")
        return found

    def _start(self, row: Row, instance: str, moved: Document | None) -> Start | None:
        """The task that a row starts; a moved one as the task that it takes the place of was started."""
        group, pinned = parts_of(row.group)
        if not moved and AS_ROLE in row.group:
            problem = f"tasks of {row.group} run under a role of their own, which a start cannot give them"
            self._fault(row, problem, "run the task with that override by hand, and leave the row out")
            return None
        name = moved["taskDefinitionArn"] if moved else pinned or self._current(row, group)
        definition = self._definition(row, name) if name else None
        if definition is None:
            return None
        if moved and pinned and definition.key != pinned:
            self.surprises.append(
                f"line {row.line}: the task {short(row.task)} is of {definition.key}, and the plan says {pinned}"
            )
        network = self._network(row, group, definition)
        if network is None:
            return None
        if moved and any("BlockStorage" in str(one.get("type")) for one in moved.get("attachments", [])):
            problem = f"the task {short(row.task)} has a volume of its own, which would not move with it"
            self._fault(row, problem, "move it by hand and leave the row out")
        if group.startswith(SERVICE):
            group = group.removeprefix(SERVICE)
        if not moved:
            return Start(row.line, row.group, group, definition.arn, instance, network=network)
        tags = tuple((tag["key"], tag.get("value", "")) for tag in moved.get("tags", []))
        return Start(
            row.line,
            row.group,
            group,
            definition.arn,
            instance,
            moved["taskArn"],
            essence(moved.get("overrides")),
            network,
            tuple(sorted(tag for tag in tags if not tag[0].lower().startswith("aws:"))),
            bool(moved.get("enableExecuteCommand")),
        )

    def _current(self, row: Row, group: str) -> str:
        """The task definition that a plain group's name stands for now; empty after a fault."""
        if group.startswith("family:"):
            return group.removeprefix("family:")
        if group.startswith(SERVICE):
            service = self.services.get(group.removeprefix(SERVICE))
            if service is None:
                self._fault(
                    row, f"there is no service '{group.removeprefix(SERVICE)}'", "name a service of the cluster"
                )
                return ""
            return str(service["taskDefinition"])
        running = {short(task["taskDefinitionArn"]) for task in self.live.running_in(group)}
        if len({key.partition(":")[0] for key in running}) == 1:
            return max(running, key=revision)
        problem = f"the group '{group}' runs {', '.join(sorted(running)) or 'nothing'}, so its task definition is open"
        self._fault(row, problem, f"name the task definition: {group}@FAMILY:REVISION")
        return ""

    def _definition(self, row: Row, name: str) -> Definition | None:
        if name not in self.definitions:
            found = self.definitions[name] = self.live.definition(name)
            if found is None:
                self._fault(row, f"there is no task definition '{short(name)}' for {row.group}", "register it first")
            elif not found.is_active:
                problem = f"the task definition {found.key} of {row.group} is INACTIVE, and ECS starts no task of it"
                self._fault(row, problem, "plan again with an ACTIVE revision")
        return self.definitions[name]

    def _network(self, row: Row, group: str, definition: Definition) -> str | None:
        """The network that the call must name; None after a fault."""
        if not definition.uses_interface:
            return ""
        found = self.permissions.network
        if not found and group.startswith(SERVICE):
            service = self.services.get(group.removeprefix(SERVICE), {})
            found = essence(service.get("networkConfiguration"))
        if not found:
            problem = f"tasks of {definition.key} have network interfaces of their own (awsvpc)"
            self._fault(row, problem, "name the subnets that they belong to with --subnet")
            return None
        return found

    def _fault(self, row: Row, problem: str, remedy: str) -> None:
        self.faults.append(Fault(f"line {row.line}", problem, remedy))
