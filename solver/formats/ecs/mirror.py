"""A copy of a cluster's documents that can follow its events: the documents by ARN and version, and what they add up to.

A snapshot, the answers of the describe calls, begins it. What events cannot tell, because they say nothing of task definitions
and services or because some were lost, is a need, which the next snapshot answers.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from solver.domain.cluster import ZONE
from solver.formats.ecs.cluster import EcsCluster
from solver.formats.ecs.definitions import CPU_ARCHITECTURE, OS_FAMILY, Definitions, read_definitions
from solver.formats.ecs.documents import Element, take_documents
from solver.formats.ecs.groups import Naming, plain_names
from solver.formats.ecs.instances import SUBNET
from solver.formats.ecs.reading import Known, Whole, read_members, take
from solver.formats.ecs.services import Service, read_services
from solver.formats.ecs.tasks import GONE

INSTANCES, TASKS = "container-instances.json", "tasks.json"
MEMBERS = {INSTANCES: "containerInstances", TASKS: "tasks"}
ARNS = {INSTANCES: "containerInstanceArn", TASKS: "taskArn"}
COUNT = "runningTasksCount"

Answers = Mapping[str, Sequence[object]]
"""The answers of each file of a cluster directory, as JSON values."""

Json = dict[str, object]

Pair = tuple[str, str]
"""The group of tasks, and their ``family:revision``."""

Fact = tuple[str, str, str]
"""``zone``, a subnet, its zone; or ``platform``, the name of an attribute, a value of it."""


_encoded, _decoded = json.JSONEncoder(separators=(",", ":")).encode, json.JSONDecoder().decode


@dataclass(frozen=True)
class Document:
    """An instance or a task: its version, and the JSON text."""

    version: int
    body: bytes

    @classmethod
    def of(cls, value: Json) -> Document:
        """The document of a value; of version 0 where it says none."""
        version = value.get("version")
        known = version if isinstance(version, int) and not isinstance(version, bool) else 0
        return cls(known, _encoded(value).encode())

    @property
    def value(self) -> Json:
        """What it says."""
        found: Json = _decoded(self.body.decode())
        return found


Documents = Mapping[str, Mapping[str, Document]]
"""By file, of instances and of tasks: by ARN."""


@dataclass(frozen=True)
class Need:
    """What the next snapshot should bring.

    Parameters
    ----------
    subject
        ``instance``, ``task definition``, ``service`` or ``versions``.
    name
        Of the resource: its ARN, name, or ``family:revision``.
    reason
        A sentence.
    """

    subject: str
    name: str
    reason: str


@dataclass(frozen=True, eq=False)
class Described:
    """What only snapshots bring: the answers of the files that are neither of instances nor of tasks."""

    answers: Answers

    @cached_property
    def definitions(self) -> Definitions:
        """The task definitions."""
        return read_definitions(self._elements["taskDefinition"])

    @cached_property
    def services(self) -> dict[str, Service]:
        """The services, by the group of their tasks."""
        return read_services(self._elements["services"])

    @cached_property
    def cluster(self) -> str:
        """The cluster's ARN; empty where no document says it."""
        clusters = (one for answer in self._elements["clusters"] for one in answer.elements("clusters"))
        return next((one.text("clusterArn") for one in clusters if one.text("clusterArn")), "")

    @cached_property
    def _elements(self) -> dict[str, list[Element]]:
        nothing: dict[str, Sequence[object]] = {file: ({member: []},) for file, member in MEMBERS.items()}
        return take_documents({**nothing, **self.answers}, [])


@dataclass(frozen=True, eq=False)
class Index:
    """What instances and tasks add up to, kept beside them since they are many and change one by one.

    Parameters
    ----------
    tasks_on
        The tasks on each instance, by the last part of its ARN.
    pairs
        Tasks that are to run, by group and ``family:revision``.
    facts
        What of the documents shapes the groups.
    running
        Tasks that are to run, by the last part of the ARN of their instance.
    arns
        Of the instances, by their last part.
    """

    tasks_on: Mapping[str, frozenset[str]]
    pairs: Mapping[Pair, int]
    facts: frozenset[Fact]
    running: Mapping[str, int]
    arns: Mapping[str, frozenset[str]]

    @classmethod
    def of(cls, instances: Iterable[tuple[str, Json]], tasks: Iterable[tuple[str, Json]]) -> Index:
        """Of all documents, with their ARNs."""
        tasks_on: dict[str, set[str]] = {}
        pairs: Counter[Pair] = Counter()
        running: Counter[str] = Counter()
        facts: set[Fact] = set()
        for arn, value in tasks:
            instance = instance_of(value)
            tasks_on.setdefault(instance, set()).add(arn)
            if pair := pair_of(value):
                pairs[pair] += 1
                running[instance] += 1
            facts.update(facts_of(value))
        arns: dict[str, frozenset[str]] = {}
        for arn, value in instances:
            facts.update(facts_of(value))
            arns[last_part(arn)] = arns.get(last_part(arn), frozenset()) | {arn}
        return cls({arn: frozenset(found) for arn, found in tasks_on.items()}, pairs, frozenset(facts), running, arns)

    def named(self, parts: Iterable[str]) -> list[str]:
        """The ARNs of the instances that have one of these last parts, in order."""
        return sorted(arn for part in set(parts) for arn in self.arns.get(part, ()))

    @classmethod
    def of_documents(cls, documents: Documents) -> Index:
        """Of all documents."""
        instances, tasks = (
            ((arn, document.value) for arn, document in documents[file].items()) for file in (INSTANCES, TASKS)
        )
        return cls.of(instances, tasks)


@dataclass(frozen=True, eq=False)
class Mirror:
    """The documents at one moment.

    Parameters
    ----------
    ended
        The last version of resources that have ended, by ARN, the oldest first.
    missing
        Versions that were skipped and have not come, by ARN.
    unlisted
        Tasks that an instance counted in the last snapshot and that were not in it, by ARN.
    old_services
        Why what is known of a service may be old, by its ARN.
    is_fed
        Whether events have come.
    """

    documents: Documents
    described: Described
    index: Index
    ended: Mapping[str, int] = field(default_factory=dict)
    missing: Mapping[str, frozenset[int]] = field(default_factory=dict)
    unlisted: Mapping[str, int] = field(default_factory=dict)
    old_services: Mapping[str, str] = field(default_factory=dict)
    is_fed: bool = False

    @classmethod
    def of(cls, answers: Answers) -> Mirror:
        """The copy of a snapshot that can be read."""
        values = {
            file: {str(value[ARNS[file]]): value for value in _listed(answers.get(file, ()), member)}
            for file, member in MEMBERS.items()
        }
        documents = {file: {arn: Document.of(one) for arn, one in every.items()} for file, every in values.items()}
        described = Described({file: tuple(found) for file, found in answers.items() if file not in MEMBERS})
        index = Index.of(values[INSTANCES].items(), values[TASKS].items())
        unlisted = {}
        for arn, value in values[INSTANCES].items():
            counted, known = value.get(COUNT), index.running.get(last_part(arn), 0)
            if isinstance(counted, int) and counted > known:
                unlisted[arn] = counted - known
        return cls(documents, described, index, unlisted=unlisted)

    @cached_property
    def names(self) -> dict[Pair, str]:
        """What the groups of the tasks that are to run are called."""
        definitions, services = self.described.definitions, self.described.services
        naming = Naming(definitions=definitions, services=services, custom=plain_names(self.index.pairs))
        return {pair: naming.name(*pair) for pair in self.index.pairs}

    def whole(self, at: str, snapshot: Mirror | None = None, known: Known | None = None) -> EcsCluster:
        """Everything, read.

        Parameters
        ----------
        at
            Against which task protection expires, ISO 8601.
        snapshot, known
            Documents that have been read, and what they say: those that are here too are not read again.

        Raises
        ------
        UnreadableDocument, InvalidRequest
            If the documents do not fit together.
        """
        if snapshot is None or known is None:
            return take(self._answers(self.documents[INSTANCES], self.documents[TASKS]), at=at)
        new = [
            [arn for arn, document in self.documents[file].items() if snapshot.documents[file].get(arn) is not document]
            for file in (INSTANCES, TASKS)
        ]
        instances, tasks = read_members(*self._values(*new), known.faults)
        every = {**known.instances, **{one.arn: one for one in instances}}
        running = {**known.tasks, **{one.arn: one for one in tasks}}
        found = Known(
            {arn: replace(every[arn], counted=self._count(arn)) for arn in self.documents[INSTANCES]},
            # Tasks that have ended are none.
            {arn: running[arn] for arn in self.documents[TASKS] if arn in running},
            known.faults,
        )
        return take(self._answers((), ()), at=at, known=found)

    def is_made_of(self, snapshot: Mirror) -> bool:
        """Whether all documents of a snapshot are here, and no other."""
        return all(
            found.keys() == snapshot.documents[file].keys()
            and all(snapshot.documents[file][arn] is document for arn, document in found.items())
            for file, found in self.documents.items()
        )

    def part(self, instances: Iterable[str], at: str) -> EcsCluster:
        """Some instances and their tasks, read, with the groups of these tasks as they are in the whole.

        Parameters
        ----------
        instances
            The last parts of their ARNs.
        """
        asked = set(instances)
        kept = self.index.named(asked)
        tasks = sorted(task for name in asked for task in self.index.tasks_on.get(name, ()))
        groups = {pair[0] for task in tasks if (pair := pair_of(self.documents[TASKS][task].value))}
        known = self.described.services
        services = {group: known[group] for group in sorted(groups) if group in known}
        # They are read already: what shapes the groups has them.
        answers = {**self._answers(kept, tasks), "services.json": ({"services": []},)}
        return take(answers, at=at, whole=replace(self._shaping, services=services))

    @cached_property
    def _shaping(self) -> Whole:
        platforms: dict[str, list[str]] = {}
        for kind, name, value in sorted(self.index.facts):
            if kind == "platform":
                platforms.setdefault(name, []).append(value)
        return Whole(
            definitions=self.described.definitions,
            services={},
            zones={subnet: zone for kind, subnet, zone in self.index.facts if kind == "zone"},
            platforms=platforms,
            custom=plain_names(self.index.pairs),
        )

    def _answers(self, instances: Iterable[str], tasks: Iterable[str]) -> Answers:
        values = self._values(instances, tasks)
        said = {file: ({MEMBERS[file]: listed},) for file, listed in zip((INSTANCES, TASKS), values, strict=True)}
        return {**self.described.answers, **said}

    def _values(self, instances: Iterable[str], tasks: Iterable[str]) -> tuple[list[Json], list[Json]]:
        """Some documents; an instance counts the tasks that are known: its own count is of the moment of its last event."""
        counted = [{**self.documents[INSTANCES][arn].value, COUNT: self._count(arn)} for arn in instances]
        return counted, [self.documents[TASKS][arn].value for arn in tasks]

    def _count(self, arn: str) -> int:
        """Tasks that an instance has."""
        return self.index.running.get(last_part(arn), 0) + self.unlisted.get(arn, 0)

    def needs(self) -> Iterator[Need]:
        """What the next snapshot should bring."""
        unknown = self.index.tasks_on.keys() - self.index.arns.keys() - {""}
        for name in sorted(unknown.difference(map(last_part, self.ended)) if unknown else ()):
            yield Need("instance", name, "tasks are on it, and nothing is known of it")
        definitions, services = self.described.definitions.by_key, self.described.services
        for key in sorted({key for _, key in self.index.pairs if key not in definitions}):
            yield Need("task definition", key, "tasks of it run; they count as their own documents say")
        for group in sorted({group for group, _ in self.index.pairs if group not in services}):
            if group.startswith("service:"):
                reason = "tasks of it run, and its rules are not known"
                yield Need("service", group.removeprefix("service:"), reason)
        for arn, reason in sorted(self.old_services.items()):
            yield Need("service", arn, reason)
        for arn, versions in sorted(self.missing.items()):
            few = ", ".join(map(str, sorted(versions)[:5]))
            yield Need("versions", arn, f"{len(versions)} of its events have not come, version {few}")


def _listed(answers: Sequence[object], member: str) -> Iterator[Json]:
    for answer in answers:
        if isinstance(answer, dict):
            yield from answer.get(member) or ()


def last_part(arn: str) -> str:
    """What names an instance in ARNs of either form, with and without the cluster's name."""
    return arn.rsplit("/", 1)[-1]


def instance_of(task: Json) -> str:
    """The last part of the ARN of the instance that a task is on; empty while it is on none."""
    return last_part(str(task.get("containerInstanceArn") or ""))


def pair_of(task: Json) -> Pair | None:
    """The group and the ``family:revision`` of a task that is to run; None of one that is not."""
    if task.get("desiredStatus") != "RUNNING" or task.get("lastStatus") in GONE or not instance_of(task):
        return None
    key = str(task.get("taskDefinitionArn") or "").rsplit("/", 1)[-1]
    return str(task.get("group") or f"family:{key.partition(':')[0]}"), key


def facts_of(document: Json) -> Iterator[Fact]:
    """What of an instance or a task shapes the groups of a cluster."""
    attributes = document.get("attributes")
    own = {
        str(attribute.get("name")): str(attribute.get("value") or "")
        for attribute in (attributes if isinstance(attributes, list) else ())
    }
    for name in (CPU_ARCHITECTURE, OS_FAMILY):
        if name in own:
            yield "platform", name, own[name]
    if own.get(SUBNET) and own.get(ZONE):
        yield "zone", own[SUBNET], own[ZONE]
    attachments, zone = document.get("attachments"), document.get("availabilityZone")
    for attachment in attachments if isinstance(attachments, list) else ():
        for detail in attachment.get("details") or ():
            if detail.get("name") == "subnetId" and detail.get("value") and zone:
                yield "zone", str(detail["value"]), str(zone)
