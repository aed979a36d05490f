"""Where groups may start tasks, once for all that are alike: what the pattern engines are handed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from solver.domain.counts import Bools, Ints
from solver.rules.bound import Rules
from solver.rules.buckets import Buckets


def eligibility(rules: Rules, groups: Sequence[int], within: Mapping[int, Buckets]) -> tuple[Ints, Bools]:
    """The kind of each group, ``int64[N]``, and where each kind may start tasks, ``bool[E, I]``.

    Parameters
    ----------
    groups
        ``N`` of them.
    within
        Buckets outside which a group is not to start any.
    """
    kinds: dict[tuple[int, int], int] = {}
    rows: list[Bools] = []
    eligible = []
    for g in groups:
        buckets = within.get(g)
        key = (rules.alike[g], 0 if buckets is None else id(buckets))
        if key not in kinds:
            kinds[key] = len(rows)
            row = rules.most(g) > 0
            rows.append(row if buckets is None else row & buckets.inside)
        eligible.append(kinds[key])
    return np.array(eligible, np.int64), np.array(rows, np.bool_).reshape(-1, rules.problem.cluster.size)


def caps(rules: Rules, groups: Sequence[int]) -> Ints:
    """``int64[N]``: at most so many tasks of each group start on one instance; 1 where none may."""
    most = {id(row): max(int(row.max(initial=0)), 1) for row in map(rules.most, groups)}
    return np.array([most[id(rules.most(g))] for g in groups], np.int64)
