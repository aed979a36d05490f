"""A few instances of a request as a request of their own, with everything elsewhere as a plan has it.

What every other instance holds is counted on *rest* instances, where nothing may change: one for each combination of the
parts of the cluster that rules look at (zones, types), so that buckets have as many tasks as in the whole. The few instances are
in the state before the operation, and of each group as many tasks are wanted as the plan does not have elsewhere. What
binding and solving it takes depends on the groups that are there and on those that rules tie to them, not on the cluster.

It is a model of the whole, not its equal: what rules say of single instances elsewhere is not in it, and where tasks have left
other instances and are missing, those count as new, not as moved or stopped. Whoever takes a plan of it asks the checker about
the whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from solver.domain.cluster import ClusterSnapshot, Port
from solver.domain.columns import TextColumn
from solver.domain.counts import Bools, Counts, Ints
from solver.domain.problem import Problem
from solver.domain.request import Freedom, RunningTask, Scheduling, TaskGroup
from solver.errors import InvalidRequest
from solver.rules.base import Constraint, kinds_of
from solver.rules.bind import CONSTRAINTS
from solver.rules.bound import Rules
from solver.rules.companion import CompanionCost
from solver.rules.resources import Resource

MOST_RESTS = 200
"""Rest instances. Parts that would need more, such as each instance for itself, are left out."""

MOST_GROUPS = 600
"""Groups of a subproblem: with more of them, such as a family of a thousand, it would take longer to make than to solve."""


def applicable(rules: Rules) -> bool:
    """Whether what the request asks for can be judged by looking at a few instances.

    Not with devices (``leastFragmentation`` has its own search), nor where moves must gain something, instances are to be
    emptied or a slot is to be free, which only the whole cluster shows.
    """
    problem, freedom = rules.problem, rules.problem.freedom
    return not (
        problem.device_groups or problem.all_or_nothing or freedom.min_gain or freedom.empty or freedom.slot
    ) and bool(rules.tiers)


@dataclass(frozen=True, eq=False)
class Subproblem:
    """A request for a few instances.

    Attributes
    ----------
    problem
        The few instances first, then the rest.
    tasks
        What the plan has there.
    instances, groups
        ``int64``: what the first instances, and all groups, are in the whole request; ascending.
    shape
        Groups and instances of the whole request.
    """

    problem: Problem
    tasks: Counts
    instances: Ints
    groups: Ints
    shape: tuple[int, int]

    def change(self, tasks: Counts) -> Counts:
        """What another plan of it adds to the plan (negative: takes away), in terms of the whole request."""
        change = tasks - self.tasks
        return Counts.of(self.shape, self.groups[change.group], self.instances[change.instance], change.count)


class Subproblems:
    """Makes them, from what is found out of the request once.

    Parameters
    ----------
    rules
        Of the whole request.
    """

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self.rest_of: Ints = _classes(rules)
        """``int64[I]``: the rest instance that an instance is counted on, by number."""
        self._names = [_names(rules.problem, g) for g in range(len(rules.problem.groups))]
        self._beside = _concerned_together(rules, self._names)
        # Classes are numbered from 0, and each has an instance.
        self._first_of: Ints = np.unique(self.rest_of, return_index=True)[1].astype(np.int64)
        resources = (rule for rule in rules.constraints if isinstance(rule, Resource))
        self._owed = sorted({g for rule in resources for debt in rule.debts for g in debt.members})
        self._tasks_on: dict[int, list[RunningTask]] = {}
        for task in rules.problem.tasks:
            self._tasks_on.setdefault(task.instance, []).append(task)

    def of(self, tasks: Counts, instances: Ints, wanting: Iterable[int] = ()) -> Subproblem:
        """The request for these instances (ascending), all others as the plan ``tasks`` has them.

        Parameters
        ----------
        wanting
            Groups besides those with tasks there, such as some that have too few anywhere.

        Raises
        ------
        InvalidRequest
            If it is none that could be asked, or has too many groups: then it is of no use.
        """
        problem = self._rules.problem
        groups = self._groups(tasks, instances, wanting)
        if len(groups) > MOST_GROUPS:
            raise InvalidRequest.at("groups", f"are {len(groups):,}", f"at most {MOST_GROUPS}")
        inside = _places(instances, problem.cluster.size)
        place = np.where(inside >= 0, inside, len(instances) + self.rest_of)
        before = _mapped(problem.running, groups, inside, place, only_inside=True)
        there = _mapped(tasks, groups, inside, place, only_inside=True)
        outside = _mapped(tasks, groups, inside, place, only_inside=False)
        shape = (len(groups), len(instances) + len(self._first_of))
        running = Counts.of(shape, *(np.concatenate(pair) for pair in zip(before, outside, strict=True)))
        plan = Counts.of(shape, *(np.concatenate(pair) for pair in zip(there, outside, strict=True)))
        change = tasks - problem.running
        spent, changed = _moved(change), _moved(plan - running)
        elsewhere = inside[change.instance] < 0
        asked = Problem(
            cluster=_cluster(problem.cluster, instances, self._first_of),
            groups=self._asked(
                groups,
                running.totals(),
                problem.missing(tasks),
                spent[groups] - changed,
                set(change.group[elsewhere & (change.count > 0)].tolist()),
                set(change.group[elsewhere & (change.count < 0)].tolist()),
            ),
            running=running,
            rules=problem.rules,
            frozen=np.append(problem.frozen[instances], np.ones(len(self._first_of), np.bool_)),
            tasks=tuple(self._listed(groups, instances)),
            drained=np.append(problem.drained[instances], np.zeros(len(self._first_of), np.bool_)),
            freedom=self._freedom(spent, changed, groups),
        )
        return Subproblem(asked, plan, instances, groups, (len(problem.groups), problem.cluster.size))

    def _groups(self, tasks: Counts, instances: Ints, wanting: Iterable[int]) -> Ints:
        """Groups with tasks on the instances or that want some, daemons for which room is kept, and what rules tie to these."""
        problem = self._rules.problem
        here = np.zeros(problem.cluster.size, np.bool_)
        here[instances] = True
        before = problem.running
        found = {*self._owed, *wanting}
        found.update(tasks.group[here[tasks.instance]].tolist(), before.group[here[before.instance]].tolist())
        tied = {members for g in found for members in self._beside.get(g, ())}
        return np.array(sorted(found.union(*tied)), np.int64)

    def _asked(
        self, groups: Ints, there: Ints, missing: Ints, moved: Ints, started: set[int], stopped: set[int]
    ) -> tuple[TaskGroup, ...]:
        """The groups with as many tasks wanted, or too many, as the state before has too few or too many of.

        Where a group may not move, what stops here and starts there cannot be, ``started`` or ``stopped`` elsewhere as it is.
        """
        problem = self._rules.problem
        families = {problem.groups[g].family for g in groups.tolist()}
        found = []
        for g, now, spent in zip(groups.tolist(), there.tolist(), moved.tolist(), strict=True):
            group = problem.groups[g]
            more = int(problem.operation.desired[g]) - now
            still = not problem.operation.moving[g]
            if (group.all_or_nothing and missing[g]) or (still and g in stopped):
                more = min(more, 0)
            if still and g in started:
                more = max(more, 0)
            # What names a family that is not there is between groups of which nothing may change.
            known = (spec for spec, names in zip(group.constraints, self._names[g], strict=True) if names <= families)
            found.append(
                replace(
                    group,
                    constraints=tuple(known),
                    start=max(more, 0),
                    stop=max(-more, 0) if group.scheduling is not Scheduling.DAEMON else 0,
                    all_or_nothing=False,
                    max_moves=None if group.max_moves is None else max(group.max_moves - spent, 0),
                )
            )
        return tuple(found)

    def _freedom(self, spent: Ints, changed: Ints, groups: Ints) -> Freedom:
        """What is left of the budgets for moves."""
        freedom = self._rules.problem.freedom
        cost = np.array([group.move_cost for group in self._rules.problem.groups], np.int64)

        def left(most: int | None, whole: int, own: int) -> int | None:
            return None if most is None else max(most - (whole - own), 0)

        return replace(
            freedom,
            max_moves=left(freedom.max_moves, int(spent.sum()), int(changed.sum())),
            max_move_cost=left(freedom.max_move_cost, int(spent @ cost), int(changed @ cost[groups])),
        )

    def _listed(self, groups: Ints, instances: Ints) -> Iterable[RunningTask]:
        number = {g: k for k, g in enumerate(groups.tolist())}
        for i, instance in enumerate(instances.tolist()):
            for task in self._tasks_on.get(instance, ()):
                yield replace(task, group=number[task.group], instance=i)


def _classes(rules: Rules) -> Ints:
    """``int64[I]``: instances of one number are in the same parts, as far as there are not too many of these."""
    size = rules.problem.cluster.size
    parts: dict[bytes, Ints] = {}
    for reading in rules.readings():
        if reading.part is not None:
            parts.setdefault(reading.part.tobytes(), reading.part)
    found = np.zeros(size, np.int64)
    for part in sorted(parts.values(), key=lambda part: len(np.unique(part))):
        finer = kinds_of(np.stack([found, part], axis=1))
        if size and finer.max() < MOST_RESTS:
            found = finer
    return found


def _names(problem: Problem, group: int) -> list[frozenset[str]]:
    """The families that each constraint of a group names."""
    found = []
    for spec in problem.groups[group].constraints:
        rule = CONSTRAINTS[spec.type](group, spec.argument)
        named = rule.names(problem) if isinstance(rule, Constraint) else ()
        found.append(frozenset(rule.families(problem) if isinstance(rule, CompanionCost) else named))
    return found


def _concerned_together(rules: Rules, names: list[list[frozenset[str]]]) -> dict[int, list[frozenset[int]]]:
    """For each group the sets of groups that it is tied to: its family, and what a rule of few groups concerns or names."""
    families = rules.problem.families
    sets = {frozenset(rule.scope(rules.problem)) for rule in rules.constraints if rule.owner is not None}
    sets = {members for members in sets if len(members) < len(rules.problem.groups)} | set(
        map(frozenset, families.values())
    )
    for g, named in enumerate(names):
        sets |= {frozenset([g, *families.get(name, ())]) for name in frozenset().union(*named)}
    found: dict[int, list[frozenset[int]]] = {}
    for members in sets:
        for g in members if len(members) > 1 else ():
            found.setdefault(g, []).append(members)
    return found


def _places(instances: Ints, size: int) -> Ints:
    """``int64[size]``: the place of each instance among the few; -1 for others."""
    inside = np.full(size, -1, np.int64)
    inside[instances] = np.arange(len(instances))
    return inside


def _mapped(counts: Counts, groups: Ints, inside: Ints, place: Ints, *, only_inside: bool) -> tuple[Ints, Ints, Ints]:
    """Cells of these groups, on the few instances or everywhere else, by their numbers in the subproblem."""
    number = np.full(counts.groups, -1, np.int64)
    number[groups] = np.arange(len(groups))
    kept = (number[counts.group] >= 0) & ((inside[counts.instance] >= 0) == only_inside)
    return number[counts.group[kept]], place[counts.instance[kept]], counts.count[kept]


def _moved(change: Counts) -> Ints:
    """``int64[G]``: tasks of each group that stop here and start there."""
    started, stopped = np.zeros(change.groups, np.int64), np.zeros(change.groups, np.int64)
    np.add.at(started, change.group, np.maximum(change.count, 0))
    np.add.at(stopped, change.group, np.maximum(-change.count, 0))
    return np.minimum(started, stopped)


def _cluster(cluster: ClusterSnapshot, instances: Ints, rest: Ints) -> ClusterSnapshot:
    """The few instances, and one in the place of all others of each class, without room."""
    both = np.append(instances, rest)
    few = np.arange(len(both)) < len(instances)

    def of(flags: Bools) -> Bools:
        return flags[both]

    def taken(amounts: Ints) -> Ints:
        return np.where(few[:, None] if amounts.ndim == 2 else few, amounts[both], 0)

    return ClusterSnapshot(
        instance_ids=tuple(
            cluster.instance_ids[i] if own else f"rest of {cluster.instance_ids[i]}"
            for i, own in zip(both.tolist(), few.tolist(), strict=True)
        ),
        resources=cluster.resources,
        capacity=taken(cluster.capacity),
        free=taken(cluster.free),
        active=of(cluster.active),
        connected=of(cluster.connected),
        attributes={name: _column(column, both) for name, column in cluster.attributes.items()},
        used_ports=_ports(cluster.used_ports, instances, cluster.size),
        unlisted_tasks=taken(cluster.unlisted_tasks),
        name=cluster.name,
        taken_at=cluster.taken_at,
        ec2_instance_id=_column(cluster.ec2_instance_id, both),
        agent_version=_column(cluster.agent_version, both),
        registered_at=_column(cluster.registered_at, both),
        capacity_provider=_column(cluster.capacity_provider, both),
    )


def _column(column: TextColumn, instances: Ints) -> TextColumn:
    return TextColumn(column.values, column.codes[instances])


def _ports(used: Mapping[Port, Ints], instances: Ints, size: int) -> dict[Port, Ints]:
    inside = _places(instances, size)
    held = {port: np.sort(inside[where]) for port, where in used.items()}
    return {port: places[places >= 0] for port, places in held.items()}
