"""Clusters that follow ECS: made of documents, changed by events.

Events change a few instances; those alone are read again, with the tasks on them, and become changes as ``ApplyChanges`` has
them. Where an event changes what the groups are (a revision that was not there, a subnet in a zone that was not known),
everything is read again. Both give the same (a test compares them).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from solver.domain.request import Limits
from solver.errors import Fault, InvalidRequest, UnreadableDocument
from solver.formats.ecs.cluster import EcsCluster
from solver.formats.ecs.documents import instant
from solver.formats.ecs.events import read_events
from solver.formats.ecs.following import Drift, Followed, follow, replace_by
from solver.formats.ecs.mirror import INSTANCES, Answers, Mirror
from solver.formats.ecs.reading import Opened
from solver.formats.json_text import json_value
from solver.service.clusters.state import LiveCluster
from solver.service.encode import place_request
from solver.v1 import cluster_pb2
from solver.v1 import cluster_service_pb2 as wire


@dataclass(frozen=True, eq=False)
class Snapshot:
    """A cluster after a snapshot.

    Parameters
    ----------
    warnings
        Of the reader.
    drifts
        Where the snapshot differs from what events had told.
    """

    cluster: LiveCluster
    warnings: tuple[str, ...]
    drifts: tuple[Drift, ...]


@dataclass(frozen=True, eq=False)
class Update:
    """A cluster after events.

    Parameters
    ----------
    changes
        What has changed in it; None where everything was read again.
    """

    cluster: LiveCluster
    changes: tuple[wire.Change, ...] | None
    followed: Followed


def answers_of(documents: Sequence[wire.EcsDocument]) -> Answers:
    """The answers of each file, as JSON values.

    Raises
    ------
    UnreadableDocument
        With every document that is no JSON.
    """
    found: dict[str, list[object]] = {}
    faults: list[Fault] = []
    for k, document in enumerate(documents):
        try:
            value = json_value(document.content, f"documents[{k}].content", "an answer of the ECS API")
        except UnreadableDocument as unreadable:
            faults += unreadable.faults
            continue
        found.setdefault(document.file, []).extend(value if isinstance(value, list) else [value])
    if faults:
        raise UnreadableDocument(faults)
    return found


def put(name: str, answers: Answers, before: LiveCluster | None, now: datetime) -> Snapshot:
    """The cluster that a snapshot describes, after what is kept of it.

    Raises
    ------
    UnreadableDocument, InvalidRequest
        With everything that is wrong with the documents.
    """
    said = [instant(one.get("takenAt")) for one in answers.get("snapshot.json", ()) if isinstance(one, dict)]
    opened = Opened(answers, at=now.isoformat())
    snapshot = Mirror.of(answers)
    if before is None or before.ecs is None:
        found = opened.cluster()
        return Snapshot(_made(name, snapshot, found, before), found.warnings, ())
    mirror, drifts = replace_by(before.ecs, snapshot, next(iter(said), None))
    if not mirror.is_made_of(snapshot):
        # What does not stay of the snapshot must be right, too.
        opened.cluster()
    # What is newer than the snapshot stays, and is read with it.
    found = mirror.whole(now.isoformat(), snapshot, opened.known)
    return Snapshot(_made(name, mirror, found, before), found.warnings, drifts)


def update(before: LiveCluster, events: Sequence[bytes], now: datetime) -> Update:
    """The cluster after events, at the version before where nothing has changed that a plan depends on.

    Raises
    ------
    InvalidRequest
        If the cluster follows no events.
    """
    if before.ecs is None:
        problem = f"'{before.name}' is not made of ECS documents"
        raise InvalidRequest.at("name", problem, "keep it with PutEcsDocuments, or send changes with ApplyChanges")
    followed = follow(before.ecs, read_events(events))
    changes = _changes(before, before.ecs, followed, now)
    if changes is None:
        found = followed.mirror.whole(now.isoformat())
        return Update(_made(before.name, followed.mirror, found, before), None, followed)
    after = before.changed(changes)
    if _same(before, after, {*_named(before.ecs, followed), *_named(followed.mirror, followed)}):
        return Update(replace(before, ecs=followed.mirror), (), followed)
    return Update(replace(after, ecs=followed.mirror), tuple(changes), followed)


def _made(name: str, mirror: Mirror, found: EcsCluster, before: LiveCluster | None) -> LiveCluster:
    """The next version of a cluster, of what was read."""
    # The request itself: a copy of its parts is one long step.
    message = place_request(found.problem, Limits(), by_name=True)
    cluster = replace(LiveCluster.of(name, 1 if before is None else before.version + 1, message), ecs=mirror)
    return cluster if before is None else cluster.carrying(before)


def _changes(before: LiveCluster, mirror: Mirror, followed: Followed, now: datetime) -> list[wire.Change] | None:
    """What the events have changed; None where they change what the groups or the resources are."""
    after = followed.mirror
    renamed = any(mirror.names.get(pair, name) != name for pair, name in after.names.items())
    if renamed or after.index.facts - mirror.index.facts:
        return None
    read = place_request(after.part(followed.touched, now.isoformat()).problem, Limits(), by_name=True)
    resources = {name: r for r, name in enumerate(read.cluster.resources)}
    if set(resources).difference(before.base.resources):
        return None
    columns = [resources.get(name) for name in before.base.resources]
    instances = [_ordered(instance, columns) for instance in read.cluster.instances]
    ids = {task.id for task in read.tasks}
    ended = {task for name in followed.touched for task in mirror.index.tasks_on.get(name, ()) if task not in ids}
    gone = [
        arn for arn in _named(mirror, followed) if arn not in after.documents[INSTANCES] and arn in before.instances
    ]
    put_instances = [wire.Change(put_instance=instance) for instance in instances]
    return [
        *(wire.Change(remove_instance=arn) for arn in gone),
        *put_instances,
        *(wire.Change(put_group=group) for group in read.groups if group.name not in before.groups),
        *(wire.Change(remove_task=task) for task in sorted(ended)),
        *(wire.Change(put_task=task) for task in read.tasks if before.tasks.get(task.id) != task),
        # Again, for what is free there counts the tasks already.
        *put_instances,
    ]


def _named(mirror: Mirror, followed: Followed) -> list[str]:
    """The ARNs of the instances that events have touched."""
    return mirror.index.named(followed.touched)


def _ordered(instance: cluster_pb2.Instance, columns: Sequence[int | None]) -> cluster_pb2.Instance:
    """The instance with its amounts in another order; 0 of what it has not."""
    capacity, free = list(instance.capacity), list(instance.free)
    del instance.capacity[:], instance.free[:]
    instance.capacity.extend(0 if r is None else capacity[r] for r in columns)
    instance.free.extend(0 if r is None else free[r] for r in columns)
    return instance


def _same(before: LiveCluster, after: LiveCluster, touched: Iterable[str]) -> bool:
    """Whether two states are alike that can differ on some instances only."""
    return (
        before.tasks == after.tasks
        and before.reserved.keys() == after.reserved.keys()
        and all(one.stopping == after.reserved[key].stopping for key, one in before.reserved.items())
        and all(before.instances.get(arn) == after.instances.get(arn) for arn in touched)
    )
