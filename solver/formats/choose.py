"""What is asked of a cluster whose groups are known by name: which to start, how, and what stays frozen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches

from solver.domain.problem import Problem
from solver.domain.request import RuleSpec
from solver.errors import Fault, InvalidRequest

NO_GROUP = "is not a group of the cluster"


def choose(
    problem: Problem,
    starts: Mapping[str, int],
    constraints: Sequence[RuleSpec] | None,
    strategies: Sequence[RuleSpec] | None,
    priorities: Mapping[str, int],
    frozen: Iterable[str],
) -> Problem:
    """The problem of starting exactly so many tasks of each group.

    Parameters
    ----------
    starts
        New tasks by group; all other groups start none.
    constraints, strategies
        In place of the group's own, for a single group.
    priorities
        In place of the groups' own.
    frozen
        Groups and instances where nothing may change.

    Raises
    ------
    InvalidRequest
        With every unknown group or instance, every group both frozen and to be started, and rules for other than one
        group.
    """
    faults = [
        Fault(name, problem_, nearest(name, problem.by_name))
        for names, problem_ in ((starts, NO_GROUP), (priorities, f"has a priority and {NO_GROUP}"))
        for name in names
        if name not in problem.by_name
    ]
    if (constraints or strategies) and len(starts) != 1:
        remedy = "place one group, or write the rules into the request"
        faults.append(Fault("rules", f"are given for {len(starts)} groups", remedy))
    still = problem.frozen.copy()
    for name in frozen:
        instance = problem.cluster.find(name)
        if instance is not None:
            still[instance] = True
        elif name not in problem.by_name:
            remedy = "must be a group, or an instance by EC2 id, ARN or the ARN's last part"
            faults.append(Fault(name, "is to be frozen and is not in the cluster", remedy))
        elif name in starts:
            faults.append(Fault(name, "is both frozen and to be started", "drop one of the two"))
    if faults:
        raise InvalidRequest(faults)
    groups = tuple(
        replace(
            group,
            start=starts.get(group.name, 0),
            priority=priorities.get(group.name, group.priority),
            constraints=tuple(constraints) if constraints and group.name in starts else group.constraints,
            strategies=tuple(strategies) if strategies and group.name in starts else group.strategies,
        )
        for group in problem.groups
    )
    return replace(problem, groups=groups, frozen=still)


def alike(name: str, known: Sequence[str], most: int) -> list[str]:
    """At most so many of the known names, those first that were probably meant: the name after a prefix such as ``service:``,
    then names that are close, then those that are close without their prefix."""
    bare: dict[str, list[str]] = {}
    for other in known:
        bare.setdefault(other.partition(":")[2] or other, []).append(other)
    found = list(bare.get(name, ())) if name else []
    found += get_close_matches(name, known, n=most)
    if not found:
        found = [other for close in get_close_matches(name, bare, n=most) for other in bare[close]]
    return list(dict.fromkeys(found))[:most]


def nearest(name: str, names: Iterable[str]) -> str:
    """What a wrong name should be, for the end of a fault."""
    known = list(dict.fromkeys(names))
    if close := alike(name, known, 1):
        return f"did you mean '{close[0]}'?"
    return f"must be one of {', '.join(known[:20])}" if known else "there is none"
