"""Simulated annealing over tasks that all have a place: a step exchanges tasks between two to four instances.

A step is one of nine kinds (``KINDS``): a task goes to a random instance, or home; two tasks change places, or two of one
service, which keeps every count of the service as it is; one takes the place of another, which goes home, or anywhere, or to
the place of a third, which goes home or closes the cycle; one changes places with several small ones together. Where few
instances cost anything, a part of the steps takes its first task from one of those.

What an instance holds is a row of columns: the load of each resource, a derived column for each balance (linear in the load),
and what tasks that are away from home take of each transient resource, whose tasks at home are reserved for once and for all.
What a row costs is piecewise linear in each column, and kept. Columns are floats that hold integers below 2^53, so that all
sums are exact in any order and the compiler may use vector instructions. Capacity may be exceeded on the way, at a price that
follows how often nothing is; only plans in which nothing is are taken. Compiled with numba, some millions of
steps a second. One flat function over arrays, which makes the file long: helpers that are handed arrays are several times slower.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from solver.domain.counts import Ints

Floats = NDArray[np.float64]

KINDS = ("anywhere", "home", "swap", "swap in a service", "displace", "push", "cycle", "chain", "exchange")
"""What a step may be; ``mix`` says how often."""

MOST_LEGS = 24
"""Tasks that one step moves, at most."""

REACH = 40.0
"""A step that is worse by so many temperatures is refused without a draw: its chance is below 1e-17."""

PERIOD = 1024
"""Steps after which the temperature and the price of what is exceeded change."""

RATE, CALM = 0.002, 0.5
"""How fast the price of what is exceeded follows, and the share of steps at which nothing is that it follows."""


@njit(cache=True, nogil=True)
def _next(x: np.uint64) -> np.uint64:
    """Marsaglia's xorshift with 64 bits (Journal of Statistical Software 8(14), 2003)."""
    x ^= x << np.uint64(13)
    x ^= x >> np.uint64(7)
    x ^= x << np.uint64(17)
    return x


@njit(cache=True, nogil=True)
def _below(bits: np.uint64, n: int) -> np.int64:
    """A number from 0 to ``n - 1`` from 32 random bits."""
    return np.int64((bits * np.uint64(n)) >> np.uint64(32))


@njit(cache=True, nogil=True)
def _beside(
    p: int | np.int64,
    bits: np.uint64,
    fit_start: Ints,
    fit: NDArray[np.int32],
    first: Ints,
    following: Ints,
    held: Ints,
) -> int:
    """A task of an instance that lets ``p`` in, from 32 random bits; -1 where there is none."""
    drawn = bits * np.uint64(fit_start[p + 1] - fit_start[p])
    b = fit[fit_start[p] + np.int64(drawn >> np.uint64(32))]
    q = first[b]
    for _ in range(_below(drawn & np.uint64(0xFFFFFFFF), held[b])):
        q = following[q]
    found: int = q
    return found


@njit(cache=True, nogil=True, fastmath={"reassoc", "nsz", "nnan"})
def reassign(
    demand: Floats,
    base: Floats,
    knot: Floats,
    weight: Floats,
    limit: Floats,
    scale: Floats,
    transients: int,
    size: Floats,
    home: Ints,
    task_cost: Floats,
    distance: NDArray[np.int32],
    distance_weight: float,
    service_weight: float,
    service: Ints,
    member_start: Ints,
    member: Ints,
    location: Ints,
    neighbourhood: Ints,
    least: Ints,
    need_start: Ints,
    need: Ints,
    user_start: Ints,
    user: Ints,
    mix: Ints,
    fit_start: Ints,
    fit: NDArray[np.int32],
    focus: int,
    place: Ints,
    best_place: Ints,
    state: Floats,
    charge: float,
    steps: int,
    hot: float,
    cold: float,
    seed: int,
) -> float:
    """Change ``place`` (``int64[T]``); the least cost seen with nothing exceeded (infinity where there is none), whose places
    ``best_place`` receives.

    Parameters
    ----------
    demand
        ``float64[2 * T + 1, C]``: what task ``t`` adds to each column, away from home (row ``2 * t``) and at home (the row
        after); a row of zeros follows.
    base, knot, limit
        ``float64[I, C]``: what a column holds without tasks, above what it costs, and above what it may not be.
    weight, scale
        ``float64[C]``: what a unit above the knot costs; what a unit above the limit counts.
    transients
        So many columns, the last, are of transient resources, where ``base`` is what homes reserve.
    size
        ``float64[T]``: how large a task is, in any unit.
    home, task_cost, distance, distance_weight, service_weight
        The instance of each task, what moving it costs, what a move between two instances costs and how much that counts,
        and how much the largest number of tasks moved of a service does.
    service, member_start, member
        ``int64[T]``: the service of a task, -1 for one that is alone and linked to none; ``int64[S + 1]``, ``int64[N]``: its
        tasks.
    location, neighbourhood, least
        Of each instance; over how many locations a service is spread at least.
    need_start, need, user_start, user
        Services that a service depends on, and those that depend on it.
    mix
        ``int64[9]``: of 1,024 steps, so many are of this kind or of one before; the last is 1,024.
    fit_start, fit
        ``int64[T + 1]``, ``int32[N]``: the instances that transient resources let each task into at all; empty where that is any.
    focus
        Of 1,024 steps, so many take a task of an instance that costs something, where less than a quarter of them do.
    place
        ``int64[T]``: where the tasks are; receives where they are in the end, when something may be exceeded.
    state
        ``float64[2]``: the price of a unit exceeded, and the cost; both are kept up to date.
    charge
        What it counts, in units, that a column is exceeded at all.
    steps, hot, cold
        So many steps, while the temperature falls geometrically from hot to cold, in the unit of the costs.
    """
    tasks, columns = len(home), demand.shape[1]
    instances, services = base.shape[0], len(least)
    x = np.uint64(seed) * np.uint64(2685821657736338717) + np.uint64(88172645463325252)
    for _ in range(20):
        x = _next(x)
    use = base.copy()
    here = np.zeros((services, instances), np.int16)
    at_location = np.zeros((services, location.max() + 1), np.int32)
    at_neighbourhood = np.zeros((services, neighbourhood.max() + 1), np.int32)
    locations, moved_of = np.zeros(services, np.int64), np.zeros(services, np.int64)
    away, position, aways = np.empty(tasks, np.int64), np.full(tasks, -1, np.int64), 0
    # The tasks of an instance as a doubly linked list.
    first, held = np.full(instances, -1, np.int64), np.zeros(instances, np.int64)
    following, previous = np.full(tasks, -1, np.int64), np.full(tasks, -1, np.int64)
    cost, alone = 0.0, 0
    for t in range(tasks):
        m, s = place[t], service[t]
        following[t] = first[m]
        if first[m] >= 0:
            previous[first[m]] = t
        first[m] = t
        held[m] += 1
        if s >= 0:
            here[s, m] += 1
            if at_location[s, location[m]] == 0:
                locations[s] += 1
            at_location[s, location[m]] += 1
            at_neighbourhood[s, neighbourhood[m]] += 1
        for c in range(columns):
            use[m, c] += demand[2 * t + (m == home[t]), c]
        if m != home[t]:
            position[t], away[aways] = aways, t
            aways += 1
            cost += task_cost[t] + distance_weight * distance[home[t], m]
            if s >= 0:
                moved_of[s] += 1
            else:
                alone += 1
    # How many services have so many tasks moved; the largest number costs.
    having, largest = np.zeros(tasks + 1, np.int64), 0
    for s in range(services):
        having[moved_of[s]] += 1
        largest = max(largest, moved_of[s])
    level = max(largest, min(alone, 1))
    cost += service_weight * level
    row_cost, over, exceeded = np.zeros(instances, np.float64), np.zeros(instances, np.float64), 0
    price, calm = state[0], 0
    for m in range(instances):
        for c in range(columns):
            row_cost[m] += weight[c] * max(use[m, c] - knot[m, c], 0.0)
            if use[m, c] > limit[m, c]:
                over[m] += charge + scale[c] * (use[m, c] - limit[m, c])
        cost += row_cost[m]
        exceeded += over[m] > 0
    # Instances that cost something, and where each stands in the list.
    costly, listed, costlies = np.empty(instances, np.int64), np.full(instances, -1, np.int64), 0
    for m in range(instances):
        if row_cost[m] > 0:
            listed[m], costly[costlies] = costlies, m
            costlies += 1
    best = cost if exceeded == 0 else np.inf
    best_place[:] = place
    unsaved = False
    leg, source, target = np.zeros(MOST_LEGS, np.int64), np.zeros(MOST_LEGS, np.int64), np.zeros(MOST_LEGS, np.int64)
    row_of = np.full(instances, -1, np.int64)
    touched = np.zeros(8, np.int64)
    row, new_cost, new_over = np.zeros((8, columns)), np.zeros(8), np.zeros(8)
    cooling = (cold / hot) ** (1.0 / max(steps / PERIOD, 1.0))
    temperature = hot
    for step in range(steps):
        if step % PERIOD == PERIOD - 1:
            temperature *= cooling
            price *= 1.0 + RATE * (CALM - calm / PERIOD)
            price = min(max(price, 1.0), 1e12)
            calm = 0
        calm += exceeded == 0
        # Which tasks would go where.
        x = _next(x)
        kind, drawn = 0, np.int64((x >> np.uint64(40)) & np.uint64(1023))
        while drawn >= mix[kind]:
            kind += 1
        p = _below(x & np.uint64(0xFFFFFFFF), tasks)
        if (x >> np.uint64(50)) & np.uint64(1023) < np.uint64(focus) and 0 < 4 * costlies < instances:
            # A task of an instance that costs something.
            x = _next(x)
            o = first[costly[_below(x & np.uint64(0xFFFFFFFF), costlies)]]
            p = o if o >= 0 else p
            bits = x >> np.uint64(32)
            while following[p] >= 0 and bits & np.uint64(3) != 0:
                p, bits = following[p], bits >> np.uint64(2)
        x = _next(x)
        y, z = x >> np.uint64(32), x & np.uint64(0xFFFFFFFF)
        legs = 2
        leg[0] = p
        if kind == 0:
            legs, target[0] = 1, _below(y, instances)
            if len(fit) > 0:
                target[0] = fit[fit_start[p] + _below(y, fit_start[p + 1] - fit_start[p])]
        elif kind == 1:
            if aways == 0:
                continue
            legs, p = 1, away[_below(y, aways)]
            leg[0], target[0] = p, home[p]
        elif kind == 4 or kind == 7:
            if aways == 0:
                continue
            if kind == 4:
                q = away[_below(y, aways)]
                target[0], leg[1], target[1] = place[q], q, home[q]
            else:
                o, legs = away[_below(z, aways)], 3
                q = _beside(p, y, fit_start, fit, first, following, held) if len(fit) > 0 else _below(y, tasks)
                if q < 0:
                    continue
                target[0], leg[1], target[1], leg[2], target[2] = place[q], q, place[o], o, home[o]
                if p == o or q == o:
                    continue
        else:
            if kind == 3:
                s = service[p]
                if s < 0:
                    continue
                q = member[member_start[s] + _below(y, member_start[s + 1] - member_start[s])]
            elif len(fit) > 0:
                q = _beside(p, y, fit_start, fit, first, following, held)
                if q < 0:
                    continue
            else:
                q = _below(y, tasks)
            target[0], leg[1], target[1] = place[q], q, place[p]
            if kind == 5:
                target[1] = _below(z, instances)
                if len(fit) > 0:
                    target[1] = fit[fit_start[q] + _below(z, fit_start[q + 1] - fit_start[q])]
            elif kind == 6:
                o, legs = _below(z, tasks), 3
                target[1], leg[2], target[2] = place[o], o, place[p]
                if place[o] == place[p] or place[o] == place[q]:
                    continue
            elif kind == 8:
                # Several small ones of the instance of q, which together are about as large as p, in exchange for p.
                a, b, legs, total = place[p], place[q], 1, 0.0
                most = size[p] * (0.6 + 0.8 * np.float64(z) / 4294967296.0)
                o = q if z & np.uint64(1) == 0 else first[b]
                if a == b:
                    continue
                while o >= 0 and legs < MOST_LEGS:
                    x = _next(x)
                    fits = total + size[o] <= most and (service[o] < 0 or here[service[o], a] == 0)
                    if fits and x & np.uint64(3) != 0:
                        total += size[o]
                        leg[legs], target[legs] = o, a
                        legs += 1
                    o = following[o]
                if legs < 3:
                    continue
        stays = legs == 2 and leg[0] == leg[1]
        for n in range(legs):
            source[n] = place[leg[n]]
            stays |= source[n] == target[n]
        if stays:
            continue
        # Two tasks of one service on one instance, and what transient resources never let in.
        alike = legs == 2 and service[leg[0]] == service[leg[1]] and kind != 4 and kind != 5
        fits = True
        for n in range(legs):
            t, b = leg[n], target[n]
            if b != home[t]:
                for c in range(columns - transients, columns):
                    fits &= base[b, c] + demand[2 * t, c] <= limit[b, c]
            s = service[t]
            if s >= 0 and not alike:
                others = here[s, b]
                if others > 0 or legs > 1:
                    for k in range(legs):
                        if service[leg[k]] == s and k != n:
                            others += (target[k] == b) - (source[k] == b)
                    fits &= others <= 0
            if not fits:
                break
        if not fits:
            continue
        moving = 0.0
        for n in range(legs):
            t, a, b, h = leg[n], source[n], target[n], home[leg[n]]
            if a != h:
                moving -= task_cost[t] + distance_weight * distance[h, a]
            if b != h:
                moving += task_cost[t] + distance_weight * distance[h, b]
        # What it costs on the instances. The first form is the usual one, between two of them; the second does for any.
        added, worse, rows = moving, 0.0, 2
        if legs == 1 or kind == 2 or kind == 3:
            a, b, q = source[0], target[0], leg[1]
            touched[0], touched[1] = a, b
            k, n = 2 * p + (a == home[p]), 2 * p + (b == home[p])
            i, j = 2 * tasks, 2 * tasks
            if legs == 2:
                i, j = 2 * q + (b == home[q]), 2 * q + (a == home[q])
            charged, beyond, cells = 0.0, 0.0, 0.0
            for c in range(columns):
                u = use[b, c] + demand[n, c] - demand[i, c]
                over_knot, over_limit = u - knot[b, c], u - limit[b, c]
                charged += weight[c] * (over_knot if over_knot > 0.0 else 0.0)
                beyond += scale[c] * (over_limit if over_limit > 0.0 else 0.0)
                cells += 1.0 if over_limit > 0.0 else 0.0
            new_cost[1], new_over[1] = charged, beyond + charge * cells
            added += charged - row_cost[b]
            worse += new_over[1] - over[b]
            # The other instance cannot gain more than what it costs.
            if added - row_cost[a] + (worse - over[a]) * price > REACH * temperature:
                continue
            charged, beyond, cells = 0.0, 0.0, 0.0
            for c in range(columns):
                u = use[a, c] - demand[k, c] + demand[j, c]
                over_knot, over_limit = u - knot[a, c], u - limit[a, c]
                charged += weight[c] * (over_knot if over_knot > 0.0 else 0.0)
                beyond += scale[c] * (over_limit if over_limit > 0.0 else 0.0)
                cells += 1.0 if over_limit > 0.0 else 0.0
            new_cost[0], new_over[0] = charged, beyond + charge * cells
            added += charged - row_cost[a]
            worse += new_over[0] - over[a]
        else:
            rows = 0
            for n in range(legs):
                for m in (source[n], target[n]):
                    if row_of[m] < 0:
                        row_of[m], touched[rows] = rows, m
                        for c in range(columns):
                            row[rows, c] = use[m, c]
                        rows += 1
                t, a, b = leg[n], source[n], target[n]
                i, j = row_of[a], row_of[b]
                k, q = 2 * t + (a == home[t]), 2 * t + (b == home[t])
                for c in range(columns):
                    row[i, c] -= demand[k, c]
                for c in range(columns):
                    row[j, c] += demand[q, c]
            for i in range(rows):
                row_of[touched[i]] = -1
            for i in range(rows):
                m = touched[i]
                charged, beyond, cells = 0.0, 0.0, 0.0
                for c in range(columns):
                    over_knot, over_limit = row[i, c] - knot[m, c], row[i, c] - limit[m, c]
                    charged += weight[c] * (over_knot if over_knot > 0.0 else 0.0)
                    beyond += scale[c] * (over_limit if over_limit > 0.0 else 0.0)
                    cells += 1.0 if over_limit > 0.0 else 0.0
                new_cost[i], new_over[i] = charged, beyond + charge * cells
                added += charged - row_cost[m]
                worse += new_over[i] - over[m]
        uphill = added + worse * price
        if uphill > 0:
            if uphill > REACH * temperature:
                continue
            x = _next(x)
            if uphill > -temperature * np.log((np.float64(x >> np.uint64(11)) + 1.0) / 9007199254740993.0):
                continue
        # Spread and dependencies: count as if it were done, and take it back where it may not be.
        if not alike:
            allowed, sign = True, 1
            while True:
                for n in range(legs):
                    s = service[leg[n]]
                    if s < 0:
                        continue
                    a, b = (source[n], target[n]) if sign > 0 else (target[n], source[n])
                    at_location[s, location[a]] -= 1
                    locations[s] -= at_location[s, location[a]] == 0
                    locations[s] += at_location[s, location[b]] == 0
                    at_location[s, location[b]] += 1
                    at_neighbourhood[s, neighbourhood[a]] -= 1
                    at_neighbourhood[s, neighbourhood[b]] += 1
                if sign < 0:
                    break
                for n in range(legs):
                    s = service[leg[n]]
                    if s < 0:
                        continue
                    allowed &= locations[s] >= least[s]
                    a, b = neighbourhood[source[n]], neighbourhood[target[n]]
                    for k in range(need_start[s], need_start[s + 1]):
                        allowed &= at_neighbourhood[need[k], b] > 0 or at_neighbourhood[s, b] == 0
                    if at_neighbourhood[s, a] == 0:
                        for k in range(user_start[s], user_start[s + 1]):
                            allowed &= at_neighbourhood[user[k], a] == 0
                if allowed:
                    break
                sign = -1
            if not allowed:
                continue
        # Do it.
        if unsaved:
            best_place[:] = place
            unsaved = False
        for n in range(legs):
            t, a, b, s = leg[n], source[n], target[n], service[leg[n]]
            for c in range(columns):
                use[a, c] -= demand[2 * t + (a == home[t]), c]
                use[b, c] += demand[2 * t + (b == home[t]), c]
            place[t] = b
            e, f = previous[t], following[t]
            if e >= 0:
                following[e] = f
            else:
                first[a] = f
            if f >= 0:
                previous[f] = e
            following[t], previous[t] = first[b], -1
            if first[b] >= 0:
                previous[first[b]] = t
            first[b] = t
            held[a] -= 1
            held[b] += 1
            if s >= 0:
                here[s, a] -= 1
                here[s, b] += 1
            if a == home[t] or b == home[t]:
                more = 1 if a == home[t] else -1
                if more > 0:
                    position[t], away[aways] = aways, t
                else:
                    away[position[t]] = away[aways - 1]
                    position[away[aways - 1]] = position[t]
                    position[t] = -1
                aways += more
                if s < 0:
                    alone += more
                else:
                    having[moved_of[s]] -= 1
                    moved_of[s] += more
                    having[moved_of[s]] += 1
                    largest = max(largest, moved_of[s])
                    while largest > 0 and having[largest] == 0:
                        largest -= 1
        for i in range(rows):
            m = touched[i]
            exceeded += int(new_over[i] > 0) - int(over[m] > 0)
            if new_cost[i] > 0 and listed[m] < 0:
                listed[m], costly[costlies] = costlies, m
                costlies += 1
            elif new_cost[i] <= 0 and listed[m] >= 0:
                costlies -= 1
                costly[listed[m]] = costly[costlies]
                listed[costly[costlies]] = listed[m]
                listed[m] = -1
            row_cost[m], over[m] = new_cost[i], new_over[i]
        now = max(largest, min(alone, 1))
        cost += added + service_weight * (now - level)
        level = now
        if exceeded == 0 and cost < best:
            best, unsaved = cost, True
    if unsaved:
        best_place[:] = place
    state[0], state[1] = price, cost
    return best
