"""Tasks moved, at their move costs (§5.1, tier 6)."""

from __future__ import annotations

import numpy as np

from solver.domain.counts import Counts
from solver.domain.placement import Placement
from solver.rules.bind import bind
from tests.builders import cluster, group, problem


def test_a_cost_that_is_no_number_of_tasks_says_the_number() -> None:
    """The value is weighted by the move costs; beside it people read how many tasks move, where that differs."""
    for cost, remark in ((1, ""), (3, "weighted by move cost (2 moved)")):
        asked = problem(cluster([{}, {}]), [group("A", movable=True, move_cost=cost)], {"A": [4, 0]})
        (moved,) = (tier for tier in bind(asked).tiers if tier.name == "moved")
        state = Placement(asked, Counts.dense(np.array([[2, 2]])))
        assert (moved.value(state), moved.remark(state)) == (2 * cost, remark)
