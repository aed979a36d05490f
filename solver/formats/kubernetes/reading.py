"""From the objects of a Kubernetes cluster to what they say: of a directory, or in memory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from solver.domain.counts import Counts
from solver.domain.problem import Problem
from solver.domain.request import RunningTask, Scheduling, TaskGroup
from solver.errors import Fault, InvalidRequest, UnreadableDocument
from solver.formats.ecs.remarks import Remarks, counted
from solver.formats.kubernetes.accounting import Accounting
from solver.formats.kubernetes.budgets import Member, allowances, least_percent, read_budgets
from solver.formats.kubernetes.cluster import KubernetesCluster
from solver.formats.kubernetes.documents import (
    BUDGET,
    NAMESPACE,
    NODE,
    POD,
    PRIORITY_CLASS,
    REMEDY,
    Documents,
    read_documents,
    take_documents,
)
from solver.formats.kubernetes.groups import PodGroup, groups_of
from solver.formats.kubernetes.nodes import Node, read_nodes
from solver.formats.kubernetes.pods import Pod, read_pods
from solver.formats.kubernetes.priorities import read_priorities
from solver.formats.kubernetes.rules import RuleMaker
from solver.formats.kubernetes.selectors import texts_of
from solver.formats.kubernetes.workloads import Workloads, read_workloads
from solver.formats.listed import Listed

STATIC = "is a static pod, which only its node starts and stops; choose another group"


def read(directory: Path, *, stopping: str = "held") -> KubernetesCluster:
    """Read a directory of Kubernetes objects.

    Parameters
    ----------
    directory
        Holds ``.json`` (or ``.yaml``) files, each with what ``kubectl get`` prints.
    stopping
        Whether pods that are being deleted still hold what they request (``held``) or not (``free``).

    Raises
    ------
    UnreadableDocument
        With every file that cannot be read or holds something else, or if there is no node.
    InvalidRequest
        With every fault of the objects, each with its file and path.
    TooLarge
        If a file is beyond the size limit.
    """
    return _Reader(read_documents(directory), str(directory), stopping).cluster()


def read_objects(values: Iterable[tuple[str, object]], *, stopping: str = "held") -> KubernetesCluster:
    """The same of values in memory, each with the name that faults carry.

    Raises
    ------
    UnreadableDocument, InvalidRequest
        As ``read``.
    """
    return _Reader(take_documents(values), "the objects", stopping).cluster()


@dataclass
class _Located:
    """The pods by where they are: on a node (with its index), waiting for one, or going."""

    running: list[tuple[Pod, int]] = field(default_factory=list)
    waiting: list[Pod] = field(default_factory=list)
    going: list[tuple[Pod, int]] = field(default_factory=list)

    @property
    def pods(self) -> list[Pod]:
        """All that have not been told to end."""
        return [*(pod for pod, _ in self.running), *self.waiting]


class _Reader:
    """Puts a cluster together."""

    def __init__(self, documents: Documents, name: str, stopping: str) -> None:
        self.documents = documents
        self.faults: list[Fault] = documents.faults
        self.name = name
        self.stopping = stopping
        self.remarks = Remarks()

    def cluster(self) -> KubernetesCluster:
        """The cluster, once nothing is wrong."""
        documents = self.documents
        nodes = read_nodes(documents.of(NODE))
        priorities = read_priorities(documents.of(PRIORITY_CLASS))
        workloads = read_workloads(documents, priorities)
        pods = read_pods(documents.of(POD), priorities)
        budgets = read_budgets(documents.of(BUDGET))
        namespaces = self._namespaces()
        if self.faults:
            raise InvalidRequest(dict.fromkeys(self.faults))
        if not nodes:
            raise UnreadableDocument.at(self.name, "holds no node", REMEDY)
        for kind, count in sorted(documents.unread.items()):
            self.remarks.say(f"{counted(count, 'object')} of kind {kind} not read")
        located = self._located(nodes, pods)
        groups = groups_of(located.pods, workloads, (taint for node in nodes for taint in node.every_taint))
        shapes = [*(group.shape for group in groups), *(pod.shape for pod, _ in located.going)]
        accounting = Accounting(nodes, shapes, self.remarks)
        desired = _desired(groups, workloads)
        members = _members(groups, desired)
        allowed = allowances(budgets, members, self.remarks)
        sizes = {m.family: (len(m.labels), sum(is_healthy for _, is_healthy in m.labels)) for m in members}
        maker = RuleMaker(nodes, groups, namespaces)
        entries = [self._listed(group, accounting, maker, allowed, sizes) for group in groups]
        self._say_controllers(groups)
        held = located.going if self.stopping == "held" else []
        snapshot = accounting.snapshot([*located.running, *held], [*located.running, *held], maker.computed)
        place = {pod.id: g for g, group in enumerate(groups) for pod in group.pods}
        tasks = tuple(
            RunningTask(
                id=pod.id,
                group=place[pod.id],
                instance=i,
                protected=pod.mirror or pod.kept or allowed.get(groups[place[pod.id]].family) == 0,
                healthy=pod.ready,
                running=pod.phase == "Running",
                started_at=pod.created,
            )
            for pod, i in located.running
        )
        cells = np.array([(task.group, task.instance) for task in tasks], np.int64).reshape(len(tasks), 2)
        running = Counts.of((len(groups), len(nodes)), cells[:, 0], cells[:, 1], np.ones(len(tasks), np.int64))
        pending = _pending(groups, located.waiting)
        listed_groups = tuple(replace(entry.group, start=len(pending.get(entry.group.name, ()))) for entry in entries)
        return KubernetesCluster(
            problem=Problem(snapshot, listed_groups, running, tasks=tasks),
            warnings=tuple(self.remarks),
            desired=desired,
            groups=tuple(entries),
            pending=pending,
        )

    def _namespaces(self) -> dict[str, dict[str, str]]:
        found = {}
        for document in self.documents.of(NAMESPACE):
            metadata = document.element("metadata")
            if metadata is not None:
                found[metadata.text("name")] = texts_of(metadata, "labels")
        return found

    def _located(self, nodes: Sequence[Node], pods: Sequence[Pod]) -> _Located:
        index = {node.name: i for i, node in enumerate(nodes)}
        found = _Located()
        elsewhere, gated = [], []
        for pod in pods:
            if pod.node and pod.node not in index:
                elsewhere.append(pod.id)
            elif pod.terminating:
                found.going += [(pod, index[pod.node])] if pod.node else []
            elif pod.node:
                found.running.append((pod, index[pod.node]))
            elif pod.gated:
                gated.append(pod.id)
            else:
                found.waiting.append(pod)
        one, many = "pod {names}", "{count} pods ({names})"
        text = " set aside: bound to a node that is not in the documents"
        self.remarks.about(elsewhere, one + text, many + text)
        text = " set aside: scheduling gates hold it back"
        self.remarks.about(gated, one + text, many + text.replace("hold it", "hold them"))
        if found.going:
            ending = "what they hold is not free yet" if self.stopping == "held" else "what they hold counts as free"
            self.remarks.say(f"{counted(len(found.going), 'pod')} being deleted: {ending}")
        cordoned, unready = (
            [node.name for node in nodes if node.cordoned],
            [node.name for node in nodes if not node.ready and not node.cordoned],
        )
        text = "cordoned, and takes no new pods: {names}"
        self.remarks.about(cordoned, text, text.replace("takes", "take"))
        text = "not ready, and takes no new pods: {names}"
        self.remarks.about(unready, text, text.replace("takes", "take"))
        return found

    def _say_controllers(self, groups: Sequence[PodGroup]) -> None:
        """Controllers of which it is not known what they do with a pod that goes."""
        known = ("Pod", "Job")
        text = "{names}: what controls the pods is not known, so that they stay unless a request names them, and none starts"
        self.remarks.about(
            (g.family for g in groups if g.scheduling is Scheduling.STANDALONE and g.kind not in known), text, text
        )

    def _listed(
        self,
        group: PodGroup,
        accounting: Accounting,
        maker: RuleMaker,
        allowed: Mapping[str, int],
        sizes: Mapping[str, tuple[int, int]],
    ) -> Listed:
        """A group with all of its rules.

        Parameters
        ----------
        allowed
            How many pods of a family may be gone at once, where a disruption budget says so.
        sizes
            Pods of each family on nodes, and how many of them are healthy.
        """
        said = maker.said(group)
        replaced = group.scheduling is Scheduling.REPLICA
        share = allowed.get(group.family)
        remarks = list(said.remarks)
        if share == 0 and group.pods:
            self.remarks.say(f"{group.family}: its disruption budget lets no pod go now: all of them stay")
        built = TaskGroup(
            name=group.name,
            family=group.family,
            demand=accounting.demand(group.shape),
            ports=group.shape.ports,
            constraints=said.constraints,
            strategies=said.strategies,
            priority=group.shape.priority,
            scheduling=group.scheduling,
            minimum_healthy_percent=_healthy_percent(sizes[group.family], share, remarks)
            if replaced and share
            else None,
            # An eviction ends a pod before another one starts (Kubernetes documentation, API-initiated Eviction).
            maximum_percent=100 if replaced else None,
        )
        static = any(pod.mirror for pod in group.pods)
        refusal = STATIC if static else said.refusal
        return Listed(built, remarks=tuple(dict.fromkeys(remarks)), refusal=refusal)


def _healthy_percent(size: tuple[int, int], share: int, remarks: list[str]) -> int:
    """The least percentage of a family's pods that keeps a disruption budget, rounded up."""
    total, healthy = size
    percent = least_percent(total, healthy - share)
    exact = healthy - share == -(-percent * total // 100)
    if percent == 100 and healthy - share < total:
        percent, exact = 99, False
    if not exact:
        remarks.append(f"its disruption budget lets {share:,} pods go at once; {percent} % of them stay healthy here")
    return percent


def _desired(groups: Sequence[PodGroup], workloads: Workloads) -> dict[str, int]:
    """Pods that there should be, by family: what a controller says, else those that are there."""
    found: dict[str, int] = {}
    for group in groups:
        workload = workloads.by_family.get(group.family)
        if workload is not None and workload.replicas is not None:
            found[group.family] = workload.replicas
        elif group.scheduling is not Scheduling.DAEMON:
            found[group.family] = found.get(group.family, 0) + len(group.pods)
    return found


def _members(groups: Sequence[PodGroup], desired: Mapping[str, int]) -> list[Member]:
    """What disruption budgets read: the families with pods on nodes."""
    by_family: dict[str, list[Pod]] = {}
    for group in groups:
        by_family.setdefault(group.family, []).extend(pod for pod in group.pods if pod.node)
    namespaces = {group.family: group.namespace for group in groups}
    return [
        Member(
            family,
            namespaces[family],
            desired.get(family, len(pods)),
            [(pod.labels, pod.ready and pod.phase == "Running") for pod in pods],
        )
        for family, pods in by_family.items()
    ]


def _pending(groups: Sequence[PodGroup], waiting: Sequence[Pod]) -> dict[str, tuple[str, ...]]:
    """By group, the pods that wait for a node."""
    ids = {pod.id for pod in waiting}
    found = {group.name: tuple(pod.id for pod in group.pods if pod.id in ids) for group in groups}
    return {name: pods for name, pods in found.items() if pods}
