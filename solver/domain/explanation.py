"""Why: violations of a plan, and for each shortfall the funnel, the conflict and the repairs (§7)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Violation:
    """One rule broken at one place: ``after`` is more than what is allowed there, ``allowed``.

    Amounts are in the rule's own unit. ``place`` names an instance or a bucket; ``group`` the group whose rule it is,
    empty for a rule of the cluster.
    """

    rule: str
    group: str
    place: str
    allowed: int
    after: int
    unit: str

    def __str__(self) -> str:
        whose = f"{self.group}: " if self.group else ""
        return f"{whose}{self.rule} at {self.place}: {self.after:,} {self.unit}, at most {self.allowed:,}"


@dataclass(frozen=True)
class FunnelStage:
    """How many instances one rule refused first, in the pipeline's order.

    Parameters
    ----------
    stage
        ``cluster``, ``customer`` or ``final``.
    rule
        The rule's name.
    reason
        ECS's reason code or text.
    refused
        Instances for which this was the first reason.
    left
        Instances that remain after this rule.
    """

    stage: str
    rule: str
    reason: str
    refused: int
    left: int


@dataclass(frozen=True)
class Conflict:
    """Rules and resources that cannot hold together with one more task placed.

    Parameters
    ----------
    members
        Rules, resources and counts, for people.
    minimal
        True only if leaving out any member would make room.
    proven
        True if it is proved that they cannot hold together.
    """

    members: tuple[str, ...]
    minimal: bool
    proven: bool


@dataclass(frozen=True)
class Repair:
    """The cheapest single change of one kind that would place one more task of the group (§7.1).

    Parameters
    ----------
    kind
        ``move``, ``relax``, ``reduce`` or ``add``.
    change
        One sentence: what to change.
    verified
        The request was solved again with the change, and one more task was placed.
    """

    kind: str
    change: str
    verified: bool


@dataclass(frozen=True)
class Shortfall:
    """Why tasks of one group were not placed."""

    group: str
    wanted: int
    placed: int
    proven: bool
    """Whether it is proved that no plan places more of its class."""
    funnel: tuple[FunnelStage, ...] = ()
    conflict: Conflict | None = None
    repairs: tuple[Repair, ...] = ()


@dataclass(frozen=True)
class RoleUse:
    """Where the tasks of one isolated task role are, before and after the operation.

    Parameters
    ----------
    instances_before, instances_after
        Instances with tasks of the role.
    is_known
        Whether a group of the request has the role; else its name may be written in another way than the groups have it.
    """

    role: str
    instances_before: int
    instances_after: int
    tasks_before: int
    tasks_after: int
    is_known: bool


@dataclass(frozen=True)
class RolesTogether:
    """Two isolated roles, and on how many instances tasks of both are before and after the operation."""

    first: str
    second: str
    before: int
    after: int


@dataclass(frozen=True)
class Isolation:
    """What one rule ``isolateRoles`` comes to (§3.8).

    Parameters
    ----------
    roles
        Each role of the rule.
    together
        The pairs that share an instance before or after; empty where the rule holds everywhere.
    shared_before, shared_after
        Instances with tasks of several of the roles; never more after than before (§8).
    """

    rule: str
    roles: tuple[RoleUse, ...]
    together: tuple[RolesTogether, ...]
    shared_before: int
    shared_after: int
