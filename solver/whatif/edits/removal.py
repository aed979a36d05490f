"""Instances that go: taken out by plan, or lost with their zone or by themselves."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Self

import numpy as np

from solver.domain.cluster import ZONE
from solver.errors import InvalidRequest
from solver.formats.choose import nearest
from solver.whatif.asked import Asked
from solver.whatif.edits.base import Edit
from solver.whatif.edits.selection import Instances
from solver.whatif.node import Node


@dataclass(frozen=True)
class _WithoutInstances(Edit):
    """Instances go, and their tasks are wanted elsewhere."""

    PLANNED: ClassVar[bool]
    """Whether each of their tasks counts as displaced, and not as lost."""
    instances: Instances

    @classmethod
    def read(cls, node: Node) -> Self:
        """Names, or ``{where: EXPRESSION, count: N}``."""
        return cls(Instances.read(node))

    def applied_to(self, asked: Asked) -> Asked:
        """The cluster without the instances."""
        return asked.without(self.instances.chosen(asked, ""), planned=self.PLANNED)


@dataclass(frozen=True)
class RemoveInstances(_WithoutInstances):
    """The instances are taken out by plan: their tasks are wanted elsewhere, and each counts as displaced."""

    NAME: ClassVar[str] = "remove_instances"
    PLANNED: ClassVar[bool] = True


@dataclass(frozen=True)
class LoseInstances(_WithoutInstances):
    """The instances fail: their tasks are wanted elsewhere, and each counts as lost."""

    NAME: ClassVar[str] = "lose_instances"
    PLANNED: ClassVar[bool] = False


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
        if self.zone in asked.lost_zones and self.zone not in column.values:
            raise InvalidRequest.at("", f"'{self.zone}' is lost already, by an edit before", "lose each zone once")
        if self.zone not in column.values:
            remedy = nearest(self.zone, column.values)
            raise InvalidRequest.at("", f"'{self.zone}' is no zone of the cluster", remedy)
        rest = asked.without(column.where(np.array(column.values) == self.zone), planned=False)
        return replace(rest, lost_zones=rest.lost_zones | {self.zone})
