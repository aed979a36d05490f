"""Instances that are replaced by instances of another type."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from solver.domain.altered import replaced_instances
from solver.errors import InvalidRequest
from solver.whatif.asked import Asked
from solver.whatif.edits.base import Edit, require_all
from solver.whatif.edits.selection import Instances
from solver.whatif.edits.types import capacity_of, of_type, require_known
from solver.whatif.node import Node


@dataclass(frozen=True)
class ChangeType(Edit):
    """Each of the instances is replaced by an empty one of another type, under its name and with its other attributes.

    EC2 changes the type of no instance that runs: the tasks are wanted anew, and each counts as displaced.
    """

    NAME: ClassVar[str] = "change_type"
    instances: Instances
    type: str

    @classmethod
    def read(cls, node: Node) -> ChangeType:
        """``{instances: [i-1], type: m5.xlarge}``."""
        fields = node.mapping(("instances", "type"), required=("instances", "type"))
        instances = Instances.read(fields["instances"]) if "instances" in fields else Instances()
        return cls(instances, fields["type"].text() if "type" in fields else "")

    def applied_to(self, asked: Asked) -> Asked:
        """The cluster with the instances of the type."""
        require_all(lambda: self.instances.chosen(asked), lambda: require_known(asked, self.type))
        chosen = self.instances.chosen(asked)
        same = of_type(asked.base.cluster, self.type)
        capacity = capacity_of(asked, self.type, same[0] if same else 0)
        noted = asked.noting(chosen[asked.base.running.instance])
        return noted.with_problem(replaced_instances(asked.base, chosen, self.type, capacity))

    def supposed(self, asked: Asked) -> Asked:
        """With the instances of the type, whatever they hold, where it is known which."""
        try:
            chosen = self.instances.chosen(asked)
        except InvalidRequest:
            return asked
        return asked.with_problem(replaced_instances(asked.base, chosen, self.type, {}))
