"""Instances that join, empty."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import ClassVar

from solver.domain.altered import NewInstance, with_instances
from solver.domain.cluster import INSTANCE_TYPE, ZONE, ClusterSnapshot
from solver.errors import InvalidRequest
from solver.formats.choose import alike, nearest
from solver.whatif.asked import Asked
from solver.whatif.edits.base import Edit, require_all
from solver.whatif.edits.types import capacity_of, of_type, require_known
from solver.whatif.node import Node

MOST_ADDED = 10_000
"""Instances of one edit."""

OF_PLATFORM = ("ecs.", "com.amazonaws.ecs.")
"""Attributes that the agent and the platform set: an instance of a type that the cluster does not have gets those of another."""


@dataclass(frozen=True)
class AddInstances(Edit):
    """Empty instances join, ACTIVE and connected.

    Parameters
    ----------
    count
        So many.
    like
        An instance of the cluster of which they are copies: type, zone, attributes, capacity provider.
    type
        In place of ``like``: of this type, with the attributes of the first instance of the type in the zone, else of the
        type. Of a type that the cluster does not have, which ``types`` must list, they have the platform's attributes alone.
    zone
        Theirs, where it is not that of the pattern.
    attributes
        Further attributes, or other values.
    capacity_provider
        Theirs, where it is not that of the pattern.
    name
        They are called ``name-1``, ``name-2``, ...
    """

    NAME: ClassVar[str] = "add_instances"
    count: int = 1
    like: str = ""
    type: str = ""
    zone: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)
    capacity_provider: str = ""
    name: str = "new"

    @classmethod
    def read(cls, node: Node) -> AddInstances:
        """``{type: m5.large, zone: us-east-1a, count: 3}``."""
        fields = node.mapping(("count", "like", "type", "zone", "attributes", "capacity_provider", "name"))
        texts = {
            key: fields[key].text() for key in ("like", "type", "zone", "capacity_provider", "name") if key in fields
        }
        attributes = fields["attributes"].mapping() if "attributes" in fields else {}
        return cls(
            count=fields["count"].whole() if "count" in fields else 1,
            like=texts.get("like", ""),
            type=texts.get("type", ""),
            zone=texts.get("zone", ""),
            attributes={key: value.text() for key, value in attributes.items()},
            capacity_provider=texts.get("capacity_provider", ""),
            name=texts.get("name", "new"),
        )

    def applied_to(self, asked: Asked) -> Asked:
        """The cluster with the instances at the end."""
        cluster = asked.base.cluster
        require_all(self._require_count, lambda: self._pattern(asked))
        pattern, exact = self._pattern(asked)
        name = self.type or cluster.column(INSTANCE_TYPE)[pattern] or ""
        attributes = {
            key: value
            for key, column in cluster.attributes.items()
            if (value := column[pattern]) is not None and (exact or key.startswith(OF_PLATFORM))
        }
        attributes |= {INSTANCE_TYPE: name} if name else {}
        attributes |= {ZONE: self.zone} if self.zone else {}
        provider = self.capacity_provider or ((cluster.capacity_provider[pattern] or "") if exact else "")
        capacity = capacity_of(asked, name, pattern)
        new = [
            NewInstance(label, pattern, capacity, attributes | dict(self.attributes), provider)
            for label in _labels(cluster, self.name, self.count)
        ]
        return replace(
            asked.with_problem(with_instances(asked.base, new)), remarks=(*asked.remarks, *self._remarks(asked))
        )

    def _remarks(self, asked: Asked) -> Iterator[str]:
        """That a zone is new: it may be meant, or misspelt."""
        zones = asked.base.cluster.column(ZONE).values
        if self.zone and zones and self.zone not in zones:
            meant = "".join(f"; was '{other}' meant?" for other in alike(self.zone, zones, 1))
            yield f"{self.NAME}: no instance was in zone '{self.zone}' before{meant}"

    def supposed(self, asked: Asked) -> Asked:
        """With instances of their names, type, zone and attributes, whatever they hold."""
        cluster = asked.base.cluster
        named = {INSTANCE_TYPE: self.type, ZONE: self.zone, **self.attributes}
        attributes = {key: value for key, value in named.items() if value}
        count = min(max(self.count, 1), MOST_ADDED)
        new = [NewInstance(label, None, {}, attributes) for label in _labels(cluster, self.name, count)]
        return asked.with_problem(with_instances(asked.base, new))

    def _require_count(self) -> None:
        if not 1 <= self.count <= MOST_ADDED:
            raise InvalidRequest.at("count", f"is {self.count:,}", f"must be 1 to {MOST_ADDED:,}")

    def _pattern(self, asked: Asked) -> tuple[int, bool]:
        """The instance that they are like, and whether in everything."""
        if bool(self.like) == bool(self.type):
            raise InvalidRequest.at("", "must have either like or type", "name an instance to copy, or a type")
        cluster = asked.base.cluster
        if self.like:
            at = cluster.find(self.like)
            if at is None:
                remedy = nearest(self.like, [cluster.label(i) for i in range(cluster.size)])
                raise InvalidRequest.at("like", f"'{self.like}' is no instance of the cluster", remedy)
            return at, True
        zones = cluster.column(ZONE)
        same = of_type(cluster, self.type)
        require_known(asked, self.type)
        candidates = same or range(cluster.size)
        there = [i for i in candidates if zones[i] == self.zone]
        return next(iter(there or candidates)), bool(same)


def _labels(cluster: ClusterSnapshot, name: str, count: int) -> list[str]:
    """``count`` names that no instance has."""
    taken, number = set(cluster.instance_ids), 0
    found: list[str] = []
    while len(found) < count:
        number += 1
        if (label := f"{name}-{number}") not in taken:
            found.append(label)
    return found
