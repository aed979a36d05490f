"""Simulated annealing over single tasks: one takes a place, and where there is none the place of another.

A step takes a task, more often one that costs something, to its home or to a random instance. Where it does not fit,
one task that makes room is ejected: to the first one's old place, to its own home, to whatever instance has room, or
out. Compiled with numba; some millions of steps a second. One flat function over arrays, since helpers that are handed
tuples of arrays are several times slower.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from solver.domain.counts import Bools, Ints

Floats = NDArray[np.float64]


@njit(cache=True, nogil=True)
def _enter(t: int, i: int, first: Ints, following: Ints, previous: Ints, size: Ints) -> None:
    """Put a task at the head of the list of an instance."""
    following[t] = first[i]
    if first[i] >= 0:
        previous[first[i]] = t
    first[i] = t
    size[i] += 1


@njit(cache=True, nogil=True)
def _added(
    s: int,
    p: int,
    leg: Ints,
    target: Ints,
    legs: int,
    group: Ints,
    place: Ints,
    part: Ints,
    set_start: Ints,
    set_of: Ints,
    set_weight: Ints,
) -> int:
    """What the legs of a step add to the count of a set in a part."""
    added = 0
    for n in range(legs):
        x = leg[n]
        for k in range(set_start[group[x]], set_start[group[x] + 1]):
            if set_of[k] == s:
                if target[n] >= 0 and part[s, target[n]] == p:
                    added += set_weight[k]
                if place[x] >= 0 and part[s, place[x]] == p:
                    added -= set_weight[k]
    return added


@njit(cache=True, nogil=True)
def anneal(
    capacity: Ints,
    demand: Ints,
    most: Ints,
    group: Ints,
    home: Ints,
    may_go: Bools,
    out_cost: Floats,
    move_cost: Floats,
    move_price: Ints,
    budgets: Ints,
    group_budget: Ints,
    part: Ints,
    before: Ints,
    limit: Ints,
    skew: Ints,
    parts: Ints,
    set_start: Ints,
    set_of: Ints,
    set_weight: Ints,
    apart_start: Ints,
    apart_of: Ints,
    place: Ints,
    steps: int,
    hot: float,
    cold: float,
    seed: int,
    best_place: Ints,
) -> float:
    """Change ``place`` (``int64[T]``, -1 for nowhere); the least cost seen, whose places ``best_place`` receives.

    Parameters
    ----------
    capacity, demand, most
        ``int64[I, R]``, ``int64[G, R]``, ``int64[G, I]``.
    group, home, may_go
        Of each task: its group, its home or -1, and whether it may be nowhere.
    out_cost, move_cost
        ``float64[T]``: what it costs while it is nowhere, and while it is away from home.
    move_price, budgets, group_budget
        ``int64[T]``, ``int64[2]``, ``int64[G]``: a task's price of moving; how many may move and at what price in all;
        how many of a group.
    part, before, limit, skew, parts
        As in ``solver.engines.assignment.problem.Families``.
    set_start, set_of, set_weight
        ``int64[G + 1]``, ``int64[K]``, ``int64[K]``: the sets in which each group counts, and how much.
    apart_start, apart_of
        ``int64[N + 1]``, ``int64[L]``: the sets that may not share a part with each.
    steps, hot, cold
        So many steps, while the temperature falls geometrically from hot to cold, in the unit of the costs.
    """
    np.random.seed(seed)
    tasks, resources = len(group), demand.shape[1]
    instances, groups = capacity.shape[0], demand.shape[0]
    left = capacity.copy()
    held = np.zeros((groups, instances), np.int32)
    moved_of = np.zeros(groups, np.int64)
    moved = np.zeros(2, np.int64)
    # The tasks of an instance as a doubly linked list.
    first, size = np.full(instances, -1, np.int64), np.zeros(instances, np.int64)
    following, previous = np.full(tasks, -1, np.int64), np.full(tasks, -1, np.int64)
    costly, position, costs = np.empty(tasks, np.int64), np.full(tasks, -1, np.int64), 0
    counted = before.copy()
    current = 0.0
    for t in range(tasks):
        i, g = place[t], group[t]
        cost = 0.0
        if i < 0:
            cost = out_cost[t]
        else:
            _enter(t, i, first, following, previous, size)
            held[g, i] += 1
            for r in range(resources):
                left[i, r] -= demand[g, r]
            for k in range(set_start[g], set_start[g + 1]):
                p = part[set_of[k], i]
                if p >= 0:
                    counted[set_of[k], p] += set_weight[k]
            if home[t] >= 0 and home[t] != i:
                cost = move_cost[t]
                moved[0] += 1
                moved[1] += move_price[t]
                moved_of[g] += 1
        current += cost
        if cost > 0:
            position[t], costly[costs] = costs, t
            costs += 1
    spread = np.zeros(len(skew), np.int64)
    for n in range(len(skew)):
        if skew[n] >= 0:
            spread[n] = counted[n, : parts[n]].max() - counted[n, : parts[n]].min()
    best = current
    best_place[:] = place
    leg, target = np.empty(2, np.int64), np.empty(2, np.int64)
    cooling = (cold / hot) ** (1.0 / max(steps / 256, 1.0))
    temperature = hot
    for step in range(steps):
        if costs == 0:
            break
        if step % 256 == 255:
            temperature *= cooling
        t = costly[np.random.randint(costs)] if np.random.random() < 0.7 else np.random.randint(tasks)
        source, g, legs = place[t], group[t], 1
        if home[t] >= 0 and home[t] != source and np.random.random() < 0.6:
            goal = home[t]
        else:
            goal = np.random.randint(instances)
            if goal == source:
                if home[t] != source or not may_go[t]:
                    continue
                goal = -1
        leg[0], target[0] = t, goal
        if goal >= 0:
            if held[g, goal] >= most[g, goal]:
                continue
            fits = True
            for r in range(resources):
                if demand[g, r] > left[goal, r]:
                    fits = False
                    break
            if not fits:
                # Eject the first task, from a random one on, that makes room.
                ejected, looked = -1, first[goal]
                for _ in range(np.random.randint(size[goal]) if size[goal] > 0 else 0):
                    looked = following[looked]
                for _ in range(size[goal]):
                    if looked < 0:
                        looked = first[goal]
                    other = group[looked]
                    enough = other != g
                    for r in range(resources):
                        if demand[g, r] - demand[other, r] > left[goal, r]:
                            enough = False
                            break
                    if enough:
                        ejected = looked
                        break
                    looked = following[looked]
                if ejected < 0:
                    continue
                other, away = group[ejected], -1
                if source >= 0 and np.random.random() < 0.7 and held[other, source] < most[other, source]:
                    away = source
                    for r in range(resources):
                        if demand[other, r] - demand[g, r] > left[source, r]:
                            away = -1
                            break
                back = home[ejected]
                if away < 0 and back >= 0 and back != goal and held[other, back] < most[other, back]:
                    away = back
                    for r in range(resources):
                        freed = demand[g, r] if back == source else 0
                        if demand[other, r] - freed > left[back, r]:
                            away = -1
                            break
                if away < 0:
                    begin = np.random.randint(instances)
                    for d in range(instances):
                        i = begin + d
                        if i >= instances:
                            i -= instances
                        if i == goal or held[other, i] >= most[other, i]:
                            continue
                        fits = True
                        for r in range(resources):
                            freed = demand[g, r] if i == source else 0
                            if demand[other, r] - freed > left[i, r]:
                                fits = False
                                break
                        if fits:
                            away = i
                            break
                if away < 0 and not may_go[ejected]:
                    continue
                leg[1], target[1], legs = ejected, away, 2
        change = 0.0
        more_moves, more_price = 0, 0
        within = True
        for n in range(legs):
            x = leg[n]
            if place[x] < 0:
                change -= out_cost[x]
            elif home[x] >= 0 and home[x] != place[x]:
                change -= move_cost[x]
                more_moves -= 1
                more_price -= move_price[x]
            if target[n] < 0:
                change += out_cost[x]
            elif home[x] >= 0 and home[x] != target[n]:
                change += move_cost[x]
                more_moves += 1
                more_price += move_price[x]
                if (place[x] < 0 or home[x] == place[x]) and moved_of[group[x]] >= group_budget[group[x]]:
                    within = False
        if change > 0 and np.random.random() >= np.exp(-change / temperature):
            continue
        if (more_moves > 0 and moved[0] + more_moves > budgets[0]) or (
            more_price > 0 and moved[1] + more_price > budgets[1]
        ):
            within = False
        if not within:
            continue
        # What the sets count, tried and taken back where a limit, a neighbour or a skew forbids it.
        for n in range(legs):
            x = leg[n]
            if place[x] >= 0:
                for k in range(set_start[group[x]], set_start[group[x] + 1]):
                    p = part[set_of[k], place[x]]
                    if p >= 0:
                        counted[set_of[k], p] -= set_weight[k]
        allowed = True
        for n in range(legs):
            x = leg[n]
            if target[n] >= 0:
                for k in range(set_start[group[x]], set_start[group[x] + 1]):
                    s = set_of[k]
                    p = part[s, target[n]]
                    if p >= 0:
                        counted[s, p] += set_weight[k]
        for n in range(legs):
            x = leg[n]
            if target[n] < 0:
                continue
            for k in range(set_start[group[x]], set_start[group[x] + 1]):
                s = set_of[k]
                p = part[s, target[n]]
                if p < 0:
                    continue
                # What is too much already may stay, and must not get more (§8).
                earlier = counted[s, p] - _added(
                    s, p, leg, target, legs, group, place, part, set_start, set_of, set_weight
                )
                if counted[s, p] > max(limit[s, p], earlier):
                    allowed = False
                for a in range(apart_start[s], apart_start[s + 1]):
                    o = apart_of[a]
                    if counted[o, p] > 0:
                        other = counted[o, p] - _added(
                            o, p, leg, target, legs, group, place, part, set_start, set_of, set_weight
                        )  # fmt: skip
                        together = earlier + other if earlier > 0 and other > 0 else 0
                        if counted[s, p] + counted[o, p] > together:
                            allowed = False
        for n in range(legs):
            for k in range(set_start[group[leg[n]]], set_start[group[leg[n]] + 1]):
                s = set_of[k]
                if skew[s] >= 0:
                    apart = counted[s, : parts[s]].max() - counted[s, : parts[s]].min()
                    if apart > skew[s] and apart > spread[s]:
                        allowed = False
        if not allowed:
            for n in range(legs):
                x = leg[n]
                for k in range(set_start[group[x]], set_start[group[x] + 1]):
                    s = set_of[k]
                    if place[x] >= 0 and part[s, place[x]] >= 0:
                        counted[s, part[s, place[x]]] += set_weight[k]
                    if target[n] >= 0 and part[s, target[n]] >= 0:
                        counted[s, part[s, target[n]]] -= set_weight[k]
            continue
        moved[0] += more_moves
        moved[1] += more_price
        for n in range(legs):
            x = leg[n]
            i, j, g = place[x], target[n], group[x]
            for k in range(set_start[g], set_start[g + 1]):
                s = set_of[k]
                if skew[s] >= 0:
                    spread[s] = counted[s, : parts[s]].max() - counted[s, : parts[s]].min()
            if i >= 0:
                if previous[x] >= 0:
                    following[previous[x]] = following[x]
                else:
                    first[i] = following[x]
                if following[x] >= 0:
                    previous[following[x]] = previous[x]
                following[x] = previous[x] = -1
                size[i] -= 1
                held[g, i] -= 1
                for r in range(resources):
                    left[i, r] += demand[g, r]
                if home[x] >= 0 and home[x] != i:
                    moved_of[g] -= 1
            place[x] = j
            cost = 0.0
            if j >= 0:
                _enter(x, j, first, following, previous, size)
                held[g, j] += 1
                for r in range(resources):
                    left[j, r] -= demand[g, r]
                if home[x] >= 0 and home[x] != j:
                    moved_of[g] += 1
                    cost = move_cost[x]
            else:
                cost = out_cost[x]
            if cost > 0 and position[x] < 0:
                position[x], costly[costs] = costs, x
                costs += 1
            elif cost == 0 and position[x] >= 0:
                costs -= 1
                last = costly[costs]
                costly[position[x]], position[last] = last, position[x]
                position[x] = -1
        current += change
        if current < best - 1e-9:
            best = current
            best_place[:] = place
    return best
