"""Priorities of pods (Kubernetes documentation, Pod Priority and Preemption)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from solver.formats.ecs.documents import Element

SYSTEM = {"system-cluster-critical": 2_000_000_000, "system-node-critical": 2_000_001_000}
LOWEST, HIGHEST = -(2**31), 2**31 - 1


@dataclass(frozen=True)
class Priorities:
    """The priority classes of a cluster.

    Parameters
    ----------
    usual
        Of a pod that names no class.
    """

    classes: Mapping[str, int]
    usual: int = 0

    def of(self, spec: Element, remarks: list[str]) -> int:
        """The priority of a pod: what it says itself, else what its class says."""
        if spec.has("priority"):
            return spec.amount("priority", LOWEST, HIGHEST)
        name = spec.text("priorityClassName")
        if not name:
            return self.usual
        if name not in self.classes:
            remarks.append(f"its priority class {name} is not in the documents: priority {self.usual}")
        return self.classes.get(name, self.usual)


def read_priorities(documents: Iterable[Element]) -> Priorities:
    """The priority classes, with those that every cluster has."""
    classes, usual = dict(SYSTEM), 0
    for document in documents:
        metadata = document.element("metadata")
        value = document.amount("value", LOWEST, HIGHEST)
        if metadata is not None:
            classes[metadata.text("name")] = value
        if document.flag("globalDefault"):
            usual = value
    return Priorities(classes, usual)
