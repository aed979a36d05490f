"""A Kubernetes cluster as a problem, and as what requests are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from solver.domain.problem import Problem
from solver.domain.request import RuleSpec
from solver.errors import Fault, InvalidRequest
from solver.formats.choose import NO_GROUP, choose
from solver.formats.ecs.remarks import listed
from solver.formats.kubernetes.names import KubernetesNames
from solver.formats.listed import Listed
from solver.formats.operable import Operable


@dataclass(frozen=True, eq=False)
class KubernetesCluster(Operable):
    """What a directory of Kubernetes objects says, offered as a cluster of ECS documents is.

    Parameters
    ----------
    problem
        Every group of pods; what is wanted are the pods that wait for a node.
    warnings
        What matters in the documents and is not modelled, is set aside, or had to be assumed.
    desired
        Pods that there should be, by family.
    groups
        The groups of the problem, with what people should know about each.
    pending
        By group, the pods that wait for a node, by namespace and name.
    """

    problem: Problem
    warnings: tuple[str, ...]
    desired: Mapping[str, int]
    groups: tuple[Listed, ...] = field(repr=False)
    pending: Mapping[str, tuple[str, ...]] = field(repr=False)

    @cached_property
    def names(self) -> KubernetesNames:
        """What its groups are called."""
        return KubernetesNames(self.problem, self.groups)

    def desired_counts(self) -> Mapping[str, int]:
        """Pods that there should be, by family."""
        return self.desired

    def request(
        self,
        starts: Mapping[str, int],
        *,
        constraints: Sequence[RuleSpec] | None = None,
        strategies: Sequence[RuleSpec] | None = None,
        priorities: Mapping[str, int] | None = None,
        frozen: Sequence[str] = (),
    ) -> tuple[Problem, tuple[str, ...]]:
        """The problem of starting so many pods of each group, and warnings; without any, the pods that wait for a node.

        Raises
        ------
        InvalidRequest
            With every unknown group or node, and every contradiction.
        """
        faults: list[Fault] = []
        wanted = self._canonical(starts, faults, NO_GROUP)
        ranked = self._canonical(priorities or {}, faults, f"has a priority and {NO_GROUP}")
        if not starts:
            wanted = {group.name: group.start for group in self.problem.groups if group.start}
        entries = [(g, entry) for g, entry in enumerate(self.groups) if wanted.get(entry.group.name)]
        for _, entry in entries:
            if entry.refusal:
                problem, _, remedy = entry.refusal.partition("; ")
                faults.append(Fault(entry.group.name, problem, remedy))
        still = [self._group_or_node(name) for name in frozen]
        try:
            found = choose(self.problem, {} if faults else wanted, constraints, strategies, ranked, still)
        except InvalidRequest as invalid:
            raise InvalidRequest(
                [*faults, *(f for f in invalid.faults if not faults or f.path != "rules")]
            ) from invalid
        if faults:
            raise InvalidRequest(faults)
        waiting = [
            f"{name}: the pods that wait for a node: {listed(self.pending[name])}"
            for name, count in wanted.items()
            if not starts and count > 1
        ]
        return found, (*waiting, *self.names.advice(found, entries))

    def _canonical(self, numbers: Mapping[str, int], faults: list[Fault], problem: str) -> dict[str, int]:
        """The same by the whole names of groups."""
        found: dict[str, int] = {}
        for name, number in numbers.items():
            entry = self.names.resolve(name)
            if entry is None:
                faults.append(self.names.unknown(name, problem))
            elif entry.group.name in found:
                faults.append(Fault(name, f"is the same group as {entry.group.name}", "name it once"))
            else:
                found[entry.group.name] = number
        return found

    def _group_or_node(self, name: str) -> str:
        entry = None if self.problem.cluster.find(name) is not None else self.names.resolve(name)
        return name if entry is None else entry.group.name
