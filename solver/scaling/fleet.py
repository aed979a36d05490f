"""The cluster on the way: instances that join and go, tasks that start, stop and move, each state passed by the checker."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np

from solver.api import place
from solver.domain.altered import NewInstance, with_instances, without_instances
from solver.domain.answer import Answer
from solver.domain.cluster import INSTANCE_TYPE, ZONE
from solver.domain.counts import Bools, Counts
from solver.domain.problem import Problem
from solver.domain.request import Freedom, Limits, Scheduling
from solver.errors import PlanRejected
from solver.formats.daemons import with_daemons
from solver.scaling.needed import Amounts
from solver.scaling.setting import ProviderSetting, Setting
from solver.verify import check


@dataclass(frozen=True)
class Coming:
    """An instance that is launched and does not take tasks yet, until ``ready`` (in seconds)."""

    ready: int
    provider: str
    type: str
    zone: str


class Fleet:
    """A cluster, what runs on it, and what is on its way.

    ``version`` grows with each change, so that nobody looks twice at the same state.
    """

    def __init__(self, problem: Problem, setting: Setting, limits: Limits) -> None:
        groups = tuple(replace(group, start=0, stop=0, movable=False) for group in problem.groups)
        # Of names only those matter that never stop: the protected ones.
        held = tuple(task for task in problem.tasks if task.protected)
        self.problem = replace(problem, groups=groups, tasks=held, freedom=Freedom())
        self.setting = setting
        self.limits = limits
        self.coming: list[Coming] = []
        self.since: dict[str, int] = {}
        self.version = 0
        self.moved = 0
        self._launched = 0
        self._looks = {one.name: self._look(one) for one in setting.providers}

    # What there is.

    def of(self, provider: str) -> Bools:
        """``bool[I]``: the instances of a provider."""
        column = self.problem.cluster.capacity_provider
        return column.where(np.array([value == provider for value in column.values], np.bool_))

    def in_use(self) -> Bools:
        """``bool[I]``: instances with tasks that are no DAEMON's."""
        return self.problem.in_use(self.problem.running)

    def members(self, group: str) -> tuple[int, ...]:
        """The groups of the service of a group: its revisions."""
        return self.problem.families[self.problem.groups[self.problem.by_name[group]].family]

    def running(self, group: str) -> int:
        """Tasks of the service of a group."""
        totals = self.problem.running.totals()
        return sum(int(totals[g]) for g in self.members(group))

    def by_provider(self, group: str) -> dict[str, int]:
        """Tasks of the service of a group by the provider of their instance."""
        rows = self.problem.running_of(self.problem.groups[self.problem.by_name[group]].family)
        return {one.name: int(rows[self.of(one.name)].sum()) for one in self.setting.providers}

    def price(self) -> int:
        """What all instances, those on their way included, cost an hour, in millionths."""
        column = self.problem.cluster.column(INSTANCE_TYPE)
        here = sum(self.setting.prices.get(column[i] or "", 0) for i in range(self.problem.cluster.size))
        return here + sum(self.setting.prices.get(one.type, 0) for one in self.coming)

    def warms(self, provider: ProviderSetting, now: int) -> bool:
        """Whether an instance of the provider is on its way or warms up."""
        young = {name for name, since in self.since.items() if now < since + provider.managed.warm_up}
        names = self.problem.cluster.instance_ids
        return any(one.provider == provider.name for one in self.coming) or any(
            names[i] in young for i in np.flatnonzero(self.of(provider.name)).tolist()
        )

    # Instances.

    def launch(self, provider: ProviderSetting, count: int, now: int) -> None:
        """So many instances are on their way, each in the zone where the provider has the fewest."""
        zones = self.problem.cluster.column(ZONE)
        held = dict.fromkeys(provider.zones, 0)
        here = [zones[i] for i in np.flatnonzero(self.of(provider.name)).tolist()]
        for zone in [*here, *(one.zone for one in self.coming if one.provider == provider.name)]:
            if zone in held:
                held[zone] += 1
        for _ in range(count):
            zone = min(held, key=lambda name: held[name])
            held[zone] += 1
            self.coming.append(Coming(now + provider.launch, provider.name, provider.types[0], zone))

    def register(self, now: int) -> None:
        """Instances whose time has come join, and get their daemons."""
        ready = [one for one in self.coming if one.ready <= now]
        if not ready:
            return
        self.coming = [one for one in self.coming if one.ready > now]
        self._join([self._instance(one) for one in ready], now)
        owed = with_daemons(self.problem, (), {})
        if owed.wanted.any():
            self.take(self.ask(owed))

    def _instance(self, one: Coming) -> NewInstance:
        """An instance like the provider's others, in its zone."""
        self._launched += 1
        here = np.flatnonzero(self.of(one.provider))
        like = int(here[0]) if len(here) else 0
        attributes = self._looks[one.provider] | {ZONE: one.zone, INSTANCE_TYPE: one.type}
        capacity = self.setting.types[one.type]
        return NewInstance(f"{one.provider}-{self._launched:05}", like, capacity, attributes, one.provider)

    def _join(self, new: list[NewInstance], now: int) -> None:
        self.problem = with_instances(self.problem, new)
        self.since |= {one.name: now for one in new}
        self.version += 1

    def _look(self, provider: ProviderSetting) -> dict[str, str]:
        """The attributes of the first instance of the provider and type, else of the type, else of any."""
        cluster = self.problem.cluster
        types = cluster.column(INSTANCE_TYPE)
        alike = [i for i in range(cluster.size) if types[i] == provider.types[0]]
        own = [i for i in alike if cluster.capacity_provider[i] == provider.name]
        pattern = next(iter([*own, *alike, 0]))
        found = {name: column[pattern] for name, column in cluster.attributes.items()}
        return {name: value for name, value in found.items() if value is not None}

    def remove(self, gone: Bools) -> dict[str, int]:
        """Instances go; tasks by family that ran there, without daemons.

        Parameters
        ----------
        gone
            ``bool[I]``; not all.
        """
        lost: dict[str, int] = {}
        for g, i, count in self.problem.running:
            group = self.problem.groups[g]
            if gone[i] and group.scheduling is not Scheduling.DAEMON:
                lost[group.family] = lost.get(group.family, 0) + count
        names = [self.problem.cluster.instance_ids[i] for i in np.flatnonzero(gone).tolist()]
        self.problem = without_instances(self.problem, gone)
        self.since = {name: since for name, since in self.since.items() if name not in names}
        self.version += 1
        return lost

    # Tasks.

    def stopping(self, group: str, count: int) -> Problem:
        """The problem of stopping tasks of the service of a group, old revisions first."""
        totals = self.problem.running.totals()
        groups = list(self.problem.groups)
        current = self.problem.by_name[group]
        for g in [*(g for g in reversed(self.members(group)) if g != current), current]:
            some = min(count, int(totals[g]))
            groups[g] = replace(groups[g], stop=some)
            count -= some
        return replace(self.problem, groups=tuple(groups))

    def ask(self, problem: Problem, limits: Limits | None = None) -> Answer:
        """The plan of an engine, passed by the checker once more.

        Raises
        ------
        PlanRejected
            If it is refused.
        """
        answer = place(problem, limits or self.limits, explain=False)
        if wrong := check(problem, answer.tasks):
            raise PlanRejected(f"a state of the simulation breaks a rule: {wrong[0]}")
        return answer

    def take(self, answer: Answer) -> dict[str, int]:
        """Carry a plan out; tasks more of each group."""
        before, tasks = self.problem.running, answer.tasks
        change = tasks - before
        gained = change.totals()
        started, stopped = change.positive().totals(), (before - tasks).positive().totals()
        self.moved += int(np.minimum(started, stopped).sum())
        if len(change):
            self._become(answer.problem.after(tasks), tasks)
        return {group.name: int(gained[g]) for g, group in enumerate(self.problem.groups) if gained[g]}

    def _become(self, after: Problem, tasks: Counts) -> None:
        still = np.zeros(after.cluster.size, np.bool_)
        self.problem = replace(
            self.problem, cluster=after.cluster, running=tasks, frozen=self.problem.frozen, drained=still
        )
        self.version += 1

    def candidates(self, provider: ProviderSetting, count: int) -> Problem:
        """The cluster with so many instances of a provider more, at the end, as it would launch them now."""
        zones = provider.zones
        capacity: Amounts = self.setting.types[provider.types[0]]
        here = np.flatnonzero(self.of(provider.name))
        like = int(here[0]) if len(here) else 0
        look = self._looks[provider.name] | {INSTANCE_TYPE: provider.types[0]}
        new = [
            NewInstance(f"candidate-{k:05}", like, capacity, look | {ZONE: zones[k % len(zones)]}, provider.name)
            for k in range(count)
        ]
        return with_instances(self.problem, new) if new else self.problem


def wanting(
    base: Problem,
    starts: Mapping[str, int],
    providers: Mapping[str, Iterable[str]],
    *,
    max_moves: int = 0,
    consolidate: bool = False,
    drained: Bools | None = None,
    zones: Mapping[str, tuple[str, ...]] = MappingProxyType({}),
) -> Problem:
    """The problem of starting tasks of some groups on instances of some providers, in some zones, with so many moves."""
    free = max_moves > 0
    groups = [
        replace(
            group,
            start=starts.get(group.name, 0),
            movable=free and group.scheduling is Scheduling.REPLICA,
            capacity_providers=tuple(providers.get(group.name, group.capacity_providers)),
            zones=zones.get(group.name, group.zones),
        )
        for group in base.groups
    ]
    freedom = Freedom(max_moves=max_moves if free else None, consolidate=consolidate, interleaved=not consolidate)
    closed = np.zeros(base.cluster.size, np.bool_) if drained is None else drained
    return replace(base, groups=tuple(groups), freedom=freedom, drained=closed)
