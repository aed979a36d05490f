"""Groups that no condition tells apart become one type; how the zone bounds of its groups add up.

The starts of group ``g`` in the zones are ``lower[g] + e`` with ``0 <= e <= range`` and ``sum e = slack``. Groups with
the same (range, slack), or which may put all their slack into any zone of the same support, form one *profile*: their
sum ranges over exactly the vectors with ``0 <= e <= sum range`` and ``sum e = sum slack``, since these sets are
integral base polytopes of polymatroids, which add up integrally (Edmonds 1970; Schrijver, Combinatorial Optimization,
section 44.6). A type's excess over the base is the sum over its profiles.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np

from solver.domain.counts import Bools, Ints
from solver.engines.patterns.problem import UNLIMITED, PackingProblem

MAX_ZONES_WITH_ALL_SUBSETS = 6
"""Beyond, groups of different profiles are different types: then singletons and the whole are all subsets needed."""


@dataclass(frozen=True, eq=False)
class TaskTypes:
    """``T`` types of tasks over ``Z`` zones with ``K`` profiles.

    Parameters
    ----------
    of_group
        ``int64[G]``: the type of each group, -1 where nothing is wanted.
    demand
        ``int64[T, R]``.
    total
        ``int64[T]``: tasks to start.
    cap
        ``int64[T]``: at most so many on one instance.
    base
        ``int64[T, Z]``: at least so many in each zone.
    profile_type, profile_range, profile_slack
        ``int64[K]``, ``int64[K, Z]``, ``int64[K]``: the excess over the base.
    subsets
        ``bool[Q, Z]``; the last one is the whole.
    subset_most
        ``int64[T, Q]``: the excess in the zones of a subset is at most this.
    admits
        ``bool[T, I]`` or None.
    """

    of_group: Ints
    demand: Ints
    total: Ints
    cap: Ints
    base: Ints
    profile_type: Ints
    profile_range: Ints
    profile_slack: Ints
    subsets: Bools
    subset_most: Ints
    admits: Bools | None

    @property
    def count(self) -> int:
        """``T``."""
        return len(self.total)

    @property
    def zones(self) -> int:
        """``Z``."""
        return int(self.base.shape[1])

    def zone_room(self, placed: Ints, zone: int) -> Ints:
        """``int64[T]``: how many more of each type the zone can take on top of ``placed[T, Z]``, which fits."""
        excess = np.maximum(placed - self.base, 0)
        inside = self.subsets[:, zone]
        left = self.subset_most[:, inside] - excess @ self.subsets[inside].T
        room: Ints = np.maximum(self.base[:, zone] - placed[:, zone], 0) + left.min(axis=1)
        return room

    def cheapest_zones(self, price: Ints, least: Ints, most: Ints) -> int:
        """The least ``sum price * x``, exactly, over zone counts ``x[T, Z]`` whose excess keeps the bounds."""
        result = int((price * self.base).sum())
        paid = price[self.profile_type]
        result += int((paid * least).sum())
        left = self.profile_slack - least.sum(axis=1)
        order = np.argsort(paid, axis=1, kind="stable")
        room = np.take_along_axis(most - least, order, axis=1)
        taken = np.diff(np.minimum(np.cumsum(room, axis=1), left[:, None]), axis=1, prepend=0)
        return result + int((np.take_along_axis(paid, order, axis=1) * taken).sum())


def task_types(problem: PackingProblem) -> TaskTypes | None:
    """Merge the groups; None if the zone bounds of one of them allow no plan."""
    upper = np.minimum(problem.upper, problem.wanted[:, None])
    slack = problem.wanted - problem.lower.sum(axis=1)
    if (slack < 0).any() or (upper < problem.lower).any() or (upper.sum(axis=1) < problem.wanted).any():
        return None
    # What the other zones cannot take must be here: with one zone, everything.
    lower = np.maximum(problem.lower, problem.wanted[:, None] - (upper.sum(axis=1)[:, None] - upper))
    active = np.flatnonzero(problem.wanted > 0)
    lower, upper, slack = lower[active], upper[active], (problem.wanted - lower.sum(axis=1))[active]
    extra = np.minimum(upper - lower, slack[:, None])
    profile_key = _profile_keys(extra, slack)
    profile = _row_numbers(profile_key)
    type_key = _type_keys(problem, active)
    if problem.zones > MAX_ZONES_WITH_ALL_SUBSETS:
        type_key = np.column_stack([type_key, profile])
    type_of = _row_numbers(type_key)
    types = int(type_of.max()) + 1 if len(active) else 0
    of_group = np.full(problem.groups, -1, dtype=np.int64)
    of_group[active] = type_of
    first = np.zeros(types, dtype=np.int64)
    first[type_of[::-1]] = active[::-1]
    moving = slack > 0
    pair = _row_numbers(np.column_stack([type_of, profile])[moving])
    profiles = int(pair.max()) + 1 if len(pair) else 0
    profile_type = np.zeros(profiles, dtype=np.int64)
    profile_type[pair] = type_of[moving]
    profile_range = _sum_rows(extra[moving], pair, profiles)
    profile_slack = _sum_rows(slack[moving, None], pair, profiles)[:, 0]
    subsets = _subsets(problem.zones)
    within = np.minimum(profile_range @ subsets.T, profile_slack[:, None])
    return TaskTypes(
        of_group=of_group,
        demand=problem.demand[first],
        total=_sum_rows(problem.wanted[active, None], type_of, types)[:, 0],
        cap=_caps(problem, first, active, type_of),
        base=_sum_rows(lower, type_of, types),
        profile_type=profile_type,
        profile_range=profile_range,
        profile_slack=profile_slack,
        subsets=subsets,
        subset_most=_sum_rows(within, profile_type, types),
        admits=None if problem.admits is None else problem.admits[problem.admitted(first)],
    )


def _profile_keys(extra: Ints, slack: Ints) -> Ints:
    """Rows equal for groups whose excesses add up exactly: range and slack, or only the support where slack is all."""
    simple = ((extra == 0) | (extra == slack[:, None])).all(axis=1)
    ranges = np.where(simple[:, None], (extra > 0).astype(np.int64), extra)
    return np.column_stack([ranges, np.where(simple, -1, slack)])


def _type_keys(problem: PackingProblem, active: Ints) -> Ints:
    """Rows equal for groups of one demand, eligibility and no effective cap; a capped group is a type of its own."""
    keys = [problem.demand[active]]
    if problem.admits is not None:
        same = numbers_of_bits(problem.admits)
        keys.append(same[problem.admitted(active)][:, None])
    if problem.limit is not None:
        capped = problem.limit[active] < np.minimum(_fits(problem, active), problem.wanted[active])
        keys.append(np.where(capped, active + 1, 0)[:, None])
    return np.column_stack(keys)


def _fits(problem: PackingProblem, groups: Ints) -> Ints:
    """``int64[len(groups)]``: tasks of the group that the largest instance, resource by resource, can take."""
    most = np.maximum(problem.free, 0).max(axis=0, initial=0)
    demand = problem.demand[groups]
    fits: Ints = np.where(demand > 0, most // np.maximum(demand, 1), UNLIMITED).min(axis=1, initial=UNLIMITED)
    return fits


def _caps(problem: PackingProblem, first: Ints, active: Ints, type_of: Ints) -> Ints:
    total = _sum_rows(problem.wanted[active, None], type_of, len(first))[:, 0]
    caps = np.minimum(total, _fits(problem, first))
    if problem.limit is not None:
        alone = problem.limit[first] < np.minimum(_fits(problem, first), problem.wanted[first])
        caps = np.where(alone, np.minimum(caps, problem.limit[first]), caps)
    return caps


def _subsets(zones: int) -> Bools:
    if zones <= MAX_ZONES_WITH_ALL_SUBSETS:
        return np.array([row for row in product([False, True], repeat=zones) if any(row)], dtype=bool)
    return np.concatenate([np.eye(zones, dtype=bool), np.ones((1, zones), dtype=bool)])


def numbers_of_bits(rows: Bools) -> Ints:
    """``int64[N]``: equal rows of ``bool[N, W]`` get equal numbers from 0, in the order of the sorted rows; for long ones."""
    keys = [row.tobytes() for row in np.packbits(rows, axis=1)]
    numbers = {key: number for number, key in enumerate(sorted(set(keys)))}
    return np.array([numbers[key] for key in keys], dtype=np.int64)


def _row_numbers(rows: Ints) -> Ints:
    """Equal rows get equal numbers from 0, in the order of the sorted rows."""
    if rows.shape[0] == 0:
        return np.zeros(0, dtype=np.int64)
    numbers = np.unique(rows, axis=0, return_inverse=True)[1]
    return numbers.reshape(-1).astype(np.int64)


def _sum_rows(rows: Ints, number: Ints, count: int) -> Ints:
    result = np.zeros((count, rows.shape[1]), dtype=np.int64)
    np.add.at(result, number, rows)
    return result
