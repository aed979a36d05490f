"""What the tasks of a group take."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import ClassVar

import numpy as np

from solver.domain.counts import LARGEST_SUM
from solver.domain.request import TaskGroup
from solver.errors import Fault, InvalidRequest, require
from solver.whatif.asked import Asked
from solver.whatif.edits.base import Edit, require_all
from solver.whatif.edits.counts import LARGEST_FACTOR
from solver.whatif.node import Node


@dataclass(frozen=True)
class ChangeDemand(Edit):
    """Every task of some groups takes other amounts, those that run too: they are placed anew, and each counts as displaced.

    ECS does the same: another demand is another revision, and its tasks replace the running ones.

    Parameters
    ----------
    groups
        Services or groups, with all their revisions.
    amounts
        By resource, in the cluster's units; what is not named stays.
    factors
        By resource: what it takes now times so much, rounded up.
    """

    NAME: ClassVar[str] = "change_demand"
    groups: tuple[str, ...]
    amounts: Mapping[str, int] = field(default_factory=dict)
    factors: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def read(cls, node: Node) -> ChangeDemand:
        """``{groups: [service:web], amounts: {memory: 1024}, factors: {cpu: 1.5}}``."""
        fields = node.mapping(("groups", "amounts", "factors"), required=("groups",))
        amounts = fields["amounts"].mapping() if "amounts" in fields else {}
        factors = fields["factors"].mapping() if "factors" in fields else {}
        return cls(
            fields["groups"].texts() if "groups" in fields else (),
            {name: value.whole() for name, value in amounts.items()},
            {name: value.number() for name, value in factors.items()},
        )

    def applied_to(self, asked: Asked) -> Asked:
        """The question with other demands, and the tasks of the groups wanted anew."""
        if not self.groups:
            raise InvalidRequest.at("groups", "names no group", "name one")
        require_all(lambda: asked.chosen(self.groups), lambda: require(self._faults(asked)))
        chosen = asked.chosen(self.groups)
        running = asked.base.running
        return asked.uprooted(np.isin(running.group, chosen)).with_groups(chosen, self._changed)

    def _changed(self, group: TaskGroup) -> TaskGroup:
        demand = dict(group.demand)
        for name, factor in self.factors.items():
            demand[name] = math.ceil(Fraction(str(factor)) * demand.get(name, 0))
        return replace(group, demand=demand | dict(self.amounts))

    def _faults(self, asked: Asked) -> list[Fault]:
        resources = asked.base.cluster.resources
        faults = []
        if not self.amounts and not self.factors:
            faults.append(Fault("amounts", "names no resource", "write amounts or factors by resource"))
        for where, given in (("amounts", self.amounts), ("factors", self.factors)):
            for name, number in given.items():
                path = f"{where}.{name}"
                most = LARGEST_SUM if where == "amounts" else LARGEST_FACTOR
                if name not in resources:
                    faults.append(Fault(path, "is not a resource of the cluster", f"it has {', '.join(resources)}"))
                elif not math.isfinite(number) or not 0 <= number <= most:
                    faults.append(Fault(path, f"is {number}", f"must be 0 to {most:,}"))
                elif where == "factors" and name in self.amounts:
                    faults.append(Fault(path, "has an amount too", "give one of the two"))
        return faults
