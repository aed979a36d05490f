"""Filling buckets evenly: what ``spread`` does, and the least sum of squares that counting allows (methods of §4.1)."""

from __future__ import annotations

import numpy as np

from solver.domain.counts import Bools, Ints

LARGEST_TABLE = 1_000_000
"""Entries of a table of sums."""

MOST_SIZES = 64
"""Different sizes that such a table, or a count by size, looks at."""


def fill_evenly(counts: Ints, room: Ints, amount: int) -> Ints:
    """Add ``amount`` to the lowest buckets first, none by more than its room: ``int64[B]`` added.

    The result has the least sum of squares among all ways to add the same amount; of buckets tied at the last level
    the first ones get it. If the rooms add up to less than ``amount``, all of them are filled.
    """
    amount = min(int(amount), int(np.minimum(room, amount).sum()))
    if amount <= 0:
        return np.zeros_like(counts)
    level = _level(counts, room, amount)
    added = np.clip(level - counts, 0, room)
    left = amount - int(added.sum())
    open_buckets = np.flatnonzero((counts + added == level) & (added < room))
    added[open_buckets[:left]] += 1
    return added


def fill_in_order(room: Ints, amount: int) -> Ints:
    """Add ``amount`` to one place after the other, as much as the room of each takes: ``int64[N]`` added."""
    added: Ints = np.clip(amount - (np.cumsum(room) - room), 0, room)
    return added


def _level(counts: Ints, room: Ints, amount: int) -> int:
    """The highest level to which all buckets with room can be filled with at most ``amount``, less than all rooms together.

    What is added up to a level grows by the number of buckets that have begun and are not full: by one at ``counts[b]``, one
    less from ``counts[b] + room[b]`` on.
    """
    edges = np.concatenate([counts, counts + room])
    order = np.argsort(edges, kind="stable")
    edges = edges[order]
    filling = np.cumsum(np.where(order < len(counts), 1, -1))
    added = np.concatenate([[0], np.cumsum(np.diff(edges) * filling[:-1])])
    last = int(np.searchsorted(added, amount, side="right")) - 1
    return int(edges[last]) + (amount - int(added[last])) // max(int(filling[last]), 1)


def most_filled(amounts: Ints, sizes: Ints) -> Ints:
    """The most of each amount that multiples of the sizes can fill; the amount itself where that takes too long to say."""
    sizes = np.unique(sizes)
    unit = int(np.gcd.reduce(sizes))
    whole = amounts // unit
    most = int(whole.max(initial=0))
    if most > LARGEST_TABLE or len(sizes) > MOST_SIZES or not len(whole):
        return amounts
    fits = np.zeros(most + 1, np.bool_)
    fits[0] = True
    for size in (sizes // unit).tolist():
        # After k rounds every sum with up to 2^k - 1 more of the size is there.
        step = size
        while step <= most:
            fits[step:] |= fits[:-step].copy()
            step *= 2
    best = np.maximum.accumulate(np.where(fits, np.arange(most + 1), 0))
    return np.asarray(best[whole] * unit, np.int64)


def least_left_out(amounts: Ints, sizes: Ints, wanted: Ints) -> int:
    """How many tasks at least find no room, by one resource alone.

    For each size ``t``: the tasks that need at least ``t`` are at most ``sum_i floor(amount_i / t)``. And what all tasks need
    is at most ``sum_i`` of the most that multiples of their sizes can fill: the largest tasks are left out first.

    Parameters
    ----------
    amounts
        ``int64[I]``: what each instance has, zero or more.
    sizes, wanted
        ``int64[G]``: what one task needs, above zero, and how many tasks there are.
    """
    order = np.argsort(-sizes, kind="stable")
    sizes, upto = sizes[order], np.cumsum(wanted[order])
    edges = np.flatnonzero(np.append(sizes[1:] != sizes[:-1], True))
    looked_at = edges[np.unique(np.linspace(0, len(edges) - 1, min(len(edges), MOST_SIZES)).astype(int))]
    by_size = max(int(upto[k]) - int((amounts // sizes[k]).sum()) for k in looked_at.tolist())
    over = int((sizes * wanted[order]).sum()) - int(most_filled(amounts, sizes).sum())
    return max(by_size, fewest_that_free(over, sizes, wanted[order]))


def fewest_that_free(amount: int, sizes: Ints, counts: Ints) -> int:
    """How many tasks at least have to go to free an amount, the largest first; all of them where that is not enough."""
    order = np.argsort(-sizes, kind="stable")
    sizes, counts = sizes[order], counts[order]
    freed = np.cumsum(sizes * counts)
    if amount <= 0 or not len(sizes):
        return 0
    k = int(np.searchsorted(freed, amount))
    if k == len(sizes):
        return int(counts.sum())
    before = int(freed[k - 1]) if k else 0
    return int(counts[:k].sum()) - (-(amount - before) // int(sizes[k]))


def least_sum_of_squares(counts: Ints, room: Ints, amount: int) -> int:
    """The least ``sum (counts + added)²`` over all ways to add ``amount`` or, if it does not fit, all that fits."""
    filled = counts + fill_evenly(counts, room, amount)
    return int((filled * filled).sum())


def tied_at_the_end(counts: Ints, room: Ints, added: Ints) -> Bools:
    """``bool[B]``: buckets that got one of the last tasks or could have got one instead, after ``fill_evenly``.

    Nothing is tied where the level came out even or all rooms are full.
    """
    if not added.any():
        return np.zeros(len(counts), np.bool_)
    after = counts + added
    last = int(after[added > 0].max())
    waiting = (after == last - 1) & (added < room)
    return ((added > 0) & (after == last)) | waiting if waiting.any() else np.zeros(len(counts), np.bool_)
