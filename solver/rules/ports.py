"""Static host ports: one holder per instance, protocol and port, at most 100 reserved ports an instance (§3.7).

Source: ECS developer guide, task definition parameters (port mappings). Dynamic ports need nothing of an instance.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from solver.domain.cluster import Port
from solver.domain.counts import Bools, Ints, sum_of
from solver.domain.placement import Placement
from solver.domain.problem import Problem
from solver.domain.request import Scheduling
from solver.rules.base import UNLIMITED, Breaches, Constraint, Reading, Stage
from solver.rules.daemon import Debt
from solver.rules.model import Literal, Model, Sum, total
from solver.rules.terms import AtMost, Term, flags

MOST_RESERVED = 100
"""Reserved ports of an instance, tcp and udp, the agent's own included."""


def _taken(problem: Problem, port: Port) -> Ints:
    """``int64[I]``: holders of the port before the operation, 1 where it is taken by whoever."""
    taken = np.zeros(problem.cluster.size, np.int64)
    taken[problem.cluster.used_ports.get(port, np.zeros(0, np.int64))] = 1
    return np.maximum(taken, sum_of((problem.running.row(g) for g in _holders(problem, port)), len(taken)))


def _holders(problem: Problem, port: Port) -> list[int]:
    return [g for g, group in enumerate(problem.groups) if port in group.ports]


@dataclass(frozen=True, eq=False)
class HostPort(Constraint):
    """At most one holder of a static port on each instance, and none but the daemon where one is owed it (§2.2)."""

    stage: ClassVar[Stage] = Stage.CLUSTER
    port: Port
    debts: tuple[Debt, ...] = ()
    reason: str = "RESOURCE:PORTS"
    owner: int | None = None

    @property
    def name(self) -> str:
        return f"host port {self.port[1]}/{self.port[0]}"

    def _held(self, placement: Placement) -> Ints:
        """``int64[I]``: holders in a state."""
        held = _taken(placement.problem, self.port)
        for g in _holders(placement.problem, self.port):
            held += placement.change(g)
        return held

    def _owed(self, problem: Problem) -> Bools:
        """``bool[I]``: where a daemon is still owed the port."""
        owed = np.zeros(problem.cluster.size, np.bool_)
        for debt in self.debts:
            if self.port in problem.groups[debt.group].ports:
                owed |= debt.instances
        return owed

    def _barred(self, problem: Problem) -> list[int]:
        """Holders that a debt keeps out: all but DAEMON groups."""
        groups = problem.groups
        return [g for g in _holders(problem, self.port) if groups[g].scheduling is not Scheduling.DAEMON]

    def scope(self, problem: Problem) -> Iterable[int]:
        return _holders(problem, self.port)

    def room(self, state: Placement, group: int) -> Ints:
        if self.port not in state.problem.groups[group].ports:
            return np.full(state.size, UNLIMITED)
        room = np.maximum(1 - self._held(state), 0)
        return np.where(self._owed(state.problem), 0, room) if group in self._barred(state.problem) else room

    def readings(self, problem: Problem) -> Iterable[Reading]:
        yield Reading.of_groups(problem, _holders(problem, self.port), self._barred(problem))

    def terms(self, problem: Problem) -> Sequence[Term] | None:
        if self.debts:
            return None
        holders = _holders(problem, self.port)
        others = _taken(problem, self.port) - sum_of((problem.running.row(g) for g in holders), problem.cluster.size)
        weight = flags(len(problem.groups), holders).astype(np.int64)
        return (AtMost(weight, np.arange(problem.cluster.size), 1 - np.maximum(others, 0)),)

    def compile(self, model: Model) -> None:
        problem = model.problem
        holders, barred = _holders(problem, self.port), self._barred(problem)
        taken, owed = _taken(problem, self.port), self._owed(problem)
        for i in model.touched(holders).tolist():
            here = np.array([i])
            model.at_most(model.change_over(holders, here), max(1 - int(taken[i]), 0))
            if owed[i]:
                model.at_most(model.started_over(barred, here), 0)

    def breaks(self, model: Model) -> Iterable[Literal]:
        holders, taken = _holders(model.problem, self.port), _taken(model.problem, self.port)
        for i in np.flatnonzero(taken > 1).tolist():
            yield model.at_least(model.change_over(holders, np.array([i])) + int(taken[i]), 2)

    def breaches(self, placement: Placement) -> Breaches:
        problem = placement.problem
        starts = sum_of((np.maximum(placement.change(g), 0) for g in self._barred(problem)), placement.size)
        held = self._held(placement) + (self._owed(problem) & (starts > 0))
        unit = "holders of the port" + (", a daemon that is owed it included" if self._owed(problem).any() else "")
        return Breaches(held, np.ones_like(held), problem.cluster.label, unit)


@dataclass(frozen=True)
class PortCount(Constraint):
    """At most 100 reserved ports on an instance."""

    stage: ClassVar[Stage] = Stage.CLUSTER
    name: str = "reserved ports"
    reason: str = "RESOURCE:PORTS"
    owner: int | None = None

    def _count(self, placement: Placement) -> Ints:
        problem = placement.problem
        count = np.zeros(placement.size, np.int64)
        for instances in problem.cluster.used_ports.values():
            count[instances] += 1
        for g, group in enumerate(problem.groups):
            if group.ports:
                count += len(group.ports) * placement.change(g)
        return count

    def scope(self, problem: Problem) -> Iterable[int]:
        return (g for g, group in enumerate(problem.groups) if group.ports)

    def room(self, state: Placement, group: int) -> Ints:
        need = len(state.problem.groups[group].ports)
        if not need:
            return np.full(state.size, UNLIMITED)
        return np.maximum(MOST_RESERVED - self._count(state), 0) // need

    def readings(self, problem: Problem) -> Iterable[Reading]:
        yield Reading(np.array([len(group.ports) for group in problem.groups], np.int64))

    def terms(self, problem: Problem) -> Sequence[Term] | None:
        weight = np.array([len(group.ports) for group in problem.groups], np.int64)
        others = self._count(Placement(problem)) - weight @ problem.running.to_dense()
        return (AtMost(weight, np.arange(problem.cluster.size), MOST_RESERVED - others),)

    def compile(self, model: Model) -> None:
        problem = model.problem
        before = self._count(Placement(problem))
        for i in model.touched(self.scope(problem)).tolist():
            model.at_most(self._change(model, i), max(MOST_RESERVED - int(before[i]), 0))

    def _change(self, model: Model, instance: int) -> Sum:
        """Ports that the operation adds to those reserved on an instance."""
        needing: dict[int, list[int]] = {}
        for g in self.scope(model.problem):
            needing.setdefault(len(model.problem.groups[g].ports), []).append(g)
        here = np.array([instance])
        return total(model.change_over(groups, here) * ports for ports, groups in needing.items())

    def breaks(self, model: Model) -> Iterable[Literal]:
        before = self._count(Placement(model.problem))
        for i in np.flatnonzero(before > MOST_RESERVED).tolist():
            yield model.at_least(self._change(model, i) + int(before[i]), MOST_RESERVED + 1)

    def breaches(self, placement: Placement) -> Breaches:
        count = self._count(placement)
        limit = np.full(placement.size, MOST_RESERVED)
        return Breaches(count, limit, placement.problem.cluster.label, "reserved ports")
