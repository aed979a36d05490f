"""How large a request may be (§11.3), and the check that runs before a message is unpacked into memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from solver.domain.request import MOST_SECONDS
from solver.errors import InvalidRequest, TooLarge
from solver.service.ranges import above, faults_of, whole
from solver.v1 import cluster_pb2, cluster_service_pb2, task_group_pb2
from solver.v1 import placement_service_pb2 as wire


@dataclass(frozen=True)
class SizeLimits:
    """What a request may be at most; all are published by ``GetVersion``.

    Parameters
    ----------
    message_bytes
        Bytes of one message on the wire; a JSON text may have four times as many characters.
    instances, groups, resources
        Of a cluster and a request.
    attributes
        Attributes of one instance, and distinct attribute names in a cluster; ports, required attributes, zones and
        capacity providers of one group.
    counts
        Task counts of a request, or of a plan to check.
    tasks
        Running tasks by name.
    rules
        Rules of the whole cluster; and of one group, as well as its targets, where a message is counted before it is unpacked.
    time_limit
        Seconds that a request may ask for.

    Raises
    ------
    InvalidRequest
        With every limit that is none.
    """

    message_bytes: int = 64 * 2**20
    instances: int = 100_000
    groups: int = 50_000
    resources: int = 64
    attributes: int = 1_000
    counts: int = 2_000_000
    tasks: int = 1_000_000
    rules: int = 100
    time_limit: float = float(MOST_SECONDS)

    def __post_init__(self) -> None:
        counts = ("instances", "groups", "resources", "attributes", "counts", "tasks", "rules")
        allowed = {name: whole(1) for name in counts}
        # gRPC counts the bytes of a message in 32 bits.
        faults = faults_of(
            self, {"message_bytes": whole(1, 2**31 - 1), **allowed, "time_limit": above(0, MOST_SECONDS)}
        )
        if faults:
            raise InvalidRequest(faults)

    def require(self, path: str, found: int, most: int) -> None:
        """Refuse a list that is too long.

        Raises
        ------
        TooLarge
            If ``found`` is more than ``most``.
        """
        if found > most:
            raise TooLarge(f"{path}: has {found:,} entries; at most {most:,}")

    def require_place(self, message: wire.PlaceRequest, prefix: str = "") -> None:
        """Refuse a request that is too large in any of its lists, before anything is built from it.

        Raises
        ------
        TooLarge
            With the path of the first list that is too long.
        """
        self.require_state(message, prefix)
        self.require(f"{prefix}rules", len(message.rules), self.rules)
        self.require(f"{prefix}survive", len(message.survive), self.rules)
        self.require(f"{prefix}survive_groups", len(message.survive_groups), self.groups)
        self.require(f"{prefix}frozen_instances", len(message.frozen_instances), self.instances)
        self.require(f"{prefix}drained_instances", len(message.drained_instances), self.instances)
        self.require_counts(f"{prefix}running", len(message.running), message.running_columns)
        self.require_counts(f"{prefix}hint", len(message.hint), message.hint_columns)

    def require_state(self, message: wire.PlaceRequest | cluster_service_pb2.ClusterState, prefix: str) -> None:
        """Refuse a cluster, its groups or its tasks where a list is too long.

        Raises
        ------
        TooLarge
            With the path of the first one.
        """
        cluster = message.cluster
        self.require(f"{prefix}cluster.resources", len(cluster.resources), self.resources)
        self.require(f"{prefix}cluster.instances", len(cluster.instances), self.instances)
        self.require(f"{prefix}cluster.attribute_columns", len(cluster.attribute_columns), self.attributes)
        self.require(f"{prefix}groups", len(message.groups), self.groups)
        self.require(f"{prefix}tasks", len(message.tasks), self.tasks)
        for g, group in enumerate(message.groups):
            for name in ("ports", "required_attributes", "zones", "capacity_providers"):
                self.require(f"{prefix}groups[{g}].{name}", len(getattr(group, name)), self.attributes)
        if isinstance(message, cluster_service_pb2.ClusterState):
            self._require_written_out(cluster, prefix)

    def _require_written_out(self, cluster: cluster_pb2.Cluster, prefix: str) -> None:
        """Refuse columns that are much larger as attributes of each instance, which is how a cluster is kept."""
        found = 0
        for column in cluster.attribute_columns:
            lengths = np.array([0, *(len(column.name) + len(value) for value in column.values)], np.int64)
            codes = np.array(column.codes, np.int64)
            found += int(lengths[codes[codes < len(lengths)]].sum())
        if found > self.message_bytes:
            said = f"has {found:,} characters as attributes of each instance"
            raise TooLarge(f"{prefix}cluster.attribute_columns: {said}; at most {self.message_bytes:,}")

    def require_counts(self, path: str, rows: int, columns: task_group_pb2.TaskCountColumns) -> None:
        """Refuse too many task counts, given in either form.

        Raises
        ------
        TooLarge
            If the two forms together have too many.
        """
        longest = max(len(columns.groups), len(columns.instances), len(columns.counts))
        self.require(path, rows + longest, self.counts)


Part = tuple[str, str | None, "Spec | None"]
"""A field's name, the limit on how often it stands (a field of ``SizeLimits``), and what is inside."""

Spec = Mapping[int, Part]
"""By field number."""

_CLUSTER: Spec = {
    3: ("resources", "resources", None),
    4: ("instances", "instances", None),
    5: ("attribute_columns", "attributes", None),
}
_GROUP: Spec = {
    5: ("ports", "attributes", None),
    6: ("constraints", "rules", None),
    7: ("strategies", "rules", None),
    11: ("required_attributes", "attributes", None),
    12: ("zones", "attributes", None),
    13: ("capacity_providers", "attributes", None),
    22: ("targets", "rules", None),
}
PLACE: Spec = {
    1: ("cluster", None, _CLUSTER),
    2: ("groups", "groups", _GROUP),
    3: ("running", "counts", None),
    5: ("tasks", "tasks", None),
    6: ("rules", "rules", None),
    8: ("frozen_instances", "instances", None),
    14: ("drained_instances", "instances", None),
    19: ("hint", "counts", None),
    21: ("survive", "rules", None),
    22: ("survive_groups", "groups", None),
}
"""Where a ``PlaceRequest`` may hold many messages."""

WRAPPED: Spec = {1: ("request", None, PLACE)}
"""Where the request of a verb may hold many messages."""

CHECK: Spec = {1: ("request", None, PLACE), 2: ("tasks", "counts", None)}
"""Where a ``CheckRequest`` may hold many messages."""

_STATE: Spec = {1: ("cluster", None, _CLUSTER), 2: ("groups", "groups", _GROUP), 3: ("tasks", "tasks", None)}
PUT_CLUSTER: Spec = {2: ("state", None, _STATE)}
"""Where a ``PutClusterRequest`` may hold many messages."""

APPLY_CHANGES: Spec = {2: ("changes", "tasks", None)}
"""Where an ``ApplyChangesRequest`` may."""

COMMIT: Spec = {3: ("actions", "counts", None), 4: ("groups", "groups", _GROUP)}
"""Where a ``CommitRequest`` may."""

PUT_ECS_DOCUMENTS: Spec = {2: ("documents", "instances", None)}
"""Where a ``PutEcsDocumentsRequest`` may."""

APPLY_ECS_EVENTS: Spec = {2: ("events", "instances", None)}
"""Where an ``ApplyEcsEventsRequest`` may."""

SCANNED = 2**20
"""Smaller messages are not scanned: unpacked they cannot take more than some 100 MB."""

MOST_OTHERS = 2_000_000
"""Parts of a message that no limit is about, such as labels, amounts and fields of a later version: more only take time."""


def require_small(payload: bytes, spec: Spec, sizes: SizeLimits) -> None:
    """Refuse a message of too many parts before it is unpacked.

    An empty part takes two bytes on the wire and some eighty in memory, so that a message within the size limit could
    take gigabytes. This counts the parts by reading only their tags and lengths; bytes that are no message are left to
    the decoder.

    Raises
    ------
    TooLarge
        With the path of the first list that is too long.
    """
    if len(payload) > sizes.message_bytes:
        raise TooLarge(f"message: has {len(payload):,} bytes; at most {sizes.message_bytes:,}")
    if len(payload) > SCANNED:
        _Scan(payload, sizes).scan(0, len(payload), spec, "", {})


class _Scan:
    """Counts the parts of one message."""

    def __init__(self, payload: bytes, sizes: SizeLimits) -> None:
        self.payload = payload
        self.sizes = sizes
        self.others = 0

    def scan(self, at: int, end: int, spec: Spec, prefix: str, seen: dict[str, int]) -> None:
        """Count what stands from ``at`` to ``end``, by path in ``seen``."""
        payload = self.payload
        while at < end:
            tag, at = (payload[at], at + 1) if payload[at] < 0x80 else varint(payload, at)
            kind, field = tag & 7, tag >> 3
            known = spec.get(field) if kind == 2 else None
            if known is None:
                self.others += 1
                if self.others > MOST_OTHERS:
                    raise TooLarge(f"message: has more than {MOST_OTHERS:,} parts that no list counts; leave them out")
            if kind == 2:
                # Most lengths, like most tags, are one byte.
                length, at = (payload[at], at + 1) if at < end and payload[at] < 0x80 else varint(payload, at)
                if known is not None:
                    self._count(at, min(at + length, end), known, prefix, seen)
                at += length
            elif kind == 0:
                _, at = varint(payload, at)
            elif kind == 1:
                at += 8
            elif kind == 5:
                at += 4
            elif kind > 5:
                return
            # What stands between the begin and the end of a group counts as if it stood outside: no message here has groups,
            # and the decoder passes over them.

    def _count(self, at: int, end: int, known: Part, prefix: str, seen: dict[str, int]) -> None:
        name, limit, inside = known
        path = prefix + name
        if limit is not None:
            seen[path] = seen.get(path, 0) + 1
            self.sizes.require(path, seen[path], getattr(self.sizes, limit))
        if inside is not None:
            # The parts of one cluster, however often the field stands; those of a group only within it.
            self.scan(at, end, inside, f"{path}.", seen if limit is None else {})


def varint(payload: bytes, at: int) -> tuple[int, int]:
    """The number that begins at a place, and where it ends; a truncated one ends the scan."""
    value, shift = 0, 0
    while at < len(payload) and shift < 70:
        byte = payload[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
    return 7, len(payload)
