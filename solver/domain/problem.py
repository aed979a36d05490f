"""A cluster, the groups on it and what is wanted of them: the one input of every engine."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import chain, islice

import numpy as np

from solver.domain.cluster import ZONE, ClusterSnapshot, Port
from solver.domain.counts import LARGEST_SUM, Bools, Counts, Ints, read_only, sum_of, too_large
from solver.domain.operation import Operation
from solver.domain.request import (
    MAX_CONSTRAINTS,
    MAX_START,
    MAX_STRATEGIES,
    MOST_OF_SLOT,
    Freedom,
    RuleSpec,
    RunningTask,
    Scheduling,
    TaskGroup,
)
from solver.domain.seating import device_faults, devices_after, seats_of
from solver.domain.targets import target_faults
from solver.errors import MAX_FAULTS, Fault, InvalidRequest

DEFAULT_SERVICE_STRATEGIES = (RuleSpec("spread", f"attribute:{ZONE}"), RuleSpec("spread", "instanceId"))
DEFAULT_STANDALONE_STRATEGIES = (RuleSpec("random"),)


@dataclass(frozen=True, eq=False)
class Problem:
    """What is, and what is wanted.

    Parameters
    ----------
    cluster, groups
        ``I`` instances, ``G`` groups. Groups that only run (``start`` 0) belong here too: rules read them.
    running
        Tasks with desired status RUNNING of each group on each instance; already taken from ``cluster.free``.
    rules
        Rules of the whole cluster: ``reserve``, ``isolateRoles``.
    all_or_nothing
        Place everything that is wanted, or nothing (§6.3).
    frozen
        ``bool[I]``: instances where nothing may change; left out, none.
    tasks
        The running tasks by name, where known: protected ones do not stop.
    drained
        ``bool[I]``: instances that take nothing new and that replaceable tasks leave; left out, none.
    freedom
        What may change beside what is asked for.

    Raises
    ------
    InvalidRequest
        With every fault of the groups at once.
    """

    cluster: ClusterSnapshot
    groups: tuple[TaskGroup, ...]
    running: Counts
    rules: tuple[RuleSpec, ...] = ()
    all_or_nothing: bool = False
    frozen: Bools = field(default_factory=lambda: np.zeros(0, np.bool_))
    tasks: tuple[RunningTask, ...] = field(default=(), repr=False)
    drained: Bools = field(default_factory=lambda: np.zeros(0, np.bool_))
    freedom: Freedom = Freedom()

    def __post_init__(self) -> None:
        for name in ("frozen", "drained"):
            if not getattr(self, name).size:
                object.__setattr__(self, name, np.zeros(self.cluster.size, np.bool_))
        of_parts = chain(self._shape_faults(), _group_faults(self.groups, self.cluster), _budget_faults(self.freedom))
        faults = list(islice(of_parts, MAX_FAULTS))
        if faults := faults or [*self._stop_faults(), *self._sum_faults(), *self._gain_faults(), *self._slot_faults()]:
            raise InvalidRequest(faults)
        if self.device_groups and (faults := list(device_faults(self))):
            raise InvalidRequest(faults)
        read_only(self.frozen)
        read_only(self.drained)

    def _shape_faults(self) -> list[Fault]:
        shape = (len(self.groups), self.cluster.size)
        found = (self.running.groups, self.running.instances)
        faults = []
        for name, flags in (("frozen", self.frozen), ("drained", self.drained)):
            if flags.shape != (self.cluster.size,):
                remedy = f"must have one entry an instance, ({self.cluster.size},)"
                faults.append(Fault(name, f"has shape {flags.shape}", remedy))
        for t, task in enumerate(self.tasks):
            if not (0 <= task.group < shape[0] and 0 <= task.instance < shape[1]):
                remedy = f"must be below {shape[0]} and {shape[1]}"
                faults.append(Fault(f"tasks[{t}]", f"is of group {task.group} on instance {task.instance}", remedy))
        if found != shape:
            faults.append(Fault("running", f"has shape {found}", f"must be groups x instances, {shape}"))
        if len(self.running) and (self.running.count < 0).any():
            faults.append(Fault("running", "has a negative count", "must be zero or more"))
        return faults

    def _stop_faults(self) -> list[Fault]:
        faults = []
        for g, (group, running) in enumerate(zip(self.groups, self.running.totals().tolist(), strict=True)):
            if group.stop > running:
                faults.append(Fault(f"groups[{g}].stop", f"is {group.stop}", f"only {running} of {group.name} run"))
            for name, amount in (("stop", group.stop), ("movable", group.movable)):
                if amount and group.scheduling is Scheduling.DAEMON:
                    remedy = "a DAEMON service has one task on each eligible instance: change its rules instead"
                    faults.append(Fault(f"groups[{g}].{name}", f"is {amount} for a DAEMON service", remedy))
        return faults

    def _sum_faults(self) -> list[Fault]:
        """Sums over all groups that no longer fit (§11.2); the single amounts do."""
        faults = []
        # A group without tasks counts once: a DAEMON group may be owed one.
        tasks = np.maximum(self.wanted + self.running.totals(), 1)
        for r, name in enumerate(self.cluster.resources):
            if too_large(self.demand[:, r], tasks):
                problem = "times the tasks wanted and running adds up to more than 2^53 over the groups"
                faults.append(Fault(f"groups.demand[{name}]", problem, "use a coarser unit"))
        return faults

    def _gain_faults(self) -> Iterator[Fault]:
        """Moves are judged by what they gain only where nothing else changes the tiers."""
        freedom = self.freedom
        others = {
            "tasks start": self.wanted.any(),
            "tasks are to stop": any(group.stop for group in self.groups),
            "instances are drained": self.drained.any(),
            "instances are to be emptied": freedom.empty,
            "moves are interleaved": freedom.interleaved,
        }
        if freedom.min_gain and any(others.values()):
            said = next(what for what, asked in others.items() if asked)
            problem = f"is {freedom.min_gain:,}, and {said}"
            yield Fault("freedom.min_gain", problem, "ask for moves alone, such as a rebalance afterwards")

    def _slot_faults(self) -> Iterator[Fault]:
        """A slot is of resources of the cluster, each above zero, and its thousandths can be counted."""
        known = self.cluster.resources
        tasks = (self.wanted + self.running.totals()).astype(object)
        for name, need in self.freedom.slot.items():
            path = f"freedom.slot[{name}]"
            if name not in known:
                remedy = f"the cluster has {', '.join(known) or 'no resource'}"
                yield Fault(path, "is not a resource of the cluster", remedy)
            elif isinstance(need, bool) or not isinstance(need, int | np.integer) or not 1 <= need <= MOST_OF_SLOT:
                yield Fault(path, f"is {need!r}", f"must be a whole number, 1 to {MOST_OF_SLOT:,}")
            elif 1_000 * (int(need) + int((self.demand[:, known.index(name)] * tasks).sum())) > 2**62:
                yield Fault(path, "times 1,000, with the tasks, could exceed 2^62", "use a coarser unit")

    @cached_property
    def demand(self) -> Ints:
        """``int64[G, R]``: what one task of each group takes."""
        rows = [[group.demand.get(name, 0) for name in self.cluster.resources] for group in self.groups]
        demand = np.array(rows, np.int64).reshape(len(self.groups), len(self.cluster.resources))
        read_only(demand)
        return demand

    @cached_property
    def device_groups(self) -> frozenset[int]:
        """The groups whose tasks need devices."""
        return frozenset(g for g, group in enumerate(self.groups) if group.devices is not None)

    @cached_property
    def seats(self) -> dict[tuple[int, int], list[tuple[int, ...]]]:
        """The devices of running tasks by group and instance, in the order in which these stop (§9.1); protected ones last."""
        return seats_of(self)

    @cached_property
    def wanted(self) -> Ints:
        """``int64[G]``: new tasks wanted of each group."""
        return np.array([group.start for group in self.groups], np.int64)

    @cached_property
    def operation(self) -> Operation:
        """What may change of what runs, and what there should be."""
        return Operation.of(self.groups, self.running, self.tasks, self.drained, self.frozen, self.freedom)

    def missing(self, tasks: Counts) -> Ints:
        """``int64[G]``: tasks that a state has too few of, new ones or ones that left drained instances or were stopped."""
        missing: Ints = np.maximum(self.operation.desired - tasks.totals(), 0)
        return missing

    def refuse_large(self, tasks: Counts) -> None:
        """Refuse a state whose sums leave 2^53 (§11.2): it is none that an answer has.

        Raises
        ------
        InvalidRequest
            With the first resource of which the tasks would take so much.
        """
        for r, name in enumerate(self.cluster.resources):
            if too_large(self.demand[:, r], tasks.totals()):
                problem = f"times what they take adds up to more than 2^53 for {name}"
                raise InvalidRequest.at("tasks", problem, "use a coarser unit")

    def after(self, tasks: Counts) -> Problem:
        """The state ``tasks`` as a problem of its own: what is still missing is wanted, and nothing that runs may change."""
        change = tasks - self.running
        cluster = self.cluster
        held = {port: np.zeros(cluster.size, np.bool_) for port in cluster.used_ports}
        lost = {port: np.zeros(cluster.size, np.bool_) for port in cluster.used_ports}
        for g, group in enumerate(self.groups):
            for port in group.ports:
                held.setdefault(port, np.zeros(cluster.size, np.bool_))[tasks.cells_of(g)[0]] = True
                lost.setdefault(port, np.zeros(cluster.size, np.bool_))[self.running.cells_of(g)[0]] = True
        for port, instances in cluster.used_ports.items():
            held[port][instances[~lost[port][instances]]] = True
        snapshot = replace(
            cluster,
            free=cluster.free - change.load(self.demand),
            used_ports={port: np.flatnonzero(where) for port, where in held.items()},
            devices=devices_after(self, change) if self.device_groups else cluster.devices,
        )
        missing = self.missing(tasks).tolist()
        groups = tuple(
            replace(group, start=start, stop=0, movable=False, all_or_nothing=group.all_or_nothing and start > 0)
            for group, start in zip(self.groups, missing, strict=True)
        )
        closed = self.frozen | self.drained
        return Problem(snapshot, groups, tasks, self.rules, frozen=closed, drained=self.drained)

    def most_wanted(self, groups: Iterable[int]) -> int:
        """How many tasks more than now the groups should have: new ones, less those whose stop was asked for."""
        more = self.wanted - self.operation.asked
        return sum(int(more[g]) for g in groups)

    def most_tasks(self, groups: Iterable[int]) -> int:
        """All tasks of the groups, running and wanted: no state holds more."""
        totals = self.wanted + self.running.totals()
        return sum(int(totals[g]) for g in groups)

    @cached_property
    def families(self) -> dict[str, tuple[int, ...]]:
        """The groups of each family."""
        found: dict[str, list[int]] = {}
        for g, group in enumerate(self.groups):
            found.setdefault(group.family, []).append(g)
        return {family: tuple(members) for family, members in found.items()}

    def running_of(self, family: str) -> Ints:
        """``int64[I]``: tasks of all groups of a family before the operation (read-only, counted once)."""
        if family not in self._running_of:
            row = sum_of((self.running.row(g) for g in self.families.get(family, ())), self.cluster.size)
            read_only(row)
            self._running_of[family] = row
        return self._running_of[family]

    @cached_property
    def _running_of(self) -> dict[str, Ints]:
        return {}

    @cached_property
    def by_name(self) -> dict[str, int]:
        """The index of each group's name."""
        return {group.name: g for g, group in enumerate(self.groups)}

    @cached_property
    def open_to_change(self) -> Bools:
        """``bool[I]``: instances that accept new tasks and are neither frozen nor drained."""
        return self.cluster.accepts & ~self.frozen & ~self.drained

    @cached_property
    def holds_unlisted(self) -> Bools:
        """``bool[I]``: something runs there that belongs to no group of the request (§4.2: free below capacity)."""
        unexplained = self.cluster.capacity - self.cluster.free - self.running.load(self.demand)
        return (unexplained > 0).any(axis=1) | (self.cluster.unlisted_tasks > 0)

    def in_use(self, tasks: Counts) -> Bools:
        """``bool[I]``: instances with tasks that are no DAEMON's, or with such that belong to no group (§5.1)."""
        kept = np.array([group.scheduling is not Scheduling.DAEMON for group in self.groups], np.bool_)
        found = self.holds_unlisted.copy()
        found[tasks.instance[kept[tasks.group]]] = True
        return found

    def strategies(self, group: int) -> tuple[RuleSpec, ...]:
        """The group's strategies, the default of §4.4 where it names none."""
        own = self.groups[group].strategies
        if own:
            return own
        if self.groups[group].scheduling is Scheduling.REPLICA:
            return DEFAULT_SERVICE_STRATEGIES
        return DEFAULT_STANDALONE_STRATEGIES

    def classes(self) -> list[tuple[int, tuple[int, ...]]]:
        """Priorities, highest first, with the groups of each that want tasks, also for those that leave drained instances."""
        leaving = self.operation.leaving.totals()
        return by_priority(self.groups, [g for g, group in enumerate(self.groups) if group.start or leaving[g]])


def by_priority(groups: Sequence[TaskGroup], chosen: Iterable[int]) -> list[tuple[int, tuple[int, ...]]]:
    """Priorities, highest first, with the chosen groups of each."""
    found: dict[int, list[int]] = {}
    for g in chosen:
        found.setdefault(groups[g].priority, []).append(g)
    return [(priority, tuple(found[priority])) for priority in sorted(found, reverse=True)]


def _group_faults(groups: tuple[TaskGroup, ...], cluster: ClusterSnapshot) -> Iterator[Fault]:
    seen: set[str] = set()
    for g, group in enumerate(groups):
        path = f"groups[{g}]"
        if not group.name:
            yield Fault(f"{path}.name", "is empty", "give each group a name")
        elif group.name in seen:
            yield Fault(f"{path}.name", f"'{group.name}' is already a group", "name each group once")
        seen.add(group.name)
        yield from _amount_faults(path, group, cluster)
        yield from _size_faults(path, group)
        yield from target_faults(path, group.targets)


def _amount_faults(path: str, group: TaskGroup, cluster: ClusterSnapshot) -> Iterator[Fault]:
    amounts = {f"demand[{name}]": amount for name, amount in group.demand.items()}
    amounts |= {"start": group.start, "stop": group.stop, "priority": group.priority, "move_cost": group.move_cost}
    optional = ("max_moves", "minimum_healthy_percent", "maximum_percent")
    amounts |= {name: value for name in optional if (value := getattr(group, name)) is not None}
    faults = [
        Fault(f"{path}.{name}", f"is {amount!r}", "must be a whole number")
        for name, amount in amounts.items()
        if not isinstance(amount, int | np.integer)
    ]
    if faults:
        yield from faults
        return
    for name in ("stop", "move_cost", "max_moves"):
        if name in amounts and amounts[name] < 0:
            yield Fault(f"{path}.{name}", f"is {amounts[name]}", "must be zero or more")
    if group.start > 0 and group.stop > 0:
        yield Fault(f"{path}.stop", f"is {group.stop}, and start is {group.start}", "start or stop, not both")
    if not 0 <= (group.minimum_healthy_percent or 0) <= 100:
        yield Fault(f"{path}.minimum_healthy_percent", f"is {group.minimum_healthy_percent}", "must be 0 to 100")
    if not 100 <= (100 if group.maximum_percent is None else group.maximum_percent) <= 1_000:
        yield Fault(f"{path}.maximum_percent", f"is {group.maximum_percent}", "must be 100 to 1,000")
    for name, amount in group.demand.items():
        where = f"{path}.demand[{name}]"
        if name not in cluster.resources and amount > 0:
            remedy = f"the cluster has {', '.join(cluster.resources) or 'no resource'}"
            yield Fault(where, "is not a resource of the cluster", remedy)
        if amount < 0:
            yield Fault(where, f"is {amount}", "must be zero or more")
        elif amount * max(group.start, 1) > LARGEST_SUM:
            yield Fault(where, f"times {max(group.start, 1)} tasks is more than 2^53", "use a coarser unit")
    if not 0 <= group.start <= MAX_START:
        yield Fault(f"{path}.start", f"is {group.start}", f"must be 0 to {MAX_START:,}")
    if not -(2**31) <= group.priority < 2**31:
        yield Fault(f"{path}.priority", f"is {group.priority}", "must fit 32 bits")


def _budget_faults(freedom: Freedom) -> list[Fault]:
    names = ("max_moves", "max_move_cost", "min_gain", "empty")
    budgets = [(name, getattr(freedom, name)) for name in names]
    faults = [
        Fault(f"freedom.{name}", f"is {amount!r}", "must be a whole number, zero or more")
        for name, amount in budgets
        if amount is not None and (not isinstance(amount, int | np.integer) or amount < 0)
    ]
    if freedom.empty and freedom.interleaved:
        faults.append(Fault("freedom.empty", f"is {freedom.empty}, and moves are interleaved", "ask for one of them"))
    return faults


def _size_faults(path: str, group: TaskGroup) -> Iterator[Fault]:
    if len(group.constraints) > MAX_CONSTRAINTS:
        problem = f"has {len(group.constraints)} rules"
        yield Fault(f"{path}.constraints", problem, f"at most {MAX_CONSTRAINTS}")
    if len(group.strategies or ()) > MAX_STRATEGIES:
        problem = f"has {len(group.strategies or ())} rules"
        yield Fault(f"{path}.strategies", problem, f"at most {MAX_STRATEGIES}")
    seen: set[Port] = set()
    for p, (protocol, port) in enumerate(group.ports):
        where = f"{path}.ports[{p}]"
        if protocol not in ("tcp", "udp"):
            yield Fault(where, f"has protocol '{protocol}'", "must be tcp or udp")
        if not 1 <= port <= 65535:
            yield Fault(where, f"is port {port}", "must be 1 to 65535")
        if (protocol, port) in seen:
            yield Fault(where, f"{port}/{protocol} is already asked for", "name each port once")
        seen.add((protocol, port))
