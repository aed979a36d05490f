"""What is asked of an ECS cluster: which groups to start, with whose rules, and what stays as it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches

import numpy as np

from solver.domain.counts import Bools, Counts
from solver.domain.problem import Problem
from solver.domain.request import MAX_START, RuleSpec, TaskGroup
from solver.errors import Fault, InvalidRequest
from solver.formats.ecs.groups import Directory, Listed
from solver.formats.ecs.remarks import listed
from solver.rules.base import Constraint
from solver.rules.capacity_providers import CapacityProviders
from solver.rules.location import Location
from solver.rules.member_of import MemberOf
from solver.rules.required_attributes import RequiredAttributes

BY_INSTANCE = ("instanceId", "host")


@dataclass(frozen=True)
class Request:
    """What ``EcsCluster.request`` was given."""

    starts: Mapping[str, int]
    constraints: Sequence[RuleSpec] | None
    strategies: Sequence[RuleSpec] | None
    priorities: Mapping[str, int]
    frozen: tuple[str, ...]
    all_or_nothing: bool
    rules: tuple[RuleSpec, ...]


def make_request(
    request: Request, base: Problem, groups: Sequence[Listed], directory: Directory
) -> tuple[Problem, tuple[str, ...]]:
    """The problem of a request, the wanted groups first and in its order, and the warnings that concern them.

    Raises
    ------
    InvalidRequest
        With everything that is wrong with the request.
    """
    return _Maker(request, base, groups, directory).problem()


class _Maker:
    """Puts a request together and collects what is wrong with it.

    Parameters
    ----------
    groups
        The groups of ``base``, in its order, with what people should know about them.
    """

    def __init__(self, request: Request, base: Problem, groups: Sequence[Listed], directory: Directory) -> None:
        self.request = request
        self.base = base
        self.groups = groups
        self.directory = directory
        self.by_name = {entry.group.name: g for g, entry in enumerate(groups)}
        self.faults: list[Fault] = []

    def problem(self) -> tuple[Problem, tuple[str, ...]]:
        """The problem and the warnings, once nothing is wrong."""
        wanted = self._wanted()
        self._check_rules()
        frozen = self._frozen([entry for entry, _ in wanted])
        priorities = self._priorities([entry for entry, _ in wanted])
        if self.faults:
            raise InvalidRequest(self.faults)
        chosen = [self._started(entry, priorities) for entry, _ in wanted]
        places = [place for _, place in wanted]
        rest = [g for g in range(len(self.groups)) if g not in places]
        others = [
            replace(
                self.base.groups[g], priority=priorities.get(self.base.groups[g].name, self.base.groups[g].priority)
            )
            for g in rest
        ]
        order = np.full(len(self.groups), -1, np.int64)
        for new, old in enumerate([*places, *rest]):
            if old is not None:
                order[old] = new
        running, tasks = self.base.running, self.base.tasks
        shape = (len(chosen) + len(others), self.base.cluster.size)
        problem = Problem(
            cluster=self.base.cluster,
            groups=(*chosen, *others),
            running=Counts.of(shape, order[running.group], running.instance, running.count),
            rules=self.request.rules,
            all_or_nothing=self.request.all_or_nothing,
            frozen=frozen,
            tasks=tuple(
                task if order[task.group] == task.group else replace(task, group=int(order[task.group]))
                for task in tasks
            ),
        )
        found = [
            (group.name, remark) for group, (entry, _) in zip(chosen, wanted, strict=True) for remark in entry.remarks
        ]
        found += [(group.name, remark) for g, group in enumerate(chosen) for remark in _rule_remarks(problem, g)]
        return problem, tuple(_by_group(found))

    def _wanted(self) -> list[tuple[Listed, int | None]]:
        """The groups that are asked for and the index of each; None for one that has nothing running."""
        found: list[tuple[Listed, int | None]] = []
        seen: dict[tuple[str, str], str] = {}
        for name, count in self.request.starts.items():
            if isinstance(count, bool) or not isinstance(count, int) or not 0 <= count <= MAX_START:
                self.faults.append(
                    Fault(name, f"is to start {count} tasks", f"must be a whole number, 0 to {MAX_START:,}")
                )
            entry = self._resolve(name)
            if entry is None:
                self.faults.append(self._unknown(name, "is not a group of the cluster"))
                continue
            if entry.refusal:
                problem, _, remedy = entry.refusal.partition("; ")
                self.faults.append(Fault(name, problem, remedy))
                continue
            identity = (entry.group.family, entry.group.task_definition)
            if identity in seen:
                self.faults.append(Fault(name, f"is the same group as {seen[identity]}", "name it once"))
            seen[identity] = name
            at = self.by_name.get(entry.group.name)
            found.append((replace(entry, group=replace(entry.group, name=name)), at))
        return found

    def _resolve(self, name: str) -> Listed | None:
        """The group of a name: one that is listed, a service set aside, or a revision that nothing runs of."""
        if name in self.by_name:
            return self.groups[self.by_name[name]]
        directory = self.directory
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

    def _unknown(self, name: str, problem: str) -> Fault:
        directory = self.directory
        known = [*self.by_name, *directory.services]
        known += [
            f"family:{family}" for family in directory.definitions.families if directory.definitions.latest(family)
        ]
        known += [f"family:{key}" for key in directory.definitions.by_key]
        known = list(dict.fromkeys(known))
        close = [candidate for candidate in known if name and candidate.endswith(f":{name}")]
        close += [other for other in get_close_matches(name, known, n=3) if other not in close]
        if close:
            return Fault(name or "''", problem, f"did you mean {' or '.join(close[:3])}?")
        return Fault(name or "''", problem, f"must be one of {listed(known) or 'none: there is none'}")

    def _check_rules(self) -> None:
        for name in ("constraints", "strategies"):
            if getattr(self.request, name) is not None and len(self.request.starts) != 1:
                remedy = "place one group alone, or write the rules into the services"
                self.faults.append(Fault(name, f"are given for {len(self.request.starts)} groups", remedy))

    def _frozen(self, wanted: list[Listed]) -> Bools:
        cluster = self.base.cluster
        still = np.zeros(cluster.size, np.bool_)
        started = {entry.group.name for entry in wanted if self.request.starts[entry.group.name]}
        started |= {entry.group.family for entry in wanted if entry.group.name in started}
        families = {entry.group.family for entry in self.groups}
        for name in self.request.frozen:
            instance = cluster.find(name)
            if instance is not None:
                still[instance] = True
            elif name in started:
                self.faults.append(Fault(name, "is both frozen and to be started", "drop one of the two"))
            elif name not in families and self._resolve(name) is None:
                fault = self._unknown(name, "is to be frozen and is neither a group nor an instance")
                close = get_close_matches(name, [cluster.label(i) for i in range(cluster.size)], n=1)
                remedy = f"did you mean {close[0]}?" if close and "did you mean" not in fault.remedy else fault.remedy
                self.faults.append(Fault(fault.path, fault.problem, remedy))
        return still

    def _priorities(self, wanted: list[Listed]) -> dict[str, int]:
        names = {entry.group.name for entry in wanted}
        found = {}
        for name, priority in self.request.priorities.items():
            if name not in names and self._resolve(name) is None:
                self.faults.append(self._unknown(name, "has a priority and is not a group of the cluster"))
            elif isinstance(priority, bool) or not isinstance(priority, int):
                self.faults.append(Fault(name, f"has the priority {priority!r}", "must be a whole number"))
            else:
                found[name] = priority
        return found

    def _started(self, entry: Listed, priorities: Mapping[str, int]) -> TaskGroup:
        group, request = entry.group, self.request
        return replace(
            group,
            start=request.starts[group.name],
            priority=priorities.get(group.name, group.priority),
            constraints=group.constraints if request.constraints is None else (*entry.own, *request.constraints),
            strategies=group.strategies if request.strategies is None else tuple(request.strategies),
        )


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
