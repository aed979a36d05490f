"""Which tasks are somewhere, and which of them stay, as a generalised assignment problem in plain arrays.

Tasks that may stop are looked at as if they were yet to be placed: each is at home (where it runs now), elsewhere, or
nowhere. A cost of the first tiers depends on two numbers of each group alone: how many of its tasks there are, and how
many of them are at home. That is what makes it a sum over instances, and what the bound of ``lagrangian`` rests on.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from solver.domain.counts import Bools, Ints


@dataclass(frozen=True, eq=False)
class Tier:
    """A cost ``sum over groups of at[g, tasks of g] - stay[g] * (tasks of g at home)``.

    Parameters
    ----------
    at
        ``int64[G, B]``: what so many tasks cost, at each of the group's ``points``, linear between two of them.
    stay
        ``int64[G]``: what each task at home saves.
    """

    at: Ints
    stay: Ints


@dataclass(frozen=True, eq=False)
class Sets:
    """``N`` sets of groups whose tasks are counted in parts of the cluster, what limits the counts, and who counts.

    Parameters
    ----------
    part
        ``int64[N, I]``: the part of each instance for each set; -1 where it belongs to none.
    before
        ``int64[N, P]``: what the fixed tasks count.
    limit
        ``int64[N, P]``: no task that comes may bring the count above it.
    skew
        ``int64[N]``: the counts of the parts may differ by so much; -1 for any difference.
    parts
        ``int64[N]``: how many parts the set has.
    start, of, weight
        ``int64[G + 1]``, ``int64[K]``, ``int64[K]``: the sets in which each group counts, and how much.
    apart_start, apart_of
        ``int64[N + 1]``, ``int64[L]``: the sets, of the same parts, that may not be in a part with each.
    """

    part: Ints
    before: Ints
    limit: Ints
    skew: Ints
    parts: Ints
    start: Ints
    of: Ints
    weight: Ints
    apart_start: Ints
    apart_of: Ints


@dataclass(frozen=True, eq=False)
class Tasks:
    """The tasks one by one.

    Parameters
    ----------
    group, home
        ``int64[T]``: the group, and the instance where the task runs now; -1 for one that does not run yet, or may not
        stay.
    may_go
        ``bool[T]``: it may be nowhere.
    out_tier, move_tier
        ``int64[T]``: the tier that counts it while it is nowhere, and while it is away from home; -1 for none.
    move_cost
        ``int64[T]``: what it costs while it is away from home.
    """

    group: Ints
    home: Ints
    may_go: Bools
    out_tier: Ints
    move_tier: Ints
    move_cost: Ints

    def __len__(self) -> int:
        return len(self.group)


@dataclass(frozen=True, eq=False)
class AssignmentProblem:
    """``G`` groups, ``I`` instances, ``R`` resources; tasks are those beside the ones that cannot stop.

    Parameters
    ----------
    capacity
        ``int64[I, R]``: what the tasks may take.
    demand
        ``int64[G, R]``: of one task.
    most
        ``int64[G, I]``: tasks of the group on the instance, at most, whatever else is there.
    home
        ``int64[G, I]``: tasks that run there now and may stay.
    least, total
        ``int64[G]``: how few and how many tasks there may be.
    points
        ``int64[G, B]``: ascending from ``least`` to ``total``; every tier is linear between two of them.
    tiers
        In order.
    tasks, sets
        For the search; the bound leaves the sets out.
    max_moves, max_move_cost
        Budgets of all moves.
    group_moves
        ``int64[G]``: how many tasks of each group may move.
    """

    capacity: Ints
    demand: Ints
    most: Ints
    home: Ints
    least: Ints
    total: Ints
    points: Ints
    tiers: tuple[Tier, ...]
    tasks: Tasks
    sets: Sets
    max_moves: int
    max_move_cost: int
    group_moves: Ints


@dataclass(frozen=True, eq=False)
class Pinned:
    """What is left of a problem once some groups keep every running task where it is.

    Parameters
    ----------
    problem
        Without those tasks.
    counts
        ``int64[G, I]``: those tasks.
    """

    problem: AssignmentProblem
    counts: Ints


def pinned(problem: AssignmentProblem, groups: Bools) -> Pinned:
    """Leave the running tasks of the groups (``bool[G]``) at home."""
    counts: Ints = np.where(groups[:, None], problem.home, 0)
    staying = counts.sum(axis=1)
    tasks, sets = problem.tasks, problem.sets
    kept = ~groups[tasks.group] | (tasks.home < 0)
    before = sets.before.copy()
    for g, i in np.argwhere(counts).tolist():
        for k in range(sets.start[g], sets.start[g + 1]):
            part = sets.part[sets.of[k], i]
            if part >= 0:
                before[sets.of[k], part] += counts[g, i] * sets.weight[k]
    left = replace(
        problem,
        capacity=problem.capacity - np.matmul(counts.T, problem.demand),
        most=problem.most - counts,
        home=problem.home - counts,
        least=problem.least - staying,
        total=problem.total - staying,
        points=problem.points - staying[:, None],
        tiers=tuple(
            replace(tier, at=tier.at - (tier.stay * staying)[:, None], stay=np.where(groups, 0, tier.stay))
            for tier in problem.tiers
        ),
        tasks=Tasks(
            group=tasks.group[kept],
            home=tasks.home[kept],
            may_go=tasks.may_go[kept],
            out_tier=tasks.out_tier[kept],
            move_tier=tasks.move_tier[kept],
            move_cost=tasks.move_cost[kept],
        ),
        sets=replace(sets, before=before),
    )
    return Pinned(left, counts)


def on_some(problem: AssignmentProblem, instances: Ints) -> AssignmentProblem:
    """The problem on some instances (``int64[J]``), among them all where a task is at home.

    Its arrays are laid out as those that the kernels were compiled for.
    """
    number = np.full(len(problem.capacity), -1, np.int64)
    number[instances] = np.arange(len(instances))
    home = problem.tasks.home
    return replace(
        problem,
        capacity=problem.capacity[instances],
        most=np.ascontiguousarray(problem.most[:, instances]),
        home=np.ascontiguousarray(problem.home[:, instances]),
        tasks=replace(problem.tasks, home=np.where(home >= 0, number[home], -1)),
        sets=replace(problem.sets, part=np.ascontiguousarray(problem.sets.part[:, instances])),
    )


def places_of(tasks: Tasks, counts: Ints) -> Ints:
    """``int64[T]``: a place for every task, -1 for nowhere, such that ``counts[g, i]`` are on each instance.

    As many as can be are at home, and of the others those without a home come first: they do not move.
    """
    place = np.full(len(tasks), -1, np.int64)
    left = counts.copy()
    for t in np.flatnonzero(tasks.home >= 0).tolist():
        if left[tasks.group[t], tasks.home[t]] > 0:
            left[tasks.group[t], tasks.home[t]] -= 1
            place[t] = tasks.home[t]
    waiting = np.flatnonzero(place < 0)
    waiting = waiting[np.lexsort((tasks.home[waiting], tasks.group[waiting]))]
    edges = np.searchsorted(tasks.group[waiting], np.arange(len(counts) + 1))
    for g in range(len(counts)):
        where = np.repeat(np.arange(counts.shape[1]), left[g])
        place[waiting[edges[g] : edges[g + 1]][: len(where)]] = where[: edges[g + 1] - edges[g]]
    return place


def counts_of(tasks: Tasks, place: Ints, shape: tuple[int, int]) -> Ints:
    """``int64[G, I]``: how many tasks of each group are on each instance."""
    counts = np.zeros(shape, np.int64)
    there = place >= 0
    np.add.at(counts, (tasks.group[there], place[there]), 1)
    return counts
