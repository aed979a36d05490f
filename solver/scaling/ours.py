"""A minute by our rules: M from the model, moves where they make room, providers by fit, the cheapest instances emptied."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from solver.domain.counts import Bools, Counts
from solver.domain.problem import Problem
from solver.domain.request import Engine, Limits, Scheduling
from solver.scaling.fit import Offer, by_fit, tasks_on
from solver.scaling.fleet import Fleet, wanting
from solver.scaling.growth import Growth
from solver.scaling.needed import clamped
from solver.scaling.rules import Rules
from solver.scaling.setting import ProviderSetting, ServiceSetting, Setting

SECONDS = 600.0
"""For one search, whatever its deterministic limit: so much that it is not reached, on a computer with much else to do either."""


class OurRules(Rules):
    """What the model says."""

    NAME = "ours"

    def __init__(self, setting: Setting, groups: Mapping[str, str]) -> None:
        super().__init__(setting, groups)
        self._known: dict[str, tuple[int, int]] = {}
        self._plans: dict[str, tuple[int, Counts]] = {}
        self.growth = Growth()

    @staticmethod
    def limits(setting: Setting) -> Limits:
        """One thread and a deterministic limit, so that a run repeats (§10.1)."""
        return Limits(SECONDS, setting.ours.deterministic_limit, 1, setting.seed, Engine.AUTO)

    def assign(self, service: ServiceSetting, fleet: Fleet, more: int) -> None:
        """A task waits for any provider of its service; it counts for the one that it fits best."""
        best = self._by_fit(service, fleet)[0]
        self.waiting[service.name][best] = self.waiting[service.name].get(best, 0) + more

    def _by_fit(self, service: ServiceSetting, fleet: Fleet) -> list[str]:
        """The providers of a service, those first that may still grow, then as a task costs; the first listed where none fits."""
        demand = fleet.problem.groups[fleet.problem.by_name[self.groups[service.name]]].demand
        offers = []
        for share in service.strategy:
            provider = self.setting.provider(share.provider)
            kind = provider.types[0]
            offers.append(Offer(provider.name, self.setting.types[kind], self.setting.prices.get(kind)))
        found = by_fit(demand, offers) or [service.strategy[0].provider]
        return sorted(found, key=lambda name: self._count(name, fleet) >= self.setting.provider(name).maximum)

    @staticmethod
    def _count(provider: str, fleet: Fleet) -> int:
        return int(fleet.of(provider).sum()) + sum(one.provider == provider for one in fleet.coming)

    def _providers(self) -> dict[str, tuple[str, ...]]:
        return {
            self.groups[service.name]: tuple(share.provider for share in service.strategy)
            for service in self.setting.services
        }

    def place(self, fleet: Fleet) -> None:
        """All that waits, one by one where that is enough; what is left together, and with moves."""
        for moves, limits in ((0, self._quick(fleet)), (self.setting.ours.max_moves, fleet.limits)):
            starts = {self.groups[name]: self.count_waiting(name) for name in self.waiting}
            if not any(starts.values()) or self.tried.get(("", limits.engine.value)) == fleet.version:
                continue
            asked = wanting(fleet.problem, starts, self._providers(), max_moves=moves)
            placed = fleet.take(fleet.ask(asked, limits))
            for service in self.setting.services:
                self.forget_waiting(service.name, placed.get(self.groups[service.name], 0))
            self.tried["", limits.engine.value] = fleet.version
        for service in self.setting.services:
            if left := self.count_waiting(service.name):
                # What waits may fit another provider by now: the best one may be at its maximum.
                self.waiting[service.name] = {self._by_fit(service, fleet)[0]: left}

    def stop(self, service: ServiceSetting, fleet: Fleet, count: int) -> None:
        """By the service's strategies, task by task as in ECS."""
        fleet.take(fleet.ask(fleet.stopping(self.groups[service.name], count), self._quick(fleet)))

    @staticmethod
    def _quick(fleet: Fleet) -> Limits:
        """Task by task."""
        return replace(fleet.limits, engine=Engine.SEQUENTIAL, deterministic_limit=None)

    def cold_start(self) -> bool:
        """M is known from the model: no need to guess."""
        return False

    def needed(self, provider: ProviderSetting, fleet: Fleet, minute: int) -> int:
        """M: the fewest instances in the best plan found, of new ones where tasks wait, else of those that run.

        Where the services grow, the plan has room for what is likely to come while an instance is launched.
        """
        here = fleet.of(provider.name)
        self.growth.note(minute, {service.name: self._desired(service, fleet) for service in self.setting.services})
        room = self._room(provider, fleet, minute)
        starts = {
            self.groups[name]: count
            for name, waiting in self.waiting.items()
            if (count := waiting.get(provider.name, 0))
        }
        lacking = self._lacking(fleet, room)
        if starts or lacking:
            new = self._new(provider, fleet, starts, lacking)
            if new:
                managed = provider.managed
                return int(here.sum()) + clamped(new, managed.minimum_step, managed.maximum_step)
        in_use = int((here & fleet.in_use()).sum())
        if starts or (not room and (not self.setting.ours.max_moves or in_use <= self._least(provider, fleet))):
            return in_use
        # Room may need an instance that is empty.
        most = int(here.sum()) if room else in_use
        known = self._known.get(provider.name)
        if known is not None and (known[0] == fleet.version or minute % self.setting.ours.every):
            return min(known[1], most)
        plan = self._emptied(provider, fleet, room)
        self._known[provider.name] = (fleet.version, plan)
        return plan

    def _desired(self, service: ServiceSetting, fleet: Fleet) -> int:
        return fleet.running(self.groups[service.name]) + self.count_waiting(service.name)

    def _room(self, provider: ProviderSetting, fleet: Fleet, minute: int) -> dict[str, int]:
        """Tasks by group for which there should be room: of the services that fit this provider best."""
        if not self.setting.ours.ahead:
            return {}
        found = {}
        for service in self.setting.services:
            if self._by_fit(service, fleet)[0] == provider.name:
                likely = self.growth.ahead(service.name, minute, provider.launch)
                found[self.groups[service.name]] = min(likely, service.maximum - self._desired(service, fleet))
        return {group: count for group, count in found.items() if count > 0}

    def _lacking(self, fleet: Fleet, room: dict[str, int]) -> dict[str, int]:
        """What of the room the cluster does not have as it is."""
        if not room:
            return {}
        answer = fleet.ask(wanting(fleet.problem, room, self._providers()), self._quick(fleet))
        missing = answer.problem.missing(answer.tasks)
        names = {name: fleet.problem.by_name[name] for name in room}
        return {name: int(missing[g]) for name, g in names.items() if missing[g]}

    def _least(self, provider: ProviderSetting, fleet: Fleet) -> int:
        """Instances that what runs on the provider's needs by counting alone: ``max_r ceil(load_r / largest capacity_r)``."""
        here, problem = fleet.of(provider.name), fleet.problem
        kept = np.array([group.scheduling is not Scheduling.DAEMON for group in problem.groups], np.bool_)
        cells = kept[problem.running.group] & here[problem.running.instance]
        groups, counts = problem.running.group[cells], problem.running.count[cells]
        if not len(counts):
            return 0
        load = (problem.demand[groups] * counts[:, None]).sum(axis=0)
        # Elsewhere there may be room for some of it.
        accepts = problem.cluster.accepts & ~here
        load = np.maximum(load - np.maximum(problem.cluster.free, 0)[accepts].sum(axis=0), 0)
        most = problem.cluster.capacity[here].max(axis=0)
        needs = [
            -(-int(amount) // int(size)) for amount, size in zip(load, most, strict=True) if amount > 0 and size > 0
        ]
        return max(needs, default=0)

    def _new(self, provider: ProviderSetting, fleet: Fleet, waiting: dict[str, int], likely: dict[str, int]) -> int:
        """New instances that tasks take which wait and which there shall be room for, packed together with as few as can be."""
        starts = {name: waiting.get(name, 0) + likely.get(name, 0) for name in (*waiting, *likely)}
        room = max(provider.maximum - self._count(provider.name, fleet), 0)
        coming = sum(one.provider == provider.name for one in fleet.coming)
        most = min(self._alone(provider, fleet, starts), room + coming)
        if not most:
            return 0
        problem = fleet.candidates(provider, most)
        asked = wanting(problem, starts, self._providers(), consolidate=True)
        tasks = fleet.ask(asked).tasks
        new = np.unique(tasks.instance[tasks.instance >= fleet.problem.cluster.size])
        return len(new)

    def _alone(self, provider: ProviderSetting, fleet: Fleet, starts: dict[str, int]) -> int:
        """New instances with which the tasks surely fit, group by group on the launched type."""
        capacity = self.setting.types[provider.types[0]]
        groups = [fleet.problem.groups[fleet.problem.by_name[name]] for name in starts]
        fits = [tasks_on(group.demand, capacity) if not group.ports else 1 for group in groups]
        return sum(-(-starts[group.name] // fit) for group, fit in zip(groups, fits, strict=True) if fit)

    def _emptied(self, provider: ProviderSetting, fleet: Fleet, room: dict[str, int]) -> int:
        """Instances of the provider that the plan with the fewest in use, within the moves and with the room, still uses."""
        moves = self.setting.ours.max_moves
        problem = wanting(fleet.problem, room, self._providers(), max_moves=moves, consolidate=True)
        tasks = fleet.ask(problem).tasks
        self._plans[provider.name] = (fleet.version, tasks)
        return int((fleet.of(provider.name) & fleet.problem.in_use(tasks)).sum())

    def removed(self, provider: ProviderSetting, fleet: Fleet, count: int) -> Bools:
        """Empty instances, then those for which the least moves: their tasks move first, within the budget, or nothing goes."""
        here, busy = fleet.of(provider.name), fleet.in_use()
        gone = np.zeros(fleet.problem.cluster.size, np.bool_)
        gone[np.flatnonzero(here & ~busy)[:count]] = True
        left = count - int(gone.sum())
        known = self._plans.get(provider.name)
        if left <= 0 or known is None or known[0] != fleet.version:
            return gone
        tasks = fleet.problem.running.per_instance()
        emptied = np.flatnonzero(here & busy & ~fleet.problem.in_use(known[1])).tolist()
        chosen = sorted(emptied, key=lambda i: (int(tasks[i]), i))[:left]
        while chosen:
            drained = gone.copy()
            drained[chosen] = True
            budget = self.setting.ours.max_moves
            problem = wanting(fleet.problem, {}, self._providers(), max_moves=budget, drained=drained)
            answer = fleet.ask(problem)
            if _is_clean(problem, answer.tasks, drained, fleet):
                fleet.take(answer)
                return drained
            chosen.pop()
        return gone


def _is_clean(problem: Problem, tasks: Counts, drained: Bools, fleet: Fleet) -> bool:
    """Whether the instances are empty but for daemons, and no task is lost."""
    return not (drained & fleet.problem.in_use(tasks)).any() and not problem.missing(tasks).any()
