"""Nodes: where pods may go and what they offer (Kubernetes API, Node; documentation, Nodes, Taints and Tolerations)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from solver.formats.ecs.documents import Element, shown
from solver.formats.kubernetes.amounts import CPU, MEMORY, PODS, VOLUMES, read_amounts
from solver.formats.kubernetes.selectors import is_label_key, texts_of
from solver.rules.tolerates import EFFECTS, SOFT, Toleration

ZONES = ("topology.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/zone")
TYPES = ("node.kubernetes.io/instance-type", "beta.kubernetes.io/instance-type")
CORDONED = "node.kubernetes.io/unschedulable"


@dataclass(frozen=True)
class Node:
    """One node.

    Parameters
    ----------
    taints
        ``key=value:Effect``; that of a cordoned node is not among them.
    amounts
        What pods may take together: thousandths of a CPU, bytes, or pieces.
    """

    name: str
    labels: Mapping[str, str]
    taints: tuple[str, ...]
    cordoned: bool
    ready: bool
    amounts: Mapping[str, int]
    version: str | None
    created: str | None

    @property
    def every_taint(self) -> tuple[str, ...]:
        """With that of a cordoned node."""
        return (*self.taints, f"{CORDONED}=:NoSchedule") if self.cordoned else self.taints

    @property
    def zone(self) -> str | None:
        """The zone that its labels say."""
        return next((self.labels[key] for key in ZONES if key in self.labels), None)

    @property
    def type(self) -> str | None:
        """The instance type that its labels say."""
        return next((self.labels[key] for key in TYPES if key in self.labels), None)


def read_nodes(documents: Iterable[Element]) -> list[Node]:
    """Every node, in the documents' order."""
    return [_node(document) for document in documents]


def _node(document: Element) -> Node:
    metadata = document.element("metadata")
    spec, status = document.element("spec"), document.element("status")
    taints = [taint for element in (spec.elements("taints") if spec else ()) if (taint := _taint(element))]
    created = metadata.instant("creationTimestamp") if metadata else None
    system = status.element("nodeInfo") if status else None
    return Node(
        name=metadata.text("name") if metadata else "",
        labels=texts_of(metadata, "labels") if metadata else {},
        taints=tuple(dict.fromkeys(taints)),
        cordoned=spec.flag("unschedulable") if spec else False,
        ready=_is_ready(status),
        amounts=_amounts(document, status),
        version=(system.text("kubeletVersion") or None) if system else None,
        created=created.isoformat() if created else None,
    )


def _amounts(document: Element, status: Element | None) -> dict[str, int]:
    name = "allocatable" if status is not None and status.has("allocatable") else "capacity"
    if status is None or not status.has(name):
        document.fault("status.allocatable", "is missing", f"must say at least {CPU}, {MEMORY} and {PODS}")
        return {}
    before = len(document.faults)
    found = read_amounts(status, name)
    if len(document.faults) == before:
        for resource in (CPU, MEMORY, PODS):
            if resource not in found:
                status.fault(name, f"has no {resource}", f"must say at least {CPU}, {MEMORY} and {PODS}")
    return {resource: amount for resource, amount in found.items() if not resource.startswith(VOLUMES)}


def _is_ready(status: Element | None) -> bool:
    """What its condition ``Ready`` says; a node whose document has none is ready."""
    for condition in status.elements("conditions") if status else ():
        if condition.text("type") == "Ready":
            return condition.text("status") == "True"
    return True


def _taint(element: Element) -> str:
    key, value, effect = element.needed("key"), element.text("value"), element.needed("effect")
    if key and not is_label_key(key):
        element.fault("key", f"is {shown(key)}", "must be the key of a taint")
    elif "," in value or ":" in value:
        element.fault("value", f"is {shown(value)}", "must be the value of a label")
    elif effect not in EFFECTS:
        element.fault("effect", f"is {shown(effect)}", f"must be one of {', '.join(EFFECTS)}")
    elif key != CORDONED:
        return f"{key}={value}:{effect}"
    return ""


def refused_by(taints: Iterable[str], tolerations: Iterable[str], *, soft: bool = False) -> list[str]:
    """The taints that refuse a pod with these tolerations (or, of the soft ones, that it rather avoids)."""
    read = [Toleration.parse(text) for text in tolerations]
    chosen = (taint for taint in taints if taint.endswith(f":{SOFT}") == soft)
    return [taint for taint in chosen if not any(one.covers(taint) for one in read)]
