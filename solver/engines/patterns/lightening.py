"""The second cost: move tasks to instances where a start costs less, without opening any (§4.2).

Zone counts stay as they are. Instances of one class change places as wholes; then single tasks move, the dearest ones
to the cheapest room in the zone.
"""

from __future__ import annotations

import numpy as np

from solver.domain.counts import Ints
from solver.engines.deadline import Deadline
from solver.engines.patterns.classes import Classes
from solver.engines.patterns.problem import PackingProblem
from solver.engines.patterns.types import TaskTypes

PASSES = 3


def lighten(
    problem: PackingProblem, types: TaskTypes, classes: Classes, weight: Ints, held: Ints, deadline: Deadline
) -> Ints:
    """``int64[T, I]``: a plan like ``held`` with at most the same ``sum of weight[i] * held[t, i]``; as far as time allows."""
    held = held.copy()
    order = np.argsort(-types.demand.sum(axis=1), kind="stable")
    for _ in range(PASSES):
        before = held.copy()
        _change_places(classes, weight, held)
        free = np.maximum(problem.free, 0) - held.T @ types.demand
        for kind in order.tolist():
            if deadline.passed():
                return held
            for zone in range(types.zones):
                _move(problem, types, weight, held, free, kind, zone)
        if (held == before).all():
            break
    return held


def _change_places(classes: Classes, weight: Ints, held: Ints) -> None:
    """In every class the instance with the most tasks becomes the one with the least weight, and so on."""
    for kind in np.flatnonzero(classes.size > 1).tolist():
        members = classes.members[classes.start[kind] : classes.start[kind + 1]]
        most_first = members[np.argsort(-held[:, members].sum(axis=0), kind="stable")]
        light_first = members[np.argsort(weight[members], kind="stable")]
        held[:, light_first] = held[:, most_first]


def _move(
    problem: PackingProblem, types: TaskTypes, weight: Ints, held: Ints, free: Ints, kind: int, zone: int
) -> None:
    """The k-th dearest task of the type in the zone moves to the k-th cheapest room, while that is cheaper.

    No instance both gives and takes: it would have to come before itself in one of the two orders.
    """
    members = np.flatnonzero(problem.zone == zone)
    givers = members[held[kind, members] > 0]
    if not len(givers):
        return
    room = types.cap[kind] - held[kind, members]
    for resource in np.flatnonzero(types.demand[kind]).tolist():
        room = np.minimum(room, free[members, resource] // types.demand[kind, resource])
    if types.admits is not None:
        room = np.where(types.admits[kind, members], room, 0)
    in_use = ~problem.empty[members] | held[:, members].any(axis=0)
    takers, room = members[in_use & (room > 0)], room[in_use & (room > 0)]
    givers = givers[np.argsort(-weight[givers], kind="stable")]
    order = np.argsort(weight[takers], kind="stable")
    takers, room = takers[order], room[order]
    source = np.repeat(givers, held[kind, givers])
    target = np.repeat(takers, np.minimum(room, len(source)))[: len(source)]
    source = source[: len(target)]
    cheaper = weight[target] < weight[source]
    source, target = source[cheaper], target[cheaper]
    np.subtract.at(held[kind], source, 1)
    np.add.at(held[kind], target, 1)
    np.add.at(free, source, types.demand[kind])
    np.subtract.at(free, target, types.demand[kind])
