"""What becomes of a cluster's documents when events come, and when a snapshot does.

Each event replaces the document of its instance or task, once: a resource's version says whether an event is new, was here
before, or is older than what is known (ECS developer guide, Amazon ECS events).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from solver.errors import Fault
from solver.formats.ecs.documents import instant
from solver.formats.ecs.events import Event, Subject, require_readable
from solver.formats.ecs.mirror import (
    COUNT,
    INSTANCES,
    TASKS,
    Document,
    Index,
    Mirror,
    facts_of,
    instance_of,
    last_part,
    pair_of,
)

FILES = {Subject.INSTANCE: INSTANCES, Subject.TASK: TASKS}

MOST_ENDED = 100_000
"""Resources that have ended of which the version is remembered, so that an older event does not bring them back."""

MOST_MISSING = 100
"""Versions of one resource that were skipped and may still come."""

COMPARED = {
    INSTANCES: ("status", "agentConnected", "remainingResources"),
    TASKS: ("lastStatus", "desiredStatus", "containerInstanceArn", "taskDefinitionArn", "group"),
}
"""What must be the same in two documents of one version."""


class Outcome(Enum):
    """What became of an event."""

    APPLIED = "applied"
    REPEATED = "repeated"
    """It was here before."""
    OLDER = "older"
    """A later one of the same resource was here before."""
    IGNORED = "ignored"
    """It is of another cluster, or of a type that changes no document."""
    REFUSED = "refused"
    """It cannot be read."""


@dataclass(frozen=True)
class Drift:
    """A difference between a snapshot and what events had told before.

    Parameters
    ----------
    arn
        Of the instance or the task.
    reason
        A sentence.
    """

    arn: str
    reason: str


@dataclass(frozen=True, eq=False)
class Followed:
    """The documents after some events.

    Parameters
    ----------
    outcomes, faults
        Of each event; faults of those that were refused.
    touched
        Instances whose document or tasks have changed, by the last part of their ARNs.
    written
        The file and the ARN of each document that has changed or is gone.
    """

    mirror: Mirror
    outcomes: tuple[Outcome, ...]
    faults: tuple[tuple[Fault, ...], ...]
    touched: frozenset[str]
    written: frozenset[tuple[str, str]]


def follow(mirror: Mirror, events: Sequence[tuple[Event, tuple[Fault, ...]]]) -> Followed:
    """Apply events, each by itself: one that cannot be read keeps no other from being applied.

    Parameters
    ----------
    events
        Each with what is wrong with it.
    """
    copy = _Copy(mirror)
    copy.is_fed = True
    outcomes, found = [], []
    for k, (event, wrong) in enumerate(events):
        mine = list(wrong)
        outcome = Outcome.REFUSED if mine else copy.follow(event, f"events[{k}]", mine)
        outcomes.append(outcome)
        found.append(tuple(mine))
    return Followed(copy.mirror(), tuple(outcomes), tuple(found), frozenset(copy.touched), frozenset(copy.written))


def replace_by(mirror: Mirror, snapshot: Mirror, taken_at: datetime | None) -> tuple[Mirror, tuple[Drift, ...]]:
    """The documents after another snapshot, and where it differs from what events had told.

    What is of a higher version than there stays, and so does a task that was created after the snapshot was taken.

    Parameters
    ----------
    taken_at
        The moment of the snapshot; None where it is not known, then nothing counts as created after it.
    """
    copy, drifts = _Copy(snapshot), []
    for file, known in mirror.documents.items():
        theirs = snapshot.documents[file]
        for arn, document in known.items():
            other = theirs.get(arn)
            if other is None and _created_after(document, taken_at):
                copy.put(file, arn, document)
            elif other is None:
                drifts.append(Drift(arn, f"is not in the snapshot; its version {document.version} was known"))
            elif document.version > other.version > 0:
                copy.put(file, arn, document)
            elif document.version < other.version:
                drifts.append(Drift(arn, f"is at version {other.version}; events told of {document.version}"))
            elif differing := _differing(file, document, other):
                drifts.append(Drift(arn, f"differs in {differing} from version {other.version} of the events"))
        for arn, other in theirs.items():
            if 0 < other.version <= mirror.ended.get(arn, 0):
                copy.drop(file, arn)
            elif arn not in known:
                drifts.append(Drift(arn, f"is at version {other.version}, and no event told of it"))
    copy.ended = {**mirror.ended, **copy.ended}
    copy.is_fed = mirror.is_fed
    return copy.mirror(), tuple(drifts) if mirror.is_fed else ()


class _Copy:
    """A copy of the documents in which they are replaced one by one."""

    def __init__(self, mirror: Mirror) -> None:
        self._before = mirror
        self.documents = {file: dict(documents) for file, documents in mirror.documents.items()}
        self.ended = dict(mirror.ended)
        self.missing = dict(mirror.missing)
        self.unlisted = dict(mirror.unlisted)
        self.old_services = dict(mirror.old_services)
        self.is_fed = mirror.is_fed
        self.touched: set[str] = set()
        self.written: set[tuple[str, str]] = set()
        self._tasks_on = dict(mirror.index.tasks_on)
        self._pairs = Counter(mirror.index.pairs)
        self._running = dict(mirror.index.running)
        self._arns = dict(mirror.index.arns)
        self._facts = set(mirror.index.facts)

    def mirror(self) -> Mirror:
        """The documents as they are now."""
        while len(self.ended) > MOST_ENDED:
            oldest = next(iter(self.ended))
            del self.ended[oldest]
            self.written |= {(file, oldest) for file in FILES.values()}
        return Mirror(
            self.documents,
            self._before.described,
            Index(self._tasks_on, +self._pairs, frozenset(self._facts), self._running, self._arns),
            self.ended,
            self.missing,
            self.unlisted,
            self.old_services,
            self.is_fed,
        )

    def follow(self, event: Event, path: str, faults: list[Fault]) -> Outcome:
        """Apply an event."""
        cluster = self._before.described.cluster
        if event.cluster and cluster and event.cluster.rsplit("/", 1)[-1] != cluster.rsplit("/", 1)[-1]:
            return Outcome.IGNORED
        if event.subject in (Subject.SERVICE, Subject.DEPLOYMENT):
            return self._service(event)
        if event.subject not in FILES:
            return Outcome.IGNORED
        file, arn = FILES[event.subject], event.arn
        known = self.documents[file].get(arn)
        last = known.version if known is not None else self.ended.get(arn, 0)
        if event.version <= last:
            return self._late(arn, event.version, last)
        if event.ends:
            self._skip(arn, event.version, last)
            self.drop(file, arn)
            self.ended.pop(arn, None)
            self.ended[arn] = event.version
            return Outcome.APPLIED
        if known is None and last:
            return Outcome.OLDER  # What has ended does not come back.
        value = {**(known.value if known is not None else {}), **event.detail}
        if file == INSTANCES:
            value.pop(COUNT, None)
        require_readable(event.subject, value, path, faults)
        if faults:
            return Outcome.REFUSED
        self._skip(arn, event.version, last)
        self.put(file, arn, Document.of(value))
        return Outcome.APPLIED

    def _service(self, event: Event) -> Outcome:
        """What says that a service has changed: only a snapshot says how."""
        if event.arn and event.name in ("SERVICE_DEPLOYMENT_IN_PROGRESS", "SERVICE_DESIRED_COUNT_UPDATED"):
            self.old_services[event.arn] = f"{event.name}: it has changed since the last snapshot"
            return Outcome.APPLIED
        return Outcome.IGNORED

    def _late(self, arn: str, version: int, last: int) -> Outcome:
        awaited = self.missing.get(arn, frozenset())
        if version not in awaited:
            return Outcome.REPEATED if version == last else Outcome.OLDER
        self._await(arn, awaited - {version})
        return Outcome.OLDER

    def _skip(self, arn: str, version: int, last: int) -> None:
        """Note the versions between; of a resource that is new, nothing is known to be between."""
        if last and version > last + 1:
            between = range(max(last + 1, version - MOST_MISSING), version)
            self._await(arn, self.missing.get(arn, frozenset()).union(between))

    def _await(self, arn: str, versions: frozenset[int]) -> None:
        self.missing.pop(arn, None)
        if versions:
            self.missing[arn] = versions

    def put(self, file: str, arn: str, document: Document) -> None:
        """Replace a document."""
        if file == TASKS:
            self._uncount(arn)
            value = document.value
            instance = instance_of(value)
            self._tasks_on[instance] = self._tasks_on.get(instance, frozenset()) | {arn}
            if pair := pair_of(value):
                self._pairs[pair] += 1
                self._running[instance] = self._running.get(instance, 0) + 1
            self.touched.add(instance)
        else:
            value, part = document.value, last_part(arn)
            self._arns[part] = self._arns.get(part, frozenset()) | {arn}
            self.touched.add(part)
        self._facts.update(facts_of(value))
        self.documents[file][arn] = document
        self.written.add((file, arn))

    def drop(self, file: str, arn: str) -> None:
        """Forget a document."""
        if file == TASKS:
            self._uncount(arn)
        else:
            part = last_part(arn)
            left = self._arns.pop(part, frozenset()) - {arn}
            if left:
                self._arns[part] = left
            self.touched.add(part)
            self.unlisted.pop(arn, None)
        self.missing.pop(arn, None)
        self.documents[file].pop(arn, None)
        self.written.add((file, arn))

    def _uncount(self, arn: str) -> None:
        """Take a task out of what tasks add up to."""
        known = self.documents[TASKS].get(arn)
        if known is None:
            return
        value = known.value
        instance = instance_of(value)
        left = self._tasks_on.get(instance, frozenset()) - {arn}
        self._tasks_on.pop(instance, None)
        if left:
            self._tasks_on[instance] = left
        if pair := pair_of(value):
            self._pairs[pair] -= 1
            self._running[instance] -= 1
        self.touched.add(instance)


def _created_after(document: Document, moment: datetime | None) -> bool:
    created = instant(document.value.get("createdAt"))
    return moment is not None and created is not None and created > moment


def _differing(file: str, one: Document, other: Document) -> str:
    if one.body == other.body:
        return ""
    mine, theirs = one.value, other.value
    said = (name for name in COMPARED[file] if mine.get(name) is not None and theirs.get(name) is not None)
    return ", ".join(name for name in said if mine[name] != theirs[name])
