"""What an addition costs at least where tasks may be cut: all resources of an instance together, which counting takes one by one.

What is left of an instance without memory is of no use, however much CPU is free on it. The bound is a certificate in whole
numbers (``solver.engines.patterns.mix.certificate``), and holds for every mix of the kinds.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from solver.engines.deadline import Deadline
from solver.engines.patterns.mix.fluid import relaxed
from solver.engines.patterns.mix.problem import LARGEST, MOST_INSTANCES, MixProblem
from solver.robustness.kinds import Kind
from solver.robustness.lacking import Places

MOST_SHARES = 2_000_000
"""Groups times instances: a larger program is not solved."""


def least_price(places: Places, kinds: Sequence[Kind], deadline: Deadline) -> int:
    """No mix of the kinds that repairs the loss costs less; 0 where nothing is known.

    Parameters
    ----------
    places
        Without moves: then what is free is used by lost tasks alone.
    """
    largest = max(
        int(places.demand.max(initial=0)), int(places.usable.max(initial=0)), int(places.wanted.max(initial=0))
    )
    if deadline.passed() or places.most.size > MOST_SHARES or largest > LARGEST:
        return 0
    there = places.left
    mix = MixProblem(
        demand=places.demand,
        wanted=places.wanted,
        capacity=places.usable,
        price=np.array([0] * there + [kind.price for kind in kinds], np.int64),
        cap=places.most,
        most=np.array([1] * there + [MOST_INSTANCES] * len(kinds), np.int64),
        running=np.zeros((len(places.wanted), there), np.int64),
        must_keep=np.ones(there, np.bool_),
    )
    return relaxed(mix, deadline)[0].bound
