"""What a plan may change for its caller: judged by what the request lets the search do, before it begins.

``Problem.operation`` says which running tasks may stop (asked for, moved, drained, or for others) and which may start; the
checker holds every plan within it. So a request that passes here has no plan that touches anything else.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from solver.domain.problem import Problem
from solver.domain.request import Limits, Scheduling, TaskGroup
from solver.service.callers.roles import ANYTHING, EVERYTHING, Role, Touched, require


@dataclass(frozen=True)
class Permit:
    """What a caller may have changed by one plan, and how long the search may take.

    Parameters
    ----------
    role
        Of the caller.
    kept
        Family and task role of groups that the request says otherwise than the cluster which it names: those count too.
    """

    role: Role = ANYTHING
    kept: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    def written(self) -> bytes:
        """For the process that solves; empty where everything may change."""
        role = self.role
        if role.services == role.pass_roles == EVERYTHING and role.max_time_limit is None:
            return b""
        return json.dumps([role.name, role.services, role.pass_roles, role.max_time_limit, self.kept]).encode()

    @classmethod
    def read(cls, written: bytes) -> Permit:
        """What ``written`` wrote, as far as it concerns a plan."""
        if not written:
            return cls()
        name, services, pass_roles, seconds, kept = json.loads(written)
        role = replace(
            ANYTHING, name=name, services=tuple(services), pass_roles=tuple(pass_roles), max_time_limit=seconds
        )
        return cls(role, {group: (family, passed) for group, (family, passed) in kept.items()})

    def require(self, problem: Problem, prefix: str = "") -> None:
        """Refuse a request whose plan could change what the caller may not change.

        Parameters
        ----------
        prefix
            Before the paths of the request's fields.

        Raises
        ------
        PermissionDenied
            If the role allows not every group that may start, stop or move tasks, or not every task role that starts.
        """
        if self.role.services == self.role.pass_roles == EVERYTHING:
            return
        require(denial for touched in self._touched(problem, prefix) for denial in self.role.denials(touched))

    def capped(self, limits: Limits) -> tuple[Limits, tuple[str, ...]]:
        """The limits, no longer than the role allows, and the warning that they were cut."""
        most = self.role.max_time_limit
        if most is None or limits.time_limit <= most:
            return limits, ()
        said = f"the time limit is {most:g} s, the most that the role '{self.role.name}' allows"
        return replace(limits, time_limit=most), (said,)

    def _touched(self, problem: Problem, prefix: str) -> Iterator[Touched]:
        operation = problem.operation
        stoppable = operation.stoppable.totals()
        for g, group in enumerate(problem.groups):
            moves = bool(operation.moving[g] and stoppable[g])
            if not (group.start or group.stop or stoppable[g]):
                continue
            family, role = self.kept.get(group.name, (group.family, group.role))
            field_, verb = _why(group, f"groups[{g}]", moves)
            yield Touched(
                path=f"{prefix}{field_}",
                role_path=f"{prefix}groups[{g}].role",
                verb=verb,
                names=(group.name, group.family, family or group.name),
                roles=(group.role, role) if group.start or moves else (),
            )


def _why(group: TaskGroup, path: str, moves: bool) -> tuple[str, str]:
    """The field by which the group's tasks may change, and what may happen to them."""
    if group.start:
        return f"{path}.start", "start"
    if group.stop:
        return f"{path}.stop", "stop"
    if group.movable:
        return f"{path}.movable", "move"
    if moves and group.scheduling is Scheduling.REPLICA:
        return "drained_instances", "move"
    return "freedom.preempt", "stop"
