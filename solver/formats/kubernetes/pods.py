"""Pods and pod templates: what they request, where they may go, what they rather have (Kubernetes API, PodSpec)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from solver.domain.cluster import Port
from solver.formats.ecs.documents import Element, shown
from solver.formats.kubernetes.affinity import PodTerm, Spread, read_pod_affinity, read_spreads, read_weight
from solver.formats.kubernetes.documents import DAEMON_SET, namespace_of
from solver.formats.kubernetes.priorities import Priorities
from solver.formats.kubernetes.requests import read_requests
from solver.formats.kubernetes.selectors import IN, Requirement, Term, is_label_key, read_term, texts_of
from solver.rules.tolerates import EFFECTS

PHASES = ("Pending", "Running", "Succeeded", "Failed", "Unknown")
TERMINAL = ("Succeeded", "Failed")
MIRROR = "kubernetes.io/config.mirror"
KEPT = {"cluster-autoscaler.kubernetes.io/safe-to-evict": "false", "karpenter.sh/do-not-disrupt": "true"}
"""Annotations by which people keep pods where they are (Cluster Autoscaler FAQ; Karpenter documentation, Disruption)."""

PROTOCOLS = {"TCP": "tcp", "UDP": "udp", "SCTP": "sctp"}
SCHEDULER = "default-scheduler"


@dataclass(frozen=True)
class Shape:
    """What of a pod decides where it may go. Pods of one shape and owner are interchangeable.

    Parameters
    ----------
    requests
        Thousandths of a CPU, bytes, or pieces, by resource, sorted.
    nodes
        Node selector terms of which one must hold; None where any node will do.
    rather
        Terms that it prefers, with their weights.
    tolerations
        As the rule ``tolerates`` writes them.
    remarks
        What matters and is not modelled.
    """

    requests: tuple[tuple[str, int], ...]
    ports: tuple[Port, ...]
    selector: tuple[Requirement, ...]
    nodes: tuple[Term, ...] | None
    rather: tuple[tuple[int, Term], ...]
    tolerations: tuple[str, ...]
    near: tuple[PodTerm, ...]
    apart: tuple[PodTerm, ...]
    spreads: tuple[Spread, ...]
    priority: int
    remarks: tuple[str, ...]


@dataclass(frozen=True)
class Pod:
    """One pod.

    Parameters
    ----------
    node
        The node that it is bound to; empty while it waits for one.
    owner
        Kind and name of what controls it; empty for a pod of its own.
    gated
        It is not to be scheduled yet.
    """

    namespace: str
    name: str
    labels: Mapping[str, str]
    node: str
    phase: str
    owner: tuple[str, str]
    terminating: bool
    ready: bool
    mirror: bool
    kept: bool
    gated: bool
    created: str
    shape: Shape
    path: str

    @property
    def id(self) -> str:
        """Namespace and name."""
        return f"{self.namespace}/{self.name}"


def read_pods(documents: Iterable[Element], priorities: Priorities) -> list[Pod]:
    """Every pod that has not ended, in the documents' order."""
    found = []
    for at, document in enumerate(documents):
        status = document.element("status")
        phase = (status.text("phase") if status else "") or "Pending"
        if phase not in PHASES:
            document.fault("status.phase", f"is {shown(phase)}", f"must be one of {', '.join(PHASES)}")
        elif phase not in TERMINAL:
            found.append(_pod(document, status, phase, priorities, at))
    return found


def _pod(document: Element, status: Element | None, phase: str, priorities: Priorities, at: int) -> Pod:
    metadata = document.element("metadata") or Element({}, document.path, document.faults)
    spec = document.element("spec")
    if spec is None:
        document.fault("spec", "is missing", "must be the spec of a pod")
        spec = Element({}, document.path, document.faults)
    owner = controller_of(metadata)
    annotations = texts_of(metadata, "annotations")
    created = metadata.instant("creationTimestamp")
    conditions = {c.text("type"): c.text("status") for c in (status.elements("conditions") if status else ())}
    namespace = namespace_of(metadata)
    return Pod(
        namespace=namespace,
        name=metadata.text("name") or f"{metadata.text('generateName')}{at}",
        labels=texts_of(metadata, "labels"),
        node=spec.text("nodeName"),
        phase=phase,
        owner=owner,
        terminating=metadata.has("deletionTimestamp"),
        ready=conditions.get("Ready", "True") != "False",
        mirror=MIRROR in annotations or owner[0] == "Node",
        kept=any(annotations.get(name) == value for name, value in KEPT.items()),
        gated=bool(spec.elements("schedulingGates")),
        created=created.isoformat() if created else "",
        shape=read_shape(spec, namespace, priorities, status=status, of_daemon=owner[0] == DAEMON_SET),
        path=document.path,
    )


def controller_of(metadata: Element) -> tuple[str, str]:
    """Kind and name of the owner that controls an object; empty texts where none does."""
    for reference in metadata.elements("ownerReferences"):
        if reference.flag("controller"):
            return reference.needed("kind"), reference.needed("name")
    return "", ""


def read_shape(
    spec: Element, namespace: str, priorities: Priorities, *, status: Element | None = None, of_daemon: bool = False
) -> Shape:
    """The shape of a pod, or of the pods of a template.

    Parameters
    ----------
    status
        Of a pod that exists.
    of_daemon
        The DaemonSet controller binds each pod to its node by a term of its own, which is not the shape's.
    """
    remarks = list(_remarks(spec))
    affinity = spec.element("affinity")
    of_nodes = affinity.element("nodeAffinity") if affinity else None
    near, apart = read_pod_affinity(affinity, namespace)
    return Shape(
        requests=tuple(sorted(read_requests(spec, status).items())),
        ports=_ports(spec, remarks),
        selector=tuple(Requirement(key, IN, (value,)) for key, value in sorted(texts_of(spec, "nodeSelector").items())),
        nodes=_required(of_nodes, of_daemon),
        rather=tuple(_preferred(of_nodes)),
        tolerations=tuple(sorted({text for element in spec.elements("tolerations") if (text := _toleration(element))})),
        near=near,
        apart=apart,
        spreads=read_spreads(spec, namespace),
        priority=priorities.of(spec, remarks),
        remarks=tuple(dict.fromkeys(remarks)),
    )


def _required(affinity: Element | None, of_daemon: bool) -> tuple[Term, ...] | None:
    required = affinity.element("requiredDuringSchedulingIgnoredDuringExecution") if affinity else None
    if required is None:
        return None
    terms = [read_term(element) for element in required.elements("nodeSelectorTerms")]
    if not terms:
        required.fault("nodeSelectorTerms", "is empty", "must have at least one term")
    if of_daemon:
        terms = [Term(term.labels) for term in terms]
        return None if any(not term.labels for term in terms) else tuple(dict.fromkeys(terms))
    return tuple(terms)


def _preferred(affinity: Element | None) -> Iterator[tuple[int, Term]]:
    name = "preferredDuringSchedulingIgnoredDuringExecution"
    for element in affinity.elements(name) if affinity else ():
        weight, term = read_weight(element), element.element("preference")
        if term is None:
            element.fault("preference", "is missing", "must be a node selector term")
        elif weight:
            yield weight, read_term(term)


def _toleration(element: Element) -> str:
    """As the rule ``tolerates`` writes it; empty where it is none."""
    key, value, effect = element.text("key"), element.text("value"), element.text("effect")
    operator = element.text("operator") or "Equal"
    if operator in ("Gt", "Lt"):
        return ""  # They tolerate taints with a number, which nothing here reads: fewer nodes are open to the pod.
    if operator not in ("Equal", "Exists"):
        element.fault("operator", f"is {shown(operator)}", "must be Equal or Exists")
    elif effect and effect not in EFFECTS:
        element.fault("effect", f"is {shown(effect)}", f"must be one of {', '.join(EFFECTS)}")
    elif not key and operator == "Equal":
        element.fault("key", "is missing", "must be there, or the operator must be Exists")
    elif (key and not is_label_key(key)) or "," in value or ":" in value:
        element.fault(
            "key" if not value else "value", f"is {shown(value or key)}", "must be the key or value of a taint"
        )
    else:
        matched = (key or "*") + ("" if operator == "Exists" else f"={value}")
        return f"{matched}:{effect}" if effect else matched
    return ""


def _ports(spec: Element, remarks: list[str]) -> tuple[Port, ...]:
    """Host ports of the containers that run side by side; on the host's network every port is one."""
    on_host = spec.flag("hostNetwork")
    found: dict[Port, None] = {}
    sidecars = (c for c in spec.elements("initContainers") if c.text("restartPolicy") == "Always")
    for container in (*spec.elements("containers"), *sidecars):
        for port in container.elements("ports"):
            name = "hostPort" if port.has("hostPort") or not on_host else "containerPort"
            number = port.amount(name, 0, 65535)
            protocol = port.text("protocol") or "TCP"
            if protocol not in PROTOCOLS:
                port.fault("protocol", f"is {shown(protocol)}", f"must be one of {', '.join(PROTOCOLS)}")
            elif number and protocol == "SCTP":
                remarks.append(f"host port {number}/SCTP is not modelled")
            elif number:
                found[PROTOCOLS[protocol], number] = None
                if port.text("hostIP") not in ("", "0.0.0.0"):
                    remarks.append(f"host port {number} counts on every address, though it is of one hostIP")
    return tuple(sorted(found))


def _remarks(spec: Element) -> Iterator[str]:
    """What of a pod matters for where it can be and is not modelled."""
    scheduler = spec.text("schedulerName") or SCHEDULER
    if scheduler != SCHEDULER:
        yield f"the scheduler {scheduler} places it, whose own rules are not known"
    claims = local = False
    for volume in spec.elements("volumes"):
        claims |= volume.has("persistentVolumeClaim") or volume.has("ephemeral")
        local |= volume.has("emptyDir") or volume.has("hostPath")
    if claims:
        yield "its persistent volumes may bind it to a zone or a node, which is not modelled"
    if local:
        yield "it has volumes on its node (emptyDir or hostPath), whose data does not move with it"
    if spec.elements("resourceClaims"):
        yield "its resource claims (dynamic resource allocation) are not modelled"
    if any(element.text("operator") in ("Gt", "Lt") for element in spec.elements("tolerations")):
        yield "its tolerations with the operators Gt and Lt are not modelled: they tolerate nothing here"
    if spec.text("preemptionPolicy") == "Never":
        yield "its preemptionPolicy Never is not modelled: --preempt stops others for it too"
    if spec.has("runtimeClassName") and not spec.has("overhead"):
        yield f"the overhead of its runtime class {spec.text('runtimeClassName')} is not known"
