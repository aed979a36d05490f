"""What people should know about the rules of groups whose tasks are to start."""

from __future__ import annotations

from collections.abc import Iterable

from solver.domain.counts import Bools
from solver.domain.problem import Problem
from solver.errors import InvalidRequest
from solver.formats.ecs.remarks import listed
from solver.formats.listed import Listed
from solver.rules import isolate_roles
from solver.rules.base import Constraint
from solver.rules.capacity_providers import CapacityProviders
from solver.rules.location import Location
from solver.rules.member_of import MemberOf
from solver.rules.required_attributes import RequiredAttributes

BY_INSTANCE = ("instanceId", "host")


def advice(problem: Problem, entries: Iterable[tuple[int, Listed]]) -> tuple[str, ...]:
    """The remarks on groups, given by index, each with the names that it is about; then what their strategies say."""
    chosen = [(g, problem.groups[g].name, entry) for g, entry in entries]
    found = [(name, remark) for _, name, entry in chosen for remark in entry.remarks]
    found += [(name, remark) for g, name, _ in chosen for remark in _rule_remarks(problem, g)]
    return tuple(_by_group(found))


def unknown_roles(problem: Problem, groups: Iterable[Listed]) -> tuple[str, ...]:
    """A warning of tasks whose role no document says, where roles are isolated (§3.8): the rule does not hold them apart."""
    if not any(rule.type == isolate_roles.TYPE for rule in problem.rules):
        return ()
    running = problem.running.totals()
    names = [
        entry.group.name
        for entry in groups
        if entry.is_undefined and not entry.group.role and running[problem.by_name[entry.group.name]]
    ]
    if not names:
        return ()
    text = "the task role is not known, as the task definition is not there: isolateRoles does not keep its tasks apart"
    return (f"{listed(names)}: {text}",)


def _by_group(remarks: Iterable[tuple[str, str]]) -> list[str]:
    """Each remark once, with the groups that it is about."""
    found: dict[str, list[str]] = {}
    for name, remark in remarks:
        found.setdefault(remark, []).append(name)
    return [f"{listed(names)}: {remark}" for remark, names in found.items()]


def _rule_remarks(problem: Problem, group: int) -> list[str]:
    """What is odd about a group's chain of strategies on this cluster."""
    chain = problem.strategies(group)
    remarks = []
    if any(rule.type == "spread" and rule.argument in BY_INSTANCE for rule in chain) and any(
        rule.type == "binpack" for rule in chain
    ):
        remarks.append(
            "spreads over instances and packs: AWS advises against the two together, as spread undoes packing"
        )
    fields = [rule.argument for rule in chain if rule.type == "spread" and rule.argument.startswith("attribute:")]
    if fields:
        usable = _usable(problem, group)
        for field in fields:
            lacking = int((usable & (problem.cluster.column(field).codes < 0)).sum())
            if lacking:
                remarks.append(
                    f"spreads over {field}, which {lacking} of {int(usable.sum())} usable instances lack: used last"
                )
    return remarks


def _usable(problem: Problem, at: int) -> Bools:
    """``bool[I]``: where the group may start tasks, as far as facts of the instances say."""
    group = problem.groups[at]
    rules: list[Constraint] = [RequiredAttributes(at, group.required_attributes)]
    rules += [Location(at, group.zones)] if group.zones else []
    rules += [CapacityProviders(at, group.capacity_providers)] if group.capacity_providers else []
    for spec in group.constraints:
        if spec.type == "memberOf":
            try:
                rules.append(MemberOf.parse(at, spec.argument))
            except InvalidRequest:  # The rule is refused with its path where all rules are read.
                continue
    usable = problem.cluster.accepts.copy()
    for rule in rules:
        if rule.is_static:
            usable &= rule.admits(problem, at)
    return usable
