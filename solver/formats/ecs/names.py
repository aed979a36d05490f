"""Which group of an ECS cluster a name means, and what was meant by one that means none."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from solver.domain.problem import Problem
from solver.errors import Fault
from solver.formats.choose import alike
from solver.formats.ecs.advice import advice, unknown_roles
from solver.formats.ecs.groups import Directory
from solver.formats.ecs.remarks import listed
from solver.formats.listed import AS_ROLE, Listed


class EcsNames:
    """The names of a cluster's groups.

    Parameters
    ----------
    problem
        What runs.
    groups
        Its groups, in its order, each with all of its rules and with what people should know about it.
    """

    def __init__(self, problem: Problem, groups: Sequence[Listed], directory: Directory) -> None:
        self.problem = problem
        self.groups = groups
        self.directory = directory
        self.by_name = {entry.group.name: g for g, entry in enumerate(groups)}

    def resolve(self, name: str) -> Listed | None:
        """The group of a name: one that is listed, a service set aside, or a revision that nothing runs of."""
        if name in self.by_name:
            return self.groups[self.by_name[name]]
        directory = self.directory
        if AS_ROLE in name:
            return None
        if name in directory.services:
            return self._listed(name, directory.current(name))
        kind, _, rest = name.partition(":")
        if kind == "family":
            definition = directory.definitions.find(rest)
            return self._listed(f"family:{definition.family}", definition.key) if definition else None
        group, _, key = name.rpartition("@")
        families = {entry.group.family for entry in self.groups}
        if key in directory.definitions.by_key and group in families:
            return self._listed(group, key)
        return None

    def _listed(self, group: str, key: str) -> Listed:
        at = self.by_name.get(self.directory.name(group, key))
        return self.directory.listed(group, key) if at is None else self.groups[at]

    def advice(self, problem: Problem, entries: Iterable[tuple[int, Listed]]) -> tuple[str, ...]:
        """What people should know about groups of a problem whose tasks are to start, given by index; and of isolated roles."""
        return (*advice(problem, entries), *unknown_roles(problem, self.groups))

    def unknown(self, name: str, problem: str) -> Fault:
        """The fault of a name that means no group, with what was probably meant."""
        directory = self.directory
        known = [*self.by_name, *directory.services]
        known += [
            f"family:{family}" for family in directory.definitions.families if directory.definitions.latest(family)
        ]
        known += [f"family:{key}" for key in directory.definitions.by_key]
        known = list(dict.fromkeys(known))
        if close := alike(name, known, 3):
            return Fault(name or "''", problem, f"did you mean {' or '.join(close)}?")
        return Fault(name or "''", problem, f"must be one of {listed(known) or 'none: there is none'}")
