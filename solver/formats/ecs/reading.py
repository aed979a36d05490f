"""From the documents of a cluster to what they say: of a directory, or in memory and of different moments."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from solver.domain.cluster import ClusterSnapshot
from solver.domain.counts import Counts
from solver.domain.problem import Problem
from solver.domain.request import MAX_CONSTRAINTS, RunningTask
from solver.errors import Fault, InvalidRequest
from solver.formats.ecs.accounting import Accounting, Located, kept_instances, locate
from solver.formats.ecs.balancers import read_balancers
from solver.formats.ecs.cluster import EcsCluster
from solver.formats.ecs.definitions import Definitions, read_definitions
from solver.formats.ecs.documents import Element, read_documents, take_documents
from solver.formats.ecs.groups import Directory, plain_names, platforms_of, readable, revision, zones_of_subnets
from solver.formats.ecs.instances import Instance, read_instances
from solver.formats.ecs.missing import warn_of_missing
from solver.formats.ecs.remarks import Remarks, counted, listed
from solver.formats.ecs.roles import own_role, under_role
from solver.formats.ecs.services import NOT_EC2, Service, read_services
from solver.formats.ecs.tasks import Task, read_tasks
from solver.formats.ecs.times import protected_tasks, read_protections, snapshot_time
from solver.formats.listed import Listed

STOPPING = ("held", "free")

Identity = tuple[str, str, str]
"""Group of tasks, ``family:revision``, and the role that the tasks were given in place of the definition's, empty for none."""


@dataclass(frozen=True)
class Whole:
    """What of a whole cluster shapes its groups, as ``Directory`` has it; of the services those that the part needs."""

    definitions: Definitions
    services: Mapping[str, Service]
    zones: Mapping[str, str]
    platforms: Mapping[str, Sequence[str]]
    custom: Mapping[str, str]


def read(directory: Path, *, stopping: str = "held", at: str | None = None) -> EcsCluster:
    """Read a directory of ECS documents.

    Parameters
    ----------
    directory
        Holds ``container-instances.json``, ``tasks.json``, ``task-definitions.json`` and ``services.json``: each what
        the describe call prints, or a list of such answers; ``task-protection.json``, ``capacity-providers.json``,
        ``cluster.json``, ``load-balancers.json``, ``target-groups.json``, ``classic-load-balancers.json`` and
        ``snapshot.json`` (``{"takenAt": ...}``) where present.
    stopping
        Whether what stopping tasks take is still ``held`` (§2.4) or already ``free``, as ECS counts it.
    at
        The snapshot's time (ISO 8601, no zone means UTC), against which task protection expires. Left out, it is what
        ``snapshot.json`` says. Where neither says it, the latest event in the documents stands for it, with a warning.

    Raises
    ------
    UnreadableDocument
        With every file that is missing, is no JSON, or is of another kind.
    InvalidRequest
        With every wrong field, each with its file and JSON path.
    TooLarge
        If a file is beyond the size limit.
    """
    if stopping not in STOPPING:
        raise InvalidRequest.at("stopping", f"is '{stopping}'", f"must be one of {', '.join(STOPPING)}")
    faults: list[Fault] = []
    return _Reader(read_documents(Path(directory), faults), faults, stopping == "held", at).cluster()


@dataclass(frozen=True)
class Known:
    """Instances and tasks that have been read before.

    Parameters
    ----------
    instances, tasks
        By ARN.
    faults
        The list that what is wrong with their fields goes to.
    """

    instances: Mapping[str, Instance]
    tasks: Mapping[str, Task]
    faults: list[Fault]


def read_members(
    instances: Sequence[object], tasks: Sequence[object], faults: list[Fault]
) -> tuple[list[Instance], list[Task]]:
    """The instances and the tasks of some documents; tasks that have ended are none."""
    answers = ({"containerInstances": instances}, {"tasks": tasks})
    of_instances, of_tasks = (Element(answer, next(iter(answer)), faults) for answer in answers)
    return read_instances([of_instances]), read_tasks([of_tasks])


class Opened:
    """Documents of which every field has been read.

    Parameters
    ----------
    documents, at
        As in ``take``.

    Raises
    ------
    UnreadableDocument, InvalidRequest
        As in ``read``.
    """

    def __init__(self, documents: Mapping[str, Sequence[object]], *, at: str | None = None) -> None:
        faults: list[Fault] = []
        self._reader = _Reader(take_documents(documents, faults), faults, True, at, of_one_moment=False)

    @property
    def known(self) -> Known:
        """The instances and the tasks."""
        reader = self._reader
        instances = {one.arn: one for one in reader.instances}
        return Known(instances, {one.arn: one for one in reader.tasks}, reader.faults)

    def cluster(self) -> EcsCluster:
        """What they say; once. Raises as ``read``."""
        return self._reader.cluster()


def take(
    documents: Mapping[str, Sequence[object]],
    *,
    at: str | None = None,
    whole: Whole | None = None,
    known: Known | None = None,
) -> EcsCluster:
    """Read documents that are in memory and may be of different moments.

    Of what the instances report and what the tasks on them take, the one that leaves less holds. What stopping tasks take is
    still held.

    Parameters
    ----------
    documents
        The answers of each file of a directory, as JSON values.
    at
        As in ``read``.
    whole
        Where the documents are a part of a cluster's: what shapes its groups.
    known
        All instances and tasks, which are not read again, in their order; the documents have none.

    Raises
    ------
    UnreadableDocument, InvalidRequest
        As in ``read``.
    """
    faults: list[Fault] = [] if known is None else known.faults
    answers = take_documents(documents, faults)
    return _Reader(answers, faults, True, at, of_one_moment=False, whole=whole, known=known).cluster()


class _Reader:
    """Reads the answers of a directory and collects their faults.

    Parameters
    ----------
    answers, faults
        By member; where they put what is wrong with their fields.
    holds
        Whether what stopping tasks take is still held (§2.4).
    of_one_moment
        Whether what the instances report as free counts all tasks of the documents.
    """

    def __init__(
        self,
        answers: Mapping[str, list[Element]],
        faults: list[Fault],
        holds: bool,
        at: str | None,
        *,
        of_one_moment: bool = True,
        whole: Whole | None = None,
        known: Known | None = None,
    ) -> None:
        self.faults = faults
        self.remarks = Remarks()
        self.holds = holds
        self.of_one_moment = of_one_moment
        self.whole = whole
        self.answers = answers
        self.at = snapshot_time(at, self.answers["takenAt"])
        read = read_instances(self.answers["containerInstances"])
        self.instances = read if known is None else list(known.instances.values())
        self.definitions = read_definitions(self.answers["taskDefinition"]) if whole is None else whole.definitions
        self.services = read_services(self.answers["services"]) if whole is None else whole.services
        tasks = read_tasks(self.answers["tasks"])
        self.tasks = tasks if known is None else list(known.tasks.values())
        self.protections = read_protections(self.answers["protectedTasks"])
        self.balancers = read_balancers(self.answers)
        self._identities: dict[str, Identity] = {}
        self._refuse()

    def _refuse(self) -> None:
        if self.faults:
            raise InvalidRequest(dict.fromkeys(self.faults))  # A field that is read twice is at fault once.

    def cluster(self) -> EcsCluster:
        """The cluster, once nothing is wrong with its documents."""
        self._failures()
        kept = kept_instances(self.instances, self.remarks)
        located = locate(self.tasks, self.instances, kept, self.remarks)
        snapshot = self._snapshot(kept, located)
        directory = self._directory(snapshot, located)
        groups, index = self._groups(directory, located)
        protected = self._protected()
        self._refuse()
        base, remarks = self._problem(snapshot, groups, index, located, protected)
        desired = {
            directory.name(service.group, directory.current(service.group)): service.desired
            for service in self.services.values()
            if service.launch not in NOT_EC2
        }
        return EcsCluster(base, (*self.remarks, *remarks), desired, tuple(groups), directory)

    def _failures(self) -> None:
        """What a describe call could not answer for, and what an import said."""
        for answer in self.answers["takenAt"]:
            for text in answer.texts("warnings"):
                self.remarks.say(text)
        for answers in self.answers.values():
            for answer in answers:
                reasons = [failure.text("reason") or "no reason" for failure in answer.elements("failures")]
                if reasons:
                    self.remarks.say(f"{answer.path}: {counted(len(reasons), 'failure')}: {listed(reasons)}")

    def _snapshot(self, kept: list[Instance], located: Located) -> ClusterSnapshot:
        accounting = Accounting(kept, located, self.definitions, self.remarks)
        holding = located.stopping if self.holds else []
        accounting.count_interfaces(located, holding)
        if self.of_one_moment:
            accounting.compare(located)
        else:
            accounting.take_least(located)
        accounting.hold(holding)
        if holding:
            self.remarks.say(
                f"{counted(len(holding), 'task')} of {listed(task.group for task, _ in holding)} still stopping: "
                "what they hold is not free yet"
            )
        unlisted = accounting.unlisted(located)
        self._refuse()
        return accounting.snapshot(unlisted, self._name(), self.at.isoformat() if self.at else "")

    def _name(self) -> str:
        for answer in self.answers["clusters"]:
            for cluster in answer.elements("clusters"):
                if cluster.text("clusterName"):
                    return cluster.text("clusterName")
        parts = [instance.arn.split("/") for instance in self.instances]
        return next((part[1] for part in parts if len(part) == 3), "")

    def _directory(self, snapshot: ClusterSnapshot, located: Located) -> Directory:
        apart = [service for service in self.services.values() if service.launch in NOT_EC2]
        for launch in sorted({service.launch for service in apart}):
            names = [service.group for service in apart if service.launch == launch]
            self.remarks.about(names, f"{{names}} on {launch} set aside", f"{{names}} on {launch} set aside")
        whole = self.whole or Whole(
            definitions=self.definitions,
            services=self.services,
            zones=zones_of_subnets(snapshot, self.tasks),
            platforms=platforms_of(snapshot),
            custom=plain_names((task.group, task.key) for task, _ in located.running),
        )
        return Directory(
            definitions=whole.definitions,
            services=self.services,
            zones=whole.zones,
            platforms=whole.platforms,
            custom=whole.custom,
            default_providers=tuple(self._default_providers()),
            balancers=self.balancers,
        )

    def _default_providers(self) -> Iterable[str]:
        for answer in self.answers["clusters"]:
            for cluster in answer.elements("clusters"):
                for item in cluster.elements("defaultCapacityProviderStrategy"):
                    yield item.text("capacityProvider")

    def _identity(self, task: Task) -> Identity:
        found = self._identities.get(task.arn)
        if found is None:
            found = self._identities[task.arn] = task.group, task.key, own_role(task, self.definitions)
        return found

    def _groups(self, directory: Directory, located: Located) -> tuple[list[Listed], dict[Identity, int]]:
        """The groups, and the index of each."""
        examples: dict[Identity, Task] = {}
        for task, _ in located.running:
            examples.setdefault(self._identity(task), task)
        keys = dict.fromkeys(
            (service.group, directory.current(service.group), "")
            for service in self.services.values()
            if service.launch not in NOT_EC2 and service.is_active
        )
        order = {group: at for at, group in enumerate(self.services)}
        for identity in sorted(
            examples, key=lambda one: (order.get(one[0], len(order)), one[0], -revision(one[1]), *one[1:])
        ):
            keys.setdefault(identity)
        groups = []
        for identity in keys:
            group, key, role = identity
            entry = directory.listed(group, key, examples.get(identity))
            groups.append(under_role(entry, role, examples[identity]) if role else entry)
        running = dict.fromkeys(identity[:2] for identity in examples)
        warn_of_missing(groups, running, self.definitions, self.services, self.remarks)
        for entry in groups:
            if len(entry.group.constraints) > MAX_CONSTRAINTS:
                problem = f"has {len(entry.group.constraints)} constraints, those of the task definition included"
                self.faults.append(Fault(entry.group.name, problem, f"at most {MAX_CONSTRAINTS}"))
        return groups, {identity: g for g, identity in enumerate(keys)}

    def _protected(self) -> frozenset[str]:
        services = [service for answer in self.answers["services"] for service in answer.elements("services")]
        unknown = {protection.task for protection in self.protections}.difference(task.arn for task in self.tasks)
        text = "the protected task {names} is not in tasks.json"
        texts = "{count} protected tasks are not in tasks.json: {names}"
        self.remarks.about(sorted(arn.rsplit("/", 1)[-1] for arn in unknown), text, texts)
        return protected_tasks(self.protections, self.at, self.tasks, services, self.remarks)

    def _problem(
        self,
        snapshot: ClusterSnapshot,
        groups: list[Listed],
        index: Mapping[Identity, int],
        located: Located,
        protected: frozenset[str],
    ) -> tuple[Problem, list[str]]:
        """The problem in which nothing is to start, and what is wrong with its rules."""
        read_groups, wrong = [], []
        for entry in groups:
            group, faults = readable(entry.group, snapshot.resources)
            read_groups.append(group)
            wrong += [
                f"{group.name}: a rule that cannot be read is left out while nothing is asked of the group: {f}"
                for f in faults
            ]
        tasks = tuple(
            RunningTask(
                id=task.arn,
                group=index[self._identity(task)],
                instance=i,
                protected=task.arn in protected,
                healthy=task.is_healthy,
                running=task.last_status == "RUNNING",
                started_at=task.started_at,
                tags=task.tags,
            )
            for task, i in located.running
        )
        cells = np.array([(task.group, task.instance) for task in tasks], np.int64).reshape(len(tasks), 2)
        shape = (len(groups), snapshot.size)
        running = Counts.of(shape, cells[:, 0], cells[:, 1], np.ones(len(tasks), np.int64))
        return Problem(snapshot, tuple(read_groups), running, tasks=tasks), wrong
