"""A bound of one tier by Lagrangian relaxation: each instance is filled by itself, for what tasks are worth there.

The number of tasks of a group is what ties instances together (Fisher, Jaikumar and Van Wassenhove 1986, for the
generalised assignment problem). With a price ``pi[g]`` for each task and ``sigma[q]`` for each unit of an earlier tier
``q`` that is held at or below ``limit[q]``, no plan costs less than

    sum over g of min over x of (cost[g, x] + pi[g] x)  -  sum over q of sigma[q] limit[q]
      -  sum over i of the most valuable filling of instance i,

where ``cost`` is the tier and ``sigma`` times the earlier ones, a task on the instance is worth ``pi``, and one that is
at home there what it saves besides. This holds at any prices. They are integers here, and so is everything that is
computed from them, so that the bound needs no trust in floating point.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from solver.domain.counts import Ints
from solver.engines.kernels.filling import fillings

Floats = NDArray[np.float64]

UNIT = 10_000
"""Prices are whole numbers of 1 / 10,000, and bounds are counted in these units."""


@dataclass(frozen=True, eq=False)
class Prices:
    """What a task of each group is worth (``int64[G]``) and a unit of each earlier tier costs (``int64[Q]``), in units."""

    task: Ints
    tier: Ints

    @classmethod
    def rounded(cls, task: Floats, tier: Floats) -> Prices:
        """From prices in the unit of the tier; none is below zero."""
        task_units, tier_units = (np.maximum(np.round(price * UNIT), 0).astype(np.int64) for price in (task, tier))
        return cls(task_units, tier_units)


@dataclass(frozen=True, eq=False)
class Evaluated:
    """The bound at some prices, in units, and how it changes with them (a subgradient, ``float64[G]`` and ``float64[Q]``)."""

    bound: int
    by_task: Floats
    by_tier: Floats


@dataclass(frozen=True, eq=False)
class Relaxation:
    """A tier, with earlier ones held, over the instances of an assignment problem.

    Parameters
    ----------
    capacity, demand, most
        As in ``AssignmentProblem``.
    home_start, home_group, home_count
        ``int64[I + 1]``, ``int64[H]``, ``int64[H]``: which groups are at home on each instance, and how many of their tasks.
    points
        ``int64[G, B]``: counts of tasks between which every tier is linear; no fewer than the first, no more than the last.
    at, stay
        ``int64[Q + 1, G, B]`` and ``int64[Q + 1, G]``: the earlier tiers, then the one that is bounded.
    limit
        ``int64[Q]``: where the earlier tiers are held.
    scale
        ``int64[R]``: as in ``fillings``.
    """

    capacity: Ints
    demand: Ints
    most: Ints
    home_start: Ints
    home_group: Ints
    home_count: Ints
    points: Ints
    at: Ints
    stay: Ints
    limit: Ints
    scale: Ints

    def evaluate(self, prices: Prices, nodes: int) -> Evaluated:
        """The bound at these prices, with so many nodes for the filling of each instance."""
        weights = np.append(prices.tier, UNIT)
        cost = np.tensordot(weights, self.at, axes=1) + prices.task[:, None] * self.points
        chosen = cost.argmin(axis=1)[:, None]
        size = len(self.capacity)
        worth, instance = np.empty(size, np.int64), np.empty(size, np.int64)
        tasks, stays = (np.empty((size, len(self.demand)), np.int64) for _ in range(2))
        self._fill(prices, nodes, -1, worth, instance, tasks, stays)
        bound = int(np.take_along_axis(cost, chosen, axis=1).sum() - (prices.tier * self.limit).sum() - worth.sum())
        over = [int(np.take_along_axis(at, chosen, axis=1).sum()) for at in self.at[:-1]] - self.limit
        return Evaluated(
            bound,
            (np.take_along_axis(self.points, chosen, axis=1)[:, 0] - tasks.sum(axis=0)).astype(np.float64),
            (over - self.stay[:-1] @ stays.sum(axis=0)).astype(np.float64),
        )

    def near_best(self, prices: Prices, nodes: int, slack: int, most: int) -> tuple[Ints, Ints, Ints] | None:
        """All fillings that are worth at most ``slack`` units less than the best and take nothing more.

        The instance of each, and ``int64[N, G]`` how many tasks of each group it holds, and how many of these at home; None
        where there are more than ``most`` or the search is cut short.
        """
        worth, instance = np.empty(len(self.capacity), np.int64), np.empty(most, np.int64)
        tasks, stays = (np.empty((most, len(self.demand)), np.int64) for _ in range(2))
        found = self._fill(prices, nodes, slack, worth, instance, tasks, stays)
        return None if found < 0 else (instance[:found], tasks[:found], stays[:found])

    def _fill(
        self, prices: Prices, nodes: int, slack: int, worth: Ints, instance: Ints, tasks: Ints, stays: Ints
    ) -> int:
        bonus = np.append(prices.tier, UNIT) @ self.stay
        return fillings(
            self.capacity, self.demand, self.most, self.home_start, self.home_group, self.home_count,
            prices.task, bonus, self.scale, nodes, slack, worth, instance, tasks, stays,
        )  # fmt: skip
