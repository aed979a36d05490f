"""What sums and facts of the count model come to, once its variables have values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from solver.domain.counts import Counts
from solver.rules.model import Literal, Sum

Values = list[int]
"""The value of each variable, by its index."""


def cells_of(counts: Counts, group: int) -> dict[int, int]:
    """The tasks of a group on each instance that has any."""
    instances, found = counts.cells_of(group)
    return dict(zip(instances.tolist(), found.tolist(), strict=True))


def value_in(sum_: Sum, values: Values) -> int:
    """What a sum comes to."""
    return sum_.constant + sum(c * values[v] for v, c in zip(sum_.variables, sum_.coefficients, strict=True))


def truth_in(literal: Literal, values: Values) -> bool:
    """Whether a literal holds; one below zero is the opposite of variable ``-literal - 1``."""
    return bool(values[literal]) if literal >= 0 else not values[-literal - 1]


def own_values(
    given: Sequence[Sum], deal: Callable[[tuple[int, ...]], Sequence[int]], size: int
) -> list[Callable[[Values], int]]:
    """Each of the ``size`` numbers that ``deal`` finds for the values of the sums, which it is asked once for."""
    last: dict[tuple[int, ...], Sequence[int]] = {}

    def number(k: int, values: Values) -> int:
        key = tuple(value_in(sum_, values) for sum_ in given)
        if key not in last:
            last.clear()
            last[key] = deal(key)
        return last[key][k]

    return [partial(number, k) for k in range(size)]
