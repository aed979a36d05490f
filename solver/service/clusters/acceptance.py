"""What a change or a plan must be before it is kept: as long as the cluster is kept, requests can name it.

A worker reads a cluster with each request that names it, and refuses what is wrong with it (§11.2) or too large (§11.3).
What is refused there is refused here before. What an older server has accepted stays: it is read from the store without
this, and changes that make it no worse are accepted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from solver.domain.counts import LARGEST_SUM
from solver.errors import MAX_FAULTS, Fault, InvalidRequest, TooLarge
from solver.service.clusters.state import LiveCluster
from solver.service.decode_cluster import STATUSES, ClusterReader
from solver.service.sizes import SizeLimits
from solver.v1 import cluster_pb2, plan_pb2
from solver.v1 import cluster_service_pb2 as wire

_OF_INSTANCE = re.compile(r"cluster\.instances\[(\d+)\]\.(.*)", re.DOTALL)


def changed(before: LiveCluster, changes: Sequence[wire.Change], sizes: SizeLimits) -> LiveCluster:
    """The next version, with all changes applied.

    Raises
    ------
    InvalidRequest
        With the first change that cannot be applied; with what requests could not read of the instances that are put; or
        with the sums that no longer fit.
    TooLarge
        If there is more of something than ``sizes`` allows.
    """
    before = before.counted()
    after = before.changed(changes)
    faults = [*_instance_faults(before, changes, sizes), *_status_faults(changes)]
    if not faults:
        faults = list(_room_faults(before, after, changes))
    if faults:
        raise InvalidRequest(faults)
    require_kept(before, after, sizes, "changes")
    return after


def committed(
    before: LiveCluster, request: wire.CommitRequest, reservation: str, now: datetime, sizes: SizeLimits
) -> LiveCluster:
    """The next version, with a plan reserved; raises as ``LiveCluster.committed`` and ``changed``."""
    before = before.counted()
    faults = list(_action_faults(before, request.actions))
    if faults:
        raise InvalidRequest(faults)
    # Each starts at least one task: too many are refused before any is drawn.
    starts = sum(action.kind == plan_pb2.ACTION_KIND_START for action in request.actions)
    if starts:
        sizes.require("actions: tasks of the cluster", len(before.tasks) + starts, sizes.tasks)
    after = before.committed(request, reservation, now, sizes.tasks)
    require_kept(before, after, sizes, "actions")
    return after


def require_kept(before: LiveCluster | None, after: LiveCluster, sizes: SizeLimits, path: str) -> None:
    """Refuse a cluster that no request could name, unless it was no better before.

    Parameters
    ----------
    path
        Of what has changed it.

    Raises
    ------
    InvalidRequest
        With every sum that no longer fits.
    TooLarge
        If there is more of something than ``sizes`` allows.
    """
    after = after.counted()
    before = None if before is None else before.counted()
    for what, found, known, most in _lists(before, after, sizes):
        if found > known:
            sizes.require(f"{path}: {what} of the cluster", found, most)
    if _is_too_long(before, after, sizes):
        raise TooLarge(f"{path}: the cluster would take more than the {sizes.message_bytes:,} bytes of a message")
    faults = [
        Fault(path, f"{what} would add up to more than 2^53", "use a coarser unit")
        for what, found, known in _sums(before, after)
        if found > max(LARGEST_SUM, known)
    ]
    if faults:
        raise InvalidRequest(faults)


def _lists(before: LiveCluster | None, after: LiveCluster, sizes: SizeLimits) -> Iterator[tuple[str, int, int, int]]:
    """What there is of each list, what there was, and what there may be."""
    for name, most in (("instances", sizes.instances), ("groups", sizes.groups), ("tasks", sizes.tasks)):
        yield name, len(getattr(after, name)), 0 if before is None else len(getattr(before, name)), most
    yield "resources", len(after.base.resources), 0 if before is None else len(before.base.resources), sizes.resources
    yield "attributes", _attributes(after), 0 if before is None else _attributes(before), sizes.attributes
    if len(after.tasks) > sizes.counts:
        yield "task counts", _counts(after), 0 if before is None else _counts(before), sizes.counts
    for name, group in after.groups.items() if before is None or after.groups is not before.groups else ():
        if before is None or before.groups.get(name) is not group:
            for field in ("ports", "required_attributes", "zones", "capacity_providers"):
                yield f"{field} of group '{name}'", len(getattr(group, field)), 0, sizes.attributes
            for field in ("constraints", "strategies", "targets"):
                yield f"{field} of group '{name}'", len(getattr(group, field)), 0, sizes.rules


def _is_too_long(before: LiveCluster | None, after: LiveCluster, sizes: SizeLimits) -> bool:
    """Whether the cluster is longer than a request may be, and than it was; written out only where it may be."""
    size, known = (0 if one is None or one.totals is None else one.totals.size for one in (after, before))
    return size > max(sizes.message_bytes, known) and len(after.request_part(())) > sizes.message_bytes


def _attributes(cluster: LiveCluster) -> int:
    return 0 if cluster.totals is None else len(cluster.totals.attributes)


def _counts(cluster: LiveCluster) -> int:
    return len({(task.group, task.instance) for task in cluster.tasks.values()})


def _sums(before: LiveCluster | None, after: LiveCluster) -> Iterator[tuple[str, int, int]]:
    """Each sum, and what it was."""
    totals, known = after.totals, None if before is None else before.totals
    if totals is None:
        return
    yield "unlisted_tasks", totals.unlisted, 0 if known is None else known.unlisted
    for r, resource in enumerate(after.base.resources):
        yield f"capacity of {resource}", totals.capacity[r], 0 if known is None else known.capacity[r]
        yield f"free {resource}", totals.free[r], 0 if known is None else known.free[r]
        yield f"{resource} that the tasks take", totals.taken[r], 0 if known is None else known.taken[r]


def _instance_faults(before: LiveCluster, changes: Sequence[wire.Change], sizes: SizeLimits) -> list[Fault]:
    """What a request could not read of the instances that are put."""
    put = [k for k, change in enumerate(changes) if change.HasField("put_instance")]
    if not put:
        return []
    cluster = cluster_pb2.Cluster(resources=before.base.resources, instances=[changes[k].put_instance for k in put])
    for n, instance in enumerate(cluster.instances):
        # One may be put twice.
        instance.id = f"{n}"
    faults: list[Fault] = []

    def note(path: str, problem: str, remedy: str) -> None:
        found = _OF_INSTANCE.fullmatch(path)
        if len(faults) >= MAX_FAULTS:
            return
        if found is not None:
            faults.append(Fault(f"changes[{put[int(found[1])]}].put_instance.{found[2]}", problem, remedy))
        elif path == "cluster.instances.attributes":
            named = next(k for k in put if "" in changes[k].put_instance.attributes)
            faults.append(Fault(f"changes[{named}].put_instance.attributes", problem, remedy))
        # The others are sums over the cluster: these instances are only some of it, or stand twice.

    ClusterReader(sizes, note).read(cluster)
    return faults


def _status_faults(changes: Sequence[wire.Change]) -> Iterator[Fault]:
    for k, change in enumerate(changes):
        if change.HasField("set_instance_status") and change.set_instance_status.status not in STATUSES:
            said = f"is {change.set_instance_status.status}"
            yield Fault(f"changes[{k}].set_instance_status.status", said, "must be ACTIVE or DRAINING")


def _room_faults(before: LiveCluster, after: LiveCluster, changes: Sequence[wire.Change]) -> Iterator[Fault]:
    """Instances on which tasks have ended that were not taken from what is free there."""
    stopping = {key: task for one in before.reserved.values() for key, task in one.stopping.items()}
    touched: dict[str, int] = {}
    for k, change in enumerate(changes):
        for key in (change.remove_task, change.put_task.id):
            for tasks in (before.tasks, stopping, after.tasks):
                if key in tasks:
                    touched[tasks[key].instance] = k
        for arn in (change.put_instance.id, change.put_task.instance):
            if arn:
                touched[arn] = k
    for arn, k in touched.items():
        instance = after.instances.get(arn)
        if instance is None:
            continue
        for r, (free, capacity) in enumerate(zip(instance.free, instance.capacity, strict=True)):
            known = before.instances.get(arn)
            if free > max(capacity, known.free[r] if known is not None else capacity):
                problem = f"leaves {free:,} of {capacity:,} {after.base.resources[r]} free on {arn}"
                kind = changes[k].WhichOneof("change")
                yield Fault(
                    f"changes[{k}].{kind}", problem, "put the instance with what is free once the task has ended"
                )


def _action_faults(before: LiveCluster, actions: Iterable[plan_pb2.Action]) -> Iterator[Fault]:
    """Stops and moves that say something else of their task than the cluster does; what is not said is not compared."""
    for k, action in enumerate(actions):
        if action.kind not in (plan_pb2.ACTION_KIND_STOP, plan_pb2.ACTION_KIND_MOVE) or action.task not in before.tasks:
            continue
        task, moves = before.tasks[action.task], action.kind == plan_pb2.ACTION_KIND_MOVE
        if action.count > 1:
            yield Fault(f"actions[{k}].count", f"is {action.count:,}, of one task", "must be 1 where a task is named")
        place = "from_instance" if moves else "instance"
        for field, said, runs in (("group", action.group, task.group), (place, getattr(action, place), task.instance)):
            if said and said != runs:
                problem = f"is '{said}', and the task's is '{runs}'"
                yield Fault(f"actions[{k}].{field}", problem, "commit the plan of the present version as it is")
