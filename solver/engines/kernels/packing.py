"""The best filling of an instance at given prices, where sums of demands are too many for a table: by branch and bound.

A knapsack with several resources, depth first. Each branch keeps the types that still fit, so that with few tasks on an
instance a branch is short. Its bound adds the resources up to one weight, which makes a knapsack with one resource; the
weights are moved towards those at which that bound is lowest (Glover 1975, surrogate constraints). Whole numbers throughout.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from solver.domain.counts import Ints

TOTAL = 1 << 22
"""What the largest load weighs: a price times this stays far below ``2**63``."""


@njit(cache=True, nogil=True)
def _order(room: Ints, need: Ints, value: Ints, scale: NDArray[np.float64], weight: Ints) -> Ints:
    """Write the types' weights, and give the types by falling value for their weight, those without any first.

    Rounded down, so that what fits weighs ``TOTAL`` at most.
    """
    types, resources = need.shape
    ratio = np.empty(types, np.float64)
    for t in range(types):
        share = 0.0
        for r in range(resources):
            if room[r] > 0:
                share += scale[r] * min(need[t, r] / room[r], 2.0)
        weight[t] = int(share * TOTAL)
        ratio[t] = -value[t] / weight[t] if weight[t] > 0 else -np.inf
    return np.argsort(ratio, kind="mergesort")


@njit(cache=True, nogil=True)
def _tune(
    room: Ints, need: Ints, value: Ints, count: Ints, scale: NDArray[np.float64], weight: Ints, steps: int
) -> Ints:
    """Move the resources' shares of the weight towards those at which the bound of one weight is lowest.

    Writes the types' weights, and gives the types by falling value for their weight.
    """
    if steps == 0:
        return _order(room, need, value, scale, weight)
    resources = len(room)
    best, kept, used = np.inf, scale.copy(), np.empty(resources, np.float64)
    for step in range(steps + 1):
        order = _order(room, need, value, scale, weight)
        open_, bound = float(TOTAL), 0.0
        used[:] = 0.0
        for t in order:
            if value[t] <= 0 or _amount(room, need, t, count[t]) == 0:
                continue
            part = float(count[t])
            if weight[t] > 0:
                part = min(part, open_ / weight[t])
            bound += part * value[t]
            open_ -= part * weight[t]
            for r in range(resources):
                used[r] += part * need[t, r]
            if open_ <= 0.0:
                break
        if bound < best:
            best = bound
            kept[:] = scale
        if step == steps:
            break
        total = 0.0
        for r in range(resources):
            over = used[r] / room[r] - 1.0 if room[r] > 0 else 0.0
            scale[r] = max(scale[r], 1e-4) * np.exp(min(max(over, -1.0), 1.0) / (1.0 + 0.3 * step))
            total += scale[r]
        for r in range(resources):
            scale[r] /= total
    scale[:] = kept
    return _order(room, need, value, scale, weight)


@njit(cache=True, nogil=True)
def _rest(current: int, open_: int, listed: Ints, begin: int, end: int, value: Ints, weight: Ints, count: Ints) -> int:
    """A bound on ``current`` and all that may come of the types listed; one more, since their order is a rounded one."""
    bound = current
    for k in range(begin, end):
        t = listed[k]
        if weight[t] * count[t] <= open_:
            bound += value[t] * count[t]
            open_ -= weight[t] * count[t]
        else:
            return int(bound + value[t] * open_ // weight[t] + 1)
    return bound


@njit(cache=True, nogil=True)
def _amount(left: Ints, need: Ints, t: int, most: int) -> int:
    """How many of a type fit."""
    for r in range(len(left)):
        if need[t, r] > 0:
            most = min(most, left[r] // need[t, r])
    return most


@njit(cache=True, nogil=True)
def _levels(room: Ints, need: Ints, count: Ints) -> int:
    """At most so many types are together on the instance: as many of the smallest amount of a resource as there is room for."""
    levels = len(count)
    for r in range(len(room)):
        least = room[r] + 1
        for t in range(len(count)):
            if count[t] > 0:
                least = min(least, need[t, r])
        if least > 0:
            levels = min(levels, room[r] // least)
    return int(max(levels, 0))


@njit(cache=True, nogil=True)
def _is_full(left: Ints, need: Ints, count: Ints, taken: Ints) -> bool:
    """Whether nothing more fits."""
    full = True
    for t in range(len(count)):
        full = full and (taken[t] == count[t] or _amount(left, need, t, 1) == 0)
    return full


@njit(cache=True, nogil=True)
def _fill(
    room: Ints,
    need: Ints,
    value: Ints,
    count: Ints,
    weight: Ints,
    order: Ints,
    levels: int,
    nodes: int,
    threshold: int,
    taken: Ints,
    kept: Ints,
) -> int:
    """The best filling of one instance, or all of some worth.

    Parameters
    ----------
    weight, order
        Each type's weight, and the types by falling value for it.
    levels
        So many types are together on the instance at most.
    threshold
        At least 0: every filling of so much value that takes nothing more is kept, types that are worth nothing among
        what it takes. Below: only the best one counts, without them.
    taken
        ``int64[T]``: receives the best filling.
    kept
        ``int64[K, T]``: receives the fillings that are kept.

    Returns
    -------
    The best value, or a bound on it where the search is cut short. With a threshold the number of fillings; -1 where there
    are more than ``K`` or the search is cut short.
    """
    types, resources = need.shape
    listed, left = np.empty((levels + 2, types), np.int64), np.empty((levels + 2, resources), np.int64)
    ends, spare, current = (
        np.zeros(levels + 2, np.int64),
        np.zeros(levels + 2, np.int64),
        np.zeros(levels + 2, np.int64),
    )
    at, amount = np.zeros(levels + 2, np.int64), np.zeros(levels + 2, np.int64)
    for t in order:
        if (value[t] > 0 or threshold >= 0) and _amount(room, need, t, count[t]) > 0:
            listed[0, ends[0]] = t
            ends[0] += 1
    left[0] = room
    spare[0] = TOTAL + 1
    best, depth, outer, found = 0, 0, 0, 0
    taken[:] = 0
    while depth >= 0:
        k = at[depth]
        if amount[depth] == 0:
            # The next type; once even all that is left is not enough, none after it is.
            bound = _rest(current[depth], spare[depth], listed[depth], k, ends[depth], value, weight, count)
            if depth == 0:
                outer = bound
            if k == ends[depth] or (bound < threshold if threshold >= 0 else bound <= best):
                depth -= 1
                if depth >= 0:
                    amount[depth] -= 1
                    if amount[depth] == 0:
                        at[depth] += 1
                continue
            amount[depth] = _amount(left[depth], need, listed[depth, k], count[listed[depth, k]])
        nodes -= 1
        if nodes < 0:
            return max(best, outer) if threshold < 0 else -1
        t, many, below = listed[depth, k], amount[depth], depth + 1
        for r in range(resources):
            left[below, r] = left[depth, r] - many * need[t, r]
        current[below] = current[depth] + many * value[t]
        spare[below] = spare[depth] - many * weight[t]
        if current[below] > best or current[below] >= threshold >= 0:
            best = max(best, current[below])
            taken[:] = 0
            for d in range(below):
                taken[listed[d, at[d]]] = amount[d]
            if threshold >= 0 and current[below] >= threshold and _is_full(left[below], need, count, taken):
                if found == len(kept):
                    return -1
                kept[found] = taken
                found += 1
        n = 0
        for j in range(k + 1, ends[depth]):
            fits = True
            for r in range(resources):
                if need[listed[depth, j], r] > left[below, r]:
                    fits = False
                    break
            if fits:
                listed[below, n] = listed[depth, j]
                n += 1
        ends[below], at[below], amount[below] = n, 0, 0
        depth = below
    return best if threshold < 0 else found


@njit(cache=True, nogil=True)
def fill_each(
    capacity: Ints,
    row: Ints,
    need: Ints,
    most: Ints,
    value: Ints,
    scale: NDArray[np.float64],
    tuning: int,
    nodes: int,
    worth: Ints,
    held: Ints,
) -> None:
    """The best filling of each instance by itself.

    Parameters
    ----------
    capacity
        ``int64[N, R]``.
    row
        ``int64[N]``: of ``most`` and ``value``.
    need
        ``int64[T, R]``.
    most, value
        ``int64[B, T]``: of each type at most, and what one is worth, at most ``10**11``. What is worth nothing is left out.
    scale
        ``float64[N, R]``, positive, rows that add up to 1: the resources' shares of the weight, which are improved in place.
    tuning
        Steps of that.
    nodes
        Of each search, after which it is cut short.
    worth, held
        ``int64[N]`` and ``int64[N, T]``: receive the best filling's value, or a bound on it where the search is cut short;
        and the best filling found.
    """
    weight = np.empty(len(need), np.int64)
    for n in range(len(capacity)):
        room, price, count = capacity[n], value[row[n]], most[row[n]]
        order = _tune(room, need, price, count, scale[n], weight, tuning)
        worth[n] = _fill(
            room, need, price, count, weight, order, _levels(room, need, count), nodes, -1,
            held[n], held[:0],
        )  # fmt: skip


@njit(cache=True, nogil=True)
def fill_in_turn(
    capacity: Ints, need: Ints, left: Ints, value: Ints, scale: NDArray[np.float64], nodes: int, held: Ints
) -> int:
    """Fill equal instances one after the other with what the earlier ones left, until there is nothing left; how many.

    Parameters
    ----------
    capacity, value, scale
        ``int64[R]``, ``int64[T]``, ``float64[R]``: as for ``fill_each``, of one instance; ``scale`` is left as it is.
    left
        ``int64[T]``: how many of each type there are; what is taken is subtracted.
    held
        ``int64[N, T]``: receives the fillings.
    """
    weight = np.empty(len(need), np.int64)
    order = _tune(capacity, need, value, left, scale, weight, 0)
    levels = _levels(capacity, need, left)
    for n in range(len(held)):
        _fill(capacity, need, value, left, weight, order, levels, nodes, -1, held[n], held[:0])
        taken = 0
        for t in range(len(left)):
            left[t] -= held[n, t]
            taken += held[n, t]
        if taken == 0:
            return n
    return len(held)


@njit(cache=True, nogil=True)
def fill_all(
    capacity: Ints,
    row: Ints,
    need: Ints,
    most: Ints,
    value: Ints,
    scale: NDArray[np.float64],
    tuning: int,
    threshold: Ints,
    nodes: int,
    instance: Ints,
    held: Ints,
) -> int:
    """Every filling of each instance that is worth its threshold and takes nothing more; how many, or -1.

    Parameters
    ----------
    capacity, row, need, most, value, scale, tuning
        As for ``fill_each``.
    threshold
        ``int64[N]``, 0 or more.
    nodes
        Of each search.
    instance, held
        ``int64[K]`` and ``int64[K, T]``: receive the fillings.

    Returns
    -------
    -1 where there are more than ``K``, or a search is cut short.
    """
    found, taken, weight = 0, np.zeros(len(need), np.int64), np.empty(len(need), np.int64)
    for n in range(len(capacity)):
        room, price, count = capacity[n], value[row[n]], most[row[n]]
        order = _tune(room, need, price, count, scale[n], weight, tuning)
        more = _fill(
            room, need, price, count, weight, order, _levels(room, need, count), nodes,
            threshold[n], taken, held[found:],
        )  # fmt: skip
        if more < 0:
            return -1
        instance[found : found + more] = n
        found += more
    return found
