"""A mix of instances taken apart, a few at a time, and filled again for less: compiled with numba.

What is taken apart gives a pool of tasks. Each instance is filled from the pool with the task that leaves the least
``sum weight * left²``, then tasks on it are exchanged for tasks of the pool that are worth more, until none is. Of some
offers the one whose filling is worth most of its price is taken. At every step the cheapest single instance that holds
all that is left would end it; the cheapest end counts. Where the new instances cost no more than the old ones, they stay.

In one file, longer than most: numba keeps what it compiled file by file, and what is kept of a caller stays though a function of
another file has changed (numba, *Notes on caching*).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from solver.domain.counts import Bools, Ints
from solver.engines.patterns.fillers import Floats

ROUNDS = 40
"""Exchanges on one instance at most."""

LEAST_GAIN = 1e-7
"""Of an exchange, in the unit of the prices."""

ENDLESS = np.iinfo(np.int64).max

INSERTING = 0.3
"""How often tasks are first put into what is left alone."""

TILT, SHAKE = 0.03, 0.08
"""How far luck changes what offers and what gaps count for, at most (standard deviation of the logarithm)."""

MOST_POOLED = 400
"""Types of tasks in a pool after which no more instances are taken apart."""


class Asked(NamedTuple):
    """The question, and what is known of it.

    Parameters
    ----------
    demand, capacity, price, cap, most, running, must_keep
        As in ``MixProblem``.
    value
        ``float64[T]``: what a task is worth, in the unit of the prices.
    weight
        ``float64[K, R]``: how a gap counts.
    ceiling
        ``float64[K]``: a filling of an offer is worth so much of its price at most.
    cheapest
        ``int64[K - E]``: the new offers by price.
    """

    demand: Ints
    capacity: Ints
    price: Ints
    cap: Ints
    most: Ints
    running: Ints
    must_keep: Bools
    value: Floats
    weight: Floats
    ceiling: Floats
    cheapest: Ints


class Pool(NamedTuple):
    """Tasks that look for a place.

    Parameters
    ----------
    kinds, left
        ``int64[n]``: types, and tasks of each.
    noise
        ``float64[n]``: what a gap counts for is multiplied with it.
    """

    kinds: Ints
    left: Ints
    noise: Floats


class Chosen(NamedTuple):
    """Instances and what they hold, as entries of an instance (or a place among new ones), a place in the pool, and tasks."""

    offer: Ints
    instance: Ints
    slot: Ints
    tasks: Ints


class Held(NamedTuple):
    """The instances of a mix.

    Parameters
    ----------
    offer, first
        ``int64[N]``: of each instance, -1 for none, and its first entry.
    following, kind, many
        ``int64[M]``: of each entry the next one of its instance, its type and its tasks. -1 for none; an entry that is in
        use nowhere has the type -1.
    """

    offer: Ints
    first: Ints
    following: Ints
    kind: Ints
    many: Ints


@njit(cache=True, nogil=True)
def _fits(need: Ints, free: Ints) -> bool:
    fits = True
    for r in range(len(need)):
        fits &= need[r] <= free[r]
    return fits


@njit(cache=True, nogil=True)
def _fill(asked: Asked, pool: Pool, k: int, base: Ints, taken: Ints, free: Ints, active: Ints) -> float:
    """Fill one instance of offer ``k``; what its tasks are worth.

    Parameters
    ----------
    base
        ``int64[n]``: tasks of the pool that are on the instance whatever comes.
    taken, free
        ``int64[n]`` and ``int64[R]``: receive the filling and what is free beside it.
    active
        ``int64[n]``: room to work in.
    """
    kinds, left, demand, cap = pool.kinds, pool.left, asked.demand, asked.cap
    n, resources = len(kinds), demand.shape[1]
    worth = 0.0
    free[:] = asked.capacity[k]
    for s in range(n):
        taken[s] = min(base[s], left[s])
        if taken[s] > 0:
            worth += taken[s] * asked.value[kinds[s]]
            for r in range(resources):
                free[r] -= taken[s] * demand[kinds[s], r]
    count = 0
    for s in range(n):
        if left[s] > taken[s] and cap[kinds[s], k] > taken[s] and _fits(demand[kinds[s]], free):
            active[count] = s
            count += 1
    while count > 0:
        best, least = -1, np.inf
        for a in range(count):
            score = pool.noise[active[a]] * _gap(asked, k, demand[kinds[active[a]]], free)
            if score < least:
                best, least = active[a], score
        kind = kinds[best]
        most = min(left[best] - taken[best], cap[kind, k] - taken[best])
        if count > 1 and demand[kind].any():
            most = 1
        for r in range(resources):
            if demand[kind, r] > 0:
                most = min(most, free[r] // demand[kind, r])
        taken[best] += most
        worth += most * asked.value[kind]
        kept = 0
        for r in range(resources):
            free[r] -= most * demand[kind, r]
        for a in range(count):
            s = active[a]
            if left[s] > taken[s] and cap[kinds[s], k] > taken[s] and _fits(demand[kinds[s]], free):
                active[kept] = s
                kept += 1
        count = kept
    return worth + _exchanged(asked, pool, k, base, taken, free, active)


@njit(cache=True, nogil=True)
def _gap(asked: Asked, k: int, need: Ints, free: Ints) -> float:
    """``sum weight * left²`` in shares of the capacity of offer ``k``, with a task more."""
    score = 0.0
    for r in range(len(need)):
        gap = (free[r] - need[r]) / max(asked.capacity[k, r], 1)
        score += asked.weight[k, r] * gap * gap
    return score


@njit(cache=True, nogil=True)
def _exchanged(asked: Asked, pool: Pool, k: int, base: Ints, taken: Ints, free: Ints, held: Ints) -> float:
    """Add a task, or exchange one for another of the pool, as long as that gains; the gain.

    The arguments are those of ``_fill``; ``taken`` and ``free`` are written to.
    """
    kinds, left, demand, value = pool.kinds, pool.left, asked.demand, asked.value
    n, resources = len(kinds), demand.shape[1]
    gained = 0.0
    for _ in range(ROUNDS):
        count = 0
        lowest = np.inf
        for s in range(n):
            if taken[s] > base[s]:
                held[count] = s
                count += 1
                lowest = min(lowest, value[kinds[s]])
        best, enters, leaves = LEAST_GAIN, -1, -1
        for p in range(n):
            kind = kinds[p]
            if left[p] <= taken[p] or asked.cap[kind, k] <= taken[p]:
                continue
            if value[kind] > best and _fits(demand[kind], free):
                best, enters, leaves = value[kind], p, -1
            if value[kind] - lowest <= best:
                continue
            for a in range(count):
                other = kinds[held[a]]
                if held[a] == p or value[kind] - value[other] <= best:
                    continue
                fits = True
                for r in range(resources):
                    if demand[kind, r] - demand[other, r] > free[r]:
                        fits = False
                        break
                if fits:
                    best, enters, leaves = value[kind] - value[other], p, held[a]
        if enters < 0:
            break
        gained += best
        taken[enters] += 1
        for r in range(resources):
            free[r] -= demand[kinds[enters], r]
        if leaves >= 0:
            taken[leaves] -= 1
            for r in range(resources):
                free[r] += demand[kinds[leaves], r]
    return gained


@njit(cache=True, nogil=True)
def _holds(asked: Asked, pool: Pool, k: int, tasks: Ints, load: Ints) -> bool:
    """Whether an instance of offer ``k`` holds these tasks of the pool, which need ``load`` together."""
    if not _fits(load, asked.capacity[k]):
        return False
    fits = True
    for s in range(len(tasks)):
        fits &= tasks[s] <= asked.cap[pool.kinds[s], k]
    return fits


@njit(cache=True, nogil=True)
def refill(
    asked: Asked, pool: Pool, homes: Ints, limit: int, most_tried: int, tilt: Floats, bought: Ints, chosen: Chosen
) -> tuple[int, int, int]:
    """Instances for a pool of tasks: their cost, how many, and how many entries say what they hold; a cost of -1 for none.

    Parameters
    ----------
    pool
        Its tasks are taken away.
    homes
        Instances that are there and may be kept again; each keeps its own tasks of the pool then.
    limit
        Nothing dearer is wanted.
    most_tried
        Offers that are filled at a step.
    tilt
        ``float64[K]``: a filling of an offer counts so much more or less.
    bought
        ``int64[K]``: instances of each offer that are in use beside these; left alone.
    chosen
        Receives the instances.
    """
    kinds, left, price = pool.kinds, pool.left, asked.price
    n, resources, there = len(kinds), asked.demand.shape[1], asked.running.shape[1]
    cheapest, most = asked.cheapest, asked.most
    taken, best_taken, active = np.zeros(n, np.int64), np.zeros(n, np.int64), np.zeros(n, np.int64)
    used = bought.copy()
    nothing, own, last = np.zeros(n, np.int64), np.zeros(n, np.int64), np.zeros(n, np.int64)
    free, sums = np.zeros(resources, np.int64), np.zeros(resources, np.int64)
    # A filling is worth at most what it was when there was more to choose from, nearly.
    shares, seen = asked.ceiling * tilt, np.zeros(len(price), np.bool_)
    worth, tasks, rent = 0.0, 0, 0.0
    for s in range(n):
        worth += left[s] * asked.value[kinds[s]]
        tasks += left[s]
        for r in range(resources):
            sums[r] += left[s] * asked.demand[kinds[s], r]
    for e in homes:
        rent += max((asked.ceiling[e] - 1.0) * price[e], 0.0)
    cost, made, entries = 0, 0, 0
    end_cost, end_made, end_entries, end_offer = ENDLESS, 0, 0, -1
    while tasks > 0:
        for c in range(len(homes) + len(cheapest)):
            k = homes[c] if c < len(homes) else cheapest[c - len(homes)]
            if used[k] < most[k] and cost + price[k] < end_cost and _holds(asked, pool, k, left, sums):
                end_cost, end_made, end_entries, end_offer = cost + price[k], made, entries, k
                last[:] = left
                if c >= len(homes):
                    break
        if cost + (worth - rent) * (1.0 - 1e-6) > min(limit, end_cost - 1):
            break
        best, share, tried = -1, -1.0, 0
        seen[:] = False
        while tried < most_tried or best < 0:
            k, hope = -1, share
            for c in range(len(homes) + len(cheapest)):
                other = homes[c] if c < len(homes) else cheapest[c - len(homes)]
                if seen[other] or used[other] >= most[other]:
                    continue
                may_be = min(shares[other], worth / max(price[other], 1)) if other >= there else shares[other]
                if may_be > hope:
                    k, hope = other, may_be
            if k < 0:
                break
            seen[k] = True
            base = nothing
            if k < there:
                for s in range(n):
                    own[s] = min(asked.running[kinds[s], k], left[s])
                base = own
            found = tilt[k] * _fill(asked, pool, k, base, taken, free, active) / max(price[k], 1)
            shares[k] = 0.0
            if taken.any():
                tried += 1
                shares[k] = found
                if found > share:
                    best, share = k, found
                    best_taken[:] = taken
        if best < 0:
            break
        if best >= there:
            best = _cheapest_for(asked, pool, best, best_taken, used)
        times = most[best] - used[best]
        for s in range(n):
            if best_taken[s] > 0:
                times = min(times, left[s] // best_taken[s])
        for _ in range(times):
            if made == len(chosen.offer) or entries + n > len(chosen.slot):
                return -1, 0, 0
            chosen.offer[made] = best
            entries = _noted(chosen, made, best_taken, entries)
            made += 1
        used[best] += times
        cost += times * price[best]
        for s in range(n):
            if best_taken[s] > 0:
                left[s] -= times * best_taken[s]
                tasks -= times * best_taken[s]
                worth -= times * best_taken[s] * asked.value[kinds[s]]
                for r in range(resources):
                    sums[r] -= times * best_taken[s] * asked.demand[kinds[s], r]
        if best < there:
            rent -= max((asked.ceiling[best] - 1.0) * price[best], 0.0)
    if tasks == 0 and cost < end_cost:
        return cost if cost <= limit else -1, made, entries
    if end_offer < 0 or end_cost > limit or end_made == len(chosen.offer) or end_entries + n > len(chosen.slot):
        return -1, 0, 0
    chosen.offer[end_made] = end_offer
    return end_cost, end_made + 1, _noted(chosen, end_made, last, end_entries)


@njit(cache=True, nogil=True)
def _noted(chosen: Chosen, instance: int, tasks: Ints, entries: int) -> int:
    """Write down what a new instance holds; how many entries there are then."""
    for s in range(len(tasks)):
        if tasks[s] > 0:
            chosen.instance[entries], chosen.slot[entries], chosen.tasks[entries] = instance, s, tasks[s]
            entries += 1
    return entries


@njit(cache=True, nogil=True)
def _cheapest_for(asked: Asked, pool: Pool, offer: int, tasks: Ints, bought: Ints) -> int:
    """The cheapest offer that holds these tasks."""
    load = np.zeros(asked.demand.shape[1], np.int64)
    for s in range(len(tasks)):
        if tasks[s] > 0:
            load += tasks[s] * asked.demand[pool.kinds[s]]
    for k in asked.cheapest:
        if asked.price[k] >= asked.price[offer]:
            break
        if bought[k] < asked.most[k] and _holds(asked, pool, k, tasks, load):
            return int(k)
    return offer


@njit(cache=True, nogil=True)
def _most_wasteful(offer: Ints, worth: Floats, price: Ints, may: Bools, wanted: int, apart: Ints) -> int:
    """Instances to take apart: those that lose most of their price, with luck; how many."""
    found = 0
    keys = np.empty(wanted, np.float64)
    for i in range(len(offer)):
        if offer[i] < 0 or not may[i]:
            continue
        loss = max(price[offer[i]] - worth[i], 0.0) + 1e-3 * price[offer[i]]
        key = -loss * np.log(1.0 - np.random.random())
        at = found
        if found < wanted:
            found += 1
        else:
            at = int(keys.argmin())
            if keys[at] >= key:
                continue
        keys[at], apart[at] = key, i
    return found


@njit(cache=True, nogil=True)
def improve(
    asked: Asked, held: Held, seed: int, attempts: int, most_tried: int, fewest: int, largest: int, most_moves: int
) -> int:
    """Take instances apart so often, and keep what costs no more; what is gained.

    Parameters
    ----------
    held
        The mix; written to.
    most_tried
        Offers that are filled at a step.
    fewest, largest
        Instances that are taken apart at once.
    most_moves
        Tasks that may end elsewhere than they are.
    """
    np.random.seed(seed)
    offer, first, following, kind, many = held.offer, held.first, held.following, held.kind, held.many
    demand, price, running, value = asked.demand, asked.price, asked.running, asked.value
    instances, entries, there = len(offer), len(kind), running.shape[1]
    bought, worth = np.zeros(len(price), np.int64), np.zeros(instances, np.float64)
    free = np.zeros((instances, demand.shape[1]), np.int64)
    may, stay = np.ones(instances, np.bool_), np.zeros(instances, np.int64)
    loose = np.zeros(there, np.bool_)
    for e in range(there):
        loose[e] = not asked.must_keep[e] and running[:, e].sum() <= most_moves
    moves = running.sum()
    for i in range(instances):
        k = offer[i]
        if k < 0:
            continue
        bought[k] += 1
        free[i] = asked.capacity[k]
        may[i] = k >= there or loose[k]
        e = first[i]
        while e >= 0:
            free[i] -= many[e] * demand[kind[e]]
            worth[i] += many[e] * value[kind[e]]
            if k < there:
                stay[i] += min(many[e], running[kind[e], k])
            e = following[e]
        moves -= stay[i]
    spare_entries, spare_instances = np.flatnonzero(kind < 0)[::-1].copy(), np.empty(instances, np.int64)
    entries_left, instances_left = len(spare_entries), 0
    spare_entries = np.concatenate((spare_entries, np.empty(entries - entries_left, np.int64)))
    for i in range(instances - 1, -1, -1):
        if offer[i] < 0:
            spare_instances[instances_left] = i
            instances_left += 1
    slot, kinds, tasks = np.full(len(value), -1), np.empty(len(value), np.int64), np.zeros(len(value), np.int64)
    apart, homes = np.empty(largest, np.int64), np.empty(largest, np.int64)
    tilt, noise = np.ones(len(price), np.float64), np.ones(len(value), np.float64)
    into = Chosen(offer, np.empty(instances, np.int64), np.empty(instances, np.int64), np.empty(instances, np.int64))
    fresh = Chosen(
        np.empty(instances, np.int64),
        np.empty(entries, np.int64),
        np.empty(entries, np.int64),
        np.empty(entries, np.int64),
    )
    gained = 0
    for _ in range(attempts):
        found = _most_wasteful(offer, worth, price, may, np.random.randint(fewest, largest + 1), apart)
        n, before, back, kept, entries_back, count = 0, 0, 0, 0, 0, 0
        while count < found and (count < fewest or n < MOST_POOLED):
            i = apart[count]
            count += 1
            before += price[offer[i]]
            bought[offer[i]] -= 1
            back += stay[i]
            if offer[i] < there:
                homes[kept] = offer[i]
                kept += 1
            e = first[i]
            while e >= 0:
                if slot[kind[e]] < 0:
                    slot[kind[e]], kinds[n], tasks[n] = n, kind[e], 0
                    n += 1
                tasks[slot[kind[e]]] += many[e]
                entries_back += 1
                e = following[e]
            # Taken apart: no room for the others' tasks, and found again where the attempt fails.
            offer[i] = -2 - offer[i]
        if count == 0:
            return gained
        for s in range(n):
            slot[kinds[s]] = -1
        tilting, shaking = TILT * np.random.random() ** 3, SHAKE * np.random.random()
        for k in range(there, len(price)):
            tilt[k] = np.exp(tilting * np.random.normal())
        for s in range(n):
            noise[s] = np.exp(shaking * np.random.normal())
        pool = Pool(kinds[:n], tasks[:n], noise[:n])
        inserted = _inserted(asked, pool, held, free, into) if np.random.random() < INSERTING else 0
        after, made, said = refill(asked, pool, homes[:kept], before, most_tried, tilt, bought, fresh)
        accepted = after >= 0 and made <= instances_left + count and said + inserted <= entries_left + entries_back
        new_moves = moves + back
        if accepted and there > 0:
            for x in range(said):
                k = fresh.offer[fresh.instance[x]]
                if k < there:
                    new_moves -= min(fresh.tasks[x], running[kinds[fresh.slot[x]], k])
            for x in range(inserted):
                new_moves -= _at_home(asked, held, into.instance[x], kinds[into.slot[x]], into.tasks[x])
            accepted = new_moves <= most_moves
        if not accepted:
            for a in range(count):
                offer[apart[a]] = -2 - offer[apart[a]]
                bought[offer[apart[a]]] += 1
            for x in range(inserted):
                free[into.instance[x]] += into.tasks[x] * demand[kinds[into.slot[x]]]
            continue
        gained += before - after
        moves = new_moves
        for a in range(count):
            i = apart[a]
            e = first[i]
            offer[i], first[i] = -1, -1
            spare_instances[instances_left] = i
            instances_left += 1
            while e >= 0:
                after_it = following[e]
                kind[e], following[e] = -1, -1
                spare_entries[entries_left] = e
                entries_left += 1
                e = after_it
        for x in range(inserted):
            i, t = into.instance[x], kinds[into.slot[x]]
            worth[i] += into.tasks[x] * value[t]
            stay[i] += _at_home(asked, held, i, t, into.tasks[x])
            entries_left = _put(held, i, t, into.tasks[x], spare_entries, entries_left)
        for m in range(made):
            i, k = spare_instances[instances_left - 1 - m], fresh.offer[m]
            offer[i], free[i], worth[i], stay[i] = k, asked.capacity[k], 0.0, 0
            may[i] = k >= there or loose[k]
            bought[k] += 1
        for x in range(said):
            i, t = spare_instances[instances_left - 1 - fresh.instance[x]], kinds[fresh.slot[x]]
            free[i] -= fresh.tasks[x] * demand[t]
            worth[i] += fresh.tasks[x] * value[t]
            stay[i] += _at_home(asked, held, i, t, fresh.tasks[x])
            entries_left = _put(held, i, t, fresh.tasks[x], spare_entries, entries_left)
        instances_left -= made
    return gained


@njit(cache=True, nogil=True)
def _on(held: Held, i: int, t: int) -> int:
    """Tasks of a type on an instance."""
    e = held.first[i]
    while e >= 0:
        if held.kind[e] == t:
            return int(held.many[e])
        e = held.following[e]
    return 0


@njit(cache=True, nogil=True)
def _at_home(asked: Asked, held: Held, i: int, t: int, more: int) -> int:
    """How many of so many tasks more of a type on an instance are where they were."""
    if held.offer[i] >= asked.running.shape[1]:
        return 0
    here, own = _on(held, i, t), asked.running[t, held.offer[i]]
    return int(max(min(here + more, own) - min(here, own), 0))


@njit(cache=True, nogil=True)
def _put(held: Held, i: int, t: int, more: int, spare: Ints, left: int) -> int:
    """Add tasks of a type to what an instance holds; how many entries are spare then."""
    e = held.first[i]
    while e >= 0:
        if held.kind[e] == t:
            held.many[e] += more
            return left
        e = held.following[e]
    e = spare[left - 1]
    held.kind[e], held.many[e], held.following[e] = t, more, held.first[i]
    held.first[i] = e
    return left - 1


@njit(cache=True, nogil=True)
def _inserted(asked: Asked, pool: Pool, held: Held, free: Ints, into: Chosen) -> int:
    """Put one task of each type of the pool where it leaves least, the most valuable first; how many found a place.

    ``pool.left`` and ``free[N, R]`` are written to; ``into`` receives the entries.
    """
    found = 0
    for s in np.argsort(-asked.value[pool.kinds]):
        kind = pool.kinds[s]
        need = asked.demand[kind]
        best, least = -1, np.inf
        for i in range(len(held.offer)):
            k = held.offer[i]
            if k < 0 or asked.cap[kind, k] == 0 or not _fits(need, free[i]):
                continue
            score = _gap(asked, k, need, free[i])
            if score < least:
                best, least = i, score
        if best < 0 or found == len(into.slot) or _on(held, best, kind) >= asked.cap[kind, held.offer[best]]:
            continue
        free[best] -= need
        pool.left[s] -= 1
        into.instance[found], into.slot[found], into.tasks[found] = best, s, 1
        found += 1
    return found
