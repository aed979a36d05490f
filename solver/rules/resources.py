"""Resources: CPU, memory, GPU, network interfaces and whatever the cluster counts (§2.2; ECS developer guide, task placement).

``sum over the tasks of demand <= capacity - reserved - still owed to daemons``, on each instance, resource by resource.
Network interfaces are a resource like any other: one a task under ``awsvpc`` (ECS developer guide, container-instance-eni).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from solver.domain.counts import Ints, sum_of
from solver.domain.placement import Placement
from solver.domain.problem import Problem
from solver.rules.base import UNLIMITED, Breaches, Constraint, Reading, Stage, kinds_of
from solver.rules.daemon import Debt
from solver.rules.model import Literal, Model, Sum, total
from solver.rules.terms import AtMost, Term

REASONS = {"cpu": "RESOURCE:CPU", "memory": "RESOURCE:MEMORY", "gpu": "RESOURCE:GPU", "interfaces": "RESOURCE:ENI"}


@dataclass(frozen=True, eq=False)
class Resource(Constraint):
    """One resource ``r`` of the cluster.

    Parameters
    ----------
    reserved
        ``int64[I]``: what ``reserve`` keeps free.
    debts
        What DAEMON groups are still owed.
    """

    stage: ClassVar[Stage] = Stage.CLUSTER
    r: int
    name: str
    reserved: Ints
    debts: tuple[Debt, ...] = ()
    owner: int | None = None

    @property
    def reason(self) -> str:
        return REASONS.get(self.name, f"RESOURCE:{self.name}")

    def _withheld(self, placement: Placement, but: int | None = None, *, least: bool = False) -> Ints:
        """``int64[I]``: reserved or owed to daemons (other than the group ``but``) in a state; or the least that pays."""
        problem = placement.problem
        demand = problem.demand[:, self.r]
        owed = (
            debt.owed(placement) * (min(demand[list(debt.payers(problem))]) if least else demand[debt.group])
            for debt in self.debts
            if but not in debt.members
        )
        return self.reserved + sum_of(owed, len(self.reserved))

    def scope(self, problem: Problem) -> Iterable[int]:
        scope: list[int] = np.flatnonzero(problem.demand[:, self.r]).tolist()
        return scope

    def room(self, state: Placement, group: int) -> Ints:
        need = int(state.problem.demand[group, self.r])
        if need == 0:
            return np.full(state.size, UNLIMITED)
        return self.available(state, group) // need

    def most_room(self, state: Placement, group: int) -> Ints:
        """What is owed may be paid by the revision that needs least."""
        need = int(state.problem.demand[group, self.r])
        if need == 0 or all(len(debt.payers(state.problem)) == 1 for debt in self.debts):
            return self.room(state, group)
        left: Ints = np.maximum(state.free[:, self.r] - self._withheld(state, group, least=True), 0)
        return left // need

    def room_on(self, state: Placement, group: int, instances: Ints) -> Ints:
        need = int(state.problem.demand[group, self.r])
        if self.debts or need == 0:
            return super().room_on(state, group, instances)
        available: Ints = np.maximum(state.free[instances, self.r] - self.reserved[instances], 0) // need
        return available

    def available(self, state: Placement, group: int | None = None) -> Ints:
        """``int64[I]``: what tasks of the group may still take: free, neither reserved nor owed to (other) daemons."""
        available: Ints = np.maximum(state.free[:, self.r] - self._withheld(state, group), 0)
        return available

    def readings(self, problem: Problem) -> Iterable[Reading]:
        """What one task takes, and which debts it pays."""
        debts = [[int(g in debt.members) for debt in self.debts] for g in range(len(problem.groups))]
        yield Reading(kinds_of(np.column_stack([problem.demand[:, self.r], np.array(debts, np.int64)])))

    def terms(self, problem: Problem) -> Sequence[Term] | None:
        if self.debts:
            return None
        demand, everywhere = problem.demand[:, self.r], np.arange(problem.cluster.size)
        free = problem.cluster.free[:, self.r] + problem.running.load(problem.demand)[:, self.r] - self.reserved
        return (AtMost(demand, everywhere, free),)

    def compile(self, model: Model) -> None:
        problem = model.problem
        demand = problem.demand[:, self.r]
        taking = [g for g in range(len(problem.groups)) if demand[g]]
        free = problem.cluster.free[:, self.r]
        for i in model.touched(taking).tolist():
            paid, withheld = self._debt_of(model, i)
            _limit_change(model, model.load_change(self.r, i), paid, int(free[i]) - withheld)

    def _debt_of(self, model: Model, instance: int) -> tuple[Sum, int]:
        """What daemons that start on an instance pay of what is withheld there, and what is."""
        demand = model.problem.demand[:, self.r]
        owed = [debt for debt in self.debts if debt.instances[instance] and demand[debt.group]]
        withheld = int(self.reserved[instance]) + sum(int(demand[debt.group]) for debt in owed)
        here = np.array([instance])
        return total(model.started_over(debt.members, here) * int(demand[debt.group]) for debt in owed), withheld

    def breaks(self, model: Model) -> Iterable[Literal]:
        before = model.problem.cluster.free[:, self.r] - self._withheld(Placement(model.problem))
        for i in np.flatnonzero(before < 0).tolist():
            paid, withheld = self._debt_of(model, i)
            left = int(model.problem.cluster.free[i, self.r]) - withheld
            yield model.at_least(model.load_change(self.r, i) - paid, left + 1)

    def breaches(self, placement: Placement) -> Breaches:
        cluster = placement.problem.cluster
        capacity = cluster.capacity[:, self.r]
        used = capacity - placement.free[:, self.r]
        limit = capacity - self._withheld(placement)
        return Breaches(used, limit, cluster.label, f"{self.name} taken")


def _limit_change(model: Model, change: Sum, paid: Sum, left: int) -> None:
    """``change <= max(left + paid, 0)``, where ``paid`` is what daemons take of what they were owed."""
    if left >= 0:
        model.at_most(change - paid, left)
        return
    enough = model.at_least(paid, -left)
    model.at_most(change - paid, left, [enough])
    model.at_most(change, 0, [model.opposite(enough)])
