"""What a rule is made of, where that is simple: counts in parts of the cluster and limits on them.

The compiled search keeps these step by step, which it could not do with the whole rule. A rule that says itself in terms is kept
exactly by them where nothing is broken before; what is broken they let nobody make worse.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from solver.domain.counts import Bools, Ints


@dataclass(frozen=True, eq=False)
class AtMost:
    """``sum over groups of weight * tasks in the part <= limit``.

    Parameters
    ----------
    weight
        ``int64[G]``.
    part
        ``int64[I]``: the part of each instance; -1 for one that counts nowhere.
    limit
        ``int64[P]``.
    """

    weight: Ints
    part: Ints
    limit: Ints

    def holds(self, tasks: Ints) -> bool:
        """Whether ``tasks``, ``int64[G, I]``, keep it."""
        return bool((_counted(self.weight, self.part, len(self.limit), tasks) <= self.limit).all())


@dataclass(frozen=True, eq=False)
class Skewed:
    """Tasks of the groups in the fullest part exceed those in the emptiest by at most ``k``.

    Parameters
    ----------
    groups
        ``bool[G]``.
    part, parts
        ``int64[I]``, -1 for an instance that counts nowhere; and how many parts there are.
    """

    groups: Bools
    part: Ints
    parts: int
    k: int

    def holds(self, tasks: Ints) -> bool:
        """Whether ``tasks``, ``int64[G, I]``, keep it."""
        counts = _counted(self.groups.astype(np.int64), self.part, self.parts, tasks)
        return self.parts == 0 or int(counts.max() - counts.min()) <= self.k


@dataclass(frozen=True, eq=False)
class Apart:
    """No part holds tasks of both.

    Parameters
    ----------
    one, other
        ``bool[G]``, without a group in common.
    part, parts
        ``int64[I]``, -1 for an instance that counts nowhere; and how many parts there are.
    """

    one: Bools
    other: Bools
    part: Ints
    parts: int

    def holds(self, tasks: Ints) -> bool:
        """Whether ``tasks``, ``int64[G, I]``, keep it."""
        one, other = (
            _counted(groups.astype(np.int64), self.part, self.parts, tasks) for groups in (self.one, self.other)
        )
        return not bool(((one > 0) & (other > 0)).any())


Term = AtMost | Skewed | Apart


def flags(groups: int, chosen: Iterable[int]) -> Bools:
    """``bool[G]``: which groups are chosen."""
    found = np.zeros(groups, np.bool_)
    found[list(chosen)] = True
    return found


def _counted(weight: Ints, part: Ints, parts: int, tasks: Ints) -> Ints:
    """``int64[P]``."""
    return np.bincount(part + 1, weights=weight @ tasks, minlength=parts + 1)[1:].astype(np.int64)
