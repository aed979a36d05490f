"""From nodes and the pods on them to a snapshot: what is there, what is free, who holds it (§2)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np

from solver.domain.cluster import INSTANCE_TYPE, ZONE, ClusterSnapshot, Port
from solver.domain.columns import TextColumn
from solver.domain.counts import Ints
from solver.formats.ecs.remarks import Remarks
from solver.formats.kubernetes.amounts import CPU, MEMORY, PODS, Scale
from solver.formats.kubernetes.nodes import Node
from solver.formats.kubernetes.pods import Pod, Shape
from solver.rules.tolerates import ATTRIBUTE

OWN = (ZONE, INSTANCE_TYPE, ATTRIBUTE)
"""Attributes that stand for more than a label."""


class Accounting:
    """What the nodes have, in the units of the domain.

    Parameters
    ----------
    shapes
        Of all pods and templates: what they request decides the units.
    """

    def __init__(self, nodes: Sequence[Node], shapes: Iterable[Shape], remarks: Remarks) -> None:
        self.nodes = nodes
        self.remarks = remarks
        requests = [dict(requests) for requests in {shape.requests for shape in shapes}]
        self.scale = Scale.of((node.amounts for node in nodes), requests)
        for warning in self.scale.warnings():
            remarks.say(warning)
        offered = {name for node in nodes for name, amount in node.amounts.items() if amount}
        found = offered | {name for request in requests for name in request}
        self.resources = (CPU, MEMORY, PODS, *sorted(found - {CPU, MEMORY, PODS}))
        self.capacity = np.array([self._row(node.amounts) for node in nodes], np.int64).reshape(
            len(nodes), len(self.resources)
        )

    def _row(self, amounts: Mapping[str, int]) -> list[int]:
        return [self.scale.held(name, amounts.get(name, 0)) for name in self.resources]

    def demand(self, shape: Shape) -> dict[str, int]:
        """What one pod takes, by resource."""
        return {name: self.scale.requested(name, amount) for name, amount in shape.requests}

    def snapshot(
        self,
        holding: Iterable[tuple[Pod, int]],
        listening: Iterable[tuple[Pod, int]],
        computed: Mapping[str, list[str | None]],
    ) -> ClusterSnapshot:
        """The cluster.

        Parameters
        ----------
        holding
            Pods that take what they request of a node, each with its index.
        listening
            Pods that hold their host ports.
        computed
            Attributes that no label says.

        Raises
        ------
        InvalidRequest
            If a sum leaves 2^53.
        """
        nodes = self.nodes
        free = self.capacity.copy()
        index = {name: r for r, name in enumerate(self.resources)}
        for pod, i in holding:
            for name, amount in self.demand(pod.shape).items():
                free[i, index[name]] -= amount
        over = [nodes[i].name for i in np.flatnonzero((free < 0).any(axis=1)).tolist()]
        text = "the pods on {names} request more than is allocatable there: documents of different moments?"
        self.remarks.about(over, text, text)
        names = tuple(node.name for node in nodes)
        return ClusterSnapshot(
            instance_ids=names,
            resources=self.resources,
            capacity=self.capacity,
            free=free,
            active=np.array([not node.cordoned for node in nodes], np.bool_),
            connected=np.array([node.ready for node in nodes], np.bool_),
            attributes={**self._labels(), **{name: TextColumn.of(column) for name, column in computed.items()}},
            ec2_instance_id=TextColumn.of(names),
            agent_version=TextColumn.of(node.version for node in nodes),
            registered_at=TextColumn.of(node.created for node in nodes),
            used_ports=dict(_holders(listening)),
        )

    def _labels(self) -> dict[str, TextColumn]:
        keys = sorted({key for node in self.nodes for key in node.labels})
        hidden = [key for key in keys if key in OWN]
        text = "the label {names} of nodes is hidden by an attribute of that name"
        self.remarks.about(hidden, text, text.replace("label", "labels"))
        found = {key: TextColumn.of(node.labels.get(key) for node in self.nodes) for key in keys if key not in OWN}
        found[ZONE] = TextColumn.of(node.zone for node in self.nodes)
        found[INSTANCE_TYPE] = TextColumn.of(node.type for node in self.nodes)
        found[ATTRIBUTE] = TextColumn.of(",".join(node.taints) or None for node in self.nodes)
        return found


def _holders(listening: Iterable[tuple[Pod, int]]) -> Iterator[tuple[Port, Ints]]:
    holders: dict[Port, set[int]] = {}
    for pod, i in listening:
        for port in pod.shape.ports:
            holders.setdefault(port, set()).add(i)
    return ((port, np.array(sorted(holders[port]), np.int64)) for port in sorted(holders))
