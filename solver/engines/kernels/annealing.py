"""Simulated annealing over single tasks: one takes a place, or the place of another.

A step takes a task, more often one that costs something, to its home or to a random instance, and mostly one that is there
away in exchange: to the first one's old place, to its own home, to a random instance, or out. Instances may be overfull
on the way, at a price; only plans in which none is are taken. Where there is hardly any room left, the way from one
packing to another leads through overfull ones. Compiled with numba; some millions of steps a second. One flat function
over arrays, since helpers that are handed tuples of arrays are several times slower.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from solver.domain.counts import Bools, Ints

Floats = NDArray[np.float64]

COSTLY, HOMEWARD, EXCHANGE, BACK, LEAVE = 0.7, 0.6, 0.8, 0.7, 0.5
"""How often a task that costs something is taken, one that is away goes home, another one leaves in exchange, and that one
takes the first one's place although it is away from home itself, or is nowhere where it has no home to go to."""

AT_ALL = 0.003
"""What it costs that an instance is overfull at all, in what a whole instance too much costs: so that little is not
left over."""


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
def _shift(left: Ints, sign: int, leg: Ints, target: Ints, legs: int, group: Ints, place: Ints, demand: Ints) -> None:
    """Take what the legs of a step take from what is left (sign 1), or give it back (-1)."""
    for n in range(legs):
        i, j, g = place[leg[n]], target[n], group[leg[n]]
        for r in range(demand.shape[1]):
            if i >= 0:
                left[i, r] += sign * demand[g, r]
            if j >= 0:
                left[j, r] -= sign * demand[g, r]


@njit(cache=True, nogil=True)
def _overfull(left: Ints, i: int, size: Floats, overload: float) -> float:
    """What an instance costs for being overfull."""
    over = 0.0
    for r in range(left.shape[1]):
        if left[i, r] < 0:
            over -= left[i, r] / size[r]
    return overload * (over + AT_ALL) if over > 0 else 0.0


@njit(cache=True, nogil=True)
def anneal(
    capacity: Ints,
    demand: Ints,
    most: Ints,
    group: Ints,
    home: Ints,
    may_go: Bools,
    out_tier: Ints,
    fewest_out: Ints,
    out_cost: Floats,
    move_cost: Floats,
    overload: float,
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
    """Change ``place`` (``int64[T]``, -1 for nowhere); the least cost seen with nothing overfull (infinity where there is
    none), whose places ``best_place`` receives.

    Parameters
    ----------
    capacity, demand, most
        ``int64[I, R]``, ``int64[G, R]``, ``int64[G, I]``.
    group, home, may_go
        Of each task: its group, its home or -1, and whether it may be nowhere.
    out_tier, fewest_out
        ``int64[T]``, ``int64[tiers]``: in which tier it counts that a task is nowhere, or -1, and how many of each tier must
        be: more than there is room for are not to be placed by overfilling.
    out_cost, move_cost
        ``float64[T]``: what it costs while it is nowhere, and while it is away from home.
    overload
        What a whole instance costs by which another is overfull, each resource by itself.
    move_price, budgets, group_budget
        ``int64[T]``, ``int64[2]``, ``int64[G]``: a task's price of moving; how many may move and at what price in all;
        how many of a group.
    part, before, limit, skew, parts
        As in ``solver.engines.assignment.problem.Sets``.
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
    counted, out = before.copy(), np.zeros(len(fewest_out), np.int64)
    current = 0.0
    for t in range(tasks):
        i, g = place[t], group[t]
        cost = 0.0
        if i < 0:
            cost = out_cost[t]
            if out_tier[t] >= 0:
                out[out_tier[t]] += 1
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
    mean = np.maximum(capacity.sum(axis=0) / instances, 1.0)
    over, overfull = np.zeros(instances, np.float64), 0
    for i in range(instances):
        over[i] = _overfull(left, i, mean, overload)
        overfull += over[i] > 0
        current += over[i]
    best = current if overfull == 0 else np.inf
    best_place[:] = place
    leg, target = np.empty(2, np.int64), np.empty(2, np.int64)
    where, after = np.empty(4, np.int64), np.empty(4, np.float64)
    cooling = (cold / hot) ** (1.0 / max(steps / 256, 1.0))
    temperature = hot
    for step in range(steps):
        if costs == 0 and overfull == 0:
            break
        if step % 256 == 255:
            temperature *= cooling
        t = costly[np.random.randint(costs)] if costs > 0 and np.random.random() < COSTLY else np.random.randint(tasks)
        source, g, legs = place[t], group[t], 1
        if home[t] >= 0 and home[t] != source and np.random.random() < HOMEWARD:
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
            if size[goal] > 0 and np.random.random() < EXCHANGE:
                other = first[goal]
                for _ in range(np.random.randint(size[goal])):
                    other = following[other]
                if group[other] == g:
                    continue
                back = home[other]
                if source >= 0 and (back < 0 or back == goal or np.random.random() < BACK):
                    away = source
                elif back >= 0 and back != goal:
                    away = back
                elif may_go[other] and np.random.random() < LEAVE:
                    away = -1
                else:
                    away = np.random.randint(instances)
                    if away == goal:
                        continue
                if away >= 0 and held[group[other], away] >= most[group[other], away]:
                    continue
                leg[1], target[1], legs = other, away, 2
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
        # One more may be placed while the ones that are nowhere are enough; two legs may take turns.
        for n in range(legs):
            if place[leg[n]] < 0 and target[n] >= 0 and out_tier[leg[n]] >= 0:
                tier, turns = out_tier[leg[n]], False
                for m in range(legs):
                    turns |= place[leg[m]] >= 0 and target[m] < 0 and out_tier[leg[m]] == tier
                if out[tier] <= fewest_out[tier] and not turns:
                    within = False
        beyond = more_moves > 0 and moved[0] + more_moves > budgets[0]
        beyond |= more_price > 0 and moved[1] + more_price > budgets[1]
        if beyond or not within:
            continue
        # What it may cost at most, before anything is counted that takes longer.
        accepted = -temperature * np.log(1.0 - np.random.random())
        touched = 0
        for n in range(legs):
            for i in (place[leg[n]], target[n]):
                known = i < 0
                for k in range(touched):
                    known |= where[k] == i
                if not known:
                    where[touched] = i
                    touched += 1
                    change -= over[i]
        if change > accepted:
            continue
        _shift(left, 1, leg, target, legs, group, place, demand)
        for k in range(touched):
            after[k] = _overfull(left, where[k], mean, overload)
            change += after[k]
        if change > accepted:
            _shift(left, -1, leg, target, legs, group, place, demand)
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
                added = _added(s, p, leg, target, legs, group, place, part, set_start, set_of, set_weight)
                earlier = counted[s, p] - added
                if counted[s, p] > max(limit[s, p], earlier):
                    allowed = False
                for a in range(apart_start[s], apart_start[s + 1]):
                    o = apart_of[a]
                    if counted[o, p] > 0:
                        added = _added(o, p, leg, target, legs, group, place, part, set_start, set_of, set_weight)
                        other = counted[o, p] - added
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
            _shift(left, -1, leg, target, legs, group, place, demand)
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
                if home[x] >= 0 and home[x] != i:
                    moved_of[g] -= 1
            if out_tier[x] >= 0:
                out[out_tier[x]] += (j < 0) - (i < 0)
            place[x] = j
            cost = 0.0
            if j >= 0:
                _enter(x, j, first, following, previous, size)
                held[g, j] += 1
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
        for k in range(touched):
            overfull += (after[k] > 0) - (over[where[k]] > 0)
            over[where[k]] = after[k]
        current += change
        if overfull == 0 and current < best - 1e-9:
            best = current
            best_place[:] = place
    return best
