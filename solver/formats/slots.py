"""The slot that a rebalance is to free (``Freedom.slot``): as it is named, or the largest that the cluster could have."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from solver.domain.problem import Problem
from solver.domain.request import MOST_OF_SLOT
from solver.formats.draft import Draft


def slot_of(draft: Draft, asked: bool | Mapping[str, int]) -> dict[str, int]:
    """Amounts by resource; empty where nobody asks, or with faults.

    Parameters
    ----------
    asked
        The slot; True for the whole of the largest instance that takes tasks.
    """
    if not asked and not isinstance(asked, Mapping):
        return {}
    if asked is True:
        found = whole_instance(draft.base)
        if not found:
            problem = "finds no resource that groups need and all instances have"
            draft.fault("defragment", problem, "name a slot")
        return found
    known = draft.base.cluster.resources
    if not asked:
        draft.fault("slot", "names no resource", f"name some of {', '.join(known)}")
        return {}
    slot = dict(asked)
    for name, amount in slot.items():
        if name not in known:
            draft.fault("slot", f"'{name}' is not a resource of the cluster", f"must be of {', '.join(known)}")
        elif isinstance(amount, bool) or not isinstance(amount, int) or not 1 <= amount <= MOST_OF_SLOT:
            draft.fault("slot", f"has {amount!r} of {name}", f"must be a whole number, 1 to {MOST_OF_SLOT:,}")
    return slot


def whole_instance(problem: Problem) -> dict[str, int]:
    """The capacity of the largest instance that takes tasks, of each resource that groups need and all of these have.

    The largest is the one that has most of what it has least of, beside the largest amount of each resource.
    """
    cluster = problem.cluster
    capacity = cluster.capacity[problem.open_to_change]
    if not len(capacity):
        return {}
    used = np.flatnonzero((problem.demand > 0).any(axis=0) & (capacity > 0).all(axis=0))
    if not len(used):
        return {}
    shares = capacity[:, used] / capacity[:, used].max(axis=0)
    at = int(shares.min(axis=1).argmax())
    return {cluster.resources[r]: int(capacity[at, r]) for r in used.tolist()}
