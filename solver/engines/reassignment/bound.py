"""What no plan of a reassignment can cost less than, by counting. Moves cost nothing at least.

Pooled: what the tasks take of a resource beyond all safety capacities together is charged somewhere, and a balance is pooled
likewise, since the sum of positive parts is at least the positive part of the sum. This is the closed-form bound of the
challenge's organisers. Then the same with tasks at home that fit on no other instance: what they take there beyond safety is
charged there, and nothing else makes up for it.
"""

from __future__ import annotations

import numpy as np

from solver.domain.counts import Bools, Ints
from solver.domain.reassignment import Reassignment

SOURCE = "counting: loads and balances pooled, tasks that fit nowhere else at home"

MOST_PAIRS = 20_000_000
"""Pairs of a task and an instance that are looked at one by one; beyond it, tasks are taken to fit anywhere."""

BLOCK = 1_000
"""Tasks that are looked at together."""


def pooled_bound(asked: Reassignment) -> int:
    """The closed-form bound.

    ``sum_r weight_r * max(sum_t demand_tr - sum_i safety_ir, 0)``, and for each balance
    ``weight * max(target * free_first - free_second, 0)`` with what is free in all.
    """
    return _loads(asked, np.zeros_like(asked.safety)) + _balances(asked)


def counting_bound(asked: Reassignment) -> int:
    """The closed-form bound with ``fixed_ir``, what tasks take at home that fit nowhere else.

    With ``level = max(safety, fixed)``, a resource costs at least
    ``weight_r * (sum_i (level_ir - safety_ir) + max(sum_t demand_tr - sum_i level_ir, 0))``: on an instance, what is taken above
    safety is at least ``level - safety + max(taken - level, 0)``, since ``taken >= fixed``.
    """
    stays = stays_home(asked)
    fixed = np.zeros_like(asked.safety)
    np.add.at(fixed, asked.home[stays], asked.demand[stays])
    return _loads(asked, fixed) + _balances(asked)


def stays_home(asked: Reassignment) -> Bools:
    """``bool[T]``: tasks that no other instance has room for, whatever else is there.

    Empty, a task takes at most the capacity; of a transient resource, at most what is free before anything moves.
    """
    stays = np.zeros(asked.tasks, np.bool_)
    if asked.tasks * asked.instances > MOST_PAIRS:
        return stays
    room = np.where(asked.transient, asked.capacity - asked.load, asked.capacity)
    for start in range(0, asked.tasks, BLOCK):
        block = slice(start, start + BLOCK)
        fits = np.all(asked.demand[block, None] <= room, axis=2)
        fits[np.arange(len(fits)), asked.home[block]] = False
        stays[block] = ~fits.any(axis=1)
    return stays


def _loads(asked: Reassignment, fixed: Ints) -> int:
    level = np.maximum(asked.safety, fixed)
    over = (level - asked.safety).sum(axis=0)
    over += np.maximum(asked.demand.sum(axis=0) - level.sum(axis=0), 0)
    return int((over * asked.load_weight).sum())


def _balances(asked: Reassignment) -> int:
    free = (asked.capacity.sum(axis=0) - asked.demand.sum(axis=0)).tolist()
    return sum(b.weight * max(b.target * free[b.first] - free[b.second], 0) for b in asked.balances)
