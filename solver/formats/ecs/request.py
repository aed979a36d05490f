"""What is asked of an ECS cluster: which groups to start, with whose rules, and what stays as it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches

import numpy as np

from solver.domain.counts import Bools, Counts
from solver.domain.problem import Problem
from solver.domain.request import MAX_START, RuleSpec, TaskGroup
from solver.errors import Fault, InvalidRequest
from solver.formats.ecs.names import EcsNames
from solver.formats.listed import Listed


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


def make_request(request: Request, names: EcsNames) -> tuple[Problem, tuple[str, ...]]:
    """The problem of a request, the wanted groups first and in its order, and the warnings that concern them.

    Raises
    ------
    InvalidRequest
        With everything that is wrong with the request.
    """
    return _Maker(request, names).problem()


class _Maker:
    """Puts a request together and collects what is wrong with it."""

    def __init__(self, request: Request, names: EcsNames) -> None:
        self.request = request
        self.names = names
        self.base = names.problem
        self.groups = names.groups
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
        return problem, self.names.advice(problem, ((g, entry) for g, (entry, _) in enumerate(wanted)))

    def _wanted(self) -> list[tuple[Listed, int | None]]:
        """The groups that are asked for and the index of each; None for one that has nothing running."""
        found: list[tuple[Listed, int | None]] = []
        seen: dict[tuple[str, str], str] = {}
        for name, count in self.request.starts.items():
            if isinstance(count, bool) or not isinstance(count, int) or not 0 <= count <= MAX_START:
                self.faults.append(
                    Fault(name, f"is to start {count} tasks", f"must be a whole number, 0 to {MAX_START:,}")
                )
            entry = self.names.resolve(name)
            if entry is None:
                self.faults.append(self.names.unknown(name, "is not a group of the cluster"))
                continue
            if entry.refusal:
                problem, _, remedy = entry.refusal.partition("; ")
                self.faults.append(Fault(name, problem, remedy))
                continue
            identity = (entry.group.family, entry.group.task_definition)
            if identity in seen:
                self.faults.append(Fault(name, f"is the same group as {seen[identity]}", "name it once"))
            seen[identity] = name
            at = self.names.by_name.get(entry.group.name)
            found.append((replace(entry, group=replace(entry.group, name=name)), at))
        return found

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
            elif name not in families and self.names.resolve(name) is None:
                fault = self.names.unknown(name, "is to be frozen and is neither a group nor an instance")
                close = get_close_matches(name, [cluster.label(i) for i in range(cluster.size)], n=1)
                remedy = f"did you mean {close[0]}?" if close and "did you mean" not in fault.remedy else fault.remedy
                self.faults.append(Fault(fault.path, fault.problem, remedy))
        return still

    def _priorities(self, wanted: list[Listed]) -> dict[str, int]:
        names = {entry.group.name for entry in wanted}
        found = {}
        for name, priority in self.request.priorities.items():
            if name not in names and self.names.resolve(name) is None:
                self.faults.append(self.names.unknown(name, "has a priority and is not a group of the cluster"))
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
