"""Which group of a Kubernetes cluster a name means."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

from solver.domain.problem import Problem
from solver.errors import Fault
from solver.formats.choose import nearest
from solver.formats.listed import Listed


class KubernetesNames:
    """The names of a cluster's groups.

    Beside ``deployment:default/web`` also ``deployment/web``, ``default/web`` and ``web``, where only one controller is called
    so, and a family for its newest revision.
    """

    def __init__(self, problem: Problem, groups: Sequence[Listed]) -> None:
        self.problem = problem
        self.groups = groups
        self.by_name = {entry.group.name: g for g, entry in enumerate(groups)}
        self._short: dict[str, set[str]] = {}
        for family in problem.families:
            kind, _, name = family.partition(":")
            last = name.rpartition("/")[2]
            for short in (name, last, f"{kind}/{last}", f"{kind}/{name}"):
                self._short.setdefault(short, set()).add(family)

    def resolve(self, name: str) -> Listed | None:
        """The group of a name; of a family the newest; None if there is none, or a short name means several."""
        found = self.by_name.get(name)
        if found is None:
            families = {name} if name in self.problem.families else self._short.get(name, set())
            members = self.problem.families[next(iter(families))] if len(families) == 1 else ()
            found = members[0] if members else None
        return None if found is None else self.groups[found]

    def unknown(self, name: str, problem: str) -> Fault:
        """The fault of a name that means no group, with what was probably meant."""
        several = sorted(self._short.get(name, ()))
        if len(several) > 1:
            return Fault(name, "means several groups", f"write one of {', '.join(several[:5])}")
        close = get_close_matches(name, self._short, n=1)
        if close and len(self._short[close[0]]) == 1:
            return Fault(name or "''", problem, f"did you mean '{next(iter(self._short[close[0]]))}'?")
        return Fault(name or "''", problem, nearest(name, [*self.by_name, *self.problem.families]))

    def advice(self, problem: Problem, entries: Iterable[tuple[int, Listed]]) -> tuple[str, ...]:
        """What people should know about groups whose pods are to start or move, given by index."""
        return tuple(f"{entry.group.name}: {remark}" for _, entry in entries for remark in entry.remarks)
