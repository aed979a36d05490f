"""From a plan to how registered tasks lie over the zones of their load balancers, and what is wrong with that."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from solver.domain.cluster import ZONE
from solver.domain.counts import Counts
from solver.domain.problem import Problem
from solver.domain.targets import HostPorts, Target, TargetKind, TargetZones, ZoneTasks

MOST_LISTED = 10_000
"""Services and targets that an answer lists; those that the plan touches come first."""

MOST_ASSUMED = 100
"""Zones of the cluster that may stand for those of a load balancer: with more, the attribute is no availability zone."""


def target_zones(problem: Problem, tasks: Counts) -> tuple[TargetZones, ...]:
    """One for each service and target: those that the plan touches, then the others, in the order of the groups.

    A task counts from the moment that it is to run: ECS registers it once it does. Several registrations of a service with one
    target, such as two ports, are one here.

    Parameters
    ----------
    tasks
        Counts after the operation.
    """
    found: dict[tuple[str, str], list[int]] = {}
    for g, group in enumerate(problem.groups):
        for name in dict.fromkeys(target.name for target in group.targets):
            found.setdefault((group.family, name), []).append(g)
    if not found:
        return ()
    counted = _Counted(problem, tasks)
    changed = np.unique((tasks - problem.running).group).tolist()
    touched = {problem.groups[g].family for g in changed if problem.groups[g].targets}
    listed = sorted(found, key=lambda key: key[0] not in touched)[:MOST_LISTED]
    return tuple(counted.zones(*key, found[key], touched=key[0] in touched) for key in listed)


class _Counted:
    """Tasks of each group in each zone before and after; the last zone is that of the instances that say none."""

    def __init__(self, problem: Problem, tasks: Counts) -> None:
        self.problem = problem
        column = problem.cluster.column(f"attribute:{ZONE}")
        self.names = (*column.values, "")
        self.code = np.where(column.codes < 0, len(column.values), column.codes).astype(np.int64)
        self.before, self.after = self._by_zone(problem.running), self._by_zone(tasks)
        active = [self.names[z] for z in np.unique(self.code[problem.cluster.active]).tolist()]
        self.active = tuple(zone for zone in active if zone) if len(active) <= MOST_ASSUMED else ()

    def _by_zone(self, tasks: Counts) -> Counts:
        """Groups x zones."""
        shape = (len(self.problem.groups), len(self.names))
        return Counts.of(shape, tasks.group, self.code[tasks.instance], tasks.count)

    def _of(self, counts: Counts, members: Iterable[int]) -> Counter[str]:
        """Tasks of some groups by zone."""
        found: Counter[str] = Counter()
        for g in members:
            for z, count in zip(*(column.tolist() for column in counts.cells_of(g)), strict=True):
                found[self.names[z]] += count
        return found

    def zones(self, family: str, name: str, members: Sequence[int], *, touched: bool) -> TargetZones:
        """How the tasks of some groups lie over the zones of a target."""
        targets = [target for g in members for target in self.problem.groups[g].targets if target.name == name]
        known = dict.fromkeys(zone for target in targets for zone in target.zones)
        enabled = tuple(known) or self._assumed(members)
        before, after = self._of(self.before, members), self._of(self.after, members)
        zones = tuple(
            # Where nobody knows the zones of the load balancer, it is not said of one that it is not enabled there.
            ZoneTasks(zone, before[zone], after[zone], enabled=zone in enabled or not known)
            for zone in sorted({*enabled, *before, *after}, key=lambda zone: (not zone, zone))
        )
        return TargetZones(
            service=family,
            target=name,
            kind=targets[0].kind,
            label=targets[0].label,
            zones=zones,
            zones_known=bool(known),
            touched=touched,
            warnings=(*_of_zones(zones), *_of_ports(self._kept(members, name))),
        )

    def _assumed(self, members: Sequence[int]) -> tuple[str, ...]:
        """The zones of ACTIVE instances; of those, the ones that the subnets of all revisions allow."""
        groups = [self.problem.groups[g] for g in members]
        if any(not group.zones for group in groups):
            return self.active
        allowed = {zone for group in groups for zone in group.zones}
        return tuple(zone for zone in self.active if zone in allowed)

    def _kept(self, members: Iterable[int], name: str) -> Iterator[Target]:
        """The registrations of groups that have tasks in the end."""
        for g in members:
            if len(self.after.cells_of(g)[0]):
                yield from (target for target in self.problem.groups[g].targets if target.name == name)


def _of_zones(zones: Sequence[ZoneTasks]) -> Iterator[str]:
    """What is wrong with where the tasks are."""
    if not any(zone.before or zone.after for zone in zones):
        return
    if not any(zone.after for zone in zones):
        yield "no task is left in any zone"
        return
    empty = [zone for zone in zones if zone.enabled and not zone.after]
    if lost := [zone.zone for zone in empty if zone.before]:
        yield f"no task is left in {', '.join(lost)}"
    if bare := [zone.zone for zone in empty if not zone.before]:
        yield f"still no task in {', '.join(bare)}"
    for zone in zones:
        if not zone.enabled and zone.after:
            tasks = "1 task gets" if zone.after == 1 else f"{zone.after:,} tasks get"
            place = f"in {zone.zone}" if zone.zone else "on instances without a zone"
            yield f"{tasks} no traffic {place}, where the load balancer is not enabled"


def _of_ports(targets: Iterable[Target]) -> Iterator[str]:
    """What a Classic Load Balancer cannot do (ECS developer guide, load balancer types; ECS API, LoadBalancer)."""
    said: dict[str, None] = {}
    for target in targets:
        if target.kind is not TargetKind.CLASSIC:
            continue
        what = f"port {target.port} of container {target.container}" if target.container else "its container port"
        if target.host_ports is HostPorts.DYNAMIC:
            said.setdefault(
                f"a Classic Load Balancer needs one host port for all instances, and {what} has a dynamic one: "
                "give it a static host port, or use a target group"
            )
        elif target.host_ports is HostPorts.INTERFACE:
            said.setdefault("a Classic Load Balancer takes no tasks in awsvpc mode: use a target group of type ip")
    yield from said
