"""A request on a cluster while it is put together: names become groups, faults are collected."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from solver.domain.counts import LARGEST_SUM, Bools, Counts
from solver.domain.operation import Operation
from solver.domain.problem import Problem
from solver.domain.request import MAX_START, Freedom, RuleSpec, RunningTask, Scheduling, TaskGroup
from solver.errors import Fault, InvalidRequest
from solver.formats.blocked import blocked_warnings
from solver.formats.choose import NO_GROUP
from solver.formats.listed import Listed
from solver.formats.names import Names


@dataclass(frozen=True)
class Standing:
    """What any request may say beside its operation.

    Parameters
    ----------
    priorities
        By group or family, in place of the groups' own.
    frozen
        Groups, families and instances where nothing may change.
    rules
        Rules of the whole cluster, besides those that it has.
    all_or_nothing
        Start everything that is wanted, or nothing (§6.3).
    """

    priorities: Mapping[str, int] = field(default_factory=dict)
    frozen: Sequence[str] = ()
    rules: Sequence[RuleSpec] = ()
    all_or_nothing: bool = False


class Draft:
    """Puts a request together and collects what is wrong with it.

    Parameters
    ----------
    names
        The cluster; what its own table of groups wants changed is not asked for.
    """

    def __init__(self, names: Names, standing: Standing) -> None:
        self.names = names
        self.base = names.problem
        self.standing = standing
        self.entries: list[Listed] = list(names.groups)
        self.groups: list[TaskGroup] = [replace(group, start=0, stop=0, movable=False) for group in self.base.groups]
        self.faults: list[Fault] = []
        self.said: list[str] = []
        self.frozen: Bools = self.base.frozen.copy()
        self.frozen_groups: set[int] = set()
        self.tasks: tuple[RunningTask, ...] = self.base.tasks
        self._total = self.base.running.totals().tolist()
        self._freeze()
        self._rank()

    def fault(self, path: str, problem: str, remedy: str) -> None:
        """Note what is wrong with the request."""
        self.faults.append(Fault(path or "''", problem, remedy))

    # Names.

    def members(self, name: str, problem: str = NO_GROUP) -> tuple[int, ...]:
        """The groups that a name means, the newest first: all revisions of a family, or one group.

        None, with a fault, for a name that is unknown.
        """
        found = self._members(name)
        if not found and self.names.resolve(name) is None:
            self.faults.append(self.names.unknown(name, problem))
        return found

    def _members(self, name: str) -> tuple[int, ...]:
        family = self.base.families.get(name)
        if family:
            return family
        entry = self.names.resolve(name)
        at = None if entry is None else self.names.by_name.get(entry.group.name)
        return () if at is None else (at,)

    def apart(self, names: Iterable[str]) -> dict[str, tuple[int, ...]]:
        """The groups of each name; with a fault where a group is meant twice."""
        found: dict[str, tuple[int, ...]] = {}
        meant: dict[str, str] = {}
        for name in names:
            found[name] = self.members(name)
            entry = self.names.resolve(name)
            idle = [] if found[name] or entry is None else [entry.group.name]
            for group in [*(self.groups[g].name for g in found[name]), *idle]:
                if group in meant:
                    self.fault(name, f"is named, or is part of what is named, as {meant[group]}", "name it once")
                    break
                meant[group] = name
        return found

    def total(self, members: Iterable[int]) -> int:
        """Tasks of groups that run."""
        return sum(self._total[g] for g in members if g < len(self._total))

    def is_count(self, path: str, count: object, what: str, most: int = MAX_START) -> bool:
        """Whether it is a whole number from 0 to ``most``, by default the most tasks of a group; else with a fault."""
        if isinstance(count, int) and not isinstance(count, bool) and 0 <= count <= most:
            return True
        self.fault(path, f"{what} {count!r}", f"must be a whole number, 0 to {most:,}")
        return False

    def thousandths(self, path: str, number: float) -> int:
        """A number of at most three decimals in thousandths; 0, with a fault, where it is none."""
        is_number = isinstance(number, int | float) and not isinstance(number, bool) and 0 <= number <= MAX_START
        if is_number and abs(number * 1000 - round(number * 1000)) < 1e-6:
            return round(number * 1000)
        self.fault(path, f"is {number!r}", f"must be a number from 0 to {MAX_START:,} with at most three decimals")
        return 0

    def are_budgets(self, max_moves: int | None, max_move_cost: int | None) -> None:
        """Note what is wrong with the budgets of the whole request; None is none."""
        if max_moves is not None:
            self.is_count("max_moves", max_moves, "is")
        if max_move_cost is not None:
            self.is_count("max_move_cost", max_move_cost, "is", LARGEST_SUM)

    # What stays.

    def _freeze(self) -> None:
        for name in self.standing.frozen:
            instance = self.base.cluster.find(name)
            if instance is not None:
                self.frozen[instance] = True
            else:
                self.frozen_groups |= set(self.members(name, "is to be frozen and is neither a group nor an instance"))
        if self.frozen_groups:
            # A task of a frozen group is as good as protected: nothing stops it, whatever asks for room.
            self.tasks = tuple(
                replace(task, protected=True) if task.group in self.frozen_groups else task for task in self.tasks
            )

    def _rank(self) -> None:
        for name, priority in self.standing.priorities.items():
            members = self.members(name, f"has a priority and {NO_GROUP}")
            if isinstance(priority, bool) or not isinstance(priority, int):
                self.fault(name, f"has the priority {priority!r}", "must be a whole number")
                continue
            for g in members:
                self.groups[g] = replace(self.groups[g], priority=priority)

    def is_frozen(self, name: str, members: Iterable[int], what: str) -> bool:
        """Whether one of the groups is frozen, with the fault of a contradiction."""
        if self.frozen_groups.isdisjoint(members):
            return False
        self.fault(name, f"is both frozen and {what}", "drop one of the two")
        return True

    # What changes.

    def stop(self, name: str, members: Sequence[int], count: int) -> None:
        """Stop so many tasks of groups, of the oldest first, and of those that may stop before all others (§9.1)."""
        running = self.total(members)
        if count > running:
            self.fault(name, f"is to stop {counted(count)}", f"at most the {running:,} that run")
            return
        if not count or self.is_frozen(name, members, "to be stopped"):
            return
        if self.groups[members[0]].scheduling is Scheduling.DAEMON:
            remedy = "it has one task on each eligible instance: change its rules instead"
            self.fault(name, f"is a DAEMON service, and is to stop {counted(count)}", remedy)
            return
        may = self._may_stop()
        stops = dict.fromkeys(members, 0)
        for most in (may, self._total):
            for g in reversed(members):
                stops[g] += min(count - sum(stops.values()), most[g] - stops[g])
        for g, stop in stops.items():
            self.groups[g] = replace(self.groups[g], stop=stop)

    def _may_stop(self) -> list[int]:
        """``[G]``: how many tasks of each group neither protection nor what is frozen keeps."""
        groups = [replace(group, stop=total) for group, total in zip(self.base.groups, self._total, strict=True)]
        base = self.base
        nowhere = np.zeros(base.cluster.size, np.bool_)
        operation = Operation.of(groups, base.running, self.tasks, nowhere, self.frozen, Freedom())
        found: list[int] = operation.stoppable.totals().tolist()
        return found

    def start(self, name: str, entry: Listed, count: int) -> None:
        """Start so many tasks of a group, with all of its rules."""
        g = self.place_of(entry)
        if self.is_frozen(name, (g,), "to be started"):
            return
        self.groups[g] = replace(self._whole(g), start=count)

    def place_of(self, entry: Listed) -> int:
        """The index of a group; one that nothing runs of comes after all others."""
        for g, known in enumerate(self.entries):
            if known.group.name == entry.group.name:
                return g
        self.entries.append(entry)
        said = self.standing.priorities
        priority = said.get(entry.group.name, said.get(entry.group.family, entry.group.priority))
        self.groups.append(replace(entry.group, priority=priority, start=0))
        return len(self.groups) - 1

    def free(self, g: int) -> None:
        """Let the tasks of a group move."""
        self.groups[g] = replace(self._whole(g), movable=True)

    def free_services(self) -> None:
        """Let the tasks of all REPLICA services move; those that could not be started again stay (§1.4)."""
        for g, total in enumerate(self._total):
            group = self.groups[g]
            if not total or group.scheduling is not Scheduling.REPLICA or g in self.frozen_groups:
                continue
            if why := self.why_fixed(g):
                self.said.append(f"{group.name}: its tasks stay where they are: it {why}")
            else:
                self.free(g)

    def free_named(self, names: Iterable[str]) -> None:
        """Let the tasks of groups move that the request names."""
        for name in names:
            members = self.members(name)
            if self.is_frozen(name, members, "to be moved"):
                continue
            for g in members:
                if self.groups[g].scheduling is Scheduling.DAEMON:
                    self.fault(name, "is a DAEMON service, and is to be moved", "its tasks never move: leave it out")
                    break
                if why := self._refusal(g):
                    self.fault(name, why.partition("; ")[0], "what cannot be started again never moves: leave it out")
                    break
                self.free(g)

    def free_groups(self, named: Iterable[str] | Mapping[str, int | None] | None) -> None:
        """Let the tasks of the groups move that are named, each perhaps at most so many; None for all REPLICA services."""
        if named is None:
            self.free_services()
            return
        self.free_named(named)
        budgets = {name: most for name, most in named.items() if most is not None} if isinstance(named, Mapping) else {}
        for name, members in self.apart(budgets).items():
            if not self.is_count(name, budgets[name], "may move at most"):
                continue
            with_tasks = [g for g in members if self._total[g]]
            if len(with_tasks) > 1:
                known = " and ".join(self.groups[g].name for g in with_tasks[:3])
                problem = f"may move at most {counted(budgets[name])}, and its revisions move each by itself"
                self.fault(name, problem, f"give {known} a number each")
            for g in members:
                self.groups[g] = replace(self.groups[g], max_moves=budgets[name])

    def price_moves(self, costs: Mapping[str, int]) -> None:
        """What moving a task of each group counts: of a family, of all its revisions."""
        for name, members in self.apart(costs).items():
            if self.is_count(name, costs[name], "has the move cost"):
                for g in members:
                    self.groups[g] = replace(self.groups[g], move_cost=costs[name])

    def why_fixed(self, g: int) -> str:
        """Why no task of a group could be started again; empty if one could."""
        if refusal := self._refusal(g):
            return refusal.partition("; ")[0]
        whole, known = self.entries[g].group, self.base.groups[g]
        unread = (whole.constraints, whole.strategies) != (known.constraints, known.strategies)
        return "has a rule that cannot be read" if unread else ""

    def _refusal(self, g: int) -> str:
        return "" if self.entries[g].moves else self.entries[g].refusal

    def _whole(self, g: int) -> TaskGroup:
        """A group with all of its rules: those that cannot be read are left out only while nothing starts."""
        whole = self.entries[g].group
        return replace(self.groups[g], constraints=whole.constraints, strategies=whole.strategies)

    # The whole.

    def refuse(self) -> None:
        """Raise what was collected.

        Raises
        ------
        InvalidRequest
            If there is a fault.
        """
        if self.faults:
            raise InvalidRequest(dict.fromkeys(self.faults))

    def problem(self, freedom: Freedom, drained: Bools | None = None) -> tuple[Problem, tuple[str, ...]]:
        """The problem and the warnings, once nothing is wrong.

        Raises
        ------
        InvalidRequest
            With every fault of the request.
        """
        self.refuse()
        found = self._built(freedom, drained)
        leaving = found.operation.leaving.totals()
        for g in np.flatnonzero(leaving).tolist():
            self.groups[g] = self._whole(g)
        if leaving.any():
            found = self._built(freedom, drained)
        for g in sorted(self.frozen_groups):
            stops = int(found.operation.stoppable.row(g).sum())
            if stops:
                problem = f"is frozen, and {stops:,} of its tasks may have to stop, which are not known by name"
                self.fault(self.groups[g].name, problem, "drop it, or freeze their instances")
        self.refuse()
        starting = found.operation.moving | (found.wanted > 0)
        entries = ((g, self.entries[g]) for g in np.flatnonzero(starting).tolist())
        return found, (*self.said, *self.names.advice(found, entries), *blocked_warnings(found))

    def _built(self, freedom: Freedom, drained: Bools | None) -> Problem:
        running: Counts = self.base.running
        shape = (len(self.groups), self.base.cluster.size)
        return Problem(
            cluster=self.base.cluster,
            groups=tuple(self.groups),
            running=Counts.of(shape, running.group, running.instance, running.count),
            rules=(*self.base.rules, *self.standing.rules),
            all_or_nothing=self.standing.all_or_nothing,
            frozen=self.frozen,
            tasks=self.tasks,
            drained=np.zeros(self.base.cluster.size, np.bool_) if drained is None else drained,
            freedom=freedom,
        )


def counted(tasks: int) -> str:
    """``1 task``, ``2 tasks``."""
    return f"{tasks:,} task" if tasks == 1 else f"{tasks:,} tasks"
