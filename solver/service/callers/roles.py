"""What a caller may do. Whatever a role does not name is refused."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import translate
from functools import cache

from solver.errors import PermissionDenied

EVERYTHING = ("*",)


@dataclass(frozen=True)
class Role:
    """What those may do who have it.

    Patterns have ``*`` for any characters, the slash included, and ``?`` for one; capitals count.

    Parameters
    ----------
    methods
        Patterns of ``Service/Method``, without the package.
    clusters
        Patterns of the names of clusters that the server keeps.
    carried
        Whether requests may carry a cluster of their own.
    services
        Patterns of names and families of the groups whose tasks a plan may start, stop or move.
    pass_roles
        Patterns of the task roles (``TaskGroup.role``) of the groups whose tasks a plan may start or move.
    calls_at_once
        Calls of one caller at a time; None for as many as the server takes.
    max_time_limit
        Seconds that a search may take; None for what the server allows.
    """

    name: str = ""
    methods: tuple[str, ...] = ()
    clusters: tuple[str, ...] = ()
    carried: bool = False
    services: tuple[str, ...] = ()
    pass_roles: tuple[str, ...] = ()
    calls_at_once: int | None = None
    max_time_limit: float | None = None

    def allows_method(self, method: str) -> bool:
        """Whether its callers may call ``Service/Method``."""
        return matches(method, self.methods)

    def allows_cluster(self, cluster: str) -> bool:
        """Whether they may name a cluster that is kept."""
        return matches(cluster, self.clusters)

    def require_cluster(self, cluster: str) -> None:
        """Refuse a cluster, whether it is kept or not.

        Raises
        ------
        PermissionDenied
            If the role does not name it.
        """
        if not self.allows_cluster(cluster):
            raise PermissionDenied(
                f"cluster '{cluster[:100]}': the role '{self.name}' may not use it; {said(self.clusters)}"
            )

    def require_carried(self) -> None:
        """Refuse a request that carries its cluster.

        Raises
        ------
        PermissionDenied
            If the role allows kept clusters alone.
        """
        if not self.carried:
            raise PermissionDenied(
                f"cluster: the role '{self.name}' may not send one; name one that the server keeps, {said(self.clusters)}"
            )

    def denials(self, where: Touched) -> Iterator[str]:
        """What of a change to a group the role does not allow, each with its path."""
        for name in dict.fromkeys(name for name in where.names if not matches(name, self.services)):
            yield f"{where.path}: the role '{self.name}' may not {where.verb} tasks of '{name[:100]}'; {said(self.services)}"
        for role in dict.fromkeys(role for role in where.roles if role and not matches(role, self.pass_roles)):
            allowed = said(self.pass_roles).replace("use", "pass")
            yield f"{where.role_path}: the role '{self.name}' may not pass '{role[:100]}' to a task; {allowed}"


@dataclass(frozen=True)
class Touched:
    """A group whose tasks a plan may change.

    Parameters
    ----------
    path
        Of the field by which they may.
    role_path
        Of the group's task role.
    verb
        What happens to them at most: start, stop or move.
    names
        Of the group and its family, everything that it goes by.
    roles
        Task roles that its new tasks get; none where it starts no task.
    """

    path: str
    role_path: str
    verb: str
    names: tuple[str, ...]
    roles: tuple[str, ...] = ()


def require(denials: Iterable[str]) -> None:
    """Raise what is not allowed.

    Raises
    ------
    PermissionDenied
        With the first of the denials, and how many more there are.
    """
    found = list(denials)
    if found:
        raise PermissionDenied(found[0] + (f" (and {len(found) - 1} more)" if len(found) > 1 else ""))


ANYTHING = Role("", EVERYTHING, EVERYTHING, True, EVERYTHING, EVERYTHING)
"""Of whoever comes where nobody must prove who they are."""


def matches(name: str, patterns: Sequence[str]) -> bool:
    """Whether a pattern takes all of a name."""
    return any(_compiled(pattern).match(name) for pattern in patterns)


def said(patterns: Sequence[str]) -> str:
    """What is allowed, in words."""
    return f"it may: {', '.join(patterns[:5])}" if patterns else "it may use none"


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    # Only * and ? are special: brackets stand in names.
    return re.compile(translate(pattern.replace("[", "[[]")))
