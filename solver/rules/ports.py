"""Static host ports: one holder per instance, protocol and port, at most 100 reserved ports an instance (§3.7).

Source: ECS developer guide, task definition parameters (port mappings). Dynamic ports need nothing of an instance.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from solver.domain.cluster import Port
from solver.domain.counts import Ints
from solver.domain.placement import Placement
from solver.domain.problem import Problem
from solver.rules.base import UNLIMITED, Breaches, Constraint, Stage
from solver.rules.daemon import Debt
from solver.rules.model import Model, total

MOST_RESERVED = 100
"""Reserved ports of an instance, tcp and udp, the agent's own included."""


def _taken(problem: Problem, port: Port) -> Ints:
    """``int64[I]``: 1 where the port is taken before the operation."""
    taken = np.zeros(problem.cluster.size, np.int64)
    taken[problem.cluster.used_ports.get(port, np.zeros(0, np.int64))] = 1
    return taken


def _holders(problem: Problem, port: Port) -> list[int]:
    return [g for g, group in enumerate(problem.groups) if port in group.ports]


@dataclass(frozen=True, eq=False)
class HostPort(Constraint):
    """At most one holder of a static port on each instance; what a daemon is owed counts as held."""

    stage: ClassVar[Stage] = Stage.CLUSTER
    port: Port
    debts: tuple[Debt, ...] = ()
    reason: str = "RESOURCE:PORTS"
    owner: int | None = None

    @property
    def name(self) -> str:  # type: ignore[override]
        return f"host port {self.port[1]}/{self.port[0]}"

    def _held(self, placement: Placement, but: int | None = None) -> Ints:
        """``int64[I]``: holders in a state, daemons that are owed their task included."""
        problem = placement.problem
        held = _taken(problem, self.port)
        for g in _holders(problem, self.port):
            held += placement.change(g)
        for debt in self.debts:
            if debt.group != but and self.port in problem.groups[debt.group].ports:
                held += debt.owed(placement)
        return held

    def concerns(self, problem: Problem, group: int) -> bool:
        return self.port in problem.groups[group].ports

    def room(self, state: Placement, group: int) -> Ints:
        if self.port not in state.problem.groups[group].ports:
            return np.full(state.size, UNLIMITED)
        return np.maximum(1 - self._held(state, group), 0)

    def compile(self, model: Model) -> None:
        problem = model.problem
        holders = _holders(problem, self.port)
        taken, running = _taken(problem, self.port), {g: problem.running.row(g) for g in holders}
        debts = [debt for debt in self.debts if debt.group in running]
        for i in model.touched(holders).tolist():
            before = int(taken[i])
            change = total(model.tasks_on(g, i) + -int(running[g][i]) for g in holders)
            owed = [debt.group for debt in debts if debt.instances[i]]
            paid = total(model.started_on(g, i) for g in owed)
            model.at_most(change - paid + before + len(owed), max(1, before + len(owed)))

    def breaches(self, placement: Placement) -> Breaches:
        held = self._held(placement)
        return Breaches(held, np.ones_like(held), placement.problem.cluster.label, "holders of the port")


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

    def concerns(self, problem: Problem, group: int) -> bool:
        return bool(problem.groups[group].ports)

    def room(self, state: Placement, group: int) -> Ints:
        need = len(state.problem.groups[group].ports)
        if not need:
            return np.full(state.size, UNLIMITED)
        return np.maximum(MOST_RESERVED - self._count(state), 0) // need

    def compile(self, model: Model) -> None:
        problem = model.problem
        holders = [g for g, group in enumerate(problem.groups) if group.ports]
        before = self._count(Placement(problem))
        running = {g: problem.running.row(g) for g in holders}
        for i in model.touched(holders).tolist():
            change = total((model.tasks_on(g, i) + -int(running[g][i])) * len(problem.groups[g].ports) for g in holders)
            model.at_most(change, max(MOST_RESERVED - int(before[i]), 0))

    def breaches(self, placement: Placement) -> Breaches:
        count = self._count(placement)
        limit = np.full(placement.size, MOST_RESERVED)
        return Breaches(count, limit, placement.problem.cluster.label, "reserved ports")
