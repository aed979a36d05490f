"""A bound of one tier by Lagrangian relaxation: each instance is filled by itself, for what tasks are worth there.

The number of tasks of a group is what ties instances together (Fisher, Jaikumar and Van Wassenhove 1986, for the
generalised assignment problem). With a price ``pi[g]`` for each task and ``sigma[q]`` for each unit of an earlier tier
``q`` that is held at or below ``limit[q]``, no plan costs less than

    sum over g of min over x of (cost[g, x] + pi[g] x)  -  sum over q of sigma[q] limit[q]
      -  sum over i of the most valuable filling of instance i,

where ``cost`` is the tier and ``sigma`` times the earlier ones, a task on the instance is worth ``pi``, and one that is
at home there what it saves besides. This holds at any prices. They are integers here, and so is everything that is
computed from them, so that the bound needs no trust in floating point. Prices climb by subgradients (Polyak 1969), with
a step towards the best known plan.

Compiled with numba: a filling is a knapsack with several resources, found by branch and bound in microseconds.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from solver.domain.counts import Ints

Floats = NDArray[np.float64]


@njit(cache=True, nogil=True)
def _fill(
    room: Ints, weight_left: int, value: Ints, weight: Ints, demand: Ints, most: Ints, nodes: int, taken: Ints
) -> int:
    """The most valuable filling of an instance; at least so much, where the search is cut short after so many nodes.

    Depth first over the items, which come by falling value for their weight, with the bound of filling what is left of
    the weight with what fits at all. ``taken`` receives the best filling found.
    """
    items, resources = demand.shape
    chosen = np.zeros(items, np.int64)
    path = np.empty(items, np.int64)
    left = room.copy()
    depth, current, best, start, first_bound = 0, 0, -1, 0, -1
    while True:
        bound, spare, first = current, weight_left, -1
        for item in range(start, items):
            fits = True
            for r in range(resources):
                if demand[item, r] > left[r]:
                    fits = False
                    break
            if not fits:
                continue
            if first < 0:
                first = item
            if weight[item] * most[item] <= spare:
                bound += value[item] * most[item]
                spare -= weight[item] * most[item]
            else:
                bound += value[item] * spare // weight[item]
                break
        if first_bound < 0:
            first_bound = bound
        if current > best:
            best = current
            taken[:] = 0
            for d in range(depth):
                taken[path[d]] = chosen[path[d]]
        nodes -= 1
        if nodes < 0:
            return first_bound
        if bound > best and first >= 0:
            count = most[first]
            for r in range(resources):
                if demand[first, r] > 0:
                    count = min(count, left[r] // demand[first, r])
            chosen[first] = count
            for r in range(resources):
                left[r] -= count * demand[first, r]
            weight_left -= count * weight[first]
            current += count * value[first]
            path[depth] = first
            depth += 1
            start = first + 1
            continue
        while depth > 0 and chosen[path[depth - 1]] == 0:
            depth -= 1
        if depth == 0:
            return best
        last = path[depth - 1]
        chosen[last] -= 1
        for r in range(resources):
            left[r] += demand[last, r]
        weight_left += weight[last]
        current -= value[last]
        start = last + 1


@njit(cache=True, nogil=True)
def _fill_all(
    capacity: Ints,
    demand: Ints,
    most: Ints,
    home_start: Ints,
    home_group: Ints,
    home_count: Ints,
    price: Ints,
    bonus: Ints,
    scale: Ints,
    nodes: int,
    tasks: Ints,
    stays: Ints,
) -> int:
    """The value of all instances filled; ``tasks`` and ``stays`` (``int64[G]``) receive what the fillings hold.

    Parameters
    ----------
    price, bonus
        ``int64[G]``: what a task is worth, and what it is worth more at home.
    scale
        ``int64[R]``: by which the resources are added up to one weight, for the search's own bound.
    """
    groups, resources = demand.shape
    weight = np.ones(groups, np.int64)
    for g in range(groups):
        total = 0
        for r in range(resources):
            total += scale[r] * demand[g, r]
        weight[g] = max(total, 1)
    density = price / weight
    order = np.argsort(-density, kind="mergesort")
    tasks[:] = 0
    stays[:] = 0
    items = groups + 1
    value, heavy, count = np.empty(items, np.int64), np.empty(items, np.int64), np.empty(items, np.int64)
    taken, whose, at_home = np.empty(items, np.int64), np.empty(items, np.int64), np.empty(items, np.bool_)
    need = np.empty((items, resources), np.int64)
    own = np.zeros(groups, np.int64)
    whole = 0
    for i in range(capacity.shape[0]):
        first, last = home_start[i], home_start[i + 1]
        if items < groups + last - first:
            items = groups + last - first
            value, heavy, count = np.empty(items, np.int64), np.empty(items, np.int64), np.empty(items, np.int64)
            taken, whose, at_home = np.empty(items, np.int64), np.empty(items, np.int64), np.empty(items, np.bool_)
            need = np.empty((items, resources), np.int64)
        here = np.empty(last - first, np.int64)
        worth = np.empty(last - first, np.float64)
        for h in range(first, last):
            g = home_group[h]
            own[g] = home_count[h]
            worth[h - first] = -(price[g] + bonus[g]) / weight[g]
        here[:] = np.argsort(worth, kind="mergesort")
        n, a, b = 0, 0, 0
        while a < groups or b < last - first:
            # Both lists are in order of falling value for their weight: merge them.
            if b < last - first and (a == groups or -worth[here[b]] >= density[order[a]]):
                h = first + here[b]
                g = home_group[h]
                amount, gain, home = home_count[h], price[g] + bonus[g], True
                b += 1
            else:
                g = order[a]
                amount, gain, home = most[g, i] - own[g], price[g], False
                a += 1
            if amount <= 0 or gain <= 0:
                continue
            fits = True
            for r in range(resources):
                need[n, r] = demand[g, r]
                if demand[g, r] > capacity[i, r]:
                    fits = False
            if not fits:
                continue
            value[n], heavy[n], count[n], whose[n], at_home[n] = gain, weight[g], amount, g, home
            n += 1
        left = 0
        for r in range(resources):
            left += scale[r] * capacity[i, r]
        # A weight is at least 1, also where nothing is demanded.
        for k in range(n):
            empty = True
            for r in range(resources):
                if need[k, r] > 0:
                    empty = False
            if empty:
                left += count[k]
        whole += _fill(capacity[i], left, value[:n], heavy[:n], need[:n], count[:n], nodes, taken[:n])
        for k in range(n):
            tasks[whose[k]] += taken[k]
            if at_home[k]:
                stays[whose[k]] += taken[k]
        for h in range(first, last):
            own[home_group[h]] = 0
    return whole


@njit(cache=True, nogil=True)
def ascend(
    capacity: Ints,
    demand: Ints,
    most: Ints,
    home_start: Ints,
    home_group: Ints,
    home_count: Ints,
    points: Ints,
    at: Ints,
    stay: Ints,
    limit: Ints,
    scale: Ints,
    unit: int,
    price: Floats,
    penalty: Floats,
    target: int,
    goal: int,
    step: float,
    steps: int,
    nodes: int,
    best: Ints,
    best_price: Floats,
    best_penalty: Floats,
) -> float:
    """Climb from ``price`` and ``penalty``, both changed in place; the size of the next step.

    Parameters
    ----------
    home_start, home_group, home_count
        ``int64[I + 1]``, ``int64[H]``, ``int64[H]``: which groups are at home on each instance, and how many of their
        tasks.
    points
        ``int64[G, B]``.
    at, stay
        ``int64[Q + 1, G, B]`` and ``int64[Q + 1, G]``: the earlier tiers, then the one that is bounded.
    limit
        ``int64[Q]``: where the earlier tiers are held.
    unit
        Prices are whole numbers of 1 / unit.
    target, goal
        What the steps aim at, and the bound that ends them; in units.
    steps, nodes
        At most so many steps, and nodes of the search in each instance.
    best, best_price, best_penalty
        The best bound in units (``int64[1]``) and its prices: kept where nothing better is found.
    """
    groups, width = points.shape
    earlier = len(limit)
    tasks, stays = np.zeros(groups, np.int64), np.zeros(groups, np.int64)
    whole_price, bonus = np.zeros(groups, np.int64), np.zeros(groups, np.int64)
    whole_penalty = np.zeros(earlier, np.int64)
    move, push = np.zeros(groups, np.float64), np.zeros(earlier, np.float64)
    count = np.zeros(groups, np.int64)
    waited = 0
    for _ in range(steps):
        for q in range(earlier):
            whole_penalty[q] = max(round(penalty[q] * unit), 0)
        bound = 0
        for q in range(earlier):
            bound -= whole_penalty[q] * limit[q]
        over = np.zeros(earlier, np.float64)
        for g in range(groups):
            whole_price[g] = max(round(price[g] * unit), 0)
            saved = unit * stay[earlier, g]
            for q in range(earlier):
                saved += whole_penalty[q] * stay[q, g]
            bonus[g] = saved
            least, chosen = 0, -1
            for b in range(width):
                cost = unit * at[earlier, g, b] + whole_price[g] * points[g, b]
                for q in range(earlier):
                    cost += whole_penalty[q] * at[q, g, b]
                if chosen < 0 or cost < least:
                    least, chosen = cost, b
            bound += least
            count[g] = points[g, chosen]
            for q in range(earlier):
                over[q] += at[q, g, chosen]
        bound -= _fill_all(
            capacity, demand, most, home_start, home_group, home_count, whole_price, bonus, scale, nodes, tasks, stays
        )
        if bound > best[0]:
            waited = 0 if bound > best[0] + unit // 500 else waited + 1
            best[0] = bound
            best_price[:] = price
            best_penalty[:] = penalty
        else:
            waited += 1
        if best[0] >= goal:
            return step
        if waited >= 20:
            step *= 0.6
            waited = 0
            price[:] = best_price
            penalty[:] = best_penalty
            move[:] = 0
            push[:] = 0
            continue
        norm = 0.0
        for g in range(groups):
            move[g] = 0.3 * move[g] + count[g] - tasks[g]
            norm += move[g] * move[g]
        for q in range(earlier):
            for g in range(groups):
                over[q] -= stay[q, g] * stays[g]
            push[q] = 0.3 * push[q] + over[q] - limit[q]
            norm += push[q] * push[q]
        if norm == 0.0:
            return step
        length = step * max(target - bound, unit // 10) / unit / norm
        for g in range(groups):
            price[g] = max(price[g] + length * move[g], 0.0)
        for q in range(earlier):
            penalty[q] = max(penalty[q] + length * push[q], 0.0)
    return step
