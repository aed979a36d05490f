"""Task groups of a Kubernetes cluster: interchangeable pods, by what controls them, their revision and their shape (§1.2).

``deployment:default/web``
    The pods of the newest replica set; older ones that still run are ``deployment:default/web@web-5d9c7b9b6d``.
``statefulset:db/postgres``, ``daemonset:kube-system/kube-proxy``, ``replicaset:...``, ``job:...``
    Likewise. Pods of one revision that differ in what they request or where they may go are told apart by ``#2``, ``#3``.
``pod:default/debug``
    A pod that nothing controls, or a static pod. Those with the same labels of which one spreads over a topology are together
    the family ``pods:default/debug``, called after the first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from solver.domain.request import Scheduling
from solver.formats.kubernetes.documents import POD
from solver.formats.kubernetes.pods import Pod, Shape
from solver.formats.kubernetes.workloads import Workload, Workloads, scheduling_of
from solver.rules.tolerates import Toleration

Labels = tuple[tuple[str, str], ...]
Key = tuple[Shape, Labels]


@dataclass(frozen=True)
class PodGroup:
    """Pods that are interchangeable.

    Parameters
    ----------
    labels
        Those that a selector of the cluster reads, sorted.
    pods
        The pods that exist; none for a group of which nothing runs.
    """

    name: str
    family: str
    kind: str
    namespace: str
    shape: Shape
    labels: Labels
    pods: tuple[Pod, ...]

    @property
    def scheduling(self) -> Scheduling:
        """Who keeps its pods running."""
        return scheduling_of(self.kind)


def groups_of(pods: Sequence[Pod], workloads: Workloads, taints: Iterable[str]) -> list[PodGroup]:
    """All groups: those of a controller together, the newest first.

    Parameters
    ----------
    pods
        All that have neither ended nor are about to.
    taints
        Of all nodes; tolerations of other taints tell no pods apart.
    """
    known = workloads.by_family
    keys = _keys(pods, known.values())
    normal = _Normal(keys, tuple(dict.fromkeys(taints)))
    by_family: dict[str, list[tuple[str, Key, Pod]]] = {family: [] for family in known}
    kinds = {family: workload.kind for family, workload in known.items()}
    for pod in pods:
        kind, family, revision = workloads.identity(pod)
        kinds.setdefault(family, kind)
        by_family.setdefault(family, []).append((revision, normal.key(pod.shape, pod.labels), pod))
    found = [
        group
        for family, members in by_family.items()
        for group in _of_family(family, kinds[family], members, known.get(family), normal)
    ]
    return _counted_together(found)


def _counted_together(groups: list[PodGroup]) -> list[PodGroup]:
    """Pods that nothing controls, with the same labels, are one family where one of them spreads: it counts them all."""
    alike: dict[tuple[str, Labels], list[PodGroup]] = {}
    for group in groups:
        if group.kind == POD and group.labels and not any(pod.mirror for pod in group.pods):
            alike.setdefault((group.namespace, group.labels), []).append(group)
    family_of = {
        group.name: f"pods:{members[0].name.partition(':')[2]}"
        for members in alike.values()
        if len(members) > 1 and any(group.shape.spreads for group in members)
        for group in members
    }
    return [replace(group, family=family_of.get(group.name, group.family)) for group in groups]


class _Normal:
    """Reduces shapes and labels to what tells pods apart here."""

    def __init__(self, keys: frozenset[str], taints: tuple[str, ...]) -> None:
        self._keys = keys
        self._taints = taints
        self._useful: dict[str, bool] = {}

    def key(self, shape: Shape, labels: Mapping[str, str]) -> Key:
        """The shape with the tolerations that matter, and the labels that a selector reads."""
        tolerations = tuple(text for text in shape.tolerations if self._covers_any(text))
        read = tuple(sorted((key, value) for key, value in labels.items() if key in self._keys))
        return replace(shape, tolerations=tolerations, remarks=()), read

    def _covers_any(self, text: str) -> bool:
        if text not in self._useful:
            toleration = Toleration.parse(text)
            self._useful[text] = any(toleration.covers(taint) for taint in self._taints)
        return self._useful[text]


def _keys(pods: Iterable[Pod], workloads: Iterable[Workload]) -> frozenset[str]:
    """The labels that some selector of a pod or template reads."""
    found: set[str] = set()
    for shape in {*(pod.shape for pod in pods), *(workload.shape for workload in workloads)}:
        terms = (*shape.near, *shape.apart)
        for chosen in [*(term.chosen for term in terms), *(spread.chosen for spread in shape.spreads)]:
            found.update(chosen.selector.keys() if chosen.selector else ())
        for keys in [*(term.same + term.other for term in terms), *(spread.same for spread in shape.spreads)]:
            found.update(keys)
    return frozenset(found)


def _of_family(
    family: str, kind: str, members: list[tuple[str, Key, Pod]], workload: Workload | None, normal: _Normal
) -> Iterator[PodGroup]:
    """The groups of a controller: the one that new pods are of, then the others from the newest on."""
    revisions: dict[str, dict[Key, list[Pod]]] = {}
    for revision, key, pod in sorted(members, key=lambda member: member[2].created, reverse=True):
        revisions.setdefault(revision, {}).setdefault(key, []).append(pod)
    current = workload.current if workload and workload.current else next(iter(revisions), "")
    shapes = revisions.pop(current, {})
    namespace = members[0][2].namespace if members else workload.namespace if workload else ""
    ordered = sorted(shapes, key=lambda key: -len(shapes[key]))
    if not ordered and workload is not None:
        key = normal.key(workload.shape, workload.labels)
        shape = replace(key[0], remarks=workload.shape.remarks)
        yield PodGroup(family, family, kind, namespace, shape, key[1], ())
    for at, key in enumerate(ordered):
        name = family if at == 0 else f"{family}@{current}#{at + 1}"
        yield _group(name, family, kind, key, shapes[key])
    for revision, of_revision in revisions.items():
        for at, key in enumerate(sorted(of_revision, key=lambda key: -len(of_revision[key]))):
            name = f"{family}@{revision}" if at == 0 else f"{family}@{revision}#{at + 1}"
            yield _group(name, family, kind, key, of_revision[key])


def _group(name: str, family: str, kind: str, key: Key, pods: Sequence[Pod]) -> PodGroup:
    remarks = tuple(dict.fromkeys(remark for pod in pods for remark in pod.shape.remarks))
    return PodGroup(name, family, kind, pods[0].namespace, replace(key[0], remarks=remarks), key[1], tuple(pods))
