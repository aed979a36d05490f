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

Compiled with numba: a filling is a knapsack with several resources, found by branch and bound in microseconds. One file,
because numba keeps what it compiled file by file and would not see that a function of another has changed.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from solver.domain.counts import Bools, Ints

Floats = NDArray[np.float64]


@njit(cache=True, nogil=True)
def _fill(
    room: Ints,
    spare: int,
    value: Ints,
    weight: Ints,
    need: Ints,
    count: Ints,
    nodes: int,
    threshold: int,
    taken: Ints,
    kept: Ints,
) -> int:
    """Fill an instance depth first, with the bound of filling what is left of the weight with whatever fits at all.

    Parameters
    ----------
    room, spare
        ``int64[R]`` and what all items together weigh at most.
    value, weight, need, count
        Of each item, which come by falling value for their weight.
    nodes
        After so many the search is cut short.
    threshold
        At least 0: every filling of so much value that takes nothing more is kept. Below: only the best one counts.
    taken
        ``int64[items]``: receives the best filling.
    kept
        ``int64[K, items]``: receives the fillings that are kept.

    Returns
    -------
    The best value, or a bound of it where the search is cut short. With a threshold the number of fillings; -1 where there
    are more than ``K`` or the search is cut short.
    """
    items, resources = need.shape
    chosen = np.zeros(items, np.int64)
    path = np.empty(items, np.int64)
    left = room.copy()
    depth, current, best, start, first_bound, found = 0, 0, -1, 0, -1, 0
    while True:
        bound, open_, first = current, spare, -1
        for item in range(start, items):
            fits = True
            for r in range(resources):
                if need[item, r] > left[r]:
                    fits = False
                    break
            if not fits:
                continue
            if first < 0:
                first = item
            if weight[item] * count[item] <= open_:
                bound += value[item] * count[item]
                open_ -= weight[item] * count[item]
            else:
                bound += value[item] * open_ // weight[item]
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
            return first_bound if threshold < 0 else -1
        if first < 0 and 0 <= threshold <= current and not _takes_more(left, need, count, chosen):
            if found == len(kept):
                return -1
            kept[found] = 0
            for d in range(depth):
                kept[found, path[d]] = chosen[path[d]]
            found += 1
        if first >= 0 and (bound >= threshold if threshold >= 0 else bound > best):
            amount = count[first]
            for r in range(resources):
                if need[first, r] > 0:
                    amount = min(amount, left[r] // need[first, r])
            chosen[first] = amount
            for r in range(resources):
                left[r] -= amount * need[first, r]
            spare -= amount * weight[first]
            current += amount * value[first]
            path[depth] = first
            depth += 1
            start = first + 1
            continue
        while depth > 0 and chosen[path[depth - 1]] == 0:
            depth -= 1
        if depth == 0:
            return best if threshold < 0 else found
        last = path[depth - 1]
        chosen[last] -= 1
        for r in range(resources):
            left[r] += need[last, r]
        spare += weight[last]
        current -= value[last]
        start = last + 1


@njit(cache=True, nogil=True)
def _takes_more(left: Ints, need: Ints, count: Ints, chosen: Ints) -> bool:
    """Whether one more of an item fits."""
    for item in range(len(count)):
        if chosen[item] < count[item]:
            fits = True
            for r in range(len(left)):
                if need[item, r] > left[r]:
                    fits = False
                    break
            if fits:
                return True
    return False


@njit(cache=True, nogil=True)
def _weights(demand: Ints, scale: Ints) -> Ints:
    """``int64[G]``: all resources of a task as one weight, at least 1."""
    groups, resources = demand.shape
    weight = np.ones(groups, np.int64)
    for g in range(groups):
        total = 0
        for r in range(resources):
            total += scale[r] * demand[g, r]
        weight[g] = max(total, 1)
    return weight


@njit(cache=True, nogil=True)
def _items(
    i: int,
    capacity: Ints,
    demand: Ints,
    most: Ints,
    first: int,
    last: int,
    home_group: Ints,
    home_count: Ints,
    price: Ints,
    bonus: Ints,
    least_value: int,
    weight: Ints,
    order: Ints,
    value: Ints,
    heavy: Ints,
    need: Ints,
    count: Ints,
    whose: Ints,
    at_home: Bools,
) -> int:
    """Write what may fill an instance, by falling value for its weight; how many items there are.

    A group that is at home there is two items: the tasks that stay, worth more, and those that come.
    """
    groups, resources = demand.shape
    worth = np.empty(last - first, np.float64)
    for h in range(first, last):
        g = home_group[h]
        worth[h - first] = -(price[g] + bonus[g]) / weight[g]
    here = np.argsort(worth, kind="mergesort")
    n, a, b = 0, 0, 0
    while a < groups or b < last - first:
        # Both lists are in order already: merge them.
        if b < last - first and (a == groups or -worth[here[b]] >= price[order[a]] / weight[order[a]]):
            h = first + here[b]
            g = home_group[h]
            amount, gain, home = home_count[h], price[g] + bonus[g], True
            b += 1
        else:
            g = order[a]
            amount, gain, home = most[g, i], price[g], False
            for h in range(first, last):
                if home_group[h] == g:
                    amount -= home_count[h]
            a += 1
        if amount <= 0 or gain < least_value:
            continue
        fits = True
        for r in range(resources):
            need[n, r] = demand[g, r]
            if demand[g, r] > capacity[i, r]:
                fits = False
        if fits:
            value[n], heavy[n], count[n], whose[n], at_home[n] = gain, weight[g], amount, g, home
            n += 1
    return n


@njit(cache=True, nogil=True)
def _weight_left(room: Ints, scale: Ints, need: Ints, count: Ints) -> int:
    """What all fillings weigh at most."""
    left = 0
    for r in range(len(room)):
        left += scale[r] * room[r]
    # A weight is at least 1, also where nothing is demanded of what has a scale.
    for k in range(len(count)):
        weight = 0
        for r in range(len(room)):
            weight += scale[r] * need[k, r]
        if weight == 0:
            left += count[k]
    return left


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
    worth: Ints,
) -> int:
    """The value of all instances filled, of each in ``worth`` (``int64[I]``).

    ``tasks`` and ``stays`` (``int64[G]``) receive what the fillings hold.

    Parameters
    ----------
    price, bonus
        ``int64[G]``: what a task is worth, and what it is worth more at home.
    scale
        ``int64[R]``: by which the resources are added up to one weight, for the search's own bound.
    """
    groups, resources = demand.shape
    weight = _weights(demand, scale)
    order = np.argsort(-(price / weight), kind="mergesort")
    tasks[:] = 0
    stays[:] = 0
    room = groups + groups
    value, heavy, count = np.empty(room, np.int64), np.empty(room, np.int64), np.empty(room, np.int64)
    taken, whose, at_home = np.empty(room, np.int64), np.empty(room, np.int64), np.empty(room, np.bool_)
    need, none = np.empty((room, resources), np.int64), np.empty((0, room), np.int64)
    whole = 0
    for i in range(capacity.shape[0]):
        n = _items(
            i, capacity, demand, most, home_start[i], home_start[i + 1], home_group, home_count, price, bonus, 1, weight,
            order, value, heavy, need, count, whose, at_home,
        )  # fmt: skip
        left = _weight_left(capacity[i], scale, need[:n], count[:n])
        worth[i] = _fill(
            capacity[i], left, value[:n], heavy[:n], need[:n], count[:n], nodes, -1, taken[:n], none[:, :n]
        )  # fmt: skip
        whole += worth[i]
        for k in range(n):
            tasks[whose[k]] += taken[k]
            if at_home[k]:
                stays[whose[k]] += taken[k]
    return whole


@njit(cache=True, nogil=True)
def columns(
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
    slack: int,
    instance: Ints,
    tasks: Ints,
    stays: Ints,
) -> int:
    """All fillings of each instance that are worth at most ``slack`` less than the best one, and take nothing more.

    Parameters
    ----------
    nodes
        Of the search in each instance.
    instance, tasks, stays
        ``int64[N]``, ``int64[N, G]``, ``int64[N, G]``: receive the fillings.

    Returns
    -------
    How many there are; -1 if there are more than ``N``, or the search is cut short.
    """
    groups, resources = demand.shape
    weight = _weights(demand, scale)
    order = np.argsort(-(price / weight), kind="mergesort")
    room = groups + groups
    value, heavy, count = np.empty(room, np.int64), np.empty(room, np.int64), np.empty(room, np.int64)
    taken, whose, at_home = np.empty(room, np.int64), np.empty(room, np.int64), np.empty(room, np.bool_)
    need, none = np.empty((room, resources), np.int64), np.empty((0, room), np.int64)
    found = 0
    for i in range(capacity.shape[0]):
        # What the bound takes for the best value is of items that are worth something; all others may be taken besides.
        threshold = -slack
        for least_value in (1, 0):
            n = _items(
                i, capacity, demand, most, home_start[i], home_start[i + 1], home_group, home_count, price, bonus,
                least_value, weight, order, value, heavy, need, count, whose, at_home,
            )  # fmt: skip
            spare = _weight_left(capacity[i], scale, need[:n], count[:n])
            if least_value == 1:
                threshold += _fill(
                    capacity[i], spare, value[:n], heavy[:n], need[:n], count[:n], nodes, -1, taken[:n], none[:, :n]
                )  # fmt: skip
        kept = np.empty((len(instance) - found, n), np.int64)
        more = _fill(
            capacity[i], spare, value[:n], heavy[:n], need[:n], count[:n], nodes, max(threshold, 0), taken[:n], kept
        )  # fmt: skip
        if more < 0:
            return -1
        for c in range(more):
            instance[found] = i
            tasks[found] = 0
            stays[found] = 0
            for k in range(n):
                tasks[found, whose[k]] += kept[c, k]
                if at_home[k]:
                    stays[found, whose[k]] += kept[c, k]
            found += 1
    return found


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
    """Climb from ``price`` and ``penalty``, both changed in place; the size of the next step, 0 where there is none.

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
    count, worth = np.zeros(groups, np.int64), np.zeros(len(capacity), np.int64)
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
            capacity, demand, most, home_start, home_group, home_count, whole_price, bonus, scale, nodes, tasks, stays,
            worth,
        )  # fmt: skip
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
            # The fillings are a plan: no prices prove more.
            return 0.0
        length = step * max(target - bound, unit // 10) / unit / norm
        for g in range(groups):
            price[g] = max(price[g] + length * move[g], 0.0)
        for q in range(earlier):
            penalty[q] = max(penalty[q] + length * push[q], 0.0)
    return step
