"""The cluster of a request -> the snapshot that the engines read, with every fault at the path of its field."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from operator import attrgetter

import numpy as np
from numpy.typing import NDArray

from solver.domain.cluster import FACTS, ClusterSnapshot, Port
from solver.domain.columns import TextColumn
from solver.domain.counts import Ints
from solver.errors import MAX_FAULTS, InvalidRequest
from solver.service.sizes import SizeLimits
from solver.v1 import cluster_pb2

STATUSES = {
    cluster_pb2.INSTANCE_STATUS_UNSPECIFIED: True,
    cluster_pb2.INSTANCE_STATUS_ACTIVE: True,
    cluster_pb2.INSTANCE_STATUS_DRAINING: False,
}


@dataclass(frozen=True, eq=False)
class _Snapshot:
    """The parts of a cluster before its own checks."""

    ids: tuple[str, ...]
    resources: tuple[str, ...]
    capacity: Ints
    free: Ints
    active: NDArray[np.bool_]
    connected: NDArray[np.bool_]
    attributes: dict[str, TextColumn]
    facts: dict[str, TextColumn]
    used_ports: dict[Port, Ints]
    unlisted_tasks: Ints
    name: str
    taken_at: str

    def build(self) -> ClusterSnapshot:
        return ClusterSnapshot(
            instance_ids=self.ids,
            resources=self.resources,
            capacity=self.capacity,
            free=self.free,
            active=self.active,
            connected=self.connected,
            attributes=self.attributes,
            used_ports=self.used_ports,
            unlisted_tasks=self.unlisted_tasks,
            name=self.name,
            taken_at=self.taken_at,
            devices=np.zeros((0, 0), np.int64),
            device_count=np.zeros(0, np.int64),
            **self.facts,
        )


class ClusterReader:
    """Reads one cluster.

    Parameters
    ----------
    sizes
        How many attributes there may be.
    fault
        Told of each fault: path, what is wrong, what would be right.
    """

    def __init__(self, sizes: SizeLimits, fault: Callable[[str, str, str], None]) -> None:
        self.sizes = sizes
        self.fault = fault

    def read(self, cluster: cluster_pb2.Cluster) -> ClusterSnapshot:
        """The cluster, or where it has faults one of the same size that serves to look names up."""
        instances = cluster.instances
        capacity = self._amounts("capacity", [instance.capacity for instance in instances], len(cluster.resources))
        free = self._amounts("free", [instance.free for instance in instances], len(cluster.resources))
        ids = tuple(instance.id for instance in instances)
        for i in islice((i for i, name in enumerate(ids) if not name), MAX_FAULTS):
            self.fault(f"cluster.instances[{i}].id", "is empty", "give each instance its own id")
        snapshot = _Snapshot(
            ids=ids,
            resources=tuple(cluster.resources),
            capacity=capacity,
            free=free,
            active=self._active(instances),
            connected=~np.fromiter((i.agent_disconnected for i in instances), np.bool_, len(instances)),
            attributes=self._attributes(cluster),
            facts={name: _fact(instances, name) for name in FACTS},
            used_ports=self._used_ports(instances),
            unlisted_tasks=np.fromiter((i.unlisted_tasks for i in instances), np.int64, len(instances)),
            name=cluster.name,
            taken_at=cluster.taken_at,
        )
        try:
            return snapshot.build()
        except InvalidRequest as invalid:
            return self._stand_in(snapshot, invalid)

    def _stand_in(self, snapshot: _Snapshot, invalid: InvalidRequest) -> ClusterSnapshot:
        """Note the cluster's faults; names that stand twice are told apart to find the faults behind them."""
        found = list(invalid.faults)
        apart = replace(snapshot, ids=_distinct(snapshot.ids), resources=_distinct(snapshot.resources))
        try:
            stand_in = apart.build()
        except InvalidRequest as behind:
            known = set(found)
            found += [fault for fault in behind.faults if fault not in known]
            zeros = np.zeros_like(snapshot.capacity)
            stand_in = replace(apart, capacity=zeros, free=zeros, unlisted_tasks=zeros[:, :1].sum(axis=1)).build()
        place = {name: r for r, name in reversed(list(enumerate(apart.resources)))}
        for fault in found:
            self.fault(_wire_path(fault.path, place), fault.problem, fault.remedy)
        return stand_in

    def _amounts(self, name: str, rows: Sequence[Sequence[int]], resources: int) -> Ints:
        """``int64[I, R]``; a row of another length is a fault and counts as zeros."""
        wrong = [i for i, row in enumerate(rows) if len(row) != resources]
        for i in wrong[:MAX_FAULTS]:
            problem = f"has {len(rows[i])} amounts"
            self.fault(f"cluster.instances[{i}].{name}", problem, f"one for each of the {resources} resources")
        if wrong:
            rows = [row if len(row) == resources else [0] * resources for row in rows]
        flat = [amount for row in rows for amount in row]
        return np.array(flat, np.int64).reshape(len(rows), resources)

    def _active(self, instances: Sequence[cluster_pb2.Instance]) -> NDArray[np.bool_]:
        statuses = [instance.status for instance in instances]
        for i in (i for i, status in enumerate(statuses) if status not in STATUSES):
            self.fault(f"cluster.instances[{i}].status", f"is {statuses[i]}", "must be ACTIVE or DRAINING")
        return np.fromiter((STATUSES.get(status, False) for status in statuses), np.bool_, len(statuses))

    def _attributes(self, cluster: cluster_pb2.Cluster) -> dict[str, TextColumn]:
        size = len(cluster.instances)
        columns: dict[str, TextColumn] = {}
        for c, column in enumerate(cluster.attribute_columns):
            path = f"cluster.attribute_columns[{c}]"
            if column.name in columns:
                self.fault(f"{path}.name", f"'{column.name}' is already an attribute", "name each attribute once")
            columns[column.name] = self._column(path, column, size)
        rows: dict[str, dict[int, str]] = {}
        for i, instance in enumerate(cluster.instances):
            for name, value in instance.attributes.items():
                rows.setdefault(name, {})[i] = value
        self.sizes.require("cluster: attributes", len(columns.keys() | rows.keys()), self.sizes.attributes)
        for name, values in rows.items():
            if name in columns:
                values = self._merged(name, columns[name], values)
            columns[name] = TextColumn.sparse(size, values)
        if "" in columns:
            self.fault("cluster.instances.attributes", "has an empty name", "name each attribute")
        # The wire's maps have no order; the same request must be read the same (§10.1).
        return dict(sorted(columns.items()))

    def _column(self, path: str, column: cluster_pb2.AttributeColumn, size: int) -> TextColumn:
        codes = np.array(column.codes, np.int64)
        if len(codes) != size:
            self.fault(f"{path}.codes", f"has {len(codes)} numbers", f"one for each of the {size} instances")
            codes = np.zeros(size, np.int64)
        beyond = np.flatnonzero(codes > len(column.values))
        for i in beyond[:MAX_FAULTS].tolist():
            remedy = f"must be 0, or at most {len(column.values)}, the number of values"
            self.fault(f"{path}.codes[{i}]", f"is {codes[i]}", remedy)
        codes[beyond] = 0
        values = sorted(set(column.values))
        place = {value: code for code, value in enumerate(values)}
        code_of = np.array([-1, *(place[value] for value in column.values)], np.int32)
        found = code_of[codes]
        found.flags.writeable = False
        return TextColumn(tuple(values), found)

    def _merged(self, name: str, column: TextColumn, rows: dict[int, str]) -> dict[int, str]:
        found = {i: text for i in range(len(column)) if (text := column[i]) is not None}
        for i in sorted(found.keys() & rows.keys())[:MAX_FAULTS]:
            path = f"cluster.instances[{i}].attributes[{name}]"
            self.fault(path, "stands in attribute_columns too", "give it in one place")
        return found | rows

    def _used_ports(self, instances: Sequence[cluster_pb2.Instance]) -> dict[Port, Ints]:
        used: dict[Port, Ints] = {}
        for protocol in ("tcp", "udp"):
            name = f"used_{protocol}_ports"
            rows = list(map(attrgetter(name), instances))
            lengths = np.fromiter(map(len, rows), np.int64, len(rows))
            ports = np.array([port for row in rows for port in row], np.int64)
            holders = np.repeat(np.arange(len(rows)), lengths)
            places = np.arange(len(ports)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
            for k in np.flatnonzero((ports < 1) | (ports > 65535))[:MAX_FAULTS].tolist():
                self.fault(
                    f"cluster.instances[{holders[k]}].{name}[{places[k]}]", f"is {ports[k]}", "must be 1 to 65535"
                )
            known = (ports >= 1) & (ports <= 65535)
            ports, holders, places = ports[known], holders[known], places[known]
            # By port, then instance; the sort is stable, so the later of two equal ones stands second.
            order = np.lexsort((holders, ports))
            ports, holders, places = ports[order], holders[order], places[order]
            again = np.zeros(len(ports), np.bool_)
            again[1:] = (ports[1:] == ports[:-1]) & (holders[1:] == holders[:-1])
            for k in np.flatnonzero(again)[:MAX_FAULTS].tolist():
                path = f"cluster.instances[{holders[k]}].{name}[{places[k]}]"
                self.fault(path, f"{ports[k]} stands twice", "give it once")
            starts = np.flatnonzero(np.diff(ports, prepend=-1))
            for port, held in zip(ports[starts].tolist(), np.split(holders, starts)[1:], strict=True):
                used[protocol, port] = held
        return used


def _fact(instances: Sequence[cluster_pb2.Instance], name: str) -> TextColumn:
    """The column of an optional text; an empty one that is set is a text too."""
    texts: list[str] = list(map(attrgetter(name), instances))
    if all(texts):
        return TextColumn.of(texts)
    return TextColumn.of(
        text or ("" if instance.HasField(name) else None) for text, instance in zip(texts, instances, strict=True)
    )


def _distinct(names: tuple[str, ...]) -> tuple[str, ...]:
    """The names, those that stand again made different."""
    times: Counter[str] = Counter()
    found = []
    for name in names:
        found.append(f"{name}\n{times[name]}" if times[name] else name)
        times[name] += 1
    return tuple(found)


_AMOUNT = re.compile(r"(instances\[\d+\]\.(?:capacity|free))\[(.*)\]", re.DOTALL)


def _wire_path(path: str, resources: dict[str, int]) -> str:
    """The domain's path of a cluster's field as the wire has it: amounts are lists there, in the resources' order."""
    amount = _AMOUNT.fullmatch(path)
    if amount is not None:
        return f"cluster.{amount[1]}[{resources.get(amount[2], amount[2])}]"
    return f"cluster.instances.{path}" if path in ("capacity", "free") else f"cluster.{path}"
