"""A cluster and what is asked of it: what the edits of a scenario change, and what becomes a problem in the end."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from solver.domain.altered import without_instances, without_tasks
from solver.domain.counts import Bools, Counts
from solver.domain.problem import Problem
from solver.domain.request import Scheduling, TaskGroup
from solver.domain.survival import Survival
from solver.errors import Fault, InvalidRequest
from solver.formats.choose import NO_GROUP
from solver.formats.cluster import Cluster
from solver.formats.ecs.cluster import EcsCluster
from solver.formats.table_cluster import TableCluster
from solver.whatif.question import InstanceType, Place, Question, Reconcile


@dataclass(frozen=True, eq=False)
class Asked:
    """A cluster, edited or not, and what is asked of it.

    Parameters
    ----------
    prices
        Of an instance for an hour, by type, in millionths of the currency.
    types
        What instances of a type have, where the cluster has none of it, or others shall count.
    desired
        Tasks of each family that there should be, as the cluster said before any edit.
    counts
        The same, as edits have it, for families that they name.
    scaled
        The same, where an edit scaled all services alike.
    displaced, lost
        Tasks by group that ran where an edit took their place: by plan, so that each counts as moved, or by a failure.
        They are wanted again.
    gone
        Names of instances that are no longer there.
    lost_zones
        Zones that an edit has lost.
    rules_known
        False where rules are only supposed to be what an edit would have made of them.
    remarks
        What people should know of the edits.
    """

    cluster: Cluster
    question: Question
    prices: Mapping[str, int] = field(default_factory=dict)
    types: Mapping[str, InstanceType] = field(default_factory=dict)
    desired: Mapping[str, int] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)
    scaled: Mapping[str, int] = field(default_factory=dict)
    displaced: Mapping[str, int] = field(default_factory=dict)
    lost: Mapping[str, int] = field(default_factory=dict)
    gone: frozenset[str] = frozenset()
    lost_zones: frozenset[str] = frozenset()
    rules_known: bool = True
    remarks: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        cluster: Cluster,
        question: Question,
        prices: Mapping[str, int] | None = None,
        types: Mapping[str, InstanceType] | None = None,
    ) -> Asked:
        """The base: nothing is edited."""
        return cls(cluster, question, prices or {}, types or {}, dict(cluster.desired_counts()))

    @property
    def base(self) -> Problem:
        """What runs."""
        return self.cluster.problem

    # Names.

    def members(self, path: str, name: str) -> tuple[int, ...]:
        """The groups that a name means: all revisions of a family, or one group.

        Raises
        ------
        InvalidRequest
            If it means none that runs or that a service has.
        """
        family = self.base.families.get(name)
        if family:
            return family
        names = self.cluster.names
        entry = names.resolve(name)
        at = None if entry is None else names.by_name.get(entry.group.name)
        if at is None:
            unknown = names.unknown(name, f"'{name}' {NO_GROUP}")
            raise InvalidRequest.at(path, unknown.problem, unknown.remedy)
        return (at,)

    def chosen(self, groups: Iterable[str]) -> tuple[int, ...]:
        """The groups of some names, in order, each once; of none, all groups.

        Raises
        ------
        InvalidRequest
            With every name that means no group, at ``groups[k]``.
        """
        found: set[int] = set()
        faults: list[Fault] = []
        names = tuple(groups)
        for k, name in enumerate(names):
            try:
                found |= set(self.members(f"groups[{k}]", name))
            except InvalidRequest as invalid:
                faults += invalid.faults
        if faults:
            raise InvalidRequest(faults)
        return tuple(sorted(found)) if names else tuple(range(len(self.base.groups)))

    # Changes.

    def with_problem(self, problem: Problem) -> Asked:
        """The same question of another snapshot."""
        return replace(self, cluster=replace(self.cluster, problem=problem))

    def with_groups(self, chosen: Iterable[int], change: Callable[[TaskGroup], TaskGroup]) -> Asked:
        """The same question where some groups are written otherwise, also where their tasks start."""
        of = set(chosen)
        groups = tuple(change(group) if g in of else group for g, group in enumerate(self.base.groups))
        problem = replace(self.base, groups=groups)
        if isinstance(self.cluster, TableCluster):
            return self.with_problem(problem)
        listed = tuple(
            replace(entry, group=change(entry.group)) if g in of else entry
            for g, entry in enumerate(self.cluster.groups)
        )
        return replace(self, cluster=replace(self.cluster, problem=problem, groups=listed))

    def without(self, gone: Bools, *, planned: bool) -> Asked:
        """The same question without some instances; their tasks are wanted again.

        Parameters
        ----------
        gone
            ``bool[I]``.
        planned
            Whether their tasks count as moved, not as lost.

        Raises
        ------
        InvalidRequest
            If no instance would be left.
        """
        if gone.all():
            raise InvalidRequest.at("", "leaves no instance", "leave at least one")
        cluster = self.base.cluster
        names = {cluster.instance_ids[i] for i in np.flatnonzero(gone).tolist()}
        names |= {cluster.label(i) for i in np.flatnonzero(gone).tolist()}
        noted = self.noting(gone[self.base.running.instance], planned=planned)
        smaller = noted.with_problem(without_instances(self.base, gone))
        return replace(smaller, gone=self.gone | names)

    def uprooted(self, cells: Bools) -> Asked:
        """The same question with the tasks of some cells of ``running`` wanted anew, as a plan would move them.

        Parameters
        ----------
        cells
            ``bool[N]``.
        """
        return self.noting(cells).with_problem(without_tasks(self.base, cells))

    def noting(self, cells: Bools, *, planned: bool = True) -> Asked:
        """The same question where the tasks of some cells count as displaced, or as lost; the snapshot is left alone."""
        running = self.base.running
        counts = Counts.of(
            (running.groups, running.instances), running.group[cells], running.instance[cells], running.count[cells]
        ).totals()
        before = self.displaced if planned else self.lost
        found = dict(before)
        for g in np.flatnonzero(counts).tolist():
            if self.base.groups[g].scheduling is Scheduling.DAEMON:
                continue  # It goes with its instance, and starts again where it is owed.
            name = self.base.groups[g].name
            found[name] = found.get(name, 0) + int(counts[g])
        return replace(self, displaced=found) if planned else replace(self, lost=found)

    # The whole.

    def problem(self) -> tuple[Problem, tuple[str, ...]]:
        """The problem that the edits come to, and warnings.

        Raises
        ------
        InvalidRequest
            With everything that makes no sense together.
        """
        frozen = tuple(name for name in self.question.frozen if not self._is_gone(name))
        if isinstance(self.question, Place):
            problem, warnings = self._placing(self.question, frozen)
        else:
            problem, warnings = self._reconciling(self.question, frozen)
        return problem, (*self.remarks, *warnings)

    def survival(self) -> Survival | None:
        """What the plan must survive, its groups by their full names; None for nothing.

        Raises
        ------
        InvalidRequest
            With every name that means no group, at ``groups[k]``.
        """
        asked = self.question.survival
        if asked is None or not asked.covered:
            return asked
        return replace(asked, covered=tuple(self.base.groups[g].name for g in self.chosen(asked.covered)))

    def _reconciling(self, asked: Reconcile, frozen: tuple[str, ...]) -> tuple[Problem, tuple[str, ...]]:
        cluster = self.cluster
        counts = {**asked.desired, **self.counts}
        if isinstance(cluster, EcsCluster):
            cluster = replace(cluster, desired={**cluster.desired, **self.scaled})
        else:
            counts = {**self._of_tables(), **counts}
        again, said = self._again()
        known = {self.base.groups[g].family for name in counts for g in self.base.families.get(name, ())}
        counts |= {name: count for name, count in again.items() if self._family(name) not in known}
        problem, warnings = cluster.reconcile(
            counts,
            max_moves=asked.max_moves,
            max_move_cost=asked.max_move_cost,
            preempt=asked.preempt,
            movable=asked.movable,
            rebalance=asked.rebalance,
            consolidate=asked.consolidate,
            priorities=asked.priorities,
            frozen=frozen,
            rules=asked.rules,
            all_or_nothing=asked.all_or_nothing,
        )
        return problem, (*said, *warnings)

    def _is_gone(self, name: str) -> bool:
        return name in self.gone or any(known.endswith(f"/{name}") for known in self.gone)

    def _family(self, name: str) -> str:
        at = self.base.by_name.get(name)
        return name if at is None else self.base.groups[at].family

    def _of_tables(self) -> dict[str, int]:
        """The counts that a cluster of tables must be told: it knows them only by what runs."""
        now = self.cluster.desired_counts()
        wanted = {**self.desired, **self.scaled}
        daemons = {group.family for group in self.base.groups if group.scheduling is Scheduling.DAEMON}
        return {name: count for name, count in wanted.items() if now.get(name) != count and name not in daemons}

    def _again(self) -> tuple[dict[str, int], tuple[str, ...]]:
        """Standalone groups whose tasks are to start again elsewhere, each with all that there should be of it; and warnings.

        Services have their desired counts, and daemons their instances.
        """
        found: dict[str, int] = {}
        said: list[str] = []
        running = self.base.running.totals().tolist()
        for name, g, count in self._missing():
            group = self.base.groups[g]
            if group.scheduling is not Scheduling.STANDALONE or group.family in self.desired:
                continue
            if refusal := self.cluster.names.groups[g].refusal:
                said.append(f"{name}: {count:,} of its tasks do not start again: it {refusal.partition('; ')[0]}")
            else:
                found[name] = running[g] + count
        return _by_family(found, self.base, running), tuple(said)

    def _missing(self) -> Iterable[tuple[str, int, int]]:
        """Name, index and number of the tasks whose place is gone."""
        for name in dict.fromkeys([*self.displaced, *self.lost]):
            yield name, self.base.by_name[name], self.displaced.get(name, 0) + self.lost.get(name, 0)

    def _placing(self, asked: Place, frozen: tuple[str, ...]) -> tuple[Problem, tuple[str, ...]]:
        starts = {**asked.starts, **self.scaled, **self.counts}
        if not starts and isinstance(self.cluster, TableCluster):
            starts = {group.name: group.start for group in self.base.groups if group.start}
        said: list[str] = []
        for name, g, count in self._missing():
            group = self.base.groups[g]
            refusal = self.cluster.names.groups[g].refusal
            if refusal:
                said.append(f"{name}: {count:,} of its tasks do not start again: it {refusal.partition('; ')[0]}")
            elif group.scheduling is not Scheduling.DAEMON:
                starts[name] = starts.get(name, 0) + count
        problem, warnings = self.cluster.request(starts, priorities=asked.priorities, frozen=frozen)
        changed = replace(
            problem, rules=(*problem.rules, *asked.rules), all_or_nothing=problem.all_or_nothing or asked.all_or_nothing
        )
        return changed, (*said, *warnings)


def _by_family(found: Mapping[str, int], problem: Problem, running: list[int]) -> dict[str, int]:
    """Counts of groups, by family where the name of a group is that of a family with several."""
    counts: dict[str, int] = {}
    for name, count in found.items():
        members = problem.families.get(name, ())
        if len(members) > 1:
            others = [g for g in members if problem.groups[g].name != name]
            count += sum(found.get(problem.groups[g].name, running[g]) for g in others)
        elif (family := problem.groups[problem.by_name[name]].family) != name and family in found:
            continue
        counts[name] = count
    return counts
