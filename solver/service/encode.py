"""What the engines read -> a request on the wire."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from solver.domain.cluster import ClusterSnapshot
from solver.domain.counts import Counts, Ints
from solver.domain.problem import Problem
from solver.domain.request import Engine, Freedom, Limits, Preempt, RuleSpec, RunningTask, Scheduling, TaskGroup
from solver.domain.survival import Survival
from solver.errors import Fault, InvalidRequest
from solver.service.targets import targets_to_wire
from solver.v1 import cluster_pb2, task_group_pb2
from solver.v1 import placement_service_pb2 as wire

_SCHEDULINGS = {
    Scheduling.REPLICA: task_group_pb2.SCHEDULING_REPLICA,
    Scheduling.DAEMON: task_group_pb2.SCHEDULING_DAEMON,
    Scheduling.STANDALONE: task_group_pb2.SCHEDULING_STANDALONE,
}
_PROTOCOLS = {"tcp": task_group_pb2.PROTOCOL_TCP, "udp": task_group_pb2.PROTOCOL_UDP}
_ENGINES = {
    Engine.AUTO: wire.ENGINE_AUTO,
    Engine.EXACT: wire.ENGINE_EXACT,
    Engine.SEQUENTIAL: wire.ENGINE_SEQUENTIAL,
}
_PREEMPTS = {
    Preempt.NONE: wire.PREEMPT_NONE,
    Preempt.LOWER: wire.PREEMPT_LOWER,
    Preempt.ANY: wire.PREEMPT_ANY,
}


def place_request(
    problem: Problem,
    limits: Limits,
    *,
    explain: bool = True,
    validate_only: bool = False,
    label: str = "",
    request_id: str = "",
    warnings: Sequence[str] = (),
    hint: Counts | None = None,
    survival: Survival | None = None,
    by_name: bool = False,
) -> wire.PlaceRequest:
    """Write a request.

    Parameters
    ----------
    by_name
        Write attributes with their instance and counts with their names, as people read them; otherwise as columns,
        which are much smaller. Both mean the same.

    Raises
    ------
    InvalidRequest
        If something has no form on the wire: a number beyond 32 bits, an empty family, a protocol other than tcp and
        udp.
    """
    _require_expressible(problem, limits)
    message = wire.PlaceRequest(
        rules=_rules(problem.rules),
        all_or_nothing=problem.all_or_nothing,
        frozen_instances=[problem.cluster.instance_ids[i] for i in np.flatnonzero(problem.frozen)],
        drained_instances=[problem.cluster.instance_ids[i] for i in np.flatnonzero(problem.drained)],
        freedom=None if problem.freedom == Freedom() else _freedom(problem.freedom),
        limits=_limits(limits),
        validate_only=validate_only,
        label=label,
        request_id=request_id,
        warnings=warnings,
    )
    if not explain:
        message.explain = False
    if survival is not None:
        message.survive.extend(survival.lose)
        message.survive_groups.extend(survival.covered)
    if hint is not None:
        _require_counts(problem, hint, "hint")
        _write_columns(message.hint_columns, hint)
    _write_cluster(message.cluster, problem.cluster, by_name)
    message.groups.extend(_group(group) for group in problem.groups)
    message.tasks.extend(_task(task, problem) for task in problem.tasks)
    if by_name:
        message.running.extend(_count_rows(problem, problem.running))
    else:
        _write_columns(message.running_columns, problem.running)
    return message


def check_request(problem: Problem, tasks: Counts) -> wire.CheckRequest:
    """Write a plan to check.

    Raises
    ------
    InvalidRequest
        If a count is negative or beyond 32 bits, or the problem has no form on the wire.
    """
    _require_counts(problem, tasks, "tasks")
    message = wire.CheckRequest(request=place_request(problem, Limits()))
    _write_columns(message.task_columns, tasks)
    return message


def _require_counts(problem: Problem, tasks: Counts, path: str) -> None:
    """Refuse a plan that has no form on the wire, or is none of the problem."""
    faults = _count_faults(path, tasks.count)
    shape = (len(problem.groups), problem.cluster.size)
    if (tasks.groups, tasks.instances) != shape:
        found = (tasks.groups, tasks.instances)
        faults.append(Fault(path, f"has shape {found}", f"must be groups x instances, {shape}"))
    if faults:
        raise InvalidRequest(faults)


def _require_expressible(problem: Problem, limits: Limits) -> None:
    faults = _count_faults("running", problem.running.count)
    for g in sorted(problem.device_groups):
        remedy = "place tasks that need devices with the library"
        faults.append(Fault(f"groups[{g}].devices", "have no form in a request to a server or in a file", remedy))
    for i in np.flatnonzero(problem.cluster.unlisted_tasks >= 2**31).tolist():
        faults.append(_beyond(f"cluster.instances[{i}].unlisted_tasks", int(problem.cluster.unlisted_tasks[i])))
    for protocol, port in problem.cluster.used_ports:
        if protocol not in _PROTOCOLS or not 1 <= port <= 65535:
            faults.append(Fault("cluster.used_ports", f"has {port}/{protocol}", "must be tcp or udp, 1 to 65535"))
    for g, group in enumerate(problem.groups):
        if not group.family:
            faults.append(Fault(f"groups[{g}].family", "is empty", "repeat the name where there is no other"))
        for name, number in (("priority", group.priority), ("stop", group.stop)):
            if not -(2**31) <= number < 2**31:
                faults.append(_beyond(f"groups[{g}].{name}", number))
        budgets = {f"groups[{g}].{name}": getattr(group, name) or 0 for name in ("move_cost", "max_moves")}
        faults += [_beyond(path, number, 64) for path, number in budgets.items() if number >= 2**63]
    if problem.freedom.empty >= 2**31:
        faults.append(_beyond("freedom.empty", problem.freedom.empty))
    budgets = {
        f"freedom.{name}": getattr(problem.freedom, name) or 0 for name in ("max_moves", "max_move_cost", "min_gain")
    }
    faults += [_beyond(path, number, 64) for path, number in budgets.items() if number >= 2**63]
    for name, number in (("workers", limits.workers), ("seed", limits.seed)):
        if not -(2**31) <= number < 2**31:
            faults.append(_beyond(f"limits.{name}", number))
    if faults:
        raise InvalidRequest(faults)


def _beyond(path: str, number: int, bits: int = 32) -> Fault:
    return Fault(path, f"is {number:,}", f"must fit {bits} bits")


def _count_faults(path: str, counts: Ints) -> list[Fault]:
    wrong = np.flatnonzero((counts < 0) | (counts >= 2**31)).tolist()
    return [Fault(path, f"has the count {counts[k]}", "must be 0 to 2,147,483,647") for k in wrong]


def _freedom(freedom: Freedom) -> wire.Freedom:
    return wire.Freedom(
        max_moves=freedom.max_moves,
        max_move_cost=freedom.max_move_cost,
        min_gain=freedom.min_gain,
        preempt=_PREEMPTS[freedom.preempt],
        repair=freedom.repair,
        empty=freedom.empty,
        consolidate=freedom.consolidate,
        slot=dict(freedom.slot),
        interleaved=freedom.interleaved,
    )


def _limits(limits: Limits) -> wire.Limits:
    return wire.Limits(
        time_limit_seconds=limits.time_limit,
        deterministic_limit_seconds=limits.deterministic_limit,
        workers=limits.workers,
        seed=limits.seed,
        engine=_ENGINES[limits.engine],
    )


def _write_cluster(message: cluster_pb2.Cluster, cluster: ClusterSnapshot, by_name: bool) -> None:
    message.name = cluster.name
    message.taken_at = cluster.taken_at
    message.resources.extend(cluster.resources)
    ports: dict[str, list[list[int]]] = {name: [[] for _ in range(cluster.size)] for name in _PROTOCOLS}
    for protocol, port in sorted(cluster.used_ports):
        for i in cluster.used_ports[protocol, port].tolist():
            ports[protocol][i].append(port)
    rows = zip(
        cluster.instance_ids,
        cluster.active.tolist(),
        cluster.connected.tolist(),
        cluster.capacity.tolist(),
        cluster.free.tolist(),
        cluster.unlisted_tasks.tolist(),
        strict=True,
    )
    message.instances.extend(
        cluster_pb2.Instance(
            id=name,
            ec2_instance_id=cluster.ec2_instance_id[i],
            status=cluster_pb2.INSTANCE_STATUS_ACTIVE if active else cluster_pb2.INSTANCE_STATUS_DRAINING,
            agent_disconnected=not connected,
            agent_version=cluster.agent_version[i],
            registered_at=cluster.registered_at[i],
            capacity_provider=cluster.capacity_provider[i],
            capacity=capacity,
            free=free,
            used_tcp_ports=ports["tcp"][i],
            used_udp_ports=ports["udp"][i],
            unlisted_tasks=unlisted,
        )
        for i, (name, active, connected, capacity, free, unlisted) in enumerate(rows)
    )
    for name, column in sorted(cluster.attributes.items()):
        if by_name:
            for instance, code in zip(message.instances, column.codes.tolist(), strict=True):
                if code >= 0:
                    instance.attributes[name] = column.values[code]
        else:
            message.attribute_columns.add(name=name, values=column.values, codes=(column.codes + 1).tolist())


def _group(group: TaskGroup) -> task_group_pb2.TaskGroup:
    return task_group_pb2.TaskGroup(
        name=group.name,
        family=group.family,
        start=group.start,
        demand=dict(group.demand),
        ports=[task_group_pb2.HostPort(protocol=_PROTOCOLS[protocol], port=port) for protocol, port in group.ports],
        constraints=_rules(group.constraints),
        strategies=_rules(group.strategies or ()),
        priority=group.priority,
        all_or_nothing=group.all_or_nothing,
        scheduling=_SCHEDULINGS[group.scheduling],
        required_attributes=group.required_attributes,
        zones=group.zones,
        capacity_providers=group.capacity_providers,
        role=group.role,
        task_definition=group.task_definition,
        stop=group.stop,
        movable=group.movable,
        move_cost=None if group.move_cost == 1 else group.move_cost,
        max_moves=group.max_moves,
        minimum_healthy_percent=group.minimum_healthy_percent,
        maximum_percent=group.maximum_percent,
        targets=targets_to_wire(group.targets),
    )


def _rules(rules: Iterable[RuleSpec]) -> list[task_group_pb2.Rule]:
    return [task_group_pb2.Rule(type=rule.type, argument=rule.argument) for rule in rules]


def _task(task: RunningTask, problem: Problem) -> task_group_pb2.RunningTask:
    return task_group_pb2.RunningTask(
        id=task.id,
        group=problem.groups[task.group].name,
        instance=problem.cluster.instance_ids[task.instance],
        is_protected=task.protected,
        unhealthy=not task.healthy,
        pending=not task.running,
        started_at=task.started_at,
        tags=dict(task.tags),
    )


def _count_rows(problem: Problem, counts: Counts) -> Iterable[task_group_pb2.TaskCount]:
    names = problem.cluster.instance_ids
    for g, i, count in counts:
        yield task_group_pb2.TaskCount(group=problem.groups[g].name, instance=names[i], count=count)


def _write_columns(message: task_group_pb2.TaskCountColumns, counts: Counts) -> None:
    message.groups.extend(counts.group.tolist())
    message.instances.extend(counts.instance.tolist())
    message.counts.extend(counts.count.tolist())
