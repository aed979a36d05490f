"""Instances that go: taken out by plan, or lost with their zone or by themselves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from solver.domain.cluster import ZONE
from solver.errors import InvalidRequest
from solver.formats.choose import nearest
from solver.whatif.asked import Asked
from solver.whatif.edits.base import Edit
from solver.whatif.edits.selection import Instances
from solver.whatif.node import Node


@dataclass(frozen=True)
class RemoveInstances(Edit):
    """The instances are taken out by plan: their tasks are wanted elsewhere, and each counts as displaced."""

    NAME: ClassVar[str] = "remove_instances"
    instances: Instances

    @classmethod
    def read(cls, node: Node) -> RemoveInstances:
        """Names, or ``{where: EXPRESSION, count: N}``."""
        return cls(Instances.read(node))

    def applied_to(self, asked: Asked) -> Asked:
        """The cluster without the instances."""
        return asked.without(self.instances.chosen(asked, ""), planned=True)


@dataclass(frozen=True)
class LoseInstances(Edit):
    """The instances fail: their tasks are wanted elsewhere, and each counts as lost."""

    NAME: ClassVar[str] = "lose_instances"
    instances: Instances

    @classmethod
    def read(cls, node: Node) -> LoseInstances:
        """Names, or ``{where: EXPRESSION, count: N}``."""
        return cls(Instances.read(node))

    def applied_to(self, asked: Asked) -> Asked:
        """The cluster without the instances."""
        return asked.without(self.instances.chosen(asked, ""), planned=False)


@dataclass(frozen=True)
class LoseZone(Edit):
    """All instances of an availability zone fail, as in ``LoseInstances``."""

    NAME: ClassVar[str] = "lose_zone"
    zone: str

    @classmethod
    def read(cls, node: Node) -> LoseZone:
        """The zone's name."""
        return cls(node.text())

    def applied_to(self, asked: Asked) -> Asked:
        """The cluster without the zone."""
        column = asked.base.cluster.column(ZONE)
        if self.zone not in column.values:
            remedy = nearest(self.zone, column.values)
            raise InvalidRequest.at("", f"'{self.zone}' is no zone of the cluster", remedy)
        return asked.without(column.where(np.array(column.values) == self.zone), planned=False)
