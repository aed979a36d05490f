"""What no plan of a reassignment can cost less than.

Loads pooled over all instances: what the tasks take of a resource beyond all safety capacities together is charged somewhere,
and a balance pooled likewise, since the sum of positive parts is at least the positive part of the sum. This is the closed-form
bound of the challenge's organisers. Moves cost nothing at least.
"""

from __future__ import annotations

import numpy as np

from solver.domain.reassignment import Reassignment

SOURCE = "counting: load and balance pooled over all instances"


def pooled_bound(asked: Reassignment) -> int:
    """The bound by counting.

    ``sum_r weight_r * max(sum_t demand_tr - sum_i safety_ir, 0)``, and for each balance
    ``weight * max(target * free_first - free_second, 0)`` with what is free in all.
    """
    load = asked.demand.sum(axis=0)
    over = np.maximum(load - asked.safety.sum(axis=0), 0)
    free = (asked.capacity.sum(axis=0) - load).tolist()
    bound = int((over * asked.load_weight).sum())
    for balance in asked.balances:
        bound += balance.weight * max(balance.target * free[balance.first] - free[balance.second], 0)
    return bound
