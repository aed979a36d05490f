"""``binpack(resource)``: the fewest instances, and among those the fullest (§4.2; ECS API PlacementStrategy).

Two costs, each counted once for all groups with a ``binpack`` at the position: the instances that only their tasks keep in
use; then, resource by resource, the sum over their tasks of what was free of it before the operation on their instance.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from solver.domain.counts import Bools, Ints, sum_of
from solver.domain.placement import Placement
from solver.domain.problem import Problem
from solver.domain.request import Scheduling
from solver.errors import InvalidRequest
from solver.rules.base import Cost, Counting, Reading, Strategy
from solver.rules.filling import fill_in_order
from solver.rules.model import Model, Sum, total
from solver.rules.vacating import least_moves, most_vacated

TYPE = "binpack"


@dataclass(frozen=True)
class Binpack(Strategy):
    """One group packs by a resource."""

    group: int
    resource: str

    @staticmethod
    def parse(argument: str, resources: tuple[str, ...]) -> str:
        """Read the resource.

        Raises
        ------
        InvalidRequest
            If the cluster does not have it.
        """
        resource = argument.strip()
        if resource.lower() in resources:
            return resource.lower()
        if resource not in resources:
            raise InvalidRequest.at("argument", f"is '{argument}'", f"must be one of {', '.join(resources)}")
        return resource

    @property
    def name(self) -> str:
        return f"{TYPE}({self.resource})"

    def preference(self, state: Placement, group: int) -> Ints:
        left = state.free[:, state.problem.cluster.resources.index(self.resource)]
        return self.order(state, np.arange(state.size), left)

    def order(self, state: Placement, instances: Ints, left: Ints) -> Ints:
        """``int64[N]``: the least comes first of ``instances``, of which ``left`` (``int64[N]``) is free of the resource."""
        return left


def _keep_in_use(problem: Problem, but: Sequence[int]) -> list[int]:
    """Groups other than ``but`` whose tasks keep an instance in use: all that are not DAEMON."""
    packing = set(but)
    return [g for g in _packed(problem, range(len(problem.groups))) if g not in packing]


def _packed(problem: Problem, groups: Sequence[int]) -> list[int]:
    """The packing groups that keep an instance in use."""
    return [g for g in groups if problem.groups[g].scheduling is not Scheduling.DAEMON]


@dataclass(frozen=True)
class Opened(Cost):
    """Instances that only tasks of the packing groups keep in use."""

    position: int
    groups: tuple[int, ...]
    title: str = "instances kept in use by packing alone"

    @property
    def name(self) -> str:
        return f"{self.position}/binpack/instances"

    def opened(self, placement: Placement) -> Bools:
        """``bool[I]``: which they are."""
        packed = placement.held_by(_packed(placement.problem, self.groups))
        opened: Bools = (packed > 0) & ~self.in_use_anyway(placement)
        return opened

    def in_use_anyway(self, placement: Placement) -> Bools:
        """``bool[I]``: instances that others keep in use, so that tasks of the packing groups cost nothing there."""
        problem = placement.problem
        others = placement.held_by(_keep_in_use(problem, self.groups))
        used: Bools = (others > 0) | problem.holds_unlisted
        return used

    def value(self, placement: Placement) -> int:
        return int(self.opened(placement).sum())

    def readings(self, problem: Problem) -> Iterable[Reading]:
        yield Reading.of_groups(problem, _packed(problem, self.groups), _keep_in_use(problem, self.groups))

    def compile(self, model: Model) -> Sum:
        return total(opened for _, opened in self.opened_in(model))

    def opened_in(self, model: Model) -> Iterator[tuple[int, Sum]]:
        """Instances that may be among them, and 1 where one is, else 0."""
        problem = model.problem
        packed, others = _packed(problem, self.groups), _keep_in_use(problem, self.groups)
        for i in np.flatnonzero(~problem.holds_unlisted).tolist():
            tasks = model.tasks_over(packed, np.array([i]))
            other = model.tasks_over(others, np.array([i]))
            if model.range_of(tasks)[1] <= 0 or model.range_of(other)[0] >= 1:
                continue
            used = model.at_least_one(tasks)
            if model.range_of(other)[1] <= 0:
                yield i, model.truth(used)
            else:
                shared = model.at_least_one(other)
                alone = model.any_of([model.opposite(used), shared])
                yield i, model.truth(model.opposite(alone))

    def ceiling(self, problem: Problem) -> int:
        return problem.cluster.size

    def bound(self, facts: Counting) -> int:
        """Those open now, and the fewest of the largest empty ones that take what the used ones cannot, by each resource and of
        each group."""
        need, free, used = self.to_open(facts)
        fewest = max((_fewest(int(need[r]), free[:, r], used) for r in range(len(need))), default=0)
        for least, places in self.places(facts):
            if least <= fewest:
                break
            fewest = max(fewest, _fewest(least, places, used))
        shared = sum(facts.most(g) for g in _keep_in_use(facts.problem, self.groups))
        return max(int(self.opened(facts.base).sum()) + fewest - shared, 0)

    def to_open(self, facts: Counting) -> tuple[Ints, Ints, Bools]:
        """What the tasks need of each resource (``int64[R]``), what is free for them (``int64[I, R]``), and where it costs
        nothing more (``bool[I]``)."""
        problem = facts.problem
        packed, others = _packed(problem, self.groups), _keep_in_use(problem, self.groups)
        used = problem.holds_unlisted | self.opened(facts.base)
        used |= facts.base.held_by(others) > 0
        reachable = np.zeros(problem.cluster.size, np.bool_)
        for room in {id(facts.room[g]): facts.room[g] for g in packed if facts.least[g] > 0}.values():
            reachable |= room > 0
        need = sum_of((problem.demand[g] * facts.least[g] for g in packed), problem.demand.shape[1])
        return need, np.where(reachable[:, None], facts.free(), 0), used

    def places(self, facts: Counting) -> Iterator[tuple[int, Ints]]:
        """How many tasks of a packing group there are at least, and how many of them each instance takes (``int64[I]``).

        The groups with most tasks come first; of those that are alike, one.
        """
        packed = _packed(facts.problem, self.groups)
        alike = {(id(facts.room[g]), int(facts.least[g])): g for g in packed if facts.least[g] > 0}
        for (_, least), g in sorted(alike.items(), key=lambda one: -one[0][1]):
            yield least, np.minimum(facts.room[g], least)


def _fewest(need: int, free: Ints, used: Bools) -> int:
    """How many instances that are not ``used`` it takes at least, largest first, to hold ``need``."""
    rest = need - int(free[used].sum())
    if rest <= 0:
        return 0
    held = np.cumsum(np.sort(free[~used])[::-1])
    return int(np.searchsorted(held, rest)) + 1 if len(held) and held[-1] >= rest else len(held)


@dataclass(frozen=True)
class InUse(Opened):
    """Consolidation (§5.1, tier 3): instances that listed tasks keep in use, whoever packs; those of others are given."""

    title: str = "instances in use"

    @classmethod
    def of(cls, problem: Problem) -> InUse:
        """Of all groups."""
        return cls(0, tuple(range(len(problem.groups))))

    @property
    def name(self) -> str:
        return "consolidate/instances"

    def worth_kept(self, facts: Counting, worth: Ints) -> int:
        """What those in use now are worth (``int64[I]``), less the most that budgets of moves allow to empty."""
        now = np.where(self.opened(facts.base.before), worth, 0)
        return int(now.sum()) - most_vacated(facts, _packed(facts.problem, self.groups), now)

    def moves_for(self, facts: Counting, worth: Ints, value: int) -> int:
        """What moves cost at least where those in use are worth (``int64[I]``) no more than ``value``."""
        now = np.where(self.opened(facts.base.before), worth, 0)
        return least_moves(facts, _packed(facts.problem, self.groups), now, int(now.sum()) - value)

    def least_moves(self, facts: Counting, value: int) -> int:
        return self.moves_for(facts, np.ones(facts.problem.cluster.size, np.int64), value)

    def bound(self, facts: Counting) -> int:
        """What room leaves, and those in use now less those that budgets of moves allow to empty."""
        return max(super().bound(facts), self.worth_kept(facts, np.ones(facts.problem.cluster.size, np.int64)))


@dataclass(frozen=True)
class Leftover(Cost):
    """For each task of the packing groups, what was free of the resource on its instance before the operation."""

    position: int
    groups: tuple[int, ...]
    resource: str

    @property
    def name(self) -> str:
        return f"{self.position}/binpack/{self.resource}"

    @property
    def title(self) -> str:
        return f"{self.resource} free before, summed over the tasks"

    def weights(self, problem: Problem) -> Ints:
        """``int64[I]``: what was free; zero where the instance was overcommitted."""
        return np.maximum(problem.cluster.free[:, problem.cluster.resources.index(self.resource)], 0)

    def value(self, placement: Placement) -> int:
        return int((placement.held_by(self.groups) * self.weights(placement.problem)).sum())

    def readings(self, problem: Problem) -> Iterable[Reading]:
        yield Reading.of_groups(problem, self.groups)

    def compile(self, model: Model) -> Sum:
        weights = self.weights(model.problem)
        touched = model.touched(self.groups)
        rest = np.setdiff1d(np.arange(model.problem.cluster.size), touched)
        before = sum_of((model.problem.running.row(g) for g in self.groups), len(weights))
        parts = [model.tasks_over(self.groups, np.array([i])) * int(weights[i]) for i in touched.tolist()]
        return total(parts) + int((before[rest] * weights[rest]).sum())

    def ceiling(self, problem: Problem) -> int:
        return problem.most_tasks(self.groups) * int(self.weights(problem).max(initial=0))

    def bound(self, facts: Counting) -> int:
        """Each group alone on the instances where least was free."""
        problem = facts.problem
        weights = self.weights(problem)
        order = np.argsort(weights, kind="stable")
        cost = int((facts.base.held_by(self.groups) * weights).sum())
        alike: dict[tuple[int, int], list[int]] = {}
        for g in self.groups:
            alike.setdefault((id(facts.room[g]), int(facts.least[g])), []).append(g)
        for (_, least), members in alike.items():
            room = np.minimum(facts.room[members[0]][order], least)
            cost += len(members) * int((fill_in_order(room, least) * weights[order]).sum())
        return cost


def costs(position: int, packs: Sequence[Binpack]) -> tuple[Cost, ...]:
    """The tiers of all ``binpack`` strategies at one position."""
    if not packs:
        return ()
    groups = tuple(sorted({pack.group for pack in packs}))
    by_resource: dict[str, list[int]] = {}
    for pack in packs:
        by_resource.setdefault(pack.resource, []).append(pack.group)
    leftovers = (Leftover(position, tuple(members), resource) for resource, members in by_resource.items())
    return (Opened(position, groups), *leftovers)
