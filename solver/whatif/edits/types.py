"""What an instance of a type has: as the scenarios list it, else as the cluster's own instances of the type."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from solver.domain.cluster import INSTANCE_TYPE, ClusterSnapshot
from solver.errors import InvalidRequest
from solver.formats.choose import nearest
from solver.formats.ecs.interfaces import NO_LIMIT, most_tasks
from solver.whatif.asked import Asked

INTERFACES = "interfaces"


def of_type(cluster: ClusterSnapshot, name: str) -> list[int]:
    """The instances of a type."""
    column = cluster.column(INSTANCE_TYPE)
    if name not in column.values:
        return []
    found: list[int] = np.flatnonzero(column.codes == column.values.index(name)).tolist()
    return found


def known_types(asked: Asked) -> tuple[str, ...]:
    """The types that the scenarios list and the cluster has."""
    return tuple(dict.fromkeys([*asked.types, *asked.base.cluster.column(INSTANCE_TYPE).values]))


def require_known(asked: Asked, name: str) -> None:
    """Refuse a type that neither the cluster has nor the scenarios list.

    Raises
    ------
    InvalidRequest
        At ``type``, with what was probably meant.
    """
    if name not in known_types(asked):
        remedy = f"{nearest(name, known_types(asked))}, or list it under types"
        raise InvalidRequest.at("type", f"'{name}' is no type that is known", remedy)


def capacity_of(asked: Asked, name: str, pattern: int) -> Mapping[str, int]:
    """By resource: what an instance of a type has, or one like ``pattern`` where the type is not listed.

    Where a listed type says nothing of network interfaces and the cluster counts them, EC2's limit without trunking stands.
    """
    cluster = asked.base.cluster
    listed = asked.types.get(name)
    if listed is None:
        return dict(zip(cluster.resources, cluster.capacity[pattern].tolist(), strict=True))
    found = dict(listed.capacity)
    if INTERFACES in cluster.resources and INTERFACES not in found:
        most = most_tasks(name, False)
        found[INTERFACES] = NO_LIMIT if most is None else most
    return found
