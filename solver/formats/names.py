"""Which group of a cluster a name means."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from solver.domain.problem import Problem
from solver.errors import Fault
from solver.formats.choose import nearest
from solver.formats.listed import Listed


class Names(Protocol):
    """The names of a cluster's groups, as its documents give them."""

    @property
    def problem(self) -> Problem:
        """What runs."""

    @property
    def groups(self) -> Sequence[Listed]:
        """The groups of the problem, in its order: those of a family from the newest to the oldest."""

    @property
    def by_name(self) -> Mapping[str, int]:
        """The index of each group's name."""

    def resolve(self, name: str) -> Listed | None:
        """The group whose tasks start under a name, perhaps one that nothing runs of; None if there is none."""

    def unknown(self, name: str, problem: str) -> Fault:
        """The fault of a name that means no group, with what was probably meant."""

    def advice(self, problem: Problem, entries: Iterable[tuple[int, Listed]]) -> tuple[str, ...]:
        """What people should know about groups of a problem whose tasks are to start, given by index."""


class TableNames:
    """The names of groups that come from tables: each its own, and a family's for the first of its groups."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.groups = tuple(Listed(group) for group in problem.groups)
        self.by_name = problem.by_name

    def resolve(self, name: str) -> Listed | None:
        """The group of this name, else the first of the family."""
        found = self.by_name.get(name)
        members = self.problem.families.get(name, ()) if found is None else (found,)
        return self.groups[members[0]] if members else None

    def unknown(self, name: str, problem: str) -> Fault:
        """The fault of a name that means no group, with what was probably meant."""
        return Fault(name or "''", problem, nearest(name, [*self.by_name, *self.problem.families]))

    def advice(self, problem: Problem, entries: Iterable[tuple[int, Listed]]) -> tuple[str, ...]:
        """Nothing: whoever wrote the tables knows."""
        return ()
