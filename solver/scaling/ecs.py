"""A minute by ECS's documented rules: providers by strategy, tasks one by one, M from the largest type, empty instances first."""

from __future__ import annotations

import numpy as np

from solver.domain.cluster import ZONE
from solver.domain.counts import Bools
from solver.domain.request import Engine, Limits
from solver.scaling.fleet import Fleet, wanting
from solver.scaling.needed import Waiting, clamped, instances_needed, new_instances
from solver.scaling.rules import Rules
from solver.scaling.setting import ProviderSetting, ServiceSetting, Setting
from solver.scaling.strategy import next_providers


class EcsRules(Rules):
    """What ECS documents."""

    NAME = "ecs"

    @staticmethod
    def limits(setting: Setting) -> Limits:
        """The sequential engine, which places as ECS does."""
        return Limits(time_limit=60, workers=1, seed=setting.seed, engine=Engine.SEQUENTIAL)

    def assign(self, service: ServiceSetting, fleet: Fleet, more: int) -> None:
        """Each new task is of the provider that the strategy names, whether it fits there or not."""
        now = fleet.by_provider(self.groups[service.name])
        for provider, waiting in self.waiting[service.name].items():
            now[provider] = now.get(provider, 0) + waiting
        for provider, tasks in next_providers(now, more, service.strategy).items():
            self.waiting[service.name][provider] = self.waiting[service.name].get(provider, 0) + tasks

    def place(self, fleet: Fleet) -> None:
        """Service by service and provider by provider, what fits; unless nothing has changed since it did not."""
        for service in self.setting.services:
            group = self.groups[service.name]
            for provider, count in self.waiting[service.name].items():
                if count and self.tried.get((service.name, provider)) != fleet.version:
                    problem = wanting(fleet.problem, {group: count}, {group: (provider,)})
                    placed = fleet.take(fleet.ask(problem)).get(group, 0)
                    self.waiting[service.name][provider] -= placed
                    if placed < count:
                        self.tried[service.name, provider] = fleet.version

    def stop(self, service: ServiceSetting, fleet: Fleet, count: int) -> None:
        """By ECS's rule, task by task."""
        fleet.take(fleet.ask(fleet.stopping(self.groups[service.name], count)))

    def needed(self, provider: ProviderSetting, fleet: Fleet, minute: int) -> int | None:
        """M: with tasks that wait, from the largest type; None where none of them fits the smallest."""
        waiting = []
        for service in self.setting.services:
            group = fleet.problem.groups[fleet.problem.by_name[self.groups[service.name]]]
            if count := self.waiting[service.name].get(provider.name, 0):
                waiting.append(Waiting(count, group.demand, bool(group.ports)))
        estimate = new_instances(waiting, [self.setting.types[name] for name in provider.types])
        here = fleet.of(provider.name)
        if waiting and not estimate.instances:
            return None
        managed = provider.managed
        new = clamped(estimate.instances, managed.minimum_step, managed.maximum_step)
        return instances_needed(int(here.sum()), int((here & fleet.in_use()).sum()), new)

    def cold_start(self) -> bool:
        """From no instance the group goes to two."""
        return True

    def removed(self, provider: ProviderSetting, fleet: Fleet, count: int) -> Bools:
        """Empty instances, or with no protection any: of the zone that has most, the oldest first.

        ECS documents no order among those that may go; EC2 Auto Scaling begins with the zone that has most, and then the oldest
        template.
        """
        cluster = fleet.problem.cluster
        may = fleet.of(provider.name)
        if provider.managed.termination_protection:
            may &= ~fleet.in_use()
        zones = cluster.column(ZONE)
        held: dict[str, int] = {}
        for i in np.flatnonzero(fleet.of(provider.name)).tolist():
            held[zones[i] or ""] = held.get(zones[i] or "", 0) + 1
        gone = np.zeros(cluster.size, np.bool_)
        for _ in range(count):
            left = [i for i in np.flatnonzero(may & ~gone).tolist()]
            if not left:
                break
            chosen = min(left, key=lambda i: (-held[zones[i] or ""], fleet.since.get(cluster.instance_ids[i], -1), i))
            gone[chosen] = True
            held[zones[chosen] or ""] -= 1
        return gone
