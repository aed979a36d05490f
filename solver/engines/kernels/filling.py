"""Instances filled one by one with what tasks are worth: a knapsack with several resources, by branch and bound.

Compiled with numba, in one file because it keeps what it compiled file by file and would not see that a function of another has
changed. A filling takes microseconds.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from solver.domain.counts import Bools, Ints


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
def _write(row: int, chosen: Ints, whose: Ints, at_home: Bools, tasks: Ints, stays: Ints) -> None:
    """Write a filling as counts of groups."""
    tasks[row] = 0
    stays[row] = 0
    for k in range(len(whose)):
        tasks[row, whose[k]] += chosen[k]
        if at_home[k]:
            stays[row, whose[k]] += chosen[k]


@njit(cache=True, nogil=True)
def fillings(
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
    worth: Ints,
    instance: Ints,
    tasks: Ints,
    stays: Ints,
) -> int:
    """The best filling of each instance; or all that are worth at most ``slack`` less and take nothing more.

    Parameters
    ----------
    home_start, home_group, home_count
        ``int64[I + 1]``, ``int64[H]``, ``int64[H]``: which groups are at home on each instance, and how many of their tasks.
    price, bonus
        ``int64[G]``: what a task is worth, and what it is worth more at home.
    scale
        ``int64[R]``: by which the resources are added up to one weight, for the search's own bound.
    nodes
        Of the search in each instance, after which it is cut short.
    slack
        At least 0 for all of them; below, only the best one counts.
    worth
        ``int64[I]``: receives the value of the best filling, or a bound of it where the search is cut short.
    instance, tasks, stays
        ``int64[N]``, ``int64[N, G]``, ``int64[N, G]``: receive the fillings.

    Returns
    -------
    How many there are; -1 if there are more than ``N``, or not all were found because the search is cut short.
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
        n = _items(
            i, capacity, demand, most, home_start[i], home_start[i + 1], home_group, home_count, price, bonus, 1, weight,
            order, value, heavy, need, count, whose, at_home,
        )  # fmt: skip
        spare = _weight_left(capacity[i], scale, need[:n], count[:n])
        worth[i] = _fill(
            capacity[i], spare, value[:n], heavy[:n], need[:n], count[:n], nodes, -1, taken[:n], none[:, :n]
        )  # fmt: skip
        if slack < 0:
            instance[found] = i
            _write(found, taken[:n], whose[:n], at_home[:n], tasks, stays)
            found += 1
            continue
        # The best value is of items that are worth something; all others may be taken besides.
        n = _items(
            i, capacity, demand, most, home_start[i], home_start[i + 1], home_group, home_count, price, bonus, 0, weight,
            order, value, heavy, need, count, whose, at_home,
        )  # fmt: skip
        spare = _weight_left(capacity[i], scale, need[:n], count[:n])
        kept = np.empty((len(instance) - found, n), np.int64)
        more = _fill(
            capacity[i], spare, value[:n], heavy[:n], need[:n], count[:n], nodes, max(worth[i] - slack, 0), taken[:n], kept
        )  # fmt: skip
        if more < 0:
            return -1
        for c in range(more):
            instance[found] = i
            _write(found, kept[c], whose[:n], at_home[:n], tasks, stays)
            found += 1
    return found
