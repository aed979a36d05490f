"""Filling buckets evenly: what ``spread`` does, and the least sum of squares that counting allows (methods of §4.1)."""

from __future__ import annotations

import numpy as np

from solver.domain.counts import Bools, Ints


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


def _level(counts: Ints, room: Ints, amount: int) -> int:
    """The highest level to which all buckets with room can be filled with at most ``amount``."""
    low, high = int(counts.min()), int(counts.max()) + amount
    while low < high:
        middle = (low + high + 1) // 2
        if int(np.clip(middle - counts, 0, room).sum()) <= amount:
            low = middle
        else:
            high = middle - 1
    return low


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
