"""Which instances a neighbourhood is made of: each kind is a guess at where the plan costs more than it need.

A kind weighs the instances, and a neighbourhood is drawn by these weights, without repetition (Efraimidis and Spirakis 2006), so
that no kind looks at the same place only. The kinds are those of the literature on large neighbourhood search for packing and for
machine reassignment: what has changed, what is related (Shaw 1998), what is emptiest, and what breaks or lacks something.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from solver.domain.counts import Bools, Counts, Ints
from solver.domain.placement import Placement
from solver.rules.bound import Rules

Floats = NDArray[np.float64]

ANYWHERE = 0.01
"""What an instance weighs that a kind does not speak of, against one that it does."""


@dataclass(frozen=True, eq=False)
class View:
    """What a kind looks at.

    Attributes
    ----------
    rules
        Of the request.
    tasks
        The plan.
    classes
        ``int64[I]``: instances of one number are in the same parts of the cluster.
    """

    rules: Rules
    tasks: Counts
    classes: Ints

    @property
    def size(self) -> int:
        """``I``."""
        return self.rules.problem.cluster.size

    @cached_property
    def placement(self) -> Placement:
        """The plan's state."""
        return Placement(self.rules.problem, self.tasks)

    @cached_property
    def usable(self) -> Bools:
        """``bool[I]``: where something may start or stop."""
        problem = self.rules.problem
        return problem.open_to_change | (problem.operation.stoppable.per_instance() > 0)

    @cached_property
    def held(self) -> Ints:
        """``int64[I]``: the tasks on each instance that may be elsewhere."""
        return (self.tasks - self.rules.problem.operation.fixed).per_instance()

    @cached_property
    def left(self) -> Floats:
        """``float64[I, R]``: the share of each resource that is left."""
        capacity = np.maximum(self.rules.problem.cluster.capacity, 1)
        return np.clip(self.placement.free / capacity, 0.0, 1.0)

    @cached_property
    def room(self) -> Floats:
        """``float64[I]``: the share of all resources together that is left; everything where there is none."""
        resources = max(self.left.shape[1], 1)
        return self.left.sum(axis=1) / resources if self.left.shape[1] else np.ones(self.size)

    def holding(self, groups: Ints) -> Ints:
        """``int64[I]``: tasks of these groups on each instance."""
        return self.placement.held_by(groups.tolist())


Kind = Callable[[View, np.random.Generator], Floats | None]
"""``float64[I]``: how likely each instance is to belong to the neighbourhood; None where the kind finds nothing to look at."""


def anywhere(view: View, draw: np.random.Generator) -> Floats | None:
    """Any instances."""
    del draw
    return np.ones(view.size)


def changed(view: View, draw: np.random.Generator) -> Floats | None:
    """Those where the plan changes something."""
    del draw
    weights = np.zeros(view.size)
    weights[np.unique((view.tasks - view.rules.problem.running).instance)] = 1.0
    return weights if weights.any() else None


def roomy(view: View, draw: np.random.Generator) -> Floats | None:
    """Those in use that have much left of a resource: together their tasks may need fewer instances."""
    if not view.left.shape[1]:
        return None
    weights = np.where(view.placement.running_tasks > 0, view.left[:, draw.integers(view.left.shape[1])] ** 2, 0.0)
    return weights if weights.any() else None


def emptiest(view: View, draw: np.random.Generator) -> Floats | None:
    """One with few tasks, and those that its tasks could go to."""
    weights = np.where(view.held > 0, 1.0 / np.maximum(view.held, 1) ** 2, 0.0)
    if not weights.any():
        return None
    first = int(draw.choice(view.size, p=weights / weights.sum()))
    own = np.unique(view.tasks.group[view.tasks.instance == first])
    room = np.zeros(view.size)
    for g in own.tolist():
        room += view.rules.admits(g)
    near = room * (0.1 + view.room) * (view.placement.running_tasks > 0)
    near[first] = near.sum() * 10 + 1.0
    return np.asarray(near, np.float64)


def crowded(view: View, draw: np.random.Generator) -> Floats | None:
    """Of the parts of the cluster where a family has tasks, one with many of them and one with few."""
    movable = (view.tasks - view.rules.problem.operation.fixed).positive()
    if not len(movable):
        return None
    g = int(draw.choice(movable.group))
    problem = view.rules.problem
    family = view.placement.family(problem.groups[g].family)
    open_ = view.rules.admits(g) & view.usable
    parts = np.bincount(view.classes, weights=np.where(view.usable, family, 0)).astype(float)
    hosts = np.bincount(view.classes[open_], minlength=len(parts)) > 0
    if not hosts.any():
        return None
    noise = draw.random(len(parts)) * 0.5
    most = int(np.argmax(parts + noise))
    least = int(np.argmin(np.where(hosts, parts, np.inf) + noise))
    many = (view.classes == most) & (family > 0)
    few = (view.classes == least) & open_
    weights = np.where(many, family / max(int(family[many].sum()), 1), 0.0)
    weights += np.where(few, (0.1 + view.room) / max(int(few.sum()), 1), 0.0)
    return weights


def related(view: View, draw: np.random.Generator) -> Floats | None:
    """Those that hold tasks of the same groups as one of them."""
    holders = np.flatnonzero(view.held > 0)
    if not len(holders):
        return None
    first = int(draw.choice(holders))
    weights = view.holding(np.unique(view.tasks.group[view.tasks.instance == first])).astype(float)
    weights[first] = weights.sum() + 1.0
    return weights


def alike(view: View, draw: np.random.Generator) -> Floats | None:
    """Those of one part of the cluster, such as a zone."""
    usable = np.flatnonzero(view.usable)
    return (view.classes == view.classes[draw.choice(usable)]).astype(float) if len(usable) else None


def wanting(view: View, draw: np.random.Generator) -> Floats | None:
    """Where a group that has too few tasks may start some once others have left, those with most room first."""
    missing = np.flatnonzero(view.rules.problem.missing(view.tasks) > 0)
    if not len(missing):
        return None
    g = int(draw.choice(missing))
    need = np.minimum(view.rules.problem.demand[g], 1).astype(float)
    room = view.left @ need / max(need.sum(), 1.0)
    weights = np.where(view.rules.most(g) > 0, 0.05 + room**2, 0.0)
    return weights if weights.any() else None


def broken(view: View, draw: np.random.Generator) -> Floats | None:
    """Where tasks are that a rule speaks of which the plan breaks, if few are to be broken."""
    if not view.rules.problem.freedom.repair:
        return None
    over = [rule for rule in view.rules.constraints if rule.broken(view.placement)]
    if not over:
        return None
    rule = over[int(draw.integers(len(over)))]
    found = rule.breaches(view.placement)
    excess = np.maximum(found.amount - found.limit, 0)
    weights = view.holding(np.array(list(rule.scope(view.rules.problem)), np.int64)).astype(float)
    parts = [reading.part for reading in rule.readings(view.rules.problem)]
    if len(excess) == view.size and all(part is None or len(np.unique(part)) == view.size for part in parts):
        # It looks at each instance by itself.
        weights = np.where(excess > 0, weights * 10.0 + 1.0, weights * 0.1)
    return weights if weights.any() else None


KINDS: Mapping[str, Kind] = MappingProxyType(
    {one.__name__: one for one in (anywhere, changed, roomy, emptiest, crowded, related, alike, wanting, broken)}
)


def drawn(weights: Floats, allowed: Bools, size: int, draw: np.random.Generator) -> Ints:
    """Up to ``size`` instances (ascending) of those that are allowed, likelier where they weigh more."""
    candidates = np.flatnonzero(allowed)
    weight = weights[candidates] + ANYWHERE * max(float(weights.mean()), 1e-9)
    keys = draw.exponential(size=len(candidates)) / weight
    chosen = candidates[np.argpartition(keys, size - 1)[:size]] if size < len(candidates) else candidates
    return np.sort(chosen)
