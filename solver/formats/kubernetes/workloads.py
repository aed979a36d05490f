"""What controls pods: deployments and their replica sets, stateful sets, daemon sets, jobs.

Source: Kubernetes documentation, Workloads.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from solver.domain.request import MAX_START, Scheduling
from solver.formats.ecs.documents import Element
from solver.formats.kubernetes.documents import (
    DAEMON_SET,
    DEPLOYMENT,
    JOB,
    POD,
    REPLICA_SET,
    REPLICATION_CONTROLLER,
    STATEFUL_SET,
    Documents,
    namespace_of,
)
from solver.formats.kubernetes.pods import Pod, Shape, controller_of, read_shape
from solver.formats.kubernetes.priorities import Priorities
from solver.formats.kubernetes.selectors import texts_of

HASH = "pod-template-hash"
REVISION_LABEL = "controller-revision-hash"
REVISION = "deployment.kubernetes.io/revision"

REPLACED = (DEPLOYMENT, REPLICA_SET, STATEFUL_SET, REPLICATION_CONTROLLER)
"""Controllers that start a pod in place of one that goes."""


@dataclass(frozen=True)
class Workload:
    """A controller that is there as a document.

    Parameters
    ----------
    replicas
        Pods that there should be; None where the documents do not say (a daemon set, a job).
    labels, shape
        Of the pods that its template makes.
    current
        The revision of its newest pods, by the name of a replica set or the hash of a revision; empty where not known.
    """

    kind: str
    namespace: str
    name: str
    replicas: int | None
    labels: Mapping[str, str]
    shape: Shape
    current: str = ""

    @property
    def family(self) -> str:
        """What its pods are called together."""
        return family_name(self.kind, self.namespace, self.name)


def family_name(kind: str, namespace: str, name: str) -> str:
    """``deployment:default/web``."""
    return f"{kind.lower()}:{namespace}/{name}"


def scheduling_of(kind: str) -> Scheduling:
    """Who keeps the pods of a controller running: pods of jobs, and of controllers that are not known, are on their own."""
    if kind == DAEMON_SET:
        return Scheduling.DAEMON
    return Scheduling.REPLICA if kind in REPLACED else Scheduling.STANDALONE


@dataclass(frozen=True)
class Workloads:
    """All controllers.

    Parameters
    ----------
    by_family
        Those whose pods stand for themselves: not the replica sets of a deployment.
    owner_of
        By namespace and name, the deployment of a replica set; an empty text for one of its own.
    """

    by_family: Mapping[str, Workload]
    owner_of: Mapping[tuple[str, str], str] = field(default_factory=dict)

    def identity(self, pod: Pod) -> tuple[str, str, str]:
        """The kind of what a pod belongs to, its family, and the revision in it."""
        kind, name = pod.owner
        if pod.mirror or not kind:
            return POD, family_name(POD, pod.namespace, pod.name), ""
        revision = pod.labels.get(REVISION_LABEL, "")
        if kind == REPLICA_SET:
            owner = self.owner_of.get((pod.namespace, name))
            if owner is None:
                # Without the document: a deployment names its replica sets by its own name and the hash.
                ending = f"-{pod.labels.get(HASH, '')}"
                owner = name.removesuffix(ending) if len(ending) > 1 and name.endswith(ending) else ""
            if owner:
                return DEPLOYMENT, family_name(DEPLOYMENT, pod.namespace, owner), name
            revision = ""
        return kind, family_name(kind, pod.namespace, name), revision


def read_workloads(documents: Documents, priorities: Priorities) -> Workloads:
    """Every controller of the documents."""
    owner_of, newest = _replica_sets(documents.of(REPLICA_SET))
    found: dict[str, Workload] = {}
    for kind in (DEPLOYMENT, STATEFUL_SET, DAEMON_SET, REPLICA_SET, REPLICATION_CONTROLLER, JOB):
        for document in documents.of(kind):
            workload = _workload(kind, document, priorities, newest)
            if workload is None or (kind == REPLICA_SET and owner_of.get((workload.namespace, workload.name))):
                continue
            found.setdefault(workload.family, workload)
    return Workloads(found, owner_of)


def _replica_sets(
    documents: Iterable[Element],
) -> tuple[dict[tuple[str, str], str], dict[tuple[str, str], str]]:
    """The deployment of each replica set, and the newest replica set of each deployment."""
    owner_of: dict[tuple[str, str], str] = {}
    newest: dict[tuple[str, str], tuple[int, str]] = {}
    for document in documents:
        metadata = document.element("metadata")
        if metadata is None:
            continue
        namespace, name = namespace_of(metadata), metadata.text("name")
        kind, owner = controller_of(metadata)
        owner_of[namespace, name] = owner if kind == DEPLOYMENT else ""
        if kind == DEPLOYMENT:
            text = texts_of(metadata, "annotations").get(REVISION, "")
            revision = int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else 0
            newest[namespace, owner] = max(newest.get((namespace, owner), (-1, "")), (revision, name))
    return owner_of, {key: name for key, (_, name) in newest.items()}


def _workload(
    kind: str, document: Element, priorities: Priorities, newest: Mapping[tuple[str, str], str]
) -> Workload | None:
    metadata, spec = document.element("metadata"), document.element("spec")
    if metadata is None:
        return None
    if spec is None:
        document.fault("spec", "is missing", f"must be the spec of a {kind}")
        return None
    template = spec.element("template")
    pod = template.element("spec") if template else None
    if template is None or pod is None:
        spec.fault("template.spec", "is missing", "must be the spec of a pod")
        return None
    namespace, name = namespace_of(metadata), metadata.text("name")
    of_template = template.element("metadata")
    status = document.element("status")
    current = newest.get((namespace, name), "") if kind == DEPLOYMENT else ""
    if kind == STATEFUL_SET and status is not None:
        current = status.text("updateRevision")
    return Workload(
        kind=kind,
        namespace=namespace,
        name=name,
        replicas=_replicas(spec) if kind in REPLACED else None,
        labels=texts_of(of_template, "labels") if of_template else {},
        shape=read_shape(pod, namespace, priorities, of_daemon=kind == DAEMON_SET),
        current=current,
    )


def _replicas(spec: Element) -> int:
    return spec.amount("replicas", 0, MAX_START) if spec.has("replicas") else 1
