"""The simulator: minute by minute over a curve, services scale, tasks find places or wait, providers scale.

In each minute: instances whose time has come join; each service decides by the demand and what runs, and tasks stop or wait;
what waits is placed; a service of which all tasks run is brought evenly over the zones where it asks for that; each provider
decides, launches and removes. What is counted is the state at the end of the minute.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from solver.domain.counts import Bools
from solver.domain.problem import Problem
from solver.errors import Fault, InvalidRequest
from solver.formats.choose import NO_GROUP
from solver.formats.cluster import Cluster
from solver.scaling import zone_rebalancing
from solver.scaling.fleet import Fleet
from solver.scaling.managed_scaling import decide as decide_capacity
from solver.scaling.policy import Metric
from solver.scaling.rules import Rules
from solver.scaling.service_scaling import ServiceState
from solver.scaling.service_scaling import decide as decide_service
from solver.scaling.setting import ProviderSetting, ServiceSetting, Setting
from solver.scaling.starting import Starting
from solver.scaling.step_scaling import MOST_DATAPOINTS

SECONDS = 60
MEMORY = MOST_DATAPOINTS
"""Minutes of metrics that are kept: as many as an alarm may look at."""


@dataclass(frozen=True)
class ServiceRow:
    """A service at the end of a minute: demand, metric in percent, and tasks."""

    minute: int
    service: str
    demand: Fraction
    metric: Metric
    desired: int
    running: int
    waiting: int
    short: int


@dataclass(frozen=True)
class ProviderRow:
    """A provider at the end of a minute: instances, and the reservation in percent."""

    minute: int
    provider: str
    needed: int
    running: int
    coming: int
    desired: int
    empty: int
    reservation: Fraction
    launched: int
    removed: int


@dataclass(frozen=True)
class MinuteRow:
    """The whole at the end of a minute: tasks moved in it, and what all instances cost an hour, in millionths."""

    minute: int
    moved: int
    price: int


@dataclass
class Run:
    """What one set of rules made of the curve."""

    rules: str
    services: list[ServiceRow] = field(default_factory=list)
    providers: list[ProviderRow] = field(default_factory=list)
    minutes: list[MinuteRow] = field(default_factory=list)

    @property
    def cost(self) -> Fraction:
        """Of all instances, over the curve."""
        return Fraction(sum(row.price for row in self.minutes), 60 * 1_000_000)

    @property
    def moved(self) -> int:
        """Tasks that moved, or that lost their instance."""
        return sum(row.moved for row in self.minutes)

    @property
    def wanted(self) -> int:
        """Task-minutes desired: those that ran and those that were unplaced."""
        return sum(row.desired for row in self.services)

    @property
    def ran(self) -> int:
        """Task-minutes."""
        return sum(row.running for row in self.services)

    @property
    def unplaced(self) -> int:
        """Task-minutes that waited for a place."""
        return sum(row.waiting for row in self.services)

    @property
    def short(self) -> int:
        """Task-minutes that the demand needed at 100 percent, and that did not run or had not started up."""
        return sum(row.short for row in self.services)

    @property
    def instance_minutes(self) -> int:
        """Of the providers, those on their way included: they are paid for."""
        return sum(row.running + row.coming for row in self.providers)

    @property
    def launched(self) -> int:
        """Instances."""
        return sum(row.launched for row in self.providers)

    @property
    def removed(self) -> int:
        """Instances."""
        return sum(row.removed for row in self.providers)

    @property
    def most(self) -> int:
        """Instances of the providers in the fullest minute."""
        held: dict[int, int] = {}
        for row in self.providers:
            held[row.minute] = held.get(row.minute, 0) + row.running + row.coming
        return max(held.values(), default=0)


def base_of(cluster: Cluster, setting: Setting) -> tuple[Problem, dict[str, str]]:
    """The cluster's problem with a group for each service that scales, and the names of these groups.

    Raises
    ------
    InvalidRequest
        With every service that the cluster does not have, or whose tasks cannot be started.
    """
    names = groups_of(cluster, setting.services)
    problem, _ = cluster.request({name: 1 for name in names})
    families = [problem.groups[problem.by_name[group]].family for group in names.values()]
    faults = [
        Fault(f"services.{name}", f"is {family} again", "name each service once")
        for k, (name, family) in enumerate(zip(names, families, strict=True))
        if family in families[:k]
    ]
    if faults:
        raise InvalidRequest(faults)
    return problem, names


def groups_of(cluster: Cluster, services: Iterable[ServiceSetting]) -> dict[str, str]:
    """By service, the group of the cluster whose tasks start.

    Raises
    ------
    InvalidRequest
        With every service that the cluster does not have, or whose tasks cannot be started.
    """
    faults, names = [], {}
    for service in services:
        entry = cluster.names.resolve(service.name)
        if entry is None:
            unknown = cluster.names.unknown(service.name, f"'{service.name}' {NO_GROUP}")
            faults.append(Fault(f"services.{service.name}", unknown.problem, unknown.remedy))
        elif entry.group.scheduling.value == "DAEMON":
            faults.append(Fault(f"services.{service.name}", "is a DAEMON service", "it does not scale: leave it out"))
        elif entry.refusal:
            wrong, _, remedy = entry.refusal.partition("; ")
            faults.append(Fault(f"services.{service.name}", wrong, remedy or "leave it out"))
        elif service.zone_rebalancing and (wrong := zone_rebalancing.refusal(entry.group)):
            faults.append(Fault(f"services.{service.name}.zone_rebalancing", wrong, "leave it out"))
        else:
            names[service.name] = entry.group.name
    if faults:
        raise InvalidRequest(faults)
    return names


def simulate(
    cluster: Cluster,
    setting: Setting,
    kind: type[Rules],
    told: Callable[[int, int], None] = lambda done, total: None,
) -> Run:
    """Carry the curve out by one set of rules.

    Parameters
    ----------
    told
        After each minute: minutes done, and all.

    Raises
    ------
    InvalidRequest
        If the cluster does not have a service.
    PlanRejected
        If the checker refuses a state: a fault of this package.
    """
    problem, groups = base_of(cluster, setting)
    simulation = _Simulation(setting, kind(setting, groups), Fleet(problem, setting, kind.limits(setting)))
    for minute in range(setting.curve.minutes):
        simulation.step(minute)
        told(minute + 1, setting.curve.minutes)
    return simulation.run


class _Simulation:
    """The state between minutes."""

    def __init__(self, setting: Setting, rules: Rules, fleet: Fleet) -> None:
        self.setting, self.rules, self.fleet = setting, rules, fleet
        self.run = Run(rules.NAME)
        self.states: dict[str, ServiceState] = {}
        self.metrics: dict[str, list[Metric]] = {service.name: [] for service in setting.services}
        self.below = {provider.name: 0 for provider in setting.providers}
        self.capacity: dict[str, int] = {}
        self.evened: dict[str, int] = {}
        self.starting = {one.name: Starting(fleet.running(rules.groups[one.name])) for one in setting.services}

    def step(self, minute: int) -> None:
        """One minute."""
        now = minute * SECONDS
        moved = self.fleet.moved
        self.fleet.register(now)
        for service in self.setting.services:
            self._scale(service, minute, now)
        self.rules.place(self.fleet)
        for service in self.setting.services:
            if service.zone_rebalancing and not self.rules.count_waiting(service.name):
                self._rebalance(service)
        rows = [self._capacity(provider, minute, now) for provider in self.setting.providers]
        self.run.providers += rows
        self.run.services += self._service_rows(minute)
        self.run.minutes.append(MinuteRow(minute, self.fleet.moved - moved, self.fleet.price()))

    def _scale(self, service: ServiceSetting, minute: int, now: int) -> None:
        """The desired count, and the tasks that stop or wait for it."""
        running = self.fleet.running(self.rules.groups[service.name])
        demand = self.setting.curve.demand[service.name][minute]
        metrics = self.metrics[service.name]
        metrics.append(100 * demand / (running * service.load_per_task) if running else None)
        del metrics[:-MEMORY]
        bounds = (service.minimum, service.maximum)
        known = self.states.get(service.name)
        if known is None:
            # Where it begins outside of its bounds, it is brought into them.
            self.states[service.name] = ServiceState(min(max(running, service.minimum), service.maximum))
        else:
            self.states[service.name] = decide_service(known, service.policies, metrics, running, now, bounds)
        more = self.states[service.name].desired - running - self.rules.count_waiting(service.name)
        if more > 0:
            self.rules.assign(service, self.fleet, more)
        if more < 0:
            fewer = -more - self.rules.forget_waiting(service.name, -more)
            if fewer:
                self.rules.stop(service, self.fleet, fewer)

    def _rebalance(self, service: ServiceSetting) -> None:
        """Bring a service back evenly over the zones; unless nothing has changed since that was tried."""
        if self.evened.get(service.name) == self.fleet.version:
            return
        providers = [share.provider for share in service.strategy]
        desired = self.states[service.name].desired
        zone_rebalancing.rebalance(self.fleet, self.rules.groups[service.name], desired, providers)
        self.evened[service.name] = self.fleet.version

    def _capacity(self, provider: ProviderSetting, minute: int, now: int) -> ProviderRow:
        """What the provider launches or removes."""
        fleet, rules = self.fleet, self.rules
        running = int(fleet.of(provider.name).sum())
        coming = sum(one.provider == provider.name for one in fleet.coming)
        desired = self.capacity.get(provider.name, running + coming)
        needed = rules.needed(provider, fleet, minute)
        bounds = (provider.minimum, provider.maximum)
        if needed is None:
            change_desired, metric, known = (
                max(desired, provider.minimum),
                Fraction(provider.managed.target_capacity),
                0,
            )
            self.below[provider.name] = 0
        else:
            known = needed
            change = decide_capacity(
                provider.managed,
                needed,
                running,
                desired,
                self.below[provider.name],
                warming=fleet.warms(provider, now),
                bounds=bounds,
                cold_start=rules.cold_start(),
            )
            self.below[provider.name] = change.below
            change_desired, metric = change.desired, change.reservation
        launched, removed = max(change_desired - running - coming, 0), 0
        if launched:
            fleet.launch(provider, launched, now)
        elif change_desired < desired:
            removed = self._remove(rules.removed(provider, fleet, desired - change_desired))
        self.capacity[provider.name] = running + coming + launched - removed
        here = fleet.of(provider.name)
        return ProviderRow(
            minute,
            provider.name,
            known,
            running - removed,
            coming + launched,
            self.capacity[provider.name],
            int((here & ~fleet.in_use()).sum()),
            metric,
            launched,
            removed,
        )

    def _remove(self, gone: Bools) -> int:
        """Instances go; tasks of services that ran there wait again, and count as moved. The last instance stays."""
        if gone.all():
            gone = gone.copy()
            gone[int(np.flatnonzero(gone)[-1])] = False
        if not gone.any():
            return 0
        lost = self.fleet.remove(gone)
        for service in self.setting.services:
            group = self.fleet.problem.groups[self.fleet.problem.by_name[self.rules.groups[service.name]]]
            if count := lost.get(group.family, 0):
                self.rules.assign(service, self.fleet, count)
        self.fleet.moved += sum(lost.values())
        return int(gone.sum())

    def _service_rows(self, minute: int) -> Iterator[ServiceRow]:
        for service in self.setting.services:
            running = self.fleet.running(self.rules.groups[service.name])
            demand = self.setting.curve.demand[service.name][minute]
            carry = -int(-demand // service.load_per_task)
            serving = running - self.starting[service.name].after(running, minute * SECONDS, service.start_up)
            yield ServiceRow(
                minute,
                service.name,
                demand,
                self.metrics[service.name][-1],
                self.states[service.name].desired,
                running,
                self.rules.count_waiting(service.name),
                max(carry - serving, 0),
            )


__all__ = ["MinuteRow", "ProviderRow", "Run", "ServiceRow", "base_of", "groups_of", "simulate"]
