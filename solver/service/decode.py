"""A request on the wire -> what the engines read, with every fault at the path of its field (§11.1)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from solver.domain.cluster import ClusterSnapshot
from solver.domain.counts import Bools, Counts, Ints
from solver.domain.problem import Problem
from solver.domain.request import (
    MAX_CONSTRAINTS,
    MAX_STRATEGIES,
    Limits,
    RuleSpec,
    RunningTask,
    Scheduling,
    TaskGroup,
)
from solver.domain.survival import Survival
from solver.errors import MAX_FAULTS, Fault, InvalidRequest
from solver.formats.kinds import Kind, kind_faults, survival_faults
from solver.rules.bind import bind
from solver.service.decode_cluster import ClusterReader
from solver.service.decode_limits import freedom_of, in_order, limits_of, survival_of
from solver.service.repeats import MAX_REQUEST_ID
from solver.service.sizes import SizeLimits
from solver.service.targets import enum_faults, targets_from_wire
from solver.v1 import placement_service_pb2 as wire
from solver.v1 import task_group_pb2

MAX_LABEL = 1_000
"""Characters of a label."""

_SCHEDULINGS = {
    task_group_pb2.SCHEDULING_UNSPECIFIED: Scheduling.STANDALONE,
    task_group_pb2.SCHEDULING_REPLICA: Scheduling.REPLICA,
    task_group_pb2.SCHEDULING_DAEMON: Scheduling.DAEMON,
    task_group_pb2.SCHEDULING_STANDALONE: Scheduling.STANDALONE,
}
_PROTOCOLS = {
    task_group_pb2.PROTOCOL_UNSPECIFIED: "tcp",
    task_group_pb2.PROTOCOL_TCP: "tcp",
    task_group_pb2.PROTOCOL_UDP: "udp",
}


@dataclass(frozen=True, eq=False)
class PlaceCall:
    """Everything that a ``PlaceRequest`` says.

    Parameters
    ----------
    problem, limits
        What to solve, and how long.
    explain
        Whether to say why tasks were not placed.
    validate_only
        Whether only to validate.
    label, warnings, hint
        As ``solver.api.place`` takes them.
    request_id
        The call's name; empty for none.
    cluster_name
        Of the cluster that the request named, and that its server has put into it since; empty for none.
    survival
        What the plan must survive; None where that is not asked for.
    """

    problem: Problem
    limits: Limits
    explain: bool = True
    validate_only: bool = False
    label: str = ""
    warnings: tuple[str, ...] = ()
    hint: Counts | None = None
    request_id: str = ""
    cluster_name: str = ""
    survival: Survival | None = None


def place_call(message: wire.PlaceRequest, sizes: SizeLimits, kind: Kind = Kind.PLACE, prefix: str = "") -> PlaceCall:
    """Read a request.

    Parameters
    ----------
    kind
        What it may ask for.
    prefix
        Before the path of each field that is wrong.

    Raises
    ------
    TooLarge
        If a list is longer than ``sizes`` allows.
    InvalidRequest
        With every fault of the request; once it has none, with all that is not of its kind.
    """
    reader = _Reader(message, sizes, prefix)
    limits = limits_of(message.limits, sizes, reader.fault)
    if len(message.label) > MAX_LABEL:
        reader.fault("label", f"has {len(message.label):,} characters", f"at most {MAX_LABEL:,}")
    if len(message.request_id) > MAX_REQUEST_ID:
        reader.fault("request_id", f"has {len(message.request_id):,} characters", f"at most {MAX_REQUEST_ID}")
    hint = reader.hint()
    survival = survival_of(message, reader.fault)
    problem = reader.problem()
    for fault in (*kind_faults(problem, kind), *survival_faults(survival, kind)):
        reader.fault(fault.path, fault.problem, fault.remedy)
    if reader.faults:
        raise InvalidRequest(reader.faults)
    return PlaceCall(
        problem=problem,
        limits=limits,
        explain=message.explain if message.HasField("explain") else True,
        validate_only=message.validate_only,
        label=message.label,
        warnings=tuple(message.warnings),
        hint=hint,
        request_id=message.request_id,
        cluster_name=message.cluster_name,
        survival=survival,
    )


def check_call(message: wire.CheckRequest, sizes: SizeLimits) -> tuple[Problem, Counts]:
    """Read a plan to check, and the request that it answers.

    Raises
    ------
    TooLarge
        If a list is longer than ``sizes`` allows.
    InvalidRequest
        With every fault of both.
    """
    sizes.require_counts("tasks", len(message.tasks), message.task_columns)
    reader = _Reader(message.request, sizes, "request.")
    tasks = reader.counts(message.tasks, message.task_columns, "tasks", "task_columns")
    if message.request.survive:
        reader.fault("survive", "is said of a plan to check, which has no witnesses", "leave it out, or ask Place")
    problem = reader.problem()
    problem.refuse_large(tasks)
    return problem, tasks


class _Reader:
    """Reads one request and collects its faults; ``problem`` raises them."""

    def __init__(self, message: wire.PlaceRequest, sizes: SizeLimits, prefix: str = "") -> None:
        sizes.require_place(message, prefix)
        self.message = message
        self.sizes = sizes
        self.prefix = prefix
        self.faults: list[Fault] = []
        self.cluster = ClusterReader(sizes, self.fault).read(message.cluster)
        if not message.HasField("cluster") and message.cluster_name:
            remedy = "send the request to that server, or describe the cluster"
            self.fault("cluster_name", f"'{message.cluster_name}' is a cluster that a server keeps", remedy)
        elif not message.HasField("cluster"):
            self.fault("cluster", "is missing", "describe the cluster")
        self.groups = tuple(self._group(g, group) for g, group in enumerate(message.groups))
        self._group_index: dict[str, int] = {}
        for g, group in enumerate(self.groups):
            self._group_index.setdefault(group.name, g)

    def fault(self, path: str, problem: str, remedy: str) -> None:
        """Note what is wrong with a field of the request."""
        self._note(f"{self.prefix}{path}", problem, remedy)

    def _note(self, path: str, problem: str, remedy: str) -> None:
        """Note what is wrong at a whole path; as many faults as are listed, or a small message could take much memory."""
        if len(self.faults) < MAX_FAULTS:
            self.faults.append(Fault(path, problem, remedy))

    # The groups.

    def _group(self, g: int, group: task_group_pb2.TaskGroup) -> TaskGroup:
        path = f"groups[{g}]"
        if group.scheduling not in _SCHEDULINGS:
            self.fault(f"{path}.scheduling", f"is {group.scheduling}", "must be REPLICA, DAEMON or STANDALONE")
        for p, port in enumerate(group.ports):
            if port.protocol not in _PROTOCOLS:
                self.fault(f"{path}.ports[{p}].protocol", f"is {port.protocol}", "must be TCP or UDP")
        for fault in enum_faults(path, group.targets):
            self.fault(fault.path, fault.problem, fault.remedy)
        return TaskGroup(
            name=group.name,
            family=group.family or group.name,
            demand=in_order(group.demand),
            ports=tuple((_PROTOCOLS.get(port.protocol, "tcp"), port.port) for port in group.ports),
            start=group.start,
            constraints=_rules(group.constraints),
            strategies=_rules(group.strategies) or None,
            priority=group.priority,
            all_or_nothing=group.all_or_nothing,
            scheduling=_SCHEDULINGS.get(group.scheduling, Scheduling.STANDALONE),
            required_attributes=tuple(group.required_attributes),
            zones=tuple(group.zones),
            capacity_providers=tuple(group.capacity_providers),
            role=group.role,
            task_definition=group.task_definition,
            stop=group.stop,
            movable=group.movable,
            move_cost=group.move_cost if group.HasField("move_cost") else 1,
            max_moves=group.max_moves if group.HasField("max_moves") else None,
            minimum_healthy_percent=group.minimum_healthy_percent
            if group.HasField("minimum_healthy_percent")
            else None,
            maximum_percent=group.maximum_percent if group.HasField("maximum_percent") else None,
            targets=targets_from_wire(group.targets),
        )

    # Counts and tasks.

    def counts(
        self,
        rows: Sequence[task_group_pb2.TaskCount],
        columns: task_group_pb2.TaskCountColumns,
        rows_path: str,
        columns_path: str,
    ) -> Counts:
        """Task counts from both forms; ``*_path`` are whole paths."""
        group, instance, count = self._count_columns(columns, columns_path)
        if rows:
            of_rows = [self._count(f"{rows_path}[{k}]", row) for k, row in enumerate(rows)]
            by_name = np.array([found for found in of_rows if found is not None], np.int64).reshape(-1, 3)
            group = np.concatenate([group, by_name[:, 0]])
            instance = np.concatenate([instance, by_name[:, 1]])
            count = np.concatenate([count, by_name[:, 2]])
        return Counts.of((len(self.groups), self.cluster.size), group, instance, count)

    def _count(self, path: str, row: task_group_pb2.TaskCount) -> tuple[int, int, int] | None:
        group, instance = self._group_at(path, row.group), self._instance_at(f"{path}.instance", row.instance)
        if row.count < 1:
            self._note(f"{path}.count", f"is {row.count}", "must be 1 or more")
            return None
        return None if group is None or instance is None else (group, instance, row.count)

    def _count_columns(self, columns: task_group_pb2.TaskCountColumns, path: str) -> tuple[Ints, Ints, Ints]:
        parts = (columns.groups, columns.instances, columns.counts)
        if len({len(part) for part in parts}) > 1:
            lengths = ", ".join(str(len(part)) for part in parts)
            self._note(path, f"has columns of {lengths} numbers", "must have one length")
            none = np.zeros(0, np.int64)
            return none, none, none
        group, instance, count = (np.array(part, np.int64) for part in parts)
        most = (("groups", group, len(self.groups)), ("instances", instance, self.cluster.size))
        for name, column, size in most:
            for k in np.flatnonzero(column >= size)[:MAX_FAULTS].tolist():
                self._note(f"{path}.{name}[{k}]", f"is {column[k]}", f"must be below {size}")
        for k in np.flatnonzero(count < 1)[:MAX_FAULTS].tolist():
            self._note(f"{path}.counts[{k}]", "is 0", "must be 1 or more")
        valid = (group < len(self.groups)) & (instance < self.cluster.size)
        return group[valid], instance[valid], count[valid]

    def _group_at(self, path: str, name: str) -> int | None:
        group = self._group_index.get(name)
        if group is None:
            self._note(f"{path}.group", f"'{name}' is not a group", "name a group of the request")
        return group

    def _instance_at(self, path: str, name: str) -> int | None:
        instance = self.cluster.find(name)
        if instance is None:
            self._note(path, f"'{name}' is not an instance", "name an instance of the cluster")
        return instance

    def _tasks(self) -> tuple[RunningTask, ...]:
        found = []
        seen: set[str] = set()
        for k, task in enumerate(self.message.tasks):
            path = f"{self.prefix}tasks[{k}]"
            if not task.id or task.id in seen:
                problem = f"'{task.id}' is already a task" if task.id else "is empty"
                self._note(f"{path}.id", problem, "give each task its own id")
            seen.add(task.id)
            group, instance = self._group_at(path, task.group), self._instance_at(f"{path}.instance", task.instance)
            if group is not None and instance is not None:
                found.append(_running_task(task, group, instance))
        return tuple(found)

    # The whole.

    def hint(self) -> Counts | None:
        """The plan that the caller has; None where there is none."""
        rows, columns = self.message.hint, self.message.hint_columns
        if not rows and not self.message.HasField("hint_columns"):
            return None
        return self.counts(rows, columns, f"{self.prefix}hint", f"{self.prefix}hint_columns")

    def problem(self) -> Problem:
        """The problem.

        Raises
        ------
        InvalidRequest
            With every fault found here or before; where there is one, those of the rules too.
        """
        message = self.message
        running = self.counts(
            message.running, message.running_columns, f"{self.prefix}running", f"{self.prefix}running_columns"
        )
        frozen = self._instances("frozen_instances", message.frozen_instances)
        drained = self._instances("drained_instances", message.drained_instances)
        freedom = freedom_of(message.freedom, self.fault)
        tasks, rules = self._tasks(), _rules(message.rules)
        try:
            problem = Problem(
                self.cluster, self.groups, running, rules, message.all_or_nothing, frozen, tasks, drained, freedom
            )
        except InvalidRequest as invalid:
            for fault in invalid.faults:
                self.fault(fault.path, fault.problem, fault.remedy)
        if self.faults:
            self._rule_faults(rules)
            raise InvalidRequest(self.faults)
        return problem

    def _instances(self, field: str, names: Iterable[str]) -> Bools:
        """``bool[I]``: the instances that a field names."""
        found = np.zeros(self.cluster.size, np.bool_)
        for k, name in enumerate(names):
            instance = self._instance_at(f"{self.prefix}{field}[{k}]", name)
            if instance is not None:
                found[instance] = True
        return found

    def _rule_faults(self, rules: tuple[RuleSpec, ...]) -> None:
        """Note what is wrong with the rules; judged on an empty cluster, since the request cannot be built."""
        resources = self.cluster.resources
        none = np.zeros((0, len(resources)), np.int64)
        nowhere = np.zeros(0, np.bool_)
        empty = ClusterSnapshot((), resources, none, none.copy(), nowhere, nowhere.copy())
        groups = tuple(
            TaskGroup(
                name=f"{g}",
                family=group.family,
                demand={},
                constraints=group.constraints[:MAX_CONSTRAINTS],
                strategies=(group.strategies or ())[:MAX_STRATEGIES],
            )
            for g, group in enumerate(self.groups)
        )
        try:
            bind(Problem(empty, groups, Counts.empty(len(groups), 0), rules))
        except InvalidRequest as invalid:
            for fault in invalid.faults:
                self.fault(fault.path, fault.problem, fault.remedy)


def _running_task(task: task_group_pb2.RunningTask, group: int, instance: int) -> RunningTask:
    return RunningTask(
        id=task.id,
        group=group,
        instance=instance,
        protected=task.is_protected,
        healthy=not task.unhealthy,
        running=not task.pending,
        started_at=task.started_at,
        tags=in_order(task.tags),
    )


def _rules(rules: Iterable[task_group_pb2.Rule]) -> tuple[RuleSpec, ...]:
    return tuple(RuleSpec(rule.type, rule.argument) for rule in rules)
